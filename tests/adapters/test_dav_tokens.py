"""Tokens and home sets of odd servers, scripted (docs/hard-cases.md A): what else than a sync-collection answers."""

import pytest
import responses
from responses import matchers

from adapters.base import NOTHING_KNOWN, Cursor, Denied, Known, NotThere, TryLater
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from adapters.calendars.dav.unchanged import DavAccount

HOME = "https://dav.example/cal/"
URL = f"{HOME}petit/"
HELD = Cursor("sync", "t1", "1")
CALENDAR = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
NO_REPORT = '<d:error xmlns:d="DAV:"><d:supported-report/></d:error>'


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def access():
    return DavAccess(HOME, "cabinet", "secret")


@pytest.fixture
def calendar(access, zone):
    return DavCalendar(access, URL, zone=zone, secret=b"s" * 32)


def found(href, props):
    propstat = f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{propstat}</d:response>"


def multistatus(*members, token=""):
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
    closing = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return f"<d:multistatus {spaces}>{''.join(members)}{closing}</d:multistatus>"


def verbs(server):
    return [call.request.method for call in server.calls]


def test_a12_zero_is_a_token_and_the_calendar_itself_no_event(server, calendar):
    itself = found("/cal/petit/", "<d:getetag/>")
    server.add("REPORT", URL, multistatus(itself, token="0"), status=207)
    server.add("PROPFIND", URL, multistatus(found("/cal/petit/", CALENDAR)), status=207)
    (first,) = calendar.changes(None, NOTHING_KNOWN)
    assert (first.cursor.value, first.resources, first.owed) == ("0", (), ())
    (again,) = calendar.changes(first.cursor, NOTHING_KNOWN)
    assert b"<d:sync-token>0</d:sync-token>" in server.calls[-1].request.body
    assert (again.cursor, again.full) == (first.cursor, False)


@pytest.mark.parametrize(("status", "body"), [(501, ""), (403, NO_REPORT), (405, ""), (415, ""), (400, "")])
def test_a_server_without_sync_collection_is_listed(server, calendar, status, body):
    server.add("REPORT", URL, body, status=status)
    itself = found("/cal/petit/", f"{CALENDAR}<s:getctag>c1</s:getctag>")
    server.add(
        "PROPFIND", URL, multistatus(itself, found("/cal/petit/a.ics", '<d:getetag>"1"</d:getetag>')), status=207
    )
    (page,) = calendar.changes(None, Known.holding({"a.ics": '"1"', "b.ics": '"1"'}))
    assert (page.absent, page.full, page.cursor) == (("b.ics",), True, Cursor("ctag", "c1", "1"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a16_a_busy_server_is_not_made_busier_by_a_whole_listing(server, calendar, status):
    server.add("REPORT", URL, status=status)
    with pytest.raises(TryLater):
        list(calendar.changes(None, NOTHING_KNOWN))
    assert verbs(server) == ["REPORT"]


def test_a07_a_token_of_another_question_is_never_sent(server, calendar):
    server.add(
        "REPORT", URL, multistatus(found("/cal/petit/a.ics", '<d:getetag>"1"</d:getetag>'), token="t9"), status=207
    )
    (page,) = calendar.changes(Cursor("sync", "secret-old", "0"), Known.holding({"a.ics": '"1"'}))
    assert page.full
    assert b"secret-old" not in server.calls[0].request.body


@pytest.mark.parametrize(("status", "kind"), [(403, Denied), (404, NotThere)])
def test_a18_a_calendar_that_is_no_longer_shared_names_nobody_as_gone(server, calendar, status, kind):
    server.add("REPORT", URL, status=status)
    with pytest.raises(kind) as error:
        list(calendar.changes(HELD, NOTHING_KNOWN))
    assert verbs(server) == ["REPORT"]
    assert not any(word in str(error.value) for word in ("petit", "cabinet", "secret"))


def test_b01_of_two_words_about_one_event_the_last_counts(server, calendar):
    """Deleted, then written again while a truncated answer was asked on."""
    gone = "<d:response><d:href>/cal/petit/a.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
    cut = "<d:response><d:href>/cal/petit/</d:href><d:status>HTTP/1.1 507 Full</d:status></d:response>"
    back = found("/cal/petit/a.ics", '<d:getetag>"2"</d:getetag>')
    server.add("REPORT", URL, multistatus(gone, cut, token="t2"), status=207)
    server.add("REPORT", URL, multistatus(back, token="t3"), status=207)
    (page,) = calendar.changes(HELD, Known.holding({"a.ics": '"2"'}))
    assert (page.gone, page.cursor.value) == ((), "t3")


def test_a15_one_question_for_ten_calendars(server, access, zone):
    several = [DavCalendar(access, f"{HOME}p{n}/", zone=zone, secret=b"s" * 32) for n in range(10)]
    members = [found(f"/cal/p{n}", f"{CALENDAR}<d:sync-token>t{2 if n == 3 else 1}</d:sync-token>") for n in range(10)]
    depth = matchers.header_matcher({"Depth": "1"})
    server.add("PROPFIND", HOME, multistatus(*members), status=207, match=[depth])
    quiet = DavAccount(access, several).unchanged({one.address: HELD for one in several})
    assert quiet == {one.address for one in several} - {several[3].address}
    assert len(server.calls) == 1


def test_a14_a_ctag_that_moves_under_the_same_token_is_answered_by_a_listing(server, access, zone):
    calendars = [DavCalendar(access, f"{HOME}{name}/", zone=zone, secret=b"s" * 32) for name in ("petit", "martin")]
    account, cursors = DavAccount(access, calendars), {one.address: HELD for one in calendars}

    def home(ctag):
        props = "<d:sync-token>t1</d:sync-token><s:getctag>{}</s:getctag>"
        members = [found("/cal/petit/", props.format(ctag)), found("/cal/martin/", props.format("c1"))]
        server.add("PROPFIND", HOME, multistatus(*members), status=207)

    home("c1")
    home("c2")
    assert account.unchanged(cursors) == {one.address for one in calendars}
    assert account.unchanged(cursors) == {calendars[1].address}
    itself = found("/cal/petit/", f"{CALENDAR}<s:getctag>c2</s:getctag>")
    listed = found("/cal/petit/neuf.ics", '<d:getetag>"1"</d:getetag>')
    server.add("PROPFIND", URL, multistatus(itself, listed), status=207)
    (page,) = calendars[0].changes(HELD, Known.holding({"neuf.ics": '"1"', "parti.ics": '"1"'}))
    assert (page.absent, page.cursor) == (("parti.ics",), Cursor("ctag", "c2", "1"))
