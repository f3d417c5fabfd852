"""Sends due messages: claim, call and result are three commits, so that a crash anywhere tells nobody twice (law L4).

    pending ─claim→ claimed ─call→ sent | failed (for good) | pending (later) | uncertain (the answer was lost)

Before a claim the booking is planned again, and a message that is no longer true is replaced (`sync.outbox.claims`).
After a crash, a claimed message whose call had not begun is pending again; one whose call may have begun has an unknown
outcome, and the configuration decides (`sync.outbox.results`), unless a newer message supersedes it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic

from msgspec.structs import replace

from adapters.base import Denied, NoAccess, Outgoing, Permanent, Sender, TryLater, Uncertain
from adapters.senders.render import outgoing
from rules.model import Channel
from sync.core.calls import Call, finish
from sync.core.context import Watch, World, nobody_watches
from sync.core.guard import kept_apart
from sync.core.log import described, log
from sync.outbox import gateway_pause, message_links, questions, results, series
from sync.outbox.claims import begin, claim
from sync.store import bookings, generation, messages
from sync.store.engine import Tx
from sync.store.messages import CLAIMED, PENDING, MessageRow

Result = Callable[[World, Tx, MessageRow], None]
STOPPED = "le programme s'est arrêté pendant l'envoi"
NOT_KNOWN = "le résultat de l'envoi n'a pas pu être enregistré"  # whoever sent may live: cut off, or at fault


def deliver(world: World, watch: Watch = nobody_watches) -> int:
    """Send every message that is due and still true; one bad row never stops the others. Returns how many were sent."""
    recover(world)
    sent: list[int] = []
    while _deliver_due(world, sent, watch):
        pass
    return len(sent)


def _deliver_due(world: World, sent: list[int], watch: Watch) -> bool:
    """Send the due messages of channels that do not pause, and one of each channel that is tried again. Returns whether
    a tried gateway answers again."""
    left = _with_a_way(world)
    began, tried = monotonic(), _pausing(world) if left else {}
    may_try = {channel for channel, now in tried.items() if now}
    while left and not world.calls.weary(began):
        left = [row for row in left if not _offered(world, row, sent, watch, tried=tried)]
        if left and not world.calls.wait(watch):
            break
        tried = {**(_pausing(world) if left else {}), **tried}  # another gateway may have begun to pause
    finish(world.calls, watch)
    return bool(may_try) and not may_try <= _pausing(world).keys()


def _with_a_way(world: World) -> list[MessageRow]:
    """The due messages of configured channels; those of others are closed."""
    with world.store.read() as tx:
        due = messages.due(tx, world.now(), world.practice.zone)
    nowhere = [row for row in due if row.channel not in world.senders]
    if nowhere:
        from sync.outbox.no_channel import close

        close(world, nowhere)
    return [row for row in due if row.channel in world.senders]


def _pausing(world: World) -> dict[Channel, bool]:
    with world.store.read() as tx:
        return gateway_pause.pausing(tx, world.now())


def recover(world: World) -> None:
    """Give back the messages that a crash left claimed. We hold the lease, so only our own running calls are spared."""
    with world.store.read() as tx:
        left = messages.with_state(tx, CLAIMED, zone=world.practice.zone)
    why = NOT_KNOWN if world.store.may_lose_its_lock or world.recovered.once else STOPPED
    world.recovered.once = True
    for row in left:
        if world.calls.busy(row.id):
            continue
        with kept_apart("message not recovered", message=row.id), world.store.write() as tx:
            if row.started_at is None:
                messages.move(tx, row.id, CLAIMED, PENDING)
                results.untell(tx, row)
            else:
                results.unclear(world, tx, row, why)


def _offered(world: World, row: MessageRow, sent: list[int], watch: Watch, *, tried: dict[Channel, bool]) -> bool:
    """Start the message's call if it may go; False if it must wait for a running call. A fault of ours ends here (law
    L10): the message is for later, or of unknown outcome if its call may have begun."""
    if not tried.get(row.channel, True):
        return True
    if not world.calls.free(row.channel, [(row.booking, row.channel)]):
        return False
    with kept_apart("message not sent", message=row.id) as fate:
        if _deliver(world, row, sent) and row.channel in tried:
            tried[row.channel] = False
    if fate.failed:
        _give_back(world, [row.id])
    watch(row.key)
    return True


def _deliver(world: World, row: MessageRow, sent: list[int]) -> bool:
    rows = claim(world, row)
    if not rows:
        return False
    message = _render(world, rows)
    marks = {(one.booking, one.channel) for one in rows} | {one.id for one in rows}
    work = partial(_call, world, world.senders[row.channel], rows, message, sent)
    world.calls.start(Call(row.channel, frozenset(marks), work, partial(begin, world, rows)))
    return True


def _render(world: World, rows: tuple[MessageRow, ...]) -> Outgoing:
    first, *others = rows
    with world.store.read() as tx:
        names = [bookings.invite_of(tx, one.booking) for one in rows]
        since = made.since if (made := generation.known(tx)) else 0
        manage_url = message_links.url(world, tx, rows)
        until = questions.until(world, tx, first)
    return outgoing(
        replace(series.action(world, rows), until=until),
        key=first.together or first.key,
        name=names[0],
        sequence=since + first.number,
        practice=world.practice,
        now=world.now(),
        manage_url=manage_url,
        also=tuple((name, since + one.number) for name, one in zip(names[1:], others, strict=True)),
    )


def _call(
    world: World, sender: Sender, rows: tuple[MessageRow, ...], message: Outgoing, sent: list[int]
) -> Callable[[], None]:
    """Make one call. Returns the function that stores its result for every message that it carried."""
    result: Result
    slow = False
    try:
        reference = sender.send(message)
    except Uncertain as error:
        slow = error.slow
        result = partial(results.unclear, reason=str(error))
    except TryLater as error:
        slow = error.slow
        result = partial(results.later, reason=str(error), retry_after=error.retry_after, capped=error.capped)
    except Denied as error:  # our login is refused: the message goes once that is corrected
        result = partial(results.later, reason=str(error), retry_after=results.put_right(rows[0]))
    except NoAccess as error:
        result = partial(results.no_access, reason=str(error))
    except Permanent as error:
        result = partial(results.failed, reason=str(error))
    except Exception as error:
        log.error("message not sent", **described(error))
        return partial(_give_back, world, [one.id for one in rows])
    else:
        return partial(_note, world, rows, partial(results.sent, reference=reference), sent)
    return partial(_note, world, rows, result, slow=slow)


def _note(
    world: World, rows: tuple[MessageRow, ...], result: Result, sent: list[int] | None = None, *, slow: bool = False
) -> None:
    with kept_apart("result not noted") as fate, world.store.write(durable=True, answer=True) as tx:
        for row in rows:
            result(world, tx, row)
        gateway_pause.heard(world, tx, rows[0].channel, slow=slow)
    if fate.failed:
        _give_back(world, [one.id for one in rows])
    elif sent is not None:
        sent.append(rows[0].id)


def _give_back(world: World, ids: list[int]) -> None:
    """Give back claimed messages after a fault. If this fails too, the next round's `recover` gives them back."""
    with kept_apart("message not given back"), world.store.write() as tx:
        for message in ids:
            row = messages.get(tx, message, world.practice.zone)
            if row is None or row.state != CLAIMED:
                continue
            for one in messages.claimed_with(tx, row, world.practice.zone):
                if one.started_at is not None:
                    results.unclear(world, tx, one, "l'envoi a échoué de façon inattendue")
                else:
                    results.later(world, tx, one, "Le message n'a pas pu être préparé.", None)
