"""What a patient asked for on their page, shown in the event for a person to act on (P39, P44). Nothing of it changes
the directory or the appointment by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from rules.findings import raised
from rules.model import Booking, Channel, Finding, Patient, Practice
from rules.patients.unwanted import unwanted
from rules.text.fold import fold, key
from rules.text.french import WAYS_PLURAL, clock, listed, phone

_DAYS = {"lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi"}
_MOMENTS = {"matin": "le matin", "apres-midi": "l'après-midi"}
_LABELS = {"nom": "Nom", "mobile": "Mobile", "email": "E-mail"}
_CALLED = re.compile(r"\brappelee?s?\b")  # as folded: Rappelé, a été rappelée; not « à rappeler »


class PageWish(Struct, frozen=True):
    """One open wish. `kind`: call, wait or correct; `detail` as in `sync.store.wishes`. `typed_after`: she changed the
    event since."""

    number: int
    kind: str
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
    typed_after: bool = False


class ChosenTime(Struct, frozen=True):
    """The event's time is the patient's own choice. `rule`: what is said of it; empty where it is only imagined."""

    at: datetime
    rule: str = ""


def said(wishes: Sequence[PageWish], text: str, booking: Booking, practice: Practice) -> Iterator[Finding]:
    """The findings about wishes that nobody answered yet, and about messages that are not wanted."""
    for one in wishes:
        if not is_answered(one, text, booking.patient):
            yield from _SAID[one.kind](one, booking, practice)
    yield from _unwanted(booking.patient, practice)


def chose(time: ChosenTime | None, practice: Practice) -> tuple[Finding, ...]:
    """The note that the patient moved the appointment, or accepted its time, by link (P44, P45)."""
    return raised(practice.policy, time.rule, seen=_when(time.at, practice)) if time and time.rule else ()


def is_answered(wish: PageWish, text: str, patient: Patient) -> bool:
    """Whether a person dealt with it: `Rappelé` typed since, or the details stand in the record."""
    if wish.kind == "call":
        return wish.typed_after and _CALLED.search(fold(text)) is not None
    return wish.kind == "correct" and not _differing(wish, patient)


def _call(wish: PageWish, booking: Booking, practice: Practice) -> tuple[Finding, ...]:
    number = booking.mobile or booking.patient.mobile
    at = f" au {phone(number)}" if number else ""
    return raised(practice.policy, "call-asked", seen=_when(wish.at, practice), problem=at)


def _wait(wish: PageWish, _booking: Booking, practice: Practice) -> tuple[Finding, ...]:
    days = [_DAYS[one] for one in wish.detail.get("days", ()) if one in _DAYS]
    moments = [_MOMENTS[one] for one in wish.detail.get("moments", ()) if one in _MOMENTS]
    wanted = ", ".join(words for words in (listed(days, "ou"), listed(moments, "ou")) if words)
    return raised(practice.policy, "time-wished", seen=wanted or "n'importe quel jour", at=_when(wish.at, practice))


def _correct(wish: PageWish, booking: Booking, practice: Practice) -> tuple[Finding, ...]:
    lines = _differing(wish, booking.patient)
    what = listed([line.partition(" : ")[0].lower() for line in lines], "et")
    return raised(practice.policy, "details-proposed", seen=_when(wish.at, practice), problem=what, proposals=lines)


_SAID = {"call": _call, "wait": _wait, "correct": _correct}


def _differing(wish: PageWish, patient: Patient) -> tuple[str, ...]:
    """What to type for each proposed detail that the record has otherwise."""
    on_file = {"nom": key(patient.name), "mobile": patient.mobile, "email": patient.email}
    proposed = [(name, value) for name, value in wish.detail.items() if name in on_file]
    other = [(name, value) for name, value in proposed if (key(value) if name == "nom" else value) != on_file[name]]
    return tuple(f"{_LABELS[name]} : {phone(value) if name == 'mobile' else value}" for name, value in other)


def _unwanted(patient: Patient, practice: Practice) -> tuple[Finding, ...]:
    off = unwanted(patient)
    if not off:
        return ()
    seen = min(off.values()).astimezone(practice.zone)
    if len(off) == len(Channel):
        return raised(practice.policy, "phone-only", seen=f"{seen:%d/%m/%Y}")
    return raised(practice.policy, "messages-fewer", problem=WAYS_PLURAL[next(iter(off))], seen=f"{seen:%d/%m/%Y}")


def _when(at: datetime, practice: Practice) -> str:
    local = at.astimezone(practice.zone)
    return f"{local:%d/%m} à {clock(local)}"
