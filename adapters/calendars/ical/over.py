"""Whether an event is certainly over, told without reading it: of a calendar's history most events are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from adapters.calendars.ical.contentlines import unfolded

LONGEST_BYTES = 2_000_000
_UNUSUAL = (b"RRULE", b"RDATE", b"EXRULE", b"EXDATE", b"RECURRENCE-ID", b"ATTITRE")
_VALUE = rb'(?:;(?:"[^"\n]*"|[^:"\n])*)?:([12][0-9]{7}(?:T[0-9]{6})?)Z?\n'
_START, _END = re.compile(rb"\nDTSTART" + _VALUE), re.compile(rb"\nDTEND" + _VALUE)
_ANY_ZONE = timedelta(days=2)  # further than any zone's clock is from another's


def over(payload: bytes, before: datetime) -> bool:
    """See `Calendar.over`. Whatever is unusual is not certain: it is read."""
    if len(payload) > LONGEST_BYTES:
        return False
    text = unfolded(payload).upper()
    began, ended = text.find(b"\nBEGIN:VEVENT\n"), text.find(b"\nEND:VEVENT\n")
    if text.count(b"VEVENT") != 2 or not -1 < began < ended:
        return False
    event = text[began : ended + 1]
    own = event[1:].partition(b"\nBEGIN:")[0] + b"\n"  # without its alarms
    return _is_plain(event) and _is_before(_START.search(own), before) and _is_before(_END.search(own), before)


def _is_plain(event: bytes) -> bool:
    """Whether it is told once, has each time once, and nothing of ours."""
    return event.count(b"\nDTSTART") == event.count(b"\nDTEND") == 1 and not any(word in event for word in _UNUSUAL)


def _is_before(time: re.Match[bytes] | None, before: datetime) -> bool:
    """Whether the wall time, wherever it holds, is before that moment; a time that is none is not."""
    try:
        wall = datetime.fromisoformat(time[1].decode()) if time else before
    except ValueError:
        return False
    return wall.replace(tzinfo=None) < before.replace(tzinfo=None) - _ANY_ZONE
