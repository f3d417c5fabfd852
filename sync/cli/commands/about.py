"""`rules`, `support`, `demo`: what attitre checks, whom to call, what it looks like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, table

_NAMES = {"error": "bloque", "warning": "avertit", "info": "informe", "off": "éteinte"}


@app.command()
def rules(config: Configs = None, json: Json = False, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Toutes les règles : gravité actuelle, phrase de la procédure, réglage.

    Exemple : attitre rules
    """
    from config.practice import practice_of
    from rules.findings import RULES, severity
    from sync.cli.practices import one_settings

    policy = practice_of(one_settings(config)).policy
    data: list[dict[str, Any]] = [
        {
            "id": rule.id, "severity": str(severity(rule.id, policy)), "point": rule.point, "procedure": rule.procedure,
            "fixed": rule.fixed, "setting": None if rule.fixed else f"rules: {{{rule.id}: warning}}",
        }
        for rule in RULES.values()
    ]  # fmt: skip
    if json:
        as_json(data)
        return
    lines = [(row["id"], _NAMES[row["severity"]], row["point"], row["procedure"], _how(row)) for row in data]
    table(("Règle", "Gravité", "Point", "Procédure", "Réglage"), lines, "Aucune règle.")


def _how(row: dict[str, Any]) -> str:
    return "fixe" if row["fixed"] else "error | warning | info | off"


@app.command()
def support(config: Configs = None, json: Json = False, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Les contacts de l'assistance, ouverts ou fermés maintenant.

    Exemple : attitre support
    """
    from config.practice import practice_of
    from sync.cli.practices import one_settings
    from sync.core.hours import NATIONAL, open_now, opening_words

    practice = practice_of(one_settings(config))
    now = datetime.now(UTC).astimezone(practice.zone)
    data = [
        {
            "name": contact.name, "portal": contact.portal, "phone": contact.phone, "phone_note": contact.phone_note,
            "email": contact.email, "open": open_now(contact.hours, now, NATIONAL),
            "text": opening_words(contact.hours, now, NATIONAL),
        }
        for contact in practice.support
    ]  # fmt: skip
    if json:
        as_json(data)
    elif not data:
        say("Aucun contact. Ajoutez « support: » à la configuration.")
    else:
        say("\n\n".join(_contact(row) for row in data))


def _contact(row: dict[str, Any]) -> str:
    note = f" ({row['phone_note']})" if row["phone_note"] else ""
    lines = [f"{row['name']} : {row['text']}"]
    lines += [f"  Portail    {row['portal']}"] if row["portal"] else []
    lines += [f"  Téléphone  {row['phone']}{note}"] if row["phone"] else []
    lines += [f"  E-mail     {row['email']}"] if row["email"] else []
    return "\n".join(lines)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Finir tout seul après la démonstration.")] = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Une démonstration complète : agendas, SMS et e-mails sur cette machine seulement.

    Exemple : attitre demo --once
    """
    try:
        from demo import scene
    except ImportError as error:
        raise Failure(
            f"La démonstration demande l'extra « demo » (pip install attitre[demo]) : {error.name}."
        ) from error
    code: int | None = scene.run(once=once)
    raise typer.Exit(code or 0)
