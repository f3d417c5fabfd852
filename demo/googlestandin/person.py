"""Somebody who works in Google's own web page: books, drags, deletes, edits texts the way its editor writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape, unescape
from typing import Any

from demo.googlestandin import writing
from demo.googlestandin.errors import Json, Refused
from demo.googlestandin.moments import normal, suffix
from demo.googlestandin.recurrence import cut_before
from demo.googlestandin.state import Record, World
from demo.googlestandin.views import seen

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"https?://[^\s<]+")


@dataclass(frozen=True, slots=True)
class Event:
    """One event as she sees it; `body` is the API's whole resource."""

    calendar: str
    id: str
    etag: str
    body: Json

    @property
    def title(self) -> str:
        """The summary."""
        return str(self.body.get("summary", ""))

    @property
    def text(self) -> str:
        """The description as her screen shows it, whether stored plain or as HTML."""
        return as_read(str(self.body.get("description", "")))

    @property
    def hers(self) -> str:
        """Her own part of the text."""
        return self.text.partition("── attitre ──")[0].rstrip("\n")

    @property
    def block(self) -> str:
        """Our part of the text; empty where there is none."""
        _, found, rest = self.text.partition("── attitre ──")
        return found + rest


class Person:
    """Works in one calendar, on the state itself: no token, no request in the log."""

    def __init__(self, world: World, calendar_id: str, email: str) -> None:
        self._world, self.calendar, self.email = world, calendar_id, email

    def books(self, title: str, start: datetime | date, minutes: int = 30, text: str = "", **more: Any) -> Event:
        """A new event; a date makes it last all day. `more`: other fields of the resource (`recurrence`, `eventType`,
        `attendees`, `visibility`, `id` …)."""
        times = self._times(start, minutes)
        body = {"summary": title, **times, **({"description": text} if text else {}), **more}
        with self._world.lock:
            row = writing.insert(self._world, self._held(), self.email, body, planted=True)
            return self._event(row)

    def sees(self, event: Event) -> Event:
        """The event as it stands now."""
        with self._world.lock:
            return self._event(self._world.find(self._held(), event.id))

    def still_there(self, event: Event) -> bool:
        """Whether the event stands in the calendar."""
        try:
            return bool(self.sees(event).body["status"] != "cancelled")
        except Refused:
            return False

    def edits(self, event: Event, **fields: Any) -> Event:
        """Changes fields of the resource as a patch would."""
        with self._world.lock:
            return self._event(writing.patch(self._world, self._held(), self.email, event.id, fields))

    def writes(self, event: Event, old: str, new: str) -> Event:
        """Replaces a piece of title or text without the editor touching the rest (a phone's app)."""
        now = self.sees(event)
        found = {key: now.body[key] for key in ("summary", "description") if old in now.body.get(key, "")}
        assert found, "what is to be replaced is not in the event"
        return self.edits(event, **{key: value.replace(old, new, 1) for key, value in found.items()})

    def writes_on_the_web(self, event: Event, old: str, new: str) -> Event:
        """Replaces a piece of the text in the web page: the whole text comes back as HTML."""
        text = self.sees(event).text
        assert old in text, "what is to be replaced is not in the event"
        return self.edits(event, description=as_web_editor(text.replace(old, new, 1)))

    def saves_on_the_web(self, event: Event, **fields: Any) -> Event:
        """Opens the event in the web page and saves it: the text becomes HTML even when she touched none of it
        (inferred: not every save does so)."""
        return self.edits(event, **{"description": as_web_editor(self.sees(event).text), **fields})

    def moves(self, event: Event, start: datetime | date, minutes: int = 30) -> Event:
        """Drags the event to another time; on an instance of a series, this one only."""
        times = self._times(start, minutes)
        empty: Json = {"date": None, "dateTime": None, "timeZone": None}
        return self.edits(event, **{side: empty | value for side, value in times.items()})

    def moves_to(self, event: Event, calendar_id: str) -> Event:
        """Puts the event into another calendar: same id there, a stub here."""
        with self._world.lock:
            target = self._world.calendar(calendar_id, self.email)
            row = writing.move(self._world, self._held(), target, self.email, event.id)
            return Person(self._world, calendar_id, self.email)._event(row)

    def copies_to(self, event: Event, calendar_id: str) -> Event:
        """`Copy to …`: a new event with the same contents, private properties included (inferred)."""
        left_out = (*writing.FIXED, "sequence", "status")
        body = {key: value for key, value in self.sees(event).body.items() if key not in left_out}
        with self._world.lock:
            target = self._world.calendar(calendar_id, self.email)
            row = writing.insert(self._world, target, self.email, body, planted=True)
            return Person(self._world, calendar_id, self.email)._event(row)

    def deletes(self, event: Event) -> None:
        """Takes the event out; a series wholly, an instance alone."""
        with self._world.lock:
            writing.delete(self._world, self._held(), self.email, event.id)

    def restores(self, event: Event) -> Event:
        """Takes the event back out of the bin."""
        return self.edits(event, status="confirmed")

    def instance(self, event: Event, start: datetime | date) -> Event:
        """The instance of a series that originally starts then."""
        with self._world.lock:
            master = self._world.find(self._held(), event.id)
            side = normal(_side(start), self._held().zone)
            return self._event(self._world.find(self._held(), master.id + suffix(side)))

    def splits(self, event: Event, instance: Event, **fields: Any) -> Event:
        """`This and following events`: the series ends before the instance, a new one (`…_R…`) begins with it
        (inferred: the form of the new id; COUNT is not carried over)."""
        with self._world.lock:
            master = self._world.find(self._held(), event.id)
            first = self._world.find(self._held(), instance.id).body
            new_id = f"{master.id}_R{instance.id.rpartition('_')[2].rstrip('Z')}"
            kept = {key: value for key, value in master.body.items() if key not in writing.FIXED}
            body = writing.merged(kept | {"start": first["start"], "end": first["end"], "id": new_id}, fields)
            ends = cut_before(master.body, first["originalStartTime"])
            writing.patch(self._world, self._held(), self.email, master.id, {"recurrence": ends})
            return self._event(writing.insert(self._world, self._held(), self.email, body, planted=True))

    def everything(self) -> list[Event]:
        """All events that stand in the calendar, series once."""
        with self._world.lock:
            return [self._event(row) for row in self._held().events.values() if not row.cancelled]

    def _held(self) -> Any:
        return self._world.calendar(self.calendar, self.email)

    def _event(self, row: Record) -> Event:
        return Event(self.calendar, row.id, row.etag, seen(self._held(), row, self.email))

    def _times(self, start: datetime | date, minutes: int) -> Json:
        if not isinstance(start, datetime):
            return {"start": _side(start), "end": _side(start + timedelta(days=1))}
        zone = self._held().zone
        return {"start": _side(start, zone), "end": _side(start + timedelta(minutes=minutes), zone)}


def as_web_editor(text: str) -> str:
    """A plain text as the web page's editor stores it: `<br>` for lines, links for addresses, entities escaped."""
    html = escape(text, quote=False)
    html = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html)
    html = re.sub(rf"(?<![\w/.:\"]){_MAIL.pattern}", lambda found: f'<a href="mailto:{found[0]}">{found[0]}</a>', html)
    return html.replace("\n", "<br>").replace("  ", "&nbsp; ")


def as_read(text: str) -> str:
    """What the screen shows of a stored description."""
    if not re.search(r"<(br|a|p|b|i|u|span|div|html-blob)\b[^>]*>|&(nbsp|amp|lt|gt);", text):
        return text
    lines = re.sub(r"<br\s*/?>|</p>|</div>", "\n", text)
    return unescape(re.sub(r"<[^>]+>", "", lines)).replace("\xa0", " ")


def _side(start: datetime | date, zone: str = "Europe/Paris") -> Json:
    if isinstance(start, datetime):
        return {"dateTime": start.isoformat(timespec="seconds"), "timeZone": zone}
    return {"date": start.isoformat()}
