"""Carries out what patients asked for by their links, each kind by its own module, the calendar first."""

from __future__ import annotations

from functools import partial

from sync.annotate.beside import begin
from sync.core.calls import finish
from sync.core.context import Watch, World, nobody_watches
from sync.people import patient_link, patient_move
from sync.plan import older_store
from sync.store import bookings, intents
from sync.store.engine import Tx
from sync.store.intents import IntentRow

DEADLINE_S = 120.0  # for one wish, with the readings before and after the write


def carry_out(world: World, watch: Watch = nobody_watches) -> int:
    """Carry out the open wishes, each beside the pass. Returns how many were done; one that fails does not stop the
    others (law L10). In a store older than the calendars none is: it may have been carried out already (law L7)."""
    with world.store.read() as tx:
        todo = [] if older_store.asks(tx) else [(row, _calendars(world, tx, row)) for row in intents.open_ones(tx)]
    done: list[int] = []
    for row, places in todo:
        work, about = partial(_one, booking=row.booking, done=done), ("wish", row.booking)
        begin(world, places, "wish not carried out", [work], watch, seconds=DEADLINE_S, about=about)
    finish(world.calls, watch)
    return sum(done)


def _calendars(world: World, tx: Tx, intent: IntentRow) -> list[str]:
    """Its own calendar, then those that a move reads."""
    row = bookings.get(tx, intent.booking, world.practice.zone)
    read = [one.address for one in patient_move.to_read(world, tx, intent, row)] if row else []
    return list(dict.fromkeys((row.calendar if row else "", *read)))


def _one(world: World, *, booking: int, done: list[int]) -> None:
    with world.store.read() as tx:  # another call may have carried it out since
        intent = next((one for one in intents.open_ones(tx) if one.booking == booking), None)
    if intent is None:
        return
    if intent.kind is intents.CANCEL:
        done.append(patient_link.carry_out_one(world, intent))
    else:  # an accepted offer moves the appointment held
        done.append(patient_move.carry_out_one(world, intent))
