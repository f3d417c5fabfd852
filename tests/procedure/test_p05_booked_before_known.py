"""P3, P5: whoever was booked before their record was made is found as soon as it is."""

from datetime import timedelta

import pytest

from tests.desk import Desk, Event, moment
from tests.office import ics
from tests.typed import new

PAUL = {"born": "03/02/1985", "mobile": "06 55 44 33 22", "email": "paul@example.org"}
UNKNOWN = "✗ « DURAND Paul » n'est pas dans le fichier."


def makes_the_record(desk: Desk) -> Event:
    """She books Paul Durand with all that is asked of a new patient."""
    return desk.books("DURAND Paul – détartrage", new(**PAUL), at="03/12 10:00", minutes=45)


@pytest.mark.parametrize("hours", [0, 5])
def test_p05_a_visit_booked_before_the_record_was_made_is_confirmed_and_reminded(desk: Desk, hours: int) -> None:
    visit = desk.books("DURAND Paul – contrôle", at="01/12 10:00", minutes=20)
    assert visit.wrong == [f"{UNKNOWN} Vérifiez le nom ou tapez « Nouveau patient »."]
    desk.waits(hours=hours)
    makes_the_record(desk)
    assert "DURAND Paul, né(e) le 03/02/1985" in visit.reads
    assert visit.confirmed
    desk.waits(days=6, hours=2)
    assert "rappel de votre RDV du mardi 1er décembre" in desk.sms("+33655443322")[-1]


def test_p05_two_visits_typed_within_one_reading_are_both_confirmed(desk: Desk) -> None:
    later = moment("03/12 10:00")
    desk.office.calendars["martin"].put("e0.ics", ics("e0", "DURAND Paul – contrôle", later - timedelta(days=2), 20))
    record = makes_the_record(desk)
    assert record.confirmed
    assert "DURAND Paul, né(e) le 03/02/1985" in desk.office.block("e0")
    assert desk.office.block("e0").startswith("✓ ")


@pytest.mark.parametrize("title", ["Durand – contrôle", "06 55 44 33 22 – contrôle", "PAUL DURAND contrôle"])
def test_p03_p05_any_word_or_number_of_theirs_finds_the_new_record(desk: Desk, title: str) -> None:
    visit = desk.books(title, "Mobile : 06 55 44 33 22", at="01/12 10:00", minutes=20)
    assert not visit.confirmed
    makes_the_record(desk)
    assert "DURAND Paul, né(e) le 03/02/1985" in visit.reads
    assert visit.confirmed


def test_p05_another_patient_who_is_unknown_stays_so(desk: Desk) -> None:
    visit = desk.books("DURAND Louise – contrôle", at="01/12 10:00", minutes=20)
    makes_the_record(desk)
    assert "« DURAND Louise » n'est pas dans le fichier" in visit.reads
    assert len(desk.directory()) == 1
