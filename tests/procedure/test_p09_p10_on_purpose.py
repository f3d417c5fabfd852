"""P9 and P10 with ruling 18: what she means on purpose is noted, for this booking and this time; P23 never."""

from pathlib import Path

import pytest

from tests.desk import LUC, MARIE, Desk, make_desk

MEANT = "✓ Créneau confirmé noté pour mardi 1er décembre à 10 h."


@pytest.fixture
def known(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE, LUC])


@pytest.mark.parametrize(
    "line",
    ["Créneau confirmé", "créneau confirmé : oui", "Créneau confirmé : oui (vu avec Dr Martin)", "entre deux",
     "06 12 34 56 78, créneau confirmé", "Créneau voulu : x"],
)  # fmt: skip
def test_p10_an_overlap_that_is_meant_is_a_note(known: Desk, line: str) -> None:
    known.books("MOREAU Luc – contrôle", at="01/12 10:00")
    event = known.books("DUPONT Marie – détartrage", line, at="01/12 10:00")
    assert event.confirmed, event.reads
    assert MEANT in event.said("✓")
    assert "✓ Ce créneau est déjà pris : MOREAU Luc (10 h – 10 h 20)." in event.said("✓")
    assert event.said("✗", "!") == event.proposed == []


@pytest.mark.parametrize(
    "line", ["Créneau confirmé : non", "Créneau confirmé : à voir", "Commentaire : créneau confirmé"]
)
def test_p10_nothing_less_than_a_yes(known: Desk, line: str) -> None:
    known.books("MOREAU Luc – contrôle", at="01/12 10:00")
    assert known.books("DUPONT Marie – détartrage", line, at="01/12 10:00").mark == "⚠ "


@pytest.mark.parametrize("at", ["01/12 20:00", "01/12 12:30", "05/12 10:00", "25/12 10:00"])
def test_p09_an_hour_that_is_meant_is_a_note(known: Desk, at: str) -> None:
    event = known.books("DUPONT Marie – détartrage", at=at)
    assert event.mark == "⚠ "
    event.adds("hors horaires voulu")
    assert event.confirmed, event.reads


def test_p10_a_second_visit_the_same_day_is_a_note(known: Desk) -> None:
    known.books("DUPONT Marie – détartrage", at="01/12 10:00")
    again = known.books("DUPONT Marie – détartrage", "Créneau confirmé", at="01/12 15:00")
    assert (again.confirmed, again.said("✗", "!")) == (True, [])


def test_p10_ruling18_moved_it_counts_no_more_until_it_is_said_of_the_new_time(known: Desk) -> None:
    known.books("MOREAU Luc – contrôle", at="01/12 10:00")
    known.books("LEROY Jean – contrôle", "Nouveau patient", at="02/12 10:00")
    event = known.books("DUPONT Marie – détartrage", "Créneau confirmé", at="01/12 10:00")
    assert event.confirmed
    event.moves(at="05/12 10:00")
    assert event.mark == "⚠ "
    assert event.said("!") == [
        "! « Créneau confirmé » ne vaut pas pour cette heure : il a été tapé pour mardi 1er décembre à 10 h. "
        "S'il est voulu, tapez « Créneau confirmé : oui (samedi 5 décembre à 10 h) »."
    ]
    event.retypes("Créneau confirmé : oui (samedi 5 décembre à 10 h)")
    assert event.confirmed, event.reads


def test_p10_ruling18_back_at_its_time_it_counts_again(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Créneau confirmé", at="01/12 20:00")
    event.moves(at="05/12 10:00")
    assert event.mark == "⚠ "
    event.moves(at="01/12 20:00")
    assert event.confirmed


def test_p10_ruling18_a_pasted_copy_brings_none(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Créneau confirmé", at="01/12 20:00")
    calendar = known.office.calendars["martin"]
    body = calendar.get(f"{event.uid}.ics")
    assert body is not None
    calendar.put("copie.ics", body.payload.replace(event.uid.encode(), b"copie").replace(b"20261201", b"20261208"))
    known.waits(minutes=1)
    block = known.office.block("copie")
    assert block.startswith("⚠ ")
    assert "« Créneau confirmé » ne vaut pas pour cette heure : il vient d'un événement copié." in block


def test_p23_p49_it_is_no_agreement_to_another_dentist(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Créneau confirmé : oui", dentist="bernard")
    assert event.mark == "⚠ "
    assert "est suivi(e) par Dr Claire Martin" in event.wrong[0]


def test_p09_a_dentist_on_leave_stays_refused(known: Desk) -> None:
    known.keeps_days("Congés", "01/12", "01/12")
    assert known.books("DUPONT Marie – détartrage", "Créneau confirmé").mark == "⚠ "


def test_p10_where_nothing_is_doubted_nothing_is_noted(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Créneau confirmé")
    assert event.confirmed
    assert MEANT not in event.said("✓")
