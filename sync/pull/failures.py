"""After a failed reading: store the failure kind, plan the next try, alert the practice (docs/design.md#pace).

    unreachable   retried with backoff up to 15 min; alert after three failures over two minutes, or at once if the
                  server's Retry-After exceeds 10 min
    denied        alert at once; a refused login only after three refusals over 10 min, then retried every hour
    gone, garbled, rival   alert at once, retried with backoff

No calendar is ever switched off: one that answers again is read again, without a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random
from typing import TYPE_CHECKING

from adapters.base import Denied, Garbled, LoginRefused, NotThere, OutsideError, TryLater
from sync.core import intervals
from sync.core.context import Source, World
from sync.pull.foreign_writer import ForeignWriter
from sync.store import calendars, journal, notices
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx

if TYPE_CHECKING:
    from sync.store.columns import CalendarColumns

Chance = Callable[[], float]
TOLD_AFTER_FAILURES, TOLD_AFTER = 3, timedelta(minutes=2)  # both: a short outage is no news
LONG_WAIT = timedelta(minutes=10)  # a longer Retry-After is told at once


def failed(world: World, source: Source, error: OutsideError, started: datetime, chance: Chance = random) -> None:
    """Store that a reading begun at `started` failed. The server's Retry-After binds every process
    (docs/design.md#details-people-rely-on), our own backoff the worker."""
    trouble = _name(error)
    with world.store.write() as tx:
        row = calendars.ensure(tx, source.address, source.dentist)
        values = _counted(row, error, started)
        not_before, due_at = _waits(row, values, error, started, chance)
        values |= {"reason": str(error), "trouble": trouble, "last_attempt": started}
        values |= {"not_before": not_before, "due_at": due_at}
        calendars.change(tx, source.address, **values)
        if row.trouble != trouble:
            journal.log(tx, started, "trouble", detail=trouble, calendar=source.address)
        long = not_before is not None and not_before - started > LONG_WAIT
        if long or _worth_telling(trouble, error, values, row, started):
            _alert(world, tx, row, error, trouble, now=started)


def _counted(row: CalendarRow, error: OutsideError, now: datetime) -> CalendarColumns:
    values: CalendarColumns = {"fail_count": row.fail_count + 1, "failing_since": row.failing_since or now}
    if isinstance(error, LoginRefused):
        values |= {"refused": row.refused + 1, "refused_since": row.refused_since or now}
    return values


def _waits(
    row: CalendarRow, values: CalendarColumns, error: OutsideError, started: datetime, chance: Chance
) -> tuple[datetime | None, datetime]:
    """(not before, due at): the end of the server's Retry-After, if any, and of our own wait."""
    if isinstance(error, LoginRefused):
        own = intervals.login_wait(values["refused"], values["refused_since"], started)
    else:
        own = intervals.backoff(values["fail_count"], chance())
    due_at = started + timedelta(seconds=own)
    asked = error.retry_after if isinstance(error, TryLater | ForeignWriter) else None
    if not asked:
        return None, due_at
    again = isinstance(error, TryLater) and row.not_before is not None and row.last_attempt is not None
    before = (row.not_before - row.last_attempt).total_seconds() if again else None  # type: ignore[operator]
    wait = started + timedelta(seconds=intervals.server_wait(asked, before, own))
    return wait, wait


def _worth_telling(trouble: str, error: OutsideError, values: CalendarColumns, row: CalendarRow, now: datetime) -> bool:
    """Whether to alert now: a passing trouble only if it lasts; a login that never worked at once, as it is a slip in
    the configuration."""
    if isinstance(error, LoginRefused):
        return row.last_success is None or intervals.reconnect(values["refused"], values["refused_since"], now)
    lasting = values["fail_count"] >= TOLD_AFTER_FAILURES and now - (row.failing_since or now) >= TOLD_AFTER
    return trouble != "unreachable" or lasting


def _alert(world: World, tx: Tx, row: CalendarRow, error: OutsideError, trouble: str, *, now: datetime) -> None:
    """Alert once an episode, which ends with the next success. Says whom to call (P1)."""
    from sync.core.hours import support_words

    name = world.called(row.dentist)
    calls = [f"{who} : {how} ({when})" for who, how, when in support_words(world.practice, now)]
    since = row.last_success.isoformat() if row.last_success else "never"
    key = f"calendar:{row.calendar}:{trouble}:{since}"
    text = f"Agenda « {name} » : {error}\n\nDétail : attitre status" if trouble == "rival" else _words(name, error)
    text = "\n".join([text, "", "Assistance :", *calls]) if calls else text
    notices.raise_once(tx, key, f"attitre : agenda « {name} » non lu", text, now)


def _words(name: str, error: OutsideError) -> str:
    anew = (
        "L'accès est à redonner (identifiant, mot de passe ou autorisation). Il est réessayé toutes les heures : dès "
        "qu'il est de nouveau accepté, tout reprend, sans rien redémarrer.\n\n"
        if isinstance(error, LoginRefused)
        else ""
    )
    return (
        f"L'agenda « {name} » ne peut pas être lu : {error}\n\n{anew}"
        "Aucun patient n'est prévenu d'une annulation tant que cela dure. Rien n'est perdu : tout reprend dès que "
        "l'agenda répond.\n\nDétail : attitre status, puis attitre check --connect"
    )


def _name(error: OutsideError) -> str:
    return next((name for kind, name in _TROUBLE.items() if isinstance(error, kind)), "garbled")


_TROUBLE: dict[type[OutsideError], str] = {
    TryLater: "unreachable",
    Denied: "denied",
    NotThere: "gone",
    Garbled: "garbled",
    ForeignWriter: "rival",
}
