"""Which request means which operation, and what each operation answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from urllib.parse import unquote

from demo.googlestandin import writing
from demo.googlestandin.channels import Channels
from demo.googlestandin.errors import Json, Reply, bad, refuse
from demo.googlestandin.faults import Asked
from demo.googlestandin.listing import list_events, list_instances
from demo.googlestandin.masks import discovery, masked
from demo.googlestandin.state import Calendar, Record, World
from demo.googlestandin.views import described, listed, seen

WRITE = "writerWithoutPrivateAccess"
Path = dict[str, str]


@cache
def _table() -> list[tuple[str, re.Pattern[str], str, str]]:
    """Method, path, operation and the answer's schema, from the discovery document; longest paths first."""
    rows = []
    for resource, entry in discovery()["resources"].items():
        for name, method in entry["methods"].items():
            pattern = re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", method["path"])
            schema = method.get("response", {}).get("$ref", "")
            rows.append((method["httpMethod"], re.compile(pattern), f"{resource}.{name}", schema))
    return sorted(rows, key=lambda row: -len(row[1].pattern.replace("(?P<eventId>[^/]+)", "")))


def named(method: str, path: str) -> tuple[str, Path, str]:
    """The operation's name, the values in its path, its answer's schema; empty names where there is none."""
    for verb, pattern, operation, schema in _table():
        found = pattern.fullmatch(path) if verb == method else None
        if found:
            return operation, {key: unquote(value) for key, value in found.groupdict().items()}, schema
    return "", {}, ""


def scopes_of(operation: str) -> tuple[str, ...]:
    """The scopes that allow an operation, any of them; those of the whole calendar for one that is not known."""
    resource, _, name = operation.partition(".")
    method = discovery()["resources"].get(resource, {}).get("methods", {}).get(name, {})
    return tuple(method.get("scopes", ("https://www.googleapis.com/auth/calendar",)))


class Desk:
    """Answers operations for an identity. Raises Refused."""

    def __init__(self, world: World, channels: Channels) -> None:
        self._world, self._channels = world, channels

    def answer(self, asked: Asked, path: Path, schema: str) -> Reply:
        """The whole answer, masked as asked; 501 for an operation the stand-in has not."""
        act = _ACTS.get(asked.operation)
        if act is None:
            raise bad("notImplemented", f"The stand-in has no {asked.operation or asked.path}.", status=501)
        document = act(self, asked, path)
        if document is None:
            return Reply(204)
        etag = {"ETag": document["etag"]} if "etag" in document else {}
        if asked.method == "GET" and etag and asked.headers.get("if-none-match") == document["etag"]:
            return Reply(304, headers=etag)
        shown = masked(document, asked.one("fields"), schema)
        return Reply(200, json.dumps(shown, ensure_ascii=False).encode(), etag)

    # --- calendars

    def calendar_list(self, asked: Asked, path: Path) -> Json:
        entries = self._world.lists.get(asked.who, set())
        mine = [calendar for name, calendar in self._world.calendars.items() if name in entries]
        items = [listed(calendar, asked.who) for calendar in mine if calendar.role(asked.who) != "none"]
        return {"kind": "calendar#calendarList", "etag": '"p1"', "nextSyncToken": "list", "items": items}

    def calendar_list_get(self, asked: Asked, path: Path) -> Json:
        calendar = self._calendar(asked, path)
        if calendar.id not in self._world.lists.get(asked.who, set()):
            raise refuse("notFound")
        return listed(calendar, asked.who)

    def calendar_list_insert(self, asked: Asked, path: Path) -> Json:
        calendar = self._world.calendar(_body(asked).get("id", ""), asked.who)
        self._world.lists.setdefault(asked.who, set()).add(calendar.id)
        return listed(calendar, asked.who)

    def calendar_list_delete(self, asked: Asked, path: Path) -> None:
        self._world.lists.get(asked.who, set()).discard(self._calendar(asked, path).id)

    def calendar_get(self, asked: Asked, path: Path) -> Json:
        return described(self._calendar(asked, path))

    # --- events

    def events_list(self, asked: Asked, path: Path) -> Json:
        return list_events(self._world, self._calendar(asked, path), asked.who, asked.query)

    def instances(self, asked: Asked, path: Path) -> Json:
        calendar = self._calendar(asked, path)
        master = self._world.find(calendar, path["eventId"])
        if "recurrence" not in master.body:
            raise bad("badRequest", "Not a recurring event.")
        return list_instances(self._world, calendar, master, asked.who, asked.query)

    def event_get(self, asked: Asked, path: Path) -> Json:
        calendar = self._calendar(asked, path)
        return seen(calendar, self._world.find(calendar, path["eventId"]), asked.who, asked.one("timeZone"))

    def event_insert(self, asked: Asked, path: Path) -> Json:
        calendar = self._calendar(asked, path, WRITE)
        return self._written(asked, calendar, writing.insert(self._world, calendar, asked.who, _content(asked)))

    def event_import(self, asked: Asked, path: Path) -> Json:
        calendar = self._calendar(asked, path, WRITE)
        return self._written(asked, calendar, writing.imported(self._world, calendar, asked.who, _content(asked)))

    def event_patch(self, asked: Asked, path: Path) -> Json:
        calendar = self._matched(asked, path)
        record = writing.patch(self._world, calendar, asked.who, path["eventId"], _content(asked))
        return self._written(asked, calendar, record)

    def event_update(self, asked: Asked, path: Path) -> Json:
        calendar = self._matched(asked, path)
        record = writing.update(self._world, calendar, asked.who, path["eventId"], _content(asked))
        return self._written(asked, calendar, record)

    def event_delete(self, asked: Asked, path: Path) -> None:
        calendar = self._matched(asked, path)
        self._written(asked, calendar, writing.delete(self._world, calendar, asked.who, path["eventId"]))

    def event_move(self, asked: Asked, path: Path) -> Json:
        source = self._matched(asked, path)
        target = self._world.calendar(asked.one("destination"), asked.who, least=WRITE)
        return self._written(asked, target, writing.move(self._world, source, target, asked.who, path["eventId"]))

    def watch(self, asked: Asked, path: Path) -> Json:
        return self._channels.opened(self._calendar(asked, path).id, _body(asked))

    def stop(self, asked: Asked, path: Path) -> None:
        self._channels.stopped(_body(asked))

    def _calendar(self, asked: Asked, path: Path, least: str = "freeBusyReader") -> Calendar:
        return self._world.calendar(path["calendarId"], asked.who, least=least)

    def _matched(self, asked: Asked, path: Path) -> Calendar:
        """The calendar to write in; 412 when the event is no longer what If-Match says."""
        calendar = self._calendar(asked, path, WRITE)
        expected = asked.headers.get("if-match")
        if expected and expected not in ("*", self._world.find(calendar, path["eventId"]).etag):
            raise refuse("conditionNotMet")
        return calendar

    def _written(self, asked: Asked, calendar: Calendar, record: Record) -> Json:
        writing.mail(self._world, asked.operation, record, asked.one("sendUpdates") or asked.one("sendNotifications"))
        return seen(calendar, record, asked.who)


_ACTS: dict[str, Callable[[Desk, Asked, Path], Json | None]] = {
    "calendarList.list": Desk.calendar_list, "calendarList.get": Desk.calendar_list_get,
    "calendarList.insert": Desk.calendar_list_insert, "calendarList.delete": Desk.calendar_list_delete,
    "calendars.get": Desk.calendar_get, "events.list": Desk.events_list, "events.instances": Desk.instances,
    "events.get": Desk.event_get, "events.insert": Desk.event_insert, "events.import": Desk.event_import,
    "events.patch": Desk.event_patch, "events.update": Desk.event_update, "events.delete": Desk.event_delete,
    "events.move": Desk.event_move, "events.watch": Desk.watch, "channels.stop": Desk.stop,
}  # fmt: skip


def _body(asked: Asked) -> Json:
    if not isinstance(asked.body, dict):
        raise bad("parseError", "This API does not support parsing form-encoded input.")
    return asked.body


def _content(asked: Asked) -> Json:
    """The event in the body; conference data counts only with conferenceDataVersion=1."""
    body = _body(asked)
    if asked.one("conferenceDataVersion") == "1":
        return body
    return {key: value for key, value in body.items() if key != "conferenceData"}
