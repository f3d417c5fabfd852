"""A scripted secretary: books over CalDAV as her client would, with requests of its own. For the demo and the tests."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Protocol, TypeVar

import requests

_ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
BEGIN:VTIMEZONE
TZID:Europe/Paris
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
CREATED:{stamp}
LAST-MODIFIED:{stamp}
DTSTAMP:{stamp}
UID:{uid}
SUMMARY:{title}
DTSTART;TZID=Europe/Paris:{start}
DTEND;TZID=Europe/Paris:{end}
{text}{extra}END:VEVENT
END:VCALENDAR
"""


class Shown(Protocol):
    """An event on her screen, whoever keeps the calendar."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def hers(self) -> str:
        """Her own part of the text."""

    @property
    def block(self) -> str:
        """Our part of the text; empty where there is none."""


E = TypeVar("E", bound=Shown)


class Screen(Protocol[E]):
    """Where she sees events as they stand now: a CalDAV client, or Google's page."""

    def sees(self, event: E) -> E:
        """The event as it stands now."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as she sees it. `raw` is the whole object."""

    url: str
    etag: str
    raw: str

    @property
    def title(self) -> str:
        """SUMMARY, unescaped."""
        return self._property("SUMMARY")

    @property
    def text(self) -> str:
        """DESCRIPTION, unescaped."""
        return self._property("DESCRIPTION")

    @property
    def hers(self) -> str:
        """Her own part of the text."""
        return self.text.partition("── attitre ──")[0].rstrip("\n")

    @property
    def block(self) -> str:
        """Our part of the text, with ordinary spaces; empty where there is none."""
        _, found, rest = self.text.partition("── attitre ──")
        return (found + rest).replace("\N{NO-BREAK SPACE}", " ")

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        start, end = (datetime.fromisoformat(self._property(name)) for name in ("DTSTART", "DTEND"))
        return int((end - start).total_seconds() // 60)

    def _property(self, name: str) -> str:
        lines = re.sub(r"\r?\n[ \t]", "", self.raw.partition("BEGIN:VEVENT")[2].partition("BEGIN:VALARM")[0])
        found = re.search(rf"^{name}(?:;[^:\r\n]*)?:(.*?)\r?$", lines, re.MULTILINE)
        return _plain(found[1]) if found else ""


class Secretary:
    """Books in one calendar. Every change is one conditional request, as a client makes it."""

    def __init__(self, calendar_url: str, user: str = "", password: str = "") -> None:
        self.calendar = calendar_url.rstrip("/") + "/"
        self._session = requests.Session()
        self._session.auth = (user, password) if user else None

    def books(
        self, title: str, start: datetime, minutes: int = 30, text: str = "", *, uid: str = "", extra: str = ""
    ) -> Event:
        """A new event."""
        uid = uid or str(uuid.uuid4())
        raw = _ICS.format(
            uid=uid, title=_escape(title), stamp=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", start=_local(start),
            end=_local(start + timedelta(minutes=minutes)), text=f"DESCRIPTION:{_escape(text)}\n" if text else "",
            extra=extra,
        )  # fmt: skip
        url = f"{self.calendar}{uid}.ics"
        return self._put(url, raw.replace("\n", "\r\n"), {"If-None-Match": "*"})

    def sees(self, event: Event) -> Event:
        """The event as it stands now."""
        answer = self._session.get(event.url, timeout=30)
        answer.raise_for_status()
        return Event(event.url, answer.headers.get("ETag", ""), answer.content.decode())

    def still_there(self, event: Event) -> bool:
        """Whether the event stands in the calendar."""
        return self._session.get(event.url, timeout=30).status_code == 200

    def writes(self, event: Event, old: str, new: str) -> Event:
        """Replaces a piece of the raw event (`\\n` in texts as she would type it)."""
        now = self.sees(event)
        raw = re.sub(r"\r\n[ \t]", "", now.raw)
        escaped_old, escaped_new = _escape(old), _escape(new)
        assert escaped_old in raw, "what is to be replaced is not in the event"
        return self._put(event.url, _stamped(raw.replace(escaped_old, escaped_new, 1)), {"If-Match": now.etag})

    def moves(self, event: Event, start: datetime, minutes: int = 30) -> Event:
        """Drags the event to another time."""
        now = self.sees(event)
        raw = re.sub(r"(?m)^DTSTART[^\r\n]*", f"DTSTART;TZID=Europe/Paris:{_local(start)}", _vevent_only(now.raw))
        end = _local(start + timedelta(minutes=minutes))
        raw = re.sub(r"(?m)^DTEND[^\r\n]*", f"DTEND;TZID=Europe/Paris:{end}", raw)
        return self._put(event.url, _stamped(raw), {"If-Match": now.etag})

    def deletes(self, event: Event) -> None:
        """Takes the event out."""
        now = self.sees(event)
        self._session.delete(event.url, headers={"If-Match": now.etag}, timeout=30).raise_for_status()

    def restores(self, event: Event) -> Event:
        """Puts a deleted event back as it was, from her backup."""
        return self._put(event.url, event.raw, {"If-None-Match": "*"})

    def everything(self) -> list[Event]:
        """All events of the calendar."""
        body = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
        answer = self._session.request("PROPFIND", self.calendar, data=body, headers={"Depth": "1"}, timeout=30)
        hrefs = [unescape(href) for href in re.findall(r"<(?:\w+:)?href[^>]*>([^<]+\.ics)<", answer.text)]
        root = re.match(r"https?://[^/]+", self.calendar)
        assert root
        return [self.sees(Event(href if "://" in href else root[0] + href, "", "")) for href in hrefs]

    def _put(self, url: str, raw: str, condition: dict[str, str]) -> Event:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        self._session.put(url, data=raw.encode(), headers=headers, timeout=30).raise_for_status()
        return self.sees(Event(url, "", raw))


def _vevent_only(raw: str) -> str:
    """The times of the VTIMEZONE stay: it is left out, clients and servers know Europe/Paris."""
    return re.sub(r"BEGIN:VTIMEZONE.*?END:VTIMEZONE\r?\n", "", raw, flags=re.DOTALL)


def _stamped(raw: str) -> str:
    return re.sub(r"(?m)^LAST-MODIFIED:[^\r\n]*", f"LAST-MODIFIED:{datetime.now(UTC):%Y%m%dT%H%M%SZ}", raw)


def _local(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text)
