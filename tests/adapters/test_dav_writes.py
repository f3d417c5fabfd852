"""Writes to odd servers, scripted (docs/hard-cases.md C): every one of them is conditional on the strong version it
read."""

import pytest
import requests
import responses

from adapters.base import Conflict, Edit, Refused, Unknown, Written
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from rules.model import Annotation

URL = "https://dav.example/cal/petit/"
OURS = Annotation("⚠ ", ("✗ Mobile manquant",))


@pytest.fixture
def calendar(zone):
    return DavCalendar(DavAccess(URL, "cabinet", "secret"), URL, zone=zone, secret=b"s" * 32)


class Shelf:
    """One event on a scripted server. `store`: what it keeps of a body; `replies`: the ETag that a PUT returns."""

    def __init__(self, mock, payload):
        self.payload, self.etag, self.puts = payload, '"1"', []
        self.store, self.replies, self.before, self.after = bytes, True, None, None
        mock.add_callback("GET", f"{URL}a.ics", lambda _: (200, {"ETag": self.etag}, self.payload))
        mock.add_callback("PUT", f"{URL}a.ics", self.put)

    def put(self, request):
        self.puts.append(request.headers.get("If-Match", ""))
        if self.before:
            raise self.before
        if self.puts[-1] != self.etag:
            return 412, {}, ""
        self.payload, self.etag = self.store(request.body), f'"{len(self.puts) + 1}"'
        if self.after:
            raise self.after
        return 204, {"ETag": self.replies if isinstance(self.replies, str) else self.etag} if self.replies else {}, ""


@pytest.fixture
def shelf(written):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = Shelf(mock, written("a.ics"))
        yield made
        assert all(one.startswith('"') for one in made.puts), "every PUT carries a strong version, never a star"


def annotate(calendar, annotation=OURS):
    now = calendar.get("a.ics")
    return calendar.apply("a.ics", now.version, Edit(annotation, now.payload))


@pytest.mark.parametrize("reply", ["", 'W/"9"', "*"])
def test_c02_c03_the_second_write_uses_the_version_that_was_read_again(calendar, shelf, reply):
    shelf.replies = reply
    first = annotate(calendar)
    assert isinstance(first, Written)
    assert first.resource.version == '"2"'
    other = Edit(Annotation("⚠ ", ("✗ Motif manquant",)), first.resource.payload)
    assert isinstance(calendar.apply("a.ics", first.resource.version, other), Written)
    assert shelf.puts == ['"1"', '"2"']


def test_c03_a_star_is_no_version(calendar, shelf):
    shelf.etag = "*"
    assert isinstance(annotate(calendar), Refused)
    assert shelf.puts == []


def test_c06_what_she_saved_meanwhile_is_not_overwritten(calendar, shelf, written):
    seen = calendar.get("a.ics")
    shelf.payload, shelf.etag = written("a.ics", "DUPONT Paul"), '"5"'
    assert calendar.apply("a.ics", seen.version, Edit(OURS, seen.payload)) == Conflict()
    assert (shelf.puts, shelf.payload) == ([], written("a.ics", "DUPONT Paul"))


def test_c07_a_lost_answer_after_the_write_costs_no_second_one(calendar, shelf):
    shelf.after = requests.exceptions.ReadTimeout()
    assert annotate(calendar) == Unknown()
    shelf.after = None
    assert isinstance(annotate(calendar), Written)
    assert shelf.puts == ['"1"']


def test_c08_a_lost_answer_before_the_write_costs_one_more(calendar, shelf):
    shelf.before = requests.exceptions.ReadTimeout()
    assert annotate(calendar) == Unknown()
    shelf.before = None
    assert isinstance(annotate(calendar), Written)
    assert shelf.puts == ['"1"', '"1"']


def unfolded(body):
    return body.replace(b"\r\n ", b"")


def bare(body):
    return body.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("store", [unfolded, bare])
def test_c09_a_server_that_writes_our_text_in_its_own_way_is_not_written_to_again(calendar, shelf, store):
    shelf.store, shelf.replies = store, False
    assert isinstance(annotate(calendar), Written)
    assert isinstance(annotate(calendar), Written)
    assert len(shelf.puts) == 1


def test_c20_no_compressed_body_is_asked_for_so_that_versions_stay_as_listed(calendar, written):
    with responses.RequestsMock() as mock:
        mock.add("GET", f"{URL}a.ics", written("a.ics"), headers={"ETag": '"1"'})
        calendar.get("a.ics")
        assert mock.calls[0].request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("etag", [None, 'W/"1"', "*"])
def test_nothing_is_removed_without_a_strong_version(calendar, etag):
    with responses.RequestsMock() as mock:
        assert isinstance(calendar.remove("a.ics", etag), Refused)
        assert len(mock.calls) == 0
