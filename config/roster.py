"""The calendars of a configuration: each once, whose they are, and what names them on a command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from config.calendars import CalDavSettings, GoogleSettings, IcsSettings
from config.settings import Settings

AnyCalendar = CalDavSettings | GoogleSettings | IcsSettings


@dataclass(frozen=True, slots=True)
class Configured:
    """One calendar of the YAML: who it is for, and the tags of those who share it."""

    settings: AnyCalendar
    dentist: str
    tags: Mapping[str, str]


def configured(settings: Settings) -> list[Configured]:
    """The calendars of all dentists in the YAML's order; one that several share by `tag` stands once (P2)."""
    found: dict[tuple[str, ...], list[tuple[str, AnyCalendar]]] = {}
    for key, dentist in settings.dentists.items():
        for calendar in dentist.calendars:
            found.setdefault(place_of(calendar), []).append((key, calendar))
    return [_configured(claims) for claims in found.values()]


def _configured(claims: list[tuple[str, AnyCalendar]]) -> Configured:
    dentist, calendar = claims[0]
    return Configured(calendar, dentist, {one.tag: key for key, one in claims if one.tag})


def place_of(calendar: AnyCalendar) -> tuple[str, ...]:
    """What tells one calendar from another."""
    if isinstance(calendar, GoogleSettings):
        return "google", calendar.calendar_id
    if isinstance(calendar, IcsSettings):
        return "ics", calendar.url.get_secret_value()
    return "caldav", calendar.url.rstrip("/"), calendar.calendar or ""


def means(wanted: str, address: str, dentists: Iterable[str]) -> bool:
    """Whether that word names that calendar."""
    from urllib.parse import unquote

    bare = address.rstrip("/")
    last = bare.rpartition("/")[2].rpartition(":")[2] if "/" not in bare else bare.rpartition("/")[2]
    return wanted in {*dentists} or wanted.rstrip("/") in {bare, last, unquote(last)}
