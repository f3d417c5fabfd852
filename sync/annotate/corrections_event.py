"""Shows the findings of unwritable events in a notice beside them: one all-day event a calendar and day
(docs/design.md#writing-into-her-event).

An event is not written to if it has guests or its text in two forms, or if its server has no safe versions or keeps
changing our text (hard cases C04, C10, C11, C12). The notice takes no time, is no booking, and changes only when its
findings do. If the user edited our notice, it is left alone; if the user deleted it, it is made again only when its
findings change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from adapters.base import Conflict, Refused, Resource, Unknown, Written
from rules.checks.agenda import block_findings
from rules.model import AddEvent, CalendarEvent
from rules.telling.correction_notice import NAME, Correction, notice, worth_saying
from sync.annotate import refused_writes, write_backoff
from sync.annotate.beside import begin
from sync.annotate.write_probe import may_write
from sync.core.calls import finish
from sync.core.context import Source, Watch, World, nobody_watches
from sync.store import calendars, companions, journal
from sync.store.calendars import CalendarRow
from sync.store.companions import CompanionRow
from sync.store.engine import Tx

_Change = tuple[CompanionRow, tuple[str, str] | None, str]  # the notice so far, (title, text) or None, their digest


def is_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a notice is to be shown, changed or removed."""
    concerned = companions.concerned(tx, _midnight(now))
    return any(_is_due(world, tx, source, now) for source in world.sources if source.address in concerned)


def _is_due(world: World, tx: Tx, source: Source, now: datetime) -> bool:
    row = calendars.get(tx, source.address)
    if row is None or row.trouble == "rival" or source.address in world.under_way:
        return False
    if write_backoff.until(tx, source.address, now) is not None:
        return False
    return bool(_changes(world, tx, source, row, now))


def show(world: World, watch: Watch = nobody_watches) -> None:
    """Update each calendar's notices; a calendar that fails does not stop the others (law L10)."""
    with world.store.read() as tx:
        concerned = companions.concerned(tx, _midnight(world.now()))
    for source in world.sources:
        if source.address in concerned:
            begin(world, [source.address], "companion not shown", [partial(_show, source=source)], watch)
    finish(world.calls, watch)


def _show(world: World, source: Source) -> None:
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
        changes = _changes(world, tx, source, row, world.now()) if row is not None else []
    for before, words, said in changes:
        if not write_backoff.paused(world, source.address) and may_write(world, source):
            _bring(world, source, before, words, said)


def _changes(world: World, tx: Tx, source: Source, row: CalendarRow, now: datetime) -> list[_Change]:
    """What is to be changed, day by day."""
    if row.baseline_at is None or row.read_only or row.fail_count or not row.active:
        return []
    wanted = dict(_wanted(world, tx, source, now))
    known = companions.standing(tx, source.address, now.date())
    days = sorted({*wanted, *known})
    found = [(known.get(day) or CompanionRow(day, "", 1, "", ""), wanted.get(day)) for day in days]
    changes = ((before, words, _digest(words) if words else "") for before, words in found)
    return [one for one in changes if one[2] != one[0].said]


def _bring(world: World, source: Source, before: CompanionRow, words: tuple[str, str] | None, said: str) -> None:
    """Write that day's notice; `words` None: remove it."""
    standing = _untouched(world, source, before)
    number = before.number if standing or not before.ref else before.number + 1
    if words is None and standing is None:
        _keep(world, source, CompanionRow(before.day, "", number, "", ""))
        return
    event = _event(source, before.day, number, words, world.practice.zone) if words else None
    if standing is not None:
        result = source.calendar.own(standing.ref, standing.version, event)
    else:
        assert event is not None
        result = source.calendar.add(event)
    if isinstance(result, Unknown):
        write_backoff.failed(world, source.address, None)
    if isinstance(result, Conflict | Unknown):
        return  # tried again at the next pass
    if isinstance(result, Refused):
        with world.store.write() as tx:
            refused_writes.noted(world, tx, source.address, result)
    stored = result.resource if isinstance(result, Written) and event else None
    if stored is not None and event is not None and not _says(world, source, stored, event):
        said = ""  # an older notice, after a crash: replaced at the next pass
    ref, semantic = (stored.ref, _semantic(world, source, stored)) if stored else ("", "")
    _keep(world, source, CompanionRow(before.day, ref, number, said, semantic))


def _keep(world: World, source: Source, row: CompanionRow) -> None:
    with world.store.write() as tx:
        companions.put(tx, source.address, row, world.now())
        journal.log(tx, world.now(), "companion", calendar=source.address, ref=row.ref or None)


def _untouched(world: World, source: Source, row: CompanionRow) -> Resource | None:
    """Our notice in the calendar; None if there is none, or the user edited it."""
    body = source.calendar.get(row.ref) if row.ref else None
    return body if body is not None and _semantic(world, source, body) == row.semantic else None


def _semantic(world: World, source: Source, body: Resource) -> str:
    return source.calendar.read(body.ref, body.payload, world.window(world.now())).semantic


def _says(world: World, source: Source, body: Resource, event: AddEvent) -> bool:
    reading = source.calendar.read(body.ref, body.payload, world.window(world.now()))
    return any(
        (one.title.split(), one.description.split()) == (event.title.split(), event.text.split())
        for one in reading.events
    )


def _event(source: Source, day: date, number: int, words: tuple[str, str], zone: ZoneInfo) -> AddEvent:
    seed = f"{source.address} {day.isoformat()} {number}"
    uid = f"{NAME}{hashlib.sha256(seed.encode()).hexdigest()[:16]}"
    midnight = datetime.combine(day, time(), zone)
    return AddEvent(source.address, uid, *words, midnight, datetime.combine(day + timedelta(days=1), time(), zone))


def _midnight(now: datetime) -> datetime:
    """When the day began whose notices are kept up; those of earlier ones stay as they are."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _digest(words: tuple[str, str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


# --- what is to be said ----------------------------------------------------------------------------------------------


def _wanted(world: World, tx: Tx, source: Source, now: datetime) -> Iterator[tuple[date, tuple[str, str]]]:
    """(day, (title, text)) for each day, from today on, with something to correct."""
    days: dict[date, list[Correction]] = {}
    for one in _corrections(world, tx, source, now):
        days.setdefault(one.start.astimezone(world.practice.zone).date(), []).append(one)
    for day, found in days.items():
        yield day, notice(found, world.practice)


def _corrections(world: World, tx: Tx, source: Source, now: datetime) -> Iterator[Correction]:
    practice, midnight = world.practice, _midnight(now)
    shut = {
        ref: why for ref, (why, baseline) in companions.closed(tx, source.address, midnight).items()
        if practice.policy.write_existing or not baseline
    }  # fmt: skip
    if not shut:
        return
    for row in companions.bookings_in(tx, source.address, shut, midnight, practice.zone):
        found = worth_saying(row.findings)
        if found:
            yield Correction(row.start, False, row.facts.name, shut[row.ref], found)
    for ref, busy in companions.blocks_in(tx, source.address, shut, midnight):
        event = CalendarEvent(busy.uid, busy.start, busy.end, busy.label, all_day=busy.all_day)
        found = worth_saying(block_findings(event, practice))
        if found:
            yield Correction(busy.start, busy.all_day, busy.label, shut[ref], found)
