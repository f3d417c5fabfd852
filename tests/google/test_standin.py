"""The stand-in behaves as Google documents it, or as far as is known: each docstring says which (Documented, Inferred).

This file: lists, pages, sync tokens, stubs, masks, filters.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.google.conftest import MARTIN, Office, client, paris, person_login, robot_login
from tests.google.practice import ROBOT


def test_a_booking_made_by_hand_appears_whole(office: Office) -> None:
    """Documented: the resource's fields; times carry an offset and a zone."""
    hers = office.her.books("Dupont / contrôle", paris(2), 30, "06 12 34 56 78")
    answer = office.list()
    (event,) = answer["items"]
    assert event["kind"] == "calendar#event"
    assert (event["id"], event["etag"], event["status"]) == (hers.id, hers.etag, "confirmed")
    assert event["start"] == {"dateTime": "2026-03-02T09:00:00+01:00", "timeZone": "Europe/Paris"}
    assert event["description"] == "06 12 34 56 78"
    assert event["organizer"] == {"email": MARTIN, "displayName": "Dr Martin", "self": True}
    assert (answer["accessRole"], answer["timeZone"]) == ("writer", "Europe/Paris")


def test_an_idle_delta_is_empty_and_brings_a_new_token(office: Office) -> None:
    """Documented: only what changed since; the new token is on the last page. Inferred: it is another one."""
    office.her.books("Dupont", paris(2))
    first = office.list()["nextSyncToken"]
    answer = office.list(syncToken=first)
    assert answer["items"] == []
    assert answer["nextSyncToken"] not in ("", first)


def test_a_token_can_be_used_again(office: Office) -> None:
    """Inferred: a token stays good after its use, so a crash before commit repeats the work."""
    token = office.token()
    office.her.books("Dupont", paris(2))
    assert office.since(token) == office.since(token) != []


def test_pages_follow_and_only_the_last_has_the_sync_token(office: Office) -> None:
    """Documented."""
    ids = [office.her.books(f"Patient {n}", paris(2, 8, n)).id for n in range(5)]
    pages, token = [], None
    while True:
        page = office.list(maxResults=2, pageToken=token)
        pages.append(page)
        token = page.get("nextPageToken")
        if not token:
            break
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [event["id"] for page in pages for event in page["items"]] == ids
    assert ["nextSyncToken" in page for page in pages] == [False, False, True]


def test_a_page_has_250_by_default_and_2500_at_most(office: Office) -> None:
    """Documented; inferred: a larger number is not refused."""
    for n in range(251):
        office.her.books(f"Patient {n}", paris(2))
    assert len(office.list()["items"]) == 250
    assert len(office.list(maxResults=9999)["items"]) == 251
    for n in range(2250):
        office.her.books(f"Patient {n}", paris(3))
    assert len(office.list(maxResults=9999, fields="items(id),nextPageToken")["items"]) == 2500


def test_what_happens_between_two_pages_is_in_the_next_delta(office: Office) -> None:
    """Inferred: nothing is lost between the first page and the token of the last."""
    for n in range(3):
        office.her.books(f"Patient {n}", paris(2, 8, n))
    page = office.list(maxResults=2)
    late = office.her.books("Durand", paris(3))
    last = office.list(maxResults=2, pageToken=page["nextPageToken"])
    assert late.id not in [event["id"] for event in page["items"] + last["items"]]
    assert [event["id"] for event in office.since(last["nextSyncToken"])] == [late.id]


def test_a_deleted_event_is_a_stub_in_a_delta(office: Office) -> None:
    """Documented: of a deleted event only the id is guaranteed; get always returns it."""
    event = office.her.books("Dupont", paris(2))
    token = office.token()
    office.her.deletes(event)
    (stub,) = office.since(token)
    assert {key: stub[key] for key in ("id", "status")} == {"id": event.id, "status": "cancelled"}
    assert set(stub) == {"kind", "etag", "id", "status"}
    assert office.get(event.id)["status"] == "cancelled"
    assert office.get(event.id)["summary"] == "Dupont"


def test_an_organizer_may_see_the_details_of_what_was_deleted(office: Office) -> None:
    """Documented: details remain on the organizer's calendar with showDeleted, never without it."""
    event = office.her.books("Dupont", paris(2))
    token = office.token()
    office.her.deletes(event)
    office.google.world.switches.bare_stubs = False
    assert office.since(token, showDeleted=True)[0]["summary"] == "Dupont"
    assert "summary" not in office.since(token)[0]


def test_a_full_list_hides_the_deleted_unless_asked_and_forgets_them_one_day(office: Office) -> None:
    """Documented: showDeleted; "such cancelled events will eventually disappear"."""
    office.her.deletes(office.her.books("Dupont", paris(2)))
    assert office.list()["items"] == []
    assert [event["status"] for event in office.list(showDeleted=True)["items"]] == ["cancelled"]
    office.google.forget_deleted(MARTIN)
    assert office.list(showDeleted=True)["items"] == []


def test_booked_and_deleted_between_two_deltas_is_a_stub_too(office: Office) -> None:
    """Inferred."""
    token = office.token()
    office.her.deletes(office.her.books("Dupont", paris(2)))
    assert [event["status"] for event in office.since(token)] == ["cancelled"]


def test_an_expired_token_is_gone_on_the_first_page_and_on_a_later_one(office: Office) -> None:
    """Documented: 410 fullSyncRequired."""
    token = office.token()
    for n in range(3):
        office.her.books(f"Patient {n}", paris(2))
    page = office.list(syncToken=token, maxResults=2)["nextPageToken"]
    office.google.expire_sync_tokens()
    gone = (410, "fullSyncRequired")
    assert office.refused(lambda: office.list(syncToken=token)) == gone
    assert office.refused(lambda: office.list(syncToken=token, maxResults=2, pageToken=page)) == gone
    assert len(office.list()["items"]) == 3


def test_a_token_goes_with_no_filter(office: Office) -> None:
    """Documented: eight parameters and showDeleted=false may not come with a token; inferred: the reason's word."""
    token = office.token()
    when = "2026-03-01T00:00:00Z"
    for extra in (
        {"iCalUID": "x"}, {"orderBy": "updated"}, {"privateExtendedProperty": "a=b"}, {"q": "x"}, {"timeMax": when},
        {"sharedExtendedProperty": "a=b"}, {"timeMin": when}, {"updatedMin": when}, {"showDeleted": False},
    ):  # fmt: skip
        assert office.refused(lambda extra=extra: office.list(syncToken=token, **extra)) == (400, "badRequest")


def test_another_query_than_the_tokens_own_is_refused(office: Office) -> None:
    """Documented as undefined behaviour; the stand-in refuses it so that no test leans on it."""
    token = office.token()
    assert office.refused(lambda: office.list(syncToken=token, singleEvents=True)) == (400, "invalid")
    assert office.refused(lambda: office.list(syncToken="never-issued")) == (400, "invalid")
    assert office.refused(lambda: office.list(pageToken="never-issued")) == (400, "invalid")


def test_ordered_or_searched_lists_bring_no_token(office: Office) -> None:
    """Inferred, widely seen; a timeMin is allowed on the first list (documented)."""
    assert "nextSyncToken" not in office.list(orderBy="updated")
    assert "nextSyncToken" not in office.list(q="Dupont")
    assert "nextSyncToken" in office.list(timeMin="2026-03-01T00:00:00Z")


def test_times_bound_the_end_below_and_the_start_above(office: Office) -> None:
    """Documented: timeMin against the end, timeMax against the start, both exclusive, offset mandatory."""
    office.her.books("avant", paris(2, 8), 60)
    office.her.books("dedans", paris(2, 9), 60)
    office.her.books("après", paris(2, 10), 60)
    found = office.list(timeMin="2026-03-02T09:00:00+01:00", timeMax="2026-03-02T10:00:00+01:00")
    assert [event["summary"] for event in found["items"]] == ["dedans"]
    assert office.refused(lambda: office.list(timeMin="2026-03-02T09:00:00"))[0] == 400
    empty = {"timeMin": "2026-03-02T09:00:00Z", "timeMax": "2026-03-02T08:00:00Z"}
    assert office.refused(lambda: office.list(**empty)) == (400, "timeRangeEmpty")


def test_updated_min_brings_the_deleted_and_has_a_limit(office: Office) -> None:
    """Documented: deleted ones are included whatever showDeleted says; 410 updatedMinTooLongAgo. Inferred: 28 days."""
    old = office.her.books("ancien", paris(2))
    office.google.set_now(datetime(2026, 2, 25, 8, tzinfo=UTC))
    office.her.deletes(office.her.books("Dupont", paris(3)))
    found = office.list(updatedMin="2026-02-24T00:00:00Z")["items"]
    assert [event["status"] for event in found] == ["cancelled"]
    assert old.id not in [event["id"] for event in found]
    too_long = office.refused(lambda: office.list(updatedMin="2025-01-01T00:00:00Z"))
    assert too_long == (410, "updatedMinTooLongAgo")


def test_events_are_found_by_uid_property_type_and_words(office: Office) -> None:
    """Documented: iCalUID, privateExtendedProperty (all must match, says the reference; one, says the guide)."""
    mine = office.insert(_body("Dupont") | {"extendedProperties": {"private": {"attitre": "1", "v": "2"}}})
    away = office.her.books("Congés", date(2026, 3, 5), eventType="outOfOffice")
    assert _ids(office.list(iCalUID=mine["iCalUID"])) == [mine["id"]]
    assert _ids(office.list(privateExtendedProperty=["attitre=1", "v=2"])) == [mine["id"]]
    assert _ids(office.list(privateExtendedProperty=["attitre=1", "v=3"])) == []
    assert _ids(office.list(eventTypes=["outOfOffice"])) == [away.id]
    assert _ids(office.list(q="dupont")) == [mine["id"]]


def test_order_by_start_needs_single_events(office: Office) -> None:
    """Documented."""
    late, early = office.her.books("b", paris(3)), office.her.books("a", paris(2))
    assert office.refused(lambda: office.list(orderBy="startTime")) == (400, "badRequest")
    assert _ids(office.list(orderBy="startTime", singleEvents=True)) == [early.id, late.id]
    assert _ids(office.list(orderBy="updated")) == [late.id, early.id]


def test_a_fields_mask_is_applied_and_checked(office: Office) -> None:
    """Documented: partial answers, also of nested fields; 400 for a field that does not exist."""
    office.her.books("Dupont", paris(2))
    answer = office.list(fields="nextSyncToken,items(id,start/dateTime,organizer(email))")
    assert set(answer) == {"nextSyncToken", "items"}
    (event,) = answer["items"]
    assert event["start"] == {"dateTime": "2026-03-02T09:00:00+01:00"}
    assert event["organizer"] == {"email": MARTIN}
    assert set(event) == {"id", "start", "organizer"}
    assert office.refused(lambda: office.list(fields="items(id,sumary)")) == (400, "invalidParameter")


def test_the_answer_can_be_in_another_zone(office: Office) -> None:
    """Documented: timeZone of the query."""
    office.her.books("Dupont", paris(2))
    answer = office.list(timeZone="UTC")
    assert answer["timeZone"] == "UTC"
    assert answer["items"][0]["start"]["dateTime"] == "2026-03-02T08:00:00Z"


def test_the_root_works_without_the_service_path(office: Office) -> None:
    """Of the stand-in: an endpoint with or without /calendar/v3/."""
    bare = client(office.google, robot_login(office.google), office.google.root)
    assert bare.events().list(calendarId=MARTIN).execute()["items"] == []


def test_a_person_lists_her_calendars_a_robot_first_has_to_add_them(office: Office) -> None:
    """Documented: calendarList is the user's own list. Inferred: a robot's is empty after sharing."""
    person = client(office.google, person_login(office.google))
    entries = person.calendarList().list().execute()["items"]
    assert [(entry["id"], entry["accessRole"]) for entry in entries] == [(MARTIN, "owner")]
    mine = office.api.calendarList()
    assert mine.list().execute()["items"] == []
    assert office.api.calendars().get(calendarId=MARTIN).execute()["timeZone"] == "Europe/Paris"
    assert office.refused(lambda: mine.get(calendarId=MARTIN).execute()) == (404, "notFound")
    mine.insert(body={"id": MARTIN}).execute()
    assert mine.get(calendarId=MARTIN).execute()["accessRole"] == "writer"
    assert [seen.asked.who for seen in office.google.asked("calendarList.get")] == [ROBOT, ROBOT]


def _body(title: str, hour: int = 9) -> dict[str, object]:
    start, end = paris(2, hour), paris(2, hour, 30)
    return {"summary": title, "start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}


def _ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [event["id"] for event in answer["items"]]
