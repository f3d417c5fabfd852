"""All files of a process are read again, because somebody changed all of them: a thousand take seconds."""

import signal
from collections.abc import Sequence, Set
from pathlib import Path

import pytest

from config import folder as files
from config.folder import Folder
from config.load import Loaded, load_file
from sync.worker import crew as crews
from sync.worker.crew import Crew
from sync.worker.loop import Stop
from sync.worker.member import Member
from sync.worker.web_server import Runs

YAML = """\
practice: {{key: {key}, name: Cabinet {key}, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: secretariat@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "https://dav.example/{url}/"}}]}}
motifs: [{{label: Détartrage, minutes: {minutes}}}]
store: postgresql+psycopg://attitre@db.example/attitre
"""
FIVE = ["p0", "p1", "p2", "p3", "p4"]


class Noting:
    """Works for practices of which nothing is asked. `done`: what it was told, in order; `ends`: asked to end once it
    was shown so many."""

    outdated = False

    def __init__(self, stop: Stop) -> None:
        self._stop, self.done, self.ends = stop, list[tuple[str, list[str]]](), 100
        self.there = dict[str, Member]()

    def show(self, members: Sequence[Member]) -> None:
        self.done.append(("comes", [one.key for one in members]))
        self.there |= {one.key: one for one in members}
        if sum(len(keys) for what, keys in self.done if what == "comes") >= self.ends:
            self._stop(signal.SIGTERM)

    def seat(self, member: Member) -> Runs | None:
        return member if self.there.get(member.key) is member else None  # type: ignore[return-value]

    def leaves(self, members: Sequence[Member]) -> None:
        self.done.append(("leaves", [one.key for one in members]))

    def keep(self, addresses: Set[str]) -> None:
        pass

    def close(self, until: float) -> None:
        pass


class Practices:
    """Five in a folder, at work."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stop = folder, Stop()
        self.shared = Noting(self.stop)
        folder.mkdir()
        for key in FIVE:
            self.write(key, 30)
        found = Folder([folder], {})
        self.crew = Crew(found, found.read(), self.stop, sharing=lambda _: self.shared)
        self.crew.look()
        self.shared.done.clear()

    def write(self, key: str, minutes: int, url: str = "") -> None:
        text = YAML.format(key=key, url=url or key, minutes=minutes)
        (self.folder / f"{key}.yaml").write_text(text, "utf-8")

    def rereads(self) -> list[tuple[str, list[str]]]:
        self.stop(signal.SIGHUP)
        self.crew.look()
        return self.shared.done


@pytest.fixture
def practices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Practices:
    monkeypatch.setattr(crews, "PORTION", 2)
    return Practices(tmp_path / "practices")


def test_each_few_practices_are_worked_for_again_before_the_next_ones_are_let_go(practices: Practices) -> None:
    for key in FIVE:
        practices.write(key, 20)
    portions = [FIVE[:2], FIVE[2:4], FIVE[4:]]
    assert practices.rereads() == [(what, keys) for keys in portions for what in ("leaves", "comes")]


def test_a_calendar_that_goes_to_another_practice_is_let_go_before_that_one_has_it(practices: Practices) -> None:
    for key, url in (("p0", "p4"), ("p1", ""), ("p2", ""), ("p3", ""), ("p4", "p0")):
        practices.write(key, 20, url)
    done = practices.rereads()
    assert done[0] == ("leaves", ["p0", "p4"])
    assert all(what == "leaves" or "p0" not in keys for what, keys in done[:-1])
    assert done[-1] == ("comes", ["p0", "p4"])


def test_asked_to_end_a_process_lets_no_more_practices_go(practices: Practices) -> None:
    for key in FIVE:
        practices.write(key, 20)
    practices.shared.ends = 2
    assert practices.rereads() == [("leaves", FIVE[:2]), ("comes", FIVE[:2])]
    assert [one.key for one in practices.crew.members] == [*FIVE[2:], *FIVE[:2]]


@pytest.mark.parametrize("asked", [True, False])
def test_asked_to_end_a_process_reads_no_more_files(
    practices: Practices, monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    """`asked`: to read them again; else it sees by itself that they changed."""
    read: list[Path] = []

    def reads(file: Path, environ: dict[str, str]) -> Loaded:
        read.append(file)
        practices.stop(signal.SIGTERM)
        return load_file(file, environ)

    monkeypatch.setattr(files, "load_file", reads)
    monkeypatch.setattr(files, "SETTLED_S", 0.0)
    monkeypatch.setattr(crews, "LOOK_AT_FILES_EVERY_S", 0.0)
    practices.crew._look_again = 0.0
    for key in FIVE:
        practices.write(key, 20 if asked else 120)
    if asked:
        practices.stop(signal.SIGHUP)
    practices.crew.look()
    assert len(read) == 1
    assert practices.shared.done == []
