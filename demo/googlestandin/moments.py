"""Times as Google writes them: RFC 3339 with an offset, dates for all-day events, zones by IANA name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from demo.googlestandin.errors import Json, bad


def stamp(moment: datetime) -> str:
    """`updated` and `created`: UTC with milliseconds."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def zone(name: str) -> ZoneInfo:
    """The zone, or 400."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise bad("invalid", f"Invalid time zone definition: {name}.") from None


def parsed(text: str, where: str) -> datetime:
    """An RFC 3339 time with its mandatory offset; 400 without one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad("badRequest", "Bad Request", where) from None
    if moment.tzinfo is None:
        raise bad("badRequest", "Bad Request", where)
    return moment


def normal(side: Json, calendar_zone: str) -> Json:
    """A start or end as stored: a date, or a time with an offset and the zone it was given in."""
    if side.get("date"):
        try:
            return {"date": date.fromisoformat(side["date"]).isoformat()}
        except ValueError:
            raise bad("invalid", f"Invalid value for: {side['date']}") from None
    name = side.get("timeZone") or calendar_zone
    try:
        moment = datetime.fromisoformat(side["dateTime"])
    except ValueError:
        raise bad("invalid", f'Invalid value for: Invalid format: "{side["dateTime"]}"') from None
    aware = moment.replace(tzinfo=zone(name)) if moment.tzinfo is None else moment.astimezone(zone(name))
    return {"dateTime": aware.isoformat(timespec="seconds"), "timeZone": name}


def shown(side: Json, zone_name: str) -> Json:
    """A stored start or end in the zone of the answer."""
    if "dateTime" not in side:
        return dict(side)
    moment = datetime.fromisoformat(side["dateTime"]).astimezone(zone(zone_name))
    text = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return side | {"dateTime": text}


def instant(side: Json, calendar_zone: str) -> datetime:
    """The moment a stored start or end means; all-day ones begin at midnight of the calendar's zone."""
    if "date" in side:
        return datetime.combine(date.fromisoformat(side["date"]), time(), zone(calendar_zone))
    return datetime.fromisoformat(side["dateTime"])


def wall(side: Json) -> datetime:
    """The clock time in the event's own zone, naive: what a recurrence counts in."""
    if "date" in side:
        return datetime.combine(date.fromisoformat(side["date"]), time())
    moment = datetime.fromisoformat(side["dateTime"])
    return moment.astimezone(zone(side["timeZone"])).replace(tzinfo=None)


def from_wall(naive: datetime, like: Json) -> Json:
    """The start or end at a clock time, of the same sort and zone as `like`."""
    if "date" in like:
        return {"date": naive.date().isoformat()}
    aware = naive.replace(tzinfo=zone(like["timeZone"]))
    real = aware.astimezone(UTC).astimezone(zone(like["timeZone"]))  # a time that a clock change skips moves on
    return {"dateTime": real.isoformat(timespec="seconds"), "timeZone": like["timeZone"]}


def duration(body: Json) -> timedelta:
    """How long an event is, in clock time."""
    return wall(body["end"]) - wall(body["start"])


def suffix(original: Json) -> str:
    """What an instance's id ends with: `_20260301T090000Z`, `_20260301` for all-day ones."""
    if "date" in original:
        return "_" + str(original["date"]).replace("-", "")
    return f"_{datetime.fromisoformat(original['dateTime']).astimezone(UTC):%Y%m%dT%H%M%SZ}"
