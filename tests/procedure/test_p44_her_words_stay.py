"""P44, law L1: what she types into the events that show an offer, or whom to call, is hers, and stays."""

from pathlib import Path

import pytest

from adapters.calendars.memory import MemoryCalendar
from adapters.web.patients import What
from rules.telling import offer_words
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.procedure.waiting import OFFERING, ZOE, frees, phone_of, titles

NOTE = b"DESCRIPTION:"
HERS = b"DESCRIPTION:Rappeler sa fille avant midi\\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, OFFERING, [MARIE, LUC, ZOE])


def writes_into(desk: Desk, sign: bytes) -> None:
    """She adds a line to the event with that word, in her client."""
    martin = desk.office.calendars["martin"]
    assert isinstance(martin, MemoryCalendar)
    [(ref, body)] = [(ref, body) for ref, body in martin._held.items() if sign in body.payload]
    assert NOTE in body.payload
    martin.put(ref, body.payload.replace(NOTE, HERS))


def keeps(desk: Desk) -> bool:
    """Whether her line still stands in the calendar."""
    held = desk.office.calendars["martin"]._held.values()  # type: ignore[attr-defined]
    return any(b"Rappeler sa fille" in body.payload.replace(b"\r\n ", b"") for body in held)


def test_p44_l1_a_line_of_hers_in_an_offers_event_outlives_the_offer(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    frees(desk)
    writes_into(desk, b"Propos")
    desk.waits(minutes=1)
    phone_of(desk, MARIE).presses(What.REFUSE)
    desk.waits(minutes=3)
    assert keeps(desk)


def test_p44_l1_a_line_of_hers_in_a_list_of_whom_to_call_outlives_its_hour(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    frees(desk, at="24/11 10:20")
    desk.waits(minutes=2)
    assert any(title.startswith(offer_words.CALL) for title in titles(desk))
    writes_into(desk, b"phone")
    desk.waits(hours=3)
    assert keeps(desk)


def test_p44_without_a_word_of_hers_both_go(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    frees(desk)
    phone_of(desk, MARIE).presses(What.REFUSE)
    desk.waits(minutes=3)
    assert titles(desk) == ["DUPONT Marie – détartrage"]
