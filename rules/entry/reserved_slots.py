"""Events that keep a place for somebody to come: `libre`, `urgence réservée`. No booking, no block (P9, P11, P51)."""

from __future__ import annotations

import re
from enum import StrEnum

from rules.entry.is_patient import answers
from rules.model import CalendarEvent, Entry
from rules.text.fold import tidy, words

_FREE = frozenset({"libre", "libres", "dispo", "dispos", "disponible", "disponibles"})
_URGENT = frozenset({"urgence", "urgences", "urgent", "urgents"})
_KEPT = frozenset(
    {"reserve", "reserves", "reservee", "reservees", "creneau", "creneaux", "plage", "plages", "place", "places"}
)
_JOINING = frozenset({"a", "au", "aux", "d", "de", "des", "en", "l", "la", "le", "les", "pour", "rdv"})
_WORDS = _FREE | _URGENT | _KEPT | _JOINING
_TAG = re.compile(r"\[[^\]]*\]")


class Place(StrEnum):
    """Who may take it: any booking, or only motifs that bear no long wait."""

    FREE = "free"
    URGENT = "urgent"


def place(title: str) -> Place | None:
    """What a title of nothing but such words keeps a place for; None for any other title."""
    spoken = set(words(tidy(_TAG.sub(" ", title[:200]))))
    if not spoken <= _WORDS:
        return None
    if spoken & _URGENT:
        return Place.URGENT if spoken & (_KEPT | _FREE) else None
    return Place.FREE if spoken & _FREE else None


def placeholder(event: CalendarEvent, entry: Entry) -> bool:
    """The event keeps a place, and nobody has been typed into it yet."""
    named = set(words(entry.name_text)) <= _WORDS
    return named and not answers(entry) and place(event.title) is not None
