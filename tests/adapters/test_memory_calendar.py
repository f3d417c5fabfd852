"""The calendar in memory beyond the contract: misfortune on demand, and its books."""

import pytest

from adapters.base import NOTHING_KNOWN, Conflict, CursorLost, Edit, TryLater, Unknown, Written
from adapters.calendars.memory import MemoryCalendar
from rules.model import Annotation

MARIE = "marie.ics"
OURS = Annotation(
    "⚠ ", ("✗ Mobile manquant : écrivez « 06 12 34 56 78 » 🦷 et encore bien des mots au-delà de la ligne",)
)


@pytest.fixture
def calendar(zone, written):
    made = MemoryCalendar("mem:petit", zone, b"s" * 32)
    made.put(
        MARIE, written(MARIE, text="Née le 3/4/1980, cœur fragile 🦷 " * 4, extra="X-HERS;ODD=é:kept\nno colon here")
    )
    return made


def annotate(calendar, annotation=OURS):
    now = calendar.get(MARIE)
    return calendar.apply(MARIE, now.version, Edit(annotation, now.payload))


def test_c19_our_part_out_again_leaves_her_bytes(calendar):
    hers = calendar.get(MARIE).payload
    assert isinstance(annotate(calendar), Written)
    assert isinstance(annotate(calendar, Annotation()), Written)
    assert calendar.get(MARIE).payload == hers
    assert calendar.writes == 2


def test_c17_c18_every_line_of_hers_stays_and_no_line_is_cut_inside_a_character(calendar):
    annotate(calendar)
    lines = calendar.get(MARIE).payload.split(b"\r\n")
    assert "X-HERS;ODD=é:kept".encode() in lines
    assert b"no colon here" in lines
    assert all(len(line) <= 75 and line.decode() for line in lines[:-1])


def test_a_planted_error_comes_as_often_as_planted(calendar):
    calendar.fail_next(TryLater("plus tard"), times=2)
    for _ in range(2):
        with pytest.raises(TryLater):
            calendar.get(MARIE)
    assert calendar.get(MARIE) is not None
    assert calendar.calls["get"] == 3


def test_a_planted_answer_stores_nothing(calendar):
    calendar.fail_next(Conflict())
    before = calendar.get(MARIE)
    assert annotate(calendar) == Conflict()
    assert calendar.get(MARIE) == before
    assert isinstance(annotate(calendar), Written)


def test_c07_a_lost_answer_is_a_write_that_stands(calendar):
    calendar.lose_answer_of_next_write()
    assert annotate(calendar) == Unknown()
    assert isinstance(annotate(calendar), Written)
    assert calendar.writes == 1


def test_an_expired_token_is_lost_and_a_new_one_is_good(calendar):
    old = list(calendar.changes(None, NOTHING_KNOWN))[-1].cursor
    calendar.expire_tokens()
    with pytest.raises(CursorLost):
        list(calendar.changes(old, NOTHING_KNOWN))
    new = list(calendar.changes(None, NOTHING_KNOWN))[-1].cursor
    assert list(calendar.changes(new, NOTHING_KNOWN))[-1].resources == ()


def test_a_token_of_an_earlier_calendar_at_the_same_address_is_lost(calendar, zone):
    old = list(calendar.changes(None, NOTHING_KNOWN))[-1].cursor
    with pytest.raises(CursorLost):
        list(MemoryCalendar(calendar.address, zone, b"s" * 32).changes(old, NOTHING_KNOWN))
