"""Reads several Google events in one batch; each part succeeds or fails by itself.

Only for reading. Writes go one by one: each answer decides about the next (once the quota is used up, the rest is not
tried, hard case C15), and a killed worker leaves one unknown outcome instead of fifty. Google counts each part as a
request, so a batch saves round trips only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adapters.base import Resource
from adapters.calendars.google.api import ApiError, GoogleAccess
from adapters.calendars.google.payload import EVENT, resource


def settled(
    access: GoogleAccess, calendar_id: str, refs: Sequence[str], there: Callable[[], object]
) -> dict[str, Resource | None]:
    """ref → event, or None if gone, for the refs that one batch settles. Left out are series and refused parts, which
    are asked for one by one. `there` raises if the calendar itself is gone, as every event is then a 404. Raises
    TryLater, Denied, NotThere, Garbled."""
    events = access.events
    asked = {ref: events.get(calendarId=calendar_id, eventId=ref, fields=EVENT) for ref in refs}
    try:
        said = access.together(asked)
    except ApiError:  # a proxy without batches
        return {}
    unknown = [ref for ref, one in said.items() if isinstance(one, ApiError) and one.status == 404]
    if unknown:
        there()
    gone = [ref for ref, one in said.items() if _deleted(one)]
    whole = {ref: resource(one) for ref, one in said.items() if isinstance(one, dict) and _alone(one)}
    return dict.fromkeys([*unknown, *gone]) | whole


def _deleted(one: Any) -> bool:
    return one.status == 410 if isinstance(one, ApiError) else one.get("status") == "cancelled"


def _alone(item: dict[str, Any]) -> bool:
    """Whether the event is neither a series nor part of one."""
    return not (item.get("status") == "cancelled" or item.get("recurrence") or item.get("recurringEventId"))
