"""Google calendars: tokens, tombstones, roles and kinds of events, on a stand-in with state."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.base import NOTHING_KNOWN, Cursor, CursorLost, Denied, Garbled, NotThere
from adapters.calendars.google import ids, payload
from demo.googlestandin.faults import later_page
from tests.adapters.ongoogle import PARIS, ROBOT, at, weekly

# --- tokens and full passes ------------------------------------------------------------------------------------------


def test_a01_an_idle_pass_is_one_question_and_brings_a_new_token(on_google):
    on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    before = follower.cursor
    seen = follower.pull()
    assert (seen.trips, seen.resources, seen.gone) == (1, {}, set())
    assert follower.cursor != before


def test_a02_a_crash_between_two_pages_repeats_the_work(on_google, small_batches):
    follower = on_google.follow()
    follower.pull()
    old = follower.cursor
    booked = {on_google.she.person.books(f"Patient {n}", at(2, 8 + n)).id for n in range(7)}
    first = next(on_google.calendar.changes(old, NOTHING_KNOWN))
    assert (len(first.resources), first.cursor) == (3, None)
    assert set(follower.pull().resources) == booked


def test_a04_a_token_that_ends_on_the_second_page_is_lost(on_google, small_batches):
    follower = on_google.follow()
    follower.pull()
    for n in range(4):
        on_google.she.person.books(f"Patient {n}", at(2, 8 + n))
    on_google.she.google.fail_next("fullSyncRequired", when=later_page)
    with pytest.raises(CursorLost):
        follower.pull()
    follower.cursor = None
    assert len(follower.pull().resources) == 4


def test_a03_an_expired_token_is_lost_and_the_listing_fetches_nothing_known(on_google):
    on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    on_google.she.google.expire_sync_tokens()
    with pytest.raises(CursorLost):
        follower.pull()
    follower.cursor = None
    seen = follower.pull()
    assert (seen.full, seen.resources, seen.gone) == (True, {}, set())


def test_a06_a_last_page_without_token_is_a_failure(on_google, monkeypatch):
    on_google.she.person.books("DUPONT Marie", at(2))
    monkeypatch.setattr("adapters.calendars.google.calendar.LIST", "nextPageToken,accessRole,items(id)")
    with pytest.raises(Garbled):
        list(on_google.calendar.changes(None, NOTHING_KNOWN))


def test_a07_a_token_of_another_question_is_never_sent(on_google):
    follower = on_google.follow()
    follower.pull()
    follower.cursor = Cursor("google", follower.cursor.value, "an older question")
    follower.pull()
    assert [one.asked.one("syncToken") for one in on_google.she.google.asked("events.list")] == ["", ""]


def test_a18_an_unshared_calendar_is_not_there_and_none_of_its_events_is_gone(on_google):
    event = on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    on_google.she.google.share(on_google.she.calendar, ROBOT, "none")
    with pytest.raises(NotThere):
        follower.pull()
    with pytest.raises(NotThere):
        on_google.calendar.get(event.id)


# --- tombstones and moves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bare", [True, False])
def test_g01_a_tombstone_is_gone_however_little_it_says(on_google, bare):
    on_google.she.google.world.switches.bare_stubs = bare
    event = on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    on_google.she.person.deletes(event)
    assert follower.pull().gone == {event.id}
    assert on_google.calendar.get(event.id) is None


def test_g02_an_undeleted_event_is_there_again_under_its_id(on_google):
    event = on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    on_google.she.person.deletes(event)
    follower.pull()
    on_google.she.person.restores(event)
    assert set(follower.pull().resources) == {event.id}


def test_g03_an_event_moved_away_is_gone_here_and_there_with_the_same_uid(on_google):
    google, her = on_google.she.google, on_google.she.person
    google.add_calendar("bernard@lilas.example", "Dr Bernard")
    event = her.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    uid = on_google.reading(event.id).events[0].uid
    moved = her.moves_to(event, "bernard@lilas.example")
    assert follower.pull().gone == {event.id}
    assert (moved.id, moved.body["iCalUID"]) == (event.id, uid)


def test_a_tombstone_of_what_was_never_known_says_nothing(on_google):
    follower = on_google.follow()
    follower.pull()
    on_google.she.person.deletes(on_google.she.person.books("DUPONT Marie", at(2)))
    assert follower.pull().gone == set()


def test_a_whole_listing_forgets_the_tombstone_and_the_event_is_absent(on_google):
    event = on_google.she.person.books("DUPONT Marie", at(2))
    follower = on_google.follow()
    follower.pull()
    on_google.she.person.deletes(event)
    on_google.she.google.forget_deleted(on_google.she.calendar)
    follower.cursor = None
    (page,) = follower.pull().pages
    assert (page.absent, page.gone) == ((event.id,), ())


# --- kinds of events, and what is hidden -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["birthday", "fromGmail", "workingLocation"])
def test_what_google_adds_by_itself_is_no_event(on_google, kind):
    event = on_google.she.person.books("Anniversaire", at(2), eventType=kind)
    reading = on_google.reading(event.id)
    assert (reading.events, reading.problem, reading.blocked) == ((), "", "type")


@pytest.mark.parametrize(("kind", "title"), [("outOfOffice", "Congés"), ("focusTime", "Temps de concentration")])
def test_absences_and_focus_time_keep_their_time_and_reason(on_google, kind, title):
    event = on_google.she.person.books(title, at(2), 480, eventType=kind)
    reading = on_google.reading(event.id)
    (seen,) = reading.events
    assert (seen.title, seen.kind, seen.minutes, seen.transparent, reading.blocked) == (title, kind, 480, False, "type")


def test_f05_an_all_day_event_is_exactly_its_days(on_google):
    event = on_google.she.person.books("Congés", date(2026, 12, 2))
    (seen,) = on_google.reading(event.id).events
    assert (seen.all_day, seen.start, seen.end) == (True, at(2, 0), at(3, 0))


def test_what_the_web_page_made_of_her_text_reads_as_she_typed_it(on_google):
    her = on_google.she.person
    event = her.books("DUPONT Marie – contrôle", at(2), text="Née le 12/05/1981\nMobile : 06 12 34 56 78")
    before = on_google.reading(event.id)
    her.saves_on_the_web(event)
    after = on_google.reading(event.id)
    assert after.events[0].description == before.events[0].description
    assert after.semantic == before.semantic


def test_the_same_meaning_hashes_the_same_as_in_a_caldav_calendar(on_google, written, window, zone):
    from adapters.calendars.ical.resource import Ics

    ics = written("marie.ics", "DUPONT Marie", "Née le 3/4/1980\nContrôle")
    on_google.she.put("marie.ics", ics)
    assert on_google.reading("marie.ics").semantic == Ics(zone, b"", "dav").read("marie.ics", ics, window).semantic


def test_guests_make_an_event_that_is_never_written_into(on_google):
    event = on_google.she.person.books("DUPONT Marie", at(2), attendees=[{"email": "a@example.com"}])
    reading = on_google.reading(event.id)
    assert (reading.events[0].attendees, reading.blocked) == (True, "attendees")


@pytest.mark.parametrize(
    ("answer", "taken"), [("declined", False), ("accepted", True), ("tentative", True), ("needsAction", True)]
)
def test_an_invitation_that_was_declined_leaves_the_time_free(on_google, answer, taken):
    """Another guest's answer, and an answer to another event, change nothing."""
    her = on_google.she.person
    other = {"email": "a@example.com", "responseStatus": "declined"}
    mine = {"email": her.email, "self": True, "responseStatus": answer}
    event = her.books("Réunion", at(2), attendees=[other, mine])
    [read] = on_google.reading(event.id).events
    assert (read.transparent, read.attendees) == (not taken, True)


def test_what_was_kept_before_answers_were_asked_for_is_fetched_anew(on_google):
    mine = {"email": on_google.she.person.email, "self": True, "responseStatus": "declined"}
    event = on_google.she.person.books("Réunion", at(2), attendees=[mine])
    kept = on_google.calendar.get(event.id)
    older = kept.payload.replace(b',"responseStatus":"declined"', b"")
    assert older != kept.payload
    assert payload.version_of(older) != payload.version_of(kept.payload) == kept.version
    assert payload.etag_of(payload.version_of(older)) == payload.etag_of(kept.version)


def test_one_visit_of_a_series_can_be_declined(on_google):
    her = on_google.she.person
    mine = {"email": her.email, "self": True, "responseStatus": "accepted"}
    series = weekly(her, 3, attendees=[mine])
    her.edits(her.instance(series, at(8)), attendees=[{**mine, "responseStatus": "declined"}])
    assert [event.transparent for event in on_google.reading(series.id).events] == [False, True, False]


def test_another_time_zone_is_shown_on_the_practices_clock(on_google):
    body = {"dateTime": "2026-12-02T09:00:00+00:00", "timeZone": "Europe/London"}
    event = on_google.she.person.edits(on_google.she.person.books("DUPONT Marie", at(2)), start=body, end=body)
    assert on_google.reading(event.id).events[0].start == at(2, 10)


# --- roles -----------------------------------------------------------------------------------------------------------


def test_a_calendar_shared_as_busy_times_is_refused_in_one_sentence(on_google):
    on_google.she.person.books("DUPONT Marie", at(2))
    on_google.she.google.share(on_google.she.calendar, ROBOT, "freeBusyReader")
    for question in (on_google.follow().pull, on_google.calendar.probe):
        with pytest.raises(Denied, match="disponibilité"):
            question()


def test_only_private_events_are_hidden_from_a_writer_without_private_access(on_google):
    her = on_google.she.person
    event, private = her.books("DUPONT Marie", at(2)), her.books("Médecin", at(2, 11), visibility="private")
    on_google.she.google.share(on_google.she.calendar, ROBOT, "writerWithoutPrivateAccess")
    assert set(on_google.follow().pull().resources) == {event.id, private.id}
    assert on_google.reading(event.id).events[0].title == "DUPONT Marie"
    (hidden,) = on_google.reading(private.id).events
    assert (hidden.title, hidden.private, hidden.minutes) == ("", True, 30)


@pytest.mark.parametrize(
    ("role", "writable", "words"),
    [("writer", True, "écriture permises"), ("reader", False, "Lecture seule"),
     ("writerWithoutPrivateAccess", True, "privés restent cachés")],
)  # fmt: skip
def test_the_probe_says_what_the_role_allows(on_google, role, writable, words):
    on_google.she.google.share(on_google.she.calendar, ROBOT, role)
    probe = on_google.calendar.probe()
    assert (probe.name, probe.writable) == ("Dr Petit", writable)
    assert words in probe.lines[0]


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uid", ["attitre-frein-0123456789abcdef", "é", "a" * 100])
def test_our_uid_comes_back_out_of_our_id(uid):
    event_id = ids.own_id(uid)
    assert set(event_id) <= set("abcdefghijklmnopqrstuv0123456789")
    assert ids.own_uid(event_id) == uid


@pytest.mark.parametrize("foreign", ["", "attitre0", "attitre0zz", "attitrexyz", "4n5pd4lmm", "attitre0v"])
def test_no_other_id_is_ours(foreign):
    assert ids.own_uid(foreign) in {"", None}


def test_a_field_that_is_null_is_a_field_that_is_not_there(window):
    side = {"dateTime": "2026-12-01T09:00:00+01:00", "timeZone": None}
    item = {"id": "a", "etag": '"1"', "start": side, "end": side, "summary": None, "description": None,
            "attendees": None, "recurrence": None, "location": None, "eventType": None, "status": None}  # fmt: skip
    (event,) = payload.Events(PARIS, b"", "google:x").read("a", payload.resource(item).payload, window).events
    assert (event.title, event.description, event.kind, event.start) == ("", "", "default", at(1))
