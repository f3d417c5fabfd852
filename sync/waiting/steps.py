"""The waiting list's part of a pass (P44)."""

from __future__ import annotations

from datetime import datetime

from sync.core.context import Watch, World, nobody_watches
from sync.plan import older_store
from sync.store import gaps, offers
from sync.store.engine import Tx
from sync.waiting import accepted, answers, calling, entries, new_appointment, offering, showing


def has_work(world: World, tx: Tx, now: datetime) -> bool:
    """Whether anybody joins, is asked or to be asked, or an event of ours is to be shown or taken out."""
    if world.practice.waiting is None or older_store.asks(tx):
        return False
    zone = world.practice.zone
    return (
        gaps.is_due(tx, now)
        or bool(offers.in_states(tx, zone, *offers.LIVE))
        or showing.is_due(world, tx, now)
        or entries.is_due(world, tx, now)
        or calling.is_due(world, tx, now)
    )


def attend(world: World, watch: Watch = nobody_watches) -> int:
    """Take each step once, in this order: an offer that ends makes room for the next. Returns how much was done. In a
    store older than the calendars nothing: what it offers may be taken (law L7)."""
    with world.store.read() as tx:
        if older_store.asks(tx):
            return 0
    written = new_appointment.carry_out(world, watch)
    ended = written + entries.attend(world) + accepted.attend(world) + answers.attend(world)
    return ended + offering.attend(world) + showing.attend(world, watch) + calling.attend(world, watch)
