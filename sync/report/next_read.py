"""When a calendar is read next and why not at the ordinary pace, for people: about, for the worker adds some chance."""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.core import intervals
from sync.core.intervals import Pace, Why
from sync.core.last_reads import told_within
from sync.store.calendars import CalendarRow

OVERDUE = timedelta(minutes=2)  # after the last reading that may be stored
_WORDS = {
    Why.ORDINARY: "",
    Why.LIVELY: "",
    Why.CLOSED: "cabinet fermé",
    Why.WHOLE: "agenda lu en entier",
    Why.FEED: "flux en lecture seule",
    Why.SPARED: "requêtes Google du jour bientôt épuisées",
    Why.PUSHED: "le serveur annonce lui-même les changements",
}


def upcoming(row: CalendarRow, circumstances: Pace, longest: float, now: datetime) -> tuple[datetime | None, str]:
    """(when, why later than usual; empty where it is not). None: nobody knows, for the worker does not run. `longest`:
    seconds of its longest interval since the last attempt that is stored."""
    if row.last_attempt is None:
        return None, ""
    ordinary, why = intervals.next_read(circumstances, row.last_attempt)
    due = intervals.due(row, row.last_attempt, max(ordinary, row.last_attempt + timedelta(seconds=longest)))
    if due < now - OVERDUE - told_within(longest):
        return None, ""
    return max(due, now), _failing(row) if row.fail_count else _WORDS[why]


def _failing(row: CalendarRow) -> str:
    if row.not_before is not None and row.trouble == "unreachable":
        return "le serveur demande d'attendre"
    return "accès refusé" if row.trouble == "denied" else "après un échec"
