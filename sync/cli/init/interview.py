"""The questions of `attitre init`, and the commented YAML that their answers make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sync.cli.init import accounts, ask, channels
from sync.cli.init.accounts import How, Offered
from sync.cli.init.draft import Draft, quoted
from sync.cli.output import say

_DAYS = {
    "lun": "mon", "mar": "tue", "mer": "wed", "jeu": "thu", "ven": "fri", "sam": "sat", "dim": "sun",
}  # fmt: skip
_EXCEPTION = re.compile(r"(lun|mar|mer|jeu|ven|sam|dim)[a-zé]*\.?\s*:?\s+(.+)", re.IGNORECASE)
_WEEK = "09:00-12:30 14:00-19:00"


@dataclass(frozen=True, slots=True)
class Dentist:
    """One dentist as asked. `calendars` are places in the list of those offered; `hours` the YAML's mapping."""

    key: str
    name: str
    specialty: str
    calendars: tuple[int, ...]
    hours: str


def interview(draft: Draft, how: How) -> str:
    """Ask everything; the YAML. Secrets go to the draft's other files."""
    say(
        "attitre init : quelques questions, puis un fichier commenté. Rien n'est écrit avant la fin ; Ctrl-C abandonne."
    )
    practice = _practice()
    pool = accounts.collect(draft, how)
    dentists: list[Dentist] = []
    while not dentists or ask.yes("Un autre dentiste ?", default=False):
        dentists.append(_dentist(pool, dentists))
    motifs = _motifs()
    email = channels.email(draft, practice["name"], practice["email"])
    sms = channels.sms(draft)
    return "\n".join(
        [*_practice_lines(practice), *_dentists_lines(dentists, pool), *motifs, *channels.lines(email, sms)]
    )


# --- the practice ----------------------------------------------------------------------------------------------------


def _practice() -> dict[str, str]:
    from config.addresses import email, phone
    from config.scalars import department

    say("\n— Le cabinet —")
    asked = {
        "name": ask.text("Nom du cabinet"),
        "address": ask.text("Adresse (rue, code postal, ville)"),
        "phone": ask.text("Téléphone", check=phone),
        "email": ask.text("E-mail (récapitulatif quotidien et alertes)", check=email),
    }
    known = _department_of(asked["address"])
    question = "Département, pour les jours fériés" + ("" if known else " (vide : aucun)")
    return asked | {"holidays": ask.text(question, known, department, optional=not known)}


def _department_of(address: str) -> str:
    """The code of the address's postcode; nothing for Corsica's, which do not tell its two apart."""
    found = re.search(r"\b(\d{5})\b(?!.*\b\d{5}\b)", address)
    if not found or found[1].startswith("20"):
        return ""
    return found[1][:3] if found[1].startswith(("97", "98")) else found[1][:2]


def _practice_lines(practice: dict[str, str]) -> list[str]:
    notes = {"email": "récapitulatif et alertes", "holidays": "département : jours fériés"}
    lines = ["# attitre : écrit par « attitre init ». Tous les réglages : attitre init --example -o exemple.yaml",
             "# Les mots de passe sont dans des fichiers à part (!file) ou dans des variables (!env), jamais ici.", "",
             "practice:"]  # fmt: skip
    for name, value in practice.items():
        if value:
            lines.append(_noted(f"  {name}: {quoted(value)}", notes.get(name, "")))
    return [*lines, "", _noted("store: sqlite:///attitre.db", "la base, à côté de ce fichier"), ""]


def _noted(line: str, note: str) -> str:
    return f"{line:<40}# {note}" if note else line


# --- the dentists ----------------------------------------------------------------------------------------------------


def _dentist(pool: list[Offered], before: list[Dentist]) -> Dentist:
    say("\n— Un dentiste —")
    name = ask.text("Nom (« Dr Claire Martin »)")
    specialty = ask.text("Spécialité", "Chirurgien-dentiste")
    for place, one in enumerate(pool, 1):
        say(f"  {place}. {one.label}")
    picked = ask.several("Son agenda (plusieurs : « 1, 2 »)", len(pool))
    while all(pool[place - 1].feed for place in picked):
        say("  Un flux ne suffit pas : il faut l'agenda où ses rendez-vous sont pris.")
        picked = ask.several("Son agenda (plusieurs : « 1, 2 »)", len(pool))
    key = _free_key(name, before)
    return Dentist(key, name, specialty, tuple(picked), _hours(before[-1].hours if before else ""))


def _free_key(name: str, before: list[Dentist]) -> str:
    """The family name; with the first name, or a number, where another dentist has it."""
    taken, key = {one.key for one in before}, _key(name, 1)
    key = _key(name, 2) if key in taken else key
    return next(free for free in (key, *(f"{key}-{number}" for number in range(2, 99))) if free not in taken)


def _key(name: str, count: int) -> str:
    from rules.text.fold import words

    return re.sub(r"[^a-z0-9]+", "-", "-".join(words(name)[-count:]))[:24].strip("-") or "dentiste"


def _hours(before: str) -> str:
    from config.scalars import spans

    if before and ask.yes("Mêmes horaires que le précédent ?", default=True):
        return before
    week = ask.text("Horaires du lundi au vendredi", _WEEK, spans)
    other = ask.text(
        "Jours qui diffèrent (« mer fermé ; sam 09:00-12:00 » ; vide : aucun)", "", _exceptions, optional=True
    )
    days = {"mon-fri": week} | dict(_exceptions(other))
    return "{" + ", ".join(f"{day}: {quoted(hours)}" for day, hours in days.items()) + "}"


def _exceptions(given: str) -> list[tuple[str, str]]:
    """`mer fermé ; sam 09:00-12:00` by day. Raises the error of `refuse`."""
    from config.scalars import refuse, spans

    found = []
    for part in filter(None, map(str.strip, given.split(";"))):
        match = _EXCEPTION.fullmatch(part)
        if not match:
            refuse(f"« {part} » n'est pas compris.", "Exemple : « mer fermé ; sam 09:00-12:00 ».")
        spans(match[2])
        found.append((_DAYS[match[1].casefold()], match[2].strip()))
    return found


def _dentists_lines(dentists: list[Dentist], pool: list[Offered]) -> list[str]:
    shared = {place for one in dentists for place in one.calendars if _claims(place, dentists) > 1}
    lines = ["# L'agenda où se trouve un rendez-vous dit qui est le dentiste.", "dentists:"]
    for one in dentists:
        lines += [f"  {one.key}:", f"    name: {quoted(one.name)}", f"    specialty: {quoted(one.specialty)}",
                  "    calendars:"]  # fmt: skip
        for place in one.calendars:
            first, *rest = pool[place - 1].lines
            lines += [f"      - {_noted(first, pool[place - 1].label)}", *(f"        {line}" for line in rest)]
            lines += [f"        tag: {one.key}"] if place in shared else []
        lines += [f"    hours: {one.hours}"]
    if shared:
        lines.insert(1, "# « tag » : dans l'agenda partagé, « [nom] » dans le titre, ou la catégorie, dit le dentiste.")
        tags = ", ".join(f"[{one.key}]" for one in dentists if shared.intersection(one.calendars))
        say(f"\nUn agenda sert à plusieurs dentistes : le titre y dira lequel, avec {tags}.")
    return [*lines, ""]


def _claims(place: int, dentists: list[Dentist]) -> int:
    return sum(place in one.calendars for one in dentists)


# --- the motifs ------------------------------------------------------------------------------------------------------


_USUAL: tuple[dict[str, Any], ...] = (
    {"label": "Contrôle", "also": ["bilan", "visite annuelle"], "minutes": 20},
    {"label": "Détartrage", "also": ["nettoyage"], "minutes": 30, "first_visit_minutes": 45},
    {"label": "Douleur", "also": ["urgence", "mal de dent"], "minutes": 20, "within_days": 2},
    {"label": "Soin", "also": ["carie"], "minutes": 40},
    {"label": "Dévitalisation", "also": ["traitement de racine"], "minutes": 60},
    {"label": "Extraction", "minutes": 45},
    {"label": "Prothèse", "also": ["couronne", "bridge"], "minutes": 45},
    {"label": "Implant", "minutes": 60},
    {"label": "Orthodontie", "also": ["appareil dentaire"], "minutes": 30},
    {"label": "Blanchiment", "minutes": 60},
)


def _motifs() -> list[str]:
    say("\n— Les motifs de rendez-vous, et leur durée —")
    for one in _USUAL:
        first = f" (première visite : {one['first_visit_minutes']})" if "first_visit_minutes" in one else ""
        say(f"  {one['label']} : {one['minutes']} min{first}")
    kept = [*_USUAL] if ask.yes("Cette liste convient-elle ?", default=True) else _reviewed()
    while label := ask.text("Un autre motif (vide : aucun)", optional=True):
        kept.append({"label": label, "minutes": ask.number(f"Durée de « {label} » en minutes", 30, 5, 600)})
    return ["# minutes : durée d'un suivi ; first_visit_minutes : première visite ; within_days : attente maximale",
            "motifs:", *(_motif_line(one) for one in kept), ""]  # fmt: skip


def _reviewed() -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    while not kept:
        for one in _USUAL:
            minutes = ask.number(f"{one['label']} : minutes (0 : pas chez nous)", one["minutes"], 0, 600)
            if minutes >= 5:
                first = one.get("first_visit_minutes", 0)
                kept.append(
                    one | {"minutes": minutes} | ({"first_visit_minutes": max(first, minutes)} if first else {})
                )
        if not kept:
            say("  Il faut au moins un motif.")
    return kept


def _motif_line(one: dict[str, Any]) -> str:
    parts = [f"label: {quoted(one['label'])}"]
    parts += [f"also: [{', '.join(map(quoted, one['also']))}]"] if one.get("also") else []
    parts += [f"{name}: {one[name]}" for name in ("minutes", "first_visit_minutes", "within_days") if one.get(name)]
    return f"  - {{{', '.join(parts)}}}"
