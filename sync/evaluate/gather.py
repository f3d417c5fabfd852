"""Gathers from the store what the rules need to assess one occurrence. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Reading
from rules.checks.agenda import longest_minutes
from rules.checks.assess import Context, may_be_booking, somebody_is_unknown
from rules.checks.by_link import ChosenTime, PageWish
from rules.entry.reading import Reader
from rules.model import Assessment, Busy, CalendarEvent, Entry, Guardian, Kind, Patient, Practice, Question
from rules.patients.clues import clues
from rules.patients.identify import Match, identify
from rules.patients.standing_answers import is_relation
from rules.telling.offer_words import NOTED
from rules.text.fold import fold, key, tidy
from sync.core.context import Source, World
from sync.evaluate import agreement, attendance, slot_offers
from sync.store import (
    consents,
    history,
    intents,
    occurrences,
    offers,
    patients,
    resources,
    sharing,
    waiting_entries,
    wishes,
)
from sync.store.bookings import BookingRow
from sync.store.codec import length_from_json, slot_start_of
from sync.store.engine import Tx
from sync.store.resources import ResourceRow
from sync.store.waiting_entries import CLOSED, MOVED, Origin


class Case(Struct, frozen=True):
    """One resource under evaluation, in one transaction: what all of its occurrences share."""

    world: World
    tx: Tx
    source: Source
    row: ResourceRow
    reading: Reading
    now: datetime
    entries: Reader
    fixed: str = ""  # why nothing may be written into it, so that no length is adjusted (P8); empty if it may

    @property
    def practice(self) -> Practice:
        """Whose calendar it is."""
        return self.world.practice

    @property
    def place(self) -> tuple[str, str]:
        """(calendar, ref)."""
        return self.row.calendar, self.row.ref

    @property
    def shows_nothing(self) -> bool:
        """Whether it is from before the first pass, so that nothing is written there and no time proposed."""
        return self.row.baseline and not self.practice.policy.write_existing


class Occurrence(Struct, frozen=True):
    """One occurrence under evaluation."""

    case: Case
    event: CalendarEvent
    entry: Entry  # the event's title and text, as read
    dentist: str  # in whose calendar it is
    booking: BookingRow | None  # the booking that it was so far, or continues


def gather(one: Occurrence) -> Context:
    """What is known about the occurrence besides its event."""
    case, event, entry = one.case, one.event, one.entry
    asks = may_be_booking(event, entry, case.practice)  # of any other event the store need not be asked
    found, match = _patients(one) if asks else ((), None)
    meant = match.patient.id if match and match.patient else None
    slot_start = _slot_start(one)
    context = Context(
        dentist=one.dentist,
        now=case.now,
        order=case.row.order,
        candidates=found,
        match=match,
        busy=tuple(_busy(one, meant)) if asks else (),
        consent_counts=_consent_counts(one, meant),
        guardian=_guardian(one),
        slot_counts=slot_start == event.start,
        slot_start=slot_start,
        born_here=False,
        fixed=case.fixed,
        words_copied=one.booking is None and case.reading.foreign_block,
        chosen=_chosen(one),
        wait_ended=MOVED if entry.waiting and is_noted(event) else "",
    )
    context = _with_booking(one, context, one.booking, meant) if one.booking else context
    if not somebody_is_unknown(event, entry, case.practice, context):
        return context
    near = patients.nearest(case.tx, fold(entry.name_text))  # reads the whole directory
    return replace(context, nearest=near, match=None)


def offered(one: Occurrence, context: Context, found: Assessment) -> slot_offers.Offer:
    """The free times to propose for these findings (P24)."""
    if one.case.shows_nothing:
        return slot_offers.Offer()
    stored = one.booking.slots if one.booking else None
    return slot_offers.offer(one.case.world, one.case.tx, found, one.event, one.entry, context=context, stored=stored)


def is_noted(event: CalendarEvent) -> bool:
    """Whether the appointment is one of ours, noted for whoever accepted a freed time."""
    return event.uid.startswith(NOTED)


def time_around(event: CalendarEvent, dentist: str, practice: Practice) -> tuple[str, datetime, datetime]:
    """(dentist, start, end) of the time to be checked for conflicts: the event's, or as long as P8 may make it."""
    longest = event.start + timedelta(minutes=longest_minutes(practice))
    return dentist, event.start, max(event.end, longest, key=datetime.timestamp)


def _with_booking(one: Occurrence, context: Context, booking: BookingRow, meant: int | None) -> Context:
    mine = not _is_anothers(one, booking, meant)
    agreed = consents.of(one.case.tx, booking.id) if mine else ()
    kept = booking.start == one.event.start and all(finding.rule != "date-past" for finding in booking.findings)
    return replace(
        context,
        linked=booking.patient,
        consent_dentist=one.dentist if one.dentist in agreed else agreed[-1] if agreed else None,
        born_here=booking.born_here,
        updated=booking.updates,
        given=booking.given or {},
        kept_time=kept,
        length=length_from_json(booking.adjusted),
        first_seen=booking.created_at,
        offered=_offered(booking),
        wishes=page_wishes(one, booking),
        questions=_questions(one, booking) if mine else (),
        wait_ended=_wait_ended(one, booking) if one.entry.waiting else "",
    )


def page_wishes(one: Occurrence, booking: BookingRow) -> tuple[PageWish, ...]:
    """What the patient asked for on their page, and was not dealt with."""
    changed = one.case.row.changed_at
    found = wishes.open_by_booking(one.case.tx).get(booking.id, ())
    return tuple(PageWish(each.id, each.kind, each.at, each.detail, each.at < changed) for each in found)


def _chosen(one: Occurrence) -> ChosenTime | None:
    """By which link the patient chose this time: their appointment's, or that of a freed time."""
    done = intents.arrived(one.case.tx, one.booking.id) if one.booking else None
    if done is not None and done.start == one.event.start:
        return ChosenTime(done.asked_at, "accepted-by-link" if done.kind is intents.ACCEPT else "moved-by-link")
    if not is_noted(one.event):
        return None
    offer = offers.accepted_at(one.case.tx, one.dentist, one.event.start, one.case.practice.zone)
    return ChosenTime(offer.answered_at, "accepted-by-link") if offer and offer.answered_at else None


def _questions(one: Occurrence, booking: BookingRow) -> tuple[Question, ...]:
    return agreement.questions(agreement.At(one.case.world, one.case.tx, booking.id, one.case.now))


def _wait_ended(one: Occurrence, booking: BookingRow) -> str:
    """Why the typed « Liste d'attente » does not count any more; empty if it does. Removed and typed anew, it does."""
    if one.case.practice.waiting is None:
        return ""
    entry = waiting_entries.of_booking(one.case.tx, booking.id, one.case.practice.zone)
    over = entry is not None and entry.state is CLOSED and entry.origin is Origin.TAG
    return (entry.why or "") if entry is not None and over else ""


def _offered(booking: BookingRow | None) -> tuple[str, ...]:
    """The patients that the event shows to choose from (`= 1`)."""
    shown = booking.findings if booking else ()
    return tuple(line for one in shown if one.field == "patient" for line in one.proposals)


# --- whom it means ---------------------------------------------------------------------------------------------------


def _patients(one: Occurrence) -> tuple[tuple[Patient, ...], Match | None]:
    """(candidates, whom of them the entry means): only of that one are visits and other bookings gathered."""
    tx, entry, booking = one.case.tx, one.entry, one.booking
    found = patients.candidates(tx, clues(entry))
    if entry.choice and booking:
        found = tuple(dict.fromkeys((*found, *patients.nearest(tx, fold(entry.name_text)))))
    corrected = _corrected(one)
    if corrected and booking and booking.patient and (own := patients.get(tx, booking.patient)):
        found = tuple({who.id: who for who in (own, *found)}.values())
    if not found:
        return (), None
    policy, linked = one.case.practice.policy, booking.patient if booking else None
    born_here = booking is not None and booking.born_here
    match = identify(
        entry, found, policy, linked=linked, born_here=born_here, offered=_offered(booking), corrected=corrected
    )
    if match.patient is None:
        return found, match
    known = _with_past(one, match.patient)
    return tuple(known if who.id == known.id else who for who in found), match.with_past(known, policy)


def _corrected(one: Occurrence) -> str:
    """The name that the patient proposed on their page, where it is the one typed."""
    asked = wishes.open_by_booking(one.case.tx).get(one.booking.id, ()) if one.booking else ()
    proposed = [str(wish.detail.get("nom", "")) for wish in asked if wish.kind is wishes.WishKind.CORRECT]
    return next((name for name in proposed if name and key(name) == key(one.entry.name_text)), "")


def _with_past(one: Occurrence, patient: Patient) -> Patient:
    assert patient.id is not None
    case, start = one.case, one.event.start
    before = min(case.now, start, key=datetime.timestamp)  # an appointment is no past visit of its own
    visits = history.visits(case.tx, patient.id, before, case.practice.zone)
    known = replace(patient, visits=visits) if visits else patient
    return attendance.with_remarks(case.tx, known, start, one.booking, case.practice.zone)


def _consent_counts(one: Occurrence, patient: int | None) -> bool:
    """Whether the typed agreement is for this booking: not if it was copied along from another event (ruling 10), even
    by a client that dropped our block. The same words typed by hand into several events count in each (ruling 20)."""
    tx, consent, booking = one.case.tx, one.entry.consent, one.booking
    if consent is None:
        return True
    if booking and _is_anothers(one, booking, patient) and consents.said_here(tx, booking.id, consent.detail):
        return False
    copied = consents.copied(tx, booking.id, consent.detail) if booking else one.case.reading.foreign_block
    if copied or patient is None or not consent.given:
        return not copied
    number = booking.id if booking else None
    others = consents.said_elsewhere(tx, patient, consent.detail, number, one.case.place)
    return not any(_is_copy(one, place) for place in others)


def _is_anothers(one: Occurrence, booking: BookingRow, meant: int | None) -> bool:
    """Whether the event means another patient now than the booking's, who agreed to nothing (law L3)."""
    somebody = meant is not None or one.entry.known is False
    return somebody and booking.patient is not None and booking.patient != meant


def _is_copy(one: Occurrence, place: tuple[str, str]) -> bool:
    """Whether the text is that of the event there, line by line. One line alone is what anybody types again."""
    lines = _lines(one.event.description)
    if len(lines) <= 1:
        return False
    world = one.case.world
    row = resources.get(one.case.tx, *place)
    source = next((each for each in world.sources if each.address == place[0]), None)
    if row is None or source is None:
        return True
    reading = world.readings.of(source, row.ref, row.payload, world.window(one.case.now))
    return any(_lines(event.description) == lines for event in reading.events)


def _lines(text: str) -> list[str]:
    return [line for raw in text.splitlines() if (line := tidy(raw))]


def _guardian(one: Occurrence) -> Guardian | None:
    """Who is named without a number, as the record of one of their other children knows them: of the same family, and
    with one number only."""
    typed = one.entry.guardian
    if typed is None or typed.mobile or typed.email or not typed.name or is_relation(typed.name):
        return None
    family = one.entry.family_name
    known = {
        Guardian(typed.name, each.guardian_mobile, each.guardian_email)
        for each in (patients.guardians(one.case.tx, typed.name, family) if family else ())
    }
    return known.pop() if len(known) == 1 else None


def _slot_start(one: Occurrence) -> datetime | None:
    """The time for which « Créneau confirmé » was typed: the one at which it was first seen, none where it came with a
    copied event (ruling 18)."""
    words, booking = one.entry.slot_confirmed, one.booking
    if words is None:
        return None
    known, start = slot_start_of(booking.slot_confirmed, words) if booking else (False, None)
    if known:
        return start
    return None if booking is None and one.case.reading.foreign_block else one.event.start


# --- what else takes the time ----------------------------------------------------------------------------------------


def _busy(one: Occurrence, meant: int | None) -> Iterator[Busy]:
    case = one.case
    around = occurrences.busy(case.tx, *time_around(one.event, one.dentist, case.practice))
    people = {meant, one.booking.patient if one.booking else None} - {None}
    theirs = [item for who in people if who for item in occurrences.busy_of_patient(case.tx, who, case.now)]
    for item in dict.fromkeys([*around, *theirs]):
        if not _is_left_place(one, item):
            yield item


def _is_left_place(one: Occurrence, item: Busy) -> bool:
    """Whether the time is the event's own: at the place that it left, or of its duplicate."""
    if item.uid != one.event.uid or item.order == one.case.row.order:
        return False
    return not occurrences.stands(one.case.tx, item.uid, item.order) or _is_twin(one, item)


def _is_twin(one: Occurrence, item: Busy) -> bool:
    """Whether the time is of a duplicate of this event: one appointment under two addresses."""
    both = item.kind is Kind.BOOKING and one.booking is not None
    if both or item.recurrence != one.event.recurrence:
        return False
    found = sharing.standing_with(one.case.tx, one.case.row.calendar, one.event.uid, one.event.recurrence)
    return any(number == item.order and (start == one.event.start or twin) for _, number, start, twin in found)
