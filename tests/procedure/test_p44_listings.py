"""On a server that only lists, what one listing lacks is in doubt, not gone: an accepted time waits for the proof
(P44, law L6)."""

from pathlib import Path
from typing import Any

import pytest

from adapters.base import Page
from adapters.web.patients import What
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.procedure.waiting import LIST, OFFERING, ZOE, Phone, desk_with_list, frees, phone_of, titles

HELD, FREED = moment("15/12 10:00"), moment("01/12 10:00")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, OFFERING, [MARIE, LUC, ZOE])


@pytest.fixture
def listed(tmp_path: Path) -> Desk:
    """The list has a calendar of its own."""
    return desk_with_list(tmp_path, [MARIE, LUC, ZOE])


def offered(desk: Desk, dentist: str = "martin") -> Phone:
    """Marie Dupont waits, with her appointment of 15 December or without any; she was offered the first."""
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00", dentist=dentist)
    frees(desk)
    return phone_of(desk, MARIE)


def shown_in(desk: Desk, sign: bytes = b"Propos", dentist: str = "martin") -> str:
    """Where that event stands."""
    [ref] = [ref for ref, body in desk.office.calendars[dentist]._held.items() if sign in body.payload]
    return ref


def only_lists(desk: Desk, dentist: str = "martin", without: str = "") -> None:
    """The next answer is a listing, that lacks this one."""
    calendar: Any = desk.office.calendars[dentist]
    pages = calendar.changes

    def capped(cursor: object, known: Any) -> Any:
        calendar.changes = pages
        yield Page(absent=(without,), full=True)

    calendar.changes = capped


def deletes(desk: Desk, ref: str, dentist: str = "martin") -> None:
    """She deletes it, and the server names nothing as gone."""
    desk.office.calendars[dentist].delete(ref)
    desk.office.calendars[dentist].expire_tokens()


def seconds(desk: Desk, number: int) -> None:
    desk.waits(seconds=number)


def test_p44_l6_she_deleted_the_offer_and_an_acceptance_waits_for_the_proof(desk: Desk) -> None:
    marie = offered(desk)
    deletes(desk, shown_in(desk))
    seconds(desk, 1)
    assert What.ACCEPT in marie.sees().may  # in doubt: it is not withdrawn yet
    assert marie.presses(What.ACCEPT).pending
    seconds(desk, 10)
    assert desk.office.event("e1").start == HELD
    for _ in range(3):
        seconds(desk, 60)
    assert desk.office.event("e1").start == HELD
    assert "repris par le cabinet" in marie.sees().news


def test_p44_l6_a_listing_cut_short_withdraws_no_offer_and_delays_an_acceptance(desk: Desk) -> None:
    marie = offered(desk)
    only_lists(desk, without=shown_in(desk))
    seconds(desk, 1)
    assert What.ACCEPT in marie.sees().may
    marie.presses(What.ACCEPT)
    seconds(desk, 10)
    for _ in range(3):
        seconds(desk, 60)
    assert desk.office.event("e1").start == FREED


@pytest.mark.parametrize("deleted", [False, True])
def test_p44_l6_a_place_on_the_list_in_doubt_neither_ends_nor_is_carried_out(listed: Desk, *, deleted: bool) -> None:
    marie = offered(listed, LIST)
    ref = shown_in(listed, b"DUPONT", LIST)
    marie.presses(What.ACCEPT)
    if deleted:
        deletes(listed, ref, LIST)
    else:
        only_lists(listed, LIST, without=ref)
    seconds(listed, 1)
    assert marie.sees().pending is deleted  # read again at once, it is there
    assert ("DUPONT Marie – détartrage" in titles(listed)) is not deleted
    for _ in range(3):
        seconds(listed, 60)
    assert titles(listed) == ([] if deleted else ["DUPONT Marie – détartrage"])
    assert titles(listed, LIST) == []
