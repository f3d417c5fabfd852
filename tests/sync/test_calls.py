"""Calls to gateways beside the pass: what hangs stops neither readings nor other messages, and is never told twice."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import Outgoing, TryLater, Uncertain
from adapters.senders.memory import MemorySender
from rules.model import Channel
from sync.core.calls import Call, Pool, PoolOfOnePass, finish
from sync.core.context import Recovered
from sync.outbox import deliver
from sync.outbox.deliver import NOT_KNOWN, STOPPED
from sync.store import messages, notices
from sync.store.engine import Overtaken, StoreProblem
from sync.worker.one_pass import one_pass
from tests.office import PARIS, Office, make_office
from tests.working import OTHER, Working, until

MINUTE = timedelta(minutes=1)


@dataclass
class Dripping(MemorySender):
    """Takes a message, and answers when it may."""

    answers: threading.Event = field(default_factory=threading.Event)

    def send(self, message: Outgoing) -> str:
        reference = super().send(message)
        assert self.answers.wait(20)
        return reference


class Beside(Working):
    """The office with a worker whose SMS gateway drips."""

    def __init__(self, office: Office, *, drips: Channel = Channel.SMS) -> None:
        self.dripping = Dripping(drips, repeatable=False)
        office.world = replace(office.world, senders={**office.world.senders, drips: self.dripping})
        super().__init__(office)
        self.woken = threading.Event()
        self.starts()

    def starts(self) -> None:
        readers = self.readers
        readers.call_in_background(Pool(readers.turn, readers.let_go, readers.over, self.woken.set))

    def starts_anew(self) -> None:
        """The process died; what it left under way says nothing any more."""
        self.readers.close()
        super().__init__(self.office)
        self.starts()

    def goes_on(self, later: timedelta = MINUTE) -> None:
        self.office.turned += later
        self.once()

    def alerts(self) -> list[Any]:
        with self.office.world.store.read() as tx:
            return list(notices.due(tx, self.office.now))

    def states(self, channel: Channel = Channel.SMS) -> list[str]:
        with self.office.world.store.read() as tx:
            found = messages.with_state(
                tx, "pending", "claimed", "sent", "uncertain", "superseded", "failed", zone=PARIS
            )
        return [row.state for row in sorted(found, key=lambda row: row.id) if row.channel is channel]


def reasons(office: Office) -> set[str | None]:
    with office.world.store.read() as tx:
        return {row.reason for row in messages.with_state(tx, "uncertain", zone=PARIS)}


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    monkeypatch.setattr("sync.core.calls.CALL_WAIT_S", 0.2)
    office = make_office(tmp_path)
    office.passes()
    working = Beside(office)
    working.once()
    yield working
    working.dripping.answers.set()


def test_e_a_dripping_gateway_stops_neither_the_other_channel_nor_the_readings(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    assert beside.states() == ["claimed"]
    assert beside.states(Channel.EMAIL) == ["sent"]
    beside.office.she_books("b", day=8, text=OTHER)
    asked = beside.rounds(300)
    assert asked["bernard"] == [15, 75, 135, 195, 255]
    assert len(asked["martin"]) >= 5
    assert beside.states() == ["claimed", "claimed"]
    assert beside.states(Channel.EMAIL) == ["sent", "sent"]


def test_l4_what_is_under_way_is_no_leftover_of_a_crash(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    for _ in range(5):
        beside.goes_on()
    assert beside.states() == ["claimed"]
    beside.dripping.answers.set()
    assert beside.woken.wait(10)
    beside.goes_on()
    assert beside.states() == ["sent"]
    assert beside.office.block("a").startswith("✓")
    assert len(beside.dripping.sent) == 1


def test_l4_a_change_waits_for_the_answer_to_what_is_under_way(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    beside.office.she_books("a", day=8)
    beside.goes_on()
    assert beside.states() == ["claimed", "pending"]
    beside.dripping.answers.set()
    assert beside.woken.wait(10)
    beside.goes_on()
    assert beside.states() == ["sent", "sent"]
    assert [message.key.split(":")[3] for message in beside.dripping.sent] == ["confirmation", "modification"]


def test_l4_killed_while_it_hangs_it_is_unclear_and_the_present_state_is_the_last_word(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    beside.starts_anew()
    beside.dripping.answers.set()  # the answer of the dead process says nothing any more
    beside.goes_on()
    assert beside.states() == ["uncertain"]
    beside.office.she_books("a", day=8)
    beside.goes_on()
    assert beside.states() == ["superseded", "sent"]


def test_it_is_said_that_the_program_stopped_where_it_did(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    beside.office.world = replace(beside.office.world, recovered=Recovered())  # of the next process
    beside.starts_anew()
    beside.goes_on()
    assert reasons(beside.office) == {STOPPED}


def test_of_a_result_that_a_fault_of_ours_lost_it_is_not_said_that_the_program_stopped(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ValueError

    beside.dripping.answers.set()
    beside.office.she_books("a")
    with monkeypatch.context() as patch:
        patch.setattr(deliver, "_note", fails)
        beside.goes_on()
    beside.goes_on()
    assert reasons(beside.office) == {NOT_KNOWN}


def test_e_only_so_many_calls_at_once_and_the_rest_follows(beside: Beside) -> None:
    for number in range(6):
        text = OTHER.replace("99 99", f"99 9{number}").replace("marie@", f"m{number}@")
        beside.office.she_books(f"u{number}", day=7 + number, text=text)
    beside.goes_on()
    assert beside.states().count("claimed") == 4
    beside.dripping.answers.set()
    until(lambda: beside.states().count("sent") == 4)
    beside.goes_on()
    assert beside.states() == ["sent"] * 6


def test_e_an_alert_that_drips_does_not_stop_the_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.core.calls.CALL_WAIT_S", 0.2)
    office = make_office(tmp_path)
    office.passes()
    beside = Beside(office, drips=Channel.EMAIL)
    with office.world.store.write() as tx:
        notices.raise_once(tx, "a", "attitre : essai", "…", office.now)
    beside.goes_on()
    office.she_books("a")
    beside.goes_on()
    beside.goes_on()
    assert beside.states() == ["sent"]
    assert beside.dripping.attempts == 2  # the alert and the letter, once each
    beside.dripping.answers.set()
    until(lambda: beside.states(Channel.EMAIL) == ["sent"])
    until(lambda: not beside.alerts())


def test_e_a_pass_of_its_own_waits_for_every_answer(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    office.passes()
    slow = Dripping(Channel.SMS)
    threading.Timer(0.3, slow.answers.set).start()
    office.world = replace(office.world, senders={Channel.SMS: slow})
    office.she_books("a")
    report = one_pass(replace(office.world, calls=PoolOfOnePass()))
    assert report.sent == 1
    assert office.block("a").startswith("✓")


@pytest.mark.parametrize("error", [TryLater("…"), Uncertain("…"), ValueError("…"), MemoryError()])
def test_l10_whatever_a_gateway_raises_stays_in_its_message(beside: Beside, error: Exception) -> None:
    beside.dripping.answers.set()
    beside.office.she_books("a")
    beside.office.she_books("b", day=8, text=OTHER)
    beside.dripping.faults.append((error, False))  # type: ignore[arg-type]
    beside.goes_on()
    assert sorted(beside.states())[-1] in {"sent", "uncertain"}
    assert beside.states().count("sent") == 1


def test_l4_what_the_store_cannot_note_ends_no_round_and_stays_under_way_until_it_can(beside: Beside) -> None:
    takes = threading.Event()

    def note() -> None:
        if not takes.is_set():
            raise StoreProblem("…")

    calls = beside.readers.world.calls
    with beside.readers.turn:
        calls.start(Call("sms", frozenset({1}), lambda: note))
        finish(calls, lambda _: None)
        assert calls.busy(1)
    takes.set()
    until(lambda: calls.free("sms", [1]))


def test_l4_of_whoever_was_overtaken_no_answer_is_kept(beside: Beside) -> None:
    def refuses() -> None:
        raise Overtaken

    calls = beside.readers.world.calls
    with beside.readers.turn:
        calls.start(Call("sms", frozenset({1}), lambda: refuses))
        with pytest.raises(Overtaken):
            finish(calls, lambda _: None)
    assert calls.free("sms", [1])


def test_e_a_worker_that_ends_waits_for_no_call() -> None:
    class End(Exception):
        pass

    def ends(_: str) -> None:
        raise End

    over, hangs = threading.Event(), threading.Event()
    pool = Pool(threading.RLock(), nullcontext, over, lambda: None)
    pool.start(Call("sms", frozenset({1}), lambda: hangs.wait(20) or (lambda: None)))  # type: ignore[return-value]
    with pytest.raises(End):
        pool.wait(ends)
    hangs.set()
