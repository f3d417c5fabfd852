"""One .ics file cut into resources: the events of one UID, with the zones that they name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.base import Garbled, Resource

MOST = 20_000
"""Events in one feed."""

_FOLD = re.compile(rb"\r?\n[ \t]")
_TZID = re.compile(rb';TZID=(?:"([^"\r\n]*)"|([^;:\r\n]*))', re.IGNORECASE)
_HEADERS = (b"VERSION", b"PRODID", b"CALSCALE", b"X-WR-TIMEZONE")


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed. `digest` is the same for the same events, whenever they were downloaded."""

    name: str
    resources: dict[str, Resource]
    digest: str


@dataclass(slots=True)
class _Parts:
    """What stands in the file, as unfolded lines."""

    headers: list[bytes]
    zones: dict[bytes, bytes]
    events: dict[bytes, list[list[bytes]]]
    name: str = ""


def feed_of(body: bytes) -> Feed:
    """The feed in an answer. Raises Garbled where it is none, is cut, or holds more than anybody's calendar."""
    lines = _FOLD.sub(b"", body.removeprefix(b"\xef\xbb\xbf")).splitlines()
    lines = [line for line in lines if line.strip()]
    if not lines or lines[0].strip().upper() != b"BEGIN:VCALENDAR":
        raise Garbled("Cette adresse ne donne pas de flux d'agenda (.ics).")
    if lines[-1].strip().upper() != b"END:VCALENDAR":
        raise Garbled("Le flux d'agenda est coupé avant sa fin.")
    parts = _parted(lines)
    found = {uid: _resource(uid, events, parts) for uid, events in parts.events.items()}
    resources = {one.ref: one for one in found.values()}
    digest = hashlib.sha256("".join(f"{ref}{one.version}" for ref, one in sorted(resources.items())).encode())
    return Feed(parts.name, resources, digest.hexdigest())


def _parted(lines: list[bytes]) -> _Parts:
    parts = _Parts([], {}, {})
    count = 0
    for kind, block in _blocks(lines):
        if kind == b"VEVENT":
            count += 1
            if count > MOST:
                raise Garbled(f"Le flux d'agenda contient plus de {MOST} événements.")
            parts.events.setdefault(_uid(block), []).append(block)
        elif kind == b"VTIMEZONE":
            parts.zones[_value(block, b"TZID")] = b"\r\n".join(block)
        elif not kind:
            _header(block[0], parts)
    return parts


def _blocks(lines: list[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """(kind, lines) of each component of the calendar; its own properties come one by one without a kind. A component
    that does not end is cut where the next one of its kind begins, so that one slip does not swallow the rest."""
    kind, block = b"", list[bytes]()
    for line in lines:
        word = line.strip().upper()
        if word in {b"BEGIN:VCALENDAR", b"END:VCALENDAR"}:
            continue
        if kind and word == b"BEGIN:" + kind:
            yield kind, [*block, b"END:" + kind]
            block = [line]
        elif not kind and word.startswith(b"BEGIN:"):
            kind, block = word.removeprefix(b"BEGIN:"), [line]
        elif kind:
            block.append(line)
            if word == b"END:" + kind:
                yield kind, block
                kind, block = b"", []
        else:
            yield b"", [line]


def _header(line: bytes, parts: _Parts) -> None:
    name = re.split(rb"[;:]", line, maxsplit=1)[0].upper()
    if name == b"X-WR-CALNAME":
        parts.name = line.partition(b":")[2].decode("utf-8", "replace").strip()[:80]
    elif name in _HEADERS:
        parts.headers.append(line)


def _uid(block: list[bytes]) -> bytes:
    """The event's UID, or a mark of its content where it has none."""
    return _value(block, b"UID") or b"\0" + hashlib.sha256(_content(block)).digest()


def _value(block: list[bytes], name: bytes) -> bytes:
    """The first value of that property, outside of alarms."""
    depth = 0
    for line in block[1:-1]:
        word = line[:6].upper()
        depth += (word == b"BEGIN:") - (word[:4] == b"END:")
        if not depth and re.split(rb"[;:]", line, maxsplit=1)[0].upper() == name:
            return line.partition(b":")[2].strip()
    return b""


def _content(block: list[bytes]) -> bytes:
    """Without DTSTAMP: many servers stamp every event anew at each download."""
    return b"\n".join(line for line in block if not line.upper().startswith(b"DTSTAMP"))


def _resource(uid: bytes, events: list[list[bytes]], parts: _Parts) -> Resource:
    named = {a or b for event in events for line in event for a, b in _TZID.findall(line)}
    zones = [parts.zones[name] for name in sorted(named) if name in parts.zones]
    inside = [*parts.headers, *zones, *(b"\r\n".join(event) for event in events)]
    payload = b"\r\n".join([b"BEGIN:VCALENDAR", *inside, b"END:VCALENDAR", b""])
    version = hashlib.sha256(b"\n".join([*parts.headers, *zones, *map(_content, events)])).hexdigest()[:32]
    return Resource(hashlib.sha256(uid).hexdigest()[:32], version, payload)
