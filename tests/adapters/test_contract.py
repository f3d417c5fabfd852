"""One contract for every calendar: in memory, on Xandikos, on Radicale, and on a server of yours (`--caldav-url`)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.base import Conflict, Cursor, CursorLost, Edit, Refused, Written
from rules.model import AddEvent, Annotation

MARIE, PAUL = "marie.ics", "paul.ics"
OURS = Annotation("⚠ ", ("✗ Mobile manquant : écrivez « 06 12 34 56 78 »", "Contrôle, 30 min"))
DONE = Annotation("✓ ", ("Contrôle, 30 min, confirmé",))
DAY = datetime(2026, 12, 2, tzinfo=UTC)
NOTICE = AddEvent("petit", "attitre-avis-1", "attitre : à lire", "Bonjour", DAY, DAY + timedelta(days=1))


def annotate(place, ref, annotation=OURS, end=None):
    """What the worker does: read, judge, write on the version it read."""
    now = place.calendar.get(ref)
    return place.calendar.apply(ref, now.version, Edit(annotation, now.payload, end))


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
    result = annotate(place, MARIE)
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
    assert [ref for page in pages for ref in page.absent] == [MARIE]
    assert [ref for page in pages for ref in page.gone] == []


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
        (3, True, False),
        (1, False, False),
    ]
    assert follower.pull().resources == {}


def test_a_name_with_blanks_and_accents_is_one_event(place, written):
    ref = "rendez-vous été (1).ics"
    place.she.put(ref, written("odd.ics"))
    follower = place.follow()
    assert set(follower.pull().resources) == {ref}
    assert isinstance(annotate(place, ref), Written)
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


# --- writing ---------------------------------------------------------------------------------------------------------


def test_c01_our_part_is_written_and_nothing_else(place, written):
    place.she.put(MARIE, written(MARIE, text="Née le 3/4/1980\nContrôle", extra="X-HER-OWN:kept\nCOLOR:teal"))
    before = place.reading(MARIE)
    result = annotate(place, MARIE)
    assert isinstance(result, Written)
    after = place.reading(MARIE)
    assert after.annotation == OURS
    assert (after.events, after.semantic) == (before.events, before.semantic)
    assert b"X-HER-OWN:kept" in place.she.get(MARIE)


def test_the_version_moves_with_our_write_and_is_the_stored_one(place, written):
    place.she.put(MARIE, written(MARIE))
    before = place.calendar.get(MARIE)
    result = annotate(place, MARIE)
    assert result.resource.version not in {None, before.version}
    assert result.resource.version == place.calendar.get(MARIE).version


def test_c19_our_part_out_again_is_her_event_as_it_was(place, written):
    place.she.put(MARIE, written(MARIE, text="Née le 3/4/1980\nContrôle"))
    before = place.she.get(MARIE)
    annotate(place, MARIE)
    assert place.she.get(MARIE) != before
    assert isinstance(annotate(place, MARIE, Annotation()), Written)
    assert place.she.get(MARIE) == before


def test_our_part_is_replaced_not_doubled(place, written):
    place.she.put(MARIE, written(MARIE))
    annotate(place, MARIE)
    annotate(place, MARIE, DONE)
    assert place.reading(MARIE).annotation == DONE
    assert place.she.get(MARIE).count("── fin ──".encode()) == 1


def test_the_same_again_is_not_written(place, written):
    place.she.put(MARIE, written(MARIE))
    first = annotate(place, MARIE)
    again = annotate(place, MARIE)
    assert isinstance(again, Written)
    assert again.resource.version == first.resource.version == place.calendar.get(MARIE).version


def test_p8_a_new_end_is_written_with_our_part(place, written):
    place.she.put(MARIE, written(MARIE))
    end = datetime(2026, 12, 2, 10, 15, tzinfo=UTC)
    assert isinstance(annotate(place, MARIE, DONE, end), Written)
    (event,) = place.reading(MARIE).events
    assert (event.start, event.end) == (datetime(2026, 12, 2, 9, tzinfo=UTC), end)


def test_c05_who_was_faster_wins_over_us(place, written):
    place.she.put(MARIE, written(MARIE))
    seen = place.calendar.get(MARIE)
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    hers = place.she.get(MARIE)
    assert place.calendar.apply(MARIE, seen.version, Edit(OURS, seen.payload)) == Conflict()
    assert place.she.get(MARIE) == hers


def test_c16_an_event_that_she_deleted_is_not_written_again(place, written):
    place.she.put(MARIE, written(MARIE))
    seen = place.calendar.get(MARIE)
    place.she.delete(MARIE)
    assert place.calendar.apply(MARIE, seen.version, Edit(OURS, seen.payload)) == Conflict(gone=True)
    assert place.calendar.get(MARIE) is None


def test_after_a_conflict_her_version_comes_with_the_next_pass(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    seen = follower.pull().resources[MARIE]
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    place.calendar.apply(MARIE, seen.version, Edit(OURS, seen.payload))
    hers = follower.pull().resources[MARIE]
    assert isinstance(place.calendar.apply(MARIE, hers.version, Edit(OURS, hers.payload)), Written)
    assert place.reading(MARIE).events[0].title == "MARTIN Marie"


def test_what_she_writes_over_ours_is_seen_and_stays(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    follower.known[MARIE] = annotate(place, MARIE).resource.version
    place.she.put(MARIE, written(MARIE, text="Détartrage"))
    assert set(follower.pull().resources) == {MARIE}
    assert place.reading(MARIE).annotation == Annotation()
    assert place.reading(MARIE).events[0].description == "Détartrage"


@pytest.mark.parametrize(
    "guests", ["ATTENDEE:mailto:marie@example.com", "ORGANIZER:mailto:a@example.com\nATTENDEE:mailto:b@example.com"]
)
def test_c12_an_event_with_guests_is_refused_and_stays_as_it_is(place, written, guests):
    place.she.put(MARIE, written(MARIE, extra=guests))
    before = place.calendar.get(MARIE)
    assert isinstance(annotate(place, MARIE), Refused)
    assert place.calendar.get(MARIE) == before


def test_a_calendar_that_is_only_read_takes_no_write(place, written):
    place.she.put(MARIE, written(MARIE))
    seen, only = place.calendar.get(MARIE), place.again(read_only=True)
    assert isinstance(only.apply(MARIE, seen.version, Edit(OURS, seen.payload)), Refused)
    assert isinstance(only.add(NOTICE), Refused)
    assert place.calendar.get(MARIE) == seen
    assert not only.probe().writable


def test_a_calendar_that_is_only_read_loses_no_event(place, written):
    place.she.put(MARIE, written(MARIE))
    seen = place.calendar.get(MARIE)
    assert isinstance(place.again(read_only=True).remove(MARIE, seen.version), Refused)
    assert place.calendar.get(MARIE) == seen


@pytest.mark.parametrize(
    "text",
    [
        "Née le 3/4/1980 à Besançon, cœur fragile ; œdème",
        "🦷 implant 👩‍⚕️\nà rappeler ☎️",
        "une ligne très longue où tout déborde, « guillemets » et 🦷 compris ; " * 12,
        "chemin C:\\nouveau\\texte\n\n\nfin",
        "日本語 العربية ₂ ﬁ\u00a0…",
    ],
)
def test_her_text_survives_our_part(place, written, text):
    place.she.put(MARIE, written(MARIE, "DUPONT Éloïse 🦷", text))
    before = place.reading(MARIE).events
    assert before[0].description.split() == text.split()
    annotate(place, MARIE)
    assert place.reading(MARIE).events == before
    annotate(place, MARIE, Annotation())
    assert place.reading(MARIE).events == before


# --- events of our own -----------------------------------------------------------------------------------------------


def test_an_event_of_ours_is_added_once(place):
    first, again = place.calendar.add(NOTICE), place.calendar.add(NOTICE)
    assert isinstance(first, Written)
    assert isinstance(again, Written)
    seen = place.follow().pull()
    assert set(seen.resources) == {first.resource.ref} == {again.resource.ref}
    (event,) = place.reading(first.resource.ref).events
    assert (event.uid, event.title, event.all_day, event.transparent) == (NOTICE.uid, NOTICE.title, True, True)


def test_what_she_wrote_into_our_event_is_not_overwritten(place, written):
    ref = place.calendar.add(NOTICE).resource.ref
    place.she.put(ref, written(ref, "lu, merci"))
    place.calendar.add(NOTICE)
    assert place.reading(ref).events[0].title == "lu, merci"


def test_removing_needs_the_version_that_stands(place, written):
    place.she.put(MARIE, written(MARIE))
    seen = place.calendar.get(MARIE)
    place.she.put(MARIE, written(MARIE, "MARTIN Marie"))
    assert place.calendar.remove(MARIE, seen.version) == Conflict()
    assert isinstance(place.calendar.remove(MARIE, place.calendar.get(MARIE).version), Written)
    assert place.calendar.get(MARIE) is None


def test_removing_what_is_gone_is_a_conflict_that_says_so(place, written):
    place.she.put(MARIE, written(MARIE))
    seen = place.calendar.get(MARIE)
    place.she.delete(MARIE)
    assert place.calendar.remove(MARIE, seen.version) == Conflict(gone=True)


# --- what it offers --------------------------------------------------------------------------------------------------


def test_the_probe_names_the_calendar_and_what_it_offers(place, written):
    place.she.put(MARIE, written(MARIE))
    follower = place.follow()
    follower.pull()
    probe = place.calendar.probe()
    assert (probe.name, probe.writable, probe.strong_etags) == (place.name, True, True)
    assert probe.cursor_kind == follower.cursor.kind
    assert all(line.endswith(".") for line in probe.lines)


def test_the_probe_writes_nothing(place, written):
    follower = place.follow()
    follower.pull()
    place.calendar.probe()
    assert follower.pull().resources == {}
