"""Deterministic calendars of a practice: event n of revision r says the same everywhere. No real person.

Of a hundred events two are series with a day left out and a day moved, three are leave, one is a block; the rest are
bookings with everything the procedure asks for.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_FAMILIES = ("MARTIN", "BERNARD", "DUBOIS", "LEFÈVRE", "MOREAU", "GARNIER", "ROUSSEAU", "FAURE", "CHEVALIER", "PERRIN")
_GIVEN = ("Marie", "Jean", "Hélène", "Paul", "Chloé", "Luc", "Anaïs", "Noé", "Inès", "Jean-Baptiste")
_MOTIFS = ("Détartrage", "Contrôle", "Douleur")
PLACE = "Cabinet dentaire des Lilas, 12 rue des Lilas, 75020 Paris"
_COMMENT = (
    "prévoir un peu plus de temps ; carte de mutuelle à scanner de nouveau à l'accueil ; préfère être rappelée "
    "l'après-midi ; accompagnée par un parent ; radio panoramique du mois dernier à récupérer chez le confrère ; devis "
    "remis en main propre ; salle 1 de préférence, l'escalier est difficile ; règlement en deux fois convenu avec le "
    "secrétariat"
)
WEEK, HALF = timedelta(weeks=1), timedelta(minutes=30)
LEFT_OUT, MOVED = 3, 5  # weeks of a series
SERIES_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the calendar; times are the practice's wall clock."""

    number: int
    revision: int
    title: str
    text: str
    start: datetime
    end: datetime
    stamp: datetime
    whole_day: bool = False
    repeats: bool = False


def entry(number: int, revision: int, today: date) -> Entry:
    """Within 350 days of today."""
    dice = random.Random(f"{number}")  # noqa: S311 - the same calendar at every run is the point
    day = today + timedelta(days=number % 700 - 350)
    start = datetime(day.year, day.month, day.day, 8, 30) + timedelta(minutes=20 * dice.randrange(28))  # noqa: DTZ001
    stamp = datetime(2026, 1, 2) + timedelta(minutes=number, days=revision)  # noqa: DTZ001
    kind = number % 100
    if kind in {7, 38, 81}:
        midnight = start.replace(hour=0, minute=0)
        return Entry(number, revision, "Congés", "", midnight, midnight + timedelta(days=1), stamp, whole_day=True)
    if kind == 53:
        return Entry(number, revision, "Bloqué", "Motif : réunion fournisseur", start, start + 2 * HALF, stamp)
    if kind in {3, 67}:
        return Entry(number, revision, "Réunion d'équipe", "Salle 2", start, start + HALF, stamp, repeats=True)
    title, text = _booking(dice, revision)
    return Entry(number, revision, title, text, start, start + HALF, stamp)


def etag(number: int, revision: int) -> str:
    """A strong ETag."""
    return f'"{hashlib.sha256(f"{number}:{revision}".encode()).hexdigest()[:32]}"'


def _booking(dice: random.Random, revision: int) -> tuple[str, str]:
    family, given, motif = dice.choice(_FAMILIES), dice.choice(_GIVEN), dice.choice(_MOTIFS)
    lines = (
        f"Né(e) le : {dice.randrange(1, 29):02}/{dice.randrange(1, 13):02}/{dice.randrange(1940, 2010)}",
        f"Mobile : 06 39 98 {dice.randrange(100):02} {dice.randrange(100):02}",
        f"E-mail : p{dice.randrange(9999)}@example.org",
        f"Adresse : {dice.randrange(1, 99)} rue des Lilas, 75020 Paris",
        "Suivi",
        "Dentiste : Dr Martin",
        f"Commentaire : {_COMMENT} ({revision})",
    )
    return f"{family} {given} – {motif}", "\n".join(lines)
