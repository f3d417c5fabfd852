"""What all wishes by a patient's link have in common (docs/design.md#conflicts): what was shown, whether the event may
be changed for them, and how a wish ends that is not carried out.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from rules.model import Facts
from rules.telling.planning import differs, same_patient
from rules.text.fold import fold
from rules.text.french import day_and_clock
from sync.core.context import World
from sync.store import bookings, calendars, intents, journal, notices, occurrences, resources, slot_holds, told
from sync.store.bookings import INVALID, BookingRow
from sync.store.engine import Tx
from sync.store.intents import IntentRow
from sync.store.resources import PRESENT, ResourceRow
from sync.store.states import IntentState

SEEN_FOR = timedelta(seconds=30)  # so long the page asks again by itself; what ends later is told by a person


class Said(StrEnum):
    """What comes at once of a wish."""

    ASKED = "asked"  # it is stored, or was before
    CHANGED = "changed"  # it is no longer what the page had shown: look at it again
    CALL = "call"  # only the practice can do it
    TAKEN = "taken"  # the chosen time is somebody else's
    OVER = "over"  # the appointment is past, or does not take place


def askable(world: World, tx: Tx, booking: int, seen: str) -> BookingRow | Said:
    """The appointment that was shown with that revision, if something may be asked of it now; else why not."""
    row, asked = bookings.get(tx, booking, world.practice.zone), intents.get(tx, booking)
    if row is None or row.start <= world.now() or row.vanished_at is not None:
        return Said.OVER
    if asked and asked.state in intents.OPEN:
        return Said.ASKED
    if revision(row.facts) != seen:
        return Said.CHANGED
    return row if can_change(world, tx, row) else Said.CALL


def revision(facts: Facts) -> str:
    """A hash of the facts that concern the patient (P42)."""
    who = facts.patient_id or fold(facts.name)
    words = (who, facts.start.timestamp(), facts.dentist, facts.motif, facts.place)
    return hashlib.sha256(repr(words).encode()).hexdigest()[:32]


def can_change(world: World, tx: Tx, row: BookingRow) -> bool:
    """Whether we may change the event: still this appointment, single, without guests (the server would mail them), in
    a writable calendar."""
    calendar, standing = calendars.get(tx, row.calendar), resources.get(tx, row.calendar, row.ref)
    if calendar is None or calendar.read_only or standing is None or standing.state != PRESENT:
        return False
    if is_hers_again(tx, row, standing):
        return False
    reading = world.reading(standing)
    return reading is not None and reading.sole and len(reading.events) == 1 and reading.blocked != "attendees"


def is_hers_again(tx: Tx, row: BookingRow, standing: ResourceRow | None) -> bool:
    """Whether the event is something else than this appointment, as last evaluated: the row keeps what it was."""
    if standing is None or standing.state != PRESENT or is_behind(standing):
        return False
    return not occurrences.is_booking(tx, (row.calendar, row.ref), row.uid, row.recurrence, row.id)


def is_other(world: World, row: BookingRow, standing: ResourceRow | None, seen: str) -> bool:
    """Whether the event is no longer the appointment that was shown with that revision; False while nobody knows."""
    with world.store.read() as tx:
        return not is_behind(standing) and (revision(row.facts) != seen or is_hers_again(tx, row, standing))


def is_behind(standing: ResourceRow | None) -> bool:
    """Whether our copy is behind the calendar, or not evaluated yet."""
    return standing is not None and (standing.owed or not standing.is_evaluated)


def ends(world: World, intent: IntentRow, state: IntentState) -> int:
    """Close a wish that is not carried out. The practice is alerted where it must act, or where the patient has left
    the page and nothing else would tell them."""
    now = world.now()
    late = intent.kind is not intents.CANCEL and now - intent.asked_at > SEEN_FOR
    with world.store.write() as tx:
        intents.move(tx, intent.booking, state, now)
        slot_holds.release(tx, intent.booking)
        journal.log(tx, now, f"link-{state}", booking=intent.booking)
        if state == intents.CALL or late or (state == intents.CHANGED and _is_unheard(world, tx, intent, now)):
            key = f"link:{intent.booking}:{intent.asked_at.isoformat()}"
            notices.raise_once(tx, key, *_by_hand(world, intent, state, past=_is_past(world, tx, intent, now)), now)
    return 0


def read_again(world: World, intent: IntentRow, standing: ResourceRow, state: IntentState) -> None:
    """Have the event fetched again before anything else; the wish stays open."""
    with world.store.write() as tx:
        resources.change(tx, standing.calendar, standing.ref, owed=True, dirty_at=world.now())
        intents.move(tx, intent.booking, state, world.now())


def _is_unheard(world: World, tx: Tx, intent: IntentRow, now: datetime) -> bool:
    """Whether a cancellation met an edit of which no message tells the patient."""
    row = bookings.get(tx, intent.booking, world.practice.zone)
    if intent.kind is not intents.CANCEL or row is None or row.vanished_at is not None or row.start <= now:
        return False
    known = [one.facts for one in told.knowledge(tx, row.id, world.practice.zone).values() if one.facts]
    tells = any(differs(one, row.facts) or not same_patient(one, row.facts) for one in known)
    return row.state == INVALID or not tells


def _by_hand(world: World, intent: IntentRow, state: IntentState, *, past: bool) -> tuple[str, str]:
    asked = f"Le {_local(world, intent.asked_at):%d/%m à %H:%M}, un patient a demandé par le lien"
    if intent.kind is intents.CANCEL and state == intents.CHANGED:
        text = (
            f"{asked} l'annulation de son rendez-vous, mais l'événement venait d'être modifié : rien n'est annulé.\n\n"
            f"Rendez-vous n° {intent.booking} : appelez le patient qui y était inscrit."
        )
        return "attitre : un rendez-vous que le patient voulait annuler", text
    if intent.kind is intents.CANCEL and past:
        text = (
            f"{asked} l'annulation de son rendez-vous, mais l'agenda n'a pas répondu avant l'heure.\n\nRendez-vous n° "
            f"{intent.booking} : si le patient n'est pas venu, tapez « Annulé par le patient le "
            f"{_local(world, intent.asked_at):%d/%m à %Hh%M} » dans l'événement."
        )
        return "attitre : un patient avait annulé son rendez-vous", text
    if intent.kind is intents.CANCEL or intent.start is None:
        text = (
            f"{asked} l'annulation de son rendez-vous, mais l'agenda n'a pas pu être modifié.\n\nRendez-vous n° "
            f"{intent.booking} : supprimez l'événement dans l'agenda, le patient sera prévenu comme d'habitude."
        )
        return "attitre : un rendez-vous à annuler dans l'agenda", text
    wanted = f"{asked} à déplacer son rendez-vous au {day_and_clock(_local(world, intent.start))}"
    if state == intents.CALL:
        why = "mais l'agenda n'a pas pu être modifié"
        then = "déplacez l'événement dans l'agenda, le patient sera prévenu comme d'habitude"
    else:
        why = "mais ce n'était plus possible quand l'agenda a répondu. Le rendez-vous est resté où il est dans l'agenda"
        then = "appelez le patient"
    return "attitre : un rendez-vous à déplacer", f"{wanted}, {why}.\n\nRendez-vous n° {intent.booking} : {then}."


def _is_past(world: World, tx: Tx, intent: IntentRow, now: datetime) -> bool:
    row = bookings.get(tx, intent.booking, world.practice.zone)
    return row is not None and row.start <= now


def _local(world: World, moment: datetime) -> datetime:
    return moment.astimezone(world.practice.zone)
