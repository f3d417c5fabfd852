"""A first pass from real servers as they come: Radicale and Xandikos, started over a full calendar they never read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bench import practice, rendered
from bench.clients import Floor, Ours, configure, on_caldav
from bench.measure import FIRST, Failed, Table, run
from demo.server import radicale, xandikos


class Stand:
    """What `Ours` and `Floor` ask of a replay: where the calendar is."""

    def __init__(self, url: str) -> None:
        self.root = self.url = url
        self.urls = [url]
        self.writes = 0


COLD = 2_500  # events at most: of 10,000 a Radicale's own first listing takes 80 s, of whoever asks


def cold(events: int) -> dict[str, Table]:
    """A first pass of ours and of the floor, each from a server of its own that was never asked before; whoever fails
    is missing."""
    bodies = {f"{number}.ics": _body(number) for number in range(events)}
    return {name: _both(serve, bodies) for name, serve in (("Radicale", _radicale), ("Xandikos", _xandikos))}


def _body(number: int) -> bytes:
    return rendered.ics(practice.entry(number, 0, date.today()))  # noqa: DTZ011


Serve = Callable[[Path, dict[str, bytes]], Any]


def _both(serve: Serve, bodies: dict[str, bytes]) -> Table:
    table: Table = {}
    for made in (Floor, Ours):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "client"
            place.mkdir()
            with serve(Path(folder), bodies) as (url, login):
                stand: Any = Stand(_with(url, login) if made is Floor else url)
                client = made(stand, place)
                if made is Ours and login:
                    name, password = login
                    configure(place, on_caldav([url], f", username: {name}, password: {password}"))
                try:
                    cost = run(client.commands[0], None, place, client.environ)
                    _check(place, made, bodies)
                except Failed as failed:
                    print(f"{client.name}: {failed}", file=sys.stderr)
                else:
                    table[client.name] = {FIRST: cost}
    return table


def _check(place: Path, made: type, bodies: dict[str, bytes]) -> None:
    """As many as there are: servers rewrite bodies and choose tags themselves."""
    import sqlite3

    file, sql = (("floor.db", "res"), ("attitre.db", "resource"))[made is Ours]
    store = sqlite3.connect(place / file)
    [(held,)] = store.execute(f"select count(*) from {sql}").fetchall()  # noqa: S608
    store.close()
    if held != len(bodies):
        raise Failed(f"{held} of {len(bodies)} events came from the server")


def _with(url: str, login: tuple[str, str] | None) -> str:
    where = urlsplit(url)
    netloc = f"{login[0]}:{login[1]}@{where.netloc}" if login else where.netloc
    return urlunsplit(where._replace(netloc=netloc))


@contextmanager
def _radicale(folder: Path, bodies: dict[str, bytes]) -> Iterator[tuple[str, tuple[str, str] | None]]:
    with radicale(folder / "radicale") as server:
        calendar = folder / "radicale" / "collections" / "collection-root" / server.user / "bench"
        calendar.mkdir(parents=True)
        (calendar / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
        _write(calendar, bodies)
        yield f"{server.url}{server.user}/bench/", (server.user, server.password)


@contextmanager
def _xandikos(folder: Path, bodies: dict[str, bytes]) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Its calendar is a git repository: started once to make it, filled, started again."""
    with xandikos(folder):
        pass
    calendar = folder / "d" / "user" / "calendars" / "calendar"
    _fill(calendar, bodies)
    with xandikos(folder) as root:
        yield f"{root}user/calendars/calendar/", None


def _fill(calendar: Path, bodies: dict[str, bytes]) -> None:
    git = shutil.which("git")
    if git is None:
        raise Failed("git is needed to fill a Xandikos")
    _write(calendar, bodies)
    _call(git, "-C", str(calendar), "add", ".")
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    _call(git, "-C", str(calendar), *who, "commit", "-q", "-m", "bench")


def _call(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise Failed(f"{' '.join(command[1:5])}: {done.stderr[-500:]}")


def _write(folder: Path, bodies: dict[str, bytes]) -> None:
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
