"""The lease of a practice on PostgreSQL: one worker at a time; whoever was overtaken writes nothing more."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select, text

from adapters.base import Outgoing
from adapters.senders.memory import MemorySender
from rules.model import Channel
from sync.store import apart, keyvalue, messages
from sync.store import tables as t
from sync.store.engine import Locked, NotStored, Overtaken, Store, Unusable, engine_at
from sync.store.lease import After, Return, transaction, wake
from sync.store.waking import Waking
from sync.worker.one_pass import one_pass
from tests.backups import superuser_at
from tests.office import PARIS, Office, make_office
from tests.working import until


def ends(store: Store) -> None:
    """The lease of the practice ends, as if nobody had renewed it for long enough."""
    engine = superuser_at(store.url)
    with engine.begin() as connection:
        over = text("update lease set until = now() - interval '1 s' where practice = :it")
        connection.execute(over, {"it": store.practice})
    engine.dispose()


def fence(store: Store) -> int | None:
    with store.read() as tx:
        return tx.connection.execute(select(t.lease.c.fence)).scalar()


def office_on(store: Store, tmp_path: Path) -> Office:
    """The office in memory, after an empty first pass, its store on the server."""
    office = make_office(tmp_path)
    office.world = replace(office.world, store=store)
    office.passes()
    return office


# --- the fence --------------------------------------------------------------------------------------------------------


def test_i07_whoever_was_overtaken_commits_nothing_more(store: Store, postgresql: str) -> None:
    other = Store(postgresql, "lilas")
    with store.lock():
        ends(store)
        with store.write() as tx:  # nobody has taken over yet: it is still ours
            keyvalue.put(tx, "who", "first")
        with other.lock():
            with pytest.raises(Overtaken, match="a repris ce cabinet"), store.write() as tx:
                keyvalue.put(tx, "who", "too late")
            with other.write() as tx:
                assert keyvalue.get(tx, "who") == "first"
                keyvalue.put(tx, "who", "second")
    with store.read() as tx:
        assert keyvalue.get(tx, "who") == "second"
    other.close()


def waits(store: Store) -> bool:
    """Whether a transaction waits for the one before it."""
    with store.read() as tx:
        return bool(
            tx.connection.execute(text("select 1 from pg_locks where locktype = 'advisory' and not granted")).all()
        )


def test_i07_a_write_that_waited_while_the_lease_went_and_came_back_commits_nothing(
    store: Store, postgresql: str
) -> None:
    leases, other, met = store.leases(), Store(postgresql, "lilas"), list[type[Exception]]()
    leases.know(["lilas"])
    store.leased(leases.claim(["lilas"], 1)["lilas"].fence)

    def writes() -> None:
        try:
            with store.write() as tx:
                keyvalue.put(tx, "who", "too late")
        except Overtaken as problem:
            met.append(type(problem))

    late = threading.Thread(target=writes)
    with other.write():
        late.start()
        until(lambda: waits(other))
        for _ in range(2):  # another worker takes it, then this one again
            leases.give_back([Return("lilas", fence(store) or 0, 0.0)])
            store.leased(leases.claim(["lilas"], 1)["lilas"].fence)
    late.join(30)
    assert met == [Overtaken]
    with store.write() as tx:
        assert keyvalue.get(tx, "who") is None
    other.close()


def test_i07_a_transaction_under_way_ends_before_anybody_takes_over(store: Store, postgresql: str) -> None:
    other = Store(postgresql, "lilas")
    with store.lock():
        with store.write() as tx:
            keyvalue.put(tx, "who", "first")
            ends(store)
            with pytest.raises(Locked), other.lock():
                pass
        with other.lock(), other.read() as tx:
            assert keyvalue.get(tx, "who") == "first"
    other.close()


def test_i07_a_long_transaction_hinders_neither_renewing_nor_waking(store: Store) -> None:
    leases = store.leases()
    leases.know(["lilas"])
    fence = leases.claim(["lilas"], 1)["lilas"].fence
    store.leased(fence)
    with store.write() as tx:
        keyvalue.put(tx, "who", "first")
        assert leases.renew(["lilas"]) == {"lilas": True}
        leases.wake("lilas")


def test_i07_what_was_woken_while_it_was_held_is_due_at_once(store: Store) -> None:
    leases, left = store.leases(), list[str]()
    leases.know(["lilas"])
    claim = leases.claim(["lilas"], 1)["lilas"]
    with Waking(store).write():
        pass
    after = After(lambda _, practices: left.extend(practices))
    leases.give_back([Return("lilas", claim.fence, 60.0, memory={"read": {}})], after)
    assert left == ["lilas"]
    claim = leases.claim(["lilas"], 1)["lilas"]
    assert claim.memory == {"read": {}}
    leases.give_back([Return("lilas", claim.fence, 60.0)], after)
    assert left == ["lilas"]
    assert leases.claim(["lilas"], 1) == {}


def test_i07_a_lease_ends_by_the_servers_clock_and_is_held_by_renewing_it(store: Store, postgresql: str) -> None:
    mine, other = store.leases(lasts=1.0), Store(postgresql, "lilas").leases()
    mine.know(["lilas"])
    mine.claim(["lilas"], 1)
    for _ in range(3):
        assert mine.renew(["lilas"]) == {"lilas": True}
        assert other.claim(["lilas"], 1) == {}
    until(lambda: other.claim(["lilas"], 1))
    assert mine.renew(["lilas"]) == {}


def test_i07_an_older_attitre_can_take_no_lease_any_more(store: Store) -> None:
    """Its statement, word for word."""
    store.leases().know(["lilas"])
    older = "insert into lease (practice, fence) values ('lilas', 1) on conflict (practice) do update set fence = 99"
    with pytest.raises(NotStored), store.write() as tx:
        tx.connection.execute(text(older))


@dataclass
class Overtaking:
    """A gateway that takes a message; before its answer is noted, `meanwhile` happens."""

    inner: MemorySender
    meanwhile: Callable[[], None] = lambda: None
    channel: Channel = Channel.SMS
    repeatable: bool = True

    def send(self, message: Outgoing) -> str:
        reference = self.inner.send(message)
        self.meanwhile()
        return reference

    def probe(self) -> str:
        return self.inner.probe()


def test_i07_overtaken_in_the_middle_of_a_pass_its_end_is_left_to_the_other(
    store: Store, postgresql: str, tmp_path: Path
) -> None:
    office, other = office_on(store, tmp_path), Store(postgresql, "lilas")
    office.she_books("a")
    second, gateway = replace(office.world, store=other), Overtaking(office.sms)

    def another_takes_over() -> None:
        ends(store)
        with other.lock():
            one_pass(second)

    gateway.meanwhile = another_takes_over
    office.world = replace(office.world, senders={Channel.SMS: gateway})
    with pytest.raises(Overtaken), store.lock():
        office.passes()
    with store.read() as tx:
        states = {row.state for row in messages.with_state(tx, "claimed", "sent", "pending", zone=PARIS)}
    assert "claimed" not in states
    office.world = second
    with other.lock():
        office.passes(later=timedelta(minutes=20))
    assert len({message.key for message in office.sms.sent}) == 1
    assert office.told("confirmation") == ["sent"]
    other.close()


def test_i07_short_commands_write_beside_a_worker(store: Store, postgresql: str) -> None:
    beside = Store(postgresql, "lilas")
    with store.lock():
        with beside.write() as tx:
            keyvalue.put(tx, "who", "a person")
        with store.write() as tx:
            assert keyvalue.get(tx, "who") == "a person"
    beside.close()


def test_l5_what_a_patient_asks_for_while_the_event_is_judged_waits_for_that(store: Store, postgresql: str) -> None:
    page, asked = Waking(Store(postgresql, "lilas")), threading.Event()

    def asks() -> None:
        with page.write() as tx:
            asked.set()
            keyvalue.put(tx, "patient", "accepts")

    thread = threading.Thread(target=asks)
    with store.write() as tx:
        keyvalue.put(tx, "event", "judged without that")
        thread.start()
        assert not asked.wait(0.5)
        with Store(postgresql, "roses").write() as other:  # others wait for nothing
            keyvalue.put(other, "event", "judged")
    thread.join(30)
    with store.read() as tx:
        assert keyvalue.get(tx, "patient") == "accepts"


def test_a_page_waits_no_longer_for_a_writer_than_for_any_lock(
    store: Store, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "PATIENCE", apart.PATIENCE.replace("30s", "200ms"))
    page = Waking(Store(postgresql, "lilas"))
    with store.write(), pytest.raises(Unusable, match="occupée"), page.write():
        pass


def test_i07_a_machine_that_falls_silent_in_a_transaction_keeps_nobody_from_its_leases(
    store: Store, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "PATIENCE", apart.PATIENCE.replace("60s", "500ms"))
    silent = Store(postgresql, "")
    leases = store.leases(lasts=0.1)
    leases.know(["lilas"])
    with pytest.raises(Unusable), transaction(silent._engine) as connection:
        wake(connection, "lilas")
        until(lambda: leases.claim(["lilas"], 1, due=False), 10)
        connection.execute(text("select 1"))
    silent.close()


def test_where_all_connections_are_in_use_it_is_said_and_tried_again(store: Store, postgresql: str) -> None:
    busy = Store(postgresql, "lilas", engine_at(postgresql, pool_size=1, max_overflow=0, pool_timeout=0.1))
    with busy.read():
        busy.leased(1)
        for asks in (lambda: busy.leases().wake("lilas"), lambda: busy.write().__enter__(), busy.still_ours):
            with pytest.raises(Unusable, match="Toutes les connexions"):
                asks()
    busy.close()


def test_i09_a_file_has_no_fence_and_its_writes_cost_nothing_more(office: Office) -> None:
    assert not office.world.store.may_lose_its_lock
    with office.world.store.lock():
        office.she_books("a")
        office.passes()
    assert fence(office.world.store) is None
