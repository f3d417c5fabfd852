"""What changed in one calendar, written to the store: new bodies in the order of their creation, known ones compared,
deletions, absences and what is still to be fetched. Each change marks for evaluation whatever it may concern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters.base import WHOLE, Page, Reading, Resource
from adapters.calendars.ical.detached import stands_alone
from rules.model import Annotation, Kind, alike, first_kind
from sync.core.context import FUTURE, PAST, Source
from sync.core.guard import kept_apart
from sync.plan.event_faults import is_faulty
from sync.store import backlog, bookings, calendars, counters, occurrences, resources, sharing
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.resources import GONE, PRESENT, SUSPECT, ResourceRow

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns

Read = list[tuple[Resource, Reading]]


class Writer:
    """Writes the changes of one calendar to the store, inside one transaction."""

    def __init__(self, tx: Tx, source: Source, row: CalendarRow, now: datetime) -> None:
        self.tx, self.source, self.row, self.now = tx, source, row, now
        self.settled: list[str] = []  # refs of new resources that need no evaluation
        self._unfolding: bool | None = None  # whether stored series are being expanded again; None: not asked yet

    @property
    def baseline(self) -> bool:
        """Whether this is the first pass, whose appointments the patients know already (ruling 7)."""
        return self.row.baseline_at is None

    def page(self, page: Page, read: Read, proven: Sequence[str]) -> None:
        """Store one page, and its cursor if it carries one."""
        self.store(read)
        self.gone(proven)
        self.missed(page.absent)
        self.fetch_later(page.owed)
        if page.cursor is not None:
            calendars.save_cursor(self.tx, self.source.address, WHOLE if self.row.doubted_at else page.cursor)
            if self.baseline:
                calendars.change(self.tx, self.source.address, baseline_at=self.now)

    def store(self, read: Read) -> None:
        """Store bodies: add new ones in the order of their creation, compare known ones."""
        known = resources.find(self.tx, self.source.address, [body.ref for body, _ in read])
        fresh = sorted((pair for pair in read if pair[0].ref not in known), key=_made)
        self._add(fresh)
        for body, reading in read:
            if body.ref in known:
                self._compare(known[body.ref], body, self.source.whole(body, reading))

    def gone(self, refs: Iterable[str]) -> None:
        """Mark these as deleted, and for evaluation."""
        for ref, row in resources.find(self.tx, self.source.address, list(refs)).items():
            if row.state != GONE:
                self._expand_first(row)
                self._wake(ref, row.payload)
                values: ResourceColumns = {"state": GONE, "owed": False, "dirty_at": self.now, "changed_at": self.now}
                resources.change(self.tx, self.source.address, ref, **values)

    def missed(self, refs: Iterable[str]) -> None:
        """Mark as suspects these that a listing lacks, or that one read found gone."""
        for ref, row in resources.find(self.tx, self.source.address, list(refs)).items():
            if row.state == PRESENT:
                resources.change(self.tx, self.source.address, ref, state=SUSPECT, suspect_at=None, owed=False)

    def fetch_later(self, refs: Iterable[str]) -> None:
        """Mark as to be fetched these that were named as changed without a body, so that the cursor may advance."""
        wanted = list(refs)
        known = resources.find(self.tx, self.source.address, wanted)
        for ref in known:
            resources.change(self.tx, self.source.address, ref, owed=True, version=None)
        missing = [ref for ref in wanted if ref not in known]
        numbers = counters.take_numbers(self.tx, "resource", len(missing)) if missing else []
        rows = [self._empty(ref, number) for ref, number in zip(missing, numbers, strict=True)]
        resources.add_all(self.tx, rows)

    def _add(self, fresh: list[tuple[Resource, Reading]]) -> None:
        if not fresh:
            return
        numbers = counters.take_numbers(self.tx, "resource", len(fresh))
        rows, standing = [], []
        for (body, reading), number in zip(fresh, numbers, strict=True):
            found = self._occurrences(body.ref, reading, number)
            known = {"owed": False, "over_at": occurrences.over_at(found)}
            rows.append({**self._empty(body.ref, number), **self._body(body, reading), **known})
            self.settled += [] if rows[-1]["dirty_at"] or rows[-1]["backlog_at"] else [body.ref]
            standing += found
        resources.add_all(self.tx, rows)
        occurrences.add_all(self.tx, standing)
        if not self.baseline:
            for body, _ in fresh:
                self._wake(body.ref, body.payload)

    def _compare(self, row: ResourceRow, body: Resource, reading: Reading) -> None:
        values: ResourceColumns = {"version": body.version, "owed": False, "state": PRESENT, "suspect_at": None}
        if resources.emptied(row) and reading.semantic == row.semantic:
            pass  # an unchanged event of an erased patient: its copy stays empty
        elif row.state != PRESENT or row.raw_hash != resources.digest(body.payload) or row.problem != reading.problem:
            values |= self._changed(row, body, reading)
        resources.change(self.tx, self.source.address, row.ref, **values)

    def _changed(self, row: ResourceRow, body: Resource, reading: Reading) -> ResourceColumns:
        values: ResourceColumns = resources.written_row(body)
        values |= {"problem": reading.problem, "semantic": reading.semantic}
        meant = reading.semantic != self.source.meaning(row) or row.state == GONE
        if meant:
            self._expand_first(row)
            self._wake(row.ref, row.payload)
            number = self._place_in_order(row, reading)
            rows = self._occurrences(row.ref, reading, number)
            occurrences.replace(self.tx, self.source.address, row.ref, rows)
            self._wake(row.ref, body.payload)
            values |= {"changed_at": self.now, "rewrites": 0, "unwritable": None, "order": number}
            values["baseline"] = row.baseline and (self.baseline or not (row.payload or row.semantic))
        # after an absence its booking may have moved elsewhere
        returned = row.state != PRESENT or row.problem != reading.problem
        if meant or returned or reading.foreign_block or not alike(reading.annotation, row.written or Annotation()):
            values |= self._owed(row, reading)
        return values

    def _owed(self, row: ResourceRow, reading: Reading) -> ResourceColumns:
        """The evaluation that a change needs. What the first pass found is kept until it is evaluated, so that a change
        of it is told as a change (law L7)."""
        if row.baseline and (self.baseline or not (row.payload or row.semantic)):  # this is what the first pass finds
            place = backlog.place_of(reading, self.now)
            return {"backlog_at": place} if place else {"dirty_at": self.now}  # it may have had a place before
        waits = row.backlog_at is not None or is_faulty(self.tx, (row.calendar, row.ref))
        if not (row.baseline and waits):
            return {"dirty_at": self.now}
        before = row.payload if row.body_before is None else row.body_before
        return {"dirty_at": self.now, "body_before": resources.pack(before)}

    def into_view(self, row: ResourceRow, reading: Reading) -> None:
        """Add occurrences that are not stored yet, and mark the resource for evaluation."""
        known = occurrences.keys_of(self.tx, self.source.address, row.ref)
        rows = self._occurrences(row.ref, reading, row.order)
        new = [one for one in rows if (one["uid"], one["recurrence"]) not in known]
        if new:
            occurrences.add_all(self.tx, new)
            resources.change(self.tx, self.source.address, row.ref, over_at=occurrences.over_at(rows))
            resources.mark_dirty(self.tx, {(self.source.address, row.ref)}, self.now)
            self._wake(row.ref, row.payload)

    def _expand_first(self, row: ResourceRow) -> None:
        """A change of what a new parser has yet to expand again: first that is done, so that its hours are known."""
        if not row.baseline:
            return
        if self._unfolding is None:
            self._unfolding = backlog.unfolding(self.tx) is not None
        if self._unfolding and row.payload:
            with kept_apart("not unfolded anew"), self.tx.part():
                reading = self.source.calendar.read(row.ref, row.payload, (self.now - PAST, self.now + FUTURE))
                if not reading.problem:
                    self.expanded_anew(row, reading)

    def expanded_anew(self, row: ResourceRow, reading: Reading) -> None:
        """Replace the coming occurrences if a new parser expands the series otherwise, within the stored range. Of a
        series from before the first pass, the hours are noted as known and not told (law L7)."""
        from sync.store import views  # imported here: only after a new version of the parser

        before = views.coming_at(self.tx, self.source.address, row.ref, self.now)
        last = max((start for _, _, start in before), default=self.now)
        rows = self._occurrences(row.ref, reading, row.order)
        after = {(one["uid"], one["recurrence"], one["start"]) for one in rows if self.now < one["start"] <= last}
        if before == after:
            return
        self._wake(row.ref, row.payload)
        if row.baseline:
            keys = {(uid, recurrence) for uid, recurrence, _ in after}
            bookings.unlearn(self.tx, self.source.address, row.ref, keys, self.now)
        occurrences.replace(self.tx, self.source.address, row.ref, rows)
        values: ResourceColumns = {"semantic": reading.semantic}
        if row.backlog_at is None:  # else it is evaluated in its turn
            values["dirty_at"] = self.now
        resources.change(self.tx, self.source.address, row.ref, **values)
        self._wake(row.ref, row.payload)

    def _place_in_order(self, row: ResourceRow, reading: Reading) -> int:
        """The resource's rank in conflicts: one that moves to another time ranks after those already there, and so is
        the one that gives way (P10)."""
        place = (self.source.address, row.ref)
        after = {
            (event.uid, event.recurrence): (self.source.dentist_of(event) or "", event.start, event.end)
            for event in reading.events
            if first_kind(event) is not Kind.IGNORED
        }
        if self.baseline or not sharing.takes_more(sharing.taken_by(self.tx, place), after):
            return row.order
        return next(iter(counters.take_numbers(self.tx, "resource", 1)))

    def _wake(self, ref: str, payload: bytes) -> None:
        """Mark for evaluation the bookings that share this resource's time or patient, and the series of a detached
        override (hard case E16)."""
        if not self.baseline:
            near = set(sharing.bookings_beside(self.tx, (self.source.address, ref), self.now))
            if stands_alone(payload):
                near |= occurrences.series_of(self.tx, self.source.address, ref)
            resources.mark_dirty(self.tx, near, self.now)

    def _body(self, body: Resource, reading: Reading) -> dict[str, Any]:
        at_once = not self.baseline or self.source.lists_waiting
        return {
            **resources.written_row(body),
            "semantic": reading.semantic,
            "problem": reading.problem,
            "dirty_at": self.now if at_once else None,
            "backlog_at": None if at_once else backlog.place_of(reading, self.now),
        }

    def _empty(self, ref: str, number: int) -> dict[str, Any]:
        return {
            "practice": self.tx.practice, "calendar": self.source.address, "ref": ref, "order": number, "version": None,
            "payload": resources.NO_BODY, "raw_hash": b"", "semantic": "", "state": PRESENT, "owed": True,
            "baseline": self.baseline, "first_pass": self.baseline, "problem": "", "changed_at": self.now,
            "dirty_at": None, "backlog_at": None, "body_before": None, "rewrites": 0, "over_at": None,
        }  # fmt: skip

    def _occurrences(self, ref: str, reading: Reading, number: int) -> list[dict[str, Any]]:
        since = self.now - PAST
        place, practice = (self.source.address, ref), self.tx.practice
        return [
            occurrences.row(practice, place, self.source.dentist_of(event) or "", event, kind, order=number)
            for event in reading.events
            if event.end > since and (kind := first_kind(event))
        ]


def _made(pair: tuple[Resource, Reading]) -> tuple[float, str]:
    body, reading = pair
    stamps = [stamp.timestamp() for event in reading.events if (stamp := event.created or event.modified)]
    return min(stamps, default=0.0), body.ref
