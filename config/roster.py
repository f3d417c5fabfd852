"""The calendars of a configuration: each one once, with its dentists, and its names on a command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from config.calendars import CalDavSettings, GoogleSettings, IcsSettings
from config.settings import Settings

AnyCalendar = CalDavSettings | GoogleSettings | IcsSettings


class Configured(Struct, frozen=True):
    """One calendar. `dentist`: the key of the dentist who has it first in the YAML. `tags`: tag → key of those who
    share it."""

    settings: AnyCalendar
    dentist: str
    tags: Mapping[str, str]


def configured(settings: Settings) -> list[Configured]:
    """The calendars of all dentists in the YAML's order. One that several share by `tag` is there once (P2)."""
    found: dict[tuple[str, ...], list[tuple[str, AnyCalendar]]] = {}
    for key, dentist in settings.dentists.items():
        for calendar in dentist.calendars:
            found.setdefault(place_of(calendar), []).append((key, calendar))
    return [_configured(claims) for claims in found.values()]


def _configured(claims: list[tuple[str, AnyCalendar]]) -> Configured:
    dentist, calendar = claims[0]
    return Configured(calendar, dentist, {one.tag: key for key, one in claims if one.tag})


def place_of(calendar: AnyCalendar) -> tuple[str, ...]:
    """The identity of a calendar: kind and address."""
    if isinstance(calendar, GoogleSettings):
        return "google", calendar.calendar_id
    if isinstance(calendar, IcsSettings):
        return "ics", calendar.url.get_secret_value()
    return "caldav", calendar.url.rstrip("/"), calendar.calendar or ""


def place_at(url: str) -> tuple[str, str, str]:
    """(host, port, path) of an address, however it is written."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    port = "" if parts.port in {None, 80, 443} else str(parts.port)
    return (parts.hostname or "").casefold(), port, unquote(parts.path).rstrip("/")


def means(wanted: str, address: str, dentists: Iterable[str]) -> bool:
    """Whether the word of a command line names that calendar: by a dentist's key, its address, or the last part of
    it."""
    from urllib.parse import unquote

    bare = address.rstrip("/")
    last = bare.rpartition("/")[2].rpartition(":")[2] if "/" not in bare else bare.rpartition("/")[2]
    return wanted in {*dentists} or wanted.rstrip("/") in {bare, last, unquote(last)}
