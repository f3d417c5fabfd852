"""P17: an hour or a day in the title that is not the event's is asked about, and never passed over."""

import pytest

from tests.desk import Desk

ASKED = (
    "✗ « {} » est dans le titre, et l'événement est le mardi 1er décembre à 10 h. Déplacez-le ou corrigez le titre ; "
    "si tout est juste, tapez « Créneau confirmé »."
)


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("DUPONT Marie 15h ctrl", "15h"),
        ("14h30 DUPONT Marie ctrl", "14h30"),
        ("14:30 DUPONT Marie ctrl", "14:30"),
        ("DUPONT Marie ctrl 11 h 15", "11 h 15"),
        ("DUPONT Marie ctrl mardi 8/12", "mardi 8/12"),
        ("DUPONT Marie ctrl mer 2", "mer 2"),
    ],
)
def test_p17_another_hour_or_day_than_the_events_is_asked_about(known: Desk, title: str, typed: str) -> None:
    event = known.books(title, at="01/12 10:00", minutes=20)
    assert event.said("✗") == [ASKED.format(typed)]
    assert known.sms() == []


@pytest.mark.parametrize(
    "title",
    [
        "DUPONT Marie 10h ctrl",
        "10h00 DUPONT Marie ctrl",
        "DUPONT Marie ctrl mardi 1/12 à 10:00",
        "DUPONT Marie ctrl (doit partir à 11h)",
        "DUPONT Marie ctrl, appelée à 9h",
        "DUPONT Marie ctrl avant 12h",
        "DUPONT Marie 06 ctrl",
        "Marie 06.12.34.56.78 ctrl",
    ],
)
def test_p17_its_own_time_or_that_of_something_else_is_no_error(known: Desk, title: str) -> None:
    event = known.books(title, at="01/12 10:00", minutes=20)
    assert [line for line in event.said("✗") if "dans le titre, et" in line] == []


def test_p17_where_both_are_right_she_says_so(known: Desk) -> None:
    event = known.books("DUPONT Marie 15h ctrl", "Créneau confirmé", at="01/12 10:00", minutes=20)
    assert event.confirmed
