"""A typed detail of a patient: its value, or what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from rules.text.fold import key

T = TypeVar("T")

LONGEST = 400  # signs of one typed detail that are looked at

_NO_DETAIL = (
    "a completer|a definir|a demander|a venir|a voir|aucun|aucune|en attente|inconnu|inconnue|manquant|manquante|nc"
    "|neant|ne sait pas|non|non communique|non renseigne|nr|pas|pas d adresse|pas d e mail|pas d email|pas de mail"
    "|pas de mobile|pas de portable|ras|sans|tbd"
)
_NOTHING = frozenset(_NO_DETAIL.split("|"))
_CROSSES = re.compile(r"[xX?.\-–—_/ *]*")


@dataclass(frozen=True, slots=True)
class Detail(Generic[T]):
    """The value, or the French phrase of what is wrong; `proposal` is what was probably meant.

    Neither value nor problem: a placeholder, which counts as missing (ruling 12).
    """

    value: T | None
    problem: str = ""
    proposal: str = ""

    @property
    def missing(self) -> bool:
        """Nothing was really typed."""
        return self.value is None and not self.problem


def placeholder(text: str) -> bool:
    """`xx`, `?`, `à voir` and their kind: nothing was really typed (ruling 12)."""
    return bool(_CROSSES.fullmatch(text)) or key(text) in _NOTHING
