"""Push channels: Google says that a calendar changed, so that it is read at once and else seldom (docs/design.md#push).

A hint, no more: what a message brings is a reading. Nothing relies on it: while a channel is heard the calendar is
still read every ten minutes, and a channel that cannot be opened, or is never heard, changes nothing.

    asked for → granted → heard (the calendar's pushed_until) → worn: a new one first; once that is heard, this one is
    ended
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from adapters.base import Announcer, Denied, OutsideError, TryLater
from adapters.deadline import within
from adapters.web.office import Ring
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import basics, calendars, subscriptions
from sync.store.engine import Tx
from sync.store.subscriptions import Subscription

PATIENCE = timedelta(minutes=10)  # Google's first message comes at once
AGAIN, REFUSED_AGAIN, END_AGAIN = timedelta(hours=1), timedelta(hours=6), timedelta(minutes=5)
HURRY = 10.0  # seconds: the round waits for the answer
_NOTE = "push:"


def address(public_url: str) -> str:
    """Where messages are to be sent."""
    return f"{public_url}/push/google"


def mind(world: World, where: str | None) -> None:
    """After a pass: open, renew and end what is due. `where`: the address for messages; None: push is off. Raises
    StoreProblem only: no reading waits for a channel."""
    with world.store.read() as tx:
        rows, notes = subscriptions.every(tx), basics.starting_with(tx, _NOTE)
    wanted = world.announcers.keys() if where else frozenset[str]()
    noted = {name.removeprefix(_NOTE) for name, note in notes.items() if note}
    for calendar in sorted({*wanted, *noted, *(row.calendar for row in rows)}):
        mine = [row for row in rows if row.calendar == calendar]
        with kept_apart("push failed"):  # one calendar's trouble stays with it (law L10)
            _minded(world, calendar, where if calendar in wanted else None, mine)


def _minded(world: World, calendar: str, where: str | None, rows: Sequence[Subscription]) -> None:
    kept = _kept(world, calendar, where, rows) if where else frozenset[str]()
    left = [row for row in rows if row.id not in kept and _may_end(row, world.now())]
    for row in left:
        _end(world, row)
    if left or not (where or rows):
        with world.store.write() as tx:
            _settle(tx, calendar, world.now())
            if not where:
                basics.put(tx, _NOTE + calendar, "")


def _may_end(row: Subscription, now: datetime) -> bool:
    return not _awaited(row, now) and (row.not_before is None or row.not_before <= now)


def _awaited(row: Subscription, now: datetime) -> bool:
    """The answer to our question was lost: the first message may still bring what it said."""
    return row.expires_at is None and not row.silent(now, PATIENCE)


def _kept(world: World, calendar: str, where: str, rows: Sequence[Subscription]) -> frozenset[str]:
    """The channels that stand for the calendar from now on: the newest, and while that one is not heard yet the last
    that was. The others are ended."""
    now = world.now()
    living = [row for row in rows if row.lives(now) and row.address == where]
    newest = [row.id for row in living[-1:]]
    proven = [row.id for row in living if row.heard_at][-1:]
    settled = living and not living[-1].worn(now)
    if not (settled or any(_awaited(row, now) for row in rows)) and _may_ask(world, calendar, where):
        newest = _opened(world, calendar, where) or newest
    return frozenset((*newest, *proven))


def _may_ask(world: World, calendar: str, where: str) -> bool:
    """The calendar can be read, and Google did not just refuse a channel to that address."""
    with world.store.read() as tx:
        row, note = calendars.get(tx, calendar), _noted(tx, calendar)
    if row is None or row.fail_count:
        return False
    return note.get("address") != where or datetime.fromisoformat(note["again"]) <= world.now()


def _opened(world: World, calendar: str, where: str) -> list[str]:
    """Ask for a channel. It is stored first, so that a message that is faster than the answer is believed."""
    ident, secret, now = str(uuid.uuid4()), secrets.token_urlsafe(32), world.now()
    with world.store.write() as tx:
        subscriptions.add(tx, ident, secret, calendar=calendar, address=where, now=now)
    try:
        if not _public(where):
            raise Denied(_NOT_PUBLIC)
        with within(HURRY):
            granted = world.announcers[calendar].watch(ident, secret, where)
    except OutsideError as error:
        _not_opened(world, calendar, where, ident, error)
        return []
    with world.store.write() as tx:
        subscriptions.change(tx, ident, resource=granted.resource, expires_at=granted.until)
        basics.put(tx, _NOTE + calendar, "")
    return [ident]


def _public(where: str) -> bool:
    """Google asks for https; loopback is for trials."""
    parts = urlsplit(where)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _not_opened(world: World, calendar: str, where: str, ident: str, error: OutsideError) -> None:
    """Noted for `status`, logged once, asked again later. Where the answer was lost, the channel may be open."""
    now, lost = world.now(), isinstance(error, TryLater) and not error.retry_after
    wait = timedelta(seconds=error.retry_after or 0) if isinstance(error, TryLater) else REFUSED_AGAIN
    again = (now + max(wait, AGAIN if isinstance(error, TryLater) else wait)).isoformat()
    with world.store.write() as tx:
        if not lost:
            subscriptions.forget(tx, ident)
        fresh = _noted(tx, calendar).get("reason") != str(error)
        basics.put(tx, _NOTE + calendar, json.dumps({"reason": str(error), "address": where, "again": again}))
        if fresh:
            basics.log(tx, now, "push-refused", calendar=calendar)
    if fresh:
        log.warning("push channel not opened", error=type(error).__name__, reason=str(error))


def _end(world: World, row: Subscription) -> None:
    """Stop it at Google where that can be done, and forget it: its messages are a stranger's then."""
    now = world.now()
    if row.lives(now) and row.resource and not _stopped(world, row):
        with world.store.write() as tx:
            subscriptions.change(tx, row.id, not_before=now + END_AGAIN)
        return
    with world.store.write() as tx:
        subscriptions.forget(tx, row.id)


def _stopped(world: World, row: Subscription) -> bool:
    """Whether nothing more is to be done about it: ended, unknown, or nobody's here to end. False: try again later."""
    for announcer in _logins(world, row.calendar):
        try:
            with within(HURRY):
                if announcer.unwatch(row.id, str(row.resource)):
                    return True
        except TryLater:
            return False
        except OutsideError as error:
            log.info("push channel not ended", error=type(error).__name__)
    return True


def _logins(world: World, calendar: str) -> Iterator[Announcer]:
    """Its own; for a calendar that left the configuration any of the others, which may share its login."""
    if calendar in world.announcers:
        yield world.announcers[calendar]
    else:
        yield from world.announcers.values()


# --- what came -------------------------------------------------------------------------------------------------------


def known(tx: Tx, ring: Ring) -> Subscription | None:
    """The channel that this message is from; None for a stranger's."""
    row = subscriptions.get(tx, ring.channel)
    return row if row is not None and row.fits(ring.secret) else None


def heard(world: World, rings: Iterable[Ring]) -> None:
    """The calendars of these messages are due now. The first message of a channel proves that it reaches us."""
    now = world.now()
    with world.store.write() as tx:
        for ring in rings:
            row = known(tx, ring)
            if row is None:
                continue
            if row.heard_at is None:
                resource, until = row.resource or ring.resource or None, row.expires_at or ring.until
                subscriptions.change(tx, row.id, heard_at=now, resource=resource, expires_at=until)
                _settle(tx, row.calendar, now)
            calendars.due_now(tx, row.calendar, now)


def _settle(tx: Tx, calendar: str, now: datetime) -> None:
    """Until when the calendar is announced: by channels that were heard."""
    row = calendars.get(tx, calendar)
    ends = [one.expires_at for one in subscriptions.every(tx) if one.calendar == calendar and one.heard_at]
    until = max((end for end in ends if end and end > now), default=None)
    if row is None or row.pushed_until == until:
        return
    calendars.change(tx, calendar, pushed_until=until)
    if row.pushed_until is None:
        basics.log(tx, now, "push-on", calendar=calendar)
    elif until is None:
        basics.log(tx, now, "push-off", calendar=calendar)


# --- what is said of it ----------------------------------------------------------------------------------------------


def trouble(tx: Tx, calendar: str, now: datetime) -> str | None:
    """Why the calendar is not announced though it should be; for `status`, in French. It is read all the same."""
    reason = _noted(tx, calendar).get("reason")
    if reason:
        return f"Sans annonces de Google, lu au rythme habituel. {reason}"
    mine = [row for row in subscriptions.every(tx) if row.calendar == calendar and row.lives(now)]
    if mine and all(row.silent(now, PATIENCE) for row in mine):
        return _UNHEARD
    return None


def _noted(tx: Tx, calendar: str) -> dict[str, str]:
    note: dict[str, str] = json.loads(basics.get(tx, _NOTE + calendar) or "{}")
    return note


_NOT_PUBLIC = "« page.public_url » n'est pas en https : Google n'y annonce rien."
_UNHEARD = (
    "Google annonce les changements, mais rien n'arrive à « page.public_url », chemin /push/google : le relais le "
    "transmet-il ? L'agenda est lu au rythme habituel."
)
