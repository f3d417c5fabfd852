"""What is over when a calendar is first read is kept, not read: with what it means nothing else is different
(docs/design.md#what-is-over)."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from adapters.calendars.memory import MemoryCalendar
from rules.model import Patient
from sync.core.context import Source
from sync.people.erase import erase
from sync.store import patients, resources
from sync.store import tables as t
from sync.store.engine import Store
from tests.office import COMPLETE, MORNING, PARIS, Office, ics, make_office

EXAMPLES = 30 * settings.default.max_examples // 100  # by default; `make test-long` asks forty times as many
LONG_AGO, YESTERDAY, NEXT_WEEK = -90, -1, 7


class ReadsAll(MemoryCalendar):
    """A calendar of which nothing is certainly over."""

    def over(self, payload: bytes, before: datetime) -> bool:
        return False


def stood(office: Office, ref: str, day: int, title: str = "DUPONT Marie – détartrage", text: str = COMPLETE) -> None:
    start = (MORNING + timedelta(days=day)).replace(hour=10)
    office.calendars["martin"].put(f"{ref}.ics", ics(ref, title, start, 30, text))


def restamped(office: Office, ref: str) -> None:
    """Her client saves it again as it is."""
    body = office.calendars["martin"].get(f"{ref}.ics")
    assert body is not None
    saved = body.payload.replace(b"DTSTAMP:2026", b"DTSTAMP:2027")
    office.calendars["martin"].put(f"{ref}.ics", saved)


def meanings(office: Office) -> dict[str, bool]:
    """ref → whether the meaning of its stored body is known."""
    with office.world.store.read() as tx:
        return {row.ref: bool(row.semantic) for row in resources.present(tx)}


def test_l7_what_was_over_at_the_first_pass_is_kept_and_not_read(new_office: Office) -> None:
    for ref, day in (("old", LONG_AGO), ("late", YESTERDAY), ("next", NEXT_WEEK)):
        stood(new_office, ref, day)
    new_office.passes()
    assert meanings(new_office) == {"old.ics": False, "late.ics": True, "next.ics": True}
    with new_office.world.store.read() as tx:
        kept = resources.get(tx, "memory:martin", "old.ics")
    assert kept is not None
    there = new_office.calendars["martin"].get("old.ics")
    assert there is not None
    assert (kept.payload, kept.version, kept.dirty_at) == (there.payload, there.version, None)


def test_p17_an_old_event_dragged_into_next_week_is_an_appointment(new_office: Office) -> None:
    stood(new_office, "old", LONG_AGO)
    new_office.passes()
    stood(new_office, "old", NEXT_WEEK)
    new_office.passes()
    assert new_office.block("old").startswith("✓ ")
    assert new_office.told("confirmation") == ["sent"]


def test_p48_an_absence_typed_into_an_old_event_is_noted(new_office: Office) -> None:
    stood(new_office, "old", LONG_AGO)
    new_office.passes()
    stood(new_office, "old", LONG_AGO, text=COMPLETE + "\nAbsente")
    new_office.passes()
    assert "Absence non excusée notée" in new_office.block("old")


def test_l2_an_old_event_saved_again_as_it_was_is_no_change(new_office: Office) -> None:
    stood(new_office, "old", LONG_AGO)
    new_office.passes()
    restamped(new_office, "old")
    new_office.passes(later=timedelta(minutes=5))
    with new_office.world.store.read() as tx:
        row = resources.get(tx, "memory:martin", "old.ics")
    assert row is not None
    assert (row.baseline, row.changed_at, row.dirty_at, bool(row.semantic)) == (True, MORNING, None, True)


def test_p05_an_erased_patients_old_event_stays_empty_when_it_is_saved_again(new_office: Office) -> None:
    stood(new_office, "old", LONG_AGO)
    new_office.passes()
    with new_office.world.store.write() as tx:
        who = patients.save(tx, Patient("DUPONT", "Marie", mobile="+33612345678"), new_office.now, "import")
    with new_office.world.store.write() as tx:
        record = patients.get(tx, who)
        assert record is not None
        erase(new_office.world, tx, record)
    restamped(new_office, "old")
    new_office.passes(later=timedelta(minutes=5))
    with new_office.world.store.read() as tx:
        row = resources.get(tx, "memory:martin", "old.ics")
    assert row is not None
    assert row.payload == b""


# --- the law ---------------------------------------------------------------------------------------------------------

_DAYS = st.sampled_from([-400, -60, -40, -38, -37, -36, -35, -34, -20, -1, 3, 7, 60])
_TITLES = st.sampled_from([
    "DUPONT Marie – détartrage", "MOREAU Luc – contrôle", "DUPONT Marie – détartrage – absente", "Congés", "?DUPONT",
    "DUPONT Marie – détartrage – venue", "ANNULÉ DUPONT Marie", "Réunion d'équipe", "⚠ DUPONT Marie – détartrage",
])  # fmt: skip
_TEXTS = st.sampled_from([COMPLETE, "", "absente", "Mobile : 06 12", COMPLETE.replace("Marie", "RRULE")])
_EXTRAS = st.sampled_from(["", "", "", "RRULE:FREQ=WEEKLY;COUNT=8", "STATUS:CANCELLED", "CLASS:PRIVATE"])
Event = tuple[str, int, str, str, str]
_EVENT = st.tuples(st.sampled_from("abc"), _DAYS, _TITLES, _TEXTS, _EXTRAS)
Act = Callable[[Office], Any]


def _saves(event: Event) -> Act:
    ref, day, title, text, extra = event
    start = (MORNING + timedelta(days=day)).replace(hour=10)
    return lambda office: office.calendars["martin"].put(f"{ref}.ics", ics(ref, title, start, 30, text, extra))


def _deletes(ref: str) -> Act:
    def act(office: Office) -> None:
        if office.calendars["martin"].get(f"{ref}.ics") is not None:
            office.calendars["martin"].delete(f"{ref}.ics")

    return act


def _stamps(ref: str) -> Act:
    return lambda office: restamped(office, ref) if office.calendars["martin"].get(f"{ref}.ics") else None


def _erases(office: Office) -> None:
    with office.world.store.write() as tx:
        for record in patients.every(tx)[:1]:
            erase(office.world, tx, record)


def _lost(office: Office) -> None:
    office.calendars["martin"].expire_tokens()


def _passes(minutes: int) -> Act:
    return lambda office: office.passes(later=timedelta(minutes=minutes))


_ACTS = st.one_of(
    _EVENT.map(_saves), st.sampled_from("abc").map(_deletes), st.sampled_from("abc").map(_stamps),
    st.sampled_from([_erases, _lost]), st.sampled_from([5, 5, 60 * 24, 60 * 24 * 31]).map(_passes),
)  # fmt: skip
_UNTOLD = frozenset({"semantic", "order", "key", "together", "payload"})  # the rank is compared


def _kept(office: Office) -> dict[str, Any]:
    """All that the store holds of events, patients and messages, and what each body means."""
    held: dict[str, Any] = {}
    with office.world.store.read() as tx:
        for table in (t.resource, t.occurrence, t.booking, t.patient, t.message, t.edit, t.journal, t.notice):
            names = [column.name for column in table.columns if column.name not in _UNTOLD]
            rows = tx.connection.execute(select(*(table.c[name] for name in names)))
            held[table.name] = sorted(str(tuple(row)) for row in rows)
        ranked = select(t.occurrence.c.ref).order_by(t.occurrence.c.order, t.occurrence.c.ref, t.occurrence.c.start)
        held["rank"] = list(tx.connection.execute(ranked).scalars())
        held["meaning"] = sorted((row.ref, office.world.meaning(row)) for row in resources.present(tx))
    held["told"] = sorted((message.to, message.text) for message in (*office.sms.sent, *office.email.sent))
    held["there"] = {ref: office.calendars["martin"].get(f"{ref}.ics") for ref in "abc"}
    return held


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store's file."""
    file = tmp_path_factory.mktemp("store") / "lilas.db"
    store = Store(f"sqlite:///{file}", "lilas")
    store.prepare()
    store.close()
    return file


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.lists(_EVENT, max_size=4), acts=st.lists(_ACTS, max_size=5))
def test_l1_l7_with_what_is_over_left_unread_all_is_as_if_it_were_read(
    empty_store: Path, there: list[Event], acts: list[Act]
) -> None:
    lived = [_lived(empty_store, kind, there, acts) for kind in (MemoryCalendar, ReadsAll)]
    for one, other in zip(*lived, strict=True):
        for name in one:
            assert one[name] == other[name], name


def _lived(empty: Path, kind: type[MemoryCalendar], there: list[Event], acts: list[Act]) -> list[dict[str, Any]]:
    """What is held after the first pass, and after each act and a pass."""
    with TemporaryDirectory() as folder:
        shutil.copy(empty, folder)
        office = make_office(Path(folder), sources=[Source(kind("memory:martin", PARIS, b"s" * 32), "martin")])
        for event in there:
            _saves(event)(office)
        office.passes()
        seen = [_kept(office)]
        for act in acts:
            act(office)
            office.passes(later=timedelta(minutes=5))
            seen.append(_kept(office))
        office.world.store.close()
        return seen
