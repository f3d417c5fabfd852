"""Recognises events that reserve a slot: `libre`, `urgence réservée`. They are no bookings and no blocks (P9, P11,
P51)."""

from __future__ import annotations

import re
from enum import StrEnum

from rules.entry.is_patient import has_patient_details
from rules.model import CalendarEvent, Entry
from rules.text.fold import tidy, words

_FREE = frozenset({"libre", "libres", "dispo", "dispos", "disponible", "disponibles"})
_URGENT = frozenset({"urgence", "urgences", "urgent", "urgents"})
_KEPT = frozenset(
    {
        "reserve",
        "reserves",
        "reservee",
        "reservees",
        "creneau",
        "creneaux",
        "plage",
        "plages",
        "place",
        "places",
        "garder",
        "garde",
        "gardee",
        "laisser",
        "tampon",
        "bloque",
        "bloquee",
    }
)
_JOINING = frozenset({"a", "au", "aux", "d", "de", "des", "en", "l", "la", "le", "les", "pour", "rdv"})
_WORDS = _FREE | _URGENT | _KEPT | _JOINING
_TAG = re.compile(r"\[[^\]]*\]")


class Place(StrEnum):
    """Who may take the slot: any booking, or only urgent motifs."""

    FREE = "free"
    URGENT = "urgent"


def place(title: str) -> Place | None:
    """For whom the title reserves a slot, if it holds such words only; None for any other title."""
    spoken = set(words(tidy(_TAG.sub(" ", title[:200]))))
    if not spoken <= _WORDS:
        return None
    if spoken & _URGENT:
        return Place.URGENT if spoken & (_KEPT | _FREE) else None
    return Place.FREE if spoken & _FREE else None


def is_reserved(event: CalendarEvent, entry: Entry) -> bool:
    """Whether the event reserves a slot, and no patient was typed into it yet."""
    named = set(words(entry.name_text)) <= _WORDS
    return named and not has_patient_details(entry) and place(event.title) is not None
