"""Five patients accept one freed slot at once, while the secretary may book it in her calendar (P44, laws L3, L4)."""

import os
import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import NOTHING_KNOWN
from adapters.calendars.memory import MemoryCalendar
from adapters.web.patients import Shown, What
from rules.model import Patient
from sync.core.context import Source
from sync.store.engine import Store
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.office import calendar_of, ics, make_office
from tests.procedure.waiting import OFFERING, PAUL, ZOE, phone_of

ROUNDS = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 40
SLOT, HELD = "24/11 12:00", 14
ANNA = replace(ZOE, family_name="Blanc", given_name="Anna", mobile="+33667890123", email="anna.blanc@example.org")
HUGO = replace(PAUL, family_name="Noir", given_name="Hugo", mobile="+33678901234", email="hugo.noir@example.org")
FIVE = (MARIE, ZOE, PAUL, ANNA, HUGO)


def name(patient: Patient) -> str:
    return f"{patient.family_name.upper()} {patient.given_name}"


def asked(desk: Desk) -> None:
    """All five hold a later appointment, and were offered the slot at noon."""
    for day, patient in enumerate(FIVE, HELD):
        desk.books(f"{name(patient)} – détartrage", "Liste d'attente", at=f"{day}/12 {9 + day % 3}:00")
    freed = desk.books("MOREAU Luc – détartrage", at=SLOT)
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    assert all(len(phone_of(desk, one).offers) == 1 for one in FIVE)


def all_click(desk: Desk) -> list[Shown]:
    """At the same moment, from five telephones. Returns what they read."""
    phones, start = [phone_of(desk, one) for one in FIVE], threading.Barrier(len(FIVE))
    read: list[Shown] = []

    def click(number: int) -> None:
        start.wait()
        read.append(phones[number].presses(What.ACCEPT))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(len(FIVE))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return read


def at_the_slot(desk: Desk) -> list[str]:
    calendar, window = desk.office.calendars["martin"], desk.office.world.window(desk.office.now)
    read = [
        calendar.read(b.ref, b.payload, window).events[0]
        for p in calendar.changes(None, NOTHING_KNOWN)
        for b in p.resources
    ]
    return [one.title for one in read if one.start == moment(SLOT) and not one.transparent]


def she_books(desk: Desk) -> None:
    """In her calendar, whatever the worker is doing."""
    body = ics("hers", "MOREAU Luc – contrôle", moment(SLOT), 20)
    desk.office.calendars["martin"].put("hers.ics", body)


def she_is_quick(monkeypatch: pytest.MonkeyPatch, desk: Desk, when: str) -> None:
    """She books just before, or just after, our next write into an event."""
    plain = MemoryCalendar.apply

    def apply(self: MemoryCalendar, ref: str, version: str | None, edit: Any) -> Any:
        moves = edit.start is not None and self.get("hers.ics") is None
        if moves and when == "before the write":
            she_books(desk)
        result = plain(self, ref, version, edit)
        if moves and when == "after the write":
            she_books(desk)
        return result

    monkeypatch.setattr(MemoryCalendar, "apply", apply)


MOMENTS = ("never", "before the clicks", "after the clicks", "before the write", "after the write")


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
def test_p44_of_five_who_accept_at_once_one_gets_it_or_she_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    desk = make_desk(tmp_path, OFFERING, [*FIVE, LUC])
    asked(desk)
    when = random.Random(number).choice(MOMENTS)
    before = {one.mobile: len(desk.sms(one.mobile)) for one in FIVE}
    if when == "before the clicks":
        she_books(desk)
    if "write" in when:
        she_is_quick(monkeypatch, desk, when)
    read = all_click(desk)
    assert len([one for one in read if one.pending]) == 1, when
    assert len([one for one in read if "déjà pris" in one.news]) == 4, when
    if when == "after the clicks":
        she_books(desk)
    for _ in range(5):
        desk.office.passes(later=timedelta(minutes=1))
    there = at_the_slot(desk)
    told = {one.mobile: desk.sms(one.mobile)[before[one.mobile] :] for one in FIVE}
    winners = [one for one in FIVE if told[one.mobile]]
    assert len(there) == 1, when
    if "MOREAU" in there[0]:
        assert not winners, when
    else:
        assert [name(one) for one in winners] == [there[0].partition(" – ")[0].lstrip("✓ ")], when
        assert len(told[winners[0].mobile]) == 1
    said = [phone_of(desk, one).sees().news for one in FIVE]
    assert len([one for one in said if "à vous" in one]) == len(winners), when
    assert all("reste" in one for one in said if "à vous" not in one), when


@pytest.mark.slow
@pytest.mark.parametrize("number", range(5))
def test_p44_of_five_on_postgresql_one_is_first(postgresql: str, tmp_path: Path, number: int) -> None:
    practice = replace(OFFERING, key=f"cinq{number}")
    sources = [Source(calendar_of(one.key), one.key) for one in practice.dentists]
    desk = Desk(make_office(tmp_path, practice, sources, Store(postgresql, practice.key)))
    desk.knows(*FIVE, LUC)
    desk.office.passes()
    asked(desk)
    read = all_click(desk)
    assert len([one for one in read if one.pending]) == 1
    assert len([one for one in read if "déjà pris" in one.news]) == 4
    for _ in range(4):
        desk.office.passes(later=timedelta(minutes=1))
    assert len(at_the_slot(desk)) == 1
    assert "MOREAU" not in at_the_slot(desk)[0]
    desk.office.world.store.close()
