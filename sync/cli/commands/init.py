"""`init` and `check`: making a configuration, and saying everything that is wrong with one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import asdict

from sync.cli.frame import INTERRUPTED, UNREACHABLE, WRONG, Configs, Debug, Failure, Json, Verbose, app, start_log
from sync.cli.output import as_json, say

if TYPE_CHECKING:
    from config.problems import Problem
    from config.settings import Settings
    from sync.cli.init.accounts import How
    from sync.cli.practices import InTurn
    from sync.core.context import Source, World


@app.command()
def init(  # noqa: PLR0917  options
    example: Annotated[
        bool, typer.Option("--example", help="Écrire l'exemple complet et commenté, sans rien demander.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FICHIER", help="Où écrire.")] = Path(
        "attitre.yaml"
    ),
    google_consent: Annotated[
        Path | None,
        typer.Option(
            "--google-consent",
            metavar="FICHIER",
            help="Donner (de nouveau) votre accord pour vos agendas Google ; FICHIER : celui du client OAuth.",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Ne pas ouvrir de navigateur ici : l'adresse d'arrivée est recopiée.")
    ] = False,
    google_endpoint: Annotated[
        str, typer.Option("--google-endpoint", metavar="ADRESSE", help="Adresse qui remplace celle de l'API Google.")
    ] = "",
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Créer la configuration en répondant à quelques questions.

    Exemples : attitre init ; attitre init --example -o cabinet.yaml ; attitre init --google-consent client_secret.json
    """
    try:
        if google_consent is not None:
            from sync.cli.init.consent import renew

            renew(google_consent, output.parent, browser=not no_browser, endpoint=google_endpoint)
        elif example:
            _write_example(output)
        else:
            from sync.cli.init.accounts import How

            _ask_and_write(output, How(google_endpoint, not no_browser))
    except (typer.Abort, KeyboardInterrupt):
        say()
        raise Failure("Interrompu : rien n'est écrit.", INTERRUPTED) from None


def _write_example(output: Path) -> None:
    from config import example_text
    from sync.cli.init.draft import Draft

    if output.exists():
        raise Failure(f"{output} existe déjà : rien n'est écrit. Choisissez un autre nom avec « -o FICHIER ».")
    Draft(output.parent).save(output.name, example_text("full"))
    say(f"{output} est écrit. Ensuite : attitre check -c {output}")


def _ask_and_write(output: Path, how: How) -> None:
    from config.load import load_all
    from sync.cli.init import ask
    from sync.cli.init.draft import Draft
    from sync.cli.init.interview import interview

    if not (output.parent.is_dir() and os.access(output.parent, os.W_OK)):
        raise Failure(f"Le dossier {output.parent} n'existe pas, ou vous n'avez pas le droit d'y écrire.")
    old = output.exists()
    if old and not ask.yes(f"{output} existe déjà. Le remplacer (l'ancien est gardé) ?", default=False):
        raise Failure(f"{output} reste comme il est. Un autre nom : « -o FICHIER ».")
    draft = Draft(output.parent)
    draft.save(output.name, interview(draft, how))
    say(f"\n{output} est écrit." + (f" L'ancien : {output}.ancien." if old else ""))
    for name in draft.files:
        say(f"  {output.parent / name} : lisible de vous seul ; à sauvegarder à part.")
    problems = [problem for one in load_all([output], os.environ) for problem in one.problems]
    _show(problems, json=False)
    where = "" if output == Path("attitre.yaml") else f" -c {output}"
    say(f"Ensuite : attitre check --connect{where}")
    say(f"          attitre patients import FICHIER.csv{where} (vos patients ; sans eux, chacun est inconnu)")
    say(f"          attitre audit{where} (il ne fait que lire)")


@app.command()
def check(  # noqa: PLR0917  options
    config: Configs = None,
    connect: Annotated[
        bool, typer.Option("--connect", help="Essayer aussi chaque agenda, la base et les passerelles.")
    ] = False,
    send_test: Annotated[
        str | None, typer.Option("--send-test", metavar="ADRESSE|NUMÉRO", help="Envoyer un message d'essai.")
    ] = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Dire tout ce qui ne va pas dans la configuration, avec fichier, ligne et colonne.

    Exemples : attitre check ; attitre check --connect ; attitre check --send-test 0612345678
    """
    from sync.cli.practices import InTurn, all_loaded

    loaded, in_turn = all_loaded(config), InTurn()
    problems = [problem for one in loaded for problem in one.problems]
    _show(problems, json=json)
    good = [one.settings for one in loaded if one.settings is not None]
    if len(good) < len(loaded):
        raise typer.Exit(WRONG)
    outside = good if connect or send_test else []
    codes = [_outside(settings, in_turn, connect, send_test, quiet=json) for settings in outside]
    if WRONG in codes or UNREACHABLE in codes:
        raise typer.Exit(WRONG if WRONG in codes else UNREACHABLE)
    if not json:
        say(_verdict(problems) if not codes else "Tout répond.")


def _verdict(problems: list[Problem]) -> str:
    """« bonne » only where nothing was said."""
    if not problems:
        return "La configuration est bonne."
    count = "1 remarque, ci-dessus" if len(problems) == 1 else f"{len(problems)} remarques, ci-dessus"
    return f"La configuration peut servir ; {count}."


def _show(problems: list[Problem], *, json: bool) -> None:
    if json:
        as_json([asdict(problem) | {"severity": str(problem.severity)} for problem in problems])
        return
    for problem in problems:
        say(f"{problem.file}:{problem.line}:{problem.column}: {problem.path}: {problem.text}")
        if problem.hint:
            say(f"    {problem.hint}")


# --- outside ---------------------------------------------------------------------------------------------------------


def _outside(settings: Settings, in_turn: InTurn, connect: bool, send_test: str | None, *, quiet: bool) -> int:
    """Try everything outside, say what was found, and return the exit code."""
    from sync.cli.practices import equipped
    from sync.store.engine import NotStored, StoreProblem

    start_log(0)
    tell = (lambda text: typer.echo(text, err=True)) if quiet else say
    tell(f"{settings.practice.name} :")
    try:
        with in_turn.opened(settings, equipped(settings)) as world:
            return _found(world, connect, send_test, tell)
    except (StoreProblem, NotStored) as problem:
        tell(f"  ✗ base : {problem}")
        return WRONG


def _found(world: World, connect: bool, send_test: str | None, tell: Any) -> int:
    from sync.outbox import store_alert
    from sync.store import keyvalue

    keyvalue.rehearse(world.store)
    tell("  ✓ base : ouverte et à jour.")
    for line in (*store_alert.remarks(world.store), *_waiting_in_vain(world)):
        tell(f"  ! {line}")
    tried = _tries(world) if connect else []
    tried += [("message d'essai", lambda: _send_test(world, send_test))] if send_test else []
    codes = [_tried(name, attempt, tell) for name, attempt in tried]
    return WRONG if WRONG in codes else max(codes, default=0)


def _waiting_in_vain(world: World) -> list[str]:
    """Messages of the store for which no way is configured (any more)."""
    from rules.text.french import WAYS, WAYS_PLURAL
    from sync.store import messages

    with world.store.read() as tx:
        rows = messages.with_state(tx, messages.PENDING, messages.HELD, zone=world.practice.zone)
    said = []
    for channel, way in WAYS.items():
        count = sum(row.channel is channel for row in rows)
        if count and channel not in world.senders:
            waits = f"1 {way} attend" if count == 1 else f"{count} {WAYS_PLURAL[channel]} attendent"
            leaves = "il ne partira pas" if count == 1 else "ils ne partiront pas"
            said.append(f"{waits}, et aucun {way} n'est configuré : {leaves}. La liste : attitre outbox")
    return said


def _tries(world: World) -> list[tuple[str, Any]]:
    from sync.core.context import of_whom

    tries: list[tuple[str, Any]] = [
        (f"agenda de {of_whom(source.dentist)}", lambda source=source: _probe(world, source))
        for source in world.sources
    ]
    return tries + [
        (channel.value, lambda sender=sender: [sender.probe()]) for channel, sender in world.senders.items()
    ]


def _probe(world: World, source: Source) -> list[str]:
    probe = source.calendar.probe()
    return [f"« {probe.name} »", *probe.lines, *_kept(world, source)]


def _kept(world: World, source: Source) -> list[str]:
    """What earlier passes learnt of this calendar: whether writes are conditional and its sync token reliable."""
    from sync.pull.token_trust import reason
    from sync.store import calendars

    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
    if row is None:
        return []
    tried = f" (essai du {row.conditions_at.astimezone(world.practice.zone):%d/%m/%Y})" if row.conditions_at else ""
    proved = "Les versions sont respectées à l'écriture." if tried else ""
    return [f"{line}{tried if line != reason(row) else ''}" for line in (row.read_only or proved, reason(row)) if line]


def _tried(name: str, attempt: Any, tell: Any) -> int:
    from adapters.base import OutsideError, TryLater

    try:
        lines = attempt()
    except OutsideError as error:
        tell(f"  ✗ {name} : {error}")
        return UNREACHABLE if isinstance(error, TryLater) else WRONG
    head, *rest = lines
    tell(f"  ✓ {name} : {head}")
    for line in rest:
        tell(f"      {line}")
    return 0


def _send_test(world: World, to: str) -> list[str]:
    from adapters.base import Outgoing
    from rules.details.contact import email, mobile
    from rules.model import Channel

    channel = Channel.EMAIL if "@" in to else Channel.SMS
    detail = email(to) if channel is Channel.EMAIL else mobile(to)
    sender = world.senders.get(channel)
    if detail.value is None:
        raise Failure(f"« {to} » : {detail.problem}.")
    if sender is None:
        raise Failure(f"Aucun envoi par {channel.value} n'est configuré (« messages: »).")
    words = f"{world.practice.name} : message d'essai d'attitre."
    key = f"{world.practice.key}:essai:{world.now():%Y%m%d%H%M%S}"
    sender.send(Outgoing(key, detail.value, words, "Message d'essai"))
    return ["remis à la passerelle."]
