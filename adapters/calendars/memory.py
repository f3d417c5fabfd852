"""A calendar in memory: the reference implementation of `Calendar`, for tests, benchmarks and dry runs.

It behaves as a good CalDAV server: strong versions, a sync token for each state, tombstones, conditional writes. `put`
and `delete` are the other person's client; `fail_next`, `lose_answer_of_next_write` and `expire_tokens` plant failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from adapters.base import (
    READ_ONLY_WHY,
    Conflict,
    Cursor,
    CursorLost,
    Edit,
    EditResult,
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
from adapters.calendars.ical.resource import Ics
from rules.model import AddEvent, alike

PAGE = 500
KIND, QUERY = "memory", "1"
_MOMENT: Window = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
_READ_ONLY = Refused("Cet agenda est en lecture seule.")
_UNSAFE = Refused("Cet événement ne peut pas être complété sans risque.")


class MemoryCalendar:
    """One calendar. `calls` counts calls by method, `writes` what it stored or deleted for us."""

    def __init__(
        self, address: str, zone: ZoneInfo, secret: bytes, *, name: str = "Agenda", read_only: bool = False
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.writes = 0
        self._address, self._name, self._read_only = address, name, read_only
        self._ics = Ics(zone, secret, address)
        self._held: dict[str, Resource] = {}
        self._history: list[str] = []  # the refs that changed, in order: a token is an index into it
        self._oldest = 0
        self._life = uuid4().hex  # tokens of a calendar that was deleted and created again are unknown
        self._errors: list[OutsideError] = []
        self._answers: list[EditResult] = []
        self._losing = False

    @property
    def address(self) -> str:
        """The name it was given."""
        return self._address

    # --- the other client, and misfortune ----------------------------------------------------------------------------

    def put(self, ref: str, payload: bytes) -> str:
        """Somebody else saves, unconditionally. Returns the new version, also for the same bytes."""
        self._history.append(ref)
        version = f'"{len(self._history)}"'
        self._held[ref] = Resource(ref, version, payload)
        return version

    def delete(self, ref: str) -> None:
        """Somebody else deletes. Raises KeyError if there is nothing."""
        del self._held[ref]
        self._history.append(ref)

    def expire_tokens(self) -> None:
        """All cursors given so far become unknown."""
        self._oldest = len(self._history) + 1
        self._history.append("")

    def fail_next(self, fault: OutsideError | EditResult, times: int = 1) -> None:
        """The next calls raise that error; an `EditResult` is the result of the next writes, which store nothing."""
        if isinstance(fault, OutsideError):
            self._errors += [fault] * times
        else:
            self._answers += [fault] * times

    def lose_answer_of_next_write(self) -> None:
        """The next write stores and returns `Unknown`."""
        self._losing = True

    # --- what changed ------------------------------------------------------------------------------------------------

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """See `Calendar.changes`. A cursor of another kind or query is ignored: everything is listed."""
        self._called("changes")
        if cursor is None or (cursor.kind, cursor.query) != (KIND, QUERY):
            held = known.whole()
            absent = tuple(ref for ref in held if ref not in self._held)
            yield from self._pages(list(self._held), held, Page(absent=absent, cursor=self._cursor(), full=True))
            return
        changed = list(dict.fromkeys(self._history[self._place(cursor) :]))
        gone = tuple(ref for ref in changed if ref and ref not in self._held)
        there = [ref for ref in changed if ref in self._held]
        yield from self._pages(there, known.named(there) if there else {}, Page(gone=gone, cursor=self._cursor()))

    def _cursor(self) -> Cursor:
        return Cursor(KIND, f"{self._life}-{len(self._history)}", QUERY)

    def _place(self, cursor: Cursor) -> int:
        life, _, number = cursor.value.partition("-")
        place = int(number) if life == self._life and number.isdecimal() else -1
        if not self._oldest <= place <= len(self._history):
            raise CursorLost("Le repère de synchronisation n'est plus connu de l'agenda.")
        return place

    def _pages(self, refs: Sequence[str], known: Mapping[str, str | None], last: Page) -> Iterator[Page]:
        """The bodies whose version differs from the known one, in pages; the last page has the rest of `last`."""
        wanted = [self._held[ref] for ref in refs if known.get(ref) != self._held[ref].version]
        while len(wanted) > PAGE:
            yield Page(tuple(wanted[:PAGE]), full=last.full)
            del wanted[:PAGE]
        yield Page(tuple(wanted), last.gone, last.absent, cursor=last.cursor, full=last.full)

    def get(self, ref: str) -> Resource | None:
        """See `Calendar.get`."""
        self._called("get")
        return self._held.get(ref)

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`."""
        return self._ics.read(ref, payload, window)

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`."""
        return self._ics.over(payload, before)

    # --- writing -----------------------------------------------------------------------------------------------------

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """See `Calendar.apply`. Without a stored version, by the meaning that the rules saw."""
        planted = self._writing("apply")
        if planted is not None:
            return planted
        now = self._held.get(ref)
        if now is None:
            return Conflict(gone=True)
        reading = self._ics.read(ref, now.payload, _MOMENT)
        if not self._is_what_was_seen(ref, version, now, reading, edit):
            return Conflict()
        if alike(reading.annotation, edit.annotation) and edit.end is None and not reading.foreign_block:
            return Written(now)
        payload = None if reading.blocked else self._spliced(ref, now, edit)
        return _UNSAFE if payload is None else self._store(ref, payload)

    def _spliced(self, ref: str, now: Resource, edit: Edit) -> bytes | None:
        return self._ics.splice(ref, now.payload, edit.annotation, edit.end, edit.start)

    def _is_what_was_seen(self, ref: str, version: str | None, now: Resource, reading: Reading, edit: Edit) -> bool:
        if version is not None:
            return version == now.version
        return self._ics.read(ref, edit.origin, _MOMENT).semantic == reading.semantic

    def add(self, event: AddEvent) -> EditResult:
        """See `Calendar.add`."""
        from adapters.calendars.ical.own_event import own_event

        planted = self._writing("add")
        if planted is not None:
            return planted
        ref = f"{event.uid}.ics"
        there = self._held.get(ref)
        return Written(there) if there else self._store(ref, own_event(event))

    def remove(self, ref: str, version: str | None) -> EditResult:
        """See `Calendar.remove`."""
        planted = self._writing("remove")
        if planted is not None:
            return planted
        now = self._held.get(ref)
        if now is None or now.version != version:
            return Conflict(gone=now is None)
        self.delete(ref)
        return self._answer(Resource(ref, None, b""))

    def _store(self, ref: str, payload: bytes) -> EditResult:
        self.put(ref, payload)
        return self._answer(self._held[ref])

    def _answer(self, stored: Resource) -> EditResult:
        self.writes += 1
        lost, self._losing = self._losing, False
        return Unknown() if lost else Written(stored)

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """See `Calendar.own`."""
        from adapters.calendars.ical.own_event import own_event

        if event is None:
            return self.remove(ref, version)
        planted = self._writing("own")
        if planted is not None:
            return planted
        now = self._held.get(ref)
        if now is None or now.version != version:
            return Conflict(gone=now is None)
        return self._store(ref, own_event(event))

    def try_writing(self) -> str | None:
        """See `Calendar.try_writing`: there is nothing to find out."""
        return None

    @property
    def read_only_why(self) -> str:
        """See `Restricted`."""
        return READ_ONLY_WHY if self._read_only else ""

    def probe(self) -> Probe:
        """See `Calendar.probe`."""
        self._called("probe")
        return Probe(self._name, not self._read_only, KIND, ("Agenda en mémoire.",))

    # --- what was asked, and what was planted ------------------------------------------------------------------------

    def _called(self, method: str) -> None:
        self.calls[method] += 1
        if self._errors:
            raise self._errors.pop(0)

    def _writing(self, method: str) -> EditResult | None:
        """The planted result of a write; None if there is none."""
        self._called(method)
        if self._answers:
            return self._answers.pop(0)
        return _READ_ONLY if self._read_only else None
