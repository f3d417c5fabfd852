"""Free times in the event and at the prompt, the urgency of a motif, the dentist of the visits (P9 to P11, P27)."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rules.text.french import day_and_clock

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
HELENE = "DURAND Hélène"
NEEDED = " (seulement avec l'accord du patient)"


def proposed(block: str) -> list[str]:
    """The lines offered below the findings."""
    beside = [told for line in re.findall(r"(?m)[.?] → (.*)$", block) for told in line.split(" → ")]
    return re.findall(r"(?m)^  → (.*)$", block) + beside


def test_p11_a_motif_that_cannot_wait_is_warned_with_earlier_times_and_taken_at_one_of_them(
    practice: "Practice",
) -> None:
    practice.knows()
    event = practice.martin.books(f"{HELENE} – douleur", practice.at(10), 20, "Suivi")
    practice.sync()
    seen = practice.martin.sees(event)
    assert "! « Douleur » ne devrait pas attendre plus de 2 jours." in seen.block
    assert seen.title.startswith("✓ ")
    offered = proposed(seen.block)
    assert [line.partition(", ")[2] for line in offered] == [*["Dr Claire Martin"] * 3, f"Dr Paul Bernard{NEEDED}"]
    free = practice.json("slots", "--motif", "urgence", "--dentist", "Dr Martin")
    sooner = datetime.fromisoformat(free[-1]["start"])
    practice.martin.moves(event, sooner, 20)
    practice.sync()
    seen = practice.martin.sees(event)
    assert "ne devrait pas attendre" not in seen.block
    assert proposed(seen.block) == []
    assert day_and_clock(sooner) in seen.block
    assert "déplacé" in practice.sms()[1]


def test_p11_p24_the_prompt_and_the_event_name_the_same_times(practice: "Practice") -> None:
    practice.knows()
    practice.martin.books("Urgence réservée", practice.at(8, 30), 60)
    practice.martin.books("Réunion", practice.at(9, 30), 120)
    late = practice.martin.books(f"{HELENE} – contrôle", practice.at(7), 20, "Suivi")
    practice.sync()
    (first, *_) = proposed(practice.martin.sees(late).block)
    assert first == f"{day_and_clock(practice.at(11, 30))}, Dr Claire Martin"
    when = practice.at(8) - timedelta(hours=1)
    practice.sync(when=when)

    def starts(motif: str) -> datetime:
        done = practice.attitre("slots", "--motif", motif, "--dentist", "martin", "--json", when=when)
        return datetime.fromisoformat(re.search(r'"start": "([^"]+)"', done.stdout)[1])  # type: ignore[index]

    assert starts("contrôle") == practice.at(11, 30)
    assert starts("urgence") == practice.at(8, 30)
    table = practice.attitre("slots", "--motif", "nettoyage", "--first", when=when).stdout
    assert "Prochains créneaux libres, Détartrage – première consultation (45 min)" in table
    unknown = practice.attitre("slots", "--motif", "couronne", said=1)
    assert "Motif « couronne » inconnu. Les plus proches :" in unknown.stderr


def test_p24_with_another_dentist_the_own_one_s_times_are_named_and_taken(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("LEROY Jean – contrôle", practice.at(10), 20, "Suivi")
    practice.sync()
    offered = proposed(practice.martin.sees(event).block)
    moments = [day_and_clock(practice.at(10, minute)) for minute in (0, 20, 40)]
    assert offered == [f"{moment}, Dr Paul Bernard" for moment in moments]
    assert practice.sms() == []
    uid = event.url.rpartition("/")[2].removesuffix(".ics")
    practice.martin.deletes(event)
    taken = practice.bernard.books("LEROY Jean – contrôle", practice.at(10), 20, "Suivi", uid=uid)
    practice.sync()
    practice.sync()
    assert practice.bernard.sees(taken).title == "✓ LEROY Jean – contrôle"
    (sms,) = practice.sms()
    assert "10h avec le Dr Bernard" in sms


def test_p09_p24_on_leave_the_next_day_of_the_own_dentist_and_others_with_agreement(practice: "Practice") -> None:
    practice.knows()
    practice.martin.books("Congés", practice.at(0), 24 * 60)
    event = practice.martin.books(f"{HELENE} – contrôle", practice.at(10), 20, "Suivi")
    practice.sync()
    offered = proposed(practice.martin.sees(event).block)
    assert offered[0].endswith(" à 8 h 30, Dr Claire Martin")
    assert day_and_clock(practice.at(10)) not in offered[0]
    assert offered[-1] == f"{day_and_clock(practice.at(10))}, Dr Paul Bernard{NEEDED}"
    block = practice.martin.sees(event).block
    practice.sync()
    assert practice.martin.sees(event).block == block


def test_p10_the_other_event_taken_out_the_later_one_is_confirmed(practice: "Practice") -> None:
    practice.knows()
    meeting = practice.martin.books("Réunion", practice.at(9, 30), 60)
    event = practice.martin.books(f"{HELENE} – contrôle", practice.at(10), 20, "Suivi")
    practice.sync()
    assert "✗ Ce créneau est déjà pris : Réunion (9 h 30 – 10 h 30)." in practice.martin.sees(event).block
    assert practice.sms() == []
    practice.martin.deletes(meeting)
    practice.sync()
    assert practice.martin.sees(event).title.startswith("✓ ")
    assert len(practice.sms()) == 1


def test_p27_where_the_visits_were_with_another_dentist_the_follow_up_says_so(practice: "Practice") -> None:
    practice.knows()
    agreed = "Suivi\nAccord patient : oui (tél. 12/05)"
    practice.bernard.books(f"{HELENE} – contrôle", practice.at(10), 20, agreed)
    practice.sync()
    after = practice.at(10) + timedelta(days=1)
    practice.sync(when=after)
    following = practice.martin.books(f"{HELENE} – détartrage", practice.at(10) + timedelta(days=7), 30, "Suivi")
    practice.sync(when=after + timedelta(minutes=10))
    seen = practice.martin.sees(following)
    said = "! Dentiste attitré : Dr Claire Martin, mais les dernières visites étaient avec Dr Paul Bernard."
    assert said in seen.block
    assert seen.title.startswith("✓ ")
    assert "✗" not in seen.block


def test_p47_absent_typed_before_the_hour_says_what_frees_the_slot(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books(f"{HELENE} – contrôle", practice.at(10), 20, "Suivi")
    practice.sync()
    practice.martin.writes(event, "Suivi", "Suivi\nAbsente")
    practice.sync()
    seen = practice.martin.sees(event)
    assert seen.title.startswith("⚠ ")
    (instead,) = proposed(seen.block)
    assert instead.startswith("Annulé par le patient le ")
    assert len(practice.sms()) == 1
    practice.martin.writes(event, "Absente", instead)
    practice.sync()
    assert "✓ Annulation notée" in practice.martin.sees(event).block
    assert "✓ Absence excusée notée" in practice.martin.sees(event).block
    assert "annulé" in practice.sms()[1].lower()
