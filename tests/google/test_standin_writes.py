"""The stand-in's writes: etags, conditions, patch and update, deletion and its undoing, moves, roles, guests.

Each docstring says whether a behaviour is Documented or Inferred.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from demo.googlestandin import OWNER
from demo.googlestandin.person import as_read, as_web_editor
from tests.google.conftest import MARTIN, Office, client, paris, person_login
from tests.google.practice import ROBOT

ROUX = "roux@group.calendar.google.com"


def test_every_change_gives_another_strong_etag(office: Office) -> None:
    """Documented: the etag of the resource; inferred: its form. A new etag comes even when nothing changed."""
    event = office.her.books("Dupont", paris(2))
    once = office.patch(event.id, {"description": "x"})
    again = office.patch(event.id, {"description": "x"})
    assert len({event.etag, once["etag"], again["etag"]}) == 3
    assert all(etag.startswith('"') for etag in (event.etag, once["etag"]))
    assert office.get(event.id)["etag"] == again["etag"]


def test_a_stale_if_match_is_refused_and_changes_nothing(office: Office) -> None:
    """Documented: 412 for patch, update and delete when the etag moved on."""
    event = office.her.books("Dupont", paris(2))
    office.her.edits(event, summary="Dupont / contrôle")
    assert office.refused(lambda: office.patch(event.id, {"summary": "x"}, event.etag)) == (412, "conditionNotMet")
    request = office.api.events().delete(calendarId=MARTIN, eventId=event.id)
    request.headers["If-Match"] = event.etag
    assert office.refused(request.execute) == (412, "conditionNotMet")
    assert office.her.sees(event).title == "Dupont / contrôle"


def test_a_fresh_if_match_passes(office: Office) -> None:
    """Documented."""
    event = office.her.books("Dupont", paris(2))
    etag = office.get(event.id)["etag"]
    assert office.patch(event.id, {"description": "x"}, etag)["description"] == "x"


def test_an_unchanged_event_is_not_sent_again(office: Office) -> None:
    """Documented: If-None-Match on get answers 304."""
    event = office.her.books("Dupont", paris(2))
    request = office.api.events().get(calendarId=MARTIN, eventId=event.id)
    request.headers["If-None-Match"] = event.etag
    with pytest.raises(Exception, match="304"):
        request.execute()


def test_patch_merges_objects_replaces_arrays_and_removes_with_null(office: Office) -> None:
    """Documented: patch semantics. Fields that a client does not know stay."""
    more: dict[str, Any] = {"conferenceData": {"conferenceId": "abc"}, "fieldOfTomorrow": {"a": 1}}
    guests = [{"email": "a@example.org"}, {"email": "b@example.org"}]
    event = office.her.books("Dupont", paris(2), 30, "texte", attendees=guests, **more)
    office.patch(event.id, {"extendedProperties": {"private": {"one": "1"}}})
    changed = office.patch(
        event.id, {"extendedProperties": {"private": {"two": "2"}}, "attendees": guests[:1], "description": None}
    )
    assert changed["extendedProperties"] == {"private": {"one": "1", "two": "2"}}
    assert changed["attendees"] == guests[:1]
    assert "description" not in changed
    assert changed["conferenceData"] == {"conferenceId": "abc"}
    assert changed["fieldOfTomorrow"] == {"a": 1}


def test_patch_cannot_touch_what_is_read_only(office: Office) -> None:
    """Documented as read-only; inferred: silently ignored, except the type, which is refused."""
    event = office.her.books("Dupont", paris(2))
    changed = office.patch(event.id, {"etag": '"1"', "organizer": {"email": "x@example.org"}, "iCalUID": "x"})
    assert changed["organizer"]["email"] == MARTIN
    assert changed["iCalUID"] == f"{event.id}@google.com"
    refused = office.refused(lambda: office.patch(event.id, {"eventType": "focusTime"}))
    assert refused == (400, "eventTypeRestriction")


def test_update_replaces_the_whole_event(office: Office) -> None:
    """Documented: update has no patch semantics."""
    event = office.her.books("Dupont", paris(2), 30, "texte", location="Salle 2")
    body = {key: event.body[key] for key in ("start", "end")} | {"summary": "Durand"}
    changed = office.api.events().update(calendarId=MARTIN, eventId=event.id, body=body).execute()
    assert changed["summary"] == "Durand"
    assert "description" not in changed
    assert "location" not in changed
    assert changed["iCalUID"] == event.body["iCalUID"]


def test_sequence_counts_what_guests_would_care_about(office: Office) -> None:
    """Inferred: a new time counts, a new text does not."""
    event = office.her.books("Dupont", paris(2))
    assert office.patch(event.id, {"description": "x"})["sequence"] == 0
    assert office.her.moves(event, paris(3)).body["sequence"] == 1


def test_an_id_of_ones_own_is_taken_once(office: Office) -> None:
    """Documented: base32hex, 5 to 1024 characters, 409 for a known one. Inferred: also for a deleted one."""
    body = _body("À corriger (3)") | {"id": "attitre0123abcv"}
    assert office.insert(body)["id"] == "attitre0123abcv"
    assert office.refused(lambda: office.insert(body)) == (409, "duplicate")
    office.api.events().delete(calendarId=MARTIN, eventId="attitre0123abcv").execute()
    assert office.refused(lambda: office.insert(body)) == (409, "duplicate")
    assert office.patch("attitre0123abcv", {"status": "confirmed"})["status"] == "confirmed"
    for wrong in ("abc", "xyz12", "ABCDE", "a-b-c-d"):
        assert office.refused(lambda wrong=wrong: office.insert(body | {"id": wrong})) == (400, "invalid")


def test_an_event_needs_a_start_and_an_end_in_order(office: Office) -> None:
    """Documented: both required; the reference's example of 400 is timeRangeEmpty."""
    assert office.refused(lambda: office.insert({"summary": "x"})) == (400, "required")
    backwards = {"start": _body("x")["end"], "end": _body("x")["start"]}
    assert office.refused(lambda: office.insert(backwards)) == (400, "timeRangeEmpty")
    mixed = _body("x") | {"end": {"date": "2026-03-03"}}
    assert office.refused(lambda: office.insert(mixed)) == (400, "invalid")


def test_all_day_ends_are_exclusive_and_dates_stay_dates(office: Office) -> None:
    """Documented. A day becomes a time only when the date is taken away with null."""
    event = office.her.books("Congés", date(2026, 3, 5))
    assert (event.body["start"], event.body["end"]) == ({"date": "2026-03-05"}, {"date": "2026-03-06"})
    times = {side: {"dateTime": _body("x")[side]["dateTime"]} for side in ("start", "end")}
    assert office.refused(lambda: office.patch(event.id, times)) == (400, "invalid")
    assert "dateTime" in office.her.moves(event, paris(5)).body["start"]


def test_delete_twice_is_gone_and_a_stranger_is_not_found(office: Office) -> None:
    """Documented: 410 deleted, 404 notFound."""
    event = office.her.books("Dupont", paris(2))
    delete = office.api.events().delete(calendarId=MARTIN, eventId=event.id)
    assert delete.execute() == ""
    assert office.refused(delete.execute) == (410, "deleted")
    assert office.refused(lambda: office.get("nobody")) == (404, "notFound")
    assert office.refused(lambda: office.patch("nobody", {"summary": "x"})) == (404, "notFound")


def test_a_deleted_event_can_come_back_under_its_id(office: Office) -> None:
    """Documented: details are kept so that it can be undeleted; it appears in the delta with everything."""
    event = office.her.books("Dupont", paris(2), 30, "06")
    office.her.deletes(event)
    token = office.token()
    office.her.restores(event)
    (back,) = office.since(token)
    assert (back["id"], back["status"], back["description"]) == (event.id, "confirmed", "06")


def test_a_move_keeps_the_id_and_leaves_a_stub_with_nothing_else(office: Office) -> None:
    """Documented: the organizer changes; the old calendar keeps a cancelled event of which only the id is sure."""
    _second_calendar(office)
    event = office.her.books("Dupont", paris(2))
    here, there = office.token(), office.list(calendarId=ROUX)["nextSyncToken"]
    moved = office.api.events().move(calendarId=MARTIN, eventId=event.id, destination=ROUX).execute()
    assert (moved["id"], moved["organizer"]["email"]) == (event.id, ROUX)
    assert [(e["id"], e["status"]) for e in office.since(here)] == [(event.id, "cancelled")]
    assert [(e["id"], e["summary"]) for e in office.since(there, calendarId=ROUX)] == [(event.id, "Dupont")]
    assert set(office.get(event.id)) == {"kind", "etag", "id", "status"}
    assert office.refused(lambda: office.patch(event.id, {"summary": "x"})) == (404, "notFound")


def test_only_default_events_move(office: Office) -> None:
    """Documented: not birthdays, focus times, out of office, working locations, mail's own."""
    _second_calendar(office)
    for kind in ("outOfOffice", "focusTime", "workingLocation", "fromGmail", "birthday"):
        event = office.her.books("x", paris(2), eventType=kind)
        request = office.api.events().move(calendarId=MARTIN, eventId=event.id, destination=ROUX)
        assert office.refused(request.execute) == (400, "eventTypeRestriction")


def test_mail_events_cannot_be_made_and_locked_ones_cannot_be_changed(office: Office) -> None:
    """Documented: fromGmail cannot be created; locked closes the main fields. Inferred: with 403."""
    assert office.refused(lambda: office.insert(_body("x") | {"eventType": "fromGmail"}))[0] == 400
    event = office.her.books("x", paris(2), locked=True)
    assert office.refused(lambda: office.patch(event.id, {"description": "x"})) == (403, "forbidden")
    assert office.patch(event.id, {"colorId": "3"})["colorId"] == "3"


@pytest.mark.parametrize("role", ["freeBusyReader", "reader"])
def test_readers_do_not_write(office: Office, role: str) -> None:
    """Documented: roles; inferred: the reason requiredAccessLevel."""
    event = office.her.books("Dupont", paris(2))
    office.share(role)
    assert office.list()["accessRole"] == role
    assert office.refused(lambda: office.patch(event.id, {"summary": "x"})) == (403, "requiredAccessLevel")
    assert office.refused(lambda: office.insert(_body("x"))) == (403, "requiredAccessLevel")


def test_a_calendar_that_is_not_shared_does_not_exist(office: Office) -> None:
    """Documented: 404."""
    token = office.token()
    office.share("none")
    assert office.refused(office.list) == (404, "notFound")
    assert office.refused(lambda: office.since(token)) == (404, "notFound")
    assert office.refused(office.api.calendars().get(calendarId=MARTIN).execute) == (404, "notFound")


@pytest.mark.parametrize("role", ["reader", "writerWithoutPrivateAccess"])
def test_private_events_show_their_time_only(office: Office, role: str) -> None:
    """Documented: they appear, details are hidden; the calendar's writers and owners see them."""
    private = office.her.books("Rendez-vous banque", paris(2), text="perso", visibility="private")
    office.share(role)
    (event,) = office.list()["items"]
    assert (event["id"], event["visibility"]) == (private.id, "private")
    assert event["start"]["dateTime"] == "2026-03-02T09:00:00+01:00"
    assert not {"summary", "description", "organizer"} & set(event)
    if role != "reader":  # inferred: neither may they be changed
        assert office.refused(lambda: office.patch(private.id, {"summary": "x"})) == (403, "forbidden")
    office.share("writer")
    assert office.list()["items"][0]["summary"] == "Rendez-vous banque"


def test_free_busy_readers_see_busy_times_and_no_more(office: Office) -> None:
    """Documented: free/busy information only. Inferred: as private events, transparent ones left out."""
    office.her.books("Dupont", paris(2), text="06")
    office.her.books("pense-bête", paris(2), transparency="transparent")
    office.share("freeBusyReader")
    (event,) = office.list()["items"]
    assert "summary" not in event
    assert "description" not in event
    assert "start" in event


def test_guests_hear_nothing_unless_asked(office: Office) -> None:
    """Documented: sendUpdates is none by default; what was asked for is remembered."""
    guests = [{"email": "patient@example.org"}]
    event = office.insert(_body("Dupont") | {"attendees": guests})
    office.patch(event["id"], {"description": "x"}, sendUpdates="none")
    assert office.google.world.mails == []
    office.patch(event["id"], {"description": "y"}, sendUpdates="all")
    (mail,) = office.google.world.mails
    assert (mail.operation, mail.guests) == ("events.patch", ("patient@example.org",))
    assert [seen.asked.one("sendUpdates") for seen in office.google.asked("events.patch")] == ["none", "all"]


def test_conference_data_is_left_alone(office: Office) -> None:
    """Documented: with conferenceDataVersion 0 the body's conference data is ignored."""
    event = office.her.books("Dupont", paris(2), conferenceData={"conferenceId": "abc"})
    assert office.patch(event.id, {"conferenceData": {"conferenceId": "x"}})["conferenceData"]["conferenceId"] == "abc"
    body = {key: event.body[key] for key in ("start", "end")}
    updated = office.api.events().update(calendarId=MARTIN, eventId=event.id, body=body).execute()
    assert updated["conferenceData"] == {"conferenceId": "abc"}


def test_an_import_keeps_its_uid_and_replaces_itself(office: Office) -> None:
    """Documented: known by its iCalUID. Inferred: a second import replaces the first; inserting it again is 409."""
    body = _body("Dupont") | {"iCalUID": "abc@clinic"}
    first = office.api.events().import_(calendarId=MARTIN, body=body).execute()
    again = office.api.events().import_(calendarId=MARTIN, body=body | {"summary": "Durand"}).execute()
    assert (first["id"], first["iCalUID"], again["summary"]) == (again["id"], "abc@clinic", "Durand")
    assert office.refused(lambda: office.insert(body)) == (409, "duplicate")


def test_the_web_editor_writes_html(office: Office) -> None:
    """Inferred from stored descriptions: `<br>`, linked addresses, entities; the API stores what it is given."""
    event = office.her.books("Dupont", paris(2), 30, "tél 06\nmail a@b.fr\nR&D <urgent>")
    changed = office.her.writes_on_the_web(event, "06", "07")
    assert changed.body["description"] == (
        'tél 07<br>mail <a href="mailto:a@b.fr">a@b.fr</a><br>R&amp;D &lt;urgent&gt;'
    )
    assert changed.text == "tél 07\nmail a@b.fr\nR&D <urgent>"
    assert office.get(event.id)["description"] == changed.body["description"]
    saved = office.her.saves_on_the_web(office.her.books("Durand", paris(3), 30, "a\nb"), summary="Durand / suivi")
    assert (saved.title, saved.body["description"], saved.text) == ("Durand / suivi", "a<br>b", "a\nb")
    assert as_read(as_web_editor("a  b\nhttps://x.fr/?a=1&b=2")) == "a  b\nhttps://x.fr/?a=1&b=2"


def test_extended_properties_have_limits(office: Office) -> None:
    """Documented: keys over 44 characters are dropped silently, values over 1024 cut silently."""
    event = office.her.books("Dupont", paris(2))
    private = {"k" * 44: "kept", "k" * 45: "dropped", "long": "v" * 1100}
    changed = office.patch(event.id, {"extendedProperties": {"private": private}})
    assert changed["extendedProperties"]["private"] == {"k" * 44: "kept", "long": "v" * 1024}


def test_a_guests_copy_keeps_the_organizers_rights(office: Office) -> None:
    """Documented: guestsCan… are set by the organizer only."""
    event = office.her.books("Réunion", paris(2), organizer={"email": "autre@example.org"})
    assert office.get(event.id)["organizer"] == {"email": "autre@example.org"}
    refused = office.refused(lambda: office.patch(event.id, {"guestsCanModify": True}))
    assert refused == (403, "forbiddenForNonOrganizer")


def test_properties_may_stay_behind_in_a_move(office: Office) -> None:
    """Inferred, both ways: private properties belong to one calendar's copy; a switch loses them."""
    _second_calendar(office)
    for loses in (False, True):
        office.google.world.switches.moves_lose_properties = loses
        event = office.her.books("Dupont", paris(2), extendedProperties={"private": {"attitre": "m"}})
        assert ("extendedProperties" in office.her.moves_to(event, ROUX).body) is not loses


def test_a_copy_is_another_event_with_the_same_private_properties(office: Office) -> None:
    """Inferred: a copied event carries our marker along."""
    event = office.insert(_body("Dupont") | {"extendedProperties": {"private": {"attitre": "m"}}})
    hers = next(one for one in office.her.everything() if one.id == event["id"])
    copy = office.her.copies_to(hers, MARTIN)
    assert copy.id != hers.id
    assert copy.body["extendedProperties"] == hers.body["extendedProperties"]
    assert copy.body["iCalUID"] != hers.body["iCalUID"]


def test_a_person_and_the_robot_see_the_same_event(office: Office) -> None:
    """Documented: creator is who made it, primary is the login's own calendar."""
    office.google.add_calendar(OWNER, "Cabinet")
    api = client(office.google, person_login(office.google))
    event = api.events().insert(calendarId="primary", body=_body("Réunion")).execute()
    assert (event["creator"]["email"], event["organizer"]["email"]) == (OWNER, OWNER)
    assert office.insert(_body("Dupont"))["creator"]["email"] == ROBOT


def _second_calendar(office: Office) -> None:
    office.google.add_calendar(ROUX, "Dr Roux")
    office.google.share(ROUX, ROBOT, "writer")


def _body(title: str, hour: int = 9) -> dict[str, Any]:
    start, end = paris(2, hour), paris(2, hour, 30)
    return {"summary": title, "start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}
