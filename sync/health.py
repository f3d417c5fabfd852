"""How the calendars are, by one rule for `attitre status`, `/healthz` and `/metrics`. Reads the store only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sync.store import calendars
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.wiring import Configured

STATES = ("ok", "stale", "failing", "held")
BAD = frozenset({"stale", "failing"})
SLACK, SAFETY_POLL = timedelta(minutes=10), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """One calendar: its dentist's key, its state, and seconds since the last success (None: never)."""

    dentist: str
    state: str
    lag: float | None


def all_health(tx: Tx, settings: Settings, now: datetime) -> tuple[Health, ...]:
    """Every calendar of the configuration."""
    rows = [row for row in calendars.every(tx) if row.state == "active"]
    seen = [Health(row.dentist, state(row, settings, now), _lag(row, now)) for row in rows]
    return (*seen, *(Health(one.dentist, "stale", None) for one in never_read(rows, settings)))


def state(row: CalendarRow, settings: Settings, now: datetime) -> str:
    """`ok`, `stale`, `failing` or `held`."""
    if row.fail_count:
        return "failing"
    return "stale" if late(row, settings, now) else "held" if row.held_at else "ok"


def late(row: CalendarRow, settings: Settings, now: datetime) -> str:
    """Why it is stale, in French: five passes, and ten minutes, without a success. One that is announced is read every
    ten minutes only, so two of these are waited for."""
    if row.last_success is None:
        return NEVER
    limit = max(timedelta(seconds=5 * settings.sync.every_seconds), SLACK)
    if row.pushed_until and row.pushed_until > now:
        limit = max(limit, 2 * SAFETY_POLL + SLACK)
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
_TOO_OLD = "Le dernier passage réussi est trop ancien : « attitre run » tourne-t-il ?"
