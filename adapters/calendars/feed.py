"""A read-only feed (.ics) behind the `Calendar` protocol: when a dentist is busy elsewhere, and nothing more.

The whole feed comes in one answer. It is cut by UID, so that one bad event stays one, and compared with what is known;
what it lacks is absent. Its events are read as private: they take time, show nothing and are never written to.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from adapters.base import Cursor, Edit, EditResult, Garbled, Page, Probe, Reading, Refused, Resource, Window
from adapters.calendars.feedsplit import Feed, feed_of
from adapters.calendars.vevent import Ics
from adapters.http import LISTING, Answer, Http, auth_for, error_of
from rules.model import AddEvent, Annotation, CalendarEvent, Status

KIND = "ics"
QUERY = "1"  # raise it when feeds are cut another way
LARGEST = 20 * 1024 * 1024
FRESH = 30.0  # seconds for which single events are answered from the last answer
_HEADERS = {"Accept": "text/calendar, */*;q=0.5"}
_READ_ONLY = Refused("Un flux .ics est en lecture seule.")

Known = Callable[[], Mapping[str, str | None]]


class FeedCalendar:
    """One feed. Its address is a secret: `address` shows the host and a mark of the rest."""

    def __init__(self, url: str, *, username: str = "", password: str = "", zone: ZoneInfo, secret: bytes) -> None:
        self._url = url
        self.http = Http(auth_for("auto", username, password, "") if username else None, largest=LARGEST)
        mark = hmac.new(secret, url.encode(), "sha256").hexdigest()[:12]
        self._address = f"ics:{urlsplit(url).hostname or ''}#{mark}"
        self._ics = Ics(zone, secret, self._address)
        self._feed: Feed | None = None
        self._validators: dict[str, str] = {}
        self._read_at = 0.0

    @property
    def address(self) -> str:
        """`ics:`, the host, and what tells this feed from others of that host."""
        return self._address

    # --- what changed ------------------------------------------------------------------------------------------------

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """See `Calendar.changes`. 304, or the same content as at the cursor: nothing happened."""
        digest, validators = _told(cursor)
        answer = self._ask(validators)
        if cursor is not None and (answer is None or self._content.digest == digest):
            yield Page(cursor=cursor if answer is None else self._cursor())
            return
        feed, held = self._content, known()
        fresh = tuple(one for one in feed.resources.values() if held.get(one.ref) != one.version)
        absent = tuple(ref for ref in held if ref not in feed.resources)
        yield Page(fresh, absent=absent, cursor=self._cursor(), full=True)

    def _cursor(self) -> Cursor:
        held = {"digest": self._content.digest, "validators": self._validators}
        return Cursor(KIND, json.dumps(held, sort_keys=True), QUERY)

    @property
    def _content(self) -> Feed:
        assert self._feed is not None
        return self._feed

    def _ask(self, validators: Mapping[str, str]) -> Answer | None:
        """The feed anew, kept in `_feed`; None where the server says that nothing changed since `validators`."""
        answer = self.http.send("GET", self._url, headers={**_HEADERS, **validators}, read=LISTING)
        if answer.status == 304 and validators:
            self._read_at = time.monotonic()
            return None
        if answer.status != 200:
            raise error_of(answer) if answer.status >= 400 else Garbled(_NO_FEED)
        self._feed = feed_of(answer.body)
        self._validators = _validators(answer)
        self._read_at = time.monotonic()
        return answer

    # --- bodies ------------------------------------------------------------------------------------------------------

    def get(self, ref: str) -> Resource | None:
        """See `Calendar.get`. Several in a row cost one question."""
        if self._feed is None or time.monotonic() - self._read_at > FRESH:
            self._ask(self._validators if self._feed is not None else {})
        return self._content.resources.get(ref)

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`. Only what takes time is an event, and every one is private; nothing is ours to write."""
        reading = self._ics.read(ref, payload, window)
        busy = tuple(replace(event, private=True) for event in reading.events if _takes_time(event))
        return replace(reading, events=busy, annotation=Annotation(), foreign_block=False, blocked="feed")

    # --- writing -----------------------------------------------------------------------------------------------------

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """Never."""
        return _READ_ONLY

    def add(self, event: AddEvent) -> EditResult:
        """Never."""
        return _READ_ONLY

    def remove(self, ref: str, version: str | None) -> EditResult:
        """Never."""
        return _READ_ONLY

    # --- what it offers ----------------------------------------------------------------------------------------------

    def probe(self) -> Probe:
        """See `Calendar.probe`. Read twice: the second time only if something changed."""
        self._ask({})
        conditional = bool(self._validators) and self._ask(self._validators) is None
        count = len(self._content.resources)
        read = f"Lecture seule : {count} événements lus, comptés comme temps occupé, sans titre ni patient."
        lines = (read, _CHEAP if conditional else _WHOLE)
        name = self._content.name or urlsplit(self._url).hostname or "flux"
        return Probe(name, False, KIND, False, lines)


def _told(cursor: Cursor | None) -> tuple[str, dict[str, str]]:
    """The digest and validators that an earlier answer left; empty for a cursor that is not ours."""
    if cursor is None or (cursor.kind, cursor.query) != (KIND, QUERY):
        return "", {}
    try:
        held = json.loads(cursor.value)
        return str(held["digest"]), dict(held["validators"])
    except (ValueError, KeyError, TypeError):
        return "", {}


def _validators(answer: Answer) -> dict[str, str]:
    """The headers of the next question (RFC 9110 13.1)."""
    wanted = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    return {asked: answer.headers[given] for given, asked in wanted if answer.headers.get(given)}


def _takes_time(event: CalendarEvent) -> bool:
    return not event.transparent and event.status is not Status.CANCELLED


_NO_FEED = "Cette adresse ne donne pas de flux d'agenda (.ics)."
_CHEAP = "Le serveur dit si rien n'a changé (304) : un passage sans changement coûte peu."
_WHOLE = "Le serveur ne dit pas si le flux a changé : il est relu en entier à chaque passage."
