"""What a turn leaves under way: however the turn ended, the lease is held until it is over, and no longer."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from config.settings import Settings
from rules.model import Channel
from sync.core.context import World
from sync.fleet import turns
from sync.fleet.fleet import Fleet
from sync.store.engine import Store, Unusable
from sync.store.jobs import Jobs, alive
from sync.store.lease import Claim
from sync.wiring import open_world
from sync.worker.loop import Stop
from tests.fleet.street import SHAPE, SHORT, Machine, Street
from tests.fleet.test_in_turn import no_thread
from tests.fleet.test_leases import office_on
from tests.office import Office
from tests.sync.test_crew import Slow
from tests.threads import no_thread_left
from tests.working import until


class Home:
    """A process that works for one practice, whose patient is being told of a booking: gateways take their time."""

    def __init__(self, store: Store, folder: Path, office: Office, *channels: Channel) -> None:
        self.store, self.office = store, office
        self.gateways = {channel: Slow(channel) for channel in channels}
        office.she_books("e1")
        office.world = replace(office.world, senders=self.gateways)
        self.street = Street(folder / "practices", store, 1)
        (self.street.folder / "p0.yaml").unlink()
        (self.street.folder / "lisez-moi.txt").touch()  # a folder with nothing left is one whose disk is away
        self.file = self.street.write("lilas", "https://dav.example/lilas/")
        self.machine = Machine(self.street.folder, SHAPE, self._opening)

    @contextmanager
    def _opening(self, settings: Settings, *, store: Store) -> Iterator[World]:
        if settings.practice.key == "lilas":
            yield self.office.world
            store.close()
            return
        with open_world(settings, store=store) as world:
            yield world

    def calls(self) -> None:
        """The process begins, and the calls go out."""
        self.machine.thread.start()
        for gateway in self.gateways.values():
            assert gateway.asked.wait(60)

    @property
    def waits_for(self) -> int:
        """The calls under way after the turn that made them."""
        worker = self.machine.seats["lilas"]._worker
        return sum(call.left for call in worker.calls._running) if worker is not None else 0

    @property
    def held(self) -> bool:
        with self.store.read() as tx:
            holders = tx.connection.execute(text("select holder from lease where practice = 'lilas'"))
            return bool(holders.scalar())


@pytest.fixture
def home(store: Store, tmp_path: Path) -> Iterator[Callable[..., Home]]:
    made: list[Home] = []

    def makes(*channels: Channel) -> Home:
        made.append(Home(store, tmp_path, office_on(store, tmp_path), *channels))
        return made[0]

    yield makes
    for gateway in made[0].gateways.values():
        gateway.may.set()
    made[0].machine.ends()


def test_i07_a_turn_that_fails_while_a_patient_is_told_ends_with_the_answer(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    [gateway] = one.gateways.values()
    failures = iter([Unusable("La base est occupée.")])

    def fails(_: Stop, __: str) -> None:
        if gateway.asked.is_set() and (problem := next(failures, None)) is not None:
            raise problem

    monkeypatch.setattr(Stop, "watch", fails)
    one.calls()
    until(lambda: one.machine.seats["lilas"].passes["failed"], 20)
    assert one.held
    gateway.may.set()
    until(lambda: one.office.told("confirmation") == ["sent"], 20)
    until(lambda: not one.held, 20)


def test_l4_while_one_gateway_has_not_answered_nobody_takes_the_call_for_lost(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS, Channel.EMAIL)
    one.calls()
    until(lambda: one.waits_for == 2, 20)

    def away(_: Store) -> None:
        raise Unusable("La base n'est pas joignable.")

    monkeypatch.setattr(Store, "still_ours", away)
    one.gateways[Channel.SMS].may.set()
    until(lambda: one.gateways[Channel.SMS].sent, 20)
    time.sleep(1)  # what wakes the practice comes after that
    assert one.held
    monkeypatch.undo()
    one.gateways[Channel.EMAIL].may.set()
    until(lambda: one.office.told("confirmation") == ["sent"], 20)
    until(lambda: not one.held, 20)


def test_what_ended_while_the_machine_had_no_thread_is_taken_in_once_it_has(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    one.calls()
    done = one.machine.seats["lilas"].passes["done"]
    until(lambda: one.machine.seats["lilas"].passes["done"] > done, 20)
    assert one.waits_for == 1
    with monkeypatch.context() as patch:
        patch.setattr(turns, "in_a_thread", no_thread)
        one.gateways[Channel.SMS].may.set()
        until(lambda: one.office.told("confirmation") == ["sent"], 20)
        time.sleep(1)  # what wakes the practice comes after that
        assert one.held
    until(lambda: not one.held, 20)


def test_l10_a_practice_that_leaves_while_its_gateway_hangs_holds_no_other_up(home: Callable[..., Home]) -> None:
    one = home(Channel.SMS)
    one.calls()
    one.file.unlink()
    one.machine.stop(signal.SIGHUP)
    until(lambda: one.machine.seats == {}, 10)
    one.street.write("roses", one.street.homes.urls[0])
    one.machine.stop(signal.SIGHUP)
    until(lambda: "roses" in one.machine.seats, 10)
    assert one.held
    one.gateways[Channel.SMS].may.set()
    until(lambda: not one.held, 20)
    assert one.office.told("confirmation") == ["sent"]


def test_a_practice_that_leaves_a_machine_without_threads_is_let_go_once_it_has_one(home: Callable[..., Home]) -> None:
    one = home(Channel.SMS)
    one.calls()
    until(lambda: one.waits_for, 20)
    with no_thread_left():
        one.file.unlink()
        one.machine.stop(signal.SIGHUP)
        until(lambda: one.machine.seats == {}, 10)
        time.sleep(SHORT.renewed)
        assert one.machine.thread.is_alive()
    one.gateways[Channel.SMS].may.set()
    until(lambda: not one.held, 20)
    assert one.office.told("confirmation") == ["sent"]


def test_a_process_that_ends_without_a_thread_left_hears_its_gateway_and_gives_everything_back(
    home: Callable[..., Home],
) -> None:
    one = home(Channel.SMS)
    one.calls()
    until(lambda: one.waits_for, 20)
    fleet = one.machine.fleet
    threading.Timer(1, one.gateways[Channel.SMS].may.set).start()
    with no_thread_left():
        fleet.close(time.monotonic() + 10)
    assert not one.held
    assert one.office.told("confirmation") == ["sent"]


def left_without_thread(one: Home) -> None:
    """Its file is taken away, and the process finds no thread to hear its gateway."""
    with no_thread_left():
        one.file.unlink()
        one.machine.stop(signal.SIGHUP)
        until(lambda: one.machine.seats == {}, 10)


def test_i07_a_process_that_ends_hears_the_gateway_of_a_practice_that_left_without_a_thread(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = home(Channel.SMS)
    one.calls()
    until(lambda: one.waits_for, 20)
    fleet = one.machine.fleet
    monkeypatch.setattr(Fleet, "_wakes_again", lambda _: None)  # no heartbeat comes before the end
    left_without_thread(one)
    threading.Timer(1, one.gateways[Channel.SMS].may.set).start()
    fleet.close(time.monotonic() + 10)
    assert not one.held
    assert one.office.told("confirmation") == ["sent"]


def test_i07_a_process_that_ends_while_a_practice_begins_to_leave_gives_everything_back(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, starts, starting = home(Channel.SMS), threading.Thread.start, threading.Event()

    def slowly(thread: threading.Thread) -> None:
        if "_let_go" in thread.name:
            starting.set()
            time.sleep(0.5)
        starts(thread)

    one.calls()
    until(lambda: one.waits_for, 20)
    fleet = one.machine.fleet
    left_without_thread(one)
    monkeypatch.setattr(threading.Thread, "start", slowly)
    assert starting.wait(10)
    one.gateways[Channel.SMS].may.set()
    fleet.close(time.monotonic() + 10)
    assert not one.held
    assert one.office.told("confirmation") == ["sent"]


def test_a_heartbeat_under_way_is_over_before_its_process_says_that_it_ended(
    home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, beating, beat = home(Channel.SMS), threading.Event(), Jobs.beat

    def slowly(jobs: Jobs, ident: str, name: str) -> float:
        beating.set()
        time.sleep(1)
        return beat(jobs, ident, name)

    one.calls()
    one.gateways[Channel.SMS].may.set()
    monkeypatch.setattr(Jobs, "beat", slowly)
    assert beating.wait(10)
    fleet = one.machine.fleet
    one.machine.ends()
    assert not fleet._heart.is_alive()
    with one.store.read() as tx:
        assert alive(tx) == ()


def test_l4_a_practice_whose_file_changes_hears_its_gateway_however_slow_before_anybody_goes_on(
    home: Callable[..., Home],
) -> None:
    one = home(Channel.SMS)
    [gateway] = one.gateways.values()
    one.calls()
    until(lambda: one.waits_for, 20)
    one.street.write("lilas", "https://dav.example/lilas/", every=30)
    one.machine.stop(signal.SIGHUP)
    until(lambda: one.machine.seats and one.machine.seats["lilas"].member.settings.sync.every_seconds == 30, 20)
    time.sleep(SHORT.leased + 1)  # a lease that nobody renews has ended
    assert one.held
    assert one.machine.seats["lilas"].passes["done"] == 0
    gateway.may.set()
    until(lambda: one.machine.seats["lilas"].passes["done"], 20)
    assert one.office.told("confirmation") == ["sent"]
    assert len(gateway.sent) == 1


def test_a_turn_that_still_waited_when_its_practice_left_is_none(home: Callable[..., Home]) -> None:
    one = home(Channel.SMS)
    one.calls()
    seat = one.machine.seats["lilas"]
    one.gateways[Channel.SMS].may.set()
    until(lambda: not one.held, 20)
    seat.leave()
    seat.close()
    seat.fence = 7
    back = seat.read(Claim(7))
    assert back is not None
    assert (back.fence, back.more, seat.fence, seat.member.world) == (7, True, None, None)


def test_what_a_process_is_given_while_it_ends_is_done_by_another(store: Store, tmp_path: Path) -> None:
    def jobs() -> list[Any]:
        with store.read() as tx:
            found = "select lock from procrastinate_jobs where status = 'todo' and task_name = 'attitre:poll_shard'"
            return list(tx.connection.exec_driver_sql(found).scalars())

    street = Street(tmp_path / "practices", store, 1, every=600)
    with street.machine() as machine:
        until(lambda: machine.seats and machine.seats["p0"].passes["done"], 60)
        fleet = machine.fleet
    with store.write() as tx:
        tx.connection.exec_driver_sql("truncate procrastinate_jobs cascade")
        tx.connection.exec_driver_sql("update lease set due_at = now() + interval '1 hour'")
    fleet.poll(2, SHAPE.shards)
    fleet.work("p0")
    assert jobs() == ["shard:2/3"]
    with store.read() as tx:
        assert tx.connection.exec_driver_sql("select due_at <= now() from lease where practice = 'p0'").scalar() is True
