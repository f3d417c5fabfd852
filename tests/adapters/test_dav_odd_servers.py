"""Answers of odd and broken servers, scripted (docs/hard-cases.md A, B, C): nothing is lost, nothing is taken for
deleted."""

import re

import pytest
import responses

from adapters.base import (
    NOTHING_KNOWN,
    Conflict,
    Cursor,
    CursorLost,
    Denied,
    Edit,
    Garbled,
    Known,
    Refused,
    TryLater,
    Unknown,
    Written,
)
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from rules.model import Annotation

URL = "https://dav.example/cal/petit/"
HELD = Cursor("sync", "t1", "1")
OURS = Annotation("⚠ ", ("✗ Mobile manquant",))
TOKEN = '<d:valid-sync-token xmlns:d="DAV:"/>'


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def calendar(zone):
    return DavCalendar(DavAccess(URL, "cabinet", "secret"), URL, zone=zone, secret=b"s" * 32)


def member(name, status="200 OK", etag='"1"', data=""):
    """One response of a multistatus; with 4xx and 5xx the member's own status."""
    href = name if name.startswith(("/", "http")) else f"/cal/petit/{name}"
    if not status.startswith("2"):
        return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status}</d:status></d:response>"
    tag = f"<d:getetag>{etag}</d:getetag>" if etag else ""
    body = f"<c:calendar-data>{data}</c:calendar-data>" if data else ""
    props = f"<d:propstat><d:prop>{tag}{body}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{props}</d:response>"


def multistatus(*members, token=""):
    closing = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    return f'<?xml version="1.0"?><d:multistatus {spaces}>{"".join(members)}{closing}</d:multistatus>'


def refs(pages):
    return [one.ref for page in pages for one in page.resources]


# --- A: cursors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"), [(403, TOKEN), (409, ""), (410, ""), (412, ""), (400, ""), (418, ""), (500, "")]
)
def test_a08_a13_a_token_that_is_refused_is_a_lost_cursor(server, calendar, status, body):
    server.add("REPORT", URL, body, status=status)
    with pytest.raises(CursorLost):
        list(calendar.changes(HELD, NOTHING_KNOWN))


def test_a09_missing_rights_are_no_lost_cursor(server, calendar):
    server.add("REPORT", URL, '<d:error xmlns:d="DAV:"><d:need-privileges/></d:error>', status=403)
    with pytest.raises(Denied):
        list(calendar.changes(HELD, NOTHING_KNOWN))


def test_a16_a_busy_server_is_asked_once_and_left_alone(server, calendar):
    server.add("REPORT", URL, "", status=503, headers={"Retry-After": "120"})
    with pytest.raises(TryLater) as error:
        list(calendar.changes(HELD, NOTHING_KNOWN))
    assert error.value.retry_after == 120
    assert len(server.calls) == 1


def test_a06_a_delta_without_a_new_token_is_not_believed(server, calendar):
    server.add("REPORT", URL, multistatus(), status=207)
    with pytest.raises(Garbled):
        list(calendar.changes(HELD, NOTHING_KNOWN))


# --- B: listings and bodies ------------------------------------------------------------------------------------------


def test_b01_a_truncated_delta_is_asked_on_to_its_end(server, calendar, written):
    cut = member("/cal/petit/", "507 Insufficient Storage")
    server.add("REPORT", URL, multistatus(member("a.ics"), cut, token="t2"), status=207)
    server.add("REPORT", URL, multistatus(member("b.ics"), token="t3"), status=207)
    bodies = [member(ref, data=written(ref).decode()) for ref in ("a.ics", "b.ics")]
    server.add("REPORT", URL, multistatus(*bodies), status=207)
    pages = list(calendar.changes(HELD, NOTHING_KNOWN))
    assert (refs(pages), pages[-1].cursor.value) == (["a.ics", "b.ics"], "t3")


def test_b02_a_truncated_delta_that_does_not_go_on_is_not_believed(server, calendar):
    server.add("REPORT", URL, multistatus(member("/cal/petit/", "507 Insufficient Storage"), token="t1"), status=207)
    with pytest.raises(Garbled):
        list(calendar.changes(HELD, NOTHING_KNOWN))


def test_b03_a_member_that_fails_is_owed_and_the_rest_comes(server, calendar, written):
    listed = multistatus(member("a.ics"), member("b.ics", "507 Insufficient Storage"), token="t2")
    server.add("REPORT", URL, listed, status=207)
    server.add("REPORT", URL, multistatus(member("a.ics", data=written("a.ics").decode())), status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert (refs([page]), page.owed, page.gone, page.cursor.value) == (["a.ics"], ("b.ics",), (), "t2")


def test_b04_a_body_that_does_not_come_is_owed_never_gone(server, calendar, written):
    server.add("REPORT", URL, multistatus(member("a.ics"), member("b.ics"), token="t2"), status=207)
    server.add("REPORT", URL, multistatus(member("a.ics", data=written("a.ics").decode())), status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert (refs([page]), page.owed, page.gone, page.absent) == (["a.ics"], ("b.ics",), (), ())


def test_b05_one_poisoned_event_does_not_hide_the_others(server, calendar, written):
    names = [f"{number}.ics" for number in range(8)]

    def multiget(request):
        asked = re.findall(r"/cal/petit/(\d\.ics)", request.body.decode())
        if not asked:
            return 207, {}, multistatus(*map(member, names), token="t2")
        if "5.ics" in asked:
            return 500, {}, ""
        return 207, {}, multistatus(*(member(ref, data=written(ref).decode()) for ref in asked))

    server.add_callback("REPORT", URL, multiget)
    server.add("GET", URL + "5.ics", "", status=500)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert (set(refs([page])), page.owed) == (set(names) - {"5.ics"}, ("5.ics",))


def test_b07_strange_addresses_extras_and_doubles_are_sorted_out(server, calendar, written):
    server.add("REPORT", URL, multistatus(member("a.ics"), token="t2"), status=207)
    body = written("a.ics").decode()
    found = (
        member("https://other.example/dav/x/a.ics", data=body),
        member("/cal/petit/a.ics", data=body),
        member("/cal/petit/never-asked.ics", data=body),
    )
    server.add("REPORT", URL, multistatus(*found), status=207)
    assert refs(calendar.changes(HELD, NOTHING_KNOWN)) == ["a.ics"]


@pytest.mark.parametrize("cut", [60, 200, -1])
def test_b08_an_answer_cut_in_the_middle_is_not_believed(server, calendar, cut):
    server.add("REPORT", URL, multistatus(member("a.ics"), member("b.ics"), token="t2")[:cut], status=207)
    with pytest.raises(Garbled):
        list(calendar.changes(HELD, Known.holding({"b.ics": '"1"'})))


def test_b11_an_event_without_a_version_is_fetched_all_the_same(server, calendar, written):
    server.add("REPORT", URL, multistatus(member("a.ics", etag=""), token="t2"), status=207)
    server.add("REPORT", URL, multistatus(member("a.ics", etag="", data=written("a.ics").decode())), status=207)
    (page,) = calendar.changes(HELD, Known.holding({"a.ics": None}))
    assert [(one.ref, one.version) for one in page.resources] == [("a.ics", None)]


def test_b12_a_control_character_in_one_event_hides_no_other(server, calendar, written):
    server.add("REPORT", URL, multistatus(member("a.ics"), member("b.ics"), token="t2"), status=207)
    odd = member("a.ics", data=written("a.ics").decode().replace("DUPONT", "DU\x0bPONT&#x1F;"))
    server.add("REPORT", URL, multistatus(odd, member("b.ics", data=written("b.ics").decode())), status=207)
    assert refs(calendar.changes(HELD, NOTHING_KNOWN)) == ["a.ics", "b.ics"]


def test_i10_an_xml_bomb_is_refused(server, calendar):
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        + multistatus(token="&b;").partition("?>")[2]
    )
    server.add("REPORT", URL, bomb, status=207)
    with pytest.raises(Garbled):
        list(calendar.changes(HELD, NOTHING_KNOWN))


# --- C: writes -------------------------------------------------------------------------------------------------------


def annotate(server, calendar, written, *, etag='"1"', **answer):
    """One annotation; `answer` is what the PUT gets. Returns the result and the PUTs that were sent."""
    server.add("GET", URL + "a.ics", written("a.ics"), headers={"ETag": etag} if etag else {})
    if answer:
        server.add("PUT", URL + "a.ics", **answer)
    result = calendar.apply("a.ics", etag or None, Edit(OURS, written("a.ics")))
    return result, [call.request for call in server.calls if call.request.method == "PUT"]


def test_c02_a_write_without_an_etag_is_read_again(server, calendar, written):
    server.add("GET", URL + "a.ics", written("a.ics"), headers={"ETag": '"1"'})
    server.add("GET", URL + "a.ics", written("a.ics", "stored"), headers={"ETag": '"2"'})
    server.add("PUT", URL + "a.ics", status=204)
    result = calendar.apply("a.ics", '"1"', Edit(OURS, written("a.ics")))
    assert isinstance(result, Written)
    assert (result.resource.version, result.resource.payload) == ('"2"', written("a.ics", "stored"))


@pytest.mark.parametrize("etag", ['W/"1"', ""])
def test_c03_c04_without_a_strong_version_nothing_is_written(server, calendar, written, etag):
    result, puts = annotate(server, calendar, written, etag=etag)
    assert isinstance(result, Refused)
    assert puts == []


def test_c20_the_version_is_sent_back_as_it_came(server, calendar, written):
    _, (put,) = annotate(server, calendar, written, etag='"1-gzip"', status=204, headers={"ETag": '"2"'})
    assert put.headers["If-Match"] == '"1-gzip"'


@pytest.mark.parametrize(
    ("status", "expected"),
    [(412, Conflict()), (409, Conflict()), (404, Conflict(gone=True)), (500, Unknown()), (504, Unknown())],
)
def test_c05_c16_what_a_refused_write_means(server, calendar, written, status, expected):
    result, puts = annotate(server, calendar, written, status=status)
    assert result == expected
    assert len(puts) == 1


@pytest.mark.parametrize("status", [403, 405, 415])
def test_a_server_that_takes_no_writes_refuses_them(server, calendar, written, status):
    result, _ = annotate(server, calendar, written, status=status)
    assert isinstance(result, Refused)


def test_a_login_page_is_no_event(server, calendar):
    server.add("GET", URL + "a.ics", "<html>Connexion</html>", headers={"ETag": '"1"'})
    with pytest.raises(Garbled):
        calendar.get("a.ics")
