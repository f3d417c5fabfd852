"""Whom freed time fits, why not the others, and who is asked first (P44)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from rules.entry.wished_times import said
from rules.model import Gap, Practice, WaitingEntry
from rules.text.french import day_and_clock, minutes

EARLIER_BY = timedelta(days=3)  # at least, or the move is not worth the patient's answer
STEP = 5  # minutes
SEVEN_DAYS = timedelta(days=7)
IN_SEVEN_DAYS = 3  # offers to one patient at most; one a day


def place_in(gap: Gap, length: int) -> datetime | None:
    """When an appointment of that many minutes would begin there; None if the time is too short. It begins where the
    old one began, or as much earlier as it must, at a multiple of five minutes."""
    last = gap.end - timedelta(minutes=length)
    if last < gap.start:
        return None
    start = min(gap.freed_start, last, key=datetime.timestamp)
    down = start - timedelta(minutes=start.minute % STEP, seconds=start.second)
    if down >= gap.start:
        return down
    up = down + timedelta(minutes=STEP)
    return up if up <= last else None


def why_not(entry: WaitingEntry, gap: Gap, practice: Practice, now: datetime) -> str:
    """Why the time is not offered to that patient now, in French; empty if it fits."""
    if entry.unfit:
        return entry.unfit
    if entry.dentist != gap.dentist and gap.dentist not in entry.agreed:
        return f"suivi par {practice.name_of(entry.dentist)}, sans accord pour {practice.name_of(gap.dentist)}"
    start = place_in(gap, entry.minutes)
    if start is None:
        free = int((gap.end - gap.start).total_seconds() // 60)
        return f"il faut {minutes(entry.minutes)}, {minutes(max(free, 0))} sont libres"
    return _unwanted(entry, start, practice) or _asked_enough(entry, gap, practice, now)


def in_order(
    entries: Iterable[WaitingEntry], gap: Gap, practice: Practice, now: datetime
) -> list[tuple[WaitingEntry, datetime]]:
    """(entry, start) for all whom the time fits: urgencies, then who waits longest, then whom nobody asked for longest;
    among equals the length that leaves least unused. Waiting and asking are counted in days."""
    fitting = [
        (entry, start)
        for entry in entries
        if not why_not(entry, gap, practice, now) and (start := place_in(gap, entry.minutes)) is not None
    ]
    return sorted(fitting, key=lambda one: _turn(one[0], practice))


def _turn(entry: WaitingEntry, practice: Practice) -> tuple[bool, date, date, int, datetime, int]:
    asked = entry.last_asked.astimezone(practice.zone).date() if entry.last_asked else date.min
    since = entry.since.astimezone(practice.zone).date()
    return not entry.urgent, since, asked, -entry.minutes, entry.since.astimezone(UTC), entry.number


def _unwanted(entry: WaitingEntry, start: datetime, practice: Practice) -> str:
    local = start.astimezone(practice.zone)
    if not entry.wish.admits(local):
        return f"souhaite {said(entry.wish)}"
    if entry.held is not None and entry.held - start < EARLIER_BY:
        return f"son rendez-vous est le {day_and_clock(entry.held.astimezone(practice.zone))}, gain de moins de 3 jours"
    end = start + timedelta(minutes=entry.minutes)
    if any(begins < end and start < ends for begins, ends in entry.busy):
        return "a déjà un rendez-vous à cette heure"
    return ""


def _asked_enough(entry: WaitingEntry, gap: Gap, practice: Practice, now: datetime) -> str:
    if gap.number in entry.gaps:
        return "déjà sollicité pour ce créneau"
    if entry.open_offer:
        return "une autre proposition attend sa réponse"
    today = now.astimezone(practice.zone).date()
    if any(moment.astimezone(practice.zone).date() == today for moment in entry.asked):
        return "déjà sollicité aujourd'hui"
    if len([moment for moment in entry.asked if moment > now - SEVEN_DAYS]) >= IN_SEVEN_DAYS:
        return f"déjà {IN_SEVEN_DAYS} propositions en sept jours"
    return ""
