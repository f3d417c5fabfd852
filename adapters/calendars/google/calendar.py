"""Google calendars behind the `Calendar` protocol: changes, bodies, conditional writes.

A series is one resource under its id, with its exceptions inside. Google lists exceptions apart, so a change that names
one is answered by reading its series. Events are requested as series, never as the instances of a time range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.base import (
    READ_ONLY_WHY,
    Conflict,
    Cursor,
    CursorLost,
    Denied,
    Edit,
    EditResult,
    Garbled,
    Known,
    OutsideError,
    Page,
    Probe,
    Reading,
    Refused,
    Resource,
    Unknown,
    Window,
    Written,
)
from adapters.calendars.google import batch, patch, words
from adapters.calendars.google.api import ApiError, GoogleAccess, Json, Lost
from adapters.calendars.google.payload import EVENT, Events, assembled, etag_of, orphans, parsed, resource, version_of
from rules.model import AddEvent, alike

KIND = "google"
PAGE = 2500
MOST_PAGES = 4  # of the instances of one series, which may be endless
LIST = f"nextPageToken,nextSyncToken,summary,accessRole,items({EVENT})"
_QUESTION: Json = {"singleEvents": False, "showDeleted": True}
QUERY = hashlib.sha256(f"1 {_QUESTION} {LIST}".encode()).hexdigest()[:12]  # of the cursor (hard case A07)
_SILENT: Json = {"sendUpdates": "none"}
_MOMENT: Window = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))


class GoogleCalendar:
    """One calendar. Its role is the one that Google last said; with the role of a reader it is never written to."""

    def __init__(
        self, access: GoogleAccess, calendar_id: str, *, zone: ZoneInfo, secret: bytes, read_only: bool = False
    ) -> None:
        self._access, self._id, self._zone, self._read_only = access, calendar_id, zone, read_only
        self._role = ""
        self._events = Events(zone, secret, self.address)

    @property
    def address(self) -> str:
        """`google:` and the calendar's id."""
        return f"google:{self._id}"

    # --- what changed ------------------------------------------------------------------------------------------------

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """See `Calendar.changes`. A cursor of another query is not sent: everything is listed (hard case A07)."""
        if cursor and (cursor.kind, cursor.query) == (KIND, QUERY) and cursor.value:
            yield from self._delta(cursor.value, known)
        else:
            yield from self._everything(known)

    def _delta(self, token: str, known: Known) -> Iterator[Page]:
        done: set[str] = set()
        for items, cursor in self._lists(token):
            found, gone = self._named(items, done)
            held = known.named({*gone, *(one.ref for one in found)}) if found or gone else {}
            fresh = tuple(one for one in found if one.version is None or held.get(one.ref) != one.version)
            yield Page(fresh, tuple(dict.fromkeys(ref for ref in gone if ref in held)), cursor=cursor)

    def _named(self, items: Sequence[Json], done: set[str]) -> tuple[list[Resource], list[str]]:
        """(resources, ids of deleted events) of a page of changes. A series is read once, however many of its instances
        are named."""
        found, gone = [], []
        series: dict[str, list[Json]] = {}
        for item in items:
            master = item.get("recurringEventId")
            if _cancelled(item):
                gone.append(str(item["id"]))
            if master or (item.get("recurrence") and not _cancelled(item)):
                series.setdefault(str(master or item["id"]), []).append(item)
            elif not _cancelled(item):
                found.append(resource(item))
        for ref, named in series.items():
            if ref not in done and ref not in gone:
                done.add(ref)
                whole = self._series(ref, next((item for item in named if item["id"] == ref), None))
                found += [whole] if whole else orphans(named)
                gone += [] if whole else [ref]
        return found, gone

    def _everything(self, known: Known) -> Iterator[Page]:
        """List the whole calendar. Series come with the last page, as their exceptions may be on any page."""
        held, seen, gone = known.whole(), set[str](), list[str]()
        masters: dict[str, Json] = {}
        exceptions: dict[str, list[Json]] = {}
        for items, cursor in self._lists(None):
            found = []
            for item in items:
                if item.get("recurringEventId"):
                    exceptions.setdefault(str(item["recurringEventId"]), []).append(item)
                elif _cancelled(item):
                    gone.append(str(item["id"]))
                elif item.get("recurrence"):
                    masters[str(item["id"])] = item
                else:
                    found.append(resource(item))
            if cursor is not None:
                found += assembled(masters, exceptions)
            seen |= {one.ref for one in found}
            fresh = tuple(one for one in found if one.version is None or held.get(one.ref) != one.version)
            if cursor is None:
                yield Page(fresh, full=True)
                continue
            dead = tuple(ref for ref in dict.fromkeys(gone) if ref in held and ref not in seen)
            absent = tuple(ref for ref in held if ref not in seen and ref not in dead)
            yield Page(fresh, dead, absent, cursor=cursor, full=True)

    def _lists(self, token: str | None) -> Iterator[tuple[list[Json], Cursor | None]]:
        """The pages of one query; the cursor comes with the last (hard cases A06, B14)."""
        page = None
        while True:
            answer = self._list(token, page)
            items, after = answer.get("items", []), answer.get("nextPageToken")
            if not after:
                if not answer.get("nextSyncToken"):
                    raise Garbled("Google a répondu sans donner de repère de synchronisation.")
                yield items, Cursor(KIND, answer["nextSyncToken"], QUERY)
                return
            if after == page:
                raise Garbled("Google a coupé sa réponse sans donner la suite.")
            yield items, None
            page = after

    def _list(self, token: str | None, page: str | None) -> Json:
        request = self._access.events.list(
            calendarId=self._id, syncToken=token, pageToken=page, maxResults=PAGE, fields=LIST, **_QUESTION
        )
        try:
            answer = self._access.ask(request)
        except ApiError as error:
            if error.status == 410 or (error.status == 400 and token):
                raise CursorLost("Le repère de synchronisation n'est plus connu de Google.") from None
            raise error.outside() from None
        self._admit(answer)
        return answer

    def _admit(self, answer: Json) -> None:
        self._role = str(answer.get("accessRole", ""))
        if self._role == "freeBusyReader":
            raise Denied(words.BUSY_ONLY)

    # --- bodies ------------------------------------------------------------------------------------------------------

    def get(self, ref: str) -> Resource | None:
        """See `Calendar.get`. A cancelled event is gone; an exception is part of its series."""
        item = self._event(ref)
        if item is None:
            return None
        if item.get("recurrence"):
            return self._series(ref, item)
        if item.get("recurringEventId") and self._event(str(item["recurringEventId"])) is not None:
            return None
        return resource(item)

    def get_all(self, refs: Sequence[str]) -> Mapping[str, Resource | None]:
        """See `Gathering.get_all`."""
        return batch.settled(self._access, self._id, refs, self._must_be_there)

    def _event(self, ref: str) -> Json | None:
        """The event; None if Google says that it is deleted, or unknown in an existing calendar (hard case A18)."""
        try:
            item = self._raw(ref)
        except ApiError as error:
            if error.status == 410:
                return None
            if error.status == 404:
                self._must_be_there()
                return None
            raise error.outside() from None
        return None if _cancelled(item) else item

    def _raw(self, ref: str) -> Json:
        return self._access.ask(self._access.events.get(calendarId=self._id, eventId=ref, fields=EVENT))

    def _must_be_there(self) -> Json:
        """The calendar's properties. Raises NotThere if it is gone or no longer shared."""
        request = self._access.events.list(calendarId=self._id, maxResults=1, fields="summary,accessRole")
        try:
            answer = self._access.ask(request)
        except ApiError as error:
            raise error.outside() from None
        self._admit(answer)
        return answer

    def _series(self, ref: str, master: Json | None) -> Resource | None:
        master = master or self._event(ref)
        if master is None or not master.get("recurrence"):
            return resource(master) if master else None
        try:
            return resource(master, self._instances(ref, master))
        except ApiError as error:
            if error.status in {404, 410}:
                return None  # deleted between two requests: the next changes name it
            raise error.outside() from None

    def _instances(self, ref: str, master: Json) -> Iterator[Json]:
        """The series' instances that Google stores separately; `resource` leaves out those equal to the series."""
        page = None
        for _ in range(MOST_PAGES):
            request = self._access.events.instances(
                calendarId=self._id, eventId=ref, showDeleted=True, maxResults=PAGE, pageToken=page,
                fields=f"nextPageToken,items({EVENT})",
            )  # fmt: skip
            answer = self._access.ask(request)
            yield from answer.get("items", [])
            page = answer.get("nextPageToken")
            if not page:
                return

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`."""
        return self._events.read(ref, payload, window)

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`."""
        return self._events.over(payload, before)

    # --- writing -----------------------------------------------------------------------------------------------------

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """See `Calendar.apply`. The stored payload has the event's version, so one conditional patch is enough."""
        if not self._may_write():
            return words.READ_ONLY
        seen = version is not None and version_of(edit.origin) == version
        now = Resource(ref, version, edit.origin) if seen else self.get(ref)
        if now is None:
            return Conflict(gone=True)
        reading = self.read(ref, now.payload, _MOMENT)
        if self._moved_on(ref, version, now, reading, edit):
            return Conflict()
        if alike(reading.annotation, edit.annotation) and edit.end is None and not reading.foreign_block:
            return Written(now)
        if reading.blocked or reading.problem == "event-unreadable":
            return Refused(words.BLOCKED.get(reading.blocked, words.UNSAFE))
        return self._patched(now, edit)

    def _moved_on(self, ref: str, version: str | None, now: Resource, reading: Reading, edit: Edit) -> bool:
        """Whether the user was faster. Without a stored version, by the meaning that the rules saw."""
        if version is not None:
            return now.version != version
        return self.read(ref, edit.origin, _MOMENT).semantic != reading.semantic

    def _patched(self, now: Resource, edit: Edit) -> EditResult:
        master, exceptions = parsed(now.payload)
        body = patch.changes(master, edit.annotation, self._events.token(now.ref, master))
        if edit.end is not None:
            times = patch.new_times(master, edit.end, self._zone, edit.start)
            if times is None:
                return Refused(words.UNSAFE)
            body |= times
        if not now.version:
            return Refused("Google n'a pas donné de version de cet événement : rien n'y est écrit.")
        return self._written(self._patch(now.ref, body), now.ref, etag_of(now.version), exceptions)

    def _patch(self, ref: str, body: Json) -> Any:
        return self._access.events.patch(
            calendarId=self._id, eventId=ref, body=body, conferenceDataVersion=0, fields=EVENT, **_SILENT
        )

    def add(self, event: AddEvent) -> EditResult:
        """See `Calendar.add`. The id of a deleted event cannot be used again: that event is restored instead."""
        if not self._may_write():
            return words.READ_ONLY
        body = patch.own_event(event, self._zone)
        request = self._access.events.insert(
            calendarId=self._id, body=body, conferenceDataVersion=0, fields=EVENT, **_SILENT
        )
        try:
            return Written(resource(self._access.write(request)))
        except ApiError as error:
            if error.status == 409:
                return self._again(body)
            return self._failed(error, str(body["id"]))
        except Lost:
            return Unknown()

    def _again(self, body: Json) -> EditResult:
        """The event of that id: unchanged if it exists, else restored with this body."""
        ref = str(body["id"])
        try:
            there = self._raw(ref)
        except ApiError as error:
            raise error.outside() from None
        if not _cancelled(there):
            return Written(resource(there))
        back = {name: value for name, value in body.items() if name != "id"} | {"status": "confirmed"}
        return self._written(self._patch(ref, back), ref, str(there.get("etag", "")), ())

    def remove(self, ref: str, version: str | None) -> EditResult:
        """See `Calendar.remove`."""
        if not self._may_write():
            return words.READ_ONLY
        if not version:
            return Refused("Google n'a pas donné de version de cet événement : rien n'y est supprimé.")
        request = self._access.events.delete(calendarId=self._id, eventId=ref, **_SILENT)
        try:
            self._access.write(request, etag_of(version))
        except ApiError as error:
            return self._failed(error, ref)
        except Lost:
            return Unknown()
        return Written(Resource(ref, None, b""))

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """See `Calendar.own`. Google's versions are strong."""
        if event is None:
            return self.remove(ref, version)
        if not version or not self._may_write():
            return words.READ_ONLY
        body = {name: value for name, value in patch.own_event(event, self._zone).items() if name != "id"}
        return self._written(self._patch(ref, body), ref, etag_of(version), ())

    def _written(self, request: Any, ref: str, etag: str, exceptions: Sequence[Json]) -> EditResult:
        try:
            return Written(resource(self._access.write(request, etag), exceptions))
        except ApiError as error:
            return self._failed(error, ref)
        except Lost:
            return Unknown()

    def _failed(self, error: ApiError, ref: str) -> EditResult:
        """The result of a refused change. Raises errors about the account or the whole calendar."""
        if error.passing or error.account:
            raise error.outside()
        if error.status in {409, 412}:
            return Conflict(gone=self._is_gone(ref))
        if error.status == 404:
            self._must_be_there()
            return Conflict(gone=True)
        if error.status == 410:
            return Conflict(gone=True)
        if error.status >= 500:
            return Unknown()
        return Refused(
            words.NOT_ALLOWED if error.status == 403 else f"Google refuse l'écriture ({error.status}).",
            whole=error.status == 403,
        )

    def _is_gone(self, ref: str) -> bool:
        try:
            return self._event(ref) is None
        except OutsideError:
            return False

    def _may_write(self) -> bool:
        return not self._read_only and self._role != "reader"

    # --- what it offers ----------------------------------------------------------------------------------------------

    def try_writing(self) -> str | None:
        """See `Calendar.try_writing`: Google's conditional writes need no test."""
        return None

    @property
    def read_only_why(self) -> str:
        """See `Restricted`."""
        return "" if self._may_write() else READ_ONLY_WHY

    def probe(self) -> Probe:
        """See `Calendar.probe`."""
        answer = self._must_be_there()
        lines = (
            words.ASKED_READ_ONLY if self._read_only else words.ROLES.get(self._role, words.ROLES["writer"]),
            *words.LINES,
        )
        return Probe(str(answer.get("summary") or self._id), self._may_write(), KIND, lines)


def _cancelled(item: Json) -> bool:
    return bool(item.get("status") == "cancelled")
