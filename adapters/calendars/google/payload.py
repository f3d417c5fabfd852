"""Turns Google's events into payloads, and reads payloads as iCalendar is read, so that the same meaning gives the same
occurrences and the same hash.

A payload is one event, or one series with the instances that differ from it: `{"master": …, "exceptions": […]}`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Reading, Resource, Window
from adapters.calendars.google.ids import own_uid
from adapters.calendars.google.item import Json, aware, component, declined, invited, said
from adapters.calendars.ical import block, recurrence
from adapters.calendars.ical.component import Component, Version
from adapters.calendars.ical.meaning_hash import digest
from adapters.calendars.ical.resource import identity, rival
from adapters.calendars.ical.versions import counted
from adapters.calendars.ical.zones import named
from rules.model import Annotation

EVENT = (
    "id,iCalUID,etag,status,eventType,summary,description,location,start,end,endTimeUnspecified,recurrence,"
    "recurringEventId,originalStartTime,created,updated,organizer(email,self),attendees(email,self,responseStatus),"
    "transparency,visibility,locked"
)  # the fields requested of an event; a changed list needs a new cursor
IGNORED = frozenset({"birthday", "fromGmail", "workingLocation"})
_KEPT = frozenset(re.sub(r"\(.*?\)", "", EVENT).split(","))
_STUB = frozenset({"id", "etag", "status", "recurringEventId", "originalStartTime"})
_LONGEST_BYTES = 2_000_000


# --- payloads --------------------------------------------------------------------------------------------------------


def resource(master: Json, exceptions: Iterable[Json] = ()) -> Resource:
    """The event, or the series with those instances that differ from it."""
    told = sorted((_kept(item) for item in exceptions if _is_kept(master, item)), key=lambda item: str(item["id"]))
    whole = {"master": _kept(master), "exceptions": told}
    payload = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Resource(str(master["id"]), _version(master, told), payload.encode("utf-8", "surrogatepass"))


def assembled(masters: Mapping[str, Json], exceptions: Mapping[str, list[Json]]) -> list[Resource]:
    """The series with their exceptions. Exceptions without a series are resources of their own (hard case E03)."""
    whole = [resource(master, exceptions.get(ref, ())) for ref, master in masters.items()]
    return whole + [one for ref, items in exceptions.items() if ref not in masters for one in orphans(items)]


def orphans(items: Sequence[Json]) -> list[Resource]:
    """Those of these exceptions that still take place, each a resource of its own."""
    return [resource(item) for item in items if item.get("recurringEventId") and item.get("status") != "cancelled"]


def parsed(payload: bytes) -> tuple[Json, list[Json]]:
    """The event and its exceptions. Raises ValueError, KeyError, TypeError for anything else."""
    whole = json.loads(payload.decode("utf-8", "surrogatepass"))
    return whole["master"], whole["exceptions"]


def version_of(payload: bytes) -> str | None:
    """The version with which a payload was stored; None if it is no payload."""
    try:
        return _version(*parsed(payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def etag_of(version: str) -> str:
    """The event's own ETag: what `If-Match` takes."""
    return version.partition(" ")[0]


def _version(master: Json, exceptions: list[Json]) -> str | None:
    etag = _etag(master)
    if etag and declined(master):
        etag += " declined"  # differs from versions stored before attendees were requested: those are fetched again
    if not etag or not exceptions:
        return etag
    etags = "\n".join(f"{item['id']} {_etag(item)}" for item in exceptions)
    return f"{etag} {hashlib.sha256(etags.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _etag(item: Json) -> str | None:
    """The event's ETag; None if it is no text, which could neither be stored nor sent back."""
    etag = item.get("etag")
    return etag if isinstance(etag, str) and etag else None


def _kept(item: Json) -> Json:
    """The requested fields only; of a cancelled instance only those that Google guarantees."""
    wanted = _STUB if item.get("status") == "cancelled" and "recurringEventId" in item else _KEPT
    return {name: value for name, value in item.items() if name in wanted}


def _is_kept(master: Json, instance: Json) -> bool:
    """Whether an instance is stored: if it differs from its master, or cannot be compared, so that the reading reports
    the whole series as unreadable."""
    try:
        return differs(master, instance)
    except Exception:  # a field may have any JSON type, a time any number
        return True


def differs(master: Json, instance: Json) -> bool:
    """Whether an instance differs from its series: cancelled, moved, or with contents of its own."""
    if instance.get("status") == "cancelled":
        return "originalStartTime" in instance
    if _instant(instance.get("start")) != _instant(instance.get("originalStartTime")):
        return True
    return _length(instance) != _length(master) or _contents(instance) != _contents(master)


def _contents(item: Json) -> tuple[Any, ...]:
    text, title = said(item, "description"), said(item, "summary")
    plain = tuple(item.get(name) or default for name, default in _PLAIN)
    guests = sorted(said(one, "email") for one in item.get("attendees") or ())
    return (block.bare(title), block.split(text)[0], *plain, guests, declined(item))


_PLAIN = (
    ("location", ""), ("status", "confirmed"), ("transparency", "opaque"), ("visibility", "default"),
    ("eventType", "default"),
)  # fmt: skip


def _length(item: Json) -> timedelta:
    """On the clock, so that a change of clocks inside makes no difference."""
    return _wall(item["end"]) - _wall(item["start"])


def _instant(side: Json | None) -> str:
    if not side:
        return ""
    return str(side["date"]) if "date" in side else aware(side).astimezone(UTC).isoformat()


def _wall(side: Json) -> datetime:
    if "date" in side:
        return datetime.fromisoformat(side["date"])
    zone = named(side["timeZone"]) if side.get("timeZone") else None
    at = aware(side)
    return (at.astimezone(zone) if zone else at).replace(tzinfo=None)


# --- reading ---------------------------------------------------------------------------------------------------------


class Events(Struct, frozen=True):
    """Reads the payloads of one calendar. `zone` is the practice's; `address` the calendar's."""

    zone: ZoneInfo
    secret: bytes
    address: str

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """See `Calendar.read`."""
        try:
            return self._read(ref, payload, window)
        except Exception:
            return _unreadable(payload)

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`: its times alone are read."""
        try:
            master, exceptions = parsed(payload)
            part = component(master, uid_of(master), self.zone)
        except Exception:
            return False
        return (
            not (exceptions or part.recurring or part.excluded)
            and b"attitre" not in payload
            and part.event.end < before
        )

    def token(self, ref: str, master: Json) -> str:
        """The letters that bind our block to this event."""
        return identity(self.secret, self.address, ref, uid_of(master))

    def _read(self, ref: str, payload: bytes, window: Window) -> Reading:
        if len(payload) > _LONGEST_BYTES:
            return _unreadable(payload)
        master, exceptions = parsed(payload)
        if master.get("eventType") in IGNORED:
            told = hashlib.sha256(f"{master['id']} {master['eventType']}".encode()).hexdigest()
            return Reading((), told, Annotation(), blocked="type", sole=False)
        parts = list(self._components(master, exceptions))
        parts = counted(parts).parts if exceptions else parts
        annotation, foreign, other = self._ours(ref, master)
        expanded = recurrence.expand(parts, window, self.zone)
        return Reading(
            events=expanded.events,
            semantic=digest(parts),
            annotation=annotation,
            problem=expanded.problem,
            foreign_block=foreign,
            rival=other,
            blocked=blocked(master, exceptions),
            sole=len(parts) == 1 and not parts[0].recurring,
        )

    def _components(self, master: Json, exceptions: list[Json]) -> Iterator[Component]:
        """The series and its moved instances; cancelled ones are left out of it."""
        gone = [item for item in exceptions if item.get("status") == "cancelled"]
        yield component(master, uid_of(master), self.zone, gone)
        for item in exceptions:
            if item.get("status") != "cancelled":
                part = component(item, uid_of(master), self.zone)
                modified = part.event.modified.timestamp() if part.event.modified else 0.0
                yield replace(part, version=Version(modified=modified))

    def _ours(self, ref: str, master: Json) -> tuple[Annotation, bool, str]:
        """Our part of the event, whether it was made for another one, and by whom else for this one."""
        text = said(master, "description")
        _, lines, reference = block.split(text) if "attitre" in text else ("", None, "")
        if lines is None:
            return Annotation(), False, ""
        token, _, flags = reference.partition("-")
        mark = "" if "n" in flags else block.unmark(said(master, "summary"))[0]
        foreign = bool(token) and token != self.token(ref, master)
        return Annotation(mark, lines), foreign, rival(self.secret, token, ref, uid_of(master)) if foreign else ""


def uid_of(master: Json) -> str:
    """The UID: ours where the id is one that we made, else the one that other calendars see too."""
    event_id = str(master["id"])
    return own_uid(event_id) or str(master.get("iCalUID") or event_id)


def blocked(master: Json, exceptions: Iterable[Json] = ()) -> str:
    """Why our part cannot be written into this event; empty where it can."""
    if any(item.get("attendees") or invited(item) for item in (master, *exceptions)):
        return "attendees"
    if (master.get("eventType") or "default") != "default":
        return "type"
    if not all(isinstance(master.get(name), str | None) for name in ("summary", "description")):
        return "unreadable"  # read as well as it can be, but nobody knows what would come back
    return "locked" if master.get("locked") else ""


def _unreadable(payload: bytes) -> Reading:
    told = hashlib.sha256(payload).hexdigest()
    return Reading((), told, Annotation(), "event-unreadable", blocked="unreadable", sole=False)
