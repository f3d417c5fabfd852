"""Opening hours: in words for the support contacts (P1), and for the polling interval outside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from rules.checks.public_holidays import holiday_name
from rules.model import Practice, Span
from rules.text.french import clock, day

Hours = Mapping[int, tuple[Span, ...]] | None
AT_WORK_MARGIN = timedelta(hours=1)
NATIONAL = "75"  # a department with the national holidays only, which support contacts keep everywhere


def open_now(hours: Hours, now: datetime, department: str | None) -> bool | None:
    """Whether it is open at that local time, the closing minute excluded. None without declared hours."""
    return (
        None if hours is None else any(start <= now < end for start, end in _spans(hours, now.date(), now, department))
    )


def opening_words(hours: Hours, now: datetime, department: str | None) -> str:
    """`ouvert jusqu'à 20 h`, `fermé, rouvre lundi à 8 h`."""
    if hours is None:
        return "horaires non précisés"
    for ahead in range(30):
        one = now.date() + timedelta(days=ahead)
        for start, end in _spans(hours, one, now, department):
            if start <= now < end:
                return f"ouvert jusqu'à {clock(end)}"
            if start > now:
                return f"fermé, rouvre {_when(start, ahead)}"
    return "fermé"


def support_words(practice: Practice, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Each support contact (P1): its name, how to reach it, whether it is open now."""
    local = now.astimezone(practice.zone)
    for contact in practice.support:
        note = f" ({contact.phone_note})" if contact.phone_note else ""
        phone = f"{contact.phone}{note}" if contact.phone else ""
        how = " ; ".join(filter(None, (phone, contact.email, contact.portal)))
        yield contact.name, how, opening_words(contact.hours, local, NATIONAL)


def _when(start: datetime, ahead: int) -> str:
    named = "aujourd'hui" if not ahead else "demain" if ahead == 1 else day(start.date())
    return f"{named.split()[0] if 1 < ahead < 7 else named} à {clock(start)}"


def _spans(
    hours: Mapping[int, tuple[Span, ...]], one: date, now: datetime, department: str | None
) -> Iterator[tuple[datetime, datetime]]:
    if not holiday_name(one, department):
        for start, end in sorted(hours.get(one.weekday(), ())):
            yield datetime.combine(one, start, now.tzinfo), datetime.combine(one, end, now.tzinfo)


def at_work(practice: Practice, now: datetime) -> bool:
    """Whether somebody may be booking: from an hour before the first opening to an hour after the last closing of the
    day. Always, where a dentist declared no hours."""
    for dentist in practice.dentists:
        if dentist.hours is None:
            return True
        spans = list(_spans(dentist.hours, now.date(), now, practice.holidays))
        if spans and spans[0][0] - AT_WORK_MARGIN <= now < max(end for _, end in spans) + AT_WORK_MARGIN:
            return True
    return False
