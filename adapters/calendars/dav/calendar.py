"""CalDAV calendars (RFC 4791, 6578) behind the `Calendar` protocol: changes, bodies, conditional writes.

The caldav library logs in and finds calendars by name; it is imported only for that. Reports are written and read here,
so that a pass costs no more than one listing and a few batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from adapters.base import (
    READ_ONLY_WHY,
    Conflict,
    Cursor,
    Denied,
    Edit,
    EditResult,
    Garbled,
    Known,
    NotThere,
    OutsideError,
    Page,
    Probe,
    Reading,
    Refused,
    Resource,
    TryLater,
    Unknown,
    Window,
    Written,
)
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.errors import failure, lost, no_sync, strong
from adapters.calendars.dav.multistatus import DAV, Member, ends_in_slash, segments
from adapters.calendars.dav.probe import probe
from adapters.http import LISTING, Answer, Http, error_of
from rules.model import AddEvent, alike

if TYPE_CHECKING:
    from adapters.calendars.dav.bodies import Bodies
    from adapters.calendars.dav.repeated_versions import Repeating
    from adapters.calendars.ical.resource import Ics

BATCH = 500  # bodies in a multiget; measured: real servers are fastest there, and it is below their limits
QUERY = "1"  # raise it if the query changes: older cursors are then not sent
SYNC, CTAG, ETAGS = "sync", "ctag", "etags"
_MOMENT: Window = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_ICS = {"Content-Type": "text/calendar; charset=utf-8"}
_PLAIN = {"Accept-Encoding": "identity"}  # proxies that compress add "-gzip" to the ETag (hard case C20)


class DavCalendar:
    """One calendar collection. With `name`, `url` is the server's and the calendar is looked up at first use."""

    def __init__(
        self, access: DavAccess, url: str, *, name: str | None = None, zone: ZoneInfo, secret: bytes,
        read_only: bool = False,
    ) -> None:  # fmt: skip
        self._access, self._name, self._read_only = access, name, read_only
        self._given = url if url.endswith("/") else f"{url}/"
        self._doubted = False
        self._zone, self._secret = zone, secret

    def doubt(self) -> None:
        """The sync token hid a change (hard case A14): the next answer is a listing, and from then on the ctag is
        followed."""
        self._doubted = True

    @property
    def address(self) -> str:
        """The calendar's URL; with `name`, the server's URL and the name."""
        return f"{self._given}#{self._name}" if self._name else self._given

    @cached_property
    def _own(self) -> tuple[str, ...]:
        return segments(self.url)

    @cached_property
    def url(self) -> str:
        """The collection's URL, with a trailing slash."""
        if not self._name:
            return self._given
        found = self._access.find(self._name)
        return found.address if found.address.endswith("/") else f"{found.address}/"

    @cached_property
    def _ics(self) -> Ics:
        from adapters.calendars.ical.resource import Ics  # imported here: most passes find no change

        return Ics(self._zone, self._secret, self.address)

    @cached_property
    def _versions(self) -> Repeating:
        from adapters.calendars.dav.repeated_versions import Repeating  # imported here: most passes find no change

        return Repeating()

    @cached_property
    def _bodies(self) -> Bodies:
        from adapters.calendars.dav.bodies import Bodies

        return Bodies(self._report, self._path, self._ref, self.get)

    @property
    def _http(self) -> Http:
        return self._access.http

    # --- what changed ------------------------------------------------------------------------------------------------

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """See `Calendar.changes`. A cursor of another query is not sent: the calendar is listed whole (hard case
        A07)."""
        kind = cursor.kind if cursor and (cursor.query == QUERY or cursor.kind == ETAGS) else None
        if self._doubted:
            self._doubted = False
            yield from self._everything(known, try_sync=False)
        elif cursor and kind == SYNC:
            yield from self._delta(cursor, known)
        elif cursor and kind == CTAG and self._ctag() == cursor.value:
            yield Page(cursor=cursor)
        else:
            yield from self._everything(known, try_sync=kind not in {CTAG, ETAGS}, moved=kind == CTAG)

    def _delta(self, cursor: Cursor, known: Known) -> Iterator[Page]:
        members, token = self._follow(cursor.value)
        last = {ref: member for member in members if (ref := self._ref(member))}  # if it comes twice, the last counts
        named = list(last.items())
        gone = tuple(ref for ref, member in named if member.status in {404, 410})
        changed = {ref: member.etag for ref, member in named if member.status < 300}
        held = known.named(changed) if changed else {}
        wanted = [ref for ref, etag in changed.items() if etag is None or held.get(ref) != etag]
        wanted += self._versions.made_anew(changed, held, known, cursor.value, token)
        odd = tuple(ref for ref, member in named if member.status >= 300 and ref not in gone)
        yield from self._pages(wanted, Page(gone=gone, owed=odd, cursor=Cursor(SYNC, token, QUERY)))

    def _follow(self, token: str) -> tuple[list[Member], str]:
        """All members changed since that token. A truncated answer (507 on the collection) is continued until its end
        (hard case B01)."""
        members: list[Member] = []
        while True:
            answer = self._report(multistatus.sync_collection(token), read=LISTING)
            if answer.status != 207:
                raise lost(answer) if token or no_sync(answer) else error_of(answer)
            found = multistatus.read(answer.body)
            if not found.token:
                raise Garbled("L'agenda a répondu sans donner de repère de synchronisation.")
            members += found.members
            cut = any(m.status == 507 and self._is_self(m.href) for m in found.members)
            if not cut:
                return members, found.token
            if found.token == token:  # no progress: what it did not show is not absent (hard case B02)
                raise Garbled("L'agenda a coupé sa réponse sans donner la suite.")
            token = found.token

    def _everything(self, known: Known, *, try_sync: bool, moved: bool = False) -> Iterator[Page]:
        """List the whole calendar, and fetch only what differs from `known`; what the listing lacks is absent. `moved`:
        the ctag says that something changed, whatever the versions say."""
        wanted, last = self._compared(known, try_sync=try_sync, moved=moved)  # frees the listing
        yield from self._pages(wanted, last)

    def _compared(self, known: Known, *, try_sync: bool, moved: bool) -> tuple[list[str], Page]:
        """The refs to be fetched, and a page with the rest of what a listing says."""
        listing, cursor = self._listing(try_sync=try_sync)
        if not listing or all(self._is_self(m.href) for m in listing):
            self._must_be_calendar()
        listed = {ref: m.etag for m in listing if m.status < 300 and (ref := self._ref(m)) and _is_event(m)}
        if cursor.kind == CTAG and any(etag is None for etag in listed.values()):
            cursor = Cursor(ETAGS, "", QUERY)  # without ETags, an equal ctag would hide changes (hard case B11)
        held = known.whole()
        wanted = [ref for ref, etag in listed.items() if etag is None or held.get(ref) != etag]
        if moved:
            from adapters.calendars.dav.repeated_versions import repeated

            wanted += repeated(listed, held, known.whole)[:BATCH]
        absent = tuple(ref for ref in held if ref not in listed)
        return wanted, Page(absent=absent, cursor=cursor, full=True)

    def _listing(self, *, try_sync: bool) -> tuple[Sequence[Member], Cursor]:
        if try_sync:
            try:
                members, token = self._follow("")
            except (Denied, NotThere, TryLater):
                raise
            except OutsideError:
                pass  # sync-collection is missing or broken here: list the calendar
            else:
                return members, Cursor(SYNC, token, QUERY)
        names = ("d:getetag", "d:getcontenttype", "d:resourcetype", "s:getctag")
        answer = self._propfind(self.url, "1", *names, read=LISTING)
        listed = multistatus.read(answer.body).members
        own = next((m for m in listed if self._is_self(m.href)), None)
        ctag = own.text(f"{multistatus.CS}getctag") if own else None
        return listed, Cursor(CTAG, ctag, QUERY) if ctag else Cursor(ETAGS, "", QUERY)

    def _must_be_calendar(self) -> None:
        """Check the address after an empty listing: some servers list any collection without an error."""
        from adapters.calendars.dav.probe import collection

        collection(self._http, self.url)

    def _ctag(self) -> str | None:
        answer = self._propfind(self.url, "0", "s:getctag")
        members = multistatus.read(answer.body).members
        return members[0].text(f"{multistatus.CS}getctag") if members else None

    # --- bodies ------------------------------------------------------------------------------------------------------

    def _pages(self, wanted: Sequence[str], last: Page) -> Iterator[Page]:
        """One page for each batch; the last one also has the absent refs and the cursor."""
        batches = [wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)] or [()]
        for number, batch in enumerate(batches, start=1):
            found, gone = self._bodies.of(batch) if batch else ({}, ())
            owed = tuple(ref for ref in batch if ref not in found and ref not in gone)
            page = Page(tuple(found.values()), gone, owed=owed, full=last.full)
            if number < len(batches):
                yield page
                continue
            yield Page(
                page.resources, (*last.gone, *gone), last.absent, (*last.owed, *owed), cursor=last.cursor,
                full=last.full,
            )  # fmt: skip

    def get(self, ref: str) -> Resource | None:
        """See `Calendar.get`."""
        answer = self._http.send("GET", self._at(ref), headers=_PLAIN)
        if answer.status in {404, 410}:
            return None
        if answer.status != 200:
            raise error_of(answer)
        if not answer.body.strip():
            return Resource(ref, None, b"")  # stored as an unreadable event, so that the calendar goes on
        if b"BEGIN:VCALENDAR" not in answer.body.upper():
            raise Garbled("Le serveur a répondu autre chose qu'un événement.")
        return Resource(ref, answer.headers.get("ETag"), answer.body)

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`."""
        return self._ics.read(ref, payload, window)

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`."""
        return self._ics.over(payload, before)

    # --- writing -----------------------------------------------------------------------------------------------------

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """See `Calendar.apply`. The event is read again first, so that our part is spliced into its present bytes."""
        if self._read_only:
            return _READ_ONLY
        now = self.get(ref)
        if now is None:
            return Conflict(gone=True)
        reading = self._ics.read(ref, now.payload, _MOMENT)
        if self._moved_on(ref, version, now, reading, edit):
            return Conflict()
        if alike(reading.annotation, edit.annotation) and edit.end is None and not reading.foreign_block:
            return Written(now)
        payload = None if reading.blocked else self._ics.splice(ref, now.payload, edit.annotation, edit.end, edit.start)
        if payload is None:
            return Refused(_BLOCKED.get(reading.blocked, "Cet événement ne peut pas être complété sans risque."))
        return self._put(ref, now.version, payload)

    def _moved_on(self, ref: str, version: str | None, now: Resource, reading: Reading, edit: Edit) -> bool:
        """Whether the user was faster. Without a stored version, by the meaning that the rules saw."""
        if version is not None:
            return now.version != version
        return self._ics.read(ref, edit.origin, _MOMENT).semantic != reading.semantic

    def _put(self, ref: str, version: str | None, payload: bytes) -> EditResult:
        if not strong(version):
            return Refused("Ce serveur ne donne pas de version sûre : rien n'y est écrit.")
        assert version is not None
        try:
            answer = self._http.send("PUT", self._at(ref), payload, {**_ICS, "If-Match": version})
        except TryLater:
            return Unknown()
        return self._stored(ref, answer, payload) if answer.status < 300 else failure(answer)

    def _stored(self, ref: str, answer: Answer, payload: bytes) -> EditResult:
        etag = answer.headers.get("ETag")
        if strong(etag):
            return Written(Resource(ref, etag, payload))
        try:
            now = self.get(ref)  # a server that changed the body on storing it sends no strong ETag (RFC 4791 5.3.4)
        except OutsideError:
            now = None
        return Written(now if now and strong(now.version) else Resource(ref, None, payload))

    def add(self, event: AddEvent) -> EditResult:
        """See `Calendar.add`. It reads first, because some servers overwrite despite `If-None-Match: *`."""
        from adapters.calendars.ical.own_event import own_event

        if self._read_only:
            return _READ_ONLY
        ref = f"{event.uid}.ics"
        there = self.get(ref)
        if there is not None:
            return Written(there)
        payload = own_event(event)
        try:
            answer = self._http.send("PUT", self._at(ref), payload, {**_ICS, "If-None-Match": "*"})
        except TryLater:
            return Unknown()
        return self._stored(ref, answer, payload) if answer.status < 300 else failure(answer)

    def remove(self, ref: str, version: str | None) -> EditResult:
        """See `Calendar.remove`."""
        if self._read_only:
            return _READ_ONLY
        if not strong(version):
            return Refused("Ce serveur ne donne pas de version sûre : rien n'y est supprimé.")
        assert version is not None
        try:
            answer = self._http.send("DELETE", self._at(ref), None, {"If-Match": version})
        except TryLater:
            return Unknown()
        return Written(Resource(ref, None, b"")) if answer.status < 300 else failure(answer)

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """See `Calendar.own`."""
        from adapters.calendars.ical.own_event import own_event

        if self._read_only:
            return _READ_ONLY
        if not strong(version):
            now = self.get(ref)
            if now is None or now.version != version:
                return Conflict(gone=now is None)
        condition = {"If-Match": version} if version and strong(version) else {}
        payload = own_event(event) if event else None
        verb, headers = ("PUT", _ICS) if payload else ("DELETE", {})
        try:
            answer = self._http.send(verb, self._at(ref), payload, {**headers, **condition})
        except TryLater:
            return Unknown()
        if answer.status >= 300:
            return failure(answer)
        return self._stored(ref, answer, payload) if payload else Written(Resource(ref, None, b""))

    def try_writing(self) -> str | None:
        """See `Calendar.try_writing`."""
        from adapters.calendars.dav.write_trial import trial

        return None if self._read_only else trial(self._http, self.url, self._ics)

    @property
    def read_only_why(self) -> str:
        """See `Restricted`."""
        return READ_ONLY_WHY if self._read_only else ""

    def probe(self) -> Probe:
        """See `Calendar.probe`."""
        return probe(self._http, self.url, self._name, read_only=self._read_only)

    # --- addresses ---------------------------------------------------------------------------------------------------

    def _report(self, body: bytes, read: float = LISTING) -> Answer:
        return self._http.send("REPORT", self.url, body, {**_XML, "Depth": "1"}, read=read)

    def _propfind(self, url: str, depth: str, *names: str, read: float = 30.0) -> Answer:
        answer = self._http.send("PROPFIND", url, multistatus.propfind(*names), {**_XML, "Depth": depth}, read=read)
        if answer.status != 207:
            raise error_of(answer) if answer.status >= 400 else Garbled(multistatus.NO_CALENDAR)
        return answer

    def _at(self, ref: str) -> str:
        return self.url + quote(ref, safe=_SAFE)

    def _path(self, ref: str) -> str:
        return urlsplit(self.url).path + quote(ref, safe=_SAFE)

    def _is_self(self, href: str) -> bool:
        return segments(href) == self._own

    def _ref(self, member: Member) -> str | None:
        """The decoded last path segment, whatever host or path the server puts before it (hard case B07); None for
        collections."""
        parts = segments(member.href)
        if not parts or parts == self._own or ends_in_slash(member.href):
            return None
        return None if member.holds(f"{DAV}resourcetype", f"{DAV}collection") else parts[-1]


_SAFE = "~!$&'()*+,;=:@"
_READ_ONLY = Refused("Cet agenda est en lecture seule.")
_BLOCKED = {"attendees": "L'événement a des invités : y écrire pourrait leur envoyer un message."}


def _is_event(member: Member) -> bool:
    kind = (member.text(f"{DAV}getcontenttype") or "").casefold().replace(" ", "")
    return "component=vtodo" not in kind and "component=vjournal" not in kind
