"""Law L4: whatever a crash interrupts, a patient is told once. SIGKILL at every commit and every call outside.

With a gateway that knows repeated keys there is exactly one SMS a fact. E-mail knows no such keys: a second copy, with
the same Message-ID, is allowed only where the row says that it was tried again after an unclear end.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rules.model import Channel, Slot
from sync.people.by_link import revision
from sync.store import bookings, gaps, intents, offers, slot_holds
from sync.store.messages import SENT, UNCERTAIN
from tests.laws.conftest import MORNING, TEXT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
Told = dict[str, int]


def confirmed(practice: Any) -> None:
    """Until now: a booking that its patient was told of and that shows it."""
    practice.passes()
    practice.she_books()
    for _ in range(3):
        practice.passes()
        practice.later(minutes=2)


def confirmation(practice: Any) -> bytes:
    practice.passes()
    return bytes(practice.she_books().raw.encode())


def modification(practice: Any) -> bytes:
    confirmed(practice)
    [event] = practice.booked
    practice.booked[0] = practice.secretary().moves(event, practice.now + timedelta(days=8), 45)
    return bytes(practice.without_ours(event))


def cancellation(practice: Any) -> None:
    confirmed(practice)
    practice.secretary().deletes(practice.booked.pop())


def by_the_link(practice: Any) -> None:
    """The patient cancelled on the page; the worker has not seen it yet."""
    confirmed(practice)
    store = practice.store
    with store.write() as tx:
        [row] = bookings.between(tx, practice.now, practice.now + timedelta(days=30), practice.now.tzinfo)
        intents.ask(tx, row.id, revision(row.facts), practice.now)
    store.close()
    practice.booked.pop()


def moved_by_the_link(practice: Any) -> bytes:
    """The patient chose another hour of the same day; the worker has not seen it yet. Her event as it should be."""
    confirmed(practice)
    [event] = practice.booked
    hers = bytes(practice.without_ours(event))
    store = practice.store
    with store.write() as tx:
        [row] = bookings.between(tx, practice.now, practice.now + timedelta(days=30), practice.now.tzinfo)
        there = row.start.replace(hour=15)
        assert slot_holds.take(tx, Slot(row.dentist, there, there + (row.end - row.start)), row.id, practice.now)
        wanted = intents.Wanted(intents.MOVE, there, row.start, row.end)
        intents.ask(tx, row.id, revision(row.facts), practice.now, wanted)
    store.close()
    return _an_hour_of_the_afternoon(hers)


def accepted_by_the_link(practice: Any) -> bytes:
    """Another patient's slot was freed and offered to her, and she accepted; the worker has not seen it yet. Her event
    as it should be."""
    practice.passes()
    held, freed = (MORNING + timedelta(days=days) for days in (7, 2))
    event = practice.secretary().books(
        "DUPONT Marie – détartrage", held.replace(hour=9, minute=30), 45, f"{TEXT}\nListe d'attente"
    )
    practice.booked.append(event)
    other = TEXT.replace("12/05/1981", "03/02/1975").replace("marie@", "luc@").replace("12 34 56 78", "23 45 67 89")
    gone = practice.secretary().books("MOREAU Luc – détartrage", freed.replace(hour=9, minute=30), 45, other)
    _later_passes(practice)
    practice.secretary().deletes(gone)
    _later_passes(practice)
    hers, store = bytes(practice.without_ours(event)), practice.store
    with store.write() as tx:
        [offer] = offers.in_states(tx, practice.now.tzinfo, offers.OPEN)
        row = bookings.get(tx, offer.booking, practice.now.tzinfo)
        assert row is not None
        assert slot_holds.take(tx, Slot(offer.dentist, offer.start, offer.end), row.id, practice.now)
        assert gaps.take(tx, offer.gap, practice.now)
        assert offers.move(tx, offer.id, (offers.OPEN,), offers.WANTED, answered_at=practice.now)
        wanted = intents.Wanted(intents.ACCEPT, offer.start, row.start, row.end, offer.id)
        intents.ask(tx, row.id, revision(row.facts), practice.now, wanted)
    store.close()
    return _at_another(hers, rf"{held:%Y%m%d}", lambda _: f"{freed:%Y%m%d}")


def _later_passes(practice: Any) -> None:
    for _ in range(3):
        practice.passes()
        practice.later(minutes=2)


def _an_hour_of_the_afternoon(hers: bytes) -> bytes:
    """Half past nine becomes half past three; nothing else changes."""
    return _at_another(hers, r"(?<=T)(?:09|10)", lambda one: {"09": "15", "10": "16"}[one[0]])


def _at_another(hers: bytes, held: str, other: Callable[[re.Match[str]], str]) -> bytes:
    """The event with another begin and end. Its stamps are the true clock's and may say the same day: they stay."""
    times = re.compile(r"^DT(?:START|END)[^\r\n]*", re.MULTILINE)
    moved = times.sub(lambda line: re.sub(held, other, line[0]), hers.decode()).encode()
    assert moved != hers
    return moved


def first_pass(practice: Any) -> bytes:
    practice.opens()
    return bytes(practice.she_books().raw.encode())


def sweep(practice: Any) -> Iterator[int]:
    """Kill before each commit and call, from the same moment, each time until calm; ends where a pass outlives them.

    Calls go one after another here: after one and before the next, what outlives the process is the same.
    """
    practice.remember()
    for point in range(1, 1000, 2):
        if not practice.passes(die_at=point)["died"]:
            assert point > 20, "there was hardly anything to interrupt"
            return
        practice.settles()
        yield point
        practice.goes_back()


def told_once(practice: Any, kinds: Told) -> None:
    """Per fact one SMS, one e-mail, and a second copy only where the row says so."""
    rows = practice.rows()
    assert Counter((row.kind.value, row.channel.value) for row in rows) == {
        (kind, channel.value): count for kind, count in kinds.items() for channel in Channel
    }
    assert {row.state for row in rows} <= {SENT}
    assert len(practice.sms.messages) == sum(kinds.values())
    copies = Counter(mail["Message-ID"] for mail in practice.mail.messages)
    again = sum(1 for row in rows if row.channel is Channel.EMAIL and row.attempts)
    assert len(copies) == sum(kinds.values())
    assert copies.total() <= len(copies) + again


def all_calm(practice: Any, original: bytes | None, mark: str = "✓") -> None:
    """Nothing owed, store equals calendar, her text is hers, our part stands once; one more pass changes nothing."""
    assert practice.nothing_is_owed()
    assert practice.store_equals_calendar()
    before = [event.etag for event in practice.all("martin")]
    for event in practice.all("martin"):
        assert practice.without_ours(event) == original
        assert event.text.count("── attitre ──") == (1 if mark else 0)
        assert event.title.startswith(mark)
    sent = practice.sms.requests
    practice.passes()
    assert [event.etag for event in practice.all("martin")] == before
    assert practice.sms.requests == sent


@pytest.mark.parametrize(
    ("happens", "kinds"),
    [(confirmation, {"confirmation": 1}), (modification, {"modification": 1}), (cancellation, {"cancellation": 1})],
)
def test_h02_killed_anywhere_the_patient_is_told_once(
    practice: Any, happens: Callable[[Any], bytes | None], kinds: Told
) -> None:
    original = happens(practice)
    for _ in sweep(practice):
        told_once(practice, kinds)
        all_calm(practice, original)


def test_g10_killed_anywhere_what_the_patient_cancelled_is_out_and_told_once(practice: Any) -> None:
    by_the_link(practice)
    for _ in sweep(practice):
        told_once(practice, {"cancellation": 1})
        all_calm(practice, None)
        assert practice.all("martin") == []


def test_g10_p45_killed_anywhere_what_the_patient_moved_stands_there_and_is_told_once(practice: Any) -> None:
    expected = moved_by_the_link(practice)
    for _ in sweep(practice):
        told_once(practice, {"modification": 1})
        all_calm(practice, expected)


def test_p44_killed_anywhere_an_accepted_slot_is_theirs_and_told_once(practice: Any) -> None:
    expected = accepted_by_the_link(practice)
    for _ in sweep(practice):
        told_once(practice, {"modification": 1})
        all_calm(practice, expected)


def test_h09_killed_anywhere_the_first_pass_tells_nobody(practice: Any) -> None:
    original = first_pass(practice)
    for _ in sweep(practice):
        assert (practice.sms.messages, practice.mail.messages) == ([], [])
        all_calm(practice, original, mark="")


def moved_while_others_wait(practice: Any) -> None:
    """Three appointments stood there; the one of the latest day is moved before its turn came."""
    practice.rounds = 1
    practice.opens()
    for hour in (9, 10, 11):
        practice.she_books(hour)
    practice.passes()
    practice.booked[2] = practice.secretary().moves(practice.booked[2], practice.now + timedelta(days=8), 45)
    practice.rounds = 6


def deleted_while_others_wait(practice: Any) -> None:
    moved_while_others_wait(practice)
    practice.secretary().deletes(practice.booked.pop())


@pytest.mark.parametrize(
    ("happens", "kind"), [(moved_while_others_wait, "modification"), (deleted_while_others_wait, "cancellation")]
)
def test_h09_killed_anywhere_between_slices_a_change_is_told_once_and_nothing_else(
    practice: Any, happens: Callable[[Any], None], kind: str
) -> None:
    happens(practice)
    for _ in sweep(practice):
        told_once(practice, {kind: 1})
        assert practice.nothing_is_owed()
        assert practice.store_equals_calendar()
        assert [event.title.startswith("✓") for event in practice.all("martin")].count(True) == (kind == "modification")


@pytest.mark.parametrize("happens", [confirmation, cancellation])
def test_h02_a_gateway_without_keys_is_never_asked_twice(practice: Any, happens: Callable[[Any], bytes | None]) -> None:
    practice.dumb = True
    happens(practice)
    unclear = 0
    for _ in sweep(practice):
        [row] = [row for row in practice.rows() if row.channel is Channel.SMS]
        assert row.state in {SENT, UNCERTAIN}
        assert not practice.sms.repeats
        assert len(practice.sms.messages) == 1 or row.state == UNCERTAIN
        unclear += row.state == UNCERTAIN
    assert unclear, "no kill fell into the call"
