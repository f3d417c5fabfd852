"""`digest`: the daily digest at the prompt, or sent now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from sync.cli.frame import UNREACHABLE, Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say

if TYPE_CHECKING:
    from rules.telling.digest import Digest
    from sync.core.context import World


@app.command()
def digest(  # noqa: PLR0917  options
    send: Annotated[bool, typer.Option("--send", help="L'envoyer maintenant à l'adresse du cabinet.")] = False,
    details: Annotated[bool, typer.Option("--details", help="Chaque remarque en entier.")] = False,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Le récapitulatif du jour : à corriger, créneaux bloqués sans motif, messages non remis.

    Il part chaque jour à l'heure « practice.digest_at ». Envoyé à la main, il ne repart pas le même jour.

    Exemples : attitre digest ; attitre digest --details ; attitre digest --send
    """
    from rules.telling.digest import plain
    from sync.cli.practices import desk, one_settings
    from sync.wiring import senders
    from sync.worker.daily_digest import todays

    settings = one_settings(config)
    with desk(settings) as world:
        letter = todays(world)
        if send:
            _send(replace(world, senders=senders(settings)), letter)
        elif json:
            as_json(_data(letter))
        else:
            say(plain(letter, details=details) if letter else "Rien à signaler aujourd'hui.")


def _send(world: World, letter: Digest | None) -> None:
    from adapters.base import OutsideError
    from rules.model import Channel
    from sync.worker.daily_digest import by_hand, settle

    sender = world.senders.get(Channel.EMAIL)
    if sender is None:
        raise Failure("Aucun serveur de courrier : ajoutez « messages.email » à la configuration.")
    if letter is None:
        say("Rien à signaler aujourd'hui : aucun récapitulatif n'est envoyé.")
        return
    try:
        sender.send(by_hand(world, letter))
    except OutsideError as error:
        raise Failure(f"Le récapitulatif n'est pas parti : {error}", UNREACHABLE) from error
    settle(world)
    say(f"Récapitulatif envoyé à {world.practice.email}.")


def _data(letter: Digest | None) -> dict[str, object]:
    sections = [
        {
            "title": section.title, "hint": section.hint,
            "items": [{"head": item.head, "lines": list(item.details or item.lines)} for item in section.items],
        }
        for section in (letter.sections if letter else ())
    ]  # fmt: skip
    return {"subject": letter.subject if letter else None, "sections": sections}
