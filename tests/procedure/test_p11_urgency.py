"""P11: a motif that bears no long wait is seen soon; else a warning with the nearest earlier times."""

import pytest

from tests.desk import Desk, Event

LATE = "! « Douleur » ne devrait pas attendre plus de 2 jours."


def pain(desk: Desk, at: str, title: str = "DUPONT Marie – douleur") -> Event:
    return desk.books(title, at=at, minutes=20)


@pytest.mark.parametrize("at", ["24/11 10:00", "25/11 18:00", "26/11 08:45"])
def test_p11_within_two_days_nothing_is_said(known: Desk, at: str) -> None:
    event = pain(known, at)
    assert event.confirmed
    assert event.said("✗", "!") == []


@pytest.mark.parametrize("at", ["26/11 09:05", "27/11 09:00", "07/12 10:00"])
def test_p11_a_longer_wait_is_a_warning_with_the_nearest_earlier_times(known: Desk, at: str) -> None:
    event = pain(known, at)
    assert event.said("✗", "!") == [LATE]
    assert event.proposed == [
        "mardi 24 novembre à 9 h 15, Dr Claire Martin",
        "mardi 24 novembre à 9 h 35, Dr Claire Martin",
        "mardi 24 novembre à 9 h 55, Dr Claire Martin",
        "mardi 24 novembre à 9 h 15, Dr Paul Bernard (seulement avec l'accord du patient)",
        "mardi 24 novembre à 9 h 15, Dr Linh Nguyen (seulement avec l'accord du patient)",
    ]


def test_p11_it_is_a_warning_the_patient_is_confirmed(known: Desk) -> None:
    assert pain(known, "07/12 10:00").confirmed
    assert "lundi 7 décembre à 10h" in known.sms()[0]


def test_p11_a_synonym_is_as_urgent(known: Desk) -> None:
    assert pain(known, "07/12 10:00", "DUPONT Marie – mal de dent").said("!") == [LATE]


def test_p11_moved_to_an_earlier_time_the_warning_goes(known: Desk) -> None:
    event = pain(known, "07/12 10:00")
    event.moves(at="24/11 09:15")
    assert (event.said("✗", "!"), event.proposed) == ([], [])
    assert "mardi 24 novembre à 9h15" in known.sms()[1]


def test_p11_a_motif_that_can_wait_is_never_late(known: Desk) -> None:
    assert known.books("DUPONT Marie – détartrage", at="01/06/2027 10:00").said("✗", "!") == []


def test_p11_only_times_before_the_booking_are_earlier(known: Desk) -> None:
    for key in ("martin", "bernard", "nguyen"):
        known.keeps_days("Congés", "24/11", "29/11", dentist=key)
    event = pain(known, "30/11 08:50")
    assert event.proposed == [
        "lundi 30 novembre à 8 h 30, Dr Claire Martin",
        "lundi 30 novembre à 8 h 30, Dr Paul Bernard (seulement avec l'accord du patient)",
        "lundi 30 novembre à 8 h 30, Dr Linh Nguyen (seulement avec l'accord du patient)",
    ]


def test_p11_where_nothing_earlier_is_free_that_is_said(known: Desk) -> None:
    for key in ("martin", "bernard", "nguyen"):
        known.keeps_days("Congés", "24/11", "29/11", dentist=key)
    event = pain(known, "30/11 08:30")
    assert event.said("!") == [LATE]
    assert event.proposed == ["aucun créneau libre plus tôt"]


def test_p11_the_wait_counts_from_the_call_not_from_today(known: Desk) -> None:
    event = pain(known, "26/11 08:45")
    known.waits(hours=1)
    assert event.said("!") == []
    known.waits(days=1)
    assert event.said("!") == []


def test_p11_time_alone_does_not_renew_the_earlier_times(known: Desk) -> None:
    event = pain(known, "07/12 10:00")
    read, calendar = event.reads, known.office.calendars["martin"]
    writes = calendar.writes
    for hours in (1, 12, 48):
        known.waits(hours=hours)
    assert (event.reads, calendar.writes) == (read, writes)


# --- places kept for urgencies ---------------------------------------------------------------------------------------


def test_p11_an_urgent_motif_is_offered_the_place_kept_for_it_and_takes_it_without_conflict(known: Desk) -> None:
    place = known.books("Urgence réservée", at="24/11 11:00", minutes=60)
    known.books("Réunion", at="24/11 08:30", minutes=150)
    event = pain(known, "07/12 10:00")
    assert event.proposed[0] == "mardi 24 novembre à 11 h, Dr Claire Martin"
    event.moves(at="24/11 11:00")
    assert event.said("✗", "!") == []
    assert event.confirmed
    assert (place.reads, place.mark) == ("", "")


def test_p11_a_motif_that_can_wait_is_not_offered_it_and_is_warned_in_it(known: Desk) -> None:
    known.books("Urgence réservée", at="01/12 10:00", minutes=60)
    outside = known.books("DUPONT Marie – contrôle", at="01/12 12:20", minutes=20)
    outside.moves(at="01/12 08:00")
    assert outside.proposed[:3] == [
        f"mardi 1er décembre à {hour}, Dr Claire Martin" for hour in ("8 h 30", "8 h 50", "9 h 10")
    ]
    outside.moves(at="01/12 10:20")
    assert outside.said("✗", "!") == [
        "! Urgence réservée (10 h – 11 h) : cette place est gardée, et « Contrôle » peut attendre."
    ]


def test_p11_a_free_place_may_be_taken_by_anybody(known: Desk) -> None:
    known.books("Libre", at="01/12 10:00", minutes=60)
    event = known.books("DUPONT Marie – contrôle", at="01/12 10:00", minutes=20)
    assert event.confirmed
    assert event.said("✗", "!") == []


def test_p11_once_a_patient_is_typed_into_it_the_place_is_a_booking_like_any_other(two: Desk) -> None:
    place = two.books("Urgence réservée", at="25/11 10:00", minutes=20)
    place.retypes(title="Urgence réservée DUPONT Marie – douleur")
    assert place.confirmed
    later = two.books("MOREAU Luc – douleur", at="25/11 10:10", minutes=20)
    assert later.wrong[0].startswith("✗ Ce créneau est déjà pris : DUPONT Marie")


def test_p11_p51_such_a_place_is_never_asked_for_a_motif(known: Desk) -> None:
    for title in ("Libre", "Urgence réservée", "Créneau urgence"):
        place = known.books(title, at="01/12 10:00", minutes=60)
        assert (place.reads, place.mark) == ("", "")
