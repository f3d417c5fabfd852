"""The least for Google: the standard library lists a calendar, reads the same facts as the floor, fills two tables."""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

_TABLES = (
    "create table if not exists cal(token)",
    "create table if not exists res(id primary key, etag, body)",
    "create table if not exists ev(id primary key, uid, start, end, title, text, rule, seq)",
    "create index if not exists by_start on ev(start)",
    "create index if not exists by_uid on ev(uid)",
)
_FIELDS = (
    "nextPageToken,nextSyncToken,items(id,iCalUID,etag,status,eventType,summary,description,location,start,end,"
    "recurrence,recurringEventId,originalStartTime,created,updated,sequence,transparency,visibility)"
)


def main(file: str, root: str, calendar: str) -> None:
    """First pass into an empty file; else what changed since; everything anew after a 410."""
    store = sqlite3.connect(file)
    store.execute("pragma journal_mode=wal")
    for table in _TABLES:
        store.execute(table)
    host = http.client.HTTPConnection(urlsplit(root).netloc)
    token = (store.execute("select token from cal").fetchone() or ("",))[0]
    path = f"/calendar/v3/calendars/{quote(calendar)}/events"
    new = _read(store, host, path, token) or _read(store, host, path, "")
    if new != token:
        store.execute("delete from cal")
        store.execute("insert into cal values(?)", (new,))
    store.commit()


def _read(store: sqlite3.Connection, host: http.client.HTTPConnection, path: str, token: str) -> str:
    """The new token; empty where this one is not known any more."""
    page, asked = "", {"maxResults": "2500", "fields": _FIELDS, "showDeleted": "true", "singleEvents": "false"}
    while True:
        more = {name: value for name, value in (("syncToken", token), ("pageToken", page)) if value}
        host.request("GET", f"{path}?{urlencode(asked | more)}", headers={"Authorization": "Bearer bench"})
        answer = host.getresponse()
        body = answer.read()
        if answer.status == 410:
            return ""
        told = json.loads(body)
        items = told["items"]
        bodies = ((one["id"], one["etag"], json.dumps(one, ensure_ascii=False)) for one in items)
        store.executemany("insert or replace into res values(?,?,?)", bodies)
        store.executemany("insert or replace into ev values(?,?,?,?,?,?,?,?)", map(_row, items))
        page = told.get("nextPageToken", "")
        if not page:
            return str(told["nextSyncToken"])


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    start, end = (side.get("dateTime") or side.get("date") for side in (one["start"], one["end"]))
    rule = "\n".join(one.get("recurrence", ()))
    text = one.get("description", "")
    return one["id"], one["iCalUID"], start, end, one.get("summary", ""), text, rule, one.get("sequence", 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
