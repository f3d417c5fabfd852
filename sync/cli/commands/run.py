"""`run`: passes for ever, for every practice of the configuration."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli.frame import INTERRUPTED, Chosen, Configs, Debug, Failure, Verbose, app, start_log
from sync.cli.output import say, warn
from sync.fleet import CONCURRENCY, SHARDS, connections

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from config.folder import Folder
    from config.load import Loaded
    from config.settings import Settings
    from sync.core.context import World
    from sync.worker.crew import Crew, Shared
    from sync.worker.loop import Stop
    from sync.worker.member import Member

MOST_SAID = 12  # practices whose work is told one by one at the start


@app.command()
def run(
    config: Configs = None,
    shards: Annotated[
        int,
        typer.Option(
            "--shards",
            min=1,
            max=4096,
            metavar="N",
            help="PostgreSQL : en combien de parts les cabinets sont relevés ; le même nombre partout.",
        ),
    ] = SHARDS,
    concurrency: Annotated[
        int,
        typer.Option(
            "--concurrency",
            min=1,
            max=256,
            metavar="N",
            help="PostgreSQL : combien de cabinets ce processus traite à la fois.",
        ),
    ] = CONCURRENCY,
    *,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Le travail continu : passages réguliers, messages, rappels. S'arrête proprement (Ctrl-C ou SIGTERM).

    Sur PostgreSQL, autant de « attitre run » qu'on veut se partagent les cabinets, sur une ou plusieurs machines ;
    si l'un s'arrête, les autres continuent son travail.

    D'un dossier, chaque fichier est un cabinet ; il est relu quand il change (ou sur SIGHUP), et un fichier faux ne
    suspend que le sien.

    Exemple : attitre run -c /etc/attitre
    """
    from sync.cli.ending import cut_off
    from sync.cli.startup import may_open_many_files
    from sync.worker import loop

    start_log(max(verbose, 1))
    stop = loop.Stop()
    with loop.listening(stop), cut_off(stop):  # a SIGHUP while a thousand files are read must not end the process
        folder, loaded = _configured(config)
        if folder.watched:
            may_open_many_files()
        code = stop.code if stop.event.is_set() else _works(folder, loaded, stop, shards, concurrency)
    if code == INTERRUPTED:
        warn("Interrompu : tout est enregistré.")
    raise typer.Exit(code)


def _works(folder: Folder, loaded: Sequence[Loaded], stop: Stop, shards: int, concurrency: int) -> int:
    """Work for these practices until `stop`; returns the exit code."""
    from sync.cli.startup import loaded_all
    from sync.worker.crew import Crew

    sharing = partial(_sharing, shards, concurrency)
    crew = Crew(folder, loaded, stop, sharing=sharing, connections=connections(concurrency))
    try:
        crew.open_all()
        loaded_all()
        _begins(crew.members)
        return _worked(crew, stop)
    finally:
        crew.close()


def _sharing(shards: int, concurrency: int, stop: Stop) -> Shared:
    """What works for the practices on PostgreSQL."""
    from sync.fleet.fleets import Fleets
    from sync.fleet.shape import Shape

    return Fleets(stop, Shape(shards, concurrency))


def _worked(crew: Crew, stop: Stop) -> int:
    from sync.worker import loop

    try:
        return loop.run(crew, stop)
    except Exception as error:
        from adapters.web.listener import CannotListen  # imported here: only a practice with `page:` needs it

        if isinstance(error, CannotListen):
            raise Failure(str(error)) from error
        raise


def _configured(config: list[Path] | None) -> tuple[Folder, Sequence[Loaded]]:
    """The practices' files. Raises Failure after naming each problem, where no practice can be worked for."""
    from config.folder import Folder
    from sync.cli.practices import all_loaded, all_settings, with_calendars

    chosen = all_loaded(config) if isinstance(config, Chosen) and config.practice else []
    if any(one.settings is None for one in chosen):  # its file may be sound, and its calendar another practice's
        all_settings(config)
    folder = Folder([one.file for one in chosen] or config or [], os.environ, with_calendars)
    loaded = folder.read()
    usable = [one for one in loaded if one.settings is not None]
    if not usable or (len(usable) < len(loaded) and not folder.watched):
        all_settings(config)
    return folder, loaded


def _begins(members: Sequence[Member]) -> None:
    """What this process is about to do."""
    for member in members[:MOST_SAID]:
        if member.world is not None:
            _practice_begins(member.world, member.settings)
    if len(members) > MOST_SAID:
        say(f"… et {len(members) - MOST_SAID} autres cabinets.")
    say("Ctrl-C arrête proprement. Où en est-on, d'un autre terminal : attitre status")


def _practice_begins(world: World, settings: Settings) -> None:
    """What this practice's worker is about to do, from which calendars, by which ways."""
    from urllib.parse import urlsplit

    from rules.text.french import counted, listed
    from sync.core.intervals import SLOWEST_S
    from sync.worker import health

    names = dict.fromkeys(world.practice.name_of(source.dentist) for source in world.sources)
    every = counted(settings.sync.every_seconds, "seconde", "secondes")
    messages = settings.messages
    ways = [f"e-mails par {urlsplit(messages.email.url).hostname}"] if messages.email else []
    ways += ["SMS"] if messages.sms else []
    calendars = counted(len(world.sources), "agenda", "agendas")
    closes = all(dentist.hours is not None for dentist in world.practice.dentists)
    slower = closes and settings.sync.every_seconds < SLOWEST_S
    every += " (toutes les 10 minutes, cabinet fermé)" if slower else ""
    say(f"{world.practice.name} : {calendars} ({listed(names, 'et')}), une lecture toutes les {every}.")
    served = f" Sur le réseau : {settings.page.listen}." if settings.page else ""
    say(f"  Messages aux patients : {listed(ways, 'et') or 'aucun'}.{served}")
    for remark in health.remarks(settings):
        say(f"  {remark}")
