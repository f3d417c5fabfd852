"""The patient did not come, or too late: what she types, what her event answers, what the next one shows (P47, P48)."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow

HELENE = "DURAND Hélène – contrôle"
KNOWN_PATIENT = "Suivi"


def evening(practice: "Practice", days: int = 0) -> datetime:
    """Of the Tuesday, or so many days later."""
    return practice.at(19) + timedelta(days=days)


def test_p47_excused_with_notice_the_day_before_and_rebooked_without_a_remark(practice: "Practice") -> None:
    event = practice.confirmed()
    eve = practice.days.tuesday - timedelta(days=1)
    said = f"Annulé par le patient le {eve:%d/%m} à 18h"
    practice.martin.writes(event, practice.new, f"{practice.new}\n{said}")
    practice.sync()
    block = practice.martin.sees(event).block
    assert f"✓ Absence excusée notée : prévenu le {eve:%d/%m} à 18 h, au moins la veille." in block
    assert "annulé" in practice.sms()[1].lower()
    again = practice.martin.books("DUPONT Marie – détartrage", evening(practice, 7).replace(hour=10), 45, practice.new)
    practice.sync()
    assert "Absence" not in practice.martin.sees(again).text
    (row,) = practice.json("absences")
    assert (row["patient"], row["dentist"], row["class"]) == ("DUPONT Marie", "martin", "excused")
    assert date.fromisoformat(row["date"]) == practice.days.tuesday


def test_p48_not_excused_is_answered_kept_and_remarked_on_the_next_booking_until_corrected(
    practice: "Practice",
) -> None:
    practice.knows()
    event = practice.martin.books(HELENE, practice.at(10), 20, KNOWN_PATIENT)
    following = practice.martin.books(HELENE, practice.at(10) + timedelta(days=7), 20, KNOWN_PATIENT)
    practice.sync()
    sent = len(practice.sms())
    practice.martin.writes(event, KNOWN_PATIENT, f"{KNOWN_PATIENT}\nAbsente")
    practice.sync(when=evening(practice))
    assert "✓ Absence non excusée notée : ne s'est pas présenté(e)." in practice.martin.sees(event).block
    remark = f"Déjà 1 absence non excusée ({practice.days.tuesday:%d/%m/%Y})"
    assert remark in practice.martin.sees(following).block
    assert [row["class"] for row in practice.json("absences")] == ["unexcused"]
    practice.martin.writes(event, "Absente", "Absente excusée")
    practice.sync(when=evening(practice) + timedelta(minutes=10))
    assert "✓ Absence excusée notée : noté par le cabinet." in practice.martin.sees(event).block
    assert "Absence" not in practice.martin.sees(following).text
    assert [row["class"] for row in practice.json("absences")] == ["excused"]
    assert len(practice.sms()) == sent


def test_p48_unclear_words_are_answered_with_what_to_type(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.writes(event, practice.new, f"{practice.new}\nPrévenu hier soir")
    practice.sync(when=evening(practice))
    seen = practice.martin.sees(event)
    assert "! Présence à préciser : « hier soir » n'est pas une date." in seen.block
    assert "« Prévenu le 12/03 à 18h »" in seen.block
    assert practice.json("absences") == []
    practice.martin.writes(event, "Prévenu hier soir", "Absent\nArrivé 9:35")
    practice.sync(when=evening(practice) + timedelta(minutes=10))
    seen = practice.martin.sees(event)
    assert "« Absent » et « Arrivé » sont tapés tous les deux" in seen.block
    assert seen.hers.endswith("Absent\nArrivé 9:35")


def test_p48_late_beyond_the_practice_s_own_limit(practice: "Practice") -> None:
    practice.sets("sync: {every_seconds: 1}", "sync: {every_seconds: 1}\nabsences: {late_minutes: 20}")
    event = practice.confirmed()
    practice.martin.writes(event, practice.new, f"{practice.new}\nRetard 20 min")
    practice.sync(when=evening(practice))
    assert "✓ Rendez-vous honoré noté : retard de 20 min." in practice.martin.sees(event).block
    practice.martin.writes(event, "Retard 20 min", "Retard 21 min")
    practice.sync(when=evening(practice) + timedelta(minutes=10))
    assert "✓ Absence non excusée notée : retard de 21 min, sans prévenir." in practice.martin.sees(event).block


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p47_p48_a_deletion_without_a_word_counts_from_when_it_was_seen(practice: "Practice") -> None:
    practice.knows()
    early = practice.martin.books(HELENE, practice.at(10), 20, KNOWN_PATIENT)
    late = practice.martin.books(HELENE, practice.at(15), 20, KNOWN_PATIENT)
    practice.sync()
    practice.martin.deletes(early)
    practice.sync()
    practice.sync(when=practice.at(8))
    practice.martin.deletes(late)
    practice.sync(when=practice.at(8, 30))
    practice.sync(when=practice.at(8, 40))
    assert [row["class"] for row in practice.json("absences")] == ["excused", "unexcused"]


def test_p48_silence_makes_nobody_absent(practice: "Practice") -> None:
    event = practice.confirmed()
    block = practice.martin.sees(event).block
    practice.sync(when=evening(practice))
    practice.sync(when=evening(practice, 3))
    assert practice.json("absences") == []
    assert practice.martin.sees(event).block == block
