"""The questions of `attitre init`, and the commented YAML that their answers make."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct

from sync.cli.init import accounts, ask, channels, hours, motifs
from sync.cli.init.accounts import How, Offered
from sync.cli.init.ask import say
from sync.cli.init.draft import Draft, quoted


class Dentist(Struct, frozen=True):
    """One dentist as asked. `calendars` are places in the list of those offered; `hours` the YAML's by day."""

    key: str
    name: str
    specialty: str
    calendars: tuple[int, ...]
    hours: dict[str, str]


def interview(draft: Draft, how: How) -> str:
    """Ask everything; the YAML. Secrets go to the draft's other files."""
    say(
        "attitre init : quelques questions, puis un fichier commenté. Rien n'est écrit avant la fin ; Ctrl-C abandonne."
    )
    say("« < » revient à la question précédente.")
    steps: list[Callable[[list[Any]], Any]] = [
        lambda _: _practice(),
        lambda _: accounts.collect(draft, how),
        lambda told: _dentists(told[1]),
        lambda _: motifs.asked(),
        lambda told: channels.email(draft, told[0]["name"], told[0]["email"]),
        lambda told: channels.sms(draft, told[0]["name"]),
    ]
    practice, pool, dentists, kept, email, sms = ask.in_steps(steps, partial(_begins, draft, []))
    return "\n".join(
        [
            *_practice_lines(practice),
            *_dentists_lines(dentists, pool),
            *motifs.lines(kept),
            *channels.lines(email, sms),
        ]
    )


def _begins(draft: Draft, before: list[dict[str, str]], number: int) -> None:
    """A step that is played anew begins with the files of its first beginning."""
    del before[number + 1 :]
    if len(before) == number:
        before.append(dict(draft.files))
    draft.files.clear()
    draft.files.update(before[number])


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


def _dentists(pool: list[Offered]) -> list[Dentist]:
    found: list[Dentist] = []
    while not found or ask.yes("Un autre dentiste ?", default=False):
        found.append(_dentist(pool, found))
    return found


def _dentist(pool: list[Offered], before: list[Dentist]) -> Dentist:
    say("\n— Un dentiste —")
    name = ask.text("Nom (« Dr Claire Martin »)", check=partial(_new_name, before))
    specialty = ask.text("Spécialité", "Chirurgien-dentiste")
    for place, one in enumerate(pool, 1):
        say(f"  {place}. {one.label}")
    picked = _calendars(pool, before)
    return Dentist(_free_key(name, before), name, specialty, picked, _hours(before))


def _new_name(before: list[Dentist], given: str) -> None:
    from config.scalars import refuse
    from rules.text.fold import fold

    if not any(sign.isalpha() for sign in given):
        refuse(f"« {given} » n'est pas un nom.", "Exemple : « Dr Claire Martin ».")
    if fold(given) in {fold(one.name) for one in before}:
        refuse(f"« {given} » est déjà inscrit(e).", "Ajoutez le prénom, ou revenez avec « < ».")


def _calendars(pool: list[Offered], before: list[Dentist]) -> tuple[int, ...]:
    """At least one that is more than busy time; another dentist's only where the person says so."""
    while True:
        picked = ask.several("Son agenda (plusieurs : « 1, 2 »)", len(pool))
        if all(pool[place - 1].feed for place in picked):
            say("  Un flux ne suffit pas : il faut l'agenda où ses rendez-vous sont pris.")
            continue
        shared = [one for one in before for place in one.calendars if place in picked and not pool[place - 1].feed]
        if not shared or ask.yes(f"C'est déjà l'agenda de {shared[0].name}. Le partager ?", default=False):
            return tuple(picked)


def _free_key(name: str, before: list[Dentist]) -> str:
    """The family name; with the first name, or a number, where another dentist has it."""
    taken, key = {one.key for one in before}, _key(name, 1)
    key = _key(name, 2) if key in taken else key
    return next(free for free in (key, *(f"{key}-{number}" for number in range(2, 99))) if free not in taken)


def _key(name: str, count: int) -> str:
    from rules.text.fold import words

    return re.sub(r"[^a-z0-9]+", "-", "-".join(words(name)[-count:]))[:24].strip("-") or "dentiste"


def _hours(before: list[Dentist]) -> dict[str, str]:
    if before and ask.yes("Mêmes horaires que le précédent ?", default=True):
        return before[-1].hours
    week = ask.text("Horaires du lundi au vendredi", hours.WEEK, hours.of_week)
    question = "Jours qui diffèrent (« mercredi fermé, samedi 9h-12h » ; vide : aucun)"
    return hours.of_week(week) | hours.of_days(ask.text(question, "", hours.of_days, optional=True))


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
        opening = ", ".join(f"{day}: {quoted(when)}" for day, when in one.hours.items())
        lines += [f"    hours: {{{opening}}}"]
    if shared:
        lines.insert(1, "# « tag » : dans l'agenda partagé, « [nom] » dans le titre, ou la catégorie, dit le dentiste.")
        tags = ", ".join(f"[{one.key}]" for one in dentists if shared.intersection(one.calendars))
        say(f"\nUn agenda sert à plusieurs dentistes : le titre y dira lequel, avec {tags}.")
    return [*lines, ""]


def _claims(place: int, dentists: list[Dentist]) -> int:
    return sum(place in one.calendars for one in dentists)
