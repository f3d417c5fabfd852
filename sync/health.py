"""How the calendars are, by one rule for `attitre status`, `/healthz` and `/metrics`. Reads the store only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sync import gatewaypause
from sync.opening import at_work
from sync.pace import interval, pace_of
from sync.steptroubles import words
from sync.store import calendars, troubles
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.wiring import Configured
    from sync.world import World

STATES = ("ok", "stale", "failing", "held")
BAD = frozenset({"stale", "failing"})
AHEAD = timedelta(minutes=2)  # clocks of two machines differ by less


def troubles_said(tx: Tx) -> list[str]:
    """What attitre itself fails at, in French, for `status`; `/healthz` is not well while there is any. A step counts
    from its second failure on: once may be an accident."""
    found = troubles.every(tx)
    steps = [(name, one) for (kind, name), one in found.items() if kind == troubles.STEP and one.times > 1]
    said = [f"attitre n'arrive pas à {words(name)} ({one.error}, {one.times} fois de suite)." for name, one in steps]
    events = sum(kind == troubles.EVENT for kind, _ in found)
    if events:
        what = "1 événement n'a" if events == 1 else f"{events} événements n'ont"
        said.append(f"{what} pas pu être vérifié{'s' if events > 1 else ''}, par une erreur d'attitre.")
    return said + gatewaypause.said(tx)


@dataclass(frozen=True, slots=True)
class Health:
    """One calendar: its dentist's key, its state, and seconds since the last success (None: never)."""

    dentist: str
    state: str
    lag: float | None


def all_health(world: World, tx: Tx, settings: Settings) -> tuple[Health, ...]:
    """Every calendar of the configuration."""
    now = world.now()
    rows = [row for row in calendars.every(tx) if row.state == "active"]
    seen = [Health(row.dentist, state(world, row, settings), _lag(row, now)) for row in rows]
    return (*seen, *(Health(one.dentist, "stale", None) for one in never_read(rows, settings)))


def state(world: World, row: CalendarRow, settings: Settings) -> str:
    """`ok`, `stale`, `failing` or `held`."""
    if row.fail_count:
        return "failing"
    return "stale" if late(world, row, settings) else "held" if row.held_at else "ok"


def late(world: World, row: CalendarRow, settings: Settings) -> str:
    """Why it is stale, in French: five passes, and ten minutes, without a success; where it is read more seldom
    (closed, announced, a feed), two of its own."""
    if row.last_success is None:
        return NEVER
    every, now = settings.sync.every_seconds, world.now()
    pace = interval(pace_of(row, every, at_work=at_work(world.practice, now)), now)[0]
    limit = timedelta(seconds=max(5 * every, 600, 2 * pace + 60))
    if row.last_success > now + AHEAD:
        return _AHEAD
    return _TOO_OLD if now - row.last_success > limit else ""


def never_read(rows: Iterable[CalendarRow], settings: Settings) -> list[Configured]:
    """Configured calendars that no pass has seen: as many as are missing, dentist by dentist."""
    from sync.wiring import configured

    seen, missing = [row.dentist for row in rows], []
    for one in configured(settings):
        if one.dentist in seen:
            seen.remove(one.dentist)
        else:
            missing.append(one)
    return missing


def _lag(row: CalendarRow, now: datetime) -> float | None:
    return (now - row.last_success).total_seconds() if row.last_success else None


NEVER = "Jamais lu. Lancez « attitre sync » ou « attitre run »."
_AHEAD = "Le dernier passage réussi est dans le futur : l'horloge de cette machine a reculé."
_TOO_OLD = "Le dernier passage réussi est trop ancien : « attitre run » tourne-t-il ?"
