"""From a calendar to the store: the local copy follows the calendar, and changed resources are marked for evaluation.

Network first, then one transaction a page. The cursor advances only together with all that it covers: each body is
stored, or marked as to be fetched (law L5). Missing is not gone (law L6): a tombstone needs one read that finds the
resource gone, a listing that lacks it needs two, a minute apart. A page that cannot be stored is stored body by body,
so that one bad event stays one (law L10).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import CursorLost, Known, Page, Reading, Resource, Versions
from sync.core.context import OVER, PAST, Source, World, unreadable
from sync.core.guard import kept_apart
from sync.pull import token_trust
from sync.pull.foreign_writer import reject_foreign_writer, reject_second_reader
from sync.pull.multiget import multiget
from sync.store import calendars, journal, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx

if TYPE_CHECKING:
    from sync.pull.writer import Writer

SECOND_READ = timedelta(seconds=60)  # at least, between the two misses that prove a deletion


class Mirrored(Struct, frozen=True):
    """What one reading of a calendar brought."""

    stored: int = 0  # bodies
    gone: int = 0  # resources proved deleted
    first: bool = False  # it was the calendar's first pass
    written: bool = False  # the store was written to


def mirror(
    world: World, source: Source, known: CalendarRow | None = None, *, unfinished: bool | None = None
) -> Mirrored:
    """Bring the store up to date with the calendar. Raises the errors of adapters.base; nothing is lost by them.
    `known`: its row; None: look in the store. `unfinished`: whether bodies are to be fetched or absences confirmed;
    None: look in the store."""
    if known is None or unfinished is None:  # without a write: most calendars are known and unchanged
        with world.store.read() as tx:
            known = known or calendars.get(tx, source.address)
            if unfinished is None:
                unfinished = bool(resources.to_fetch(tx, source.address) or resources.suspects(tx, source.address))
    row = known if known is not None and _as_configured(known, source) else _ensured(world, source)
    reject_second_reader(world, source)
    try:
        done = _follow(world, source, row)
    except CursorLost as lost:
        with world.store.write() as tx:
            calendars.save_cursor(tx, source.address, None)
            journal.log(tx, world.now(), "cursor-lost", calendar=source.address)
            if lost.broken:
                token_trust.lower(tx, source.address, world.now(), token_trust.UNUSABLE)
            row = calendars.ensure(tx, source.address, source.dentist)
        done = _follow(world, source, row)
    if not (unfinished or done.written):
        return done
    paid, proven = _fetch_bodies(world, source, row), _confirm_absences(world, source)
    return replace(done, stored=done.stored + paid, gone=done.gone + proven)


def _follow(world: World, source: Source, row: CalendarRow) -> Mirrored:
    stored = gone = pages = 0
    for page in source.calendar.changes(row.asked_from, _known(world, source)):
        if _says_nothing(page, row):
            continue
        whole, proven = _confirm_tombstones(source, page)
        world.readings.forget(source.address, store_page(world, source, row, whole, proven))
        stored, gone, pages = stored + len(whole.resources), gone + len(proven), pages + 1
    return Mirrored(stored, gone, first=row.baseline_at is None, written=pages > 0)


def store_page(world: World, source: Source, row: CalendarRow, page: Page, proven: Sequence[str] = ()) -> list[str]:
    """Store the page in one transaction; if that fails, each part in its own. `proven`: refs of deleted resources.
    Returns `Writer.settled`. Raises ForeignWriter, and the fault of the last transaction: then the cursor stays."""
    now = world.now()
    read_one = _first_reading if row.baseline_at is None and not source.lists_waiting else reading_of
    read = [(body, read_one(world, source, body, now)) for body in page.resources]
    with kept_apart("page stored in parts") as fate:
        with world.store.write() as tx:
            writer = _writer(tx, source, row, now)
            writer.page(page, read, proven)
        return writer.settled
    assert fate.failed
    late = [ref for body, reading in read if (ref := _store_apart(world, source, row, body, reading))]
    for ref in proven:
        with kept_apart("absence not stored") as fate, world.store.write() as tx:
            _writer(tx, source, row, now).gone([ref])
        late += [ref] if fate.failed else []
    with world.store.write() as tx:  # if this fails too, the cursor stays and the page is asked for again
        _writer(tx, source, row, now).page(replace(page, owed=(*page.owed, *late)), [], [])
    return []


def _store_apart(world: World, source: Source, row: CalendarRow, body: Resource, reading: Reading) -> str:
    """Store one body: with its reading, else as unreadable, else without its bytes, whichever the store accepts first.
    Returns its ref if all fail, to be fetched again; else an empty text."""
    without = replace(body, payload=b"", version=None)
    for one, what in ((body, reading), (body, unreadable(body.payload)), (without, unreadable(b""))):
        with kept_apart("body not stored") as fate, world.store.write() as tx:
            _writer(tx, source, row, world.now()).store([(one, what)])
        if fate.failed is None:
            return ""
    return body.ref


def _as_configured(row: CalendarRow, source: Source) -> bool:
    return row.active and row.dentist == source.dentist


def _ensured(world: World, source: Source) -> CalendarRow:
    with world.store.write() as tx:
        return calendars.ensure(tx, source.address, source.dentist)


def _first_reading(world: World, source: Source, body: Resource, now: datetime) -> Reading:
    """The reading in a calendar's first pass, in which nothing that is over is told or counted."""
    return OVER if source.calendar.over(body.payload, now - PAST) else reading_of(world, source, body, now)


def reading_of(world: World, source: Source, body: Resource, now: datetime) -> Reading:
    """The body's reading. Raises ForeignWriter if another installation wrote into it; then the page is not stored."""
    reading = world.readings.of(source, body.ref, body.payload, world.window(now))
    reject_foreign_writer(world, source, reading)
    if any("envoyé" in line for line in reading.annotation.lines):
        from sync.plan import older_store  # imported here: most passes read no body with a receipt

        older_store.look(world, source, body.ref, reading, now)
    return reading


def _known(world: World, source: Source) -> Known:
    def held(refs: Collection[str] | None = None) -> Versions:
        with world.store.read() as tx:
            return resources.versions(tx, source.address, refs)

    return Known(held, held)


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


def _fetch_bodies(world: World, source: Source, row: CalendarRow) -> int:
    with world.store.read() as tx:
        to_fetch = resources.to_fetch(tx, source.address)
    fetched = 0
    for ref in to_fetch:
        for _, body in multiget(source.calendar, [ref]):
            with kept_apart("debt not paid"):
                fetched += _store_fetched(world, source, row, ref, body)
    return fetched


def _store_fetched(world: World, source: Source, row: CalendarRow, ref: str, body: Resource | None) -> int:
    if body is None:
        with world.store.write() as tx:
            _writer(tx, source, row, world.now()).missed([ref])
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
            gone += _missed_again(_writer(tx, source, row, world.now()), ref, known[ref])
    return gone


def _missed_again(writer: Writer, ref: str, since: datetime | None) -> int:
    if since is None:
        resources.change(writer.tx, writer.source.address, ref, suspect_at=writer.now)
        return 0
    writer.gone([ref])
    return 1


def _writer(tx: Tx, source: Source, row: CalendarRow, now: datetime) -> Writer:
    from sync.pull.writer import Writer  # imported here: most passes find no change

    return Writer(tx, source, row, now)
