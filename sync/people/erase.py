"""Erases a patient: afterwards nothing in the store says who they were.

Their events stay in the calendars until a person deletes them. Our copy of each is emptied and not evaluated again, so
that no later reading brings the record back. Only what a person types into such an event afterwards counts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from rules.model import Patient
from rules.text.fold import fold
from sync.core.context import World
from sync.store import bookings, erasing, gaps, journal, nameindex
from sync.store.engine import Tx


class Left(Struct, frozen=True):
    """An event that still stands in a calendar and names the patient. Only a person may delete it."""

    dentist: str
    start: datetime
    uid: str


class Erased(Struct, frozen=True):
    """What was done. `others`: how many coming events of other patients named this one; they are corrected at the next
    pass."""

    events: tuple[Left, ...]
    bookings: int
    others: int


def erase(world: World, tx: Tx, patient: Patient) -> Erased:
    """Delete all about the patient from the store, and about the records merged into theirs."""
    assert patient.id is not None
    now, zone = world.now(), world.practice.zone
    ids = erasing.all_of(tx, patient.id)
    theirs = [row for number in ids for row in bookings.of_patient(tx, number, zone)]
    mentions = _mentions(tx, ids, [value for row in theirs for value in (row.mobile, row.email) if value])
    events = erasing.events(tx, ids)
    left = [Left(row["dentist"], row["start"].astimezone(zone), row["uid"]) for row in events]
    places = {(row["calendar"], row["ref"]) for row in events} | {(row.calendar, row.ref) for row in theirs}
    erasing.withdraw_offers(tx, ids, [row.id for row in theirs], now)
    erasing.drop_bookings(tx, [row.id for row in theirs])
    erasing.drop_facts(tx, ids)
    for place in places:
        erasing.empty(tx, place)
    others = erasing.out_of_others(tx, mentions, places, world.meaning, now)
    erasing.drop_records(tx, ids)
    erasing.out_of_the_rest(tx, mentions)
    nameindex.erased(tx)
    gaps.doubt_lists(tx)
    journal.log(tx, now, "patient-erased")
    return Erased(tuple(sorted(left, key=lambda one: one.start)), len(theirs), others)


def _mentions(tx: Tx, ids: list[int], more: Iterable[str]) -> Callable[[str], bool]:
    """A predicate: does a text name the patient, by a full name in either order, a mobile, an e-mail or an address?"""
    signs = {fold(one) for one in (*erasing.signs(tx, ids), *more)}
    signs |= {f"0{one[3:]}" for one in signs if one.startswith("+33")}
    found = tuple(sign for sign in signs if len(sign) > 3)  # a shorter one would match inside other words
    return lambda text: any(sign in said for said in (fold(text), _run_together(text)) for sign in found)


def _run_together(text: str) -> str:
    return fold(text).replace(" ", "").replace(".", "")
