"""An answer is data of a bounded size: no entity is expanded, and only what was asked for is kept (hard case I10)."""

import tracemalloc
from collections.abc import Callable

import pytest

from adapters.base import Garbled
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.multistatus import CAL, DAV, MOST_TAGS, read

HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n'
OPEN = b'<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
CLOSE = b"</d:multistatus>"
LAUGHS = b"<!DOCTYPE d [<!ENTITY a0 'ha'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
)


def response(href: bytes = b"/cal/1.ics", prop: bytes = b'<d:getetag>"1"</d:getetag>') -> bytes:
    found = b"<d:propstat><d:prop>%s</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>" % prop
    return b"<d:response><d:href>%s</d:href>%s</d:response>" % (href, found)


def peak(work: Callable[[], object]) -> int:
    work()  # what it loads at its first call is not its cost
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_what_was_asked_for_is_read() -> None:
    kind = b"<d:resourcetype><!-- a --><d:collection/><c:calendar/></d:resourcetype><d:getetag>W/1</d:getetag>"
    body = HEAD + OPEN + response(b" /cal/ ", kind) + response() + b"<d:sync-token>t1</d:sync-token>" + CLOSE
    found = read(body)
    assert found.token == "t1"
    first, second = found.members
    assert (first.href, first.text(f"{DAV}getetag"), second.text(f"{DAV}getetag")) == ("/cal/", "W/1", '"1"')
    assert first.holds(f"{DAV}resourcetype", f"{CAL}calendar")
    assert not second.holds(f"{DAV}resourcetype", f"{CAL}calendar")


def test_a_response_inside_a_property_is_the_propertys() -> None:
    odd = b"<d:x>" + response(b"/inner") + b"</d:x><d:getetag>1</d:getetag>"
    (only,) = read(OPEN + response(b"/outer", odd) + CLOSE).members
    assert (only.href, only.text(f"{DAV}getetag")) == ("/outer", "1")


@pytest.mark.parametrize("entity", [b"&a9;", b'<d:getetag a="&a9;"/>'])
@pytest.mark.parametrize(
    "before", [b"", b"<!-- " + b"x" * 5000 + b" -->", b"<?pi " + b"y" * 5000 + b"?>", b"\n" * 5000]
)
@pytest.mark.parametrize("headline", [b"", HEAD, b"\xef\xbb\xbf" + HEAD])
def test_i10_no_entity_is_expanded_wherever_it_is_declared(headline: bytes, before: bytes, entity: bytes) -> None:
    body = headline + before + LAUGHS + OPEN + response(prop=entity) + CLOSE

    def refused() -> None:
        with pytest.raises(Garbled):
            read(body)

    assert peak(refused) < 1_000_000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_i10_nor_in_an_encoding_that_hides_it(encoding: str) -> None:
    text = (HEAD.replace(b"utf-8", encoding.encode()) + LAUGHS + OPEN + response(prop=b"&a9;") + CLOSE).decode()
    with pytest.raises(Garbled):
        read(text.encode(encoding))


def test_an_answer_in_utf_16_is_read() -> None:
    text = (HEAD.replace(b"utf-8", b"utf-16") + OPEN + response(b"/cal/\xc3\xa9.ics") + CLOSE).decode()
    assert read(text.encode("utf-16")).members[0].href == "/cal/é.ics"


def test_i10_text_that_only_speaks_of_a_document_type_is_text() -> None:
    data = b"<c:calendar-data><![CDATA[BEGIN:VCALENDAR\n<!DOCTYPE html><!ENTITY x>]]></c:calendar-data>"
    (only,) = read(OPEN + response(prop=data) + CLOSE).members
    assert "<!DOCTYPE html>" in (only.text(f"{CAL}calendar-data") or "")


@pytest.mark.parametrize(
    "piece", [b"<a/>", b"<d:response/>", b"<d:response><d:href>/1</d:href></d:response>", b"<!---->"]
)
def test_i10_elements_without_end_are_not_built(piece: bytes) -> None:
    body = OPEN + piece * (MOST_TAGS + 1) + CLOSE

    def refused() -> None:
        with pytest.raises(Garbled, match="démesurée"):
            read(body)

    assert peak(refused) < 1_000_000


@pytest.mark.parametrize("depth", [300, 100_000])
def test_i10_depth_without_end_is_no_crash(depth: int) -> None:
    body = OPEN + response(prop=b"<a>" * depth + b"</a>" * depth) + CLOSE
    try:
        assert read(body).members
    except Garbled:
        assert depth > 300


def test_a_listing_takes_memory_like_its_own_size() -> None:
    listing = OPEN + b"".join(response(b"/cal/%d.ics" % number) for number in range(20_000)) + CLOSE
    assert peak(lambda: read(listing)) < 5 * len(listing)


def test_l10_a_member_that_has_no_address_is_nobodys() -> None:
    found = read(OPEN + response(b"http://[::1") + response(b"/cal/2.ics") + CLOSE).members
    assert [multistatus.segments(one.href) for one in found] == [(), ("cal", "2.ics")]
    assert not multistatus.ends_in_slash("http://[/")


def test_one_bad_sign_hides_no_event() -> None:
    data = b"<c:calendar-data>A\x0bB&#x1;C \xff</c:calendar-data>"
    (only,) = read(HEAD + OPEN + response(prop=data) + CLOSE).members
    assert only.text(f"{CAL}calendar-data") == "ABC \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "body", [b"", b"<", b"OK", b"<html></html>", OPEN, OPEN + response() + b"</d:multi", b"\xff\xfe<"]
)
def test_what_is_no_whole_answer_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        read(body)
