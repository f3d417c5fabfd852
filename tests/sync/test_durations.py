"""The length of an appointment follows its motif, in her calendar, once; after that it is hers (P8, ruling 4)."""

from datetime import time, timedelta

import pytest
from msgspec.structs import replace

from rules.model import Motif
from tests.sync.conftest import COMPLETE, MORNING, PRACTICE, Office, ics

FIRST = "DUPONT Marie – détartrage, première consultation"


@pytest.fixture
def surgery(office: Office) -> Office:
    """A scaling takes 30 minutes, 45 the first time; Dr Martin closes at noon."""
    hours = {day: ((time(8, 30), time(12, 0)),) for day in range(7)}
    dentists = (replace(PRACTICE.dentists[0], hours=hours), PRACTICE.dentists[1])
    motifs = (Motif("Détartrage", 30, first_visit_minutes=45), Motif("Contrôle", 20))
    office.world = replace(office.world, practice=replace(PRACTICE, motifs=motifs, dentists=dentists))
    office.passes()
    return office


def saves(office: Office, minutes: int, text: str = COMPLETE, title: str = FIRST, *, hour: int = 10, minute: int = 0,
          uid: str = "a", extra: str = "") -> None:  # fmt: skip
    """She saves the event with that length."""
    start = (MORNING + timedelta(days=7)).replace(hour=hour, minute=minute)
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, title, start, minutes, text, extra))


def length(office: Office, uid: str = "a") -> int:
    return office.event(uid).minutes


def test_p08_a_first_visit_is_given_its_own_length(surgery: Office) -> None:
    saves(surgery, 30)
    surgery.passes()
    assert length(surgery) == 45
    assert "Durée portée à 45 min pour « Détartrage – première consultation »" in surgery.block("a")
    assert "45 min" in next(mail.text for mail in surgery.email.sent if "onfirm" in mail.subject)


def test_p08_an_event_too_long_for_its_motif_is_shortened(surgery: Office) -> None:
    saves(surgery, 60)
    surgery.passes()
    assert length(surgery) == 45


def test_p08_once_given_it_is_not_touched_again_and_nothing_more_is_written(surgery: Office) -> None:
    saves(surgery, 30)
    surgery.passes()
    writes = surgery.calendars["martin"].writes
    for _ in range(3):
        surgery.passes(later=timedelta(hours=2))
    assert surgery.calendars["martin"].writes == writes
    assert surgery.told("confirmation") == ["sent"]


def test_p08_ruling4_a_length_she_chose_afterwards_is_kept_and_noted(surgery: Office) -> None:
    saves(surgery, 30)
    surgery.passes()
    saves(surgery, 20)
    for _ in range(2):
        surgery.passes()
    assert length(surgery) == 20
    assert "Durée 20 min, 45 min prévues" in surgery.block("a")
    assert "vous l'avez choisie" in surgery.block("a")


def test_p08_ruling4_a_length_she_dragged_before_it_was_valid_is_kept(surgery: Office) -> None:
    saves(surgery, 30, COMPLETE.replace("Mobile", "M."))
    surgery.passes()
    saves(surgery, 90)
    surgery.passes()
    assert length(surgery) == 90


def test_p08_another_motif_is_another_length(surgery: Office) -> None:
    saves(surgery, 30)
    surgery.passes()
    saves(surgery, 45, title="DUPONT Marie – contrôle", text=COMPLETE + "\nSuivi")
    surgery.passes()
    assert length(surgery) == 20


def test_p08_duree_typed_keeps_what_stands(surgery: Office) -> None:
    saves(surgery, 30, COMPLETE + "\nDurée : 30 min")
    surgery.passes()
    assert length(surgery) == 30
    assert "« Durée : 30 min » est tapé" in surgery.block("a")


def test_p08_a_length_typed_and_another_drawn_are_asked_about_and_neither_is_chosen_for_her(surgery: Office) -> None:
    saves(surgery, 30, COMPLETE + "\nDurée : 40 min")
    surgery.passes()
    assert length(surgery) == 30
    said = "! « Durée : 40 min » est tapé, mais l'événement dure 30 min : mettez sa fin à 10 h 40, ou corrigez"
    assert said in surgery.block("a")
    saves(surgery, 40, COMPLETE + "\nDurée : 40 min")
    surgery.passes()
    assert length(surgery) == 40
    assert "mettez sa fin" not in surgery.block("a")


def test_p08_it_never_runs_into_the_next_booking(surgery: Office) -> None:
    saves(surgery, 20, "", "Réunion", uid="next", minute=40)
    saves(surgery, 30)
    surgery.passes()
    assert length(surgery) == 30
    assert "le rendez-vous suivant commence à 10 h 40" in surgery.block("a")
    assert surgery.told("confirmation") == ["sent"]


def test_p08_it_never_runs_past_closing_time(surgery: Office) -> None:
    saves(surgery, 30, hour=11, minute=30)
    surgery.passes()
    assert length(surgery) == 30
    assert "le cabinet ferme à 12 h" in surgery.block("a")


def test_p08_a_series_is_not_stretched(surgery: Office) -> None:
    saves(surgery, 30, extra="RRULE:FREQ=WEEKLY;COUNT=3")
    surgery.passes()
    assert length(surgery) == 30
    assert "qui se répète" in surgery.block("a")


def test_p08_nothing_is_stretched_before_it_is_valid(surgery: Office) -> None:
    saves(surgery, 30, COMPLETE.replace("06 12 34 56 78", "01 43 00 00 01"))
    surgery.passes()
    assert length(surgery) == 30
    assert surgery.sms.sent == []


def test_p08_a_lost_race_is_judged_again_and_the_comment_of_hers_stays(surgery: Office) -> None:
    calendar = surgery.calendars["martin"]
    saves(surgery, 30)
    calendar.lose_answer_of_next_write()
    surgery.passes()
    surgery.passes()
    assert length(surgery) == 45
    assert "Durée portée à 45 min" in surgery.block("a")
    assert surgery.told("confirmation") == ["sent"]
