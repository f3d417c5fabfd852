"""Several events in one question to Google: what a batch settles by itself, each part for itself.

Reads only. Writes go one by one: each answer decides what is done next (at a used-up quota the rest is not even tried,
hard case C15), a worker that is killed leaves one outcome unknown instead of fifty, and there is no reading before them
to save. Google counts each part of a batch as a request: what is saved is round trips.
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
    """Of these events, those that one answer says all about: there, or gone. Not in it: series, and parts that were
    refused; they are asked for singly. `there` raises where the calendar itself is gone, which makes 404 of each event.
    Raises TryLater, Denied, NotThere, Garbled."""
    events = access.events
    asked = {ref: events.get(calendarId=calendar_id, eventId=ref, fields=EVENT) for ref in refs}
    try:
        said = access.together(asked)
    except ApiError:  # a relay that knows no batches
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
    """No series, nor part of one: nothing else belongs to it."""
    return not (item.get("status") == "cancelled" or item.get("recurrence") or item.get("recurringEventId"))
