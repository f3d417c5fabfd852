"""How many are asked at once, how long they have to answer, and at which hours (P44, ruling 14).

Strict turns fill no slot of the same day, and a broadcast disappoints nine of ten: so the less time is left, the more
are asked.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from rules.checks.public_holidays import holiday_name
from rules.model import Practice, Waiting

OPENS, CLOSES = time(8), time(20)  # nobody is asked, and no clock runs, outside of these hours
LEAST = timedelta(minutes=10)  # to answer
TOO_NEAR = timedelta(minutes=90)  # before the slot: only a telephone is fast enough
READY = timedelta(minutes=60)  # an answer comes at least so long before the slot
TOGETHER = 10  # asked at once at most
DEPTH = 2  # how often an appointment that was given up is offered on
_TURNS = ((timedelta(hours=24), 1), (timedelta(hours=4), 3), (TOO_NEAR, TOGETHER))


def how_many(lead: timedelta, waiting: Waiting) -> int:
    """How many may be asked at once, `lead` before the slot; 0: nobody any more."""
    if lead < TOO_NEAR:
        return 0
    if waiting.at_once:
        return TOGETHER
    return next(number for longer, number in _TURNS if lead > longer or longer == TOO_NEAR)


def answer_until(start: datetime, now: datetime, practice: Practice, waiting: Waiting) -> datetime | None:
    """Until when a slot that begins at `start` may be accepted, if it is offered now. None: too little time is left."""
    wait = max(LEAST, min(timedelta(minutes=waiting.answer_minutes), (start - now) / 4))
    until = min(_awake_after(now, wait, practice), start - READY, key=datetime.timestamp)
    return until.astimezone(practice.zone) if _awake_between(now, until, practice) >= LEAST else None


def is_awake(now: datetime, practice: Practice) -> bool:
    """Whether patients may be written to about a slot: from 8 to 20 h, not on Sundays and holidays."""
    local = now.astimezone(practice.zone)
    return _is_day(local, practice) and OPENS <= local.time() < CLOSES


def next_awake(now: datetime, practice: Practice) -> datetime:
    """The next moment at which patients may be written to; `now` if they may."""
    at = now.astimezone(practice.zone)
    while not is_awake(at, practice):
        opens = datetime.combine(at.date(), OPENS, practice.zone)
        at = opens if at < opens and _is_day(at, practice) else _midnight_after(at, practice)
    return at


def _is_day(local: datetime, practice: Practice) -> bool:
    return local.weekday() != 6 and not holiday_name(local.date(), practice.holidays)


def _midnight_after(at: datetime, practice: Practice) -> datetime:
    return datetime.combine(at.date() + timedelta(days=1), time(), practice.zone)


def _closing(at: datetime, practice: Practice) -> datetime:
    return datetime.combine(at.date(), CLOSES, practice.zone)


def _awake_after(now: datetime, wait: timedelta, practice: Practice) -> datetime:
    """When that much time has passed in which patients may be written to. An answer is not due at the very closing."""
    at, left = next_awake(now, practice), wait
    while (today := _closing(at, practice).astimezone(UTC) - at.astimezone(UTC)) < left:
        left -= today
        at = next_awake(_closing(at, practice), practice)
    return at.astimezone(UTC) + left


def _awake_between(now: datetime, until: datetime, practice: Practice) -> timedelta:
    """How much of that time patients may be written to."""
    at, total = next_awake(now, practice), timedelta(0)
    while at < until:
        end = min(until, _closing(at, practice), key=datetime.timestamp)
        total += end.astimezone(UTC) - at.astimezone(UTC)
        at = next_awake(_closing(at, practice), practice)
    return total
