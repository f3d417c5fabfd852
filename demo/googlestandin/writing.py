"""Changes to events: what the API's verbs do to the state. People of the demo change events through these too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from demo.googlestandin.errors import Json, bad, refuse
from demo.googlestandin.moments import instant, normal, wall
from demo.googlestandin.recurrence import checked, walls
from demo.googlestandin.state import ROLES, Calendar, Mail, Record, World

READ_ONLY = ("kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "recurringEventId",
             "originalStartTime", "hangoutLink", "locked", "privateCopy", "endTimeUnspecified")  # fmt: skip
FIXED = ("id", "iCalUID", *READ_ONLY)
SIGNIFICANT = ("start", "end", "recurrence", "status")
MAIN = ("summary", "description", "location", "start", "end", "recurrence")
GUESTS_MAY = ("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests")
LONGEST_KEY, LONGEST_VALUE = 44, 1024
CREATABLE = ("default", "birthday", "focusTime", "outOfOffice", "workingLocation")
OWN_ID = re.compile(r"[a-v0-9]{5,1024}")


def insert(world: World, calendar: Calendar, actor: str, body: Json, *, planted: bool = False) -> Record:
    """A new event. `planted`: by Google itself, so any type and read-only field goes."""
    given = dict(body) if planted else {key: value for key, value in body.items() if key not in READ_ONLY}
    event_id = given.get("id") or world.fresh()
    if not planted and not OWN_ID.fullmatch(event_id):
        raise bad("invalid", "Invalid resource id value.")
    if event_id in calendar.events or _has_uid(calendar, given.get("iCalUID", "")):
        raise refuse("duplicate")
    if not planted and given.get("eventType", "default") not in CREATABLE:
        raise bad("eventTypeRestriction", "This type of event cannot be created.")
    who = {"creator": {"email": actor}, "organizer": {"email": calendar.id, "displayName": calendar.summary}}
    named = {"iCalUID": f"{event_id}@google.com", "eventType": "default"}
    return world.keep(calendar, _sound(calendar, named | who | given | {"id": event_id}))


def imported(world: World, calendar: Calendar, actor: str, body: Json) -> Record:
    """A private copy of an event from elsewhere, known by its iCalUID; the same one again replaces it."""
    uid = body.get("iCalUID")
    if not uid:
        raise bad("required", "Missing iCalUID.")
    known = next((row for row in calendar.events.values() if row.body.get("iCalUID") == uid), None)
    kept = {key: value for key, value in body.items() if key not in READ_ONLY or key == "organizer"}
    if known:
        return world.keep(calendar, _sound(calendar, known.body | kept | {"id": known.id}))
    return insert(world, calendar, actor, kept | {"id": world.fresh("_"), "eventType": "default"}, planted=True)


def patch(world: World, calendar: Calendar, email: str, event_id: str, body: Json) -> Record:
    """Objects are merged, arrays replaced, null removes. On an instance's id an exception comes into being."""
    old = _changeable(world, calendar, email, event_id)
    given = {key: value for key, value in body.items() if key not in FIXED}
    return _changed(world, calendar, old, merged(old.body, given))


def update(world: World, calendar: Calendar, email: str, event_id: str, body: Json) -> Record:
    """The whole event anew: what the body leaves out is gone."""
    old = _changeable(world, calendar, email, event_id)
    kept = {key: old.body[key] for key in (*FIXED, "sequence", "conferenceData", "eventType") if key in old.body}
    given = {key: value for key, value in body.items() if key not in FIXED and value is not None}
    return _changed(world, calendar, old, kept | {"status": "confirmed"} | given)


def delete(world: World, calendar: Calendar, email: str, event_id: str) -> Record:
    """Cancelled; 410 when it was already. A series takes its exceptions with it."""
    old = _reachable(world, calendar, email, event_id)
    if old.cancelled:
        raise refuse("deleted")
    for row in calendar.exceptions(event_id):
        world.keep(calendar, row.body | {"status": "cancelled"}, fell=row.fell or not row.cancelled)
    return world.keep(calendar, _bumped(old, old.body | {"status": "cancelled"}))


def move(world: World, source: Calendar, target: Calendar, email: str, event_id: str) -> Record:
    """To another calendar under the same id; an id-only stub is left behind."""
    old = _changeable(world, source, email, event_id)
    if old.body.get("eventType", "default") != "default":
        raise bad("eventTypeRestriction", "Only default events can be moved.")
    if "recurringEventId" in old.body:
        raise bad("cannotMoveInstance", "Cannot move an instance of a recurring event.")
    there = target.events.get(event_id)
    if there and not there.cancelled:
        raise refuse("duplicate")
    rows = [old, *source.exceptions(event_id)]
    for row in rows:
        world.keep(source, {"id": row.id, "status": "cancelled", **_place(row)}, bare=True)
    mine = {"organizer": {"email": target.id, "displayName": target.summary}}
    lost = ("extendedProperties",) if world.switches.moves_lose_properties else ()
    taken = [{key: value for key, value in row.body.items() if key not in lost} for row in rows]
    return [world.keep(target, body | mine) for body in reversed(taken)][-1]


def merged(old: Json, new: Mapping[str, Any]) -> Json:
    """Patch semantics."""
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


def mail(world: World, operation: str, record: Record, send: str) -> None:
    """Remembers whom Google would have written to."""
    guests = tuple(guest.get("email", "") for guest in record.body.get("attendees", ()) if not guest.get("self"))
    if guests and send in ("all", "externalOnly", "true"):
        world.mails.append(Mail(operation, record.id, guests))


def _reachable(world: World, calendar: Calendar, email: str, event_id: str) -> Record:
    """The event, if this identity may change it: private ones stay closed to writers without private access."""
    record = world.find(calendar, event_id)
    private = record.body.get("visibility") in ("private", "confidential")
    if private and ROLES.index(calendar.role(email)) < ROLES.index("writer"):
        raise refuse("forbidden")
    return record


def _changeable(world: World, calendar: Calendar, email: str, event_id: str) -> Record:
    record = _reachable(world, calendar, email, event_id)
    if record.bare:
        raise refuse("notFound")
    return record


def _changed(world: World, calendar: Calendar, old: Record, new: Json) -> Record:
    if new.get("eventType", "default") != old.body.get("eventType", "default"):
        raise bad("eventTypeRestriction", "The event type cannot be changed.")
    if old.body.get("locked") and any(new.get(key) != old.body.get(key) for key in MAIN):
        raise refuse("forbidden")
    foreign = old.body.get("organizer", {}).get("email", calendar.id) != calendar.id
    if foreign and any(new.get(key) != old.body.get(key) for key in GUESTS_MAY):
        raise refuse("forbiddenForNonOrganizer")
    record = world.keep(calendar, _bumped(old, _sound(calendar, new)))
    _follow(world, calendar, old, record)
    return record


def _follow(world: World, calendar: Calendar, old: Record, new: Record) -> None:
    """Exceptions after a change of their series: back with it, or gone where the series has no such instance."""
    if "recurrence" not in new.body:
        return
    for row in calendar.exceptions(new.id):
        if new.cancelled and not row.cancelled:
            world.keep(calendar, row.body | {"status": "cancelled"}, fell=True)
        elif old.cancelled and not new.cancelled and row.fell:
            world.keep(calendar, row.body | {"status": "confirmed"})
        elif not row.cancelled and not _still_in(calendar, new, row):
            world.keep(calendar, row.body | {"status": "cancelled"}, fell=True)


def _still_in(calendar: Calendar, master: Record, row: Record) -> bool:
    start, original = master.body["start"], row.body["originalStartTime"]
    if ("date" in start) != ("date" in original):
        return False
    here = wall(original | {"timeZone": start.get("timeZone", calendar.zone)})
    return next(walls(master.body, here), None) == here


def _bumped(old: Record, new: Json) -> Json:
    moved = any(old.body.get(key) != new.get(key) for key in SIGNIFICANT)
    return new | {"sequence": int(old.body.get("sequence", 0)) + (1 if moved else 0)}


def _place(row: Record) -> Json:
    return {key: row.body[key] for key in ("recurringEventId", "originalStartTime") if key in row.body}


def _has_uid(calendar: Calendar, uid: str) -> bool:
    return bool(uid) and any(row.body.get("iCalUID") == uid and not row.cancelled for row in calendar.events.values())


def _sound(calendar: Calendar, body: Json) -> Json:
    """The event with its times in one form; 400 for what Google does not take."""
    for side in ("start", "end"):
        if not body.get(side) or not ({"date", "dateTime"} & set(body[side])):
            raise bad("required", f"Missing {side} time.")
        if {"date", "dateTime"} <= set(body[side]):
            raise bad("invalid", f"Invalid {side} time.")
    if ("date" in body["start"]) != ("date" in body["end"]):
        raise bad("invalid", "Start and end times must either both be date or both be dateTime.")
    _zoned(body)
    body = body | {side: normal(body[side], calendar.zone) for side in ("start", "end")}
    if instant(body["start"], calendar.zone) > instant(body["end"], calendar.zone):
        raise bad("timeRangeEmpty", "The specified time range is empty.")
    if body.get("recurrence"):
        checked(body)
    else:
        body.pop("recurrence", None)
    return _fitting(body)


def _fitting(body: Json) -> Json:
    """Extended properties within their limits: long keys are dropped without a word, long values cut."""
    held = body.get("extendedProperties")
    if not held:
        return body
    cut = {
        sort: {key: str(value)[:LONGEST_VALUE] for key, value in pairs.items() if len(key) <= LONGEST_KEY}
        for sort, pairs in held.items()
    }
    return body | {"extendedProperties": cut}


def _zoned(body: Json) -> None:
    timed = "dateTime" in body["start"]
    if body.get("recurrence") and timed and not body["start"].get("timeZone"):
        raise bad("required", "Missing time zone definition for start time.")
