"""What a user would pick instead, each as it installs, in an environment of its own beside this one."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.clients import CALENDAR_ID, all_items, digest, same
from bench.measure import Failed
from bench.server import Replay

HERE = Path(__file__).parent
HOME, PINNED = HERE / ".peers", HERE / "peers.txt"
PYTHON = HOME / "bin" / "python"
_PATIENCE = 900


def installed() -> str:
    """Empty where the peers are ready to run, after installing them if need be; else why they are not."""
    stamp, wanted = HOME / ".installed", hashlib.sha256(PINNED.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    shutil.rmtree(HOME, ignore_errors=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    for command in ([sys.executable, "-m", "venv", str(HOME)], [*pip, "-r", str(PINNED)]):
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_PATIENCE)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            return type(error).__name__
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    stamp.write_text(wanted)
    return ""


def versions() -> dict[str, str]:
    """Of the peers themselves."""
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", PINNED.read_text(), re.M))
    return {name: pins[name] for name in ("vdirsyncer", "khal", "caldav", "icalendar", "gcal_sync")}


class _Peer:
    """Its own home, and nothing of ours on its path."""

    name = ""

    def __init__(self, replay: Replay, place: Path) -> None:
        self.place, self.seen = place, -1
        self.environ: Mapping[str, str] = {"HOME": str(place), "PYTHONPATH": "", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def script(self, name: str, *words: str) -> list[str]:
        """A small program of ours around a library."""
        return [str(PYTHON), str(HERE / name), *words]

    def news(self, replay: Replay) -> int:
        """How many events changed since the last pass."""
        past, self.seen = self.seen, replay.revision
        return sum(1 for revision in replay.revisions if revision > past)


class Vdirsyncer(_Peer):
    """vdirsyncer into a folder of files."""

    name = "vdirsyncer"

    def __init__(self, replay: Replay, place: Path) -> None:
        super().__init__(replay, place)
        self._file, self._folder = place / "vdirsyncer.conf", place / "calendars"
        self._file.write_text(_VDIRSYNCER.format(place=place, url=replay.root + "home/"))
        for number in range(replay.calendars):
            (self._folder / str(number)).mkdir(parents=True)
        discover = [self._command(), "-c", str(self._file), "discover"]
        done = subprocess.run(  # noqa: S603
            discover, check=False, cwd=place, env=dict(self.environ), capture_output=True, text=True, input="y\n" * 99
        )
        if done.returncode:
            raise Failed(f"vdirsyncer discover: {done.stderr[-800:]}")

    @staticmethod
    def _command() -> str:
        return str(HOME / "bin" / "vdirsyncer")

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        return [[self._command(), "-v", "warning", "-c", str(self._file), "sync"]]

    def check(self, replay: Replay) -> None:
        """Every event is a file."""
        held = {digest(_lines(file.read_bytes())) for file in self._folder.glob("*/*.ics")}
        wanted = {digest(_lines(body)) for body in replay.bodies.values()}
        same(self.name, dict.fromkeys(held, True), dict.fromkeys(wanted, True))


class Khal(Vdirsyncer):
    """vdirsyncer, and khal's cache behind it, which is what can be asked."""

    def __init__(self, replay: Replay, place: Path) -> None:
        super().__init__(replay, place)
        calendars = "\n".join(f"[[c{number}]]\npath = {self._folder}/{number}" for number in range(replay.calendars))
        (place / "khal.conf").write_text(_KHAL.format(place=place, calendars=calendars))

    @property
    def commands(self) -> list[list[str]]:
        """One pass of each."""
        khal = [str(HOME / "bin" / "khal"), "-c", str(self.place / "khal.conf"), "list", "today", "1d"]
        return [*super().commands, khal]

    def check(self, replay: Replay) -> None:
        """And each file is in the cache."""
        super().check(replay)
        with sqlite3.connect(self.place / "khal.db") as cache:
            [(held,)] = cache.execute("select count(distinct href) from events").fetchall()
        same("khal", {"events": held}, {"events": len(replay.bodies)})


class CaldavParse(_Peer):
    """The caldav library's own multiget, and icalendar for every body; it stores its token only."""

    name = "caldav + full parse"

    def __init__(self, replay: Replay, place: Path) -> None:
        super().__init__(replay, place)
        self._url = replay.url

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        return [self.script("peer_caldav.py", self._url, str(self.place / "state.json"))]

    def check(self, replay: Replay) -> None:
        """As many as changed were read."""
        read = json.loads((self.place / "state.json").read_text())["read"]
        same(self.name, {"read": read}, {"read": self.news(replay)})


class GcalSync(_Peer):
    """gcal_sync with its store in a file, as Home Assistant keeps it."""

    name = "gcal_sync"

    def __init__(self, replay: Replay, place: Path) -> None:
        super().__init__(replay, place)
        self._root = replay.root

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        store = str(self.place / "store.json")
        return [self.script("peer_google.py", f"{self._root}calendar/v3", CALENDAR_ID, store)]

    def check(self, replay: Replay) -> None:
        """Every item is in the store, and says the same."""
        held = json.loads((self.place / "store.json").read_text())["event_sync"][CALENDAR_ID]["items"]
        told = {ref: (item["summary"], item.get("description") or "") for ref, item in held.items()}
        wanted = {item["id"]: (item["summary"], item.get("description", "")) for item in all_items(replay)}
        same(self.name, told, wanted)


def _lines(body: bytes) -> bytes:
    """vdirsyncer writes lines as this system ends them."""
    return b"\n".join(body.split())


_VDIRSYNCER = """
[general]
status_path = "{place}/status/"
[pair bench]
a = "here"
b = "there"
collections = ["from b"]
[storage here]
type = "filesystem"
path = "{place}/calendars/"
fileext = ".ics"
[storage there]
type = "caldav"
url = "{url}"
"""
_KHAL = """
[calendars]
{calendars}
[sqlite]
path = {place}/khal.db
[locale]
local_timezone = Europe/Paris
default_timezone = Europe/Paris
timeformat = %H:%M
dateformat = %d.%m.
longdateformat = %d.%m.%Y
datetimeformat = %d.%m. %H:%M
longdatetimeformat = %d.%m.%Y %H:%M
"""
