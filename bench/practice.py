"""Deterministic calendars of a practice: event n of revision r is the same bytes everywhere. No real person."""

from __future__ import annotations

import hashlib
import random
from datetime import date, datetime, timedelta

_FAMILIES = ("MARTIN", "BERNARD", "DUBOIS", "LEFÈVRE", "MOREAU", "GARNIER", "ROUSSEAU", "FAURE", "CHEVALIER", "PERRIN")
_GIVEN = ("Marie", "Jean", "Hélène", "Paul", "Chloé", "Luc", "Anaïs", "Noé", "Inès", "Jean-Baptiste")
_MOTIFS = ("Détartrage", "Contrôle", "Douleur")
_ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n"
    "DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n"
    "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def event(number: int, revision: int, today: date) -> bytes:
    """One resource of about 1.4 KB: a booking, or one in fifty a repeated meeting, one in thirty a leave."""
    dice = random.Random(f"{number}")  # noqa: S311 - the same calendar at every run is the point
    day = today + timedelta(days=number % 700 - 350)
    start = datetime(day.year, day.month, day.day, 8, 30) + timedelta(minutes=20 * dice.randrange(28))  # noqa: DTZ001
    stamp = f"{datetime(2026, 1, 2) + timedelta(minutes=number, days=revision):%Y%m%dT%H%M%SZ}"  # noqa: DTZ001
    head = f"BEGIN:VEVENT\r\nCREATED:{stamp}\r\nLAST-MODIFIED:{stamp}\r\nDTSTAMP:{stamp}\r\nUID:{number}@bench\r\n"
    body = _leave(day) if number % 30 == 7 else _meeting(start) if number % 50 == 3 else _booking(dice, start, revision)
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//FR\r\n{_ZONE}{head}{body}"
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Rappel\r\nEND:VALARM\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def etag(number: int, revision: int) -> str:
    """A strong ETag."""
    return f'"{hashlib.sha256(f"{number}:{revision}".encode()).hexdigest()[:32]}"'


def _booking(dice: random.Random, start: datetime, revision: int) -> str:
    family, given, motif = dice.choice(_FAMILIES), dice.choice(_GIVEN), dice.choice(_MOTIFS)
    text = (
        f"Né(e) le : {dice.randrange(1, 29):02}/{dice.randrange(1, 13):02}/{dice.randrange(1940, 2010)}\\n"
        f"Mobile : 06 39 98 {dice.randrange(100):02} {dice.randrange(100):02}\\n"
        f"E-mail : p{dice.randrange(9999)}@example.org\\n"
        f"Adresse : {dice.randrange(1, 99)} rue des Lilas\\, 75020 Paris\\n"
        f"Suivi\\nDentiste : Dr Martin\\nCommentaire : prévoir un peu plus de temps ({revision})."
    )
    return f"SUMMARY:{family} {given} – {motif}\r\n{_times(start, 30)}DESCRIPTION:{text}\r\n"


def _meeting(start: datetime) -> str:
    rule = "RRULE:FREQ=WEEKLY;COUNT=26\r\n"
    skipped = f"EXDATE;TZID=Europe/Paris:{start + timedelta(weeks=3):%Y%m%dT%H%M%S}\r\n"
    return f"SUMMARY:Réunion d'équipe\r\n{_times(start, 30)}{rule}{skipped}"


def _leave(day: date) -> str:
    end = day + timedelta(days=1)
    return f"SUMMARY:Congés\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nDTEND;VALUE=DATE:{end:%Y%m%d}\r\n"


def _times(start: datetime, minutes: int) -> str:
    end = start + timedelta(minutes=minutes)
    return f"DTSTART;TZID=Europe/Paris:{start:%Y%m%dT%H%M%S}\r\nDTEND;TZID=Europe/Paris:{end:%Y%m%dT%H%M%S}\r\n"
