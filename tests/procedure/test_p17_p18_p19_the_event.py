"""P17, P18, P19: date, hour and dentist in words, so that a slip is seen; confirmed once; the comment stays inside."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import Permanent, TryLater
from tests.desk import MARIE, SURGERY, Desk, make_desk
from tests.typed import TITLE


def test_p17_the_booking_is_restated_in_words(known: Desk) -> None:
    event = known.books(TITLE, at="03/12 14:30")
    assert event.reads.splitlines()[:3] == [
        "jeudi 3 décembre à 14 h 30, 30 min, Dr Claire Martin", "DUPONT Marie, né(e) le 12/05/1981", "Détartrage",
    ]  # fmt: skip


def test_p17_another_day_another_week_another_dentist_is_seen(known: Desk) -> None:
    event = known.books(TITLE)
    event.moves(at="08/12 17:00")
    assert event.reads.startswith("mardi 8 décembre à 17 h, 30 min, Dr Claire Martin")
    event.moves(dentist="bernard")
    assert event.wrong[0].startswith("✗ DUPONT Marie est suivi(e) par Dr Claire Martin")
    assert "mardi 8 décembre à 17 h, 30 min, Dr Paul Bernard" in event.reads


SLIPS = [
    ("23/11 10:00", 30, "", "✗ lundi 23 novembre 2026 à 10 h est passé : vérifiez la date."),
    ("24/11 08:30", 30, "", "✗ mardi 24 novembre 2026 à 8 h 30 est passé : vérifiez la date."),
    ("01/12/2025 10:00", 30, "", "✗ lundi 1er décembre 2025 à 10 h est passé : vérifiez la date."),
    ("01/12 02:30", 30, "", "✗ mardi 1er décembre 2026 à 2 h 30 : est-ce bien l'heure voulue ?"),
    ("01/12 22:00", 30, "", "✗ mardi 1er décembre 2026 à 22 h : est-ce bien l'heure voulue ?"),
    ("01/12/2027 10:00", 30, "", "! mercredi 1er décembre 2027 à 10 h est très loin : vérifiez l'année."),
    ("03/01/2028 10:00", 30, "", "! lundi 3 janvier 2028 à 10 h est très loin : vérifiez l'année."),
    ("01/12 10:00", 0, "", "✗ La durée ne va pas : l'heure de fin manque. Donnez une heure de fin après le début."),
    ("01/12 10:00", -30, "", "✗ La durée ne va pas : la fin est avant le début. Donnez une heure de fin après le"
     " début."),
    ("01/12 10:00", 600, "", "✗ La durée ne va pas : 10 h, c'est trop long. Donnez une heure de fin après le début."),
]  # fmt: skip


@pytest.mark.parametrize(("at", "minutes", "extra", "line"), SLIPS)
def test_p17_a_slip_in_date_hour_or_length_is_said(known: Desk, at: str, minutes: int, extra: str, line: str) -> None:
    event = known.books(TITLE, at=at, minutes=minutes, extra=extra)
    assert line in event.reads.splitlines(), event.reads
    assert event.confirmed is line.startswith("!")
    assert bool(known.sms()) is line.startswith("!")


def test_p17_p36_the_patient_reads_the_year_of_a_day_that_is_far_away(known: Desk) -> None:
    known.books(TITLE, at="01/12/2027 10:00")
    assert "mercredi 1er décembre 2027 à 10h" in known.sms()[0]


def test_p17_without_an_hour_it_is_asked(known: Desk) -> None:
    body = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client//FR\r\nBEGIN:VEVENT\r\nUID:day\r\nDTSTAMP:20261101T080000Z\r\n"
        "DTSTART;VALUE=DATE:20261201\r\nDTEND;VALUE=DATE:20261202\r\nSUMMARY:DUPONT Marie – détartrage\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    known.office.calendars["martin"].put("day.ics", body.encode())
    known.waits(minutes=1)
    assert "✗ L'heure manque : l'événement dure toute la journée." in known.office.block("day")
    assert not known.sms()


def test_p17_a_foreign_or_unknown_zone_is_restated_in_the_practices_and_warned_of(known: Desk) -> None:
    event = known.books(TITLE)
    body = known.office.calendars["martin"].get("e1.ics")
    assert body is not None
    for zone, said in (("Mars/Olympus", "! Fuseau horaire inconnu"), ("America/Montreal", "mardi 1er décembre à 16 h")):
        text = body.payload.decode().replace("Europe/Paris", zone).replace("UID:e1", f"UID:{zone[:4]}")
        known.office.calendars["martin"].put(f"{zone[:4]}.ics", text.encode())
        known.waits(minutes=1)
        assert said in known.office.block(zone[:4])
    assert event.reads


def test_p17_what_stood_when_it_was_to_come_is_no_slip_afterwards(known: Desk) -> None:
    event = known.books(TITLE, at="25/11 10:00")
    before = event.reads
    known.waits(days=2)
    assert event.reads == before


def test_p17_confirmed_and_then_dragged_into_the_past_the_patient_hears_nothing(known: Desk) -> None:
    event = known.books(TITLE)
    event.moves(at="17/11 10:00")
    assert event.wrong == ["✗ mardi 17 novembre 2026 à 10 h est passé : vérifiez la date."]
    known.waits(hours=1)
    assert len(known.sms()) == 1


# --- P18, ruling 1, ruling 2 ------------------------------------------------------------------------------------------


@pytest.fixture
def patient_practice(tmp_path: Path) -> Desk:
    """One that waits 90 seconds before it confirms, and 180 before it tells a change."""
    policy = replace(SURGERY.policy, settle_seconds=90, settle_change_seconds=180)
    return make_desk(tmp_path, replace(SURGERY, policy=policy), known=[MARIE])


def test_p18_it_is_confirmed_once_it_was_left_alone(patient_practice: Desk) -> None:
    event = patient_practice.books(TITLE)
    assert (event.mark, event.wrong, patient_practice.sms()) == ("", [], [])
    patient_practice.waits(seconds=60)
    assert not patient_practice.sms()
    patient_practice.waits(seconds=31)
    assert event.confirmed
    assert (len(patient_practice.sms()), len(patient_practice.mails())) == (1, 1)
    patient_practice.waits(hours=2)
    assert (len(patient_practice.sms()), len(patient_practice.mails())) == (1, 1)


def test_p18_what_was_sent_stands_in_the_event(known: Desk) -> None:
    event = known.books(TITLE)
    assert "✓ SMS de confirmation envoyé le 24/11 à 9 h" in event.reads
    assert "✓ E-mail de confirmation envoyé le 24/11 à 9 h" in event.reads


def test_p18_a_gateway_that_is_down_is_tried_again_and_the_other_way_is_not_repeated(known: Desk) -> None:
    known.office.sms.fail(TryLater("La passerelle ne répond pas."))
    event = known.books(TITLE)
    assert (known.sms(), len(known.mails())) == ([], 1)
    known.waits(minutes=10)
    assert (len(known.sms()), len(known.mails())) == (1, 1)
    assert event.confirmed


def test_p18_a_refused_number_is_told_to_the_practice_and_never_tried_again(known: Desk) -> None:
    known.office.sms.fail(Permanent("Numéro refusé."))
    event = known.books(TITLE)
    known.waits(minutes=1)
    assert "✗ SMS de confirmation non remis : Numéro refusé. Appelez le patient." in event.reads
    assert known.office.to_practice()
    known.waits(hours=5)
    assert not known.sms()


def test_p18_ruling1_a_later_edit_that_breaks_a_check_is_told_to_her_alone(known: Desk) -> None:
    event = known.books(TITLE)
    event.adds("Mobile : 06 12")
    assert event.mark == "⚠ "
    known.waits(hours=1)
    assert (len(known.sms()), len(known.mails())) == (1, 1)
    event.retypes("")
    assert event.confirmed
    known.waits(hours=1)
    assert (len(known.sms()), len(known.mails())) == (1, 1)


def test_p18_ruling2_dragged_and_dragged_back_tells_nothing(patient_practice: Desk) -> None:
    event = patient_practice.books(TITLE)
    patient_practice.waits(minutes=2)
    event.moves(at="03/12 10:00")
    event.moves(at="01/12 10:00")
    patient_practice.waits(hours=1)
    assert len(patient_practice.sms()) == 1


def test_p18_ruling2_deleted_and_undone_within_the_quiet_time_tells_nothing(patient_practice: Desk) -> None:
    event = patient_practice.books(TITLE)
    patient_practice.waits(minutes=2)
    event.deletes()
    event.save()
    patient_practice.waits(hours=1)
    assert len(patient_practice.sms()) == 1


# --- P19 --------------------------------------------------------------------------------------------------------------

SECRET = "appeler sa fille, allergie pénicilline 06 98 76 54 32"


@pytest.mark.parametrize("label", ["Commentaire", "Note", "Remarque", "NB"])
def test_p19_the_comment_is_kept_and_the_patient_never_reads_it(known: Desk, label: str) -> None:
    event = known.books(TITLE, f"{label} : {SECRET}")
    assert event.confirmed
    stored = known.office.event(event.uid).description
    assert f"{label} : {SECRET}" in stored
    event.moves(at="03/12 10:00")
    event.deletes()
    known.waits(hours=1)
    sent = "\n".join([*known.sms(), *known.mails()])
    assert len(known.sms()) == 3  # confirmed, moved, cancelled
    assert "pénicilline" not in sent
    assert "98 76 54" not in sent
    assert known.directory()[0].mobile == MARIE.mobile


def test_p19_text_under_the_entry_is_comment_too(known: Desk) -> None:
    event = known.books(TITLE, "très anxieuse, prévoir du temps")
    assert event.confirmed
    assert "anxieuse" not in "\n".join([*known.sms(), *known.mails()])


def test_p19_p42_a_comment_added_later_tells_nobody(known: Desk) -> None:
    event = known.books(TITLE)
    event.adds(f"Commentaire : {SECRET}")
    known.waits(hours=1)
    assert (len(known.sms()), len(known.mails())) == (1, 1)


@pytest.mark.parametrize(
    "comment", ["Accord patient : oui", "nouveau patient", "Né le 01/01/1990", "couronne", "absent", "06 98 76 54 32"]
)
def test_p19_nothing_in_the_comment_counts(known: Desk, comment: str) -> None:
    event = known.books(TITLE, f"Commentaire : {comment}", at="03/12 10:00")
    assert event.said("✗", "!") == []
    assert event.reads.splitlines()[:3] == [
        "jeudi 3 décembre à 10 h, 30 min, Dr Claire Martin", "DUPONT Marie, né(e) le 12/05/1981", "Détartrage",
    ]  # fmt: skip
    assert [replace(one, id=None) for one in known.directory()] == [MARIE]
