"""From a calendar to the store: the local copy follows the calendar, and changed resources are marked for evaluation.

Network first, then one transaction a page. The cursor advances only together with all that it covers: each body is
stored, or marked as to be fetched (law L5). Missing is not gone (law L6): a tombstone needs one read that finds the
resource gone, a listing that lacks it needs two, a minute apart. A page that cannot be stored is stored body by body,
so that one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.base import WHOLE, CursorLost, Page, Reading, Resource
from rules.model import Annotation, Kind, alike, first_kind
from sync.core.context import Source, World, unreadable
from sync.core.guard import kept_apart
from sync.pull import token_trust
from sync.pull.foreign_writer import reject_foreign_writer
from sync.pull.multiget import multiget
from sync.store import basics, bookings, calendars, resources, sharing
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.resources import GONE, PRESENT, SUSPECT, ResourceRow

if TYPE_CHECKING:
    from sync.store.columns import ResourceColumns

SECOND_READ = timedelta(seconds=60)  # at least, between the two misses that prove a deletion
Read = list[tuple[Resource, Reading]]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What one reading of a calendar brought."""

    stored: int = 0  # bodies
    gone: int = 0  # resources proved deleted
    first: bool = False  # it was the calendar's first pass
    written: bool = False  # the store was written to


def mirror(world: World, source: Source, *, owing: bool | None = None) -> Mirrored:
    """Bring the store up to date with the calendar. Raises the errors of adapters.base; nothing is lost by them.
    `owing`: whether bodies are to be fetched or absences confirmed; None: look in the store."""
    with world.store.read() as tx:  # without a write: most calendars are known and unchanged
        known = calendars.get(tx, source.address)
        if owing is None:
            owing = bool(resources.debts(tx, source.address) or resources.suspects(tx, source.address))
    row = known if known is not None and _as_configured(known, source) else _ensured(world, source)
    try:
        done = _follow(world, source, row)
    except CursorLost as lost:
        with world.store.write() as tx:
            calendars.save_cursor(tx, source.address, None)
            basics.log(tx, world.now(), "cursor-lost", calendar=source.address)
            if lost.broken:
                token_trust.lower(tx, source.address, world.now(), token_trust.UNUSABLE)
            row = calendars.ensure(tx, source.address, source.dentist)
        done = _follow(world, source, row)
    if not (owing or done.written):
        return done
    paid, proven = _fetch_owed(world, source, row), _confirm_absences(world, source)
    return replace(done, stored=done.stored + paid, gone=done.gone + proven)


def _follow(world: World, source: Source, row: CalendarRow) -> Mirrored:
    stored = gone = pages = 0
    for page in source.calendar.changes(row.asked_from, lambda: _held(world, source)):
        if _says_nothing(page, row):
            continue
        whole, proven = _confirm_tombstones(source, page)
        world.readings.forget(source.address, store_page(world, source, row, whole, proven))
        stored, gone, pages = stored + len(whole.resources), gone + len(proven), pages + 1
    return Mirrored(stored, gone, first=row.baseline_at is None, written=pages > 0)


def store_page(world: World, source: Source, row: CalendarRow, page: Page, proven: Sequence[str] = ()) -> list[str]:
    """Store the page in one transaction; if that fails, each part in its own. `proven`: refs of deleted resources.
    Returns `Writer.settled`. Raises Rival, and the fault of the last transaction: then the cursor stays."""
    now = world.now()
    read = [(body, reading_of(world, source, body, now)) for body in page.resources]
    with kept_apart("page stored in parts") as fate:
        with world.store.write() as tx:
            writer = Writer(tx, source, row, now)
            writer.page(page, read, proven)
        return writer.settled
    assert fate.failed
    late = [ref for body, reading in read if (ref := _store_apart(world, source, row, body, reading))]
    for ref in proven:
        with kept_apart("absence not stored") as fate, world.store.write() as tx:
            Writer(tx, source, row, now).gone([ref])
        late += [ref] if fate.failed else []
    with world.store.write() as tx:  # if this fails too, the cursor stays and the page is asked for again
        Writer(tx, source, row, now).page(replace(page, owed=(*page.owed, *late)), [], [])
    return []


def _store_apart(world: World, source: Source, row: CalendarRow, body: Resource, reading: Reading) -> str:
    """Store one body: with its reading, else as unreadable, else without its bytes, whichever the store accepts first.
    Returns its ref if all fail, to be fetched again; else an empty text."""
    without = replace(body, payload=b"", version=None)
    for one, what in ((body, reading), (body, unreadable(body.payload)), (without, unreadable(b""))):
        with kept_apart("body not stored") as fate, world.store.write() as tx:
            Writer(tx, source, row, world.now()).store([(one, what)])
        if fate.failed is None:
            return ""
    return body.ref


def _as_configured(row: CalendarRow, source: Source) -> bool:
    return row.active and row.dentist == source.dentist


def _ensured(world: World, source: Source) -> CalendarRow:
    with world.store.write() as tx:
        return calendars.ensure(tx, source.address, source.dentist)


def reading_of(world: World, source: Source, body: Resource, now: datetime) -> Reading:
    """The body's reading. Raises Rival if another installation wrote into it: nothing of that page is stored."""
    reading = world.readings.of(source, body.ref, body.payload, world.window(now))
    reject_foreign_writer(world, source, reading)
    if any("envoyé" in line for line in reading.annotation.lines):
        from sync.plan import older_store  # imported here: most passes read no body with a receipt

        older_store.look(world, source, body.ref, reading, now)
    return reading


def _held(world: World, source: Source) -> dict[str, str | None]:
    with world.store.read() as tx:
        return resources.versions(tx, source.address)


def _says_nothing(page: Page, row: CalendarRow) -> bool:
    quiet = not (page.resources or page.gone or page.absent or page.owed)
    known = row.doubted_at is not None or page.cursor is None or page.cursor == row.cursor
    return quiet and row.baseline_at is not None and known


def _confirm_tombstones(source: Source, page: Page) -> tuple[Page, list[str]]:
    """(the page with the resources that exist after all, the refs that are gone). A ref with an unintelligible answer
    is to be fetched again."""
    found = dict(multiget(source.calendar, page.gone))
    there = tuple(body for body in found.values() if body is not None)
    unclear = tuple(ref for ref in page.gone if ref not in found)
    proven = [ref for ref, body in found.items() if body is None]
    return replace(page, resources=(*page.resources, *there), owed=(*page.owed, *unclear)), proven


def _fetch_owed(world: World, source: Source, row: CalendarRow) -> int:
    with world.store.read() as tx:
        owed = resources.debts(tx, source.address)
    paid = 0
    for ref in owed:
        for _, body in multiget(source.calendar, [ref]):
            with kept_apart("debt not paid"):
                paid += _store_fetched(world, source, row, ref, body)
    return paid


def _store_fetched(world: World, source: Source, row: CalendarRow, ref: str, body: Resource | None) -> int:
    if body is None:
        with world.store.write() as tx:
            Writer(tx, source, row, world.now()).missed([ref])
        return 0
    _store_apart(world, source, row, body, reading_of(world, source, body, world.now()))
    return 1


def _confirm_absences(world: World, source: Source) -> int:
    """Read the suspects: each exists again, or is gone if its first miss is a minute old."""
    with world.store.read() as tx:
        suspects = resources.suspects(tx, source.address)
        row = calendars.get(tx, source.address)
    assert row is not None
    gone = 0
    known = dict(suspects)
    ripe = [ref for ref, since in suspects if since is None or world.now() - since >= SECOND_READ]
    for ref, body in multiget(source.calendar, ripe):
        if body is not None:
            _store_apart(world, source, row, body, reading_of(world, source, body, world.now()))
            continue
        with kept_apart("absence not stored"), world.store.write() as tx:
            gone += _missed_again(Writer(tx, source, row, world.now()), ref, known[ref])
    return gone


def _missed_again(writer: Writer, ref: str, since: datetime | None) -> int:
    if since is None:
        resources.change(writer.tx, writer.source.address, ref, suspect_at=writer.now)
        return 0
    writer.gone([ref])
    return 1


class Writer:
    """Writes the changes of one calendar to the store, inside one transaction."""

    def __init__(self, tx: Tx, source: Source, row: CalendarRow, now: datetime) -> None:
        self.tx, self.source, self.row, self.now = tx, source, row, now
        self.settled: list[str] = []  # refs of new resources that need no evaluation

    @property
    def baseline(self) -> bool:
        """Whether this is the first pass, whose appointments the patients know already (ruling 7)."""
        return self.row.baseline_at is None

    def page(self, page: Page, read: Read, proven: Sequence[str]) -> None:
        """Store one page, and its cursor if it carries one."""
        self.store(read)
        self.gone(proven)
        self.missed(page.absent)
        self.owe(page.owed)
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
                self._compare(known[body.ref], body, reading)

    def gone(self, refs: Iterable[str]) -> None:
        """Mark these as deleted, and for evaluation."""
        for ref, row in resources.find(self.tx, self.source.address, list(refs)).items():
            if row.state != GONE:
                self._wake(ref, row.payload)
                values: ResourceColumns = {"state": GONE, "owed": False, "dirty_at": self.now, "changed_at": self.now}
                resources.change(self.tx, self.source.address, ref, **values)

    def missed(self, refs: Iterable[str]) -> None:
        """Mark as suspects these that a listing lacks, or that one read found gone."""
        for ref, row in resources.find(self.tx, self.source.address, list(refs)).items():
            if row.state == PRESENT:
                resources.change(self.tx, self.source.address, ref, state=SUSPECT, suspect_at=None, owed=False)

    def owe(self, refs: Iterable[str]) -> None:
        """Mark as to be fetched these that were named as changed without a body, so that the cursor may advance."""
        wanted = list(refs)
        known = resources.find(self.tx, self.source.address, wanted)
        for ref in known:
            resources.change(self.tx, self.source.address, ref, owed=True, version=None)
        missing = [ref for ref in wanted if ref not in known]
        numbers = basics.take_numbers(self.tx, "resource", len(missing)) if missing else []
        rows = [self._empty(ref, number) for ref, number in zip(missing, numbers, strict=True)]
        resources.add_all(self.tx, rows)

    def _add(self, fresh: list[tuple[Resource, Reading]]) -> None:
        if not fresh:
            return
        numbers = basics.take_numbers(self.tx, "resource", len(fresh))
        rows, occurrences = [], []
        for (body, reading), number in zip(fresh, numbers, strict=True):
            rows.append({**self._empty(body.ref, number), **self._body(body, reading), "owed": False})
            self.settled += [] if rows[-1]["dirty_at"] else [body.ref]
            occurrences += self._occurrences(body.ref, reading, number)
        resources.add_all(self.tx, rows)
        resources.add_occurrences(self.tx, occurrences)
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
        values: ResourceColumns = resources.written_row(body) | {"problem": reading.problem}
        meant = reading.semantic != row.semantic or row.state == GONE
        if meant:
            self._wake(row.ref, row.payload)
            number = self._place_in_order(row, reading)
            rows = self._occurrences(row.ref, reading, number)
            resources.replace_occurrences(self.tx, self.source.address, row.ref, rows)
            self._wake(row.ref, body.payload)
            values |= {"semantic": reading.semantic, "changed_at": self.now, "rewrites": 0, "unwritable": None}
            values["order"] = number
            values["baseline"] = row.baseline and (self.baseline or not row.semantic)
        # after an absence its booking may have moved elsewhere
        returned = row.state != PRESENT or row.problem != reading.problem
        if meant or returned or reading.foreign_block or not alike(reading.annotation, row.written or Annotation()):
            values["dirty_at"] = self.now
        return values

    def into_view(self, row: ResourceRow, reading: Reading) -> None:
        """Add occurrences that are not stored yet, and mark the resource for evaluation."""
        known = resources.keys_of(self.tx, self.source.address, row.ref)
        rows = self._occurrences(row.ref, reading, row.order)
        new = [one for one in rows if (one["uid"], one["recurrence"]) not in known]
        if new:
            resources.add_occurrences(self.tx, new)
            resources.mark_dirty(self.tx, {(self.source.address, row.ref)}, self.now)
            self._wake(row.ref, row.payload)

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
        resources.replace_occurrences(self.tx, self.source.address, row.ref, rows)
        resources.change(self.tx, self.source.address, row.ref, semantic=reading.semantic, dirty_at=self.now)
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
        return next(iter(basics.take_numbers(self.tx, "resource", 1)))

    def _wake(self, ref: str, payload: bytes) -> None:
        """Mark for evaluation the bookings that share this resource's time or patient, and the series of a detached
        override (hard case E16)."""
        from adapters.calendars.ical.detached import stands_alone  # imported here: most passes find no change

        if not self.baseline:
            near = set(sharing.bookings_beside(self.tx, (self.source.address, ref), self.now))
            if stands_alone(payload):
                near |= resources.series_of(self.tx, self.source.address, ref)
            resources.mark_dirty(self.tx, near, self.now)

    def _body(self, body: Resource, reading: Reading) -> dict[str, Any]:
        coming = any(event.end > self.now for event in reading.events)
        judge = not self.baseline or coming or bool(reading.problem)
        return {
            **resources.written_row(body),
            "semantic": reading.semantic,
            "problem": reading.problem,
            "dirty_at": self.now if judge else None,
        }

    def _empty(self, ref: str, number: int) -> dict[str, Any]:
        return {
            "practice": self.tx.practice, "calendar": self.source.address, "ref": ref, "order": number, "version": None,
            "payload": resources.pack(b""), "raw_hash": b"", "semantic": "", "state": PRESENT, "owed": True,
            "baseline": self.baseline, "first_pass": self.baseline, "problem": "", "changed_at": self.now,
            "dirty_at": None, "rewrites": 0,
        }  # fmt: skip

    def _occurrences(self, ref: str, reading: Reading, number: int) -> list[dict[str, Any]]:
        since = self.now - timedelta(days=35)
        place, practice = (self.source.address, ref), self.tx.practice
        return [
            resources.occurrence_row(practice, place, self.source.dentist_of(event) or "", event, kind, order=number)
            for event in reading.events
            if event.end > since and (kind := first_kind(event))
        ]


def _made(pair: tuple[Resource, Reading]) -> tuple[float, str]:
    body, reading = pair
    stamps = [stamp.timestamp() for event in reading.events if (stamp := event.created or event.modified)]
    return min(stamps, default=0.0), body.ref
