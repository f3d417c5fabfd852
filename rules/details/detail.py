"""A typed detail of a patient: its value, or what is wrong with it."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

from msgspec import Struct

from rules.text.fold import key

T = TypeVar("T")

LONGEST_CHARS = 400  # of a typed detail that are read

_NO_DETAIL = (
    "a completer|a definir|a demander|a venir|a voir|aucun|aucune|en attente|inconnu|inconnue|manquant|manquante|nc"
    "|neant|ne sait pas|non|non communique|non renseigne|nr|pas|pas d adresse|pas d e mail|pas d email|pas de mail"
    "|pas de mobile|pas de portable|ras|sans|tbd"
)
_NOTHING = frozenset(_NO_DETAIL.split("|"))
_CROSSES = re.compile(r"[xX?.\-–—_/ *]*")


class Detail(Struct, Generic[T], frozen=True):
    """One detail as typed. Neither value nor problem: a placeholder, which counts as missing (ruling 12)."""

    value: T | None
    problem: str = ""  # a French phrase
    proposal: str = ""  # what was probably meant

    @property
    def missing(self) -> bool:
        """Whether nothing, or a placeholder, was typed."""
        return self.value is None and not self.problem


def is_placeholder(text: str) -> bool:
    """Whether the text stands for nothing: `xx`, `?`, `à voir` (ruling 12)."""
    return bool(_CROSSES.fullmatch(text)) or key(text) in _NOTHING
