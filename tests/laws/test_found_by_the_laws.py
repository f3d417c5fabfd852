"""What the machine of `test_engine_laws.py` found, each as the plain story that broke a law."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from adapters.base import TryLater
from adapters.calendars.memory import MemoryCalendar
from sync.outbox import deliver
from sync.store import bookings, resources
from sync.worker import one_pass


def test_l6_what_a_listing_lacks_is_not_confirmed_while_it_is_in_doubt(desk: Any) -> None:
    desk.both_book()
    one_pass.one_pass(desk.world)
    desk.calendars["martin"].expire_tokens()
    desk.calendars["martin"].delete("ZORGLUBE.ics")
    desk.passes()
    assert desk.told() == {"+33612345678"}


def test_g03_what_a_listing_lacks_begins_no_second_booking_beside_the_one_that_left(desk: Any) -> None:
    desk.books("ZORGLUBE", "Quetzalia", "06 98 76 54 32")
    one_pass.one_pass(desk.world)
    martin, bernard = desk.calendars["martin"], desk.calendars["bernard"]
    bernard.put("moved.ics", martin._held["ZORGLUBE.ics"].payload)
    martin.delete("ZORGLUBE.ics")
    martin.expire_tokens()
    desk.now += timedelta(minutes=5)
    one_pass.one_pass(desk.world)
    with desk.store.write() as tx:
        resources.mark_dirty(tx, [("agenda:martin", "ZORGLUBE.ics")], desk.now)
    desk.passes()
    assert "cancellation" not in desk.kinds_told("+33698765432")


@pytest.mark.parametrize("stays", [True, False])
def test_g03_what_is_found_again_after_all_is_a_booking_of_its_own(desk: Any, stays: bool) -> None:
    desk.both_book()
    desk.passes(3)
    martin, bernard = desk.calendars["martin"], desk.calendars["bernard"]
    kept = martin._held["ZORGLUBE.ics"]
    bernard.put("copied.ics", kept.payload)
    martin.delete("ZORGLUBE.ics")
    martin.expire_tokens()
    desk.now += timedelta(seconds=30)
    one_pass.one_pass(desk.world)
    if stays:
        martin.put("ZORGLUBE.ics", kept.payload)
    desk.passes()
    with desk.store.read() as tx:
        held = bookings.at_place(tx, "agenda:martin", "ZORGLUBE.ics", desk.world.practice.zone)
    assert len([one for one in held if one.vanished_at is None]) == stays


def test_l2_our_part_is_written_once_the_event_is_found_again(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.both_book()
    with monkeypatch.context() as busy:
        busy.setattr(MemoryCalendar, "apply", Mock(side_effect=TryLater("…")))
        desk.passes(1)
    calendar = desk.calendars["martin"]
    body = calendar._held.pop("ZORGLUBE.ics")
    calendar.expire_tokens()
    desk.now += timedelta(hours=2)
    one_pass.one_pass(desk.world)
    calendar.put(body.ref, body.payload)
    desk.passes()
    assert desk.marks() == {"ZORGLUBE": "✓", "DUPONT": "✓"}


def test_l3_nothing_is_told_of_an_event_whose_new_body_is_owed(desk: Any) -> None:
    desk.both_book()
    one_pass.one_pass(desk.world)
    with desk.store.write() as tx:
        resources.change(tx, "agenda:martin", "ZORGLUBE.ics", owed=True)
    desk.now += timedelta(minutes=5)
    deliver.deliver(desk.world)
    assert desk.told() == {"+33612345678"}
