"""A weekly series is one message by each channel, and a reminder a visit (ruling 17): typed, moved, cut, deleted."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import TryLater, Uncertain
from rules.model import Channel
from sync.store import messages
from tests.desk import LUC, MARIE, Desk, Event, make_desk

EIGHT = "RRULE:FREQ=WEEKLY;COUNT=8"
FOUR = "RRULE:FREQ=WEEKLY;COUNT=4"
TIM = replace(MARIE, given_name="Tim", family_name="Petit", mobile="+33612340001", email="tim@example.org")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE, LUC, TIM])


def settled(desk: Desk) -> None:
    for _ in range(4):
        desk.waits(seconds=61)


def series(desk: Desk, rule: str = FOUR, *, at: str = "01/12 09:30", title: str = "DUPONT Marie – contrôle") -> Event:
    return desk.books(title, at=at, minutes=20, extra=rule)


def test_p18_a_weekly_series_is_one_sms_and_one_letter_with_rhythm_number_and_next_date(desk: Desk) -> None:
    event = series(desk, EIGHT)
    assert desk.sms() == [
        "Cabinet des Lilas : RDV confirmés : chaque mardi à 9h30 avec le Dr Martin, 8 séances, prochaine le 01/12, "
        "dernière le 19/01/27. Pour annuler : 01 43 00 00 00"
    ]
    (letter,) = desk.mails()
    assert letter.startswith("Rendez-vous confirmés : 8 séances, chaque mardi à 9 h 30\n")
    assert "chaque mardi à 9 h 30, 8 séances, du 1er décembre 2026 au 19 janvier 2027." in letter
    assert "Prochain rendez-vous : mardi 1er décembre 2026 à 9 h 30 (heure de Paris)." in letter
    assert event.confirmed


def test_p36_its_letter_carries_one_file_with_every_visit(desk: Desk) -> None:
    series(desk, EIGHT)
    (file,) = desk.office.email.sent[0].attachments
    assert file.content.count(b"BEGIN:VEVENT") == 8
    assert len({line for line in file.content.splitlines() if line.startswith(b"UID:")}) == 8


def test_p18_a_series_without_end_says_so_and_is_told_in_one_pass(desk: Desk) -> None:
    series(desk, "RRULE:FREQ=WEEKLY")
    assert desk.sms() == [
        "Cabinet des Lilas : RDV confirmés : chaque mardi à 9h30 avec le Dr Martin ; prochaine séance : "
        "mardi 1er décembre. Pour annuler : 01 43 00 00 00"
    ]
    (letter,) = desk.mails()
    assert "chaque mardi à 9 h 30, à partir du mardi 1er décembre 2026." in letter
    desk.waits(minutes=2)
    assert (len(desk.sms()), len(desk.mails())) == (1, 1)


def test_p41_each_visit_is_reminded(desk: Desk) -> None:
    series(desk)
    for _ in range(60):
        desk.waits(hours=12)
    assert len([text for text in desk.sms() if "rappel" in text]) == 4


def test_p42_a_series_moved_as_a_whole_is_one_modification(desk: Desk) -> None:
    series(desk).moves(at="02/12 10:00")
    settled(desk)
    assert desk.sms()[1:] == [
        "Cabinet des Lilas : RDV déplacés : chaque mercredi à 10h avec le Dr Martin, 4 séances, prochaine le 02/12 "
        "(avant : chaque mardi à 9h30). Tél. 01 43 00 00 00"
    ]
    assert len(desk.mails()) == 2
    assert "chaque mardi à 9 h 30, 4 séances" in desk.mails()[1]


def test_p42_moved_and_moved_back_before_it_is_told_says_nothing(desk: Desk) -> None:
    event = series(desk)
    policy = replace(desk.office.world.practice.policy, settle_change_seconds=180)
    desk.runs(replace(desk.office.world.practice, policy=policy))
    event.moves(at="02/12 10:00").moves(at="01/12 09:30")
    settled(desk)
    assert len(desk.sms()) == 1


def test_p43_one_date_taken_out_is_one_ordinary_cancellation(desk: Desk) -> None:
    event = series(desk)
    event.extra = f"{FOUR}\r\nEXDATE;TZID=Europe/Paris:20261208T093000"
    event.save()
    settled(desk)
    assert desk.sms()[1:] == [
        "Cabinet des Lilas : votre RDV du mardi 8 décembre à 9h30 avec le Dr Martin est annulé. "
        "Pour reprendre RDV : 01 43 00 00 00"
    ]


def test_p43_the_whole_series_deleted_is_one_cancellation(desk: Desk) -> None:
    policy = replace(desk.office.world.practice.policy, brake_percent=100)  # nothing else stands in this calendar
    desk.runs(replace(desk.office.world.practice, policy=policy))
    series(desk).deletes()
    settled(desk)
    assert desk.sms()[1:] == [
        "Cabinet des Lilas : vos RDV sont annulés : chaque mardi à 9h30 avec le Dr Martin, 4 séances du 1er décembre "
        "au 22 décembre. Pour reprendre RDV : 01 43 00 00 00"
    ]
    assert len(desk.mails()) == 2


def test_p43_what_remains_of_a_series_cancelled_in_so_many_words_is_one_cancellation(desk: Desk) -> None:
    event = series(desk, EIGHT)
    event.extra = f"{EIGHT}\r\nSTATUS:CANCELLED"
    event.save()
    settled(desk)
    assert len(desk.sms()) == 2
    assert "8 séances" in desk.sms()[1]


def test_p18_two_patients_series_are_two_messages(desk: Desk) -> None:
    series(desk)
    series(desk, title="PETIT Tim – contrôle", at="01/12 10:30")
    assert (len(desk.sms(MARIE.mobile)), len(desk.sms(TIM.mobile))) == (1, 1)


def test_p10_the_dates_that_are_free_are_told_as_one_and_the_other_when_it_is(desk: Desk) -> None:
    meeting = desk.books("Réunion d'équipe", at="15/12 09:00", minutes=60)
    series(desk, EIGHT)
    assert len(desk.sms()) == 1
    assert "chaque mardi à 9h30 avec le Dr Martin (sauf le" in desk.sms()[0]
    assert "7 séances" in desk.sms()[0]
    meeting.deletes()
    settled(desk)
    assert desk.sms()[1:] == [
        "Cabinet des Lilas : RDV confirmé le mardi 15 décembre à 9h30 avec le Dr Martin. Pour annuler : 01 43 00 00 00"
    ]


def test_l4_a_gateway_that_asks_to_wait_gets_the_same_one_message_later(desk: Desk) -> None:
    desk.office.sms.fail(TryLater("occupé"))
    series(desk)
    assert desk.sms() == []
    desk.waits(hours=1)
    assert len(desk.sms()) == 1
    with desk.office.world.store.read() as tx:
        rows = messages.with_state(tx, "sent", zone=desk.office.world.practice.zone)
    mine = [row for row in rows if row.channel is Channel.SMS]
    assert (len(mine), len({row.together for row in mine})) == (4, 1)


def test_l7_a_visit_that_comes_into_view_is_not_told_of(desk: Desk) -> None:
    series(desk, "RRULE:FREQ=WEEKLY")
    for _ in range(6):
        desk.office.turned += timedelta(days=30)
        desk.office.passes()
    assert [text for text in desk.sms() if "rappel" not in text] == desk.sms()[:1]


def test_l4_a_lost_answer_is_asked_again_under_the_same_key_for_all_visits(desk: Desk) -> None:
    desk.office.sms.fail(Uncertain("réponse perdue"), taken=True)
    series(desk)
    desk.waits(hours=1)
    assert len(desk.sms()) == 1  # the gateway knows the key: it was asked twice, and told once
    assert desk.office.sms.attempts == 2
    assert desk.office.told("confirmation") == ["sent"] * 4


def test_l4_a_visit_taken_out_while_the_answer_is_unknown_is_told_and_the_others_are_not_again(desk: Desk) -> None:
    desk.office.sms.fail(Uncertain("réponse perdue"), taken=True)
    event = series(desk)
    event.extra = f"{FOUR}\r\nEXDATE;TZID=Europe/Paris:20261208T093000"
    event.save()
    for _ in range(8):
        desk.waits(minutes=20)
    first, second = desk.sms()
    assert "4 séances" in first
    assert "votre RDV du mardi 8 décembre à 9h30 avec le Dr Martin est annulé" in second
    assert desk.office.told("confirmation") == ["sent"] * 3  # the fourth gave way to its cancellation


@pytest.mark.parametrize("rule", ["RRULE:FREQ=WEEKLY;COUNT=5\r\nEXDATE:20261208T090000Z", "RRULE:FREQ=WEEKLY;COUNT=2"])
def test_l2_a_series_saved_without_our_part_and_with_a_visit_less_gets_its_part_back(desk: Desk, rule: str) -> None:
    event = series(desk, "RRULE:FREQ=WEEKLY;COUNT=5", at="01/12 10:00")
    assert event.mark == "✓ "
    event.extra = rule
    event.save()
    for _ in range(4):
        desk.waits(minutes=5)
    assert "annulé" in desk.sms()[-1]
    assert event.mark == "✓ "
