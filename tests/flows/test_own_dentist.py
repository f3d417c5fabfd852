"""Each patient with their own dentist, nobody twice in a slot (P2, P10, P16, P23, P49)."""

from typing import TYPE_CHECKING

import pytest

from demo.secretary import Event

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
AGREED = "Accord patient : oui (tél. 12/05)"


def test_p16_p23_p49_another_dentist_is_refused_until_the_patient_agrees(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("LEROY Jean – contrôle", practice.at(9), 20, "Suivi")
    practice.sync()
    refused = practice.martin.sees(event)
    assert refused.title == "⚠ LEROY Jean – contrôle"
    assert "✗ LEROY Jean est suivi(e) par Dr Paul Bernard, pas par Dr Claire Martin." in refused.block
    assert practice.sms() == []
    practice.martin.writes(event, "Suivi", f"Suivi\n{AGREED}")
    practice.sync()
    assert "✓ Accord du patient noté pour Dr Claire Martin" in practice.martin.sees(event).block
    assert len(practice.sms()) == 1


def test_p49_no_setting_makes_another_dentist_silent(practice: "Practice") -> None:
    practice.sets("sync:", "rules: {dentist-unasked: off, patient-duplicate: off}\nsync:")
    practice.knows()
    practice.martin.books("LEROY Jean – contrôle", practice.at(9), 20)
    practice.sync()
    assert practice.sms() == []


def moved(practice: "Practice", event: Event, *, delete_first: bool) -> None:
    """The same event, in Dr Bernard's calendar; the two changes are seen in two passes."""
    uid = event.url.rpartition("/")[2].removesuffix(".ics")

    def arrive() -> None:
        practice.bernard.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new, uid=uid)

    def leave() -> None:
        practice.martin.deletes(event)

    first, second = (leave, arrive) if delete_first else (arrive, leave)
    first()
    practice.sync()
    second()
    practice.sync()
    practice.sync()


@pytest.mark.parametrize("delete_first", [True, False])
def test_p02_g03_moved_to_another_calendar_checks_the_dentist_and_cancels_nothing(
    practice: "Practice", delete_first: bool
) -> None:
    practice.sets("settle_change_seconds: 0", "settle_change_seconds: 60")
    moved(practice, practice.confirmed(), delete_first=delete_first)
    (there,) = practice.bernard.everything()
    assert there.title.startswith("⚠ ")
    assert "est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard" in there.block
    assert len(practice.sms()) == 1


def test_p10_the_later_booking_is_blocked_and_the_earlier_warned(practice: "Practice") -> None:
    earlier = practice.confirmed()
    practice.knows()
    later = practice.martin.books("DURAND Hélène – contrôle", practice.at(9, 45), 20)
    practice.sync()
    assert "✗ Ce créneau est déjà pris" in practice.martin.sees(later).block
    assert practice.martin.sees(later).title.startswith("⚠ ")
    assert "! Un rendez-vous pris ensuite est à la même heure" in practice.martin.sees(earlier).block
    assert practice.martin.sees(earlier).title.startswith("✓ ")
    assert len(practice.sms()) == 1


def test_p10_a_private_event_says_only_busy(practice: "Practice") -> None:
    practice.knows()
    private = practice.martin.books("Notaire divorce", practice.at(9), 60, extra="CLASS:PRIVATE\n")
    event = practice.martin.books("DURAND Hélène – contrôle", practice.at(9, 15), 20)
    practice.sync()
    block = practice.martin.sees(event).block
    assert "✗ Ce créneau est déjà pris" in block
    assert "occupé" in block.lower()
    assert "otaire" not in block
    assert practice.martin.sees(private).raw == private.raw


def test_p09_outside_hours_is_refused(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("DURAND Hélène – contrôle", practice.at(13), 20)
    practice.sync()
    answer = practice.martin.sees(event)
    assert "Dr Claire Martin ne reçoit pas à cette heure" in answer.block
    assert answer.title.startswith("⚠ ")
    assert practice.sms() == []


def test_d05_a_copied_event_is_a_booking_of_its_own(practice: "Practice") -> None:
    original = practice.martin.sees(practice.confirmed())
    copy = practice.martin.books("✓ DUPONT Marie – détartrage", practice.at(15), 45, original.text)
    practice.sync()
    practice.sync()
    assert practice.martin.sees(copy).hers == original.hers
    assert "à 15 h, 45 min" in practice.martin.sees(copy).block
    assert "15h" in practice.sms()[1]
    assert len(practice.sms()) == 2
