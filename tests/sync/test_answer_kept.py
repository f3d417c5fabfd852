"""What a gateway answered is kept until the file takes it: a patient is told once, however the disk fares meanwhile."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from adapters.base import Outgoing
from adapters.senders.mail import MailSender
from adapters.senders.memory import MemorySender
from demo.sinks import MailSink
from rules.model import Channel
from sync.core import calls
from sync.core.calls import PoolOfOnePass
from sync.store.engine import Store, Tx, Unusable
from sync.worker.one_pass import one_pass
from tests.office import make_office
from tests.sync.test_calls import MINUTE, Beside
from tests.working import OTHER, until


class Mail(MemorySender):
    """A mail server on loopback; it answers when it may."""

    def __init__(self, box: MailSink) -> None:
        super().__init__(Channel.EMAIL, repeatable=False)
        self.mail, self.answers = MailSender(box.url, "Lilas <a@lilas.example>", timeout=5), threading.Event()

    def send(self, message: Outgoing) -> str:
        reference = self.mail.send(message)
        assert self.answers.wait(20)
        return reference


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    """On a file that somebody may lock, and nobody waits long for it."""
    monkeypatch.setattr(calls, "CALL_WAIT_S", 0.2)
    monkeypatch.setattr(calls, "AGAIN_AT_MOST_S", 0.5)
    office = make_office(tmp_path)
    event.listen(office.world.store._engine, "begin", lambda one: one.exec_driver_sql("PRAGMA busy_timeout=100"))
    office.passes()
    working = Beside(office)
    working.once()
    yield working
    working.dripping.answers.set()


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Another program, a backup say, has the file."""
    assert store.file
    with sqlite3.connect(store.file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    other.close()


def refuses(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The store refuses answers, and takes all else."""
    really, refused = Store.write, list[bool]()

    @contextmanager
    def write(self: Store, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        if answer:
            refused.append(True)
            raise Unusable("Le disque est plein.")
        with really(self, durable=durable, answer=answer) as tx:
            yield tx

    monkeypatch.setattr(Store, "write", write)
    return refused


def answers_in_vain(beside: Beside) -> None:
    """The answer comes while the file is locked."""
    with locked(beside.office.world.store):
        beside.dripping.answers.set()
        assert not beside.woken.wait(1)


def test_l4_an_answer_that_a_locked_file_does_not_take_is_stored_once_it_is_free(beside: Beside) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    answers_in_vain(beside)
    until(lambda: beside.states() == ["sent"])
    beside.goes_on()
    assert beside.states() == ["sent"]
    assert len(beside.dripping.sent) == 1


def test_l4_a_mail_whose_answer_the_file_does_not_take_goes_once(tmp_path: Path, beside: Beside) -> None:
    with MailSink() as box:
        beside.dripping = mail = Mail(box)  # type: ignore[assignment]
        beside.office.world = replace(
            beside.office.world, senders={Channel.EMAIL: mail}, on_uncertain={Channel.EMAIL: "retry"}
        )
        beside.starts_anew()
        beside.office.she_books("a")
        beside.goes_on()
        answers_in_vain(beside)
        until(lambda: beside.states(Channel.EMAIL) == ["sent"])
        for _ in range(3):
            beside.goes_on(20 * MINUTE)
        assert len(box.to("marie@example.org")) == 1


def test_l4_other_messages_leave_while_the_store_refuses_one_answer(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    refused = refuses(monkeypatch)
    beside.dripping.answers.set()
    until(lambda: refused)
    beside.office.she_books("b", day=8, text=OTHER)
    for _ in range(3):
        beside.goes_on()
    assert len(beside.dripping.sent) == 2
    assert beside.states() == ["claimed", "claimed"]
    monkeypatch.undo()
    until(lambda: beside.states() == ["sent", "sent"])
    beside.goes_on()
    assert len(beside.dripping.sent) == 2


def test_l10_an_answer_that_is_refused_for_long_keeps_no_turn_from_its_practice(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fleet its lease is held, so that nobody else would wake it; a damaged row would stop all of it."""
    monkeypatch.setattr(calls, "OUTAGE_S", 1.0)
    beside.office.she_books("a")
    beside.goes_on()
    refused = refuses(monkeypatch)
    beside.dripping.answers.set()
    until(lambda: refused)
    assert not beside.woken.is_set(), "a restart of the server is no more"
    assert beside.woken.wait(20)
    monkeypatch.undo()
    until(lambda: beside.states() == ["sent"])


def test_a_worker_that_ends_while_an_answer_is_kept_waits_for_nothing(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside.office.she_books("a")
    beside.goes_on()
    refused = refuses(monkeypatch)
    beside.dripping.answers.set()
    until(lambda: refused)
    threads = threading.active_count()
    beside.readers.close()
    until(lambda: threading.active_count() < threads)
    monkeypatch.undo()
    assert beside.states() == ["claimed"]


def test_a_practice_that_leaves_a_disk_that_stays_full_is_let_go(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "LEFT_KEPT_S", 1.0)
    beside.office.she_books("a")
    beside.goes_on()
    refused = refuses(monkeypatch)
    beside.dripping.answers.set()

    def leaves() -> None:
        with beside.readers.turn:
            beside.readers.world.calls.end(inf)  # type: ignore[attr-defined]

    leaving = threading.Thread(target=leaves, daemon=True)
    leaving.start()
    leaving.join(15)
    assert not leaving.is_alive()
    assert len(refused) > 1


def test_l4_a_pass_of_its_own_asks_again_and_says_in_the_end_that_the_store_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "ONE_PASS_KEPT_S", 2.0)
    office = make_office(tmp_path)
    office.passes()
    office.she_books("a")
    refused = refuses(monkeypatch)
    with pytest.raises(Unusable, match="plein"):
        one_pass(replace(office.world, calls=PoolOfOnePass()))
    assert len(refused) > 2
