"""Splits an .ics file of many events into one payload for each UID, without parsing the events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from msgspec import Struct, field

from adapters.calendars.ical.contentlines import unescape

MOST, MOST_ZONES, MOST_LINES = 50_000, 200, 2_000_000
_DURATION = re.compile(rb"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?")
_SIZES = (604_800, 86_400, 3600, 60, 1)
_HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//attitre//feed//FR\r\n"
_TAIL = b"END:VCALENDAR\r\n"


class Feed(Struct, frozen=True):
    """`name`: as the feed calls itself. `events`: ref → payload, with the time zones that it needs. `every`: seconds
    that the feed asks to wait between two downloads (RFC 7986 5.7)."""

    name: str
    events: dict[str, bytes]
    every: int | None = None


class _Parts(Struct):
    """What was found so far: properties of the calendar, time zones by TZID, events by UID."""

    named: dict[bytes, bytes] = field(default_factory=dict)
    zones: dict[bytes, bytes] = field(default_factory=dict)
    events: dict[str, list[bytes]] = field(default_factory=dict)


def split(body: bytes) -> Feed | None:
    """The feed; None if it is not iCalendar, is incomplete (no `END:VCALENDAR`), or has more than MOST events, zones or
    lines."""
    if max(body.count(b"\n"), body.count(b"\r")) > MOST_LINES:
        return None
    lines = [*_logical(body)]
    if not lines or _upper(lines[0]) != b"BEGIN:VCALENDAR" or _upper(lines[-1]) != b"END:VCALENDAR":
        return None
    parts = _Parts()
    for component in _components(lines[1:-1], parts):
        kind = _upper(component[0])
        if kind == b"BEGIN:VEVENT":
            parts.events.setdefault(_uid(component), []).append(b"".join(component))
        elif kind == b"BEGIN:VTIMEZONE":
            parts.zones[_value(component, b"TZID")] = b"".join(component)
        if len(parts.events) > MOST or len(parts.zones) > MOST_ZONES:
            return None
    name = unescape(_text(parts.named.get(b"X-WR-CALNAME", b"")))
    events = {f"{uid}.ics": _payload(blocks, parts) for uid, blocks in parts.events.items()}
    wanted = (_seconds(parts.named.get(word, b"")) for word in (b"REFRESH-INTERVAL", b"X-PUBLISHED-TTL"))
    return Feed(name, events, next(filter(None, wanted), None))


def _seconds(duration: bytes) -> int | None:
    """`PT1H30M`, `P1D`, `P1W` in seconds; None for anything else."""
    found = _DURATION.fullmatch(duration.strip().upper())
    if found is None:
        return None
    return sum(int(number) * size for number, size in zip(found.groups(b"0"), _SIZES, strict=True)) or None


def _logical(body: bytes) -> Iterator[bytes]:
    """The content lines with their folds, each with its line break; blank lines are left out."""
    held: list[bytes] = []  # joined once at the end: an attachment may have 100,000 folds
    for line in body.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t") or not held:
            yield from _joined(held)
            held.clear()
        held.append(line)
    yield from (line if line.endswith(b"\n") else line + b"\r\n" for line in _joined(held))


def _joined(pieces: list[bytes]) -> Iterator[bytes]:
    whole = b"".join(pieces)
    if whole.strip():
        yield whole


def _components(lines: list[bytes], parts: _Parts) -> Iterator[list[bytes]]:
    """The components of the calendar, each from BEGIN to END; its properties are added to `parts`. Several calendars in
    one file count as one."""
    depth, open_at = 0, 0
    for index, line in enumerate(lines):
        word = _upper(line)
        if word in (b"BEGIN:VCALENDAR", b"END:VCALENDAR") and depth == 0:
            continue
        if word.startswith(b"BEGIN:"):
            open_at = index if depth == 0 else open_at
            depth += 1
        elif word.startswith(b"END:") and depth:
            depth -= 1
            if depth == 0:
                yield lines[open_at : index + 1]
        elif depth == 0:
            parts.named.setdefault(_name(line), _after_colon(line))


def _payload(blocks: list[bytes], parts: _Parts) -> bytes:
    text = b"".join(blocks)
    zones = b"".join(zone for tzid, zone in parts.zones.items() if tzid and tzid in text)
    own = parts.named.get(b"X-WR-TIMEZONE", b"")
    return b"".join((_HEAD, b"X-WR-TIMEZONE:" + own + b"\r\n" if own else b"", zones, text, _TAIL))


def _uid(component: list[bytes]) -> str:
    """The UID; a hash of the contents if the UID is missing or too long."""
    uid = _text(_value(component, b"UID"))
    if uid and len(uid) <= 200:
        return uid
    return hashlib.sha256(uid.encode() or b"".join(component)).hexdigest()[:32]


def _value(component: list[bytes], name: bytes) -> bytes:
    """The value of a property of the component itself, not of a component inside it."""
    depth = 0
    for line in component[1:-1]:
        word = _upper(line)
        depth += word.startswith(b"BEGIN:") - word.startswith(b"END:")
        if depth == 0 and _name(line) == name:
            return _after_colon(line)
    return b""


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].partition(b";")[0].strip().upper()


def _after_colon(line: bytes) -> bytes:
    unfolded = line.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
    return unfolded.partition(b":")[2].strip()


def _upper(line: bytes) -> bytes:
    return line.strip().upper()


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
