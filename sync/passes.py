"""One pass: calendars are mirrored, changes judged, due messages sent, events written. `sync` is one, `run` many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapters.base import Denied, Garbled, NotThere, OutsideError, TryLater
from sync import auditing
from sync.faults import described, log
from sync.mirror import mirror
from sync.rest import nothing_owed
from sync.rivals import Rival
from sync.store import basics, bookings, calendars, notices, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import StoreProblem, Tx
from sync.world import Source, Watch, World, nobody_watches

LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass did. `unreachable`: addresses of calendars that could not be read."""

    judged: int = 0
    sent: int = 0
    written: int = 0
    unreachable: tuple[str, ...] = ()


def one_pass(
    world: World, only: Iterable[str] | None = None, watch: Watch = nobody_watches, *, restored: bool = False
) -> PassReport:
    """Everything once. `only` limits the calendars that are read. `watch` is called after each step (a calendar read, a
    message sent, an event written) with what it was about; what it raises ends the pass there, with nothing half done.
    `restored`: the store is a backup that was put back; what changed since is told to nobody (law L7).
    """
    sources = [source for source in world.sources if only is None or source.address in set(only)]
    _mind_configuration(world)
    pull(world, sources, watch)
    auditing.audit(world, sources)
    if not restored and _at_rest(world):
        return PassReport(unreachable=_unreachable(world, sources))
    from sync.steps import take_all  # not loaded by a process that finds nothing to do

    done = take_all(world, lambda: pull(world, sources, nobody_watches), watch, restored=restored)
    return PassReport(done.judged, done.sent, done.written, _unreachable(world, sources))


def _at_rest(world: World) -> bool:
    with world.store.read() as tx:
        return nothing_owed(world, tx)


def pull(world: World, sources: Iterable[Source], watch: Watch) -> None:
    """Mirror these calendars side by side; one that fails does not stop the others (law L10)."""
    now = world.now()
    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
        owing = {s.address for s in sources if resources.debts(tx, s.address) or resources.suspects(tx, s.address)}
        untold = _needs_no_telling(world, tx, rows.values(), now)
    due = [source for source in sources if _due(rows.get(source.address), now)]
    quiet = _unchanged(world, {source.address for source in due} - owing, rows)
    _succeeded(world, sorted(quiet), now, untold)
    for source in due:
        if source.address in quiet:
            watch(source.address)
    busy = [source for source in due if source.address not in quiet]
    if len(busy) <= 1:
        for source in busy:
            _mirror_safely(world, source, watch, untold)
        return
    with ThreadPoolExecutor(max_workers=min(8, len(busy))) as pool:
        list(pool.map(lambda source: _mirror_safely(world, source, watch, untold), busy))


def _mirror_safely(world: World, source: Source, watch: Watch, untold: frozenset[str]) -> None:
    started = world.now()
    try:
        mirror(world, source)
    except OutsideError as error:
        _failed(world, source, error, started)
    except StoreProblem:
        raise
    except Exception as error:
        log.error("mirroring failed", **described(error))
        _failed(world, source, Garbled("La réponse de l'agenda n'a pas été comprise."), started)
    else:
        _succeeded(world, [source.address], started, untold)
    watch(source.address)


def _unchanged(world: World, asked: set[str], rows: Mapping[str, CalendarRow]) -> frozenset[str]:
    """Calendars that their account says have not changed, in one question for all (BENCHMARK B5)."""
    quiet: set[str] = set()
    for account, addresses in world.accounts:
        cursors = {a: rows[a].cursor for a in addresses & asked if a in rows and rows[a].cursor}
        if len(cursors) < 2:
            continue
        try:
            quiet |= account.unchanged({a: cursor for a, cursor in cursors.items() if cursor})
        except OutsideError as error:
            log.info("no short cut", error=type(error).__name__)
    return frozenset(quiet)


def _due(row: CalendarRow | None, now: datetime) -> bool:
    return row is None or row.not_before is None or row.not_before <= now


def _needs_no_telling(world: World, tx: Tx, rows: Iterable[CalendarRow], now: datetime) -> frozenset[str]:
    """Calendars whose good health the store knows well enough. Where something vanished, it is to know each reading."""
    known = frozenset(row.calendar for row in rows if world.noted.suffices(row, now))
    return known if known and not bookings.vanished_since(tx, now - LATELY, world.practice.zone) else frozenset()


def _succeeded(world: World, addresses: Sequence[str], started: datetime, untold: frozenset[str]) -> None:
    to_tell = [address for address in addresses if address not in untold]
    if to_tell:
        with world.store.write() as tx:
            calendars.were_read(tx, to_tell, started)
    world.noted.were_read(to_tell, started, told=True)
    world.noted.were_read(untold.intersection(addresses), started, told=False)


def _failed(world: World, source: Source, error: OutsideError, started: datetime) -> None:
    trouble = _TROUBLE.get(type(error), "garbled")
    with world.store.write() as tx:
        row = calendars.ensure(tx, source.address, source.dentist)
        values = {"fail_count": row.fail_count + 1, "reason": str(error), "trouble": trouble}
        calendars.change(tx, source.address, last_attempt=started, not_before=_not_before(error, started), **values)
        if row.trouble != trouble:
            basics.log(tx, started, "trouble", detail=trouble, calendar=source.address)
        if trouble != "unreachable" or row.fail_count >= 2:
            _alert(world, tx, row, trouble, reason=str(error), now=started)


def _not_before(error: OutsideError, started: datetime) -> datetime | None:
    """What a server asked for is kept in the store: it holds over restarts and separate calls (INTERFACE 8)."""
    asked = error.retry_after if isinstance(error, TryLater | Rival) else None
    return started + timedelta(seconds=asked) if asked else None


def _alert(world: World, tx: Tx, row: CalendarRow, trouble: str, *, reason: str, now: datetime) -> None:
    """Once an episode: a calendar that was read again since may raise it anew. Says whom to call (P1)."""
    from sync.opening import support_words

    name = world.called(row.dentist)
    calls = [f"{who} : {how} ({when})" for who, how, when in support_words(world.practice, now)]
    since = row.last_success.isoformat() if row.last_success else "never"
    key = f"calendar:{row.calendar}:{trouble}:{since}"
    text = (
        f"L'agenda « {name} » ne peut pas être lu : {reason}\n\n"
        "Aucun patient n'est prévenu d'une annulation tant que cela dure. Rien n'est perdu : tout reprend dès que "
        "l'agenda répond.\n\nDétail : attitre status, puis attitre check --connect"
    )
    if trouble == "rival":
        text = f"Agenda « {name} » : {reason}\n\nDétail : attitre status"
    text = "\n".join([text, "", "Assistance :", *calls]) if calls else text
    notices.raise_once(tx, key, f"attitre : agenda « {name} » non lu", text, now)


def _mind_configuration(world: World) -> None:
    """A changed configuration owes a judgement to all that is to come; calendars that left it are suspended."""
    print_of = _fingerprint(world)
    with world.store.read() as tx:  # most passes end here, without a write
        if basics.get(tx, "configuration") == print_of:
            return
    with world.store.write() as tx:
        before = basics.get(tx, "configuration")
        if before == print_of:
            return
        basics.put(tx, "configuration", print_of)
        calendars.suspend_others(tx, frozenset(source.address for source in world.sources))
        if before is not None:
            resources.mark_future_dirty(tx, world.now())


def _fingerprint(world: World) -> str:
    """The same in every process for the same configuration: sets have no order of their own."""
    practice = world.practice
    read = sorted((source.address, source.dentist) for source in world.sources)
    mandatory = ",".join(sorted(practice.policy.mandatory))
    rest = replace(practice, policy=replace(practice.policy, mandatory=frozenset()))
    return hashlib.sha256(f"{mandatory} {rest!r} {read}".encode()).hexdigest()


def _unreachable(world: World, sources: Iterable[Source]) -> tuple[str, ...]:
    with world.store.read() as tx:
        failing = {row.calendar for row in calendars.every(tx) if row.fail_count}
    return tuple(source.address for source in sources if source.address in failing)


_TROUBLE: dict[type[OutsideError], str] = {
    TryLater: "unreachable",
    Denied: "denied",
    NotThere: "gone",
    Garbled: "garbled",
    Rival: "rival",
}
