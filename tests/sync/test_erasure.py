"""A patient asks to be erased: the store forgets, and nothing brings the record back."""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from adapters.base import Permanent
from rules.model import Patient
from sync.people.erase import Erased, erase
from sync.store import patients, tables
from tests.sync.conftest import COMPLETE, MORNING, ics

if TYPE_CHECKING:
    from conftest import Office

SIGNS = (b"upont", b"UPONT", b"612345678", b"6 12 34 56 78", b"marie@example.org", b"rue Verte")
LUC = "Nouveau patient\nSans préférence\nNé(e) le : 01/02/1970\nMobile : 06 23 45 67 89\nE-mail : luc@example.org\n"


def erased(office: Office, number: int = 1) -> Erased:
    store = office.world.store
    with store.write() as tx:
        record = patients.get(tx, number)
        assert record is not None
        done = erase(office.world, tx, record)
    store.shred()
    return done


def left_in_files(office: Office) -> list[bytes]:
    """Which signs of Marie the store's files still hold."""
    file = office.world.store.file
    assert file is not None
    held = b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))
    return [sign for sign in SIGNS if sign in held]


def left_in_copies(office: Office) -> list[str]:
    """The events whose stored copy still names her."""
    with office.world.store.read() as tx:
        rows = tx.connection.execute(select(tables.resource.c.ref, tables.resource.c.payload)).all()
    return [ref for ref, payload in rows if any(sign in zlib.decompress(payload) for sign in SIGNS)]


@pytest.fixture
def known(office: Office) -> Office:
    """Marie was here, comes again, and one message to her failed."""
    office.she_books("a", day=2)
    office.passes()
    office.passes(later=timedelta(days=3))
    office.sms.fail(Permanent("Numéro inconnu."))
    office.she_books("b", day=9, text=COMPLETE.replace("3 rue Verte", "4 rue Verte"))
    office.passes()
    assert len(left_in_files(office)) >= 4
    return office


def test_p05_an_erased_patient_is_in_no_byte_of_the_store(known: Office) -> None:
    done = erased(known)
    assert (left_in_files(known), left_in_copies(known)) == ([], [])
    assert (done.bookings, [f"{one.start:%d/%m}" for one in done.events]) == (2, ["26/11", "03/12"])


def test_p05_nothing_brings_an_erased_record_back(known: Office) -> None:
    erased(known)
    sent = len(known.sms.sent) + len(known.email.sent)
    known.calendars["martin"].expire_tokens()
    for ref in ("a.ics", "b.ics"):
        body = known.calendars["martin"].get(ref)
        assert body is not None
        known.calendars["martin"].put(ref, body.payload.replace(b"DTSTAMP:20261101", b"DTSTAMP:20261102"))
    for _ in range(3):
        known.passes(later=timedelta(minutes=5))
    with known.world.store.write() as tx:
        tables_changed = tx.connection.exec_driver_sql("UPDATE setting SET value = 'x' WHERE name = 'configuration'")
        assert tables_changed.rowcount == 1
    known.passes(later=timedelta(hours=1))
    with known.world.store.read() as tx:
        assert patients.every(tx) == ()
    assert len(known.sms.sent) + len(known.email.sent) == sent
    known.world.store.shred()
    assert (left_in_files(known), left_in_copies(known)) == ([], [])


def test_p05_the_event_she_deletes_afterwards_is_told_to_nobody(known: Office) -> None:
    erased(known)
    sent = len(known.sms.sent)
    known.calendars["martin"].delete("b.ics")
    for _ in range(3):
        known.passes(later=timedelta(minutes=2))
    assert len(known.sms.sent) == sent
    assert known.told("cancellation") == []


def test_p05_what_she_types_into_it_afterwards_counts_anew(known: Office) -> None:
    erased(known)
    start = known.now + timedelta(days=6)
    known.calendars["martin"].put(
        "b.ics", ics("b", "MOREAU Luc – détartrage", start, 30, f"{LUC}Adresse : 1 rue X, 75011 Paris")
    )
    known.passes()
    with known.world.store.read() as tx:
        assert [one.name for one in patients.every(tx)] == ["MOREAU Luc"]


def test_p05_other_patients_events_that_named_the_erased_one_are_corrected(known: Office) -> None:
    start = known.event("b").start
    text = f"{LUC}Adresse : 1 rue Rouge, 75011 Paris"
    known.calendars["martin"].put("c.ics", ics("c", "MOREAU Luc – détartrage", start, 30, text))
    known.passes()
    assert "DUPONT Marie" in known.block("c")
    done = erased(known)
    assert done.others == 1
    assert left_in_files(known) == []
    known.passes()
    known.passes()
    assert "Ce créneau est déjà pris" in known.block("c")
    assert "DUPONT" not in known.block("c")
    assert left_in_copies(known) == []


def test_p05_a_namesake_keeps_everything(known: Office) -> None:
    with known.world.store.write() as tx:
        other = Patient("Dupont", "Marie", birth_date=date(1950, 1, 1), mobile="+33699999988", email="m@example.org")
        number = patients.save(tx, other, MORNING, "import")
    known.she_books(
        "n",
        day=20,
        text=COMPLETE.replace("12/05/1981", "01/01/1950").replace("marie@", "m@").replace("12 34 56 78", "99 99 99 88"),
    )
    known.passes()
    sent = len(known.sms.sent)
    erased(known)
    for _ in range(2):
        known.passes(later=timedelta(minutes=5))
    assert len(known.sms.sent) == sent
    assert known.block("n").startswith("✓")
    with known.world.store.read() as tx:
        assert [one.id for one in patients.every(tx)] == [number]
