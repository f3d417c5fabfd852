"""Evaluates an event of the waiting list's own calendar: who waits, and for what (P44). When it stands says nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rules.checks.assess import assess, drafted
from rules.checks.by_link import ChosenTime
from rules.checks.free_slots import is_urgent
from rules.entry.reading import Reader
from rules.entry.wished_times import of_event
from rules.model import Annotation, Assessment, CalendarEvent, Finding, Kind, Severity, Status
from rules.telling import waiting_words
from rules.text.french import unbroken
from sync.core.context import World
from sync.evaluate.gather import Case, Occurrence, gather
from sync.store import gaps, occurrences, offers, resources, waiting_entries
from sync.store.engine import Tx
from sync.store.offers import OfferKind
from sync.store.resources import PRESENT, ResourceRow
from sync.store.waiting_entries import EntryRow, Origin, Standing

if TYPE_CHECKING:
    from sync.store.columns import FoundColumns

_OF_THE_HOUR = frozenset({"slot", "date", "duration", "waiting"})  # findings about the time of an appointment


def evaluate(case: Case) -> Annotation:
    """Keep the entry of that event. Returns what the event is to say."""
    event = case.reading.events[0] if len(case.reading.events) == 1 else None
    for one in case.reading.events:  # whenever it stands, it takes nobody's time
        nothing: FoundColumns = {
            "kind": Kind.IGNORED.value,
            "label": "",
            "booking": None,
            "patient": None,
            "motif": None,
        }
        occurrences.evaluated(case.tx, case.place, one.uid, one.recurrence, **nothing)
    if event is None or event.status is Status.CANCELLED or case.practice.waiting is None:
        gone(case.world, case.tx, case.row, case.now)
        return waiting_words.repeated() if _is_repeated(case) else Annotation()
    found = imagined(case, event, case.now + timedelta(days=1))
    if found.booking is None:
        gone(case.world, case.tx, case.row, case.now)
        return waiting_words.nobody()
    wrong = tuple(one for one in found.findings if _counts(one))
    standing = _standing(case, event, found, fit=not wrong)
    known = _kept(case, standing)
    if known is not None and waiting_entries.stays_off(known):
        block = waiting_words.over(standing.name, known.why or "")
    else:
        block = waiting_words.entry_block(wrong, standing.name, standing.wish, found.booking, case.practice)
    return replace(block, lines=(*block.lines, *map(unbroken, _asked(case, known)))) if known else block


def _is_repeated(case: Case) -> bool:
    there = [one for one in case.reading.events if one.status is not Status.CANCELLED]
    return case.practice.waiting is not None and len(there) > 1


def _kept(case: Case, standing: Standing) -> EntryRow | None:
    """Keep the entry of the event as it is now. Returns the one that it had, if that is still its patient's."""
    known = waiting_entries.of_event(case.tx, case.place, case.practice.zone)
    if known is not None and waiting_entries.is_anothers(case.tx, known, standing.patient, standing.name):
        if known.state is not waiting_entries.CLOSED:
            waiting_entries.close(case.tx, known.id, waiting_entries.ANOTHER, case.now)
        known = None
    if known is not None and waiting_entries.stays_off(known):
        return known
    if known is None or known.state is waiting_entries.CLOSED:
        waiting_entries.add(case.tx, Origin.CALENDAR, standing, case.now, place=case.place)
        gaps.look_again(case.tx, case.now, dentist=standing.dentist)
        return None
    waiting_entries.keep(case.tx, known, standing)
    return known


def _asked(case: Case, entry: EntryRow) -> tuple[str, ...]:
    zone = case.practice.zone
    made = [one for one in offers.of_entry(case.tx, entry.id, zone) if one.kind is OfferKind.SLOT]
    return waiting_words.asked([(one.made_at.astimezone(zone), one.start, one.state.value) for one in made])


def valid_at(world: World, tx: Tx, place: tuple[str, str], dentist: str, start: datetime) -> bool:
    """Whether it would be a valid appointment at that time with that dentist (P49). Changes nothing."""
    row, source = resources.get(tx, *place), world.source(place[0])
    reading = world.reading(row) if row is not None and row.state == PRESENT else None
    if row is None or source is None or reading is None or len(reading.events) != 1 or reading.blocked:
        return False
    now = world.now()
    case = Case(world, tx, source, row, reading, now, Reader(world.practice, now))
    return imagined(case, reading.events[0], start, dentist).valid


def gone(world: World, tx: Tx, row: ResourceRow, now: datetime) -> None:
    """The event left the list's calendar, or names nobody."""
    source = world.source(row.calendar)
    if source is None or not source.lists_waiting:
        return
    known = waiting_entries.of_event(tx, (row.calendar, row.ref), world.practice.zone)
    if known is not None and known.state is not waiting_entries.CLOSED:
        waiting_entries.close(tx, known.id, waiting_entries.REMOVED, now)


def imagined(case: Case, event: CalendarEvent, start: datetime, dentist: str | None = None) -> Assessment:
    """What the rules would make of it as an appointment at that time: with its patient's own dentist, where none is
    named."""
    moved = replace(
        event, start=start, end=start + timedelta(minutes=30), all_day=False, transparent=False, recurring=False,
        recurrence="", status=Status.CONFIRMED,
    )  # fmt: skip
    entry = case.entries.read(moved)
    first = dentist or entry.dentist or case.practice.dentists[0].key
    one = Occurrence(case, moved, entry, first, None)
    draft = drafted(moved, entry, case.practice, gather(one))
    if draft is None:
        return assess(moved, entry, case.practice, gather(one))
    own = dentist or draft.patient.dentist or first
    motif = case.practice.motif(draft.motif)
    if motif is not None:
        moved = replace(moved, end=start + timedelta(minutes=motif.length(draft.first_visit)))
    context = replace(gather(Occurrence(case, moved, entry, own, None)), chosen=ChosenTime(case.now))
    return assess(moved, entry, case.practice, context)


def _counts(one: Finding) -> bool:
    return one.severity is Severity.ERROR and one.field not in _OF_THE_HOUR


def _standing(case: Case, event: CalendarEvent, found: Assessment, *, fit: bool) -> Standing:
    what = found.booking
    assert what is not None
    return Standing(
        patient=what.patient.id or 0,
        dentist=what.patient.dentist or what.dentist,
        motif=what.motif,
        minutes=max(what.minutes, 1),
        wish=of_event(event.title, event.description),
        urgent=is_urgent(case.practice, what.motif),
        held=None,
        mobile=what.reached_by_sms,
        email=what.reached_by_email,
        name=what.patient.name,
        fit=fit,
    )
