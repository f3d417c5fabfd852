"""The least: the standard library fetches one calendar, reads ten properties by line and fills a table. No checks."""

from __future__ import annotations

import hashlib
import http.client
import re
import sqlite3
import sys
from urllib.parse import urlsplit
from xml.parsers import expat

_WANTED = re.compile(r"^(UID|SUMMARY|DTSTART|DTEND|RRULE|STATUS|TRANSP|CLASS|DESCRIPTION|LAST-MODIFIED)[;:](.*)$", re.M)


def main(url: str, file: str) -> None:
    """First pass into an empty file; else what changed since."""
    store = sqlite3.connect(file)
    store.execute("create table if not exists resource(href primary key, etag, body, hash, read)")
    store.execute("create table if not exists cursor(token)")
    token = (store.execute("select token from cursor").fetchone() or ("",))[0]
    where = urlsplit(url)
    host = http.client.HTTPConnection(where.netloc)
    listed, new = _members(
        _ask(host, where.path, f"<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token></sync-collection>")
    )
    hrefs = [member["href"] for member in listed]
    for start in range(0, len(hrefs), 500):
        wanted = "".join(f"<href>{href}</href>" for href in hrefs[start : start + 500])
        bodies, _ = _members(_ask(host, where.path, f"<calendar-multiget>{wanted}</calendar-multiget>"))
        store.executemany("insert or replace into resource values(?,?,?,?,?)", map(_row, bodies))
    store.execute("delete from cursor")
    store.execute("insert into cursor values(?)", (new,))
    store.commit()


def _ask(host: http.client.HTTPConnection, path: str, body: str) -> bytes:
    host.request("REPORT", path, body.encode(), {"Depth": "1"})
    return host.getresponse().read()


def _members(answer: bytes) -> tuple[list[dict[str, str]], str]:
    found: list[dict[str, str]] = [{}]
    text: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.CharacterDataHandler = text.append

    def end(name: str) -> None:
        found[-1][name.rpartition(":")[2]] = "".join(text)
        text.clear()
        if name.endswith(":response"):
            found.append({})

    parser.EndElementHandler = end
    parser.Parse(answer, True)
    return found[:-1], found[-1].get("sync-token", "")


def _row(member: dict[str, str]) -> tuple[str, str, str, str, str]:
    data = member["calendar-data"]
    read = dict(_WANTED.findall(data.replace("\r\n ", "")))
    return member["href"], member["getetag"], data, hashlib.sha256(data.encode()).hexdigest(), read.get("UID", "")


if __name__ == "__main__":
    main(*sys.argv[1:])
