"""Which zone a TZID means: IANA name, Windows name, embedded VTIMEZONE, the calendar's own, the practice's."""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){1,2}$")
_TIMEZONE = re.compile(r"^BEGIN:VTIMEZONE$.*?^END:VTIMEZONE$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_CALENDAR_ZONE = re.compile(r"^X-WR-TIMEZONE[^:\n]*:(.+)$", re.MULTILINE | re.IGNORECASE)
_CITY = re.compile(r"\(?(?:UTC|GMT)[^)]*\)?\s*(.+)", re.IGNORECASE)
# Outlook's own captions of the zones that practices in France use.
_CITIES = {"paris": "Europe/Paris", "bruxelles": "Europe/Brussels", "brussels": "Europe/Brussels"}
UTC = ZoneInfo("UTC")


class Zones(Struct, frozen=True):
    """The zones of one payload. `text` is unfolded."""

    practice: ZoneInfo
    text: str

    def find(self, tzid: str) -> tuple[tzinfo, bool]:
        """The zone, and whether the TZID was understood; where not, the calendar's zone, else the practice's."""
        known = named(tzid) or self._embedded(tzid)
        if known is not None:
            return known, True
        declared = _CALENDAR_ZONE.search(self.text)
        return (named(declared[1].strip()) if declared else None) or self.practice, False

    def _embedded(self, tzid: str) -> tzinfo | None:
        """The zone that the payload itself defines, read by the full parser."""
        for found in _TIMEZONE.finditer(self.text):
            if f"TZID:{tzid}\n" in found[0] and (zone := _built(found[0])) is not None:
                return zone
        return None


@lru_cache(maxsize=64)
def _built(component: str) -> tzinfo | None:
    from icalendar import Timezone

    try:
        zone = Timezone.from_ical(component)
        return zone.to_tz(lookup_tzid=False) if isinstance(zone, Timezone) else None
    except Exception:
        return None


@lru_cache(maxsize=256)
def named(tzid: str) -> ZoneInfo | None:
    """The IANA zone that a TZID names in any spelling; None where it names none."""
    bare = tzid.strip().strip('"')
    for name in (bare, _tail(bare)):
        if name and (zone := _iana(name)) is not None:
            return zone
    return _windows(bare)


def _tail(tzid: str) -> str:
    """`Europe/Paris` of `/mozilla.org/20050126_1/Europe/Paris`."""
    parts = tzid.strip("/").split("/")
    return next(
        (name for size in (3, 2) if len(parts) > size and _NAME.match(name := "/".join(parts[-size:])) and _iana(name)),
        "",
    )


def _iana(name: str) -> ZoneInfo | None:
    if name.lower() in ("utc", "z", "gmt", "etc/utc", "gmt standard"):
        return UTC
    try:
        return ZoneInfo(name) if "/" in name or name.isupper() else None
    except (KeyError, ValueError, OSError):
        return None


def _windows(name: str) -> ZoneInfo | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    if name in WINDOWS_TO_OLSON:
        return _iana(WINDOWS_TO_OLSON[name])
    caption = _CITY.match(name)
    for city in re.split(r"[,;/]\s*", caption[1].lower()) if caption else ():
        if city.strip() in _CITIES:
            return _iana(_CITIES[city.strip()])
    return None
