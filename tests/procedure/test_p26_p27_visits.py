"""P8, P26 and P27 with ruling 4: the first visit is longer, the follow-up is with the dentist of the visits before."""

import re

from msgspec.structs import replace

from sync.store import patients
from tests.desk import MARIE, NEW, Desk


def visited(desk: Desk, dentist: str, at: str = "25/11 10:00") -> None:
    """Marie was seen once by that dentist; it is the day after."""
    text = "" if dentist == "martin" else "Accord patient : oui (tél.)"
    desk.books("DUPONT Marie – contrôle", text, at=at, minutes=20, dentist=dentist)
    desk.waits(days=2)


# --- P8, P26: the length ---------------------------------------------------------------------------------------------


def test_p26_p08_a_first_visit_stands_in_the_motif_and_is_longer(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage, première consultation", NEW)
    assert event.length == 45
    assert "– Détartrage – première consultation" in event.reads
    assert "✓ Durée portée à 45 min pour « Détartrage – première consultation »." in event.reads
    assert "mardi 1er décembre à 10 h, 45 min, Dr Claire Martin" in event.reads
    assert "45 min" in desk.mails()[0]
    assert "Détartrage – première consultation" in desk.mails()[0]


def test_p08_p26_a_follow_up_has_the_motif_s_own_length(known: Desk) -> None:
    visited(known, "martin")
    event = known.books("DUPONT Marie – détartrage", minutes=60)
    assert event.length == 30
    assert "Détartrage" in re.split("\n| – ", event.reads)


def test_p08_a_length_that_is_right_is_left_alone(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage")
    assert event.length == 30
    assert "Durée" not in event.reads


def test_p08_typed_it_is_kept(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Durée : 60 min", minutes=60)
    assert event.length == 60
    assert event.said("!") == [
        "! Durée 60 min, 30 min prévues pour « Détartrage » : gardée, car « Durée : 60 min » est tapé."
    ]
    assert event.confirmed


def test_p08_ruling4_a_length_she_chose_afterwards_is_kept_and_noted(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", minutes=60)
    assert event.length == 30
    event.moves(minutes=50)
    assert event.length == 50
    assert event.said("!") == ["! Durée 50 min, 30 min prévues pour « Détartrage » : gardée, car vous l'avez choisie."]


def test_p08_it_never_runs_into_the_next_appointment(two: Desk) -> None:
    two.books("MOREAU Luc – contrôle", at="01/12 10:20", minutes=20)
    event = two.books("DUPONT Marie – détartrage", minutes=20)
    assert event.length == 20
    assert event.said("!") == [
        "! Durée 20 min, 30 min prévues pour « Détartrage » : le rendez-vous suivant commence à 10 h 20."
    ]


def test_p08_it_never_runs_past_closing_time(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", at="01/12 12:15", minutes=15)
    assert event.length == 15
    assert event.said("!") == ["! Durée 15 min, 30 min prévues pour « Détartrage » : le cabinet ferme à 12 h 30."]


def test_p08_a_place_kept_free_is_not_in_the_way(known: Desk) -> None:
    known.books("Libre", at="01/12 10:00", minutes=60)
    assert known.books("DUPONT Marie – détartrage", minutes=20).length == 30


def test_p08_two_lengths_asked_at_once_are_one_write_and_one_message(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage, première consultation", NEW)
    writes = desk.office.calendars["martin"].writes
    desk.waits(hours=1)
    assert desk.office.calendars["martin"].writes == writes
    assert len(desk.sms()) == 1


# --- P27: the same dentist -------------------------------------------------------------------------------------------


def test_p27_the_follow_up_with_the_dentist_of_the_visits_is_told_nothing(known: Desk) -> None:
    visited(known, "martin")
    event = known.books("DUPONT Marie – détartrage")
    assert event.confirmed
    assert event.said("✗", "!") == []


def test_p27_where_directory_and_visits_disagree_that_is_a_warning(known: Desk) -> None:
    visited(known, "bernard")
    event = known.books("DUPONT Marie – détartrage")
    assert event.said("✗", "!") == [
        "! Dentiste attitré : Dr Claire Martin, mais les dernières visites étaient avec Dr Paul Bernard."
    ]
    assert event.confirmed


def test_p27_p23_with_the_dentist_of_the_visits_the_agreement_is_still_asked_for(known: Desk) -> None:
    visited(known, "bernard")
    event = known.books("DUPONT Marie – détartrage", dentist="bernard")
    assert event.wrong[0].startswith("✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard.")
    assert (
        "! Dentiste attitré : Dr Claire Martin, mais les dernières visites étaient avec Dr Paul Bernard." in event.reads
    )


def test_p27_the_warning_ends_when_the_directory_is_corrected(known: Desk) -> None:
    visited(known, "bernard")
    with known.office.world.store.write() as tx:
        [one] = patients.every(tx)
        patients.save(tx, replace(one, dentist="bernard"), known.office.now, "fiche")
    event = known.books("DUPONT Marie – détartrage", dentist="bernard")
    assert event.said("✗", "!") == []


def test_p27_a_missed_appointment_is_no_visit(known: Desk) -> None:
    missed = known.books("DUPONT Marie – contrôle", "Accord patient : oui (tél.)", at="25/11 10:00", minutes=20,
                         dentist="bernard")  # fmt: skip
    known.waits(days=2)
    missed.adds("Absent")
    assert "visites" not in known.books("DUPONT Marie – détartrage").reads
    assert MARIE.dentist == "martin"


def test_p07_p27_a_follow_up_without_any_visit_is_questioned(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Suivi")
    assert event.said("!")[0].endswith("Vérifiez : première consultation ou suivi ?")
