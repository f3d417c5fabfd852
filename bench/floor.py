"""The least: the standard library fetches calendars, reads ten properties by line and fills two tables. No checks."""

from __future__ import annotations

import base64
import http.client
import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.parsers import expat
from zoneinfo import ZoneInfo

_NEED = frozenset(
    ("UID", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "RRULE", "RECURRENCE-ID", "SEQUENCE", "STATUS", "EXDATE")
)
_TABLES = (
    "create table if not exists cal(url primary key, token)",
    "create table if not exists res(cal, href, etag, body, primary key(cal, href))",
    "create table if not exists ev(href, uid, recid, start, end, title, text, rule, seq, unique(href, recid))",
    "create index if not exists by_start on ev(start)",
    "create index if not exists by_uid on ev(uid)",
)
_DAV = 'xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
_SYNC = (
    "<sync-collection {}><sync-token>{}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
)
_BODIES = "<c:calendar-multiget {}><prop><getetag/><c:calendar-data/></prop>{}</c:calendar-multiget>"
_HOME = "<propfind {}><prop><sync-token/><resourcetype/></prop></propfind>"
_ESCAPED = re.compile(r"\\([nN\\,;])")
_ZONES: dict[str, ZoneInfo] = {}

Member = dict[str, str]


class Host(NamedTuple):
    """A connection and the login that goes with each request."""

    connection: http.client.HTTPConnection
    login: dict[str, str]

    def ask(self, verb: str, path: str, body: str) -> tuple[list[Member], str]:
        """The members of a multistatus, and its sync token."""
        head = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8", **self.login}
        self.connection.request(verb, path, body.encode(), head)
        answer = self.connection.getresponse()
        whole = answer.read()
        if answer.status != 207:
            raise SystemExit(f"{answer.status} {whole[:200]!r}")
        return members(whole)


def main(file: str, *urls: str) -> None:
    """First pass into an empty file; else what changed since. Several calendars of one home are asked about at once."""
    store = sqlite3.connect(file)
    store.execute("pragma journal_mode=wal")
    for table in _TABLES:
        store.execute(table)
    known = dict(store.execute("select url, token from cal").fetchall())
    host = _host(urls[0])
    quiet: set[str] = set()
    if len(urls) > 1 and known:
        home = urlsplit(urls[0]).path.rstrip("/").rpartition("/")[0] + "/"
        told = {one["href"]: one.get("sync-token") for one in host.ask("PROPFIND", home, _HOME.format(_DAV))[0]}
        quiet = {url for url in urls if known.get(url) and told.get(urlsplit(url).path) == known[url]}
    for url in urls:
        if url not in quiet:
            _follow(store, host, url, known.get(url, ""))


def _host(url: str) -> Host:
    where = urlsplit(url)
    login = f"{where.username}:{where.password}".encode() if where.username else b""
    head = {"Authorization": f"Basic {base64.b64encode(login).decode()}"} if login else {}
    return Host(http.client.HTTPConnection(where.hostname or "", where.port), head)


def _follow(store: sqlite3.Connection, host: Host, url: str, token: str) -> None:
    path = urlsplit(url).path
    listed, new = host.ask("REPORT", path, _SYNC.format(_DAV, token))
    hrefs = [one["href"] for one in listed if "getetag" in one and one["href"] != path]
    for begin in range(0, len(hrefs), 500):
        wanted = "".join(f"<href>{href}</href>" for href in hrefs[begin : begin + 500])
        bodies, _ = host.ask("REPORT", path, _BODIES.format(_DAV, wanted))
        rows = [(url, one["href"], one["getetag"], one["calendar-data"]) for one in bodies]
        store.executemany("insert or replace into res values(?,?,?,?)", rows)
        found = ((href, *event) for _, href, _, data in rows for event in events(data))
        store.executemany("insert or replace into ev values(?,?,?,?,?,?,?,?,?)", found)
    if new != token:
        store.execute("insert or replace into cal values(?,?)", (url, new))
    store.commit()


def members(answer: bytes) -> tuple[list[Member], str]:
    """The texts of each response by element name; the token stands outside of them."""
    found: list[Member] = [{}]
    text: list[str] = []
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.buffer_size = 65536
    parser.CharacterDataHandler = text.append

    def end(name: str) -> None:
        word = name.rpartition("}")[2]
        if word == "response":
            found.append({})
        else:
            found[-1].setdefault(word, "".join(text).strip() if word != "calendar-data" else "".join(text))
        text.clear()

    parser.EndElementHandler = end
    parser.Parse(answer, True)
    return found[:-1], found[-1].get("sync-token", "")


def events(data: str) -> Iterator[tuple[str | int, ...]]:
    """UID, recurrence, start, end, title, text, rule and sequence of each VEVENT."""
    event: dict[str, tuple[str, str]] | None = None
    inside = 0
    for line in data.replace("\r\n", "\n").replace("\n ", "").split("\n"):
        if line.startswith("BEGIN:"):
            inside += event is not None
            event = {} if line == "BEGIN:VEVENT" else event
        elif line.startswith("END:"):
            if line == "END:VEVENT" and event is not None:
                yield _row(event)
                event = None
            inside -= event is not None and inside > 0
        elif event is not None and not inside:
            head, _, value = line.partition(":")
            name, _, params = head.partition(";")
            if name in _NEED:
                event[name] = (params, value)


def _row(event: dict[str, tuple[str, str]]) -> tuple[str | int, ...]:
    def text(name: str) -> str:
        value = event.get(name, ("", ""))[1]
        return _ESCAPED.sub(lambda m: "\n" if m[1] in "nN" else m[1], value) if "\\" in value else value

    times = (_when(*event[name]) if name in event else "" for name in ("RECURRENCE-ID", "DTSTART", "DTEND"))
    return (text("UID"), *times, text("SUMMARY"), text("DESCRIPTION"), text("RRULE"), int(text("SEQUENCE") or 0))


def _when(params: str, value: str) -> str:
    if len(value) <= 8:
        return f"{value[:4]}-{value[4:6]}-{value[6:8]}"
    numbers = map(int, (value[:4], value[4:6], value[6:8], value[9:11], value[11:13], value[13:15]))
    at = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - its zone follows
    if value[-1] == "Z":
        return at.replace(tzinfo=UTC).isoformat()
    name = params.partition("TZID=")[2].partition(";")[0]
    zone = _ZONES[name] if name in _ZONES else _ZONES.setdefault(name, ZoneInfo(name))
    return at.replace(tzinfo=zone).isoformat()


if __name__ == "__main__":
    main(*sys.argv[1:])
