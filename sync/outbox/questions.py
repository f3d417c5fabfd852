"""Whether a question to a patient is still to be asked when its turn comes. Each kind of question has its own test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from rules.model import MessageKind
from rules.patients.unwanted import unwanted
from sync.core.context import World
from sync.plan import open_questions
from sync.store import calendars, offers, patients
from sync.store.engine import Tx
from sync.store.messages import MessageRow

ENOUGH = timedelta(minutes=5)  # must be left to answer an offer
Stands = Callable[[World, Tx, MessageRow, datetime], bool]


def _agreement(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    return open_questions.agreement(world, tx, row.number, now) is not None


def _dates(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    found = open_questions.dates(world, tx, row.booking, now)
    return found is not None and found.id == row.number


def _offer(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    """Whether the offer is open, with time left to answer, and no brake holds the calendar (P44)."""
    offer = offers.get(tx, row.number, world.practice.zone)
    if offer is None or offer.state is not offers.OPEN or now > offer.until - ENOUGH:
        return False
    calendar = calendars.get(tx, offer.calendar) if offer.calendar else None
    return calendar is None or calendar.held_at is None


_STANDS: Mapping[MessageKind, Stands] = {
    MessageKind.AGREEMENT: _agreement, MessageKind.DATES: _dates, MessageKind.OFFER: _offer, MessageKind.STILL: _offer,
}  # fmt: skip


def stands(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    """Whether the question is still open, and its answer would count."""
    test = _STANDS.get(row.kind)
    patient = patients.get(tx, row.facts.patient_id) if row.facts.patient_id else None
    return test is not None and row.channel not in unwanted(patient) and test(world, tx, row, now)


def until(world: World, tx: Tx, row: MessageRow) -> datetime | None:
    """When the answer to that question is too late; None where it is no offer."""
    if row.kind is not MessageKind.OFFER:
        return None
    offer = offers.get(tx, row.number, world.practice.zone)
    return offer.until if offer else None
