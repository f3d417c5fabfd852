"""What only one practice of a process may have: its key, and each calendar that it watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from config.calendars import CalDavSettings, GoogleSettings, IcsSettings
from config.problems import Problem, Where, dotted
from config.roster import AnyCalendar, place_of
from config.settings import Settings
from config.yamlfile import Document, Spot
from rules.model import Severity

KEY = ("practice", "key")
Thing = tuple[str, ...]


class Claim(Struct, frozen=True):
    """A thing that the file wants for its practice alone, and where it says so."""

    thing: Thing
    where: Where
    spot: Spot


class Loaded(Struct, frozen=True):
    """One file as loaded. `settings`: None if `problems` has an error. `problems`: in the file's order. `key`: the
    practice's, as far as it can be read; else the file's name without its ending."""

    file: Path
    settings: Settings | None
    problems: tuple[Problem, ...]
    key: str = ""
    claims: tuple[Claim, ...] = ()


def claims_of(document: Document, settings: Settings) -> Iterator[Claim]:
    """The practice's key and calendars. A feed is nobody's alone: nothing is written to it, and nobody told of it."""
    yield Claim(("key", settings.practice.key), KEY, document.key_spot(KEY))
    for where, calendar in _calendars(settings):
        if not isinstance(calendar, IcsSettings):
            yield Claim(_thing(calendar), where, document.value_spot(where))


def _calendars(settings: Settings) -> Iterator[tuple[Where, AnyCalendar]]:
    for key, dentist in settings.dentists.items():
        for number, calendar in enumerate(dentist.calendars):
            yield ("dentists", key, "calendars", number), calendar
    if settings.waiting_list and settings.waiting_list.calendar:
        yield ("waiting_list", "calendar"), settings.waiting_list.calendar


def _thing(calendar: AnyCalendar) -> Thing:
    """The calendar, whoever looks at it; where its name means something in one account only, with that account."""
    if isinstance(calendar, GoogleSettings):
        return place_of(calendar)
    kind, url, *name = place_of(calendar)
    parts = urlsplit(url)
    account = (calendar.username or "",) if isinstance(calendar, CalDavSettings) and calendar.calendar else ()
    return (kind, parts.netloc.casefold(), parts.path, *name, *account)


def apart(files: Iterable[Loaded]) -> list[Loaded]:
    """The files in their order; one that claims what an earlier sound one has gets a problem for each such thing."""
    owners: dict[Thing, Loaded] = {}
    return [_beside(one, owners) for one in files]


def _beside(one: Loaded, owners: dict[Thing, Loaded]) -> Loaded:
    if one.settings is None:
        return one
    taken = tuple(_problem(one, claim, owners[claim.thing]) for claim in one.claims if claim.thing in owners)
    if taken:
        found = sorted({*one.problems, *taken}, key=lambda problem: (problem.line, problem.column))
        return replace(one, settings=None, problems=tuple(found))
    owners.update((claim.thing, one) for claim in one.claims)
    return one


def _problem(one: Loaded, claim: Claim, owner: Loaded) -> Problem:
    if claim.where == KEY:
        text = f"« {owner.key} » est déjà la clé de {owner.file.name}."
        hint = "Donnez à chaque cabinet sa « key: »."
    else:
        text = f"cet agenda est déjà celui d'un autre cabinet ({owner.file.name})."
        hint = "Un agenda n'a qu'un cabinet : retirez-le de l'un des deux."
    return Problem(str(one.file), *claim.spot, dotted(claim.where), Severity.ERROR, text, hint)
