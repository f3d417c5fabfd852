"""Carries out what patients asked for by their links, each kind by its own module, the calendar first."""

from __future__ import annotations

from adapters.base import OutsideError
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.people import patient_link, patient_move
from sync.plan import older_store
from sync.store import intents
from sync.store.intents import IntentRow


def carry_out(world: World) -> int:
    """Carry out the open wishes. Returns how many were done; one that fails does not stop the others (law L10). In a
    store older than the calendars none is: it may have been carried out already (law L7)."""
    with world.store.read() as tx:
        todo = () if older_store.asks(tx) else intents.open_ones(tx)
    return sum(_safely(world, row) for row in todo)


def _safely(world: World, intent: IntentRow) -> int:
    with kept_apart("wish not carried out", booking=intent.booking):
        try:
            return _one(world, intent)
        except OutsideError as error:
            log.warning("wish not carried out yet", error=type(error).__name__)
    return 0


def _one(world: World, intent: IntentRow) -> int:
    if intent.kind is intents.CANCEL:
        return patient_link.carry_out_one(world, intent)
    return patient_move.carry_out_one(world, intent)  # an accepted offer moves the appointment held
