"""Whoever follows a Google calendar by its tokens ends with what stands in it, whatever happens on the way; and our
part leaves any text as it was."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import NOTHING_KNOWN, CursorLost, Known, TryLater
from adapters.calendars.google.patch import Texts, with_ours, without
from adapters.calendars.ical import block
from demo.googlestandin.errors import Refused
from rules.model import Annotation

PARIS = ZoneInfo("Europe/Paris")
FIRST = datetime(2026, 12, 1, 9, tzinfo=PARIS)
OURS = Annotation("⚠ ", ("✗ Mobile manquant",))
FAULTS = ("backendError", "rateLimitExceeded", "fullSyncRequired", "noAnswer", "cutAnswer", "htmlPage")


def act(her, chance: random.Random) -> None:
    """One thing that she does; what Google refuses did not happen."""
    standing = her.everything()
    event = chance.choice(standing) if standing else None
    when = FIRST + timedelta(days=chance.randrange(20), hours=chance.randrange(8))
    what = chance.choice(("book", "book", "series", "move", "instance", "cancel", "split", "delete", "restore", "text"))
    if what == "book" or event is None:
        her.books(f"Patient {chance.random()}", when)
    elif what == "series":
        her.books("Réunion", when, recurrence=[f"RRULE:FREQ=DAILY;COUNT={chance.randrange(2, 6)}"])
    elif what == "text":
        her.edits(event, description=f"Née en {chance.randrange(1940, 2020)}")
    elif what in {"instance", "cancel", "split"}:
        act_on_instance(her, event, what, when)
    elif what == "move":
        her.moves(event, when)
    elif what == "delete":
        her.deletes(event)
    else:
        her.deletes(event)
        her.restores(event)


def act_on_instance(her, event, what: str, when: datetime) -> None:
    start = datetime.fromisoformat(event.body["start"]["dateTime"]) + timedelta(days=1)
    if "recurrence" not in event.body:
        return
    instance = her.instance(event, start)
    if what == "instance":
        her.moves(instance, when)
    elif what == "cancel":
        her.deletes(instance)
    else:
        her.splits(event, instance)


@pytest.mark.parametrize("seed", range(8))
def test_l5_whoever_follows_the_tokens_ends_with_what_stands(on_google, small_batches, seed, window):
    chance = random.Random(seed)
    google, her, calendar = on_google.she.google, on_google.she.person, on_google.calendar
    held: dict[str, tuple[str | None, bytes]] = {}
    cursor = None
    for _ in range(40):
        try:
            act(her, chance)
        except Refused:
            continue
        if chance.random() < 0.25:
            google.fail_next(chance.choice(FAULTS), when="events")
        if chance.random() < 0.6:
            cursor = followed(calendar, held, cursor)
    google.faults.planned.clear()
    cursor = followed(calendar, held, cursor)
    cursor = followed(calendar, held, cursor)
    fresh = {one.ref: one.payload for page in calendar.changes(None, NOTHING_KNOWN) for one in page.resources}
    now = {ref: calendar.read(ref, payload, window).events for ref, (_, payload) in held.items()}
    assert now == {ref: calendar.read(ref, payload, window).events for ref, payload in fresh.items()}


def followed(calendar, held, cursor):
    """One pull into a store; the cursor to go on from."""
    try:
        for page in calendar.changes(cursor, Known.holding({ref: version for ref, (version, _) in held.items()})):
            held.update({one.ref: (one.version, one.payload) for one in page.resources})
            for ref in (*page.gone, *page.absent):
                if calendar.get(ref) is None:
                    held.pop(ref, None)
            cursor = page.cursor or cursor
    except CursorLost:
        return None
    except TryLater:
        pass
    except Exception as error:
        if type(error).__name__ != "Garbled":
            raise
    return cursor


PIECES = st.sampled_from(
    ["DUPONT", " ", "\n", "⚠ ", "✓ ", "⚠️ ", "⚠", "<br>", "<b>x</b>", "&amp;", "&nbsp;", "── ", "attitre", "── fin ──",
     "é", "<"]
)  # fmt: skip
TITLES = st.none() | st.lists(PIECES, min_size=1, max_size=4).map(lambda parts: "".join(parts).replace("\n", " "))
HERS = st.none() | st.lists(PIECES, max_size=8).map("".join)


@given(TITLES, HERS, st.sampled_from(["", "⚠ ", "✓ "]), st.lists(st.sampled_from(["✗ a", "b & c", "<d>"]), max_size=3))
def test_l1_our_part_out_again_is_her_text_to_the_letter(title, text, mark, lines):
    hers = Texts(title, text)
    if block.split(text or "")[1] is not None:
        return  # what looks like our block is ours
    ours = with_ours(hers, Annotation(mark, tuple(lines)), "a" * 16)
    assert without(ours) == hers
    assert without(with_ours(without(ours), Annotation("✓ ", ("fin",)), "a" * 16)) == hers
