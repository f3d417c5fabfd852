"""`sync` and `run`: one pass, and passes for ever."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from sync.cli.frame import INTERRUPTED, UNREACHABLE, WRONG, Configs, Debug, Failure, Verbose, app, end_tidily, start_log
from sync.cli.output import say, warn

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.core.context import World
    from sync.rehearsal.dry_run import Intentions
    from sync.worker.loop import Worker
    from sync.worker.one_pass import PassReport


@app.command()
def sync(
    config: Configs = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ne rien écrire ni envoyer : dire ce qui serait fait.")
    ] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="DENTISTE", help="Un dentiste, ou un de ses agendas, seulement.")
    ] = None,
    *,
    restored: Annotated[
        bool, typer.Option("--restored", help="Après une sauvegarde remise en place : ne rien redire aux patients.")
    ] = False,
    tell_all: Annotated[
        bool, typer.Option("--tell-all", help="La base est plus ancienne que les agendas : tout dire quand même.")
    ] = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Un passage complet, puis fin : lire, vérifier, écrire les retours, envoyer ce qui est dû.

    Exemples : attitre sync ; attitre sync --dry-run ; attitre sync --only martin
    """
    from sync.cli.practices import all_settings

    start_log(verbose)
    end_tidily()
    practices = all_settings(config)
    if restored and tell_all:
        raise Failure("« --restored » (ne rien redire) ou « --tell-all » (tout dire) : choisissez.")
    if (restored or tell_all) and (only or dry_run):
        option = "--restored" if restored else "--tell-all"
        raise Failure(f"« {option} » vaut pour tout le cabinet : sans « --only » ni « --dry-run ».")
    named = len(practices) > 1
    how = {"restored": restored, "tell_all": tell_all}
    codes = [_sync(settings, only, dry_run=dry_run, named=named, how=how) for settings in practices]
    if any(codes):
        raise typer.Exit(max(codes))


def _sync(settings: Settings, only: str | None, *, dry_run: bool, named: bool, how: Mapping[str, bool]) -> int:
    from sync.wiring import open_world

    if named:
        say(f"{settings.practice.name} :")
    if dry_run:
        return _dry(settings, only)
    with open_world(settings) as world, world.store.lock():
        report = _pass(world, only, **how)
        _summary(report)
        _ask(world)
        return _reached(world, report)


def _dry(settings: Settings, only: str | None) -> int:
    from sync.rehearsal.dry_run import copied, harmless
    from sync.store.engine import Store
    from sync.wiring import open_world

    store = Store(settings.store.get_secret_value(), settings.practice.key)
    if store.url.get_backend_name() != "sqlite":
        raise Failure("« --dry-run » travaille sur une copie de la base : possible avec SQLite seulement.")
    with copied(store.file, settings.practice.key) as copy, open_world(settings, store=copy) as real:
        world, seen = harmless(real)
        report = _pass(world, only)
        _would(world, seen)
        return _reached(world, report)


def _pass(world: World, only: str | None, *, restored: bool = False, tell_all: bool = False) -> PassReport:
    from sync.cli.practices import addresses
    from sync.cli.startup import loaded_all
    from sync.core.calls import PoolOfOnePass
    from sync.worker.one_pass import one_pass

    loaded_all()
    wanted = addresses(world.sources, only) if only else None
    if wanted is not None and not wanted:
        keys = ", ".join(dict.fromkeys(source.dentist for source in world.sources))
        raise Failure(f"« {only} » ne désigne aucun agenda. Dentistes : {keys}.")
    left = {source.address for source in world.sources} if wanted is None else set(wanted)
    total = len(left)

    def progress(step: str) -> None:
        if step in left and sys.stderr.isatty():
            left.discard(step)
            typer.echo(f"\rAgendas : {total - len(left)}/{total}", err=True, nl=not left)

    pool = PoolOfOnePass()
    return one_pass(replace(world, calls=pool), only=wanted, watch=progress, restored=restored, tell_all=tell_all)


def _summary(report: PassReport) -> None:
    from rules.text.french import counted

    say(
        f"{counted(report.evaluated, 'événement vérifié', 'événements vérifiés')}, "
        f"{counted(report.sent, 'message envoyé', 'messages envoyés')}, "
        f"{counted(report.written, 'événement annoté', 'événements annotés')}."
    )


def _ask(world: World) -> None:
    from sync.store import keyvalue

    with world.store.read() as tx:
        asks = bool(keyvalue.get(tx, keyvalue.OLDER))
    if asks:
        from sync.plan.older_store import QUESTION

        warn(QUESTION[1])


def _reached(world: World, report: PassReport) -> int:
    """The exit code: 3 where a calendar could not be reached, 1 where one was that is another installation's."""
    from sync.store import calendars

    with world.store.read() as tx:
        rows = {row.calendar: row for row in calendars.every(tx)}
    for address in report.unreachable:
        row = rows[address]
        warn(f"Agenda « {world.practice.name_of(row.dentist)} » ({address}) non lu : {row.reason}")
    troubles = {rows[address].trouble for address in report.unreachable}
    return UNREACHABLE if troubles - {"rival"} else WRONG if troubles else 0


def _would(world: World, seen: Intentions) -> None:
    """What a real pass would have done."""
    from rules.text.french import phone

    say("Essai : rien n'a été écrit ni envoyé.")
    for address, ref, part in seen.edits:
        say(f"\nDans « {_title(world, address, ref)} » :")
        for line in [f"marque « {part.mark.strip()} »"] * bool(part.mark) + list(part.lines):
            say(f"  {line}")
    for address, event in seen.added:
        say(f"\nNouvel événement dans {address} : {event.title}")
    for channel, sender in seen.senders.items():
        for message in sender.sent:
            say(f"\n{channel.upper()} à {phone(message.to)} : {message.subject or message.text}")
    if not (seen.edits or seen.added or any(sender.sent for sender in seen.senders.values())):
        say("Rien ne serait écrit ni envoyé.")


def _title(world: World, address: str, ref: str) -> str:
    from sync.store import resources

    source = world.source(address)
    with world.store.read() as tx:
        row = resources.get(tx, address, ref)
    if source is None or row is None:
        return ref
    events = source.calendar.read(ref, row.payload, world.window(world.now())).events
    return f"{events[0].title}, {events[0].start:%d/%m/%Y %H:%M}" if events else ref


@app.command()
def run(config: Configs = None, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Le travail continu : passages réguliers, messages, rappels. S'arrête proprement (Ctrl-C ou SIGTERM).

    Sur PostgreSQL, un second « attitre run » attend et prend le relais si le premier s'arrête.

    Exemple : attitre run -c /etc/attitre
    """
    from sync.cli.practices import all_settings
    from sync.cli.startup import loaded_all
    from sync.wiring import open_world
    from sync.worker import loop
    from sync.worker.standby import as_the_only_worker

    start_log(max(verbose, 1))
    practices, stop = all_settings(config), loop.Stop()
    with loop.listening(stop), ExitStack() as stack:
        worlds = [stack.enter_context(open_world(settings)) for settings in practices]
        loaded_all()
        for world, settings in zip(worlds, practices, strict=True):
            _begins(world, settings)
        say("Ctrl-C arrête proprement. Où en est-on, d'un autre terminal : attitre status")
        pairs = [(world, settings.sync.every_seconds) for world, settings in zip(worlds, practices, strict=True)]

        def leads() -> int:
            with ExitStack() as around:
                return loop.run(pairs, stop, _around(worlds, practices, around))

        code = as_the_only_worker(worlds, stop, leads)
    if code == INTERRUPTED:
        warn("Interrompu : tout est enregistré.")
    raise typer.Exit(code)


def _begins(world: World, settings: Settings) -> None:
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


def _around(worlds: Sequence[World], practices: Sequence[Settings], stack: ExitStack) -> Callable[[Any], None]:
    """What `run` does beside its passes: answers on the network, and minds push channels. Nothing is loaded for a
    practice without `page:` that has none left."""
    from sync.store import subscriptions

    served = _served(worlds, practices, stack) if any(one.page for one in practices) else None

    def ready(workers: Sequence[Worker]) -> None:
        for worker, settings in zip(workers, practices, strict=True):
            with worker.world.store.read() as tx:
                left = bool(subscriptions.every(tx))
            if settings.page or left:
                worker.chores.append(_channels(worker.world, settings))
        if served:
            served(workers)

    return ready


def _served(worlds: Sequence[World], practices: Sequence[Settings], stack: ExitStack) -> Callable[[Any], None]:
    from adapters.web.listener import CannotListen
    from sync.worker.web_server import listeners

    try:
        return listeners(worlds, practices, stack)
    except CannotListen as error:
        raise Failure(str(error)) from error


def _channels(world: World, settings: Settings) -> Callable[[], None]:
    from sync.worker import push_channels

    page = settings.page
    where = push_channels.address(page.public_url) if page and page.google_push and page.public_url else None
    return lambda: push_channels.refresh_channels(world, where)
