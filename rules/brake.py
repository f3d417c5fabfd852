"""Are this many vanished bookings believable? (P43, law L6)

A calendar that suddenly loses much of what it held is held: nobody is told anything until a person has looked.
"""

from __future__ import annotations

import re

from rules.model import Policy

AT_LEAST = 3


def believable(vanished: int, future: int, policy: Policy) -> bool:
    """Whether `vanished` of `future` bookings (vanished ones included), within an hour, may be told without asking."""
    if vanished > policy.brake_events:
        return False
    return vanished < AT_LEAST or vanished * 100 <= policy.brake_percent * future


def notice_title(vanished: int) -> str:
    """What stands in the held calendar: writing `oui` or `non` into the event answers it (INTERFACE 8)."""
    return f"attitre : {vanished} annulations retenues"


def notice_text(vanished: int) -> str:
    """The question below that title."""
    return (
        f"{vanished} rendez-vous ont disparu de cet agenda en peu de temps. Aucun patient n'a été prévenu.\n"
        "Si c'est voulu, écrivez « oui » ci-dessous : les annulations partiront.\n"
        "Si c'est une erreur, écrivez « non », puis rétablissez l'agenda.\n"
        "Réponse :"
    )


def answer(text: str, title: str = "") -> bool | None:
    """What she answered, anywhere in the notice's text or title; None where she has not, or said both."""
    said = {word for word in _hers(text) + _hers(title) if word in _ANSWERS}
    return _ANSWERS[said.pop()] if len(said) == 1 else None


_ANSWERS = {"oui": True, "non": False}
_OURS = re.compile(
    r"attitre : \d+ annulations retenues|\d+ rendez-vous ont disparu.*|Si c'est .*|Réponse :", re.IGNORECASE
)


def _hers(text: str) -> list[str]:
    return re.findall(r"\w+", _OURS.sub(" ", text).casefold())
