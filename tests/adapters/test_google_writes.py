"""Writing into Google calendars: conditionally, silently, only our part, and never twice because an answer was lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.base import Conflict, Denied, Edit, Refused, TryLater, Unknown, Written
from adapters.calendars.google.patch import new_times
from demo.googlestandin.faults import Asked, writes
from rules.model import AddEvent, Annotation, alike
from tests.adapters.ongoogle import ROBOT

PARIS = ZoneInfo("Europe/Paris")
OURS = Annotation("⚠ ", ("✗ Mobile manquant : écrivez « 06 12 34 56 78 »", "Contrôle & détartrage <30 min>"))
DONE = Annotation("✓ ", ("Contrôle, 30 min, confirmé",))
DAY = datetime(2026, 12, 2, tzinfo=PARIS)
NOTICE = AddEvent("petit", "attitre-avis-1", "attitre : à lire", "Bonjour", DAY, DAY + timedelta(days=1))


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=PARIS)


@pytest.fixture
def her(on_google):
    return on_google.she.person


@pytest.fixture
def marie(her):
    return her.books("DUPONT Marie – contrôle", at(2), text="Née le 12/05/1981\nMobile : 06 12 34 56 78")


def asked(place) -> list[Asked]:
    """Every request that changes an event, as it came."""
    return [one.asked for one in place.she.google.log if writes(one.asked)]


# --- what a write is -------------------------------------------------------------------------------------------------


def test_c13_a_write_names_title_and_text_and_nothing_else(on_google, marie):
    on_google.annotate(marie.id, OURS)
    (patch,) = asked(on_google)
    assert set(patch.body) == {"summary", "description"}
    assert (patch.one("sendUpdates"), patch.one("conferenceDataVersion")) == ("none", "0")
    assert patch.headers["if-match"] == marie.etag
    assert on_google.she.google.world.mails == []


def test_p45_a_move_names_start_and_end_and_nothing_else(on_google, marie):
    begins = at(9, 15)
    assert isinstance(on_google.annotate(marie.id, Annotation(), begins + timedelta(minutes=30), begins), Written)
    (patch,) = asked(on_google)
    assert {name: side["dateTime"] for name, side in patch.body.items()} == {
        "start": "2026-12-09T15:00:00+01:00", "end": "2026-12-09T15:30:00+01:00",
    }  # fmt: skip
    assert (patch.one("sendUpdates"), patch.headers["if-match"]) == ("none", marie.etag)


@pytest.mark.parametrize(
    "odd", [{"recurrence": ["RRULE:FREQ=DAILY"]}, {"recurringEventId": "x"}, {"start": {"date": "2026-12-02"}}]
)
def test_p45_a_series_and_a_whole_day_are_not_moved(odd):
    item = {"start": {"dateTime": "2026-12-02T09:00:00+01:00"}, "end": {"dateTime": "2026-12-02T09:30:00+01:00"}}
    assert new_times(item, at(9, 16), PARIS, at(9, 15))
    assert new_times(item, at(9, 15), PARIS, at(9, 15)) is None
    assert new_times({**item, **odd}, at(9, 16), PARIS, at(9, 15)) is None


def test_an_annotation_is_one_request(on_google, marie):
    seen = on_google.follow().pull().resources[marie.id]
    before = on_google.trips()
    assert isinstance(on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)), Written)
    assert on_google.trips() - before == 1


def test_what_stands_already_is_not_written(on_google, marie):
    on_google.annotate(marie.id, OURS)
    on_google.annotate(marie.id, OURS)
    assert len(asked(on_google)) == 1


def test_c05_her_save_between_reading_and_writing_wins(on_google, her, marie):
    seen = on_google.calendar.get(marie.id)
    her.edits(marie, description="Née le 13/05/1981")
    assert on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)) == Conflict()
    assert her.sees(marie).text == "Née le 13/05/1981"


def test_without_a_version_the_meaning_decides(on_google, her, marie):
    seen = on_google.calendar.get(marie.id)
    her.edits(marie, colorId="5")
    assert isinstance(on_google.calendar.apply(marie.id, None, Edit(OURS, seen.payload)), Written)
    her.edits(marie, summary="DURAND Marie")
    assert on_google.calendar.apply(marie.id, None, Edit(DONE, seen.payload)) == Conflict()


def test_a_payload_that_the_store_emptied_is_read_again(on_google, marie):
    """The copy of an erased patient's event holds nothing: the version still says what stands there."""
    seen = on_google.calendar.get(marie.id)
    assert isinstance(on_google.calendar.apply(marie.id, seen.version, Edit(OURS, b"")), Written)


def test_p8_the_end_moves_alone_and_in_the_events_zone(on_google, marie):
    on_google.annotate(marie.id, Annotation(), at(2, 10, 15).astimezone(UTC))
    (patch,) = asked(on_google)
    assert patch.body == {"end": {"dateTime": "2026-12-02T10:15:00+01:00", "timeZone": "Europe/Paris"}}


@pytest.mark.parametrize("end", [at(2, 8), at(2, 9)])
def test_p8_an_end_before_the_start_is_refused(on_google, marie, end):
    assert isinstance(on_google.annotate(marie.id, OURS, end), Refused)
    assert asked(on_google) == []


def test_p8_all_day_events_and_series_keep_their_end(on_google, her):
    whole = her.books("Congés", date(2026, 12, 2))
    series = her.books("Réunion", at(3), recurrence=["RRULE:FREQ=WEEKLY"])
    for event in (whole, series):
        assert isinstance(on_google.annotate(event.id, OURS, at(4)), Refused)


# --- her text --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["DUPONT Marie", "⚠ DUPONT Marie", "✓ DUPONT", "⚠️ DUPONT", "⚠", ""])
@pytest.mark.parametrize("text", ["", "Née le 12/05/1981", "Née <b>le</b> 12/05<br>Mobile&nbsp;: 06", "a < b & c\n"])
def test_c19_our_part_out_again_is_her_event_as_it_was(on_google, her, title, text):
    event = her.books(title, at(2), text=text) if title else her.edits(her.books("x", at(2), text=text), summary=None)
    before = {name: event.body.get(name) for name in ("summary", "description")}
    for ours in (OURS, DONE, Annotation("", OURS.lines)):
        on_google.annotate(event.id, ours)
        assert alike(on_google.reading(event.id).annotation, ours)
        assert not on_google.reading(event.id).foreign_block
    on_google.annotate(event.id, Annotation())
    now = her.sees(event).body
    assert {name: now.get(name) for name in before} == before


def test_d09_the_web_page_turns_our_part_into_html_and_it_is_still_ours(on_google, her, marie):
    on_google.annotate(marie.id, OURS)
    her.saves_on_the_web(marie)
    assert alike(on_google.reading(marie.id).annotation, OURS)
    on_google.annotate(marie.id, OURS)
    assert len(asked(on_google)) == 1


def test_in_her_html_our_lines_are_lines_on_her_screen(on_google, her):
    event = her.books("DUPONT Marie", at(2), text="Née le <b>12/05/1981</b><br>Contrôle")
    on_google.annotate(event.id, OURS)
    assert her.sees(event).block.split("\n")[:3] == ["── attitre ──", *OURS.lines]
    assert her.sees(event).hers == "Née le 12/05/1981\nContrôle"


def test_d05_a_copy_carries_a_block_that_is_not_its_own(on_google, her, marie):
    on_google.annotate(marie.id, OURS)
    copy = her.copies_to(marie, on_google.she.calendar)
    assert on_google.reading(copy.id).foreign_block
    on_google.annotate(copy.id, OURS)
    assert not on_google.reading(copy.id).foreign_block


def test_d04_erased_properties_change_nothing(on_google, her, marie):
    before = on_google.reading(marie.id).semantic
    her.edits(marie, extendedProperties={"private": {"her": "own"}})
    assert on_google.reading(marie.id).semantic == before


def test_a_series_is_annotated_once_and_its_exceptions_stay(on_google, her):
    series = her.books("Réunion", at(1), recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])
    her.moves(her.instance(series, at(8)), at(8, 11))
    written = on_google.annotate(series.id, OURS)
    assert written.resource == on_google.calendar.get(series.id)
    assert [event.start.hour for event in on_google.reading(series.id).events] == [9, 11, 9]
    assert len(asked(on_google)) == 1


# --- what is never written into --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [{"eventType": "birthday"}, {"eventType": "fromGmail"}, {"eventType": "outOfOffice"}, {"eventType": "focusTime"},
     {"locked": True}, {"attendees": [{"email": "a@example.com"}]}, {"organizer": {"email": "b@example.com"}}],
)  # fmt: skip
def test_c12_c14_these_are_refused_without_asking(on_google, her, how):
    event = her.books("DUPONT Marie", at(2), **how)
    assert isinstance(on_google.annotate(event.id, OURS), Refused)
    assert asked(on_google) == []


def test_c14_a_readers_calendar_is_not_written_to(on_google, marie):
    on_google.she.google.share(on_google.she.calendar, ROBOT, "reader")
    seen = on_google.follow().pull().resources[marie.id]
    assert isinstance(on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)), Refused)
    assert isinstance(on_google.calendar.add(NOTICE), Refused)
    assert asked(on_google) == []


def test_rights_lost_since_the_last_reading_are_a_refusal(on_google, marie):
    seen = on_google.follow().pull().resources[marie.id]
    on_google.she.google.share(on_google.she.calendar, ROBOT, "reader")
    assert isinstance(on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)), Refused)


# --- answers that are lost, and Google's limits ----------------------------------------------------------------------


def test_c07_a_lost_answer_is_unknown_and_the_event_says_that_it_was_written(on_google, marie):
    on_google.she.google.fail_next("lostAnswer", when=writes)
    assert on_google.annotate(marie.id, OURS) == Unknown()
    assert on_google.reading(marie.id).annotation == OURS
    on_google.annotate(marie.id, OURS)
    assert len(asked(on_google)) == 1


def test_c08_a_request_that_was_not_served_is_made_again(on_google, marie):
    on_google.she.google.fail_next("noAnswer", when=writes)
    assert on_google.annotate(marie.id, OURS) == Unknown()
    assert isinstance(on_google.annotate(marie.id, OURS), Written)


@pytest.mark.parametrize("fault", ["backendError", "unavailable", "badGateway", "htmlPage", "cutAnswer"])
def test_an_unclear_answer_is_unknown(on_google, marie, fault):
    on_google.she.google.fail_next(fault, when=writes)
    assert on_google.annotate(marie.id, OURS) == Unknown()


def test_c15_a_used_up_quota_pauses_writing_and_reading_goes_on(on_google, her, marie):
    on_google.she.google.fail_next("quotaExceeded", when=writes)
    with pytest.raises(TryLater) as caught:
        on_google.annotate(marie.id, OURS)
    assert caught.value.retry_after >= 3600
    with pytest.raises(TryLater):
        on_google.annotate(marie.id, OURS)
    with pytest.raises(TryLater):
        on_google.calendar.add(NOTICE)
    assert len(asked(on_google)) == 1
    assert set(on_google.follow().pull().resources) == {marie.id}


@pytest.mark.parametrize("fault", ["rateLimitExceeded", "userRateLimitExceeded", "tooManyRequests"])
def test_i03_a_write_that_came_too_often_waits(on_google, marie, fault):
    on_google.she.google.fail_next(fault, when=writes, retry_after="120")
    with pytest.raises(TryLater) as caught:
        on_google.annotate(marie.id, OURS)
    assert caught.value.retry_after == 120
    assert isinstance(on_google.annotate(marie.id, OURS), Written)


def test_c16_what_was_deleted_is_not_written_again(on_google, her, marie):
    seen = on_google.calendar.get(marie.id)
    her.deletes(marie)
    assert on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)) == Conflict(gone=True)
    on_google.she.google.forget_deleted(on_google.she.calendar)
    assert on_google.calendar.apply(marie.id, seen.version, Edit(OURS, seen.payload)) == Conflict(gone=True)
    assert not her.still_there(marie)


@pytest.mark.parametrize("fault", ["accessNotConfigured", "insufficientPermissions", "authError"])
def test_what_is_wrong_with_the_account_is_no_refusal_of_the_event(on_google, marie, fault):
    """The event would stay unwritable after the account was mended."""
    on_google.she.google.fail_next(fault, times=2, when=writes)
    with pytest.raises(Denied):
        on_google.annotate(marie.id, OURS)


# --- events of our own -----------------------------------------------------------------------------------------------


def test_an_event_of_ours_takes_no_time_and_invites_nobody(on_google):
    on_google.calendar.add(NOTICE)
    (insert,) = asked(on_google)
    assert set(insert.body) == {"id", "summary", "description", "start", "end", "transparency"}
    assert (insert.body["start"], insert.body["transparency"]) == ({"date": "2026-12-02"}, "transparent")
    assert insert.one("sendUpdates") == "none"


def test_an_event_of_ours_that_she_deleted_comes_back_under_its_id(on_google, her):
    first = on_google.calendar.add(NOTICE).resource
    her.deletes(next(one for one in her.everything() if one.id == first.ref))
    assert on_google.calendar.get(first.ref) is None
    again = on_google.calendar.add(NOTICE)
    assert isinstance(again, Written)
    (event,) = on_google.reading(first.ref).events
    assert (event.uid, event.title, event.transparent) == (NOTICE.uid, NOTICE.title, True)


def test_an_event_of_ours_whose_answer_was_lost_is_there_at_the_next_try(on_google, her):
    on_google.she.google.fail_next("lostAnswer", when=writes)
    assert on_google.calendar.add(NOTICE) == Unknown()
    assert isinstance(on_google.calendar.add(NOTICE), Written)
    assert len(her.everything()) == 1


def test_a_timed_event_of_ours_keeps_its_time(on_google):
    timed = AddEvent("petit", "attitre-avis-2", "Avis", "Bonjour", at(2, 9), at(2, 10), all_day=False)
    (event,) = on_google.reading(on_google.calendar.add(timed).resource.ref).events
    assert (event.start, event.end, event.all_day) == (at(2, 9), at(2, 10), False)


def test_a_removal_carries_the_version_and_tells_nobody(on_google, marie):
    seen = on_google.calendar.get(marie.id)
    on_google.calendar.remove(marie.id, seen.version)
    (delete,) = asked(on_google)
    assert (delete.headers["if-match"], delete.one("sendUpdates")) == (marie.etag, "none")
    assert isinstance(on_google.calendar.remove(marie.id, None), Refused)
