"""Whom freed time fits, why not the others, and who is asked first (P44)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.entry.wished_times import read
from rules.model import Gap, WaitingEntry
from rules.waiting.fitting import EARLIER_BY, in_order, place_in, why_not
from tests.desk import SURGERY, moment

NOW, DAY = moment("24/11 9:00"), timedelta(days=1)
GAP = Gap(1, "martin", moment("26/11 10:00"), moment("26/11 10:30"), moment("26/11 9:30"), moment("26/11 10:30"))


def waits(number: int = 1, **values: Any) -> WaitingEntry:
    entry = WaitingEntry(number, number, "martin", 30, NOW - 9 * DAY, held=moment("10/12 10:00"))
    return replace(entry, **values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, ""),
        ({"dentist": "bernard"}, "suivi par Dr Paul Bernard, sans accord pour Dr Claire Martin"),
        ({"dentist": "bernard", "agreed": frozenset({"martin"})}, ""),
        ({"minutes": 60}, ""),
        ({"minutes": 61}, "il faut 1 h 01, 1 h sont libres"),
        ({"wish": read("vendredi")}, "souhaite vendredi"),
        ({"wish": read("jeudi matin")}, ""),
        ({"held": GAP.freed_start + EARLIER_BY}, ""),
        (
            {"held": moment("28/11 10:00")},
            "son rendez-vous est le samedi 28 novembre à 10 h, gain de moins de 3 jours",
        ),
        ({"held": None}, ""),
        ({"busy": ((moment("26/11 10:15"), moment("26/11 11:00")),)}, "a déjà un rendez-vous à cette heure"),
        ({"busy": ((moment("26/11 10:30"), moment("26/11 11:00")),)}, ""),
        ({"gaps": frozenset({1})}, "déjà sollicité pour ce créneau"),
        ({"open_offer": True}, "une autre proposition attend sa réponse"),
        ({"asked": (moment("24/11 8:00"),)}, "déjà sollicité aujourd'hui"),
        ({"asked": tuple(NOW - n * DAY for n in (1, 2, 6))}, "déjà 3 propositions en sept jours"),
        ({"asked": tuple(NOW - n * DAY for n in (1, 2, 7))}, ""),
        ({"unfit": "en pause"}, "en pause"),
    ],
)  # fmt: skip
def test_p44_why_a_patient_is_not_asked(values: dict[str, Any], reason: str) -> None:
    assert why_not(waits(**values), GAP, SURGERY, NOW) == reason


def test_p44_urgency_then_longest_waiting_then_least_recently_asked_then_the_tightest() -> None:
    long_ago, lately = NOW - 20 * DAY, NOW - 2 * DAY
    people = [
        waits(1, since=lately),
        waits(2, since=long_ago, last_asked=NOW - 8 * DAY),
        waits(3, since=long_ago, minutes=45),
        waits(4, since=long_ago, minutes=20),
        waits(5, since=lately, urgent=True),
    ]
    assert [entry.number for entry, _ in in_order(people, GAP, SURGERY, NOW)] == [5, 3, 4, 2, 1]


def test_p44_it_begins_where_the_old_one_stood_or_as_much_earlier_as_it_must() -> None:
    assert place_in(GAP, 30) == moment("26/11 10:00")
    assert place_in(GAP, 20) == moment("26/11 10:00")
    assert place_in(GAP, 45) == moment("26/11 9:45")
    assert place_in(GAP, 61) is None


@given(st.integers(0, 120), st.integers(0, 120), st.integers(5, 120), st.integers(1, 200))
def test_p44_an_offer_lies_in_the_free_time(before: int, after: int, freed: int, length: int) -> None:
    start = moment("26/11 10:00")
    end = start + timedelta(minutes=freed)
    gap = replace(
        GAP,
        freed_start=start,
        freed_end=end,
        start=start - timedelta(minutes=before),
        end=end + timedelta(minutes=after),
    )
    begins = place_in(gap, length)
    if length > before + freed + after:
        assert begins is None
        return
    assert begins is not None
    assert gap.start <= begins
    assert begins + timedelta(minutes=length) <= gap.end
    assert begins < gap.freed_end
