"""Addresses, pages and discovery of odd servers, scripted (docs/hard-cases.md B, docs/design.md#caldav): names come
through, pages are no answers."""

from contextlib import suppress

import pytest
import responses

from adapters.base import NOTHING_KNOWN, Cursor, Denied, Garbled, Known, OutsideError
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar

ROOT = "https://dav.example/"
URL = f"{ROOT}cal/petit/"
HELD = Cursor("sync", "t1", "1")


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def calendar(zone):
    return DavCalendar(DavAccess(URL, "cabinet", "secret"), URL, zone=zone, secret=b"s" * 32)


def found(href, props='<d:getetag>"1"</d:getetag>', data=""):
    body = f"<c:calendar-data>{data}</c:calendar-data>" if data else ""
    propstat = f"<d:propstat><d:prop>{props}{body}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{propstat}</d:response>"


def multistatus(*members, token=""):
    closing = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    return f"<d:multistatus {spaces}>{''.join(members)}{closing}</d:multistatus>"


@pytest.mark.parametrize(
    ("href", "ref", "asked"),
    [
        ("/cal/petit/rdv%20é.ics", "rdv é.ics", b"/cal/petit/rdv%20%C3%A9.ics"),
        ("/cal/petit/rdv é.ics", "rdv é.ics", b"/cal/petit/rdv%20%C3%A9.ics"),
        ("/cal/petit/100%25.ics", "100%.ics", b"/cal/petit/100%25.ics"),
        ("/cal/petit/a%2Fb.ics", "a/b.ics", b"/cal/petit/a%2Fb.ics"),
        ("https://p07.example:443/cal/petit/x@y.ics", "x@y.ics", b"/cal/petit/x@y.ics"),
    ],
)
def test_b07_an_address_is_read_and_asked_for_in_every_writing(server, calendar, written, href, ref, asked):
    server.add("REPORT", URL, multistatus(found(href), token="t2"), status=207)
    server.add("REPORT", URL, multistatus(found(href, data=written("a.ics").decode())), status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert ([one.ref for one in page.resources], page.owed, page.gone) == ([ref], (), ())
    assert b"<d:href>" + asked + b"</d:href>" in server.calls[1].request.body


def test_b07_the_calendar_itself_is_known_in_every_writing(server, zone):
    url = f"{ROOT}cal/Agenda%20du%20Dr%20Lef%C3%A8vre/"
    calendar = DavCalendar(DavAccess(ROOT), url, zone=zone, secret=b"s" * 32)
    server.add("REPORT", url, multistatus(found("/cal/Agenda du Dr Lefèvre/"), found("a.ics"), token="t2"), status=207)
    (page,) = calendar.changes(HELD, Known.holding({"a.ics": '"1"'}))
    assert (page.resources, page.owed, page.gone) == ((), (), ())
    assert len(server.calls) == 1


def test_b06_a_body_that_is_not_found_is_named_as_gone_by_the_server(server, calendar):
    gone = "<d:response><d:href>/cal/petit/a.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"
    server.add("REPORT", URL, multistatus(found("/cal/petit/a.ics"), token="t2"), status=207)
    server.add("REPORT", URL, multistatus(gone), status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert (page.gone, page.absent, page.owed) == (("a.ics",), (), ())


def test_b10_an_empty_listing_says_absent_never_gone(server, calendar):
    server.add("REPORT", URL, multistatus(token="t2"), status=207)
    kind = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
    server.add("PROPFIND", URL, multistatus(found("/cal/petit/", kind)), status=207)
    (page,) = calendar.changes(None, Known.holding({"a.ics": '"1"', "b.ics": '"2"'}))
    assert (page.absent, page.gone, page.full) == (("a.ics", "b.ics"), (), True)


def test_b13_collections_and_tasks_of_a_listing_are_no_events(server, calendar):
    folder = found("/cal/petit/old", "<d:resourcetype><d:collection/></d:resourcetype>")
    task = found("/cal/petit/t.ics", "<d:getcontenttype>text/calendar; component=VTODO</d:getcontenttype>")
    note = found("/cal/petit/n.ics", "<d:getcontenttype>text/calendar;component=vjournal</d:getcontenttype>")
    listed = multistatus(found("/cal/petit/"), folder, task, note, found("/cal/petit/a.ics"))
    server.add("PROPFIND", URL, listed, status=207)
    (page,) = calendar.changes(Cursor("etags", "", "1"), Known.holding({"a.ics": '"1"'}))
    assert (page.resources, page.owed, page.absent) == ((), (), ())


def test_b12_latin_1_in_one_event_hides_no_other(server, calendar, written):
    bodies = [found(f"/cal/petit/{ref}", data=written(ref, "LEFÈVRE").decode()) for ref in ("a.ics", "b.ics")]
    server.add("REPORT", URL, multistatus(*map(found, ("a.ics", "b.ics")), token="t2"), status=207)
    answer = multistatus(bodies[0]).partition("</d:multistatus>")[0].encode("latin-1") + bodies[1].encode()
    server.add("REPORT", URL, answer + b"</d:multistatus>", status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert [one.ref for one in page.resources] == ["a.ics", "b.ics"]
    assert "LEFÈVRE" in page.resources[1].payload.decode()


@pytest.mark.parametrize("cursor", [None, HELD, Cursor("ctag", "c1", "1")])
def test_a_login_page_is_not_taken_for_a_calendar(server, calendar, cursor):
    server.assert_all_requests_are_fired = False
    for verb in ("REPORT", "PROPFIND"):
        server.add(verb, URL, "<html>Connexion</html>", content_type="text/html")
    with pytest.raises(Garbled, match="n'a pas répondu comme un agenda"):
        list(calendar.changes(cursor, NOTHING_KNOWN))


def home(request):
    """A small server whose every address answers the three questions of discovery."""
    calendar = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>Dr Lefèvre</d:displayname>"
    props = (
        "<d:current-user-principal><d:href>/me/</d:href></d:current-user-principal>"
        "<c:calendar-home-set><d:href>/cal/</d:href></c:calendar-home-set>"
    )
    members = [found(request.path_url, props)]
    if request.path_url.startswith("/cal/"):
        members.append(found("/cal/Lef%C3%A8vre/", calendar))
    return 207, {"Content-Type": "application/xml"}, multistatus(*members)


def test_a_calendar_with_accents_is_found_by_its_name(server):
    server.assert_all_requests_are_fired = False
    for path in ("", "me/", "cal/", "cal/Lef%C3%A8vre/"):
        server.add_callback("PROPFIND", ROOT + path, home)
    found_one = DavAccess(ROOT, "cabinet", "secret").find(" dr LEFÈVRE ")
    assert (found_one.name, found_one.address) == ("Dr Lefèvre", f"{ROOT}cal/Lef%C3%A8vre/")


def test_a_calendar_is_found_by_its_name_behind_digest(server):
    def only_digest(request):
        if request.headers.get("Authorization", "").startswith("Digest "):
            return home(request)
        return 401, {"WWW-Authenticate": 'Digest realm="dav", nonce="n1", qop="auth"'}, ""

    server.assert_all_requests_are_fired = False
    for path in ("", "me/", "cal/", "cal/Lef%C3%A8vre/"):
        server.add_callback("PROPFIND", ROOT + path, only_digest)
    assert DavAccess(ROOT, "cabinet", "secret").find("Dr Lefèvre").address == f"{ROOT}cal/Lef%C3%A8vre/"


def test_a_refused_login_says_neither_who_nor_where(server):
    server.assert_all_requests_are_fired = False
    server.add("PROPFIND", f"{ROOT}dupont/", status=401, headers={"WWW-Authenticate": 'Basic realm="dav"'})
    with pytest.raises(Denied) as error:
        DavAccess(f"{ROOT}dupont/", "cabinet", "secret").find("Dr Lefèvre")
    assert not any(word in str(error.value) for word in ("dupont", "cabinet", "secret"))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_calendar_is_found_by_its_name_behind_a_redirect(server, status):
    def asked(request):
        return home(request) if b"current-user-principal" in (request.body or b"") else (207, {}, multistatus())

    server.assert_all_requests_are_fired = False
    server.add("PROPFIND", ROOT, status=status, headers={"Location": "/dav/"})
    server.add_callback("PROPFIND", f"{ROOT}dav/", asked)
    for path in ("me/", "cal/", "cal/Lef%C3%A8vre/"):
        server.add_callback("PROPFIND", ROOT + path, home)
    assert DavAccess(ROOT, "cabinet", "secret").find("Dr Lefèvre").address == f"{ROOT}cal/Lef%C3%A8vre/"


def test_discovery_behind_a_redirect_to_another_host_takes_no_login_there(server):
    server.assert_all_requests_are_fired = False
    server.add("PROPFIND", ROOT, status=301, headers={"Location": "https://evil.example/"})
    server.add_callback("PROPFIND", "https://evil.example/", home)
    server.add_callback("PROPFIND", "https://evil.example/me/", home)
    server.add_callback("PROPFIND", "https://evil.example/cal/", home)
    with suppress(OutsideError):
        DavAccess(ROOT, "cabinet", "secret").find("Dr Lefèvre")
    elsewhere = [call.request for call in server.calls if "evil" in call.request.url]
    assert elsewhere
    assert not any("Authorization" in one.headers for one in elsewhere)


def test_i10_one_measureless_event_hides_no_other(server, calendar, written, monkeypatch):
    monkeypatch.setattr("adapters.http.LARGEST", 3000)
    server.add("REPORT", URL, multistatus(found("/cal/petit/a.ics"), found("/cal/petit/b.ics"), token="t2"), status=207)
    data = written("a.ics").decode()
    small, huge = found("/cal/petit/a.ics", data=data), found("/cal/petit/b.ics", data=data + "x" * 3000)
    server.add("REPORT", URL, multistatus(small, huge), status=207)
    server.add("REPORT", URL, multistatus(small), status=207)
    server.add("REPORT", URL, multistatus(huge), status=207)
    (page,) = calendar.changes(HELD, NOTHING_KNOWN)
    assert ([one.ref for one in page.resources], page.owed) == (["a.ics"], ("b.ics",))


@pytest.mark.parametrize("location", ["http://[::1", "ftp://dav.example/", "https://dav.example:99999/"])
def test_i04_a_calendar_is_not_looked_up_behind_what_is_no_address(server, location):
    server.add("PROPFIND", ROOT, status=301, headers={"Location": location})
    with pytest.raises(Garbled, match="redirige vers une adresse"):
        DavAccess(ROOT, "cabinet", "secret").find("Dr Lefèvre")


def test_i10_a_lookup_reads_no_answer_without_end(server, monkeypatch):
    monkeypatch.setattr("adapters.http.LARGEST", 3000)
    server.add("PROPFIND", ROOT, multistatus(found("/")), status=207)
    server.add("PROPFIND", ROOT, "x" * 3001, status=207)
    with pytest.raises(Garbled, match="démesurée"):
        DavAccess(ROOT, "cabinet", "secret").find("Dr Lefèvre")
