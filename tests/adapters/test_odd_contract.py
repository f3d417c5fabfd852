"""What is tried out before the first write, on servers that were seen to need it (docs/hard-cases.md C,
docs/hard-cases.md#seen-on-real-servers)."""

import pytest

from adapters.base import NOTHING_KNOWN, CursorLost, Refused, TryLater
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from rules.model import Annotation
from tests.adapters.oddtable import DIFFERS
from tests.oddserver import PROFILES, odd_server

MARIE = "marie.ics"
OURS = Annotation("⚠ ", ("✗ Mobile manquant",))
FINE = sorted(set(PROFILES) - {"careless", "shortening", "latin1", "weak"})


@pytest.fixture
def on(zone):
    """`on(quirk, …)`: the server, its only calendar, and the calendar as we see it."""
    open_servers = []

    def made(*quirks):
        context = odd_server(*quirks)
        odd = context.__enter__()
        open_servers.append(context)
        url = odd.make("petit")
        return odd, odd.collections["petit"], DavCalendar(DavAccess(url), url, zone=zone, secret=b"s" * 32)

    yield made
    for context in open_servers:
        context.__exit__(None, None, None)


def test_the_table_names_tests_and_servers_that_exist():
    from tests.adapters import test_contract, test_contract_writes

    known = {*vars(test_contract), *vars(test_contract_writes)}
    assert set(DIFFERS) <= known
    assert {server for why in DIFFERS.values() for server in why} <= set(PROFILES)


def test_an_unknown_quirk_is_a_mistake():
    with pytest.raises(AssertionError, match="nonsense"), odd_server("nonsense"):
        pass


@pytest.mark.parametrize("profile", FINE)
def test_c06_a_server_that_heeds_versions_is_found_to(on, profile):
    odd, collection, calendar = on(profile)
    assert calendar.try_writing() == ""
    assert collection.members == {}
    stale = [one for one in odd.asked if one.verb == "PUT" and "If-Match" in one.headers]
    assert len(stale) == 1


def test_c06_a_server_that_ignores_versions_is_found_out_and_nothing_of_hers_is_touched(on, written):
    odd, collection, calendar = on("careless")
    odd.put(collection, MARIE, written(MARIE), "", "")
    hers = collection.members[MARIE]
    said = calendar.try_writing()
    assert "ne tient pas compte de la version" in said
    assert said.endswith(".")
    assert collection.members == {MARIE: hers}


@pytest.mark.parametrize("profile", ["latin1", "shortening"])
def test_c10_a_server_that_spoils_our_signs_is_found_out_before_her_title_is(on, written, profile):
    odd, collection, calendar = on(profile)
    odd.put(collection, MARIE, written(MARIE), "", "")
    hers = collection.members[MARIE]
    assert "abîme les textes" in calendar.try_writing()
    assert collection.members == {MARIE: hers}


def test_c04_of_weak_versions_nothing_is_found_out_and_nothing_of_hers_is_written(on, written):
    odd, collection, calendar = on("weak")
    odd.put(collection, MARIE, written(MARIE), "", "")
    assert calendar.try_writing() is None
    assert set(collection.members) == {MARIE}
    now = calendar.get(MARIE)
    from adapters.base import Edit

    assert isinstance(calendar.apply(MARIE, now.version, Edit(OURS, now.payload)), Refused)


def test_c06_a_trial_that_is_cut_off_is_made_anew(on):
    odd, collection, calendar = on()
    put, calls = odd.put, []

    def failing(*args):
        calls.append(args)
        return (503, "") if len(calls) == 2 else put(*args)

    odd.put = failing
    with pytest.raises(TryLater):
        calendar.try_writing()
    assert collection.members == {}
    assert calendar.try_writing() == ""


def test_c06_a_calendar_that_takes_nothing_is_left_to_the_write_itself(on):
    odd, _, calendar = on()
    odd.put = lambda *_: (403, "")
    assert calendar.try_writing() is None


def test_a13_a_teapot_is_a_way_of_answering_that_cannot_be_used(on, written):
    odd, collection, calendar = on("infomaniak")
    odd.put(collection, MARIE, written(MARIE), "", "")
    (page,) = calendar.changes(None, NOTHING_KNOWN)
    odd.delete(collection, MARIE, "")
    with pytest.raises(CursorLost) as lost:
        list(calendar.changes(page.cursor, NOTHING_KNOWN))
    assert lost.value.broken


def test_g04_a_uid_put_elsewhere_leaves_where_it_was(on, written, zone):
    odd, collection, calendar = on("zimbra")
    other = odd.make("bernard")
    odd.put(collection, MARIE, written(MARIE), "", "")
    (page,) = calendar.changes(None, NOTHING_KNOWN)
    odd.put(odd.collections["bernard"], MARIE, written(MARIE), "", "")
    (delta,) = calendar.changes(page.cursor, NOTHING_KNOWN)
    assert delta.gone == (MARIE,)
    (there,) = DavCalendar(DavAccess(other), other, zone=zone, secret=b"s" * 32).changes(None, NOTHING_KNOWN)
    assert [one.ref for one in there.resources] == [MARIE]


def test_c06_the_trial_costs_four_requests(on):
    odd, _, calendar = on()
    calendar.try_writing()
    assert [one.verb for one in odd.asked] == ["PUT", "GET", "PUT", "DELETE"]
