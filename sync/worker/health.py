"""The health of calendars, steps and gateways: one rule for `attitre status`, `/healthz` and `/metrics`. Reads the
store only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from rules.model import Channel
from rules.text.french import WAYS, clock
from sync.annotate import refused_writes, write_backoff
from sync.core.context import of_whom
from sync.core.intervals import JITTER
from sync.core.pace import longest_interval
from sync.outbox import gateway_pause
from sync.pull import unfetched
from sync.store import calendars, keyvalue, messages, resources, troubles, views
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.worker.step_troubles import words

if TYPE_CHECKING:
    from config.roster import Configured
    from config.settings import Settings
    from sync.core.context import World

STATES = ("ok", "stale", "failing", "held")
BAD = frozenset({"stale", "failing"})
CLOCKS_DIFFER_BY = timedelta(minutes=2)  # the clocks of two machines differ by less


def read_ahead(tx: Tx, *more: str) -> None:
    """Have the texts from which troubles are told read in one statement, and those of these names."""
    keyvalue.expect(tx, (*troubles.NAMES, *gateway_pause.NAMES, *refused_writes.NAMES, *more))


def wrong(tx: Tx) -> list[str]:
    """Troubles other than a calendar's state, in French: while there is any, `status` exits with 1 and `/healthz`
    answers unhealthy."""
    refused = refused_writes.every(tx)
    active = [row for row in calendars.every(tx) if row.calendar in refused] if refused else []
    closed = [f"L'agenda de {of_whom(row.dentist)} : {refused_writes.said(refused[row.calendar])}" for row in active]
    return [*troubles_said(tx), *gateways_down(tx), *closed]


def remarks(settings: Settings) -> list[str]:
    """Consequences of the configuration worth knowing, in French; no troubles."""
    ways = {"SMS": settings.messages.sms, "e-mail": settings.messages.email}
    missing = [name for name, one in ways.items() if not one]
    if len(missing) != 1:
        return [NO_WAY] if missing else []
    also = " ; le cabinet ne reçoit ni alerte ni récapitulatif" if missing == ["e-mail"] else ""
    return [f"Aucun {missing[0]} n'est configuré : les patients n'en reçoivent pas{also} (voir « attitre check »)."]


def gateways_down(tx: Tx) -> list[str]:
    """Channels whose messages failed at least twice, in French. Once may be an accident."""
    return [
        f"{WAYS[Channel(way)]} : {(_unheard if lost else _waiting)(count)}, et réessayé{'s' if count > 1 else ''}."
        for (way, lost), count in sorted(messages.tried_in_vain(tx).items())
    ]


def _waiting(count: int) -> str:
    what = "1 message est refusé" if count == 1 else f"{count} messages sont refusés"
    return f"{what} à chaque essai par le service d'envoi"


def _unheard(count: int) -> str:
    what = "1 message peut-être parti" if count == 1 else f"{count} messages peut-être partis"
    return f"la réponse du service d'envoi se perd à chaque essai, pour {what}"


def beside(tx: Tx, row: CalendarRow) -> list[str]:
    """Troubles of a calendar that can be read, in French: refused writes, unreadable events."""
    refused = refused_writes.every(tx).get(row.calendar)
    said = [refused_writes.said(refused)] if refused else [row.read_only] if row.read_only else []
    return [*said, *events_not_read(tx, row.calendar)]


def writes_paused(world: World, tx: Tx, row: CalendarRow) -> str:
    """Until when writes to the calendar pause, in French; empty if they do not."""
    until = write_backoff.until(tx, row.calendar, world.now())
    if until is None:
        return ""
    return f"Les écritures dans cet agenda attendent {clock(until.astimezone(world.practice.zone))} ; il est lu."


def spared(world: World, row: CalendarRow) -> str:
    """Why the calendar is read seldomer until Google's next day, in French; empty if it is not."""
    budget, now = world.budgets.get(row.calendar), world.now()
    if budget is None or budget.stretch(now) <= 1:
        return ""
    day, share = budget.day(now), 100 * budget.day(now).used // budget.daily
    return (
        f"Lu moins souvent jusqu'à {clock(day.ends.astimezone(world.practice.zone))} : {share} % des {budget.daily} "
        "requêtes Google du jour sont faites (« sync: google_daily_requests: »). Ce qui est à écrire l'est toujours."
    )


def events_not_read(tx: Tx, calendar: str) -> list[str]:
    """How many events of the calendar cannot be read, and how many the server does not hand out."""
    unread = len(views.unread(tx, calendar))
    return [*([_unread(unread)] if unread else []), *not_handed_out(tx, calendar)]


def not_handed_out(tx: Tx, calendar: str) -> list[str]:
    """How many events the server names without handing out their bodies."""
    known = troubles.every(tx, troubles.OWED).get((troubles.OWED, calendar))
    left = len(resources.to_fetch(tx, calendar)) if known and known.times >= unfetched.SAID_FROM_TIMES else 0
    return [unfetched.said(left)] if left else []


def _unread(count: int) -> str:
    what = "1 événement ne peut pas être lu" if count == 1 else f"{count} événements ne peuvent pas être lus"
    return f"{what} comme il faut : « attitre digest » dit {'lequel' if count == 1 else 'lesquels'}."


def troubles_said(tx: Tx) -> list[str]:
    """Failing steps and events, and pausing gateways, in French. A step counts from its second failure on."""
    found = troubles.every(tx)
    steps = [(name, one) for (kind, name), one in found.items() if kind == troubles.STEP and one.times > 1]
    said = [f"attitre n'arrive pas à {words(name)} ({one.error}, {one.times} fois de suite)." for name, one in steps]
    events = sum(kind == troubles.EVENT for kind, _ in found)
    if events:
        what = "1 événement n'a" if events == 1 else f"{events} événements n'ont"
        said.append(f"{what} pas pu être vérifié{'s' if events > 1 else ''}, par une erreur d'attitre.")
    return said + gateway_pause.said(tx)


class Health(Struct, frozen=True):
    """The health of one calendar."""

    dentist: str  # its key
    state: str  # one of STATES
    lag: float | None  # seconds since the last successful reading; None: never read


def all_health(world: World, tx: Tx, settings: Settings) -> tuple[Health, ...]:
    """Every calendar of the configuration."""
    now = world.now()
    rows = [row for row in calendars.every(tx) if row.active]
    seen = [Health(row.dentist, state(world, row, settings), _lag(row, now)) for row in rows]
    return (*seen, *(Health(one.dentist, "stale", None) for one in never_read(rows, settings)))


def state(world: World, row: CalendarRow, settings: Settings) -> str:
    """`ok`, `stale`, `failing` or `held`."""
    if row.fail_count:
        return "failing"
    return "stale" if late(world, row, settings) else "held" if row.held_at else "ok"


def late(world: World, row: CalendarRow, settings: Settings) -> str:
    """Why the calendar is stale, in French: no success for five configured intervals, at least 10 minutes, and at least
    two of its intervals then or now (longer outside opening hours, with push, for a feed), each as long as it may be:
    of a calendar where nothing happens, every second success is stored (`sync.core.last_reads`)."""
    if row.last_success is None:
        return NEVER
    every, now = settings.sync.every_seconds, world.now()
    pace = longest_interval(world, row, every, row.last_success)
    limit = timedelta(seconds=max(5 * every, 600, 2 * pace * (1 + JITTER) + 60))
    if row.last_success > now + CLOCKS_DIFFER_BY:
        return _AHEAD
    return _TOO_OLD if now - row.last_success > limit else ""


def never_read(rows: Iterable[CalendarRow], settings: Settings) -> list[Configured]:
    """Configured calendars that no pass has read, counted dentist by dentist."""
    from config.roster import configured

    seen, missing = [row.dentist for row in rows], []
    for one in configured(settings):
        if one.dentist in seen:
            seen.remove(one.dentist)
        else:
            missing.append(one)
    return missing


def _lag(row: CalendarRow, now: datetime) -> float | None:
    return (now - row.last_success).total_seconds() if row.last_success else None


NO_WAY = "Ni SMS ni e-mail ne sont configurés : aucun patient n'est prévenu (voir « attitre check »)."
NEVER = "Jamais lu. Lancez « attitre sync » ou « attitre run »."
_AHEAD = "Le dernier passage réussi est dans le futur : l'horloge de cette machine a reculé."
_TOO_OLD = "Le dernier passage réussi est trop ancien : « attitre run » tourne-t-il ?"
