"""Reads what a patient's form sends: an act, a choice not to, or what is missing, said at its field."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

from msgspec import Struct

from adapters.web.patients import Act, What
from adapters.web.words import DAYS, HALVES, MESSAGES

MOST_BYTES = 16_384  # of a body: the longest honest one has 2,000
MOST_FIELDS = 40
LONGEST: Mapping[str, int] = {"nom": 100, "mobile": 30, "email": 254}
_LONGEST_TIME = 200
_CHOICE = "choix"
YES, NO = "oui", "non"
ANY, SOME = "tous", "certains"

Fields = Mapping[str, tuple[str, ...]]


class Mistakes(Struct, frozen=True):
    """What is missing or wrong: a sentence a field."""

    said: Mapping[str, str]


class Declined(Struct, frozen=True):
    """The patient chose to leave everything as it is."""


Read = Act | Mistakes | Declined


def one(fields: Fields, name: str) -> str:
    """The only value of a field, without signs that nobody types; empty where there is none or several."""
    values = fields.get(name, ())
    return _clean(values[0]) if len(values) == 1 else ""


def read(what: What | None, fields: Fields) -> Read:
    """What the form of that act says; without an act, the form of answers on the first page."""
    if what is None:
        return _answer(fields)
    return _READERS.get(what, _asked)(what, fields)


def _answer(fields: Fields) -> Read:
    chosen = one(fields, _CHOICE)
    if chosen not in set(What):
        return Mistakes({_CHOICE: "Choisissez une réponse."})
    return _act(What(chosen), fields)


def _asked(what: What, fields: Fields) -> Read:
    chosen = one(fields, _CHOICE)
    if chosen == NO:
        return Declined()
    return _act(what, fields) if chosen == YES else Mistakes({_CHOICE: "Choisissez une réponse."})


def _move(what: What, fields: Fields) -> Read:
    time = one(fields, "debut")
    if not time or len(time) > _LONGEST_TIME:
        return Mistakes({"debut": "Choisissez une heure."})
    return _act(what, fields, debut=(time,))


def _wait(what: What, fields: Fields) -> Read:
    when, days, halves = one(fields, "quand"), _ticked(fields, "jour", DAYS), _ticked(fields, "moment", HALVES)
    if when == ANY and not days and not halves:
        return _act(what, fields)
    if when == ANY:
        return Mistakes({"quand": "Vous avez coché des jours : choisissez « Seulement certains jours »."})
    if when != SOME:
        return Mistakes({"quand": "Choisissez une réponse."})
    if not days and not halves:
        return Mistakes({"jour": "Cochez au moins un jour ou un moment."})
    return _act(what, fields, jour=days, moment=halves)


def _correct(what: What, fields: Fields) -> Read:
    typed = {name: one(fields, name) for name in LONGEST}
    long = {name: f"Trop long : {most} signes au plus." for name, most in LONGEST.items() if len(typed[name]) > most}
    if long:
        return Mistakes(long)
    if typed["email"] and not _may_be_mail(typed["email"]):
        return Mistakes({"email": "Écrivez une adresse complète, comme marie.dupont@exemple.fr."})
    if typed["mobile"] and sum(sign.isdigit() for sign in typed["mobile"]) < 10:
        return Mistakes({"mobile": "Écrivez le numéro en entier, comme 06 12 34 56 78."})
    if not any(typed.values()):
        return Mistakes({"nom": "Remplissez au moins une des trois lignes."})
    return _act(what, fields, **{name: (value,) for name, value in typed.items() if value})


def _fewer(what: What, fields: Fields) -> Read:
    chosen = MESSAGES.get(one(fields, "recevoir"))
    if chosen is None:
        return Mistakes({"recevoir": "Choisissez une réponse."})
    return _act(what, fields, sans=chosen[1])


_READERS: Mapping[What, Callable[[What, Fields], Read]] = {
    What.MOVE: _move, What.WAIT: _wait, What.CORRECT: _correct, What.FEWER: _fewer,
}  # fmt: skip


def _act(what: What, fields: Fields, **values: tuple[str, ...]) -> Act:
    return Act(what, one(fields, "revision")[:_LONGEST_TIME], values)


def _ticked(fields: Fields, name: str, known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(value for value in known if value in fields.get(name, ()))


def _may_be_mail(text: str) -> bool:
    before, _, domain = text.rpartition("@")
    return bool(before) and "." in domain.strip(".") and " " not in text


def _clean(text: str) -> str:
    return " ".join("".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text).split())
