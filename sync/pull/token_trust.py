"""Whether a calendar's sync token is trusted (docs/design.md#audit).

A calendar whose token hid a change is listed whole at each pass, until one of its tokens names every change between two
audits.
"""

from __future__ import annotations

from datetime import datetime

from adapters.base import WHOLE, Cursor
from sync.store import calendars, journal
from sync.store.engine import Tx

UNUSABLE = "le serveur refuse ses propres repères de synchronisation"


def lower(tx: Tx, calendar: str, now: datetime, why: str) -> None:
    """Distrust the token: from now on the calendar is listed whole at each pass. `why`: in French, without a name."""
    row = calendars.get(tx, calendar)
    if row is None:
        return
    if row.doubted_at is None:
        journal.log(tx, now, "doubted", calendar=calendar)
    calendars.change(tx, calendar, doubted_at=now, doubt=why, spare_cursor=None)
    calendars.save_cursor(tx, calendar, WHOLE)


def restore(tx: Tx, calendar: str, now: datetime, cursor: Cursor) -> None:
    """Trust the token again: the calendar is read from it on."""
    calendars.change(tx, calendar, doubted_at=None, doubt=None, spare_cursor=None)
    calendars.save_cursor(tx, calendar, cursor)
    journal.log(tx, now, "trusted-again", calendar=calendar)


def reason(row: calendars.CalendarRow) -> str:
    """Why the calendar is listed whole, in French for `status`; empty if its token is followed."""
    if row.doubted_at is None:
        return ""
    return f"Relu en entier à chaque passage : {row.doubt}. Rien n'est perdu."
