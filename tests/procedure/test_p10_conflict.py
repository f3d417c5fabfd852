"""P10: nobody twice in one slot, no patient in two chairs, no motif booked twice without a word."""

import pytest

from tests.desk import Desk, Event

TAKEN = "✗ Ce créneau est déjà pris"
AGREED = "Accord patient : oui (tél. 24/11)"


def marie(desk: Desk, at: str = "01/12 10:00", text: str = "", **more: object) -> Event:
    return desk.books("DUPONT Marie – détartrage", text, at=at, **more)  # type: ignore[arg-type]


def luc(desk: Desk, at: str = "01/12 10:10", **more: object) -> Event:
    return desk.books("MOREAU Luc – contrôle", at=at, **({"minutes": 20} | more))  # type: ignore[arg-type]


# --- two bookings ----------------------------------------------------------------------------------------------------


def test_p10_the_later_blocks_and_the_earlier_warns_each_naming_the_other(two: Desk) -> None:
    earlier, later = marie(two), luc(two)
    assert later.mark == "⚠ "
    assert later.wrong == [f"{TAKEN} : DUPONT Marie (10 h – 10 h 30)."]
    assert later.proposed[:2] == [
        "mardi 1er décembre à 10 h 30, Dr Claire Martin", "mardi 1er décembre à 10 h 50, Dr Claire Martin",
    ]  # fmt: skip
    assert earlier.confirmed
    assert earlier.said("✗", "!") == [
        "! Un rendez-vous pris ensuite est à la même heure : MOREAU Luc (10 h 10 – 10 h 30)."
    ]
    assert earlier.proposed == []
    assert (len(two.sms("+33612345678")), two.sms("+33623456789")) == (1, [])


@pytest.mark.parametrize("at", ["01/12 09:40", "01/12 10:30"])
def test_p10_back_to_back_is_no_conflict(two: Desk, at: str) -> None:
    first, second = marie(two), luc(two, at)
    assert first.confirmed
    assert second.confirmed
    assert first.said("!", "✗") == second.said("!", "✗") == []


@pytest.mark.parametrize("at", ["01/12 09:41", "01/12 10:29", "01/12 10:05", "01/12 09:55"])
def test_p10_one_minute_is_enough(two: Desk, at: str) -> None:
    marie(two)
    assert luc(two, at).wrong[0].startswith(TAKEN)


def test_p10_another_dentist_s_time_is_none(two: Desk) -> None:
    marie(two, dentist="bernard", text=AGREED)
    assert luc(two, "01/12 10:00").confirmed


def test_p10_what_moves_onto_another_is_the_one_that_gives_way(two: Desk) -> None:
    moved, stood = marie(two, "02/12 10:00"), luc(two)
    moved.moves(at="01/12 10:00")
    assert moved.wrong == [f"{TAKEN} : MOREAU Luc (10 h 10 – 10 h 30)."]
    assert stood.confirmed
    assert stood.said("!") == ["! Un rendez-vous pris ensuite est à la même heure : DUPONT Marie (10 h – 10 h 30)."]
    assert len(two.sms("+33612345678")) == 1  # she keeps the hour that she was told


def test_p10_what_is_made_longer_into_the_next_gives_way(two: Desk) -> None:
    first, next_one = marie(two), luc(two, "01/12 10:30")
    first.moves(minutes=45)
    assert first.wrong == [f"{TAKEN} : MOREAU Luc (10 h 30 – 10 h 50)."]
    assert next_one.confirmed


def test_p10_what_is_made_shorter_keeps_its_rank(two: Desk) -> None:
    first, later = marie(two), luc(two)
    first.moves(minutes=20)
    assert first.confirmed
    assert later.wrong == [f"{TAKEN} : DUPONT Marie (10 h – 10 h 20)."]


def test_p10_a_cancelled_appointment_taken_up_again_gives_way_to_who_came_since(two: Desk) -> None:
    first = marie(two)
    first.adds("Annulé")
    later = luc(two)
    assert later.confirmed
    first.retypes("")
    assert first.wrong == [f"{TAKEN} : MOREAU Luc (10 h 10 – 10 h 30)."]
    assert later.confirmed


def test_p10_the_conflict_ends_when_the_other_moves(two: Desk) -> None:
    earlier, later = marie(two), luc(two)
    earlier.moves(at="02/12 10:00")
    assert later.confirmed
    assert later.said("✗", "!") == earlier.said("✗", "!") == []


def test_p10_the_conflict_ends_when_the_other_is_deleted(two: Desk) -> None:
    earlier, later = marie(two), luc(two)
    earlier.deletes()
    assert later.confirmed
    assert len(two.sms("+33623456789")) == 1


def test_p10_the_conflict_ends_when_the_other_is_cancelled(two: Desk) -> None:
    earlier, later = marie(two), luc(two)
    earlier.adds("Annulé par le patient")
    assert later.confirmed


def test_p10_the_earlier_is_no_longer_warned_when_the_later_leaves(two: Desk) -> None:
    earlier, later = marie(two), luc(two)
    later.deletes()
    assert earlier.said("✗", "!") == []


# --- blocks, private events, series ----------------------------------------------------------------------------------


def test_p10_a_block_is_in_the_way_and_is_not_written_to(two: Desk) -> None:
    block = two.books("Réunion équipe", at="01/12 10:00", minutes=60)
    assert luc(two).wrong == [f"{TAKEN} : Réunion équipe (10 h – 11 h)."]
    assert (block.reads, block.mark) == ("", "")


def test_p10_a_block_put_over_a_booking_is_said_in_the_booking(two: Desk) -> None:
    event = luc(two)
    assert event.confirmed
    block = two.books("Réunion", at="01/12 10:00", minutes=60)
    assert event.wrong == [f"{TAKEN} : Réunion (10 h – 11 h)."]
    assert len(two.sms()) == 1
    block.deletes()
    assert event.confirmed
    assert len(two.sms()) == 1


@pytest.mark.parametrize("extra", ["CLASS:PRIVATE", "CLASS:CONFIDENTIAL"])
def test_p10_of_a_private_event_only_that_the_time_is_taken_is_said(two: Desk, extra: str) -> None:
    private = two.books("Notaire divorce", "Maître Secret", at="01/12 10:00", minutes=60, extra=extra)
    event = luc(two)
    assert event.wrong == [f"{TAKEN} : occupé (10 h – 11 h)."]
    assert "otaire" not in event.reads
    assert "Secret" not in event.reads
    assert (private.reads, private.mark) == ("", "")


def test_p10_a_private_whole_day_is_taken_time(two: Desk) -> None:
    two.keeps_days("Opération secrète", "01/12", "02/12", extra="CLASS:PRIVATE")
    event = luc(two)
    assert event.wrong == [f"{TAKEN} : occupé (toute la journée, jusqu'au mercredi 2 décembre)."]
    assert event.proposed[0] == "jeudi 3 décembre à 8 h 30, Dr Claire Martin"


@pytest.mark.parametrize("extra", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"])
def test_p10_what_is_shown_as_free_or_called_off_is_in_nobody_s_way(two: Desk, extra: str) -> None:
    two.books("Pense-bête", at="01/12 10:00", minutes=60, extra=extra)
    assert luc(two).confirmed


def test_p10_a_birthday_of_a_whole_day_shown_as_free_is_none(two: Desk) -> None:
    two.keeps_days("Anniversaire de Paul", "01/12", "01/12", extra="TRANSP:TRANSPARENT")
    assert luc(two).confirmed


def test_p10_a_tentative_event_keeps_its_time(two: Desk) -> None:
    two.books("Réunion", at="01/12 10:00", minutes=60, extra="STATUS:TENTATIVE")
    assert luc(two).wrong == [f"{TAKEN} : Réunion (10 h – 11 h)."]


def test_p10_a_repeated_block_is_in_the_way_on_each_of_its_days(two: Desk) -> None:
    two.books("Réunion", at="01/12 10:00", minutes=60, extra="RRULE:FREQ=WEEKLY;COUNT=10")
    assert luc(two, "12/01/2027 10:10").wrong == [f"{TAKEN} : Réunion (10 h – 11 h)."]
    assert two.books("MOREAU Luc – couronne", at="13/01/2027 10:00", minutes=60).confirmed


def test_p10_a_repeated_block_leaves_the_day_that_was_taken_out_of_it(two: Desk) -> None:
    rule = "RRULE:FREQ=WEEKLY;COUNT=10\r\nEXDATE;TZID=Europe/Paris:20270112T100000"
    two.books("Réunion", at="01/12 10:00", minutes=60, extra=rule)
    assert luc(two, "12/01/2027 10:10").confirmed


def test_p10_a_booking_on_one_day_of_a_series_is_said_in_both(two: Desk) -> None:
    series = marie(two, extra="RRULE:FREQ=WEEKLY;COUNT=4")
    event = luc(two, "15/12 10:10")
    assert event.wrong == [f"{TAKEN} : DUPONT Marie (10 h – 10 h 30)."]
    assert "mardi 15 décembre à 10 h, 30 min" in series.reads
    assert series.said("!") == ["! Un rendez-vous pris ensuite est à la même heure : MOREAU Luc (10 h 10 – 10 h 30)."]


def test_p10_an_appointment_made_a_series_gives_way_to_who_stood_there(two: Desk) -> None:
    series, stood = marie(two), luc(two, "15/12 10:10")
    series.extra = "RRULE:FREQ=WEEKLY;COUNT=4"
    series.save()
    assert stood.confirmed
    assert series.wrong == [f"{TAKEN} : MOREAU Luc (10 h 10 – 10 h 30)."]


# --- the same patient ------------------------------------------------------------------------------------------------


def test_p10_no_patient_is_with_two_dentists_at_once(known: Desk) -> None:
    first = marie(known)
    second = known.books("DUPONT Marie – contrôle", AGREED, at="01/12 10:10", minutes=20, dentist="bernard")
    assert second.wrong == [
        "✗ Ce patient a déjà un rendez-vous à cette heure : DUPONT Marie (10 h – 10 h 30, Dr Claire Martin)."
    ]
    assert second.proposed[0] == "mardi 1er décembre à 10 h 30, Dr Paul Bernard"
    assert first.confirmed
    assert first.said("!") == [
        "! Un rendez-vous pris ensuite est à la même heure : DUPONT Marie (10 h 10 – 10 h 30, Dr Paul Bernard)."
    ]
    assert len(known.sms()) == 1


def test_p10_two_chairs_at_once_end_when_one_moves(known: Desk) -> None:
    first = marie(known)
    second = known.books("DUPONT Marie – contrôle", AGREED, at="01/12 10:10", minutes=20, dentist="bernard")
    first.moves(at="03/12 10:00")
    assert second.confirmed
    assert second.said("✗", "!") == []


def test_p10_two_chairs_at_once_end_when_one_goes(known: Desk) -> None:
    first = marie(known)
    second = known.books("DUPONT Marie – contrôle", AGREED, at="01/12 10:10", minutes=20, dentist="bernard")
    first.deletes()
    assert second.confirmed


def test_p10_nobody_is_proposed_an_hour_at_which_they_sit_with_another(known: Desk) -> None:
    known.books("DUPONT Marie – couronne", AGREED, at="30/11 08:30", minutes=60, dentist="bernard")
    event = marie(known, "29/11 10:00")
    assert event.proposed[0] == "lundi 30 novembre à 9 h 30, Dr Claire Martin"
    assert not [slot for slot in event.proposed if "à 8 h 30" in slot or "à 9 h," in slot]


def test_p10_the_same_motif_twice_is_a_warning_in_both(known: Desk) -> None:
    first, again = marie(known), marie(known, "15/12 10:00")
    assert first.confirmed
    assert again.confirmed
    said = "! Ce patient a déjà un rendez-vous pour ce motif"
    assert again.said("!") == [f"{said} : mardi 1er décembre à 10 h, Dr Claire Martin."]
    assert first.said("!") == [f"{said} : mardi 15 décembre à 10 h, Dr Claire Martin."]


def test_p10_another_motif_is_not_twice(known: Desk) -> None:
    marie(known)
    assert known.books("DUPONT Marie – contrôle", at="15/12 10:00", minutes=20).said("!") == []


def test_p10_the_motif_is_no_longer_twice_when_one_goes(known: Desk) -> None:
    first, again = marie(known), marie(known, "15/12 10:00")
    first.deletes()
    assert again.said("!") == []


def test_p10_a_series_is_one_patient_s_several_visits(known: Desk) -> None:
    series = marie(known, extra="RRULE:FREQ=WEEKLY;COUNT=6")
    assert series.confirmed
    assert series.said("✗", "!") == []


def test_p10_two_of_one_family_are_two_patients(two: Desk) -> None:
    marie(two)
    event = two.books("MOREAU Luc – détartrage", at="15/12 10:00")
    assert event.said("✗", "!") == []
