"""A calendar feed (one .ics file behind an address): read-only, and all its events are busy time.

The file is requested conditionally and split by UID before it is parsed, so that one broken event stays one. An event
whose meaning did not change is not stored again, whatever time stamp the feed gave it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from adapters.base import (
    READ_ONLY_WHY,
    Cursor,
    Edit,
    EditResult,
    Garbled,
    Known,
    Page,
    Probe,
    Reading,
    Refused,
    Resource,
    Window,
)
from adapters.calendars.feed.download import Feed, split
from adapters.calendars.ical.resource import Ics
from adapters.http import LISTING, Http, auth_for, error_of
from rules.model import AddEvent, Status

KIND, QUERY = "feed", "1"
PAGE = 500
LARGEST_BYTES = 32 * 1024 * 1024
_STAMP = re.compile(rb"^DTSTAMP[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*", re.MULTILINE | re.IGNORECASE)
_READ_ONLY = Refused("Ce flux est en lecture seule.")


class FeedCalendar:
    """One feed. `url` is often a secret by itself, so it is shown nowhere."""

    def __init__(self, url: str, *, username: str = "", password: str = "", zone: ZoneInfo, secret: bytes) -> None:
        login = (username, password, "")
        digest = auth_for("digest", *login) if username else None
        self.http = Http(auth_for("basic", *login) if username else None, may_digest=digest)
        self._url = url
        self._ics = Ics(zone, secret, self.address)
        self._kept: tuple[Cursor, Feed] | None = None
        self._offered: int | None = None

    @property
    def offered_seconds(self) -> int | None:
        """See `Offering`: as the file says, else the server."""
        return self._offered

    @property
    def address(self) -> str:
        """The host and a hash of the URL: stable, and without the secret."""
        return f"ics:{urlsplit(self._url).hostname or ''}-{hashlib.sha256(self._url.encode()).hexdigest()[:8]}"

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """See `Calendar.changes`. A feed has no history: it is unchanged, or compared whole."""
        found = self._asked(cursor if cursor and (cursor.kind, cursor.query) == (KIND, QUERY) else None)
        if found is None:
            yield Page(cursor=cursor)
            return
        now, feed = found
        held = known.whole()
        bodies = [_resource(ref, payload) for ref, payload in feed.events.items()]
        wanted = [body for body in bodies if held.get(body.ref) != body.version]
        while len(wanted) > PAGE:
            yield Page(tuple(wanted[:PAGE]), full=True)
            del wanted[:PAGE]
        absent = tuple(ref for ref in held if ref not in feed.events)
        yield Page(tuple(wanted), absent=absent, cursor=now, full=True)

    def get(self, ref: str) -> Resource | None:
        """See `Calendar.get`. The feed is downloaded again, unless it says that it did not change."""
        found = self._asked(self._kept[0] if self._kept else None) or self._kept
        assert found is not None
        self._kept = found
        payload = found[1].events.get(ref)
        return None if payload is None else _resource(ref, payload)

    def _asked(self, since: Cursor | None) -> tuple[Cursor, Feed] | None:
        """(cursor, feed); None if the feed is unchanged since `since`. Raises Garbled for an incomplete feed."""
        before = _mark(since)
        self._offered = _whole(before.get("every"))
        answer = self.http.send("GET", self._url, headers=_conditions(before), read=LISTING, most=LARGEST_BYTES)
        if answer.status == 304 and since is not None:
            return None
        if answer.status != 200:
            raise error_of(answer) if answer.status >= 400 else Garbled(_NO_FEED)
        digest = hashlib.sha256(answer.body).hexdigest()
        if before.get("hash") == digest:
            return None
        feed = split(answer.body)
        if feed is None:
            raise Garbled(_NO_FEED)
        self._offered = feed.every or _max_age(answer.headers.get("Cache-Control", ""))
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        mark = {"hash": digest, "etag": etag, "modified": modified, "every": self._offered}
        return Cursor(KIND, json.dumps(mark, sort_keys=True), QUERY), feed

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`. Events that take time are busy time and nobody's booking; the others are left out."""
        reading = self._ics.read(ref, payload, window)
        busy = tuple(
            replace(event, private=True)
            for event in reading.events
            if not event.transparent and event.status is not Status.CANCELLED
        )
        return replace(reading, events=busy, blocked="feed")

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`."""
        return self._ics.over(payload, before)

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """Refused: a feed takes no writes."""
        return _READ_ONLY

    def add(self, event: AddEvent) -> EditResult:
        """Refused, as `apply`."""
        return _READ_ONLY

    def remove(self, ref: str, version: str | None) -> EditResult:
        """Refused, as `apply`."""
        return _READ_ONLY

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """Refused, as `apply`."""
        return _READ_ONLY

    def try_writing(self) -> str | None:
        """See `Calendar.try_writing`: there is nothing to find out."""
        return None

    @property
    def read_only_why(self) -> str:
        """See `Restricted`."""
        return READ_ONLY_WHY

    def probe(self) -> Probe:
        """See `Calendar.probe`."""
        found = self._asked(None)
        assert found is not None
        feed = found[1]
        mark = json.loads(found[0].value)
        lines = (
            "Flux en lecture seule : son temps compte comme occupé, rien n'y est contrôlé ni écrit.",
            f"Événements trouvés : {len(feed.events)}.",
            _CONDITIONAL if mark["etag"] or mark["modified"] else _WHOLE,
        )
        return Probe(feed.name or urlsplit(self._url).hostname or "Flux", False, KIND, lines)


def _resource(ref: str, payload: bytes) -> Resource:
    """The version is the hash of the meaning, since many feeds stamp every event anew at each download."""
    digest = hashlib.sha256(_STAMP.sub(b"", payload)).hexdigest()
    return Resource(ref, f'"{digest[:32]}"', payload)


def _max_age(said: str) -> int | None:
    """How long the server calls its answer fresh, in seconds (RFC 9111 5.2.2.1); None if it does not say."""
    found = re.search(r"(?:^|[\s,])max-age=\"?(\d{1,9})", said.casefold())
    return int(found[1]) or None if found else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _mark(cursor: Cursor | None) -> dict[str, Any]:
    try:
        found = json.loads(cursor.value) if cursor else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _conditions(mark: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a conditional request, with the feed's own validators verbatim (RFC 9110 13.1)."""
    names = (("If-None-Match", "etag"), ("If-Modified-Since", "modified"))
    return {header: str(mark[name]) for header, name in names if mark.get(name)}


_NO_FEED = "À cette adresse il n'y a pas de flux d'agenda complet (.ics) : ouvrez-la dans un navigateur pour voir."
_CONDITIONAL = "Le flux dit s'il a changé : un passage sans changement ne le relit pas."
_WHOLE = "Le flux ne dit pas s'il a changé : il est relu en entier à chaque passage."
