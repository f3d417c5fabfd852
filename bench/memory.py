"""What `attitre run` holds while nothing changes: one practice, and each further one in the same process; and one
practice after an edit, whose answer was written into the event."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.clients import attitre, configure, import_patients, on_caldav
from bench.measure import Failed, run
from bench.scenarios import serving
from bench.server import Replay

FURTHER = 10
ALL_DAY = '{mon-sun: "00:00-23:59"}'
QUICK = "{every_seconds: 5}", "{quiet_seconds: 0}"  # so that nobody waits for an answer
_PATIENCE_S, _AT_REST_S = 60.0, 2.0


@dataclass(frozen=True, slots=True)
class Resident:
    """MB: `one` practice, and what each `further` one adds; one after it judged and `answered` an edit."""

    one: float
    further: float
    answered: float


def resident(events: int) -> Resident:
    """Of practices that imported their patients, hold so many events each, and were read before."""
    with serving(events, 1 + FURTHER) as (replay, place):
        files = [_practice(place / f"{number}", url) for number, url in enumerate(replay.urls)]
        run([attitre(), "sync", *_configs(files)], None, place)
        [everybody] = _at_rest(files, place)
        one, answered = _at_rest(files[:1], place, lambda: _edited(replay))
        return Resident(one, (everybody - one) / FURTHER, answered)


def _edited(replay: Replay) -> None:
    """An event of the first practice is edited, and its answer written."""
    replay.change_one(number=max(replay.coming & set(replay.members(0))))
    began = time.monotonic()
    while not replay.writes:
        if time.monotonic() - began > _PATIENCE_S:
            raise Failed("attitre run: an edit was not answered")
        time.sleep(0.2)


def _practice(place: Path, url: str) -> Path:
    place.mkdir()
    key = f"cabinet-{place.name}"
    file = configure(place, on_caldav([url]), key=key, hours=ALL_DAY, pace=QUICK)
    import_patients(place, key)
    return file


def _configs(files: Sequence[Path]) -> list[str]:
    return [word for file in files for word in ("-c", str(file))]


def _at_rest(files: Sequence[Path], place: Path, *happens: Callable[[], None]) -> list[float]:
    """Of a process that has begun its work and waits; and after each thing that `happens` then."""
    log = place / "run.log"
    with log.open("w") as told:
        process = subprocess.Popen([attitre(), "run", *_configs(files)], stdout=told, stderr=told)  # noqa: S603
    held = []
    try:
        for begin in (lambda: None, *happens):
            begin()
            _wait_for_rest(process, log)
            held.append(_held(process.pid))
        return held
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_S)


def _wait_for_rest(process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it used no processor time for a while after its first round."""
    used, since, began = -1.0, time.monotonic(), time.monotonic()
    while time.monotonic() - since < _AT_REST_S or "nothing to do" not in log.read_text():
        if process.poll() is not None or time.monotonic() - began > _PATIENCE_S:
            raise Failed(f"attitre run: {log.read_text()[-1500:]}")
        time.sleep(0.2)
        now = _used(process.pid)
        if now > used + 0.05:
            used, since = now, time.monotonic()


def _used(process: int) -> float:
    """Seconds of processor time, as Linux accounts for it (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _held(process: int) -> float:
    """Resident memory in MB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    print(resident(int(sys.argv[1])))
