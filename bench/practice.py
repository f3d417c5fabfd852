"""Deterministic calendars of a practice: event n of revision r says the same everywhere. No real person.

Eighteen events a working day, three days behind us for each that is to come, so that more events are more years and not
fuller days. Of a hundred events two are series with a day left out and a day moved, three are leave, one is a block;
the rest are bookings of 3,000 patients with everything the procedure asks for, two of them with a mistyped mobile.
`directory` is their file, as a practice exports it; each tenth patient is somebody's namesake.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

_FAMILIES = (
    "MARTIN", "BERNARD", "THOMAS", "PETIT", "ROBERT", "RICHARD", "DURAND", "DUBOIS", "MOREAU", "LAURENT", "SIMON",
    "MICHEL", "LEFÈVRE", "LEROY", "ROUX", "DAVID", "BERTRAND", "MOREL", "FOURNIER", "GIRARD", "BONNET", "DUPONT",
    "LAMBERT", "FONTAINE", "ROUSSEAU", "VINCENT", "MULLER", "FAURE", "ANDRÉ", "MERCIER", "BLANC", "GUÉRIN", "BOYER",
    "GARNIER", "CHEVALIER", "FRANÇOIS", "LEGRAND", "GAUTHIER", "GARCIA", "PERRIN", "ROBIN", "CLÉMENT", "MORIN",
    "NICOLAS", "HENRY", "ROUSSEL", "MATHIEU", "GAUTIER", "MASSON", "MARCHAND", "DUVAL", "DENIS", "DUMONT",
    "LEMAIRE", "NOËL", "MEYER", "DUFOUR", "MEUNIER", "BRUN", "BLANCHARD",
)  # fmt: skip
_GIVEN = (
    "Marie", "Jeanne", "Françoise", "Monique", "Catherine", "Nathalie", "Isabelle", "Jacqueline", "Anne", "Sylvie",
    "Martine", "Madeleine", "Nicole", "Suzanne", "Hélène", "Christine", "Marguerite", "Louise", "Denise",
    "Christiane", "Valérie", "Sophie", "Sandrine", "Stéphanie", "Véronique", "Céline", "Chloé", "Émilie", "Léa",
    "Manon", "Camille", "Inès", "Zoé", "Jean", "Pierre", "Philippe", "René", "Alain", "Jacques", "Marcel", "Daniel",
    "Roger", "Paul", "Claude", "Christian", "Henri", "Georges", "Patrick", "Gérard", "Christophe",
)  # fmt: skip
_MOTIFS = (("Détartrage", 30), ("Contrôle", 20), ("Douleur", 20))
PATIENTS, NAMES = 3_000, 2_700
MANY_PATIENTS = 20_000  # of a large practice: those beyond the others have names that share words with theirs
GONE_BY = "year"  # begins the names of events, messages and alerts that only a store has (bench/history.py)
A_DAY = 18  # half hours from 8:30 to 12:30 and from 14:00 to 19:00
PLACE = "Cabinet dentaire des Lilas, 12 rue des Lilas, 75020 Paris"
_COMMENT = (
    "prévoir un peu plus de temps ; carte de mutuelle à scanner de nouveau à l'accueil ; préfère être rappelée "
    "l'après-midi ; accompagnée par un parent ; radio panoramique du mois dernier à récupérer chez le confrère ; devis "
    "remis en main propre ; salle 1 de préférence, l'escalier est difficile ; règlement en deux fois convenu avec le "
    "secrétariat"
)
_LONG_AGO = datetime(2024, 1, 2)  # noqa: DTZ001
_LEAVE, _BLOCK, _MEETINGS = frozenset({7, 38, 81}), 53, frozenset({3, 67})  # of a hundred events
_NO_BOOKINGS = _LEAVE | {_BLOCK} | _MEETINGS
_MISTYPED = frozenset({35, 60})  # of which one comes on each of the two next days
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


def entry(number: int, revision: int, today: date, edited: datetime = _LONG_AGO) -> Entry:
    """As it stands since it was last `edited` (UTC), for revisions after the first. Leave lies on Saturdays,
    blocks and meetings at noon and before the first patient: nobody is booked there."""
    midnight = _midnight(_day(number // A_DAY, today))
    stamp = edited if revision else _LONG_AGO + timedelta(minutes=number)
    kind = number % 100
    if kind in _LEAVE:
        saturday = midnight + timedelta(days=5 - midnight.weekday())
        end = saturday + timedelta(days=1)
        return Entry(number, revision, "Congés", "", saturday, end, stamp, whole_day=True)
    if kind == _BLOCK:
        start = midnight + timedelta(hours=12, minutes=30)
        return Entry(number, revision, "Bloqué", "Motif : réunion fournisseur", start, start + 2 * HALF, stamp)
    if kind in _MEETINGS:
        start = midnight + timedelta(hours=8 if kind == 3 else 13)
        return Entry(number, revision, "Réunion d'équipe", "Salle 2", start, start + HALF, stamp, repeats=True)
    return _booking(number, revision, midnight, stamp)


def coming(number: int) -> bool:
    """Whether it is a booking that is to come: what is judged, where the past is only read."""
    return number // A_DAY % 4 == 3 and number % 100 not in _NO_BOOKINGS


def reminder_hours(now: datetime) -> int:
    """So many hours before a booking that the reminders of all that begin until the evening of the second working day
    are due, and no other falls due until that night is over, however long the measuring takes by day."""
    evening = datetime.combine(_working(now.date(), 2), time(20, 30), now.tzinfo)
    return int((evening - now).total_seconds() // 3600)


def morning(today: date, zone: tzinfo) -> datetime:
    """Ten o'clock of that day, or of the Monday after a weekend: somebody is at work, and no digest is due."""
    day = today + timedelta(days=max(0, 7 - today.weekday()) if today.weekday() > 4 else 0)
    return datetime.combine(day, time(10), zone)


def directory(patients: int = PATIENTS) -> str:
    """Every patient, as CSV."""
    rows = ["nom;prénom;naissance;mobile;email;adresse;dentiste"]
    for patient in range(patients):
        who = (*_name(patient), f"{_born(patient):%d/%m/%Y}", _mobile(patient), _email(patient), _address(patient))
        rows.append(";".join((*who, "Dr Claire Martin")))
    return "\n".join(rows) + "\n"


def etag(number: int, revision: int) -> str:
    """A strong ETag."""
    return f'"{hashlib.sha256(f"{number}:{revision}".encode()).hexdigest()[:32]}"'


def _day(block: int, today: date) -> date:
    """The working day of the n-th eighteen: each fourth is to come."""
    quarter, rest = divmod(block, 4)
    return _working(today, quarter + 1 if rest == 3 else -(3 * quarter + rest + 1))


def _working(today: date, steps: int) -> date:
    """So many working days from today."""
    monday = today - timedelta(days=today.weekday())
    weeks, weekday = divmod(min(today.weekday(), 4) + steps, 5)
    return monday + timedelta(weeks=weeks, days=weekday)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def _booking(number: int, revision: int, midnight: datetime, stamp: datetime) -> Entry:
    dice = random.Random(f"{number}")  # noqa: S311 - the same calendar at every run is the point
    patient, (motif, minutes) = dice.randrange(PATIENTS), dice.choice(_MOTIFS)
    slot = number * 7 % A_DAY
    start = midnight + timedelta(hours=8, minutes=30) + slot * HALF + (3 * HALF if slot >= 8 else 0 * HALF)
    name = " ".join(_name(patient))
    lines = (
        f"Né(e) le : {_born(patient):%d/%m/%Y}",
        f"Mobile : {_mobile(patient)[:-3] if number % 100 in _MISTYPED else _mobile(patient)}",
        f"E-mail : {_email(patient)}",
        f"Adresse : {_address(patient)}",
        "Suivi",
        "Dentiste : Dr Martin",
        f"Commentaire : {_COMMENT} ({revision})",
    )
    end = start + timedelta(minutes=minutes)
    return Entry(number, revision, f"{name} – {motif}", "\n".join(lines), start, end, stamp)


# --- the patients ----------------------------------------------------------------------------------------------------


def _name(patient: int) -> tuple[str, str]:
    """Of those beyond PATIENTS each has two given names."""
    number = patient % NAMES if patient < PATIENTS else patient - PATIENTS
    turns, given = divmod(number // len(_FAMILIES), len(_GIVEN))
    second = "" if patient < PATIENTS else f"-{_GIVEN[(given + turns + 1) % len(_GIVEN)]}"
    return _FAMILIES[number % len(_FAMILIES)], f"{_GIVEN[given]}{second}"


def _born(patient: int) -> date:
    return date(1940, 1, 1) + timedelta(days=patient * 8 % 29_000)


def _mobile(patient: int) -> str:
    """In ranges that are given out: others count as mistyped."""
    return f"06 12 {35 + patient // 10_000} {patient // 100 % 100:02} {patient % 100:02}"


def _email(patient: int) -> str:
    return f"p{patient}@example.org"


def _address(patient: int) -> str:
    return f"{patient % 98 + 1} rue des Lilas, 75020 Paris"
