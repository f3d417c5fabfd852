"""P9: a slot inside the dentist's opening hours, on no public holiday and in no leave; else the next ones are named."""

import pytest
from msgspec.structs import replace

from tests.desk import NEW, SURGERY, Desk

WITH_AGREEMENT = " (seulement avec l'accord du patient)"


def test_p09_inside_the_opening_hours_nothing_is_said(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", at="01/12 12:00")
    assert event.confirmed
    assert (event.said("✗", "!"), event.proposed) == ([], [])


@pytest.mark.parametrize(
    ("at", "said", "first"),
    [
        ("29/11 10:00", "Dimanche 29 novembre à 10 h : Dr Claire Martin ne reçoit pas à cette heure "
         "(pas de consultation le dimanche).", "lundi 30 novembre à 8 h 30"),
        ("01/12 08:00", "Mardi 1er décembre à 8 h : Dr Claire Martin ne reçoit pas à cette heure "
         "(horaires : 8 h 30 – 12 h 30 et 14 h – 19 h).", "mardi 1er décembre à 8 h 30"),
        ("01/12 12:15", "Mardi 1er décembre à 12 h 15 : Dr Claire Martin ne reçoit pas à cette heure "
         "(horaires : 8 h 30 – 12 h 30 et 14 h – 19 h).", "mardi 1er décembre à 14 h"),
        ("01/12 18:45", "Mardi 1er décembre à 18 h 45 : Dr Claire Martin ne reçoit pas à cette heure "
         "(horaires : 8 h 30 – 12 h 30 et 14 h – 19 h).", "mercredi 2 décembre à 8 h 30"),
    ],
)  # fmt: skip
def test_p09_outside_the_hours_is_refused_with_the_next_free_slots(known: Desk, at: str, said: str, first: str) -> None:
    event = known.books("DUPONT Marie – détartrage", at=at)
    assert event.mark == "⚠ "
    assert event.wrong == [f"✗ {said}"]
    assert event.proposed[0] == f"{first}, Dr Claire Martin"
    assert known.sms() == known.mails() == []


def test_p09_p17_a_slip_of_the_end_is_no_question_of_hours(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", minutes=24 * 60 + 30)
    assert event.wrong == ["✗ La durée ne va pas : 24 h 30, c'est trop long. Donnez une heure de fin après le début."]


def test_p09_p24_three_slots_of_that_dentist_then_two_of_others_with_agreement(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", at="29/11 10:00")
    assert event.proposed == [
        "lundi 30 novembre à 8 h 30, Dr Claire Martin",
        "lundi 30 novembre à 9 h, Dr Claire Martin",
        "lundi 30 novembre à 9 h 30, Dr Claire Martin",
        f"lundi 30 novembre à 8 h 30, Dr Paul Bernard{WITH_AGREEMENT}",
        f"lundi 30 novembre à 8 h 30, Dr Linh Nguyen{WITH_AGREEMENT}",
    ]


def test_p09_a_proposed_slot_is_accepted_as_it_stands(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", at="29/11 10:00")
    event.moves(at="30/11 08:30")
    assert event.confirmed
    assert event.proposed == []
    assert "lundi 30 novembre à 8h30" in known.sms()[0]


def test_p09_p26_for_a_first_visit_slots_of_its_own_length_are_looked_for(desk: Desk) -> None:
    desk.books("Réunion", at="30/11 09:00", minutes=210)  # leaves half an hour before
    event = desk.books("DUPONT Marie – détartrage", NEW.replace(", sans préférence", "\nDentiste : Dr Martin"),
                       at="29/11 10:00")  # fmt: skip
    assert event.proposed[0] == "lundi 30 novembre à 14 h, Dr Claire Martin"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("25/12 10:00", "✗ Vendredi 25 décembre est férié (Noël)."),
        ("29/03/2027 10:00", "✗ Lundi 29 mars est férié (Lundi de Pâques)."),
        ("01/01/2027 10:00", "✗ Vendredi 1er janvier est férié (Jour de l'an)."),
    ],
)
def test_p09_a_public_holiday_is_refused_with_the_next_day(known: Desk, at: str, said: str) -> None:
    event = known.books("DUPONT Marie – détartrage", at=at)
    assert event.wrong == [said]
    assert all("férié" not in slot for slot in event.proposed)
    assert len(event.proposed) == 5
    assert known.sms() == []


def test_p09_a_local_holiday_counts_where_it_is_kept(known: Desk) -> None:
    at = "26/12/2028 10:00"  # a Tuesday; kept in Alsace and Moselle only
    assert known.books("DUPONT Marie – détartrage", at=at).wrong == []
    known.runs(replace(SURGERY, holidays="67"))
    again = known.books("DUPONT Marie – contrôle", at=at, minutes=20)
    assert again.wrong[0] == "✗ Mardi 26 décembre est férié (Saint-Étienne)."


def test_p09_on_leave_of_several_days_is_refused_until_its_end(known: Desk) -> None:
    known.keeps_days("Congés", "07/12", "18/12")
    event = known.books("DUPONT Marie – détartrage", at="09/12 10:00")
    assert event.wrong == ["✗ Dr Claire Martin est absent(e) : Congés, jusqu'au vendredi 18 décembre."]
    assert event.proposed[0] == "lundi 21 décembre à 8 h 30, Dr Claire Martin"
    assert event.proposed[3] == f"mercredi 9 décembre à 10 h, Dr Paul Bernard{WITH_AGREEMENT}"
    assert known.sms() == []


def test_p09_one_day_of_leave(known: Desk) -> None:
    known.keeps_days("Formation", "09/12", "09/12")
    event = known.books("DUPONT Marie – détartrage", at="09/12 10:00")
    assert event.wrong == ["✗ Dr Claire Martin est absent(e) : Formation."]
    assert known.books("MOREAU Luc – contrôle", at="10/12 10:00", minutes=20).said("✗ Dr Claire Martin") == []


def test_p09_leave_with_hours_says_its_days(known: Desk) -> None:
    known.books("Congés", at="07/12 00:00", minutes=5 * 24 * 60)
    event = known.books("DUPONT Marie – détartrage", at="09/12 10:00")
    assert event.wrong == ["✗ Ce créneau est déjà pris : Congés (lundi 7 décembre à 0 h – samedi 12 décembre à 0 h)."]
    assert event.proposed[0] == "lundi 14 décembre à 8 h 30, Dr Claire Martin"


def test_p09_leave_of_another_dentist_or_shown_as_free_is_none(known: Desk) -> None:
    known.keeps_days("Congés", "07/12", "18/12", dentist="bernard")
    known.keeps_days("Congés de Paul", "07/12", "18/12", extra="TRANSP:TRANSPARENT")
    assert known.books("DUPONT Marie – détartrage", at="09/12 10:00").confirmed


def test_p09_leave_that_comes_after_the_booking_is_said_loudly_and_the_patient_keeps_what_they_know(
    known: Desk,
) -> None:
    event = known.books("DUPONT Marie – détartrage", at="09/12 10:00")
    assert event.confirmed
    known.keeps_days("Congés", "07/12", "18/12")
    assert event.mark == "⚠ "
    assert event.wrong == ["✗ Dr Claire Martin est absent(e) : Congés, jusqu'au vendredi 18 décembre."]
    assert len(known.sms()) == 1
    event.moves(at="21/12 10:00")
    assert event.confirmed
    assert "lundi 21 décembre à 10h" in known.sms()[1]


def test_p09_leave_given_up_frees_the_booking(known: Desk) -> None:
    uid = known.keeps_days("Congés", "07/12", "18/12")
    event = known.books("DUPONT Marie – détartrage", at="09/12 10:00")
    known.office.calendars["martin"].delete(f"{uid}.ics")
    known.waits(minutes=5)
    assert event.confirmed
    assert event.proposed == []


def test_p09_nothing_free_is_said(known: Desk) -> None:
    for key in ("martin", "bernard", "nguyen"):
        known.keeps_days("Congés", "30/11", "12/02/2027", dentist=key)
    event = known.books("DUPONT Marie – détartrage", at="01/12 10:00")
    assert event.proposed == ["aucun créneau libre dans les 60 jours qui suivent"]


def test_p09_where_no_hours_are_declared_every_hour_is_open_and_nothing_is_proposed(known: Desk) -> None:
    dentists = tuple(replace(one, hours=None) for one in SURGERY.dentists)
    known.runs(replace(SURGERY, dentists=dentists))
    assert known.books("DUPONT Marie – détartrage", at="29/11 10:00").confirmed
    event = known.books("DUPONT Marie – contrôle", at="25/12 10:00", minutes=20)
    assert (event.wrong, event.proposed) == (["✗ Vendredi 25 décembre est férié (Noël)."], [])


def test_p09_time_alone_and_other_bookings_never_renew_what_was_proposed(two: Desk) -> None:
    event = two.books("DUPONT Marie – détartrage", at="29/11 10:00")
    read, calendar = event.reads, two.office.calendars["martin"]
    two.books("MOREAU Luc – contrôle", at="30/11 08:30", minutes=20)  # takes what was proposed
    writes = calendar.writes
    for hours in (1, 5, 24, 72):
        two.waits(hours=hours)
    assert (event.reads, calendar.writes) == (read, writes)


def test_p09_she_takes_a_slot_that_has_gone_meanwhile_and_reads_new_ones(two: Desk) -> None:
    event = two.books("DUPONT Marie – détartrage", at="29/11 10:00")
    two.books("MOREAU Luc – contrôle", at="30/11 08:30", minutes=20)
    event.moves(at="30/11 08:30")
    assert event.wrong == ["✗ Ce créneau est déjà pris : MOREAU Luc (8 h 30 – 8 h 50)."]
    assert event.proposed[0] == "lundi 30 novembre à 8 h 50, Dr Claire Martin"
