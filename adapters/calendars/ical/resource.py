"""One iCalendar resource: what it says, and our part in it. Shared by every source of VEVENTs (CalDAV, files)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Reading, Window
from adapters.calendars.ical import block, html_form, recurrence, splice
from adapters.calendars.ical.component import Component, Unreadable, component, plain_title, storable, version
from adapters.calendars.ical.contentlines import Properties, events, unescape, unfold
from adapters.calendars.ical.meaning_hash import digest
from adapters.calendars.ical.new_times import moved
from adapters.calendars.ical.over import LONGEST_BYTES, over
from adapters.calendars.ical.versions import counted
from adapters.calendars.ical.zones import Zones
from rules.model import Annotation, alike

NOT_SHOWN = "(rien dans l'autre forme du texte)"
_SUMMARY = re.compile(rb"^SUMMARY(?:;[^:\r\n]*)?:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)


def identity(secret: bytes, address: str, ref: str, uid: str) -> str:
    """The 16 letters that bind a block to one event of one calendar: a copy carries another event's (law L1).

    Five say which installation wrote it, four which event it was written for in a way that every installation can
    check, seven bind it to this event of this calendar.
    """
    seed = _octets("\0".join((address, ref, uid)))
    return f"{_installation(secret)}{_event_letters(ref, uid)}{_letters(hmac.digest(secret, seed, 'sha256'), 7)}"


def rival(secret: bytes, token: str, ref: str, uid: str) -> str:
    """The letters of another installation that wrote into this very event; empty for ours, for a copy of an event that
    it wrote into, and for what is no mark (hard cases D05, D07)."""
    installation, bound = token[:5], token[5:9]
    if len(token) != 16 or installation == _installation(secret):
        return ""
    return installation if bound == _event_letters(ref, uid) else ""


@lru_cache(maxsize=8)
def _installation(secret: bytes) -> str:
    return _letters(hmac.digest(secret, b"installation", "sha256"), 5)


def _event_letters(ref: str, uid: str) -> str:
    return _letters(hashlib.sha256(_octets(f"{ref}\0{uid}")).digest(), 4)


def _octets(text: str) -> bytes:
    """The octets that were read, or, of half a sign that JSON brought, some of its own."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _letters(digest: bytes, count: int) -> str:
    return base64.b32encode(digest).decode("ascii").lower()[:count]


class Ics(Struct, frozen=True):
    """Reads and annotates the resources of one calendar. `zone` is the practice's; `address` the calendar's."""

    zone: ZoneInfo
    secret: bytes
    address: str

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """What the payload says; occurrences of a repeated event inside `window` only. Pure, never raises."""
        try:
            return self._read(ref, payload, window)
        except Exception:
            return _unreadable(payload)

    def over(self, payload: bytes, before: datetime) -> bool:
        """See `Calendar.over`."""
        return over(payload, before)

    def splice(
        self, ref: str, payload: bytes, annotation: Annotation, end: datetime | None = None,
        start: datetime | None = None,
    ) -> bytes | None:  # fmt: skip
        """The payload with the annotation in place of our part, and the new end (P8) of its sole event, or its new
        start and end (P45).

        Every other octet stays (law L1). None where it cannot be written safely: `Reading.blocked` says why.
        """
        if splice.blocked(payload) or not self._writable(payload):
            return None
        bare = splice.strip(payload)
        if end is not None:
            changed = moved(bare, end, self.zone, start)
            if changed is None or not self._stands(changed, end, start):
                return None
            bare = changed
        token = identity(self.secret, self.address, ref, _uid(payload))
        return splice.insert(bare, annotation, token, splice.remembered(payload))

    def strip(self, payload: bytes) -> bytes:
        """The payload without our part; without one, the same bytes. Works on any bytes."""
        return splice.strip(payload)

    def _read(self, ref: str, payload: bytes, window: Window) -> Reading:
        if len(payload) > LONGEST_BYTES:
            return _unreadable(payload)
        text = unfold(payload)
        found = list(events(text))
        zones = Zones(self.zone, text)
        parts, bad = _components(found, zones)
        if not parts:
            return _unreadable(payload) if bad or not _other(text) else _without_events(payload)
        annotation, foreign, other = self._ours(ref, found) if "attitre" in text else (Annotation(), False, "")
        if len(parts) > 1:
            parts, apart = counted(parts)
            bad |= apart
        expanded = recurrence.expand(parts, window, self.zone)
        return Reading(
            events=expanded.events,
            semantic=digest(parts),
            annotation=annotation,
            problem=expanded.problem or ("event-unreadable" if bad else ""),
            foreign_block=foreign,
            rival=other,
            blocked=_blocked(payload, found) if bad or _suspicious(payload, text, parts) else "",
            sole=len(found) == 1 and not parts[0].recurring,
        )

    def _stands(self, payload: bytes, end: datetime, start: datetime | None) -> bool:
        """Whether it is read so: of a property that stands twice, another one may count."""
        text = unfold(payload)
        parts = _components(list(events(text)), Zones(self.zone, text))[0]
        return [(part.event.end, start and part.event.start) for part in parts] == [(end, start)]

    def _writable(self, payload: bytes) -> bool:
        text = unfold(payload)
        found = list(events(text))
        return not _twice(found) and bool(_components(found, Zones(self.zone, text))[0])

    def _ours(self, ref: str, found: list[Properties]) -> tuple[Annotation, bool, str]:
        """Our part of the event that carries it, whether it was made for another event, and by whom else for this."""
        master = next((props for props in found if "RECURRENCE-ID" not in props), found[0])
        texts = "\n".join(unescape(prop.value) for prop in master.get("DESCRIPTION", ()))
        _, lines, named = block.split(texts)
        if lines is None:
            return Annotation(), False, ""
        title = unescape(master["SUMMARY"][0].value) if "SUMMARY" in master else ""
        uid = master["UID"][0].value.strip() if "UID" in master else ""
        lines = lines + _missed(master, lines, named)
        token, _, flags = named.partition("-")
        foreign = bool(token) and token != identity(self.secret, self.address, ref, uid)
        other = rival(self.secret, token, ref, uid) if foreign else ""
        return Annotation("" if "n" in flags else block.unmark(title)[0], lines), foreign, other


def _missed(props: Properties, lines: tuple[str, ...], ref: str) -> tuple[str, ...]:
    """What an HTML form of the description shows in place of our block: another one, or none where it takes one."""
    for form in html_form.shown(props):
        hers, shown, _ = block.split(form.html)
        if not form.open:
            continue
        if shown is None and html_form.takes(hers, lines, ref):
            return (NOT_SHOWN,)
        if shown is not None and not alike(Annotation("", shown), Annotation("", lines)):
            return shown
    return ()


def _components(found: list[Properties], zones: Zones) -> tuple[list[Component], bool]:
    """The events that could be read, and whether one could not."""
    parts: list[Component] = []
    for props in found:
        try:
            parts.append(component(props, zones))
        except Unreadable:
            continue
        if len(found) > 1:
            parts[-1] = replace(parts[-1], version=version(props))
    return parts, len(parts) < len(found)


def _blocked(payload: bytes, found: list[Properties]) -> str:
    return splice.blocked(payload) or ("twice" if _twice(found) else "")


def _twice(found: list[Properties]) -> bool:
    """Whether two events share a UID: the one that a client shows need not be the one that we would write to."""
    uids = [props["UID"][0].value.strip() if "UID" in props else "" for props in found if "RECURRENCE-ID" not in props]
    return len(set(uids)) < len(uids)


def _suspicious(payload: bytes, text: str, parts: list[Component]) -> bool:
    """Whether a closer look is needed before writing: nothing in ordinary events is."""
    upper = text.upper()
    return (
        any(part.odd_text or part.event.attendees for part in parts)
        or not _framed(upper)
        or upper.count("VERSION") != 1
        or b"VERSION:2.0" not in payload
        or b"\0" in payload
        or not _utf8(payload)
    )


def _framed(upper: str) -> bool:
    """One event, opened and then closed."""
    once = upper.count("BEGIN:VEVENT") == upper.count("END:VEVENT") == 1
    return once and -1 < upper.find("BEGIN:VEVENT") < upper.find("\nEND:VEVENT\n")


def _utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _uid(payload: bytes) -> str:
    line = next((line for line in splice.event_lines(payload) if line.name == "UID"), None)
    return line.value.decode("utf-8", "surrogateescape").strip() if line else ""


def _other(text: str) -> bool:
    """A calendar object without events (tasks, journals): nothing to read, nothing wrong."""
    upper = text[:100_000].upper()
    return "BEGIN:VCALENDAR" in upper and any(f"BEGIN:{name}" in upper for name in ("VTODO", "VJOURNAL", "VFREEBUSY"))


def _without_events(payload: bytes) -> Reading:
    return Reading((), hashlib.sha256(payload).hexdigest(), Annotation(), blocked="unreadable", sole=False)


def _unreadable(payload: bytes) -> Reading:
    digested, title = hashlib.sha256(payload).hexdigest(), _title(payload)
    return Reading((), digested, Annotation(), "event-unreadable", blocked="unreadable", sole=False, title=title)


def _title(payload: bytes) -> str:
    """The first title in it, whatever else is wrong there."""
    found = _SUMMARY.search(payload, 0, LONGEST_BYTES)
    return block.bare(plain_title(storable(unescape(found[1].decode("utf-8", "replace")))))[:80] if found else ""
