"""P16, P23, P24 and P49 with ruling 10: never with another dentist without the patient's agreement to that one."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from rules.model import Severity
from sync.store import bookings, consents
from tests.desk import MARIE, SURGERY, Desk, Event, make_desk
from tests.office import PARIS

OTHER = (
    "✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard. Déplacez le rendez-vous dans son "
    "agenda, ou, si le patient est d'accord, tapez « Accord patient : oui (quand, comment) »."
)
AGREED = "Accord patient : oui (tél. 24/11)"
NEEDED = " (seulement avec l'accord du patient)"


def with_bernard(desk: Desk, text: str = "", **more: object) -> Event:
    return desk.books("DUPONT Marie – détartrage", text, **({"dentist": "bernard"} | more))  # type: ignore[arg-type]


# --- refused ---------------------------------------------------------------------------------------------------------


def test_p16_with_their_own_dentist_nothing_is_said(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage")
    assert event.confirmed
    assert event.said("✗", "!") == []


def test_p23_with_another_it_is_refused_and_the_patient_hears_nothing(known: Desk) -> None:
    event = with_bernard(known)
    assert event.wrong == [OTHER]
    assert event.mark == "⚠ "
    assert known.sms() == known.mails() == []


def test_p23_it_stays_refused_whatever_the_yaml_says(known: Desk) -> None:
    off = replace(SURGERY.policy, severities=dict.fromkeys(("dentist-other", "consent-void"), Severity.OFF))
    known.runs(replace(SURGERY, policy=off))
    assert with_bernard(known).wrong == [OTHER]
    assert known.sms() == []


def test_p24_the_own_dentist_s_times_come_first_then_others_with_agreement(known: Desk) -> None:
    event = with_bernard(known)
    assert event.proposed == [
        "mardi 1er décembre à 10 h, Dr Claire Martin",
        "mardi 1er décembre à 10 h 30, Dr Claire Martin",
        "mardi 1er décembre à 11 h, Dr Claire Martin",
        f"mardi 1er décembre à 10 h, Dr Linh Nguyen{NEEDED}",
    ]


def test_p24_the_own_dentist_being_away_another_day_with_them_is_proposed(known: Desk) -> None:
    known.keeps_days("Congés", "30/11", "04/12")
    event = with_bernard(known)
    assert event.proposed[0] == "lundi 7 décembre à 8 h 30, Dr Claire Martin"


def test_p24_moved_into_the_own_dentist_s_calendar_it_is_confirmed(known: Desk) -> None:
    event = with_bernard(known)
    event.moves(dentist="martin")
    assert event.confirmed
    assert event.said("✗", "!") == []
    assert "avec le Dr Martin" in known.sms()[0]


def test_p24_the_own_dentist_without_a_free_time_is_said(known: Desk) -> None:
    known.keeps_days("Congé maternité", "30/11", "30/04/2027")
    event = with_bernard(known)
    assert event.proposed == [f"mardi 1er décembre à 10 h, Dr Linh Nguyen{NEEDED}"]


# --- agreed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (AGREED, "tél. 24/11"),
        ("Accord patient : oui", "oui"),
        ("accord du patient = Oui, par téléphone le 24/11 (Sylvie)", "par téléphone le 24/11 (Sylvie)"),
        ("Accord patient : oui (Dr Bernard, au comptoir)", "Dr Bernard, au comptoir"),
    ],
)
def test_p23_the_agreement_in_the_entry_is_noted_with_its_words(known: Desk, line: str, detail: str) -> None:
    event = with_bernard(known, line)
    assert event.confirmed
    assert event.said("✗", "!") == []
    assert f"✓ Accord du patient noté pour Dr Paul Bernard : {detail}." in event.reads
    assert "avec le Dr Bernard" in known.sms()[0]


def test_p23_it_is_kept_in_the_history_for_that_booking_and_dentist(known: Desk) -> None:
    event = with_bernard(known, AGREED)
    with known.office.world.store.read() as tx:
        [booking] = bookings.with_uid(tx, event.uid, "", PARIS)
        assert consents.of(tx, booking.id) == ("bernard",)
    event.retypes("")
    with known.office.world.store.read() as tx:
        assert consents.of(tx, booking.id) == ("bernard",)  # what was agreed to once stays on record
    assert event.wrong == [OTHER]


def test_p23_the_patient_stays_their_own_dentist_s(known: Desk) -> None:
    with_bernard(known, AGREED)
    assert [one.dentist for one in known.directory()] == ["martin"]
    assert with_bernard(known, at="15/12 10:00").wrong[-1] == OTHER


@pytest.mark.parametrize(
    "line",
    [
        "Accord patient : non",
        "Accord patient :",
        "Accord patient : à demander",
        "Accord patient : je crois",
        "Accord patient : oui ou non ?",
        "Accord patient : peut-être",
        "Commentaire : le patient est d'accord pour voir Dr Bernard",
        "Commentaire : accord patient oui",
        "Patient d'accord",
        "Sans préférence",
    ],
)
def test_p23_ruling10_nothing_else_is_an_agreement(known: Desk, line: str) -> None:
    event = with_bernard(known, line)
    assert OTHER in event.wrong
    assert known.sms() == []


def test_p23_an_agreement_to_another_dentist_does_not_count(known: Desk) -> None:
    event = with_bernard(known, "Accord patient : oui (Dr Nguyen, tél. 24/11)")
    assert event.wrong == [
        OTHER,
        "✗ Accord patient : il a été donné pour Dr Linh Nguyen. Redemandez l'accord pour Dr Paul Bernard.",
    ]
    assert "Accord patient : oui (Dr Paul Bernard, quand, comment)" in event.proposed
    assert known.sms() == []


def test_p23_an_agreement_to_a_stranger_does_not_count(known: Desk) -> None:
    assert OTHER in with_bernard(known, "Accord patient : oui pour le Dr Inconnu").wrong


def test_p23_an_agreement_to_an_earlier_booking_that_was_copied_does_not_count(known: Desk) -> None:
    text = f"Suivi\n{AGREED}"
    assert with_bernard(known, text).confirmed
    again = with_bernard(known, text, at="15/12 10:00")
    assert again.wrong == [
        OTHER,
        "✗ Accord patient : copié d'un autre rendez-vous (mêmes mots), il ne vaut pas pour celui-ci. "
        "Redemandez l'accord pour Dr Paul Bernard.",
    ]
    assert len(known.sms()) == 1
    again.retypes("Accord patient : oui (tél. 25/11)")
    assert again.confirmed


def test_p23_ruling20_typed_by_hand_for_three_visits_it_counts_for_each(known: Desk) -> None:
    motifs = ("détartrage", "contrôle", "couronne")
    events = [
        known.books(f"DUPONT Marie – {motif}", AGREED, at=f"{day}/12 10:00", dentist="bernard")
        for motif, day in zip(motifs, ("08", "15", "22"), strict=True)
    ]
    assert [event.confirmed for event in events] == [True] * 3
    assert all("✓ Accord du patient noté pour Dr Paul Bernard : tél. 24/11." in event.reads for event in events)


def test_p23_ruling10_moving_to_a_third_dentist_voids_it(known: Desk) -> None:
    event = with_bernard(known, AGREED)
    event.moves(dentist="nguyen")
    assert event.mark == "⚠ "
    assert event.wrong == [
        OTHER.replace("Dr Paul Bernard", "Dr Linh Nguyen"),
        "✗ Accord patient : il a été donné pour Dr Paul Bernard. Redemandez l'accord pour Dr Linh Nguyen.",
    ]
    assert len(known.sms()) == 1  # the patient keeps what they were told
    event.retypes("Accord patient : oui (Dr Nguyen, tél. 25/11)")
    assert event.confirmed
    assert "Dr Nguyen" in known.sms()[1]


def test_p23_moved_to_another_hour_with_the_same_dentist_it_still_counts(known: Desk) -> None:
    event = with_bernard(known, AGREED)
    event.moves(at="02/12 11:00")
    assert event.confirmed
    assert event.said("✗", "!") == []


def test_p23_taken_back_it_counts_no_more(known: Desk) -> None:
    event = with_bernard(known, AGREED)
    event.retypes("Accord patient : non")
    assert event.wrong == [OTHER]
    assert len(known.sms()) == 1


# --- on every path (P49) ---------------------------------------------------------------------------------------------


def test_p49_dragged_into_another_dentist_s_calendar(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage")
    event.moves(dentist="bernard")
    assert event.wrong == [OTHER]
    assert len(known.sms()) == 1


def test_p49_found_by_a_mobile_alone(known: Desk) -> None:
    event = known.books("06 12 34 56 78 détartrage", dentist="bernard")
    assert OTHER in event.wrong


def test_p49_called_a_new_patient(known: Desk) -> None:
    event = with_bernard(known, "Nouveau patient, sans préférence\nNé(e) le : 12/05/1981")
    assert OTHER in event.wrong
    assert known.sms() == []


def test_p49_typed_as_the_dentist(known: Desk) -> None:
    event = with_bernard(known, "Dentiste : Dr Bernard")
    assert OTHER in event.wrong
    assert known.sms() == []


def test_p49_each_day_of_a_series(known: Desk) -> None:
    event = with_bernard(known, extra="RRULE:FREQ=WEEKLY;COUNT=3")
    assert event.wrong == [OTHER]
    known.waits(days=8)
    assert known.sms() == []


def test_l3_what_one_patient_agreed_to_is_no_agreement_of_another_in_the_same_event(tmp_path: Path) -> None:
    tim = replace(MARIE, given_name="Tim", birth_date=date(2012, 4, 7))
    desk = make_desk(tmp_path, known=[MARIE, tim])
    event = desk.books("DUPONT Marie – contrôle", "Accord patient : oui (tél. 01/03)", dentist="bernard", minutes=20)
    desk.waits(seconds=200)
    assert event.confirmed
    event.retypes(title="DUPONT Tim – contrôle")
    for _ in range(3):
        desk.waits(seconds=200)
        assert event.mark == "⚠ "
    assert ["annulé" in text for text in desk.sms()] == [False, True]
    event.retypes(text="Accord patient : oui (sa mère, le 02/03)")
    desk.waits(seconds=200)
    assert event.confirmed
    assert len(desk.sms()) == 3
