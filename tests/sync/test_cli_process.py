"""The real process: signals, the lock between processes, usage, the time to start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sync.main import main
from tests.adapters.hostile import Behaviour, drips, hostile, silent

YAML = """\
practice: {name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{kind: ics, url: "http://127.0.0.1:9/martin.ics"}]
motifs: [{label: Contrôle, minutes: 30}]
"""
ATTITRE = str(Path(sys.executable).with_name("attitre"))


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    (tmp_path / "attitre.yaml").write_text(YAML, encoding="utf-8")
    return tmp_path


def attitre(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ATTITRE, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def worker(practice: Path) -> Iterator[subprocess.Popen[str]]:
    """A `run` that has taken the store's lock."""
    with subprocess.Popen([ATTITRE, "run"], cwd=practice, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 30
        while not (practice / "attitre.db.lock").exists() and time.monotonic() < until:
            time.sleep(0.1)
        yield process
        process.kill()


def test_an_unknown_command_or_option_is_usage(practice: Path) -> None:
    assert attitre(practice, "annuler").returncode == 2
    assert attitre(practice, "status", "--rouge").returncode == 2


def test_a_missing_configuration_is_a_sentence_and_1(tmp_path: Path) -> None:
    result = attitre(tmp_path, "sync")
    assert result.returncode == 1
    assert "attitre.yaml:1:1: (fichier): le fichier n'existe pas." in result.stderr
    assert "Traceback" not in result.stderr


def test_the_configuration_may_come_from_the_environment(practice: Path, tmp_path: Path) -> None:
    told = {**os.environ, "ATTITRE_CONFIG": str(practice / "attitre.yaml")}
    result = subprocess.run([ATTITRE, "check"], cwd="/", env=told, capture_output=True, text=True, check=False)
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("hours", "slower"),
    [("", ""), ('    hours: {mon-fri: "09:00-19:00"}\n', " (toutes les 10 minutes, cabinet fermé)")],
)
def test_the_worker_says_at_its_start_what_it_does(practice: Path, hours: str, slower: str) -> None:
    (practice / "attitre.yaml").write_text(YAML.replace("motifs:", f"{hours}motifs:"), "utf-8")
    with subprocess.Popen([ATTITRE, "run"], cwd=practice, stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        said = [p.stdout.readline().rstrip() for _ in range(4)]
        p.kill()
    assert said == [
        f"Cabinet des Lilas : 1 agenda (Dr Claire Martin), une lecture toutes les 60 secondes{slower}.",
        "  Messages aux patients : aucun.",
        "  Ni SMS ni e-mail ne sont configurés : aucun patient n'est prévenu (voir « attitre check »).",
        "Ctrl-C arrête proprement. Où en est-on, d'un autre terminal : attitre status",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_worker_ends_cleanly_within_seconds(
    worker: subprocess.Popen[str], number: signal.Signals, code: int
) -> None:
    time.sleep(1)
    worker.send_signal(number)
    assert worker.wait(timeout=15) == code


@pytest.fixture
def slowly_read(practice: Path) -> Path:
    """A secret of the practice's that whoever asks for it waits for, as the last of a thousand files is waited for."""
    text = YAML.replace('"http://127.0.0.1:9/martin.ics"', "!file slow")
    (practice / "attitre.yaml").write_text(text, encoding="utf-8")
    os.mkfifo(practice / "slow")
    return practice / "slow"


@contextmanager
def being_read(secret: Path) -> Iterator[None]:
    """From when the secret is asked for until it is there."""
    with secret.open("w", encoding="utf-8") as stream:
        yield
        stream.write("http://127.0.0.1:9/martin.ics")


def test_a_reload_while_the_configuration_is_read_has_it_read_again(practice: Path, slowly_read: Path) -> None:
    with subprocess.Popen([ATTITRE, "run"], cwd=practice, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with being_read(slowly_read):
            process.send_signal(signal.SIGHUP)
        assert process.stdout.readline().startswith("Cabinet des Lilas")
        with being_read(slowly_read):
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_asked_to_end_while_the_configuration_is_read_nothing_is_begun(
    practice: Path, slowly_read: Path, number: signal.Signals, code: int
) -> None:
    with subprocess.Popen([ATTITRE, "run"], cwd=practice, stdout=subprocess.PIPE, text=True) as process:
        with being_read(slowly_read):
            process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said, (practice / "attitre.db").exists()) == (code, "", False)


def test_sync_beside_a_running_worker_says_so_and_ends_with_1(worker: subprocess.Popen[str], practice: Path) -> None:
    result = attitre(practice, "sync")
    assert result.returncode == 1
    assert "Un autre attitre travaille déjà" in result.stderr


def test_an_unreachable_server_ends_sync_with_3(practice: Path) -> None:
    result = attitre(practice, "sync")
    assert result.returncode == 3
    assert "Agenda « Dr Claire Martin »" in result.stderr


def test_b10_check_loads_only_what_it_needs(practice: Path) -> None:
    """Start-up is a feature; `make bench` times it, here what costs it is counted."""
    command = [sys.executable, "-X", "importtime", ATTITRE, "check"]
    told = subprocess.run(command, cwd=practice, capture_output=True, text=True, check=False).stderr
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    dear = {"sqlalchemy", "requests", "caldav", "icalendar", "jinja2", "googleapiclient", "phonenumbers", "babel.core"}
    assert "config.load" in loaded
    assert loaded & dear == set()


ALL_HANG = """\
practice: {{name: Cabinet des Lilas, address: "1 rue Verte, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars:
      - {{kind: caldav, url: "http://127.0.0.1:{silent}/m/"}}
      - {{kind: ics, url: "http://127.0.0.1:{drip}/m.ics"}}
motifs: [{{label: Contrôle, minutes: 30}}]
messages:
  sms: {{kind: http, url: "http://127.0.0.1:{silent}/sms", json: {{to: "{{to}}", text: "{{text}}"}}}}
page: {{listen: "127.0.0.1:0"}}
"""


def test_p1_the_worker_ends_within_seconds_while_everything_outside_hangs(tmp_path: Path) -> None:
    """A calendar that never answers, and one that drips."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"
    with (
        hostile(silent) as one,
        hostile(drips(head, b"x")) as two,
        hostile(drips(b"220-", b"x"), speaks_first=True) as three,
    ):
        text = ALL_HANG.format(silent=one.port, drip=two.port, smtp=three.port)
        (tmp_path / "attitre.yaml").write_text(text, encoding="utf-8")
        with subprocess.Popen([ATTITRE, "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            until = time.monotonic() + 60
            while not (one.asked and two.asked) and time.monotonic() < until and process.poll() is None:
                time.sleep(0.05)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=60)
            took = time.monotonic() - began
    assert (code, took < 5) == (0, True)


SLOWLY = drips(b"HTTP/1.1 207 Multi-Status\r\n", b"X", every=2.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("calendars", [[silent], [SLOWLY], [silent, SLOWLY]], ids=["hangs", "drips", "both"])
def test_a_pass_ends_within_seconds_while_calendars_hang(
    tmp_path: Path, number: signal.Signals, calendars: list[Behaviour]
) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(hostile(behaviour)) for behaviour in calendars]
        listed = ", ".join(f'{{kind: caldav, url: "{one.url}"}}' for one in servers)
        text = YAML.replace('{kind: ics, url: "http://127.0.0.1:9/martin.ics"}', listed)
        (tmp_path / "attitre.yaml").write_text(text, encoding="utf-8")
        process = subprocess.Popen([ATTITRE, "sync"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while not all(one.asked for one in servers) and time.monotonic() < until and process.poll() is None:
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        took = time.monotonic() - began
    assert (process.returncode, said, took < 5) == (130, "Interrompu.\n", True)


@pytest.mark.parametrize("kilobytes", [56_000, 60_000, 64_000])
def test_too_little_memory_is_a_sentence(practice: Path, kilobytes: int) -> None:
    """Wherever it runs out: while the commands are read, in one, or in telling so."""
    command = f"ulimit -v {kilobytes} && exec {sys.executable} -c 'from sync.main import main; main()' status"
    done = subprocess.run(["bash", "-c", command], cwd=practice, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    if "Messages :" not in done.stdout and "Fatal Python error" not in done.stderr:  # one in hundreds: Python's own end
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_the_last_frame_shows_a_sentence_and_with_debug_a_trace(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: type[Exception]
) -> None:
    def falls(_words: object) -> object:
        raise error

    monkeypatch.setattr("sync.cli.loaded", falls)
    monkeypatch.delenv("ATTITRE_DEBUG", raising=False)
    monkeypatch.setattr(sys, "argv", ["attitre", "status"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capfd.readouterr().err
    assert "mémoire" in said if error is MemoryError else "RecursionError" in said
    assert said.count("\n") == 1
    monkeypatch.setattr(sys, "argv", ["attitre", "status", "--debug"])
    with pytest.raises(error):
        main()


HANGS = """
import os, signal, time
from sync.cli.ending import cut_off
from sync.worker import loop
loop.ENDS_WITHIN_S = 0.2
stop = loop.Stop()
with loop.listening(stop), cut_off(stop):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
"""


def test_asked_to_end_a_process_that_hangs_is_cut_off_with_a_line() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 130
    assert "ended unfinished" in done.stdout + done.stderr
