"""`slots`: the next free times for a motif, with one dentist or with each (P24, P25)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, warn
from sync.cli.page import grid, title

if TYPE_CHECKING:
    from config.settings import Settings
    from rules.model import Dentist, Motif, Slot
    from sync.core.context import World

EACH = 5  # how many free times of each dentist


@app.command()
def slots(  # noqa: PLR0917  options
    motif: Annotated[
        str, typer.Option("--motif", metavar="MOTIF", help="Comme dans un rendez-vous, synonymes compris.")
    ],
    config: Configs = None,
    dentist: Annotated[
        str | None, typer.Option("--dentist", metavar="DENTISTE", help="Clé ou nom ; sinon tous les dentistes.")
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="Première consultation : la durée qui lui est propre.")
    ] = False,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Les prochains créneaux libres pour un motif, les plus proches d'abord.

    D'après les agendas tels qu'attitre les a lus la dernière fois. Dans un quart d'heure au plus tôt, 60 jours au plus.
    Un motif urgent prend aussi les places « urgence réservée ». En JSON : dentist, start, end, minutes et motif.

    Exemple : attitre slots --motif détartrage --dentist martin --first
    """
    from sync.cli.practices import desk, one_settings

    settings = one_settings(config)
    with desk(settings) as world:
        what, visit = _motif(world, motif)
        dentists = _dentists(world, dentist)
        known, read_at = _known(settings, world, dentists)
        asked = _Asked(what, what.length(first or visit), first or visit, known, read_at)
        found = _found(world, asked)
    if json:
        as_json([_data(one, asked) for one in found])
    elif known:
        _show(world, asked, found)


class _Asked(Struct, frozen=True):
    """What is looked for, in minutes, and with whom; `read_at`: since when their calendars may have changed unseen."""

    motif: Motif
    minutes: int
    first: bool
    dentists: tuple[Dentist, ...]
    read_at: datetime | None


def _motif(world: World, text: str) -> tuple[Motif, bool]:
    """The motif as an entry would have it, and whether a first visit stands beside it. Raises Failure with what the
    event would say."""
    from rules.entry import reading
    from rules.model import CalendarEvent
    from rules.text.fold import tidy

    now = world.now().astimezone(world.practice.zone)
    written = CalendarEvent("", now, now, description=f"Motif : {tidy(text[:200])}")
    entry = reading.read(written, world.practice, now)
    found = world.practice.motif(entry.motif)
    if found is None:
        said = [one.text for one in entry.findings if one.field == "motif"]
        names = ", ".join(one.label for one in world.practice.motifs)
        raise Failure(said[0] if said else f"Motif manquant. Motifs : {names}.")
    return found, entry.first_visit is True


def _dentists(world: World, wanted: str | None) -> tuple[Dentist, ...]:
    """The one meant by key, name, calendar or address; all of them where none is."""
    from sync.cli.typed import dentist_of

    if wanted is None:
        return world.practice.dentists
    return (world.practice.dentist(dentist_of(world, wanted) or ""),)


def _known(
    settings: Settings, world: World, dentists: tuple[Dentist, ...]
) -> tuple[tuple[Dentist, ...], datetime | None]:
    """Those of whom one can say when they are free, and when their calendars were last read; of the others standard
    error says why not."""
    from sync.store import calendars

    with world.store.read() as tx:
        rows = [row for row in calendars.every(tx) if row.active and row.last_success]
    unread = _unread(settings, Counter(row.dentist for row in rows))
    silent = [one for one in dentists if not one.hours or one.key in unread]
    for one in silent:
        warn(f"Créneaux de {one.name} inconnus : {_NO_HOURS if not one.hours else _NOT_READ}")
    at = min((row.last_success for row in rows if row.last_success), default=None)
    return tuple(one for one in dentists if one not in silent), at


_NO_HOURS = "aucun horaire n'est déclaré (« hours: » dans la configuration)."
_NOT_READ = "l'agenda n'a pas encore été lu (attitre sync)."


def _unread(settings: Settings, read: Counter[str]) -> frozenset[str]:
    """Dentists one of whose calendars has never been read; `read` counts those that were, by whose they are first."""
    from config.roster import configured

    there = configured(settings)
    wanted = Counter(one.dentist for one in there)
    missing = [one for one in there if read[one.dentist] < wanted[one.dentist]]
    return frozenset(key for one in missing for key in (one.dentist, *one.tags.values()))


def _found(world: World, asked: _Asked) -> list[Slot]:
    """The soonest first."""
    from rules.checks.free_slots import is_urgent
    from sync.evaluate.slot_offers import next_free

    urgent = is_urgent(world.practice, asked.motif.label)
    with world.store.read() as tx:
        found = [
            slot
            for one in asked.dentists
            for slot in next_free(tx, world, one.key, asked.minutes, limit=EACH, urgent=urgent)
        ]
    return sorted(found, key=lambda slot: (slot.start, slot.dentist))


def _data(slot: Slot, asked: _Asked) -> dict[str, Any]:
    return {
        "dentist": slot.dentist, "start": slot.start, "end": slot.end, "minutes": asked.minutes,
        "motif": asked.motif.label, "first_visit": asked.first,
    }  # fmt: skip


def _show(world: World, asked: _Asked, found: list[Slot]) -> None:
    from rules.text.french import clock, day, minutes

    visit = " – première consultation" if asked.first else ""
    what = f"{asked.motif.label}{visit} ({minutes(asked.minutes)})"
    names = {one.key: one.name for one in world.practice.dentists}
    if found:
        title(f"Prochains créneaux libres, {what}")
        rows = [(day(one.start.date()), f"{clock(one.start)} – {clock(one.end)}", names[one.dentist]) for one in found]
        grid(rows, ("Jour", "Heure", "Dentiste"))
    else:
        say(f"Aucun créneau libre pour {what} dans les 60 jours.")
    if asked.read_at:
        at = asked.read_at.astimezone(world.practice.zone)
        say(f"\n  D'après les agendas lus le {at:%d/%m} à {clock(at)}.")
