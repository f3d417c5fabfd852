"""What only calendars behind a server can do: be refused, be gone, be asked together, be found by name."""

import dataclasses
import socket
import threading

import pytest
import requests
from msgspec.structs import replace

from adapters.base import (
    NOTHING_KNOWN,
    CursorLost,
    Denied,
    Edit,
    NotThere,
    OutsideError,
    Page,
    TryLater,
    Unknown,
    Written,
)
from adapters.calendars.dav.account import DavAccess, list_calendars
from adapters.calendars.dav.calendar import DavCalendar
from adapters.calendars.dav.unchanged import DavAccount
from rules.model import Annotation

MARIE = "marie.ics"
OURS = Annotation("⚠ ", ("✗ Mobile manquant",))


def view(place, access, url=None):
    """The same calendar through another login or address."""
    like = place.calendar
    return DavCalendar(access, url or like.address, zone=like._ics.zone, secret=like._ics.secret)


def everything_asked(calendar):
    """Each way of asking, as a call without arguments."""
    return (
        lambda: list(calendar.changes(None, NOTHING_KNOWN)),
        lambda: calendar.get(MARIE),
        lambda: calendar.apply(MARIE, '"1"', Edit(OURS, b"")),
        calendar.probe,
    )


# --- refused, gone, unreachable --------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", range(4))
def test_a_wrong_password_is_denied_whatever_is_asked(on_radicale, question):
    calendar = view(on_radicale, DavAccess(on_radicale.access.url, on_radicale.access.username, "faux"))
    with pytest.raises(Denied) as denied:
        everything_asked(calendar)[question]()
    assert "faux" not in str(denied.value)


def test_no_login_at_all_is_denied(on_radicale):
    with pytest.raises(Denied):
        list(view(on_radicale, DavAccess(on_radicale.access.url)).changes(None, NOTHING_KNOWN))


def test_a_wrong_password_finds_no_calendar_by_name(on_radicale):
    with pytest.raises(Denied):
        list_calendars(dataclasses.replace(on_radicale.access, password="faux"))


@pytest.mark.parametrize("question", ["changes", "probe"])
def test_a_calendar_that_does_not_exist_is_not_there(dav, question):
    missing = view(dav, dav.access, dav.access.url + "nulle-part/")
    with pytest.raises(NotThere):
        missing.probe() if question == "probe" else list(missing.changes(None, NOTHING_KNOWN))


def test_a18_a_calendar_that_was_deleted_is_not_an_empty_one(dav, written):
    dav.she.put(MARIE, written(MARIE))
    follower = dav.follow()
    follower.pull()
    dav.she.delete_calendar()
    with pytest.raises(OutsideError) as error:
        follower.pull()
    if isinstance(error.value, CursorLost):
        follower.cursor = None
        with pytest.raises(NotThere):
            follower.pull()


@pytest.mark.parametrize("question", [0, 1, 3])
def test_a_server_that_cannot_be_reached_is_asked_later(dav, question):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    calendar = view(dav, DavAccess(f"http://127.0.0.1:{port}/"), f"http://127.0.0.1:{port}/petit/")
    with pytest.raises(TryLater):
        everything_asked(calendar)[question]()


def test_an_address_that_is_no_calendar_is_not_taken_for_one(on_radicale):
    with pytest.raises(OutsideError):
        view(on_radicale, on_radicale.access, on_radicale.access.url).probe()


# --- the lost answer -------------------------------------------------------------------------------------------------


def test_c07_a_write_whose_answer_is_lost_is_unknown_and_found_again(dav, written, monkeypatch):
    dav.she.put(MARIE, written(MARIE))
    now, session = dav.calendar.get(MARIE), dav.access.http.session
    request = session.request

    def losing(verb, *more, **options):
        answer = request(verb, *more, **options)
        if verb == "PUT":
            raise requests.exceptions.ConnectionError
        return answer

    monkeypatch.setattr(session, "request", losing)
    assert dav.calendar.apply(MARIE, now.version, Edit(OURS, now.payload)) == Unknown()
    again = dav.calendar.get(MARIE)
    assert dav.reading(MARIE).annotation == OURS
    assert dav.calendar.apply(MARIE, again.version, Edit(OURS, again.payload)) == Written(again)


def test_of_two_workers_that_write_at_once_one_has_a_conflict(dav, written):
    dav.she.put(MARIE, written(MARIE))
    now, results = dav.calendar.get(MARIE), []

    def write(word):
        calendar = view(dav, DavAccess(dav.access.url, dav.access.username, dav.access.password))
        results.append(calendar.apply(MARIE, now.version, Edit(Annotation("✓ ", (word,)), now.payload)))

    threads = [threading.Thread(target=write, args=(word,)) for word in ("un", "deux", "trois")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results].count(Written) == 1
    assert len(results) == 3


# --- the account -----------------------------------------------------------------------------------------------------


def test_a15_one_question_says_of_every_calendar_that_it_is_unchanged(dav, another, written):
    dav.she.put(MARIE, written(MARIE))
    both, cursors, account = _followed(dav, another)
    before = dav.access.http.requests
    assert account.unchanged(cursors) == {place.calendar.address for place in both}
    assert dav.access.http.requests == before + 1


def test_a_calendar_that_changed_is_not_called_unchanged(dav, another, written):
    (_, second), cursors, account = _followed(dav, another)
    dav.she.put(MARIE, written(MARIE))
    assert account.unchanged(cursors) == {second.calendar.address}


def test_without_a_good_cursor_nothing_is_called_unchanged(dav, another):
    _, cursors, account = _followed(dav, another)
    broken = {address: replace(cursor, value="never given") for address, cursor in cursors.items()}
    assert account.unchanged(broken) == frozenset()
    assert account.unchanged({}) == frozenset()


def _followed(first, second):
    """Both calendars read once: the places, their cursors, their account."""
    pages: list[Page] = []
    for place in (first, second):
        place.follow().pull()
        pages += place.calendar.changes(None, NOTHING_KNOWN)
    calendars = [first.calendar, view(first, first.access, second.calendar.address)]
    cursors = {calendar.address: page.cursor for calendar, page in zip(calendars, pages, strict=True)}
    return (first, second), cursors, DavAccount(first.access, calendars)


# --- found by name ---------------------------------------------------------------------------------------------------


def test_the_account_lists_its_calendars_by_name_and_address(dav):
    found = {one.name: one.address for one in list_calendars(dav.access)}
    assert found[dav.name].rstrip("/") == dav.calendar.address.rstrip("/")


def test_a_calendar_is_found_by_its_name_and_read(dav, written):
    dav.she.put(MARIE, written(MARIE))
    by_name = DavCalendar(
        dav.access, dav.access.url, name=dav.name.upper(), zone=dav.calendar._ics.zone, secret=b"s" * 32
    )
    assert [one.ref for page in by_name.changes(None, NOTHING_KNOWN) for one in page.resources] == [MARIE]
    assert by_name.address.endswith(f"#{dav.name.upper()}")


def test_a_name_that_nobody_has_is_not_there_and_the_names_are_said(dav):
    by_name = DavCalendar(dav.access, dav.access.url, name="Dr Personne", zone=dav.calendar._ics.zone, secret=b"s" * 32)
    with pytest.raises(NotThere, match=dav.name):
        list(by_name.changes(None, NOTHING_KNOWN))


# --- many ------------------------------------------------------------------------------------------------------------


def test_more_than_five_hundred_events_cost_one_listing_and_two_batches(on_radicale, written):
    events = [
        written(f"{number}.ics").partition(b"BEGIN:VEVENT")[2].partition(b"END:VCALENDAR")[0] for number in range(501)
    ]
    body = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + b"".join(b"BEGIN:VEVENT" + event for event in events)
    on_radicale.she.put_all(body + b"END:VCALENDAR\r\n")
    seen = on_radicale.follow().pull()
    assert [len(page.resources) for page in seen.pages] == [500, 1]
    assert (len(seen.resources), seen.trips) == (501, 3)
