"""An older version unfolded a series in UTC an hour wrongly: its store is put right from the stored bodies."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from sync.store import bookings, keyvalue
from sync.store import tables as t
from sync.worker.one_pass import one_pass
from tests.office import COMPLETE, PARIS, Office, make_office

WEEKS = "DTSTART:20261020T083000Z\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY;COUNT=10"  # 10 h 30 until October, then 9 h 30


def series() -> bytes:
    text = COMPLETE.replace("\n", "\\n").replace(",", "\\,")
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//client//FR",
        "BEGIN:VEVENT",
        "UID:weeks",
        "DTSTAMP:20261001T080000Z",
        WEEKS,
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
