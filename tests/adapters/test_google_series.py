"""Series of Google calendars: moved and cancelled instances, exceptions on other pages, rules, on a stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.calendars.google import payload as googleread
from rules.model import Annotation
from tests.adapters.ongoogle import PARIS, at, starts, weekly


def test_a_series_is_one_resource_with_its_moved_and_cancelled_instances(on_google):
    her = on_google.she.person
    series = weekly(her)
    her.moves(her.instance(series, at(8)), at(8, 11))
    her.deletes(her.instance(series, at(15)))
    seen = on_google.follow().pull()
    assert set(seen.resources) == {series.id}
    assert starts(on_google, series.id) == ["01 09:00", "08 11:00", "22 09:00"]


def test_a_series_reads_the_same_from_a_listing_and_one_by_one(on_google):
    her = on_google.she.person
    series = weekly(her)
    her.moves(her.instance(series, at(8)), at(8, 11))
    her.deletes(her.instance(series, at(15)))
    listed = on_google.follow().pull().resources[series.id]
    assert on_google.calendar.get(series.id) == listed


def test_a_changed_instance_brings_its_series_again(on_google):
    her = on_google.she.person
    series = weekly(her)
    follower = on_google.follow()
    follower.pull()
    her.moves(her.instance(series, at(8)), at(8, 11))
    assert set(follower.pull().resources) == {series.id}
    assert follower.pull().resources == {}


def test_e07_a_cancelled_instance_stays_out_of_its_series_over_a_full_pass(on_google):
    her = on_google.she.person
    series = weekly(her)
    follower = on_google.follow()
    follower.pull()
    her.deletes(her.instance(series, at(8)))
    changed = follower.pull().resources[series.id]
    again = on_google.follow().pull().resources[series.id]
    assert changed == again
    assert starts(on_google, series.id) == ["01 09:00", "15 09:00", "22 09:00"]


def test_e08_an_exception_before_its_series_is_linked(on_google):
    on_google.she.google.world.switches.exceptions_first = True
    her = on_google.she.person
    series = weekly(her)
    her.moves(her.instance(series, at(8)), at(8, 11))
    assert set(on_google.follow().pull().resources) == {series.id}
    follower = on_google.follow()
    follower.pull()
    her.edits(series, summary="Réunion longue")
    her.moves(her.instance(series, at(15)), at(15, 12))
    assert set(follower.pull().resources) == {series.id}


def test_e08_exception_and_series_on_different_pages_are_one(on_google, small_batches):
    on_google.she.google.world.switches.exceptions_first = True
    her = on_google.she.person
    for n in range(3):
        her.books(f"Patient {n}", at(2, 8 + n))
    series = weekly(her)
    her.moves(her.instance(series, at(8)), at(8, 11))
    seen = on_google.follow().pull()
    assert sorted(ref for page in seen.pages for one in page.resources if (ref := one.ref) == series.id) == [series.id]
    assert "08 11:00" in starts(on_google, series.id)


def test_e09_this_and_following_keeps_every_time_in_two_series(on_google):
    her = on_google.she.person
    series = weekly(her)
    follower = on_google.follow()
    follower.pull()
    new = her.splits(series, her.instance(series, at(15)), recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])
    assert set(follower.pull().resources) == {series.id, new.id}
    assert starts(on_google, series.id) + starts(on_google, new.id) == ["01 09:00", "08 09:00", "15 09:00", "22 09:00"]


def test_e15_a_deleted_series_is_gone_with_all_its_instances(on_google):
    her = on_google.she.person
    series = weekly(her)
    her.moves(her.instance(series, at(8)), at(8, 11))
    follower = on_google.follow()
    follower.pull()
    her.deletes(series)
    assert follower.pull().gone == {series.id}
    her.restores(series)
    assert set(follower.pull().resources) == {series.id}
    assert starts(on_google, series.id) == ["01 09:00", "08 11:00", "15 09:00", "22 09:00"]


def test_an_instance_that_only_changed_its_colour_is_no_exception(on_google):
    her = on_google.she.person
    series = weekly(her)
    before = on_google.reading(series.id)
    her.edits(her.instance(series, at(8)), colorId="5")
    assert on_google.reading(series.id) == before


def test_an_instance_from_before_our_part_was_written_is_no_exception(on_google):
    """A colour made it an item of its own; our block then went into the series only."""
    her = on_google.she.person
    series = weekly(her, description="Salle 2")
    her.edits(her.instance(series, at(8)), colorId="5")
    before = on_google.reading(series.id)
    on_google.annotate(series.id, Annotation("⚠ ", ("✗ à compléter",)))
    after = on_google.reading(series.id)
    assert (after.events, after.semantic) == (before.events, before.semantic)


def test_an_instance_is_no_resource_of_its_own(on_google):
    her = on_google.she.person
    series = weekly(her)
    moved = her.moves(her.instance(series, at(8)), at(8, 11))
    assert on_google.calendar.get(moved.id) is None
    assert on_google.calendar.get(series.id) is not None


def test_an_exception_whose_series_nobody_shows_is_an_event_of_its_own(on_google):
    """Invited to one instance only: Google shows it without the series (hard case E03)."""
    her = on_google.she.person
    alone = {"date": None, "dateTime": "2026-12-08T09:00:00+01:00", "timeZone": "Europe/Paris"}
    event = her.books("Réunion", at(8, 11), id="abc_1", recurringEventId="elsewhere", originalStartTime=alone)
    follower = on_google.follow()
    assert set(follower.pull().resources) == {event.id}
    assert starts(on_google, event.id) == ["08 11:00"]
    her.moves(event, at(8, 14))
    assert set(follower.pull().resources) == {event.id}
    her.deletes(event)
    assert follower.pull().gone == {event.id}


def test_f01_a_series_keeps_its_wall_time_over_the_change_of_clocks(on_google):
    her = on_google.she.person
    series = her.books("Réunion", at(19, month=10), 30, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    assert [f"{e.start:%d %H:%M}" for e in on_google.reading(series.id).events] == ["19 09:00", "26 09:00", "02 09:00"]


def test_e11_a_rule_that_never_ends_is_refused(on_google):
    her = on_google.she.person
    series = weekly(her)
    payload = on_google.calendar.get(series.id).payload.replace(b"FREQ=WEEKLY", b"FREQ=MINUTELY")
    window = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert on_google.calendar.read(series.id, payload, window).problem == "recurrence-refused"


def test_a_week_of_daily_meetings_costs_one_question_more_however_many_are_moved(on_google):
    her = on_google.she.person
    series = her.books("Point", at(1), 10, recurrence=["RRULE:FREQ=DAILY;COUNT=7"])
    follower = on_google.follow()
    follower.pull()
    for day in range(1, 6):
        her.moves(her.instance(series, at(day)), at(day) + timedelta(hours=2), 10)
    seen = follower.pull()
    assert (set(seen.resources), seen.trips) == ({series.id}, 3)


@pytest.mark.parametrize("odd", [{"end": None}, {"start": {"dateTime": "soon"}}, {"originalStartTime": {}}])
def test_an_instance_that_cannot_be_understood_stops_no_other_event(odd, window):
    """Google has not been seen to answer so; an event that nobody can read stays one event (law L10)."""
    side = {"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": "Europe/Paris"}
    master = {"id": "a", "etag": '"1"', "start": side, "end": side, "recurrence": ["RRULE:FREQ=DAILY"]}
    instance = {"id": "a_1", "start": side, "end": side, "recurringEventId": "a", "originalStartTime": side, **odd}
    body = googleread.resource(master, [instance])
    reading = googleread.Events(PARIS, b"", "google:x").read("a", body.payload, window)
    assert reading.problem == "event-unreadable" or len(reading.events) >= 31
