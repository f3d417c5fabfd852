"""Checking one changed event in a big practice: 10 dentists, 20,000 patients, 50,000 bookings of two years and as many
that went by, in CPU milliseconds."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from adapters.calendars.memory import MemoryCalendar
from bench import history
from rules.model import Dentist, Facts, Motif, Policy, Practice
from rules.text.fold import fold, words
from sync.core.context import Source, World
from sync.evaluate.evaluate import evaluate
from sync.pull.mirror import mirror
from sync.store import counters, patients
from sync.store import tables as t
from sync.store.codec import facts_to_json
from sync.store.engine import Store, Tx

DENTISTS, BOOKINGS, TWO_IN_FIVE = 10, 50_000, 2 / 5
ZONE = ZoneInfo("Europe/Paris")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_HOURS = {day: ((clock_time(8, 30), clock_time(19, 0)),) for day in range(5)}


def measure(repeats: int = 30, bookings: int = BOOKINGS) -> dict[str, float]:
    """Median milliseconds of CPU by what was asked: an ordinary event, an unknown name, a taken slot, a search."""
    with big_practice(bookings) as (world, calendars, names):
        dice = random.Random(7)  # noqa: S311 - the same questions at every run is the point
        known = [dice.randrange(len(names)) for _ in range(repeats)]
        free, also_free = (_monday(world.now().date()) + timedelta(weeks=weeks) for weeks in (60, 61))
        taken = _monday(world.now().date()) + timedelta(weeks=2)
        asked: dict[str, Callable[[int], float]] = {
            "known patient": lambda n: _judged(world, calendars, event(n, names[known[n]], free)),
            "unknown name": lambda n: _judged(world, calendars, event(n, f"Zq{names[known[n]]}x", also_free)),
            "taken slot": lambda n: _judged(world, calendars, event(n, names[known[n]], taken)),
            "name search": lambda n: _searched(world, names[known[n]]),
        }
        return {name: round(statistics.median(ask(n) for n in range(repeats)), 2) for name, ask in asked.items()}


def _judged(world: World, calendars: list[MemoryCalendar], body: tuple[str, bytes]) -> float:
    """The judgement alone: mirrored (and so parsed) before the clock starts."""
    calendars[0].put(*body)
    mirror(world, world.sources[0])
    began = time.process_time()
    assert evaluate(world) > 0
    return (time.process_time() - began) * 1000


def _searched(world: World, name: str) -> float:
    misspelt = fold(name[:3] + name[4:])
    with world.store.read() as tx:
        began = time.process_time()
        patients.nearest(tx, misspelt)
        return (time.process_time() - began) * 1000


def event(number: int, name: str, day: date) -> tuple[str, bytes]:
    start = datetime(day.year, day.month, day.day, 9, 0) + timedelta(days=number % 5, minutes=30 * (number % 16))  # noqa: DTZ001
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//FR", "BEGIN:VEVENT", f"UID:asked-{name[:4]}-{number}",
        "DTSTAMP:20261101T080000Z", f"DTSTART;TZID=Europe/Paris:{start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Europe/Paris:{start + timedelta(minutes=30):%Y%m%dT%H%M%S}", f"SUMMARY:{name} – détartrage",
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    return f"asked-{fold(name)[:6]}-{day}-{number}.ics", "\r\n".join(lines).encode()


# --- the practice ----------------------------------------------------------------------------------------------------


@contextmanager
def big_practice(bookings: int) -> Iterator[tuple[World, list[MemoryCalendar], list[str]]]:
    """Its world, its calendars, and the names of its patients: so many bookings of two years, and as many that went by
    before now with all that was stored of them."""
    keys = [f"d{number}" for number in range(DENTISTS)]
    practice = Practice(
        key="banc", name="Banc", address="12 rue des Lilas, 75020 Paris", phone="01 43 00 00 00",
        email="s@lilas.example", zone=ZONE, dentists=tuple(Dentist(k, f"Dr {k}", "Dentiste", _HOURS) for k in keys),
        motifs=(Motif("Détartrage", 30), Motif("Contrôle", 20)), policy=Policy(quiet_seconds=0),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'banc.db'}", "banc")
        store.prepare()
        calendars = [MemoryCalendar(f"memory:{key}", ZONE, b"s" * 32) for key in keys]
        sources = tuple(Source(calendar, key) for calendar, key in zip(calendars, keys, strict=True))
        now = datetime.now(UTC)
        world = World(practice, store, sources, {}, lambda: now)
        for source in sources:
            mirror(world, source)
        evaluate(world)
        names = _fill(world, now, bookings)
        history.went_by(world, bookings, len(names))
        yield world, calendars, names
        store.close()


def _fill(world: World, now: datetime, bookings: int) -> list[str]:
    """The directory and the bookings, straight into the tables: how they came there is not measured."""
    dice = random.Random(1)  # noqa: S311
    people = [(_word(dice, 5, 9), _word(dice, 4, 7)) for _ in range(int(bookings * TWO_IN_FIVE))]
    with world.store.write() as tx:
        rows = [_patient(tx, number, *who, now) for number, who in enumerate(people, 1)]
        tx.connection.execute(insert(t.patient), rows)
        tokens = [(number, token) for number, who in enumerate(people, 1) for token in set(words(" ".join(who)))]
        named = [{"practice": tx.practice, "token": token, "patient": number} for number, token in tokens]
        tx.connection.execute(insert(t.patient_name), named)
        counters.take_numbers(tx, "patient", len(people))
        made = [_booking(tx, number, dice.randrange(1, len(people) + 1), now) for number in range(1, bookings + 1)]
        tx.connection.execute(insert(t.booking), [booking for booking, _ in made])
        tx.connection.execute(insert(t.occurrence), [occurrence for _, occurrence in made])
        counters.take_numbers(tx, "booking", bookings)
    return [f"{family.upper()} {given.capitalize()}" for family, given in people]


def _patient(tx: Tx, number: int, family: str, given: str, now: datetime) -> dict[str, Any]:
    return {
        "practice": tx.practice, "id": number, "family_name": family.upper(), "given_name": given.capitalize(),
        "birth_date": date(1940, 1, 1) + timedelta(days=number), "mobile": f"+3363998{number:05}",
        "email": f"p{number}@example.org", "address": f"{number % 99 + 1} rue des Lilas, 75020 Paris",
        "dentist": f"d{number % DENTISTS}", "created_at": now, "changed_at": now,
    }  # fmt: skip


def _booking(tx: Tx, number: int, patient: int, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """From a year back to a year ahead, on working days between nine and six."""
    nth, dentist = divmod(number - 1, DENTISTS)
    day, slot = divmod(nth, 10)
    monday = _monday(now.date()) - timedelta(weeks=52)
    on = monday + timedelta(days=day // 5 * 7 + day % 5)
    start = datetime(on.year, on.month, on.day, 9, 0, tzinfo=ZONE) + timedelta(minutes=50 * slot)
    end, calendar, ref = start + timedelta(minutes=30), f"memory:d{dentist}", f"{number}.ics"
    facts = facts_to_json(Facts(patient, "BANC Essai", f"d{dentist}", start, 30, "Détartrage", "12 rue des Lilas"))
    place = {"practice": tx.practice, "calendar": calendar, "ref": ref, "uid": f"{number}@banc", "recurrence": ""}
    span = {"dentist": f"d{dentist}", "start": start, "end": end, "patient": patient}
    booking = {
        **place, **span, "id": number, "state": "valid", "facts": facts, "findings": [], "baseline": False,
        "created_at": now, "changed_at": now,
    }  # fmt: skip
    occurrence = {
        **place, **span, "all_day": False, "lasting": False, "kind": "booking", "label": "BANC Essai", "order": number,
        "booking": number, "motif": "Détartrage",
    }  # fmt: skip
    return booking, occurrence


def _word(dice: random.Random, least: int, most: int) -> str:
    return "".join(dice.choice(_LETTERS) for _ in range(dice.randint(least, most)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


if __name__ == "__main__":
    print(measure())
