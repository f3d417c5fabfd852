"""`sync`: one pass."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from sync.cli.frame import UNREACHABLE, WRONG, Configs, Debug, Failure, Verbose, app, end_tidily, start_log
from sync.cli.output import say, warn

if TYPE_CHECKING:
    from datetime import datetime

    from config.settings import Settings
    from sync.cli.practices import InTurn
    from sync.core.context import World
    from sync.rehearsal.dry_run import Intentions
    from sync.store.engine import Store
    from sync.worker.one_pass import PassReport

TURN_S = 20.0  # how long a turn of another process is waited for


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
    from sync.cli.practices import InTurn, usable_settings

    start_log(verbose)
    end_tidily()
    practices, whole = usable_settings(config)
    if restored and tell_all:
        raise Failure("« --restored » (ne rien redire) ou « --tell-all » (tout dire) : choisissez.")
    if (restored or tell_all) and (only or dry_run):
        option = "--restored" if restored else "--tell-all"
        raise Failure(f"« {option} » vaut pour tout le cabinet : sans « --only » ni « --dry-run ».")
    named, in_turn = len(practices) > 1 or not whole, InTurn()
    how = {"restored": restored, "tell_all": tell_all}
    codes = [_tried(settings, in_turn, only, dry_run=dry_run, named=named, how=how) for settings in practices]
    if any(codes) or not whole:
        raise typer.Exit(max([*codes, WRONG * (not whole)]))


def _tried(
    settings: Settings, in_turn: InTurn, only: str | None, *, dry_run: bool, named: bool, how: Mapping[str, bool]
) -> int:
    """As `_sync`. Of several practices the others have their pass whatever one's store says, or who is busy with it."""
    from sync.store.engine import NotStored, StoreProblem

    if named:
        say(f"{settings.practice.name} :")
    try:
        return _dry(settings, only) if dry_run else _sync(settings, in_turn, only, how)
    except (StoreProblem, NotStored) as problem:
        if not named:
            raise
        warn(f"{settings.practice.name} : {problem}")
        return WRONG


def _sync(settings: Settings, in_turn: InTurn, only: str | None, how: Mapping[str, bool]) -> int:
    from sync.cli.practices import equipped
    from sync.core.log import of

    with in_turn.opened(settings, equipped(settings)) as world, of(world.practice.key), _alone(world.store):
        began = world.now()
        report = _pass(world, only, **how)
        _summary(report)
        if how["restored"]:
            _taken_as_told(world, began)
        _ask(world)
        return _reached(world, report)


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the practice's lease. Processes that share it give it back after each turn: that is waited for."""
    from sync.store.engine import Locked

    with ExitStack() as stack:
        until = monotonic() + TURN_S
        while True:
            try:
                stack.enter_context(store.lock())
                break
            except Locked:
                if not store.may_lose_its_lock or monotonic() > until:
                    raise
                sleep(0.3)
        yield


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


def _taken_as_told(world: World, began: datetime) -> None:
    """What a restored backup leaves unsaid, and of whom no event shows that they were told."""
    from rules.text.french import WAYS, counted, phone
    from sync.outbox.after_restore import taken_since
    from sync.report.journal_labels import KINDS

    count, unseen = taken_since(world, began)
    say(f"{counted(count, 'message tenu pour déjà dit', 'messages tenus pour déjà dits')}.")
    if unseen:
        warn("Aucun événement ne montre que ces patients ont été prévenus : appelez qui ne saurait rien.")
    for row in unseen:
        when = f"{row.facts.start.astimezone(world.practice.zone):%d/%m/%Y %H:%M}"
        what = f"{KINDS[row.kind]} par {WAYS[row.channel]} ({phone(row.recipient)})"
        warn(f"  n° {row.booking} : {row.facts.name}, {when}, {what}")


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
