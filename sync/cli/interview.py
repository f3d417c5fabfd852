"""The questions of `attitre init`, and the commented YAML that their answers make."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

import typer

from sync.cli.output import say

_MOTIFS = """\
motifs:                                 # minutes : durée d'un suivi ; within_days : attente la plus longue
  - {label: Contrôle, minutes: 20}
  - {label: Détartrage, also: [nettoyage], minutes: 30, first_visit_minutes: 45}
  - {label: Douleur, also: [urgence, mal de dent], minutes: 20, within_days: 2}
  - {label: Soin, also: [carie], minutes: 40}
  - {label: Extraction, minutes: 45}
  - {label: Prothèse, also: [couronne, bridge], minutes: 45}
"""


@dataclass(frozen=True, slots=True)
class Login:
    """An account as asked; `secret` is how the YAML names the password, `password` what it is now."""

    url: str
    username: str
    password: str
    secret: str


def interview() -> str:
    """Ask, list the account's calendars to pick from, and write the YAML."""
    practice = {
        "name": typer.prompt("Nom du cabinet"),
        "address": typer.prompt("Adresse (rue, code postal, ville)"),
        "phone": typer.prompt("Téléphone"),
        "email": typer.prompt("E-mail (récapitulatif et alertes)"),
    }
    department = typer.prompt("Département, pour les jours fériés (vide : aucun)", default="", show_default=False)
    login = _login()
    calendars = _calendars(login)
    dentists: list[dict[str, Any]] = []
    while not dentists or typer.confirm("Un autre dentiste ?", default=False):
        dentists.append(_dentist(login, calendars))
    return _yaml(practice, department, dentists)


def _login() -> Login:
    say("\nLe compte des agendas (CalDAV). Le mot de passe reste hors du fichier.")
    url = typer.prompt("Adresse du serveur")
    username = typer.prompt("Identifiant", default="", show_default=False)
    if not username:
        return Login(url, "", "", "")
    name = typer.prompt("Variable d'environnement du mot de passe, ou chemin d'un fichier", default="DAV_PASSWORD")
    secret = f"!file {name}" if "/" in name else f"!env {name}"
    return Login(
        url, username, _known(name) or typer.prompt("Mot de passe (pour lister les agendas)", hide_input=True), secret
    )


def _known(name: str) -> str:
    if "/" not in name:
        return os.environ.get(name, "")
    from pathlib import Path

    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _calendars(login: Login) -> list[tuple[str, str]]:
    """(name, address) of the account's calendars; none where it cannot be asked."""
    from adapters.base import OutsideError
    from sync.wiring import list_calendars

    try:
        found = list_calendars(login.url, login.username, login.password)
    except OutsideError as error:
        say(f"Les agendas n'ont pas pu être listés : {error}")
        return []
    for number, (name, address) in enumerate(found, 1):
        say(f"  {number}. {name} ({address})")
    return found


def _dentist(login: Login, calendars: list[tuple[str, str]]) -> dict[str, Any]:
    name = typer.prompt("\nNom du dentiste (« Dr Claire Martin »)")
    specialty = typer.prompt("Spécialité", default="Chirurgien-dentiste")
    question = "Son agenda : numéro de la liste, ou adresse" if calendars else "Adresse de son agenda"
    picked = typer.prompt(question)
    number = int(picked) if picked.isdecimal() else 0
    address = calendars[number - 1][1] if 1 <= number <= len(calendars) else picked
    hours = typer.prompt("Horaires du lundi au vendredi", default="09:00-12:30 14:00-19:00")
    return {"key": _key(name), "name": name, "specialty": specialty, "url": address, "hours": hours, "login": login}


def _key(name: str) -> str:
    from rules.text import words

    return re.sub(r"[^a-z0-9]+", "-", (words(name) or ("dentiste",))[-1]).strip("-") or "dentiste"


def _yaml(practice: dict[str, str], department: str, dentists: list[dict[str, Any]]) -> str:
    lines = [
        "# attitre : écrit par « attitre init ». Exemple complet et commenté : attitre init --example",
        "",
        "practice:",
    ]
    lines += [f"  {name}: {_quoted(value)}" for name, value in practice.items()]
    lines += [f"  holidays: {_quoted(department)}          # département : jours fériés"] if department else []
    lines += ["", "store: sqlite:///attitre.db             # à côté de ce fichier", "", "dentists:"]
    for index, dentist in enumerate(dentists):
        lines += _dentist_lines(dentist, index if any(d["key"] == dentist["key"] for d in dentists[:index]) else 0)
    lines += ["", _MOTIFS, "# messages:                             # e-mail et SMS : voir l'exemple complet", ""]
    return "\n".join(lines)


def _dentist_lines(dentist: dict[str, Any], number: int) -> list[str]:
    login = dentist["login"]
    key = f"{dentist['key']}-{number + 1}" if number else dentist["key"]
    access = (
        [f"        username: {_quoted(login.username)}", f"        password: {login.secret}"] if login.username else []
    )
    return [
        f"  {key}:",
        f"    name: {_quoted(dentist['name'])}",
        f"    specialty: {_quoted(dentist['specialty'])}",
        "    calendars:",
        "      - kind: caldav",
        f"        url: {_quoted(dentist['url'])}",
        *access,
        f"    hours: {{mon-fri: {_quoted(dentist['hours'])}}}",
    ]


def _quoted(text: str) -> str:
    """A YAML scalar that is read back as that text (a JSON string is one)."""
    return json.dumps(text, ensure_ascii=False)
