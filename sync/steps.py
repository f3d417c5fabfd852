"""What a pass does once the calendars were read: changes judged, due messages sent, events written, alerts mailed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync import attribution, brakenotice, companion, floods, manage, moves, queries
from sync.alerts import send_notices
from sync.digest import send_digest
from sync.judge import judge
from sync.outbox import deliver
from sync.restore import hush
from sync.sweep import sweep
from sync.world import Watch, World
from sync.writeback import write_back


@dataclass(frozen=True, slots=True)
class Done:
    """How many resources were judged, messages sent, events written."""

    judged: int
    sent: int
    written: int


def nothing_read() -> bool:
    """For passes that have just read everything."""
    return False


def take_all(
    world: World, read_again: Callable[[], None], watch: Watch, *, restored: bool,
    refresh: Callable[[], bool] = nothing_read,
) -> Done:  # fmt: skip
    """Every step once. `read_again` reads the calendars anew, before a cancellation that may be a move is told;
    `refresh` those that a due message must not be sent without (H08), and says whether it read any."""
    manage.carry_out(world)  # what a crash left half done, before its trace is judged
    judged = judge(world)
    if manage.carry_out(world):
        judged += judge(world)
    if _moves_may_be_missed(world):
        read_again()
        judged += judge(world)
    if attribution.settle(world):
        judged += judge(world)
    brakenotice.read_answers(world)
    if restored:
        hush(world)
    sweep(world)
    if refresh():
        judged += judge(world)
    floods.hold(world)
    sent = deliver(world, watch)
    judged += judge(world)
    queries.tidy(world)
    written = write_back(world, watch)
    brakenotice.show(world)
    companion.show(world)
    send_notices(world, watch)
    send_digest(world, watch)
    return Done(judged, sent, written)


def _moves_may_be_missed(world: World) -> bool:
    with world.store.read() as tx:
        return moves.may_be_missed(world, tx, world.now())
