"""The stand-in's series: masters, instances, exceptions, cancelled ones, splits. Documented or Inferred, each."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from demo.googlestandin.person import Event
from tests.google.conftest import MARTIN, Office, paris
from tests.google.practice import ROBOT

WEEKLY = ["RRULE:FREQ=WEEKLY;COUNT=4"]
ROUX = "roux@group.calendar.google.com"


def weekly(office: Office, **more: Any) -> Event:
    """Mondays at 09:00: 16, 23, 30 March, 6 April, over the change to summer time."""
    return office.her.books("Dupont ortho", paris(16), 30, **{"recurrence": WEEKLY, **more})


def test_a_series_is_one_item_and_its_instances_keep_the_clock_time(office: Office) -> None:
    """Documented: singleEvents expands; ids end with the original start in UTC."""
    event = weekly(office)
    (master,) = office.list()["items"]
    assert (master["id"], master["recurrence"]) == (event.id, WEEKLY)
    single = office.list(singleEvents=True, orderBy="startTime")["items"]
    assert [one["start"]["dateTime"] for one in single] == [
        "2026-03-16T09:00:00+01:00", "2026-03-23T09:00:00+01:00", "2026-03-30T09:00:00+02:00",
        "2026-04-06T09:00:00+02:00",
    ]  # fmt: skip
    assert single[0]["id"] == f"{event.id}_20260316T080000Z"
    assert single[2]["id"] == f"{event.id}_20260330T070000Z"
    assert all(one["recurringEventId"] == event.id and "recurrence" not in one for one in single)
    assert [one["id"] for one in _instances(office, event)] == [one["id"] for one in single]


def test_all_day_instances_are_named_by_their_date(office: Office) -> None:
    """Documented by example."""
    event = office.her.books("Congés", date(2026, 3, 5), recurrence=["RRULE:FREQ=YEARLY;COUNT=2"])
    assert [one["id"] for one in _instances(office, event)] == [f"{event.id}_20260305", f"{event.id}_20270305"]


def test_a_moved_instance_is_an_item_of_its_own(office: Office) -> None:
    """Documented: exceptions carry recurringEventId and originalStartTime; they appear beside their series."""
    event = weekly(office)
    token = office.token()
    office.her.moves(office.her.instance(event, paris(23)), paris(24, 14))
    (moved,) = office.since(token)
    assert moved["id"] == f"{event.id}_20260323T080000Z"
    assert moved["recurringEventId"] == event.id
    assert moved["originalStartTime"]["dateTime"] == "2026-03-23T09:00:00+01:00"
    assert moved["start"]["dateTime"] == "2026-03-24T14:00:00+01:00"
    assert moved["iCalUID"] == event.body["iCalUID"]
    starts = [one["start"]["dateTime"][:16] for one in _instances(office, event)]
    assert sorted(starts) == ["2026-03-16T09:00", "2026-03-24T14:00", "2026-03-30T09:00", "2026-04-06T09:00"]


def test_a_deleted_instance_is_a_stub_that_lives_as_long_as_its_series(office: Office) -> None:
    """Documented: only id, recurringEventId and originalStartTime are sure; also listed without showDeleted."""
    event = weekly(office)
    token = office.token()
    instance = f"{event.id}_20260323T080000Z"
    office.api.events().delete(calendarId=MARTIN, eventId=instance).execute()
    (stub,) = office.since(token)
    assert set(stub) == {"kind", "etag", "id", "status", "recurringEventId", "originalStartTime"}
    assert (stub["id"], stub["status"]) == (instance, "cancelled")
    office.google.forget_deleted(MARTIN)
    assert [one["status"] for one in office.list()["items"]] == ["confirmed", "cancelled"]
    assert len(office.list(singleEvents=True)["items"]) == 3


def test_a_patch_on_an_instance_makes_an_exception(office: Office) -> None:
    """Documented: an instance's id can be patched; the series itself is untouched."""
    event = weekly(office)
    instance = f"{event.id}_20260330T070000Z"
    etag = office.get(instance)["etag"]
    changed = office.patch(instance, {"description": "seule"}, etag)
    assert (changed["description"], changed["recurringEventId"]) == ("seule", event.id)
    assert "description" not in office.get(event.id)
    assert office.get(event.id)["etag"] == event.etag
    nowhere = f"{event.id}_20260331T070000Z"
    assert office.refused(lambda: office.get(nowhere)) == (404, "notFound")


def test_an_exception_may_come_before_its_series(office: Office) -> None:
    """Inferred: the order of a page is unspecified; a switch turns it round."""
    event = weekly(office)
    office.her.moves(office.her.instance(event, paris(23)), paris(24))
    office.google.world.switches.exceptions_first = True
    assert ["recurringEventId" in one for one in office.list()["items"]] == [True, False]


def test_a_deleted_series_takes_its_exceptions_along_and_brings_them_back(office: Office) -> None:
    """Inferred."""
    event = weekly(office)
    office.her.moves(office.her.instance(event, paris(23)), paris(24))
    office.her.deletes(office.her.instance(event, paris(30)))
    token = office.token()
    office.her.deletes(event)
    assert {one["status"] for one in office.since(token)} == {"cancelled"}
    assert office.list()["items"] == []
    office.her.restores(event)
    states = {one["id"][len(event.id) :]: one["status"] for one in office.list()["items"]}
    assert states == {"": "confirmed", "_20260323T080000Z": "confirmed", "_20260330T070000Z": "cancelled"}


def test_this_and_following_splits_the_series_in_two(office: Office) -> None:
    """Documented in the guide: the old series gets an UNTIL, the rest is a new event. Inferred: its id, `…_R…`."""
    event = weekly(office, recurrence=["RRULE:FREQ=WEEKLY"])
    token = office.token()
    instance = office.her.instance(event, paris(30))
    rest = office.her.splits(event, instance, summary="Dupont contention")
    changed = {one["id"]: one for one in office.since(token)}
    assert changed[event.id]["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20260330T065959Z"]
    assert rest.id == f"{event.id}_R20260330T070000"
    assert changed[rest.id]["summary"] == "Dupont contention"
    assert len(_instances(office, event)) == 2
    assert _instances(office, rest)[0]["id"] == f"{rest.id}_20260330T070000Z"


def test_a_series_dragged_to_another_time_drops_its_exceptions(office: Office) -> None:
    """Inferred: an instance that the series no longer has is cancelled."""
    event = weekly(office)
    office.her.moves(office.her.instance(event, paris(23)), paris(24))
    token = office.token()
    office.her.moves(event, paris(16, 11))
    changed = {one["id"]: one["status"] for one in office.since(token)}
    assert changed == {event.id: "confirmed", f"{event.id}_20260323T080000Z": "cancelled"}
    assert len(_instances(office, event)) == 4


def test_a_window_finds_the_series_that_reaches_into_it(office: Office) -> None:
    """Inferred for masters: listed when an instance is inside; documented for instances."""
    daily = office.her.books("ménage", paris(1, month=1), recurrence=["RRULE:FREQ=DAILY"])
    weekly(office)
    window = {"timeMin": "2031-06-02T00:00:00Z", "timeMax": "2031-06-04T00:00:00Z"}
    assert [one["id"] for one in office.list(**window)["items"]] == [daily.id]
    days = [one["start"]["dateTime"][:10] for one in office.list(singleEvents=True, **window)["items"]]
    assert days == ["2031-06-02", "2031-06-03"]


def test_excluded_and_added_dates_count(office: Office) -> None:
    """Documented: RRULE, EXDATE and RDATE lines; UNTIL in UTC or as a date."""
    lines = [
        "RRULE:FREQ=WEEKLY;UNTIL=20260406", "EXDATE;TZID=Europe/Paris:20260323T090000", "EXDATE:20260330T070000Z",
        "RDATE;TZID=Europe/Paris:20260401T100000",
    ]  # fmt: skip
    event = weekly(office, recurrence=lines)
    days = [one["start"]["dateTime"][:16] for one in _instances(office, event)]
    assert days == ["2026-03-16T09:00", "2026-04-01T10:00", "2026-04-06T09:00"]


def test_a_series_needs_a_zone_and_a_rule_that_can_be_read(office: Office) -> None:
    """Documented: the zone is required for series."""
    start, end = paris(16).isoformat(), paris(16, 10).isoformat()
    body: dict[str, Any] = {"start": {"dateTime": start}, "end": {"dateTime": end}, "recurrence": WEEKLY}
    assert office.refused(lambda: office.insert(body)) == (400, "required")
    body["start"]["timeZone"] = body["end"]["timeZone"] = "Europe/Paris"
    assert office.insert(body)["recurrence"] == WEEKLY
    assert office.refused(lambda: office.insert(body | {"recurrence": ["FREQ=WEEKLY"]})) == (400, "invalid")
    assert office.refused(lambda: office.insert(body | {"recurrence": ["RRULE:FREQ=OFTEN"]})) == (400, "invalid")


def test_a_series_moves_whole_and_an_instance_does_not_move(office: Office) -> None:
    """Documented: move changes the organizer of an event. Inferred: exceptions go along, an instance alone is 400."""
    office.google.add_calendar(ROUX, "Dr Roux")
    office.google.share(ROUX, ROBOT, "writer")
    event = weekly(office)
    office.her.moves(office.her.instance(event, paris(23)), paris(24))
    alone = office.api.events().move(calendarId=MARTIN, eventId=f"{event.id}_20260323T080000Z", destination=ROUX)
    assert office.refused(alone.execute)[0] == 400
    office.her.moves_to(event, ROUX)
    assert office.list()["items"] == []
    assert len(office.list(calendarId=ROUX)["items"]) == 2
    assert len(office.list(calendarId=ROUX, singleEvents=True)["items"]) == 4


def test_a_delta_of_instances_shows_the_changed_series_instances(office: Office) -> None:
    """Inferred: with singleEvents a changed series comes back as all its instances."""
    event = weekly(office)
    token = office.list(singleEvents=True)["nextSyncToken"]
    assert office.since(token, singleEvents=True) == []
    office.her.edits(event, summary="Dupont contention")
    assert [one["summary"] for one in office.since(token, singleEvents=True)] == ["Dupont contention"] * 4


def _instances(office: Office, event: Event) -> list[dict[str, Any]]:
    return office.api.events().instances(calendarId=MARTIN, eventId=event.id).execute()["items"]


def test_whoever_follows_the_tokens_ends_with_what_stands(office: Office) -> None:
    """Documented: applying every delta gives the calendar. Two hundred random steps, series and bin included."""
    dice, mirror, token = Random(7), dict[str, str](), office.token()
    for step in range(200):
        _something_happens(office, dice, step)
        if dice.random() < 0.3:
            token = _follow(office, mirror, token)
    _follow(office, mirror, token)
    assert mirror == {one["id"]: one["etag"] for one in office.list(maxResults=2500)["items"] if _stands(one)}
    assert len(mirror) > 20


def _something_happens(office: Office, dice: Random, step: int) -> None:
    """One change by hand: books, drags, deletes, restores, or does so to one instance."""
    rows = [row for row in office.google.world.calendars[MARTIN].events.values() if not row.bare]
    row = dice.choice(rows) if rows and dice.random() < 0.6 else None
    if row is None:
        more = {"recurrence": WEEKLY} if dice.random() < 0.4 else {}
        office.her.books(f"Patient {step}", paris(2 + step % 25, 8), **more)
        return
    event = Event(MARTIN, row.id, row.etag, row.body)
    if row.cancelled:
        office.her.restores(event)
    elif "recurrence" in row.body and dice.random() < 0.5:
        one = office.api.events().instances(calendarId=MARTIN, eventId=row.id).execute()["items"]
        event = Event(MARTIN, dice.choice(one)["id"], "", {}) if one else event
        dice.choice([office.her.deletes, lambda each: office.her.edits(each, description=f"{step}")])(event)
    else:
        dice.choice([office.her.deletes, lambda each: office.her.moves(each, paris(2 + step % 25, 10))])(event)


def _follow(office: Office, mirror: dict[str, str], token: str) -> str:
    """Every page of a delta into the mirror; the next token."""
    page: dict[str, Any] = {"nextPageToken": None}
    while "nextPageToken" in page:
        page = office.list(syncToken=token, maxResults=3, pageToken=page["nextPageToken"])
        for one in page["items"]:
            mirror.pop(one["id"], None)
            if _stands(one):
                mirror[one["id"]] = one["etag"]
    return str(page["nextSyncToken"])


def _stands(one: dict[str, Any]) -> bool:
    return bool(one["status"] != "cancelled")
