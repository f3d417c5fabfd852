"""One contract for every calendar: in memory, on Xandikos, on Radicale, and on a server of yours (`--caldav-url`)."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from adapters.base import Cursor, CursorLost, Written
from rules.model import Annotation

MARIE, PAUL = "marie.ics", "paul.ics"
OURS = Annotation("⚠ ", ("✗ Mobile manquant : écrivez « 06 12 34 56 78 »", "Contrôle, 30 min"))


# --- what changed ----------------------------------------------------------------------------------------------------


def test_an_empty_calendar_is_one_full_page_with_a_cursor(place):
    seen = place.follow().pull()
    assert len(seen.pages) == 1
    assert seen.full
    assert seen.pages[0].cursor is not None
    assert (seen.resources, seen.gone) == ({}, set())


def test_the_first_listing_gives_every_event_with_its_meaning(place, written, window):
    for hour, ref in enumerate((MARIE, PAUL), start=9):
        place.she.put(ref, written(ref, ref, "Née le 3/4/1980", hour=hour))
    seen = place.follow().pull()
    assert seen.full
    assert set(seen.resources) == {MARIE, PAUL}
    (event,) = place.calendar.read(PAUL, seen.resources[PAUL].payload, window).events
    assert (event.uid, event.title, event.description) == ("paul", PAUL, "Née le 3/4/1980")
    assert event.start == datetime(2026, 12, 2, 10, tzinfo=UTC)


def test_an_idle_pass_is_one_round_trip_and_nothing_else(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    for _ in range(3):
        seen = follower.pull()
        assert (seen.trips, seen.resources, seen.gone) == (1, {}, set())
        assert follower.cursor is not None


def test_what_she_creates_is_seen_once(place, written):
    follower = place.follow()
    follower.pull()
    place.she.put(MARIE, written(MARIE))
    assert set(follower.pull().resources) == {MARIE}
    assert follower.pull().resources == {}


def test_what_she_changes_is_seen_once_with_its_new_meaning(place, written, window):
    place.she.put(MARIE, written(MARIE))
    place.she.put(PAUL, written(PAUL, hour=11))
    follower = place.follow()
    follower.pull()
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    seen = follower.pull()
    assert set(seen.resources) == {MARIE}
    assert place.calendar.read(MARIE, seen.resources[MARIE].payload, window).events[0].title == "MARTIN Marie"
    assert follower.pull().resources == {}


def test_what_changed_is_compared_with_what_is_known_of_it_alone(place, written):
    place.she.put(MARIE, written(MARIE))
    place.she.put(PAUL, written(PAUL, hour=11))
    follower = place.follow()
    assert follower.pull().whole
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    place.she.delete(PAUL)
    seen = follower.pull()
    assert set(seen.resources) == {MARIE}
    assert seen.whole == (place.feed or seen.full)


def test_what_she_deletes_is_named_once(place, written):
    place.she.put(MARIE, written(MARIE))
    place.she.put(PAUL, written(PAUL, hour=11))
    follower = place.follow()
    follower.pull()
    place.she.delete(MARIE)
    seen = follower.pull()
    assert (seen.gone, seen.resources) == ({MARIE}, {})
    assert follower.pull().gone == set()


def test_what_came_and_went_between_two_passes_brings_nothing(place, written):
    follower = place.follow()
    follower.pull()
    place.she.put(MARIE, written(MARIE))
    place.she.delete(MARIE)
    assert follower.pull().resources == {}
    assert follower.pull().gone <= {MARIE}


def test_deleted_and_written_again_is_a_change(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    place.she.delete(MARIE)
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    seen = follower.pull()
    assert set(seen.resources) == {MARIE}
    assert seen.gone == set()


def test_d01_a_change_whose_version_is_known_is_not_fetched(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    result = place.annotate(MARIE, OURS)
    follower.known[MARIE] = result.resource.version
    seen = follower.pull()
    assert (seen.trips, seen.resources) == (1, {})


def test_a_whole_listing_fetches_only_what_is_not_known(place, written):
    place.she.put(MARIE, written(MARIE))
    place.she.put(PAUL, written(PAUL, hour=11))
    follower = place.follow()
    follower.pull()
    follower.cursor = None
    place.she.put(PAUL, written(PAUL, "MARTIN Paul", hour=11))
    seen = follower.pull()
    assert seen.full
    assert (set(seen.resources), seen.gone) == ({PAUL}, set())


def test_a_whole_listing_names_as_absent_what_it_lacks(place, written):
    place.she.put(MARIE, written(MARIE))
    place.she.put(PAUL, written(PAUL, hour=11))
    follower = place.follow()
    follower.pull()
    follower.cursor = None
    place.she.delete(MARIE)
    pages = follower.pull().pages
    absent, gone = [ref for page in pages for ref in page.absent], [ref for page in pages for ref in page.gone]
    assert (absent, gone) == (([], [MARIE]) if place.names_the_deleted else ([MARIE], []))


@pytest.mark.parametrize(
    "foreign", [Cursor("google", "CPDAlvWDx70CEPDAlvWDx70CGAU="), Cursor("sync", "x", "an older question")]
)
def test_a07_a_cursor_of_another_question_lists_everything(place, written, foreign):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.cursor = foreign
    seen = follower.pull()
    assert seen.full
    assert set(seen.resources) == {MARIE}


@pytest.mark.parametrize("value", ["http://radicale.org/ns/sync/0000", "never given", ""])
def test_a08_an_unknown_cursor_never_means_that_nothing_changed(place, written, value):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    follower.cursor = replace(follower.cursor, value=value)
    try:
        seen = follower.pull()
    except CursorLost:
        follower.cursor = None
        seen = follower.pull()
    assert set(seen.resources) == {MARIE}


def test_more_events_than_a_batch_come_in_several_pages(place, written, small_batches):
    refs = {f"{number}.ics" for number in range(2 * small_batches + 1)}
    for ref in refs:
        place.she.put(ref, written(ref))
    seen = place.follow().pull()
    assert set(seen.resources) == refs
    assert [len(page.resources) for page in seen.pages] == [3, 3, 1]
    assert [page.cursor is None for page in seen.pages] == [True, True, False]


def test_many_changes_come_in_several_pages_and_the_cursor_with_the_last(place, written, small_batches):
    follower = place.follow()
    follower.pull()
    for number in range(small_batches + 1):
        place.she.put(f"{number}.ics", written(f"{number}.ics"))
    seen = follower.pull()
    assert [(len(page.resources), page.cursor is None, page.full) for page in seen.pages] == [
        (3, True, place.feed),
        (1, False, place.feed),
    ]
    assert follower.pull().resources == {}


def test_a_name_with_blanks_and_accents_is_one_event(place, written):
    ref = "rendez-vous été (1).ics"
    place.she.put(ref, written("odd.ics"))
    follower = place.follow()
    assert set(follower.pull().resources) == {ref}
    assert isinstance(place.annotate(ref, OURS), Written)
    assert set(follower.pull().resources) == {ref}
    place.she.delete(ref)
    assert follower.pull().gone == {ref}


def test_b13_a_task_among_the_events_is_neither_event_nor_problem(place, written, window):
    place.she.put("task.ics", written("task.ics").replace(b"VEVENT", b"VTODO").replace(b"DTEND", b"DUE"))
    place.she.put(MARIE, written(MARIE))
    found = place.follow().pull().resources
    readings = [place.calendar.read(ref, one.payload, window) for ref, one in found.items()]
    assert [event.uid for reading in readings for event in reading.events] == ["marie"]
    assert {reading.problem for reading in readings} == {""}


def test_an_event_that_is_not_there_is_none(place, written):
    assert place.calendar.get(MARIE) is None
    place.she.put(MARIE, written(MARIE))
    assert place.calendar.get(MARIE) is not None
    place.she.delete(MARIE)
    assert place.calendar.get(MARIE) is None


def test_what_is_got_is_what_was_listed(place, written, window):
    place.she.put(MARIE, written(MARIE))
    listed = place.follow().pull().resources[MARIE]
    got = place.calendar.get(MARIE)
    assert got.version == listed.version
    assert place.reading(MARIE).events == place.calendar.read(MARIE, listed.payload, window).events


# --- what it offers --------------------------------------------------------------------------------------------------


def test_l7_what_is_over_is_told_without_reading_it(place, written, window):
    place.she.put(MARIE, written(MARIE))
    body = place.calendar.get(MARIE)
    [event] = place.calendar.read(MARIE, body.payload, window).events
    assert not place.calendar.over(body.payload, event.end)
    assert place.calendar.over(body.payload, event.end + timedelta(days=3))


def test_the_probe_names_the_calendar_and_what_it_offers(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    probe = place.calendar.probe()
    assert (probe.name, probe.writable) == (place.name, not place.feed)
    assert not any("Sans version sûre" in line for line in probe.lines)
    assert probe.cursor_kind == follower.cursor.kind
    assert all(line.endswith(".") for line in probe.lines)


def test_the_probe_writes_nothing(place, written):
    follower = place.follow()
    follower.pull()
    place.calendar.probe()
    assert follower.pull().resources == {}
