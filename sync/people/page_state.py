"""An appointment as its link shows it now, read in one transaction: what stands, what was asked, what may be done.

The page says nothing that the patient was not told or may not be told yet: of an appointment in error, or missing while
nobody knows why, it shows what they know, and the practice's telephone (laws L3, L6).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from rules.model import Channel, Facts, Patient
from rules.telling.planning import Knowledge, Row, differs
from sync.core.context import World
from sync.people.by_link import SEEN_FOR, can_change, is_behind, is_hers_again, revision
from sync.plan.messages import is_held
from sync.store import bookings, intents, patients, rescues, resources, told, wishes
from sync.store.bookings import INVALID, BookingRow
from sync.store.engine import Tx
from sync.store.intents import IntentRow
from sync.store.links import LinkRow
from sync.store.wishes import WishRow

LIVES_ON = timedelta(days=1)  # after the appointment's end
SAID_FOR = timedelta(days=1)  # how a wish ended
_ACTED = (intents.DONE, intents.CHANGED, intents.TAKEN, intents.CALL)


class Stage(StrEnum):
    """What the page is about."""

    STANDS = "stands"
    PENDING = "pending"  # a wish is being carried out
    CANCELLED = "cancelled"  # by the patient
    GONE = "gone"  # it takes place no more
    CHECKED = "checked"  # nobody can say yet
    PAST = "past"


class State(Struct, frozen=True):
    """One appointment, for whoever has the link."""

    link: LinkRow
    row: BookingRow
    stage: Stage
    facts: Facts | None  # what is shown; None: nothing may be
    patient: Patient | None
    known: Mapping[Channel, Knowledge]
    asked: IntentRow | None  # the last wish, while its end is news
    changeable: bool  # the event may be changed for them
    wishes: tuple[WishRow, ...]
    overtaken: bool  # the appointment changed, or something else was asked, since that wish ended
    now: datetime

    @property
    def revision(self) -> str:
        """Of what the calendar says, as far as we know."""
        return revision(self.row.facts)

    @property
    def told_now(self) -> bool:
        """Whether a message has told the present time."""
        told_so = (one.facts for one in self.known.values() if one.row is Row.TOLD)
        return any(facts is not None and facts.start == self.row.start for facts in told_so)

    @property
    def late(self) -> bool:
        """Whether a wish takes longer than anybody waits on a page."""
        return self.asked is not None and self.now - self.asked.asked_at > SEEN_FOR


def look(world: World, tx: Tx, link: LinkRow) -> State | None:
    """What the link shows; None where it leads nowhere: a day after the appointment, to another patient's, to none."""
    now, zone = world.now(), world.practice.zone
    row = bookings.get(tx, link.booking, zone)
    if row is None or now > row.end + LIVES_ON:
        return None
    patient = patients.get(tx, link.patient) if link.patient else None
    if (patient.id if patient else None) != row.patient:
        return None
    known = _known(world, tx, row)
    asked = intents.get(tx, row.id)
    asked = asked if asked and (asked.done_at is None or now - asked.done_at < SAID_FOR) else None
    stage = _stage(tx, row, known, asked, now)
    facts = row.facts
    if stage is Stage.CHECKED:
        facts = next((one.facts for one in known.values() if one.facts), None)  # type: ignore[assignment]
    wished = wishes.of_booking(tx, row.id)
    return State(
        link, row, stage, facts, patient, known, asked, can_change(world, tx, row), wished,
        _overtaken(world, tx, row, asked, wished), now,
    )  # fmt: skip


def _overtaken(
    world: World, tx: Tx, row: BookingRow, asked: IntentRow | None, wished: tuple[WishRow, ...]
) -> bool:  # fmt: skip
    if asked is None or asked.done_at is None:
        return False
    standing = resources.get(tx, row.calendar, row.ref)
    of_leaves = rescues.of_booking(tx, row.id, world.practice.zone)
    moments = [
        *(one.at for one in wished),
        *(moment for one in of_leaves if one.start == row.start for moment in (one.asked_at, one.answered_at)),
        standing.changed_at if standing is not None else None,
    ]
    return any(moment is not None and moment > asked.done_at for moment in moments)


def _known(world: World, tx: Tx, row: BookingRow) -> dict[Channel, Knowledge]:
    found = told.knowledge(tx, row.id, world.practice.zone)
    whose = row.patient or 0
    return {channel: one for (patient, channel), one in found.items() if patient in {whose, 0} and one.facts}


def _stage(
    tx: Tx, row: BookingRow, known: Mapping[Channel, Knowledge], asked: IntentRow | None, now: datetime
) -> Stage:
    if row.vanished_at is not None:
        return _vanished(tx, row, known, asked)
    if row.start <= now:
        return Stage.PAST
    if asked is not None and (asked.state in intents.OPEN or _not_seen_yet(tx, row, asked)):
        return Stage.PENDING
    if is_hers_again(tx, row, resources.get(tx, row.calendar, row.ref)):
        return Stage.CHECKED
    told_facts = [one.facts for one in known.values() if one.facts]
    if row.state == INVALID and (not told_facts or any(differs(one, row.facts) for one in told_facts)):
        return Stage.CHECKED
    return Stage.STANDS


def _vanished(tx: Tx, row: BookingRow, known: Mapping[Channel, Knowledge], asked: IntentRow | None) -> Stage:
    if asked and (asked.kind, asked.state) == (intents.CANCEL, intents.DONE):
        return Stage.CANCELLED
    unsaid = bool(known) and not row.outcome and row.released_at is None
    return Stage.CHECKED if is_held(tx, row) or unsaid else Stage.GONE


def _not_seen_yet(tx: Tx, row: BookingRow, asked: IntentRow) -> bool:
    """Whether a move is in the calendar and its evaluation still to come."""
    if asked.kind is intents.CANCEL or asked.state != intents.DONE or asked.start == row.start:
        return False
    return is_behind(resources.get(tx, row.calendar, row.ref))
