"""Whether so many changes at once are believable (P43, law L6).

If a calendar suddenly loses or gains many appointments, or if more messages are due than anybody means to send, they
are held and nobody is told anything until a person has answered.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from rules.model import Policy

AT_LEAST = 3
HOUR = timedelta(hours=1)
HAND = timedelta(days=3)
EARLY = timedelta(minutes=5)


class Flood(StrEnum):
    """Why messages are held."""

    RECIPIENT = "recipient"
    MANY = "many"
    GAIN = "gain"


def believable(vanished: int, future: int, policy: Policy) -> bool:
    """Whether the cancellations of `vanished` of `future` bookings (vanished ones included) within an hour may be told
    without asking."""
    if vanished > policy.brake_events:
        return False
    return vanished < AT_LEAST or vanished * 100 <= policy.brake_percent * future


def arrived(created: datetime | None, seen: datetime) -> datetime:
    """When an appointment was made, for counting new ones. The client's time stamp (CREATED, RFC 5545 3.8.7.1) counts
    if it is of the last 72 h: a person types one event after the other, even while the worker was down. Otherwise the
    time at which it was seen counts: a restored or imported calendar has older stamps or none."""
    by_hand = created is not None and seen - HAND <= created <= seen + EARLY
    return created if created is not None and by_hand else seen


def most_in_an_hour(moments: Iterable[datetime]) -> int:
    """The greatest number of these moments within one hour."""
    most, lately = 0, deque[datetime]()
    for moment in sorted(moments):
        lately.append(moment)
        while moment - lately[0] >= HOUR:
            lately.popleft()
        most = max(most, len(lately))
    return most


def flood_said(flood: Flood, policy: Policy) -> str:
    """Why a message is held, in French."""
    why = {
        Flood.RECIPIENT: f"plus de {policy.most_per_hour} messages en une heure pour un même patient",
        Flood.MANY: f"plus de {policy.most_per_pass} messages d'un coup",
        Flood.GAIN: f"plus de {policy.brake_new} nouveaux rendez-vous en une heure dans cet agenda",
    }
    return f"retenu, le cabinet doit décider : {why[flood]}"


def messages_title(count: int, flood: Flood) -> str:
    """The title of the question about held messages, for the calendar concerned."""
    noun, held = ("confirmation", "retenue") if flood is Flood.GAIN else ("message", "retenu")
    many = "s" if count > 1 else ""
    return f"attitre : {count} {noun}{many} {held}{many}"


def messages_text(flood: Flood, policy: Policy) -> str:
    """The text of that question."""
    return (
        f"Des messages aux patients de cet agenda attendent : {flood_said(flood, policy).partition(' : ')[2]}.\n"
        "Si c'est voulu, écrivez « oui » ci-dessous : ce qui est encore vrai partira.\n"
        "Si ce n'est pas voulu, écrivez « non » : ces messages ne partiront pas, les rappels si.\n"
        "Réponse :"
    )


def notice_title(vanished: int) -> str:
    """The title of the question about held cancellations. `oui` or `non` typed into the event answers it
    (docs/design.md#details-people-rely-on)."""
    return f"attitre : {vanished} annulations retenues"


def notice_text(vanished: int) -> str:
    """The text of that question."""
    return (
        f"{vanished} rendez-vous ont disparu de cet agenda en peu de temps. Aucun patient n'a été prévenu.\n"
        "Si c'est voulu, écrivez « oui » ci-dessous : les annulations partiront.\n"
        "Si c'est une erreur, écrivez « non », puis rétablissez l'agenda.\n"
        "Réponse :"
    )


def answer(text: str, title: str = "") -> bool | None:
    """The answer typed anywhere in the question's text or title; None if there is none, or both."""
    said = {word for word in _hers(text) + _hers(title) if word in _ANSWERS}
    return _ANSWERS[said.pop()] if len(said) == 1 else None


_ANSWERS = {"oui": True, "non": False}
_OURS = re.compile(
    r"attitre : \d+ (?:annulation|confirmation|message)s? retenue?s?|\d+ rendez-vous ont disparu.*"
    r"|Des messages aux patients.*|Si c'est .*|Si ce n'est .*|Réponse :",
    re.IGNORECASE,
)


def _hers(text: str) -> list[str]:
    return re.findall(r"\w+", _OURS.sub(" ", text).casefold())
