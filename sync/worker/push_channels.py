"""Push channels: Google announces that a calendar changed, so that it is read at once and otherwise seldom
(docs/design.md#push).

A notification only triggers a reading. Nothing relies on it: a calendar with a working channel is still read every
10 minutes, and a channel that cannot be opened or stays silent changes nothing.

A channel's life: asked for → granted → heard (sets the calendar's pushed_until) → worn. A worn channel is replaced
first, and ended once the new one was heard.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from msgspec.structs import replace

from adapters.base import Announcer, Denied, OutsideError, TryLater
from adapters.deadline import within
from adapters.web.office import Ring
from sync.core.calls import Call, Note
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import calendars, journal, keyvalue, subscriptions
from sync.store.engine import Tx
from sync.store.subscriptions import Subscription

FIRST_MESSAGE_WITHIN = timedelta(minutes=10)  # Google sends its first message at once: later means never
RETRY_LOST_AFTER, RETRY_REFUSED_AFTER, RETRY_END_AFTER = timedelta(hours=1), timedelta(hours=6), timedelta(minutes=5)
DEADLINE_S = 10.0  # for one request
_NOTE, _PUSH = "push:", "push"


def address(public_url: str) -> str:
    """The URL to which Google sends notifications."""
    return f"{public_url}/push/google"


def refresh_channels(world: World, where: str | None) -> None:
    """After a round and beside it: open, renew and end the channels that are due, unless that still goes on. `where`:
    the URL for notifications; None: push is off. Raises StoreProblem only."""
    calls = world.calls
    if calls.free(_PUSH, [_PUSH]):
        beside = replace(world, store=calls.stored(world.store))
        calls.start(Call(_PUSH, frozenset({_PUSH}), partial(_refreshed, beside, where), alone=True))


def _refreshed(world: World, where: str | None) -> Note:
    with world.store.read() as tx:
        rows, notes = subscriptions.every(tx), keyvalue.starting_with(tx, _NOTE)
    wanted = world.announcers.keys() if where else frozenset[str]()
    noted = {name.removeprefix(_NOTE) for name, note in notes.items() if note}
    for calendar in sorted({*wanted, *noted, *(row.calendar for row in rows)}):
        mine = [row for row in rows if row.calendar == calendar]
        with kept_apart("push failed"):  # one calendar's trouble stays with it (law L10)
            _refresh_channels(world, calendar, where if calendar in wanted else None, mine)
    return lambda: None


def _refresh_channels(world: World, calendar: str, where: str | None, rows: Sequence[Subscription]) -> None:
    kept = _kept(world, calendar, where, rows) if where else frozenset[str]()
    left = [row for row in rows if row.id not in kept and _may_end(row, world.now())]
    for row in left:
        _end(world, row)
    if left or not (where or rows):
        with world.store.write() as tx:
            _settle(tx, calendar, world.now())
            if not where:
                keyvalue.put(tx, _NOTE + calendar, "")


def _may_end(row: Subscription, now: datetime) -> bool:
    return not _awaited(row, now) and (row.not_before is None or row.not_before <= now)


def _awaited(row: Subscription, now: datetime) -> bool:
    """Whether the answer to our request was lost and the first notification may still bring its contents."""
    return row.expires_at is None and not row.silent(now, FIRST_MESSAGE_WITHIN)


def _kept(world: World, calendar: str, where: str, rows: Sequence[Subscription]) -> frozenset[str]:
    """The ids of the channels to keep: the newest, and the last one that was heard. The others are ended."""
    now = world.now()
    living = [row for row in rows if row.lives(now) and row.address == where]
    newest = [row.id for row in living[-1:]]
    proven = [row.id for row in living if row.heard_at][-1:]
    settled = living and not living[-1].worn(now)
    if not (settled or any(_awaited(row, now) for row in rows)) and _may_ask(world, calendar, where):
        newest = _opened(world, calendar, where) or newest
    return frozenset((*newest, *proven))


def _may_ask(world: World, calendar: str, where: str) -> bool:
    """Whether the calendar can be read and Google did not just refuse a channel to that URL."""
    with world.store.read() as tx:
        row, note = calendars.get(tx, calendar), _noted(tx, calendar)
    if row is None or row.fail_count:
        return False
    return note.get("address") != where or datetime.fromisoformat(note["again"]) <= world.now()


def _opened(world: World, calendar: str, where: str) -> list[str]:
    """Ask for a channel. It is stored before the request, since the first notification may precede the answer."""
    ident, secret, now = subscriptions.new_name(world.practice.key), secrets.token_urlsafe(32), world.now()
    with world.store.write() as tx:
        subscriptions.add(tx, ident, secret, calendar=calendar, address=where, now=now)
    try:
        if not _public(where):
            raise Denied(_NOT_PUBLIC)
        with within(DEADLINE_S):
            granted = world.announcers[calendar].watch(ident, secret, where)
    except OutsideError as error:
        _not_opened(world, calendar, where, ident, error)
        return []
    with world.store.write() as tx:
        subscriptions.change(tx, ident, resource=granted.resource, expires_at=granted.until)
        keyvalue.put(tx, _NOTE + calendar, "")
    return [ident]


def _public(where: str) -> bool:
    """Whether Google accepts the URL: https, or loopback in trials."""
    parts = urlsplit(where)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _not_opened(world: World, calendar: str, where: str, ident: str, error: OutsideError) -> None:
    """Note the refusal for `status`, log it once, ask again later. After a lost answer the channel may be open, so it
    is kept."""
    now, lost = world.now(), isinstance(error, TryLater) and not error.retry_after
    wait = timedelta(seconds=error.retry_after or 0) if isinstance(error, TryLater) else RETRY_REFUSED_AFTER
    again = (now + max(wait, RETRY_LOST_AFTER if isinstance(error, TryLater) else wait)).isoformat()
    with world.store.write() as tx:
        if not lost:
            subscriptions.forget(tx, ident)
        fresh = _noted(tx, calendar).get("reason") != str(error)
        keyvalue.put(tx, _NOTE + calendar, json.dumps({"reason": str(error), "address": where, "again": again}))
        if fresh:
            journal.log(tx, now, "push-refused", calendar=calendar)
    if fresh:
        log.warning("push channel not opened", error=type(error).__name__, reason=str(error))


def _end(world: World, row: Subscription) -> None:
    """Stop the channel at Google if possible, and forget it: its notifications are ignored from then on."""
    now = world.now()
    if row.lives(now) and row.resource and not _stopped(world, row):
        with world.store.write() as tx:
            subscriptions.change(tx, row.id, not_before=now + RETRY_END_AFTER)
        return
    with world.store.write() as tx:
        subscriptions.forget(tx, row.id)


def _stopped(world: World, row: Subscription) -> bool:
    """Whether the channel needs no more work: stopped, unknown to Google, or of no login here. False: try later."""
    for announcer in _logins(world, row.calendar):
        try:
            with within(DEADLINE_S):
                if announcer.unwatch(row.id, str(row.resource)):
                    return True
        except TryLater:
            return False
        except OutsideError as error:
            log.info("push channel not ended", error=type(error).__name__)
    return True


def _logins(world: World, calendar: str) -> Iterator[Announcer]:
    """The calendar's own login; if the calendar left the configuration, all others, one of which may be its login."""
    if calendar in world.announcers:
        yield world.announcers[calendar]
    else:
        yield from world.announcers.values()


# --- what came -------------------------------------------------------------------------------------------------------


def known(tx: Tx, ring: Ring) -> Subscription | None:
    """The channel of this notification; None if we did not open it."""
    row = subscriptions.get(tx, ring.channel)
    return row if row is not None and row.fits(ring.secret) else None


def heard(world: World, rings: Iterable[Ring]) -> None:
    """Make the calendars of these notifications due now. A channel's first notification proves that it reaches us."""
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
    """Store until when the calendar's changes are announced: the latest expiry of its heard channels."""
    row = calendars.get(tx, calendar)
    ends = [one.expires_at for one in subscriptions.every(tx) if one.calendar == calendar and one.heard_at]
    until = max((end for end in ends if end and end > now), default=None)
    if row is None or row.pushed_until == until:
        return
    calendars.change(tx, calendar, pushed_until=until)
    if row.pushed_until is None:
        journal.log(tx, now, "push-on", calendar=calendar)
    elif until is None:
        journal.log(tx, now, "push-off", calendar=calendar)


# --- what is said of it ----------------------------------------------------------------------------------------------


def trouble(tx: Tx, calendar: str, now: datetime) -> str | None:
    """Why no push reaches us for the calendar, in French for `status`. It is polled all the same."""
    reason = _noted(tx, calendar).get("reason")
    if reason:
        return f"Sans annonces de Google, lu au rythme habituel. {reason}"
    mine = [row for row in subscriptions.every(tx) if row.calendar == calendar and row.lives(now)]
    if mine and all(row.silent(now, FIRST_MESSAGE_WITHIN) for row in mine):
        return _UNHEARD
    return None


def _noted(tx: Tx, calendar: str) -> dict[str, str]:
    note: dict[str, str] = json.loads(keyvalue.get(tx, _NOTE + calendar) or "{}")
    return note


_NOT_PUBLIC = "« page.public_url » n'est pas en https : Google n'y annonce rien."
_UNHEARD = (
    "Google annonce les changements, mais rien n'arrive à « page.public_url », chemin /push/google : le relais le "
    "transmet-il ? L'agenda est lu au rythme habituel."
)
