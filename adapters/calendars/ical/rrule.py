"""One RRULE as naive wall times, behind a guard: some rules never match, some match every second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from dateutil import rrule as dateutil_rrule

from adapters.calendars.ical.component import Refused
from adapters.calendars.ical.times import local

_FREQUENCIES = {
    "DAILY": dateutil_rrule.DAILY,
    "WEEKLY": dateutil_rrule.WEEKLY,
    "MONTHLY": dateutil_rrule.MONTHLY,
    "YEARLY": dateutil_rrule.YEARLY,
}
_SUB_DAILY = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
_STEPS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_MOST_STARTS = 4_000
_MONTHS_WITHOUT_START = (
    500  # months (of yearly rules, years) without a start: a Monday that is 29 February comes within 40 years
)
_LONGEST_WALK = 16_000  # starts that are passed over on the way to the window: 40 ms, or 43 years of days


class _Guarded(dateutil_rrule.rrule):  # type: ignore[misc]
    """A rule that notices when it turns without finding anything: dateutil asks for `_bynweekday` once a period."""

    turns: int = 0

    @property
    def _bynweekday(self) -> Any:
        self.turns += 1
        if self.turns > _MONTHS_WITHOUT_START:
            raise Refused
        return self.__dict__["_nth"]

    @_bynweekday.setter
    def _bynweekday(self, value: Any) -> None:
        self.__dict__["_nth"] = value


def starts(
    text: str, start: datetime, span: tuple[datetime, datetime], zone: tzinfo, *, all_day: bool
) -> tuple[list[datetime], frozenset[str], bool]:
    """The starts inside the span (all naive, in the event's zone), flags (`until-date`), and whether it reaches
    `start`: a rule that ended before gives nothing, not even DTSTART.

    Raises Refused for frequencies below a day, a step of nothing, a rule that never matches, more than 4,000 starts,
    and a walk to the window that is too long. Counted, never timed: a busy machine reads what an idle one reads
    (law L2).
    """
    parts = dict(part.upper().split("=", 1) for part in text.strip().strip(";").split(";") if "=" in part)
    frequency = parts.get("FREQ", "")
    interval = _number(parts.get("INTERVAL", "1"))
    if (
        frequency not in _FREQUENCIES
        or not 1 <= interval <= _LONGEST_WALK
        or any(len(parts.get(name, "").split(",")) > 4 for name in _SUB_DAILY)
        or not _counts(parts)
    ):
        raise Refused
    flags, until = _until(parts, all_day, zone)
    if until is not None and local(start, zone).at > until:
        return [], flags, False
    begin = start if "COUNT" in parts else _forward(start, span[0], frequency, interval)
    found = _between(_built(parts, begin), *span)
    while until is not None and found and local(found[-1], zone).at > until:
        del found[-1]
    return found, flags, True


def _counts(parts: dict[str, str]) -> bool:
    """Whether COUNT can be believed; below zero it means no end (as some servers write it)."""
    count = _number(parts.get("COUNT", "1"))
    if count < 0:
        del parts["COUNT"]
    return count != 0


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Refused from error


def _until(parts: dict[str, str], all_day: bool, zone: tzinfo) -> tuple[frozenset[str], datetime | None]:
    """UNTIL made a wall time in `parts`, and as an instant; a date keeps its whole last day (RFC 5545 asks for the type
    of DTSTART). On the wall it may reach an hour too far, where the clocks change that day."""
    value = parts.pop("UNTIL", "")
    if not value:
        return frozenset(), None
    flags: frozenset[str] = frozenset()
    try:
        if "T" not in value:
            wall = datetime.strptime(f"{value[:8]}235959", "%Y%m%d%H%M%S")  # noqa: DTZ007
            flags = frozenset() if all_day else frozenset({"until-date"})
            at = wall.replace(tzinfo=zone, fold=1)
        else:
            naive = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
            at = naive.replace(tzinfo=UTC if value.endswith("Z") else zone)
            midnight = value.endswith("T000000Z")  # of a day, as some write it in UTC
            wall = naive if all_day and midnight else at.astimezone(zone).replace(tzinfo=None, fold=0)
            if all_day:
                wall = wall.replace(hour=23, minute=59, second=59)
                at = wall.replace(tzinfo=zone, fold=1)
    except (ValueError, OverflowError) as error:
        raise Refused from error
    parts["UNTIL"] = f"{wall.replace(minute=59, second=59):%Y%m%dT%H%M%S}"
    return flags, at


def _forward(start: datetime, first: datetime, frequency: str, interval: int) -> datetime:
    """A start of the same series shortly before `first`: whole periods later, so that the phase stays."""
    step = _STEPS.get(frequency)
    if step is None or first <= start:
        return start
    periods = max((first - start) // (step * interval) - 1, 0)
    return start + periods * interval * step


def _built(parts: dict[str, str], begin: datetime) -> _Guarded:
    try:
        plain: Any = dateutil_rrule.rrulestr(";".join(f"{key}={value}" for key, value in parts.items()), dtstart=begin)
        options = dict(plain._original_rule)
        return _Guarded(plain._freq, dtstart=begin, interval=plain._interval, wkst=plain._wkst, count=plain._count,
                        until=plain._until, **options)  # fmt: skip
    except Refused:
        raise
    except Exception as error:
        raise Refused from error


def _between(rule: _Guarded, first: datetime, last: datetime) -> list[datetime]:
    found: list[datetime] = []
    for count, at in enumerate(rule):
        rule.turns = 0
        if at >= last:
            break
        if at >= first:
            found.append(at)
        if len(found) > _MOST_STARTS or count > _LONGEST_WALK:
            raise Refused
    return found
