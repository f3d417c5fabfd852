"""The directory at the prompt, with a real calendar beside it: seen, united, forgotten (P3, P5)."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow


def test_p03_p05_a_patient_is_shown_and_erased_and_does_not_come_back(practice: "Practice") -> None:
    event = practice.confirmed()
    card = practice.json("patients", "show", "dupont")
    assert (card["name"], card["dentist"], card["provisional"]) == ("DUPONT Marie", "martin", True)
    assert [row["state"] for row in card["coming"]] == ["valid"]
    erased = practice.json("patients", "erase", "dupont", "--yes")
    assert [one["dentist"] for one in erased["events"]] == ["martin"]
    held = b"".join(one.read_bytes() for one in practice.folder.glob("*.db*"))
    assert held
    assert not [sign for sign in (b"upont", b"UPONT", b"612345678", b"marie@example.org") if sign in held]
    practice.sync()
    practice.attitre("patients", "show", "dupont", said=1)
    practice.martin.deletes(event)
    practice.sync()
    practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


def test_p05_two_records_of_one_person_become_one_and_she_keeps_her_booking(practice: "Practice") -> None:
    practice.knows("DURANT;Hélène;03/07/1968;;durant@example.org;8 avenue Gambetta, 75020 Paris;martin")
    event = practice.martin.books("DURAND Hélène – contrôle", practice.at(9), 20)
    practice.sync()
    assert practice.martin.sees(event).title.startswith("✓ ")
    kept, double = (practice.json("patients", "search", name)[0]["id"] for name in ("durand", "durant"))
    refused = practice.attitre("patients", "merge", str(kept), str(double))
    assert "Aperçu seulement" in refused.stdout
    practice.attitre("patients", "merge", str(double), str(kept), "--yes")
    practice.sync()
    practice.sync()
    card = practice.json("patients", "show", str(kept))
    assert (card["id"], card["mobile"], len(card["coming"])) == (double, "+33612345702", 1)
    assert len(practice.sms()) == 1
