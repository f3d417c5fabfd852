"""Google's bad days: each is named once and says what to do, other calendars go on, no patient is told anything.

Dr Martin's calendar is at Google, Dr Bernard's is not. For half an hour Google refuses; then somebody repairs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.calendars.google.api import GoogleAccess
from adapters.calendars.google.calendar import GoogleCalendar
from demo.googlestandin import OWNER, GoogleStandIn
from demo.googlestandin.person import Event, Person
from sync.core.context import Source
from sync.store import calendars
from tests.google.practice import ROBOT
from tests.office import COMPLETE, MORNING, PARIS, Office, calendar_of, ics, make_office

ID = "martin@lilas.example"
MINUTE = timedelta(seconds=61)
LUC = COMPLETE.replace("12/05/1981", "01/02/1970").replace("12 34 56 78", "98 76 54 32").replace("marie@", "luc@")
THERE = "DUPONT Marie – détartrage"


@dataclass
class House:
    """Two dentists; `standing` is a booking at Google whose patient was told before the bad day."""

    google: GoogleStandIn
    office: Office
    martin: Person
    standing: Event

    def half_an_hour(self) -> None:
        for _ in range(30):
            self.office.passes(later=MINUTE)

    def reason(self) -> str:
        with self.office.world.store.read() as tx:
            row = calendars.get(tx, f"google:{ID}")
        return row.reason or "" if row else ""


def at(hour: int) -> datetime:
    return (MORNING + timedelta(days=7)).replace(hour=hour)


def made(google: GoogleStandIn, folder: Path, who: str) -> House:
    """It has worked for them since before the story."""
    google.add_calendar(ID, "Dr Martin")
    access = GoogleAccess(google.credentials_json(who, robot=who == ROBOT), endpoint=google.root)
    if who == ROBOT:
        google.share(ID, ROBOT, "writer")
    other = calendar_of("bernard")
    at_google = Source(GoogleCalendar(access, ID, zone=PARIS, secret=b"s" * 32), "martin")
    office = make_office(folder, sources=[at_google, Source(other, "bernard")])
    google.world.clock = lambda: office.now
    office.passes()
    martin = google.person(ID)
    standing = martin.books(THERE, at(10), 30, COMPLETE)
    office.passes()
    assert office.told("confirmation") == ["sent"]
    return House(google, office, martin, standing)


@pytest.fixture
def google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as running:
        yield running


def refuses(kind: str) -> Callable[[GoogleStandIn], None]:
    """Every question is answered so, until it is repaired."""
    return lambda google: google.fail_next(kind, times=10_000, when="events")


def mends(google: GoogleStandIn) -> None:
    google.faults.planned.clear()


def unshared(google: GoogleStandIn) -> None:
    google.share(ID, ROBOT, "none")


def shared(google: GoogleStandIn) -> None:
    google.share(ID, ROBOT, "writer")


def revoked(google: GoogleStandIn) -> None:
    google.gate.revoke(OWNER)
    google.gate.expire_access()


def consented(google: GoogleStandIn) -> None:
    google.gate.restore(OWNER)


def wrong_clock(google: GoogleStandIn) -> None:
    google.gate.skew = timedelta(hours=2)
    google.gate.expire_access()


def right_clock(google: GoogleStandIn) -> None:
    google.gate.skew = timedelta()
    google.gate.expire_access()


BAD_DAYS = {
    "consent withdrawn (I02)": (OWNER, revoked, consented, "attitre init"),
    "no longer shared (A18)": (ROBOT, unshared, shared, "Partager"),
    "the API is switched off": (ROBOT, refuses("accessNotConfigured"), mends, "API"),
    "the clock is wrong": (ROBOT, wrong_clock, right_clock, "horloge"),
    "the day's questions are used up": (ROBOT, refuses("rateLimitExceeded"), mends, ""),
    "Google is down": (ROBOT, refuses("backendError"), mends, ""),
}


@pytest.mark.parametrize(("who", "breaks", "repaired", "words"), BAD_DAYS.values(), ids=BAD_DAYS.keys())
def test_a_bad_day_is_named_once_and_stops_nobody_else(
    google: GoogleStandIn,
    tmp_path: Path,
    who: str,
    breaks: Callable[[GoogleStandIn], None],
    repaired: Callable[[GoogleStandIn], None],
    words: str,
) -> None:
    house = made(google, tmp_path, who)
    office = house.office
    breaks(google)
    house.martin.deletes(house.standing)
    house.half_an_hour()
    assert len(office.to_practice()) == 1
    assert "Dr Claire Martin" in office.to_practice()[0]
    assert words in house.reason()
    assert office.told("cancellation") == []
    office.calendars["bernard"].put("b.ics", ics("b", "MOREAU Luc – contrôle", at(15), 20, LUC))
    office.passes(later=MINUTE)
    assert office.block("b", "bernard").startswith("✓")
    repaired(google)
    for _ in range(70):
        office.passes(later=MINUTE)
    assert house.reason() == ""
    assert office.told("cancellation") == ["sent"]


@pytest.mark.parametrize("who", [ROBOT, OWNER])
def test_a_wrong_calendar_id_is_one_sentence_and_is_never_taken_for_an_empty_calendar(
    google: GoogleStandIn, tmp_path: Path, who: str
) -> None:
    google.add_calendar(ID, "Dr Martin")
    access = GoogleAccess(google.credentials_json(who, robot=who == ROBOT), endpoint=google.root)
    wrong = GoogleCalendar(access, "marten@lilas.example", zone=PARIS, secret=b"s" * 32)
    office = make_office(tmp_path, sources=[Source(wrong, "martin"), Source(calendar_of("bernard"), "bernard")])
    for _ in range(30):
        office.passes(later=MINUTE)
    assert len(office.to_practice()) == 1
    with office.world.store.read() as tx:
        row = calendars.get(tx, "google:marten@lilas.example")
    assert row
    assert row.baseline_at is None
    assert "partagé" in (row.reason or "")
