"""Booked, moved, cancelled: what the patient reads, and how often (P17, P18, P35 to P46)."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from icalendar import Calendar

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p18_p40_d01_d02_one_sms_and_one_email_once_over_many_passes(practice: "Practice") -> None:
    event = practice.confirmed()
    as_told = practice.martin.sees(event)
    for _ in range(6):
        assert "0 événement vérifié, 0 message envoyé, 0 événement annoté" in practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
    assert practice.martin.sees(event).etag == as_told.etag
    assert as_told.hers == practice.new


def attached(practice: "Practice") -> tuple[str, int, str]:
    """The newest invitation's method, SEQUENCE and UID."""
    (part,) = (part for part in practice.letter().walk() if part.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(part.get_content())
    (event,) = calendar.walk("VEVENT")
    return (
        str(event["METHOD"] if "METHOD" in event else calendar["METHOD"]),
        int(str(event["SEQUENCE"])),
        str(event["UID"]),
    )


def test_p35_p36_p37_p38_the_email_says_who_when_why_and_where(practice: "Practice") -> None:
    practice.confirmed()
    body = practice.letter().get_body(("plain",))
    assert body is not None
    text = body.get_content()
    for told in ("Dr Claire Martin", "Chirurgien-dentiste", "12 rue des Lilas", "9 h 30", "45 min", "Détartrage"):
        assert told in text
    assert re.search(r"https://www\.google\.[a-z]+/maps\S*75020", text)
    assert "Détartrage" not in practice.sms()[0]
    assert "Dr Martin" in practice.sms()[0]


def test_p36_the_attached_calendar_keeps_its_uid_and_its_sequence_rises(practice: "Practice") -> None:
    event = practice.confirmed()
    first = attached(practice)
    practice.martin.moves(event, practice.at(11), 45)
    practice.sync()
    second = attached(practice)
    practice.martin.deletes(event)
    practice.sync()
    last = attached(practice)
    assert first[2] == second[2] == last[2]
    assert first[1] < second[1] < last[1]
    assert last[0] == "CANCEL"


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p42_p45_moved_tells_old_and_new_once(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.moves(event, practice.at(11), 45)
    practice.sync()
    practice.sync()
    assert len(practice.sms()) == 2
    assert re.search(r"RDV déplacé au mardi .* à 11h .*\(avant : mardi .* à 9h30\)", practice.sms()[1])
    assert "Rendez-vous modifié" in practice.subjects()[1]
    assert "à 11 h, 45 min" in practice.martin.sees(event).block


def test_p42_what_does_not_concern_the_patient_sends_nothing(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.writes(event, practice.new, practice.new + "\nCommentaire : porte au fond")
    practice.sync()
    moved = practice.martin.moves(event, practice.at(11), 45)
    practice.martin.moves(moved, practice.at(9, 30), 45)
    practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p43_p46_deleted_is_one_cancellation(practice: "Practice") -> None:
    practice.martin.deletes(practice.confirmed())
    practice.sync()
    practice.sync()
    assert len(practice.sms()) == 2
    assert "est annulé" in practice.sms()[1]
    assert "Rendez-vous annulé" in practice.subjects()[1]


def test_p46_g05_marked_cancelled_then_deleted_is_one_cancellation(practice: "Practice") -> None:
    extra = "STATUS:CONFIRMED\n"
    event = practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new, extra=extra)
    practice.sync()
    practice.martin.writes(event, "STATUS:CONFIRMED", "STATUS:CANCELLED")
    practice.sync()
    practice.martin.deletes(event)
    practice.sync()
    assert len(practice.sms()) == 2
    assert "est annulé" in practice.sms()[1]


def test_p46_cancelled_in_her_words_is_one_cancellation_and_kept_as_excused(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.writes(event, practice.new, "Annulé par le patient\n" + practice.new)
    practice.sync()
    practice.sync()
    assert len(practice.sms()) == 2
    assert "est annulé" in practice.sms()[1]
    assert "✓ Annulation notée" in practice.martin.sees(event).block


def test_p41_reminded_once_the_day_before_at_the_same_hour(practice: "Practice") -> None:
    practice.confirmed()
    day_before = practice.at(9, 30) - timedelta(days=1)
    practice.sync(when=day_before - timedelta(minutes=5))
    assert len(practice.sms()) == 1
    practice.sync(when=day_before + timedelta(minutes=1))
    practice.sync(when=day_before + timedelta(minutes=10))
    assert len(practice.sms()) == 2
    assert "rappel de votre RDV" in practice.sms()[1]
    assert "Rappel" in practice.subjects()[1]


def test_p41_h03_a_moved_booking_is_reminded_for_its_new_hour_only(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.moves(event, practice.at(16), 45)
    practice.sync()
    day_before = practice.at(9, 30) - timedelta(days=1)
    practice.sync(when=day_before + timedelta(minutes=1))
    assert len(practice.sms()) == 2
    practice.sync(when=practice.at(16, 1) - timedelta(days=1))
    assert len(practice.sms()) == 3
    assert "16h" in practice.sms()[2]


def test_p41_a_cancelled_booking_is_not_reminded(practice: "Practice") -> None:
    practice.martin.deletes(practice.confirmed())
    practice.sync()
    practice.sync(when=practice.at(9, 31) - timedelta(days=1))
    assert len(practice.sms()) == 2


@pytest.mark.parametrize(("hours", "messages"), [(5, 2), (1, 1)])
def test_p41_h05_a_late_reminder_is_sent_while_it_helps(practice: "Practice", hours: int, messages: int) -> None:
    practice.confirmed()
    for minutes in (0, 2):
        practice.sync(when=practice.at(9, 30) - timedelta(hours=hours, minutes=-minutes))
    assert len(practice.sms()) == messages


def test_h01_three_saves_within_the_quiet_time_are_one_confirmation(
    practice: "Practice", until: Callable[..., None]
) -> None:
    practice.sets("settle_seconds: 0", "settle_seconds: 3")
    event = practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    practice.martin.moves(event, practice.at(10), 45)
    practice.sync()
    practice.martin.moves(event, practice.at(10, 30), 45)
    until(lambda: practice.sync() and practice.sms())
    practice.sync()
    assert len(practice.sms()) == 1
    assert "10h30" in practice.sms()[0]


def test_p22_without_preference_the_first_dentist_becomes_the_patients_own(practice: "Practice") -> None:
    event = practice.confirmed()
    assert "✓ Le patient sera suivi par Dr Claire Martin." in practice.martin.sees(event).block
    (marie,) = practice.json("patients", "search", "dupont")
    assert (marie["dentist"], marie["mobile"]) == ("martin", "+33612345678")


def test_p05_a_new_patient_saved_five_times_is_created_once(practice: "Practice") -> None:
    event = practice.confirmed()
    for minute in (0, 15, 30, 45):
        practice.martin.moves(event, practice.at(10, minute), 45)
        practice.sync()
    assert len(practice.json("patients", "search", "dupont")) == 1


def test_p04_a_detail_that_differs_updates_the_directory_and_the_block_says_so(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("DURAND Hélène – contrôle", practice.at(9), 20, "Mobile : 06 98 76 54 32")
    practice.sync()
    assert "✓ Fichier mis à jour" in practice.martin.sees(event).block
    assert practice.json("patients", "search", "durand")[0]["mobile"] == "+33698765432"
    assert practice.texts()[0].to == "+33698765432"


def test_p04_a_wrong_detail_never_replaces_a_good_one(practice: "Practice") -> None:
    practice.knows()
    practice.martin.books("DURAND Hélène – contrôle", practice.at(9), 20, "Mobile : 06 98 76 54")
    practice.sync()
    assert practice.json("patients", "search", "durand")[0]["mobile"] == "+33612345702"
    assert practice.sms() == []


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("durand helene – contrôle", ""),
        ("Hélène DURAND contrôle", ""),
        ("Contrôle", "Mobile : +33 6 12 34 57 02"),
        ("DURAND – contrôle", "Né(e) le : 3/7/1968"),
    ],
    ids=["no_accents", "given_name_first", "mobile", "name_and_birth_date"],
)
def test_p03_p20_a_known_patient_is_found_however_typed(practice: "Practice", title: str, text: str) -> None:
    practice.knows()
    event = practice.martin.books(title, practice.at(9), 20, text)
    practice.sync()
    assert "DURAND Hélène, né(e) le 03/07/1968" in practice.martin.sees(event).block
    assert practice.texts()[0].to == "+33612345702"


def test_p08_a_first_visit_gets_its_own_length(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 30, practice.new)
    practice.sync()
    assert practice.json("agenda")[0]["end"][11:16] == "10:15"


def test_a_fixed_length_is_kept(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 30, practice.new + "\nDurée : 30 min")
    practice.sync()
    assert practice.json("agenda")[0]["end"][11:16] == "10:00"
    assert len(practice.sms()) == 1


def test_p01_support_is_one_command_away(first_day: "Practice") -> None:
    said = first_day.attitre("support").stdout
    for part in ("Support Doctolib", "https://pro.doctolib.fr", "01 83 35 53 54", "choix 2", "support@doctolib.com"):
        assert part in said
    assert re.search(r"ouvert|fermé", said.lower())
