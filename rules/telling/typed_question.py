"""Reads and answers questions typed as events: `? dupont 1981`, `? 06 12 34 56 78`, `? créneau détartrage`
(docs/design.md#what-she-types).

A question names a patient, a motif, or both; the answer to another one says what to type. Directory and free slots are
arguments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from rules.entry import motifs
from rules.model import Patient, Practice, Slot
from rules.patients.clues import Clues
from rules.patients.shown import label
from rules.text.fold import tokens, words
from rules.text.french import day_and_clock, minutes, numeric_day, unbroken

SHOWN = 5
_FREE_WORDS = (
    "creneau|creneaux|dispo|dispos|disponible|disponibles|disponibilite|disponibilites|libre|libres|place|places"
    "|prochain|prochaine|prochains|prochaines|rdv"
)
_FREE = frozenset(_FREE_WORDS.split("|"))
_FIRST = frozenset({"premiere", "premier", "1ere", "1re", "nouveau", "nouvelle", "patient", "patiente", "consultation"})
_DOCTOR = frozenset({"dr", "dre", "docteur", "docteure"})
_YEAR = re.compile(r"(?<![\d/.\-])(?:19|20)\d\d(?![\d/.\-])")
_UNDERSTOOD = "« ? dupont 1981 », « ? 06 12 34 56 78 » ou « ? créneau détartrage »"
TOMORROW = "Cette question sera effacée demain."
REPEATED = "Événement répété : effacez-le vous-même."


class Question(Struct, frozen=True):
    """A question as read. `term`: the text by which patients are searched. `year`: a year of birth. `dentist`: a key.
    `free`: free slots are asked for; `first`: for a first visit."""

    term: str = ""
    year: int | None = None
    motif: str | None = None
    dentist: str | None = None
    free: bool = False
    first: bool = False


class Known(Struct, frozen=True):
    """A patient who was found, with their visits. `coming`: their next appointment as (start, dentist's key)."""

    patient: Patient
    coming: tuple[datetime, str] | None = None


class Answer(Struct, frozen=True):
    """What was found. `partly`: no patient fits everything that was typed. `nearest`: patients with similar names."""

    people: tuple[Known, ...] = ()
    partly: bool = False
    nearest: tuple[Patient, ...] = ()
    slots: tuple[Slot, ...] = ()


# --- reading ---------------------------------------------------------------------------------------------------------


def question(asked: str, practice: Practice) -> Question:
    """Read the text after the question mark. Never raises."""
    typed = tokens(asked[:500])
    spoken = [word for word, _, _ in typed]
    mentions = motifs.find(spoken, practice)
    dentist, named = _dentist(spoken, practice)
    used = {place for one in mentions for place in range(one.start, one.end)} | named
    used |= {place for place, word in enumerate(spoken) if word in _FREE | _FIRST}
    free = bool(mentions) or any(word in _FREE for word in spoken)
    rest = [place for place in range(len(spoken)) if place not in used and not motifs.small(spoken[place])]
    term = _left(asked[:500], [typed[place] for place in used]) if rest else ""
    year = _YEAR.search(term)
    motif = mentions[0].label if mentions else None
    first = not _FIRST.isdisjoint(spoken)
    return Question(term, int(year[0]) if year else None, motif, dentist, free=free, first=first)


def _left(asked: str, used: Sequence[tuple[str, int, int]]) -> str:
    """The text without the words that were understood."""
    for _, start, end in sorted(used, key=lambda one: one[1], reverse=True):
        asked = f"{asked[:start]} {asked[end:]}"
    return " ".join(asked.split())


def _dentist(spoken: Sequence[str], practice: Practice) -> tuple[str | None, set[int]]:
    """(the key of a dentist named with the title, as in `Dr Martin`; the places of those words). Without the title it
    may be a patient of that name."""
    for place, word in enumerate(spoken[:-1]):
        if word in _DOCTOR:
            known = [one for one in practice.dentists if spoken[place + 1] in set(words(one.name)) - _DOCTOR]
            if len(known) == 1:
                return known[0].key, {place, place + 1}
    return None, set()


# --- whom it means ---------------------------------------------------------------------------------------------------


def fitting(asked: Question, clues: Clues, candidates: Sequence[Patient]) -> tuple[tuple[Patient, ...], bool]:
    """(the patients who fit most of what was typed, whether some of it does not fit them)."""
    points = {one: _points(one, asked, clues) for one in dict.fromkeys(candidates)}
    best = max(points.values(), default=0)
    chosen = [one for one, count in points.items() if count == best and count]
    whole = len(clues.names) + 2 * sum(map(bool, (clues.mobiles, clues.emails, clues.birth_dates))) + bool(asked.year)
    ordered = sorted(chosen, key=lambda one: (one.name, one.birth_date is None, one.birth_date, one.id))
    return tuple(ordered), bool(chosen) and best < whole


def _points(one: Patient, asked: Question, clues: Clues) -> int:
    """How well the patient fits. A word or a year counts one; a mobile, an e-mail, a birth date or a record number
    counts two, as few people share one."""
    spoken = set(words(f"{one.family_name} {one.given_name} {one.birth_name or ''}"))
    own = (
        one.mobile in clues.mobiles, one.email in clues.emails, one.birth_date in clues.birth_dates,
        one.id in clues.ids and not clues.names,
    )  # fmt: skip
    born = asked.year is not None and one.birth_date is not None and one.birth_date.year == asked.year
    return sum(word in spoken for word in clues.names) + 2 * sum(own) + born


# --- answering -------------------------------------------------------------------------------------------------------


def lines(asked: Question, answer: Answer, practice: Practice, *, repeated: bool = False) -> tuple[str, ...]:
    """The lines of the answer in the event. `repeated`: the question is a series, which cannot be deleted tomorrow."""
    said: list[str] = []
    if asked.term:
        said += _people(answer, practice)
    if asked.free:
        said += _slots(asked, answer, practice)
    if not said:
        said.append(f"Question non comprise. Écrivez par exemple {_UNDERSTOOD}.")
    return (*map(unbroken, said), REPEATED if repeated else TOMORROW)


def sole(answer: Answer) -> Patient | None:
    """The one patient who fits everything; None if there are several, or none."""
    return answer.people[0].patient if len(answer.people) == 1 and not answer.partly else None


def marked(slots: Sequence[Slot], patient: Patient | None) -> tuple[Slot, ...]:
    """The slots, marked where the patient must agree to another dentist first (P24, P49)."""
    own = patient.dentist if patient else None
    return tuple(replace(one, needs_consent=own is not None and one.dentist != own) for one in slots)


def _people(answer: Answer, practice: Practice) -> list[str]:
    if not answer.people:
        near = [f"  → {label(one)}" for one in answer.nearest]
        return ["Aucun patient trouvé." + (" Noms proches :" if near else ""), *near]
    count = len(answer.people)
    head = "Aucun patient ne correspond à tout. Les plus proches :" if answer.partly else _count(count)
    shown = [f"  → {_known(one, practice)}" for one in answer.people[:SHOWN]]
    left = count - SHOWN
    more = "1 autre" if left == 1 else f"{left} autres"
    rest = [f"  et {more} : précisez (prénom, date de naissance ou mobile)."] if left > 0 else []
    return [head, *shown, *rest]


def _count(count: int) -> str:
    return "1 patient trouvé :" if count == 1 else f"{count} patients trouvés :"


def _known(one: Known, practice: Practice) -> str:
    """One line: name, birth date, own dentist, last visit, next appointment."""
    patient = one.patient
    dentist = practice.name_of(patient.dentist) if patient.dentist else "sans dentiste attitré"
    last = f"dernière visite le {numeric_day(patient.visits[0][0])}" if patient.visits else "aucune visite connue"
    if one.coming is None:
        coming = "aucun rendez-vous à venir"
    else:
        start, key = one.coming
        coming = f"prochain rendez-vous {day_and_clock(start.astimezone(practice.zone))}, {practice.name_of(key)}"
    return f"{label(patient)} ; {dentist} ; {last} ; {coming}"


def _slots(asked: Question, answer: Answer, practice: Practice) -> list[str]:
    from rules.checks.slot_wish import slot_lines

    motif = practice.motif(asked.motif)
    if motif is None:
        names = ", ".join(one.label for one in practice.motifs[:6])
        return [f"Un créneau pour quel motif ? Écrivez par exemple « ? créneau {names.split(', ')[0]} » ({names})."]
    if all(not dentist.hours for dentist in practice.dentists):
        return ["Créneaux libres inconnus : les horaires des dentistes ne sont pas dans la configuration."]
    if not answer.slots:
        return [f"Aucun créneau libre pour {motif.label} dans les prochaines semaines."]
    length = minutes(int((answer.slots[0].end - answer.slots[0].start).total_seconds() // 60))
    shown = [f"  → {line}" for line in slot_lines(answer.slots, practice)]
    return [f"Prochains créneaux libres, {motif.label} ({length}) :", *shown]
