"""An older version unfolded a series in UTC an hour wrongly: its store is put right from the stored bodies."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from sync.core.context import Readings, nobody_watches
from sync.pull.horizon import expand_anew
from sync.store import bookings, calendars, keyvalue, resources
from sync.store import tables as t
from sync.store.states import CalendarState
from sync.worker.one_pass import check_configuration, one_pass
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.office import COMPLETE, MORNING, PARIS, Office, ics, make_office

WEEKS = "DTSTART:20261020T083000Z\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY;COUNT=10"  # 10 h 30 until October, then 9 h 30


def series(weeks: str = WEEKS) -> bytes:
    text = COMPLETE.replace("\n", "\\n").replace(",", "\\,")
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//client//FR",
        "BEGIN:VEVENT",
        "UID:weeks",
        "DTSTAMP:20261001T080000Z",
        weeks,
        "SUMMARY:DUPONT Marie – détartrage",
        f"DESCRIPTION:{text}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()


def misread(office: Office) -> None:
    """As the older version left it: the occurrences to come an hour late, and what was told of them."""
    hour = timedelta(hours=1)
    with office.world.store.write() as tx:
        o, b, k = t.occurrence.c, t.booking.c, t.telling.c
        for row in tx.connection.execute(select(o.ref, o.recurrence, o.start, o.end).where(o.start > office.now)).all():
            tx.connection.execute(
                update(t.occurrence)
                .where(o.ref == row.ref, o.recurrence == row.recurrence)
                .values(start=row.start + hour, end=row.end + hour, recurrence=f"{row.recurrence}!")
            )
        for row in tx.connection.execute(
            select(b.id, b.recurrence, b.start, b.end, b.facts).where(b.start > office.now)
        ).all():
            later = {"start": row.start + hour, "end": row.end + hour}
            facts = {**row.facts, "start": (datetime.fromisoformat(row.facts["start"]) + hour).isoformat()}
            tx.connection.execute(
                update(t.booking).where(b.id == row.id).values(**later, facts=facts, recurrence=f"{row.recurrence}!")
            )
            tx.connection.execute(update(t.telling).where(k.booking == row.id).values(facts=facts))
        keyvalue.put(tx, "reading", "1")
        keyvalue.put(tx, "configuration", "of the older version")


def hours(office: Office) -> set[tuple[int, int]]:
    with office.world.store.read() as tx:
        rows = bookings.between(tx, office.now, office.now + timedelta(days=90), PARIS)
    return {(row.start.hour, row.start.minute) for row in rows if row.vanished_at is None}


@pytest.mark.parametrize("known", ["from a person", "from us"])
def test_who_was_told_a_wrong_hour_is_told_the_right_one(tmp_path, known: str) -> None:  # type: ignore[no-untyped-def]
    office = make_office(tmp_path)
    if known == "from us":
        office.passes()
    office.calendars["martin"].put("weeks.ics", series())
    office.passes()
    office.passes(later=timedelta(minutes=1))
    assert hours(office) == {(9, 30)}
    misread(office)
    assert hours(office) == {(10, 30)}
    before, asked = len(office.sms.sent), office.calendars["martin"].calls["get"]
    for _ in range(3):
        office.passes(later=timedelta(minutes=1))
    assert hours(office) == {(9, 30)}
    words = [message.text for message in office.sms.sent[before:]]
    assert all("9h30" in text and "annul" not in text for text in words)
    assert bool(words) == (known == "from us")
    assert office.calendars["martin"].calls["get"] == asked
    one_pass(office.world)
    assert len(office.sms.sent) == before + len(words)


# --- in slices, between the worker's rounds --------------------------------------------------------------------------


def updated(office: Office, occurrences: int) -> Readers:
    """The office after the new version's start: nothing is parsed yet; a slice has that many occurrences."""
    office.world = replace(office.world, slice=occurrences, readings=Readings())
    return Readers(office.world, 60, chance=lambda: 0.5)


def turns(office: Office, readers: Readers, rounds: int = 1) -> None:
    """Time goes on, then a round, which reads every calendar."""
    for _ in range(rounds):
        office.turned += timedelta(seconds=20)
        readers.forget_moments()
        one_round(readers, nobody_watches)


def known_before(office: Office, count: int) -> None:
    """So many appointments that were over when the older version first read them: it kept what they meant."""
    with office.world.store.write() as tx:
        resources.add_all(tx, [_over(office, number) for number in range(count)])


def _over(office: Office, number: int) -> dict[str, object]:
    start = MORNING - timedelta(days=100 + number)
    body = ics(f"a-{number}", "DUPONT Marie – détartrage", start, 30, COMPLETE)
    return {
        "calendar": "memory:martin", "ref": f"a-{number:05}.ics", "order": 100_000 + number, "version": "1",
        "payload": resources.pack(body), "raw_hash": resources.digest(body), "semantic": f"meaning-{number}",
        "state": resources.PRESENT, "owed": False, "baseline": True, "first_pass": True, "problem": "",
        "changed_at": office.now, "dirty_at": None, "backlog_at": None, "body_before": None, "rewrites": 0,
    }  # fmt: skip


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many statements each transaction has."""
    each = list[int]()
    begun, said = lambda _: each.append(0), lambda *_: each.append(each.pop() + 1)
    event.listen(Engine, "begin", begun)
    event.listen(Engine, "before_cursor_execute", said)
    yield each
    event.remove(Engine, "begin", begun)
    event.remove(Engine, "before_cursor_execute", said)


def test_what_she_types_is_answered_before_the_old_history_is_unfolded(office: Office) -> None:
    known_before(office, 2000)
    misread(office)
    readers = updated(office, 250)
    office.she_books("new")
    with counted() as statements:
        turns(office, readers)
    assert "Détartrage" in office.block("new")
    assert office.sms.sent == []
    with office.world.store.read() as tx:
        assert resources.backlog_is_open(tx)
    assert len(statements) < 100
    assert max(statements) < 10 * 250
    assert office.world.readings.parsed < 10
    turns(office, readers, 10)
    assert office.world.readings.parsed < 10
    assert len(office.sms.sent) == 1


@pytest.mark.parametrize(
    ("edit", "said"),
    [("DTSTART:20261020T100000Z", "avant"), ("deleted", "annul"), ("LOCATION:Fauteuil 2", None)],
    ids=["moved", "deleted", "text"],
)
def test_l7_of_what_she_edits_before_its_turn_the_right_hour_is_known(
    tmp_path: Path, edit: str, said: str | None
) -> None:
    office = make_office(tmp_path)
    office.calendars["martin"].put("weeks.ics", series())
    office.passes()
    known_before(office, 5)
    misread(office)
    readers = updated(office, 1)
    if edit == "deleted":
        office.calendars["martin"].delete("weeks.ics")
    else:
        office.calendars["martin"].put("weeks.ics", series(_edited(edit)))
    turns(office, readers, 40)
    words = " ".join(message.text for message in office.sms.sent)
    assert ("9h30" in words and "10h30" not in words) if said else words == ""
    assert (said or "") in words


def _edited(line: str) -> str:
    return WEEKS.replace("DTSTART:20261020T083000Z", line) if line.startswith("DTSTART") else f"{WEEKS}\r\n{line}"


def test_a_series_is_put_right_in_its_turn(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    office.passes()
    office.calendars["martin"].put("weeks.ics", series())
    office.passes()
    office.passes(later=timedelta(minutes=1))
    known_before(office, 5)
    misread(office)
    before, readers = len(office.sms.sent), updated(office, 1)
    turns(office, readers, 2)
    assert hours(office) == {(10, 30)}
    turns(office, readers, 40)
    assert hours(office) == {(9, 30)}
    words = [message.text for message in office.sms.sent[before:]]
    assert words and all("9h30" in text and "annul" not in text for text in words)


@pytest.mark.parametrize("way", ["missed by a listing", "back in the configuration"])
def test_l7_what_is_not_seen_in_its_turn_is_put_right_too(tmp_path: Path, way: str) -> None:
    office = make_office(tmp_path)
    office.calendars["martin"].put("weeks.ics", series())
    office.passes()
    misread(office)
    readers = updated(office, 1)
    with office.world.store.write() as tx:
        if way == "missed by a listing":
            resources.change(tx, "memory:martin", "weeks.ics", state=resources.SUSPECT)
        else:
            calendars.change(tx, "memory:martin", state=CalendarState.SUSPENDED)
    check_configuration(office.world)
    while expand_anew(office.world):
        pass
    turns(office, readers, 10)
    office.calendars["martin"].put("weeks.ics", series(_edited("LOCATION:Fauteuil 2")))
    turns(office, readers, 10)
    assert hours(office) == {(9, 30)}
    assert office.sms.sent == []
