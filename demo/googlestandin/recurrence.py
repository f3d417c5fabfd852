"""A series' instances: Google's `recurrence` lines expanded with dateutil, in the clock time of the event's zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr

from demo.googlestandin.errors import Json, bad
from demo.googlestandin.moments import duration, from_wall, suffix, wall, zone

MOST = 730  # inferred: Google stops an endless series somewhere; two years of days is enough for any test


def checked(body: Json) -> None:
    """400 for lines that are no recurrence or for a series without a zone."""
    for line in body.get("recurrence", ()):
        if not re.match(r"(RRULE|EXRULE|RDATE|EXDATE)[:;]", line):
            raise bad("invalid", "Invalid recurrence rule.")
    try:
        _rules(body)
    except (ValueError, TypeError, KeyError):
        raise bad("invalid", "Invalid recurrence rule.") from None


def walls(body: Json, after: datetime | None = None) -> Iterator[datetime]:
    """The original starts of a series (those past `after`, naive clock time), at most MOST."""
    rules = _rules(body)
    yield from islice(rules if after is None else rules.xafter(after, inc=True), MOST)


def instances(master_id: str, body: Json, after: datetime | None = None) -> Iterator[Json]:
    """The instances of a series as event resources, exceptions not yet put in."""
    for start in walls(body, after):
        yield instance(master_id, body, start)


def instance(master_id: str, body: Json, start: datetime) -> Json:
    """The instance that begins at a clock time."""
    original = from_wall(start, body["start"])
    plain = {key: value for key, value in body.items() if key != "recurrence"}
    return plain | {
        "id": master_id + suffix(original),
        "start": original,
        "end": from_wall(start + duration(body), body["end"]),
        "recurringEventId": master_id,
        "originalStartTime": original,
    }


def named(master_id: str, body: Json, event_id: str) -> Json | None:
    """The instance with this id, if the series has it."""
    when = event_id.removeprefix(master_id + "_")
    if not re.fullmatch(r"\d{8}(T\d{6}Z)?", when):
        return None
    start = datetime.strptime(_naive(when, body, False), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    found = _rules(body).between(start, start, inc=True)
    return instance(master_id, body, start) if found else None


def cut_before(body: Json, original: Json) -> list[str]:
    """The recurrence lines of a series that ends before the instance at `original`, as Google's editor writes them."""
    start = wall(original)
    if "date" in original:
        until = f"{datetime.fromordinal(start.toordinal() - 1):%Y%m%d}"
    else:
        before = start.replace(tzinfo=zone(original["timeZone"])).timestamp() - 1
        until = f"{datetime.fromtimestamp(before, UTC):%Y%m%dT%H%M%SZ}"
    return [_until(line, until) if line.startswith("RRULE") else line for line in body["recurrence"]]


def _rules(body: Json) -> Any:
    lines = [f"DTSTART:{wall(body['start']):%Y%m%dT%H%M%S}"]
    lines += [_localised(line, body) for line in body["recurrence"]]
    return rrulestr("\n".join(lines), forceset=True)


def _until(rule: str, until: str) -> str:
    return re.sub(r";(UNTIL|COUNT)=[^;]*", "", rule) + f";UNTIL={until}"


def _localised(line: str, body: Json) -> str:
    """UNTIL and listed dates in the naive clock time of the series."""
    name, _, values = line.partition(":")
    if name.startswith(("RRULE", "EXRULE")):
        return name + ":" + re.sub(r"UNTIL=([0-9TZ]+)", lambda found: "UNTIL=" + _naive(found[1], body, True), values)
    return name.split(";")[0] + ":" + ",".join(_naive(value, body, False) for value in values.split(","))


def _naive(value: str, body: Json, end_of_day: bool) -> str:
    if "T" not in value:
        return value + ("T235959" if end_of_day else f"T{wall(body['start']):%H%M%S}")
    moment = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    if value.endswith("Z") and "timeZone" in body["start"]:
        moment = moment.replace(tzinfo=UTC).astimezone(zone(body["start"]["timeZone"]))
    return f"{moment:%Y%m%dT%H%M%S}"
