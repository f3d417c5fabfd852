"""Two workers on one PostgreSQL: one works, the other stands by; whoever was overtaken writes nothing more."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, func, select, text

from adapters.base import Outgoing
from adapters.senders.memory import MemorySender
from bench.server import Replay
from config.load import load
from demo.sinks import Answer, Sms, SmsSink
from rules.model import Channel
from sync.evaluate.evaluate import evaluate
from sync.store import calendars, keyvalue, messages
from sync.store import tables as t
from sync.store.engine import Locked, Overtaken, Store
from sync.store.engines import Engines
from sync.wiring import open_world
from sync.worker.loop import Stop
from sync.worker.loop import run as work
from sync.worker.one_pass import one_pass
from sync.worker.scheduler import Readers
from tests.crew import crew_of
from tests.office import MORNING, PARIS, Office, ics, make_office
from tests.working import until

LOCKS = "select pid from pg_locks where locktype = 'advisory' and granted"


@pytest.fixture
def store(postgresql: str) -> Iterator[Store]:
    """Empty."""
    store = Store(postgresql, "lilas")
    store.prepare()
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        for table in reversed(t.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    yield store
    store.close()


def cut(store: Store) -> None:
    """The connections that hold a worker's lock die, and no other."""
    engine = create_engine(store.url)
    with engine.begin() as connection:
        for pid in connection.execute(text(LOCKS)).scalars().all():
            connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
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
        cut(store)
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


def test_i07_a_transaction_under_way_ends_before_anybody_takes_over(store: Store, postgresql: str) -> None:
    other, taken = Store(postgresql, "lilas"), threading.Event()

    def take() -> None:
        with other.lock():
            taken.set()

    with store.lock():
        thread = threading.Thread(target=take)
        with store.write() as tx:
            keyvalue.put(tx, "who", "first")
            cut(store)
            thread.start()
            assert not taken.wait(0.3)
        thread.join(10)
        assert taken.is_set()
    with other.read() as tx:
        assert keyvalue.get(tx, "who") == "first"
    other.close()


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
        cut(store)
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


def test_i09_a_file_has_no_fence_and_its_writes_cost_nothing_more(office: Office) -> None:
    assert not office.world.store.may_lose_its_lock
    with office.world.store.lock():
        office.she_books("a")
        office.passes()
    assert fence(office.world.store) is None


# --- standing by ------------------------------------------------------------------------------------------------------


def test_i07_a_second_worker_waits_takes_over_and_gives_back(
    store: Store, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sync.worker.standby.LOOK_EVERY_S", 0.05)
    office, stop = office_on(store, tmp_path), Stop()
    second = crew_of(tmp_path / "second", [replace(office.world, store=Store(postgresql, "lilas"))], stop)
    with store.lock():
        thread = threading.Thread(target=work, args=[second, stop])
        thread.start()
        until(lambda: second.members[0].standing_by)
        assert second.workers == []
        cut(store)
        until(lambda: second.workers)
        stop(signal.SIGTERM)
        thread.join(60)
        ended = Stop()
        assert work(crew_of(tmp_path / "first", [office.world], ended, every=1), _soon(ended)) == 0
    assert capsys.readouterr().out.count("celui-ci attend") == 1


def test_i07_overtaken_the_loop_waits_and_works_again(
    store: Store, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.worker.standby.LOOK_EVERY_S", 0.05)
    office, stop = office_on(store, tmp_path), Stop()
    crew = crew_of(tmp_path / "crew", [office.world], stop)
    crew.look()
    [before], first = crew.workers, fence(store)
    assert first is not None
    cut(store)
    with Store(postgresql, "lilas").lock():
        pass
    thread = threading.Thread(target=work, args=[crew, stop])
    thread.start()
    until(lambda: crew.workers and crew.workers[0] is not before and crew.workers[0].passes["done"])
    stop(signal.SIGTERM)
    thread.join(60)
    assert fence(store) == first + 2


def test_i07_practices_of_one_server_hold_their_leases_by_one_connection(store: Store, postgresql: str) -> None:
    engines, other = Engines(), Store(postgresql, "roses")
    lilas, roses = engines.store(postgresql, "lilas"), engines.store(postgresql, "roses")
    with ExitStack() as stack:
        stack.enter_context(lilas.lock())
        with roses.lock():
            until(lambda: len(holders(store)) == 1)  # those of earlier tests have gone
            with pytest.raises(Locked), other.lock():
                pass
            with pytest.raises(Locked), engines.store(postgresql, "roses").lock():
                pass
        with other.lock():
            until(lambda: len(holders(store)) == 2)
        with pytest.raises(Locked), store.lock():
            pass
    with store.lock():
        pass
    for one in (lilas, roses, other):
        one.close()


def test_i07_cut_all_leases_of_the_connection_end_and_each_is_taken_anew(store: Store, postgresql: str) -> None:
    engines, other = Engines(), Store(postgresql, "roses")
    lilas, roses = engines.store(postgresql, "lilas"), engines.store(postgresql, "roses")
    with lilas.lock():
        with roses.lock():
            cut(store)
            with other.lock(), pytest.raises(Overtaken), roses.write():
                pass
            with lilas.write() as tx:  # nobody took over this one
                keyvalue.put(tx, "who", "lilas")
        with roses.lock(), roses.write() as tx:
            keyvalue.put(tx, "who", "roses")
    for one in (lilas, roses, other):
        one.close()


def holders(store: Store) -> set[int]:
    """The connections that hold a lease."""
    with store.read() as tx:
        return set(tx.connection.execute(text(LOCKS)).scalars())


def test_i09_on_a_file_a_second_worker_is_refused(office: Office, tmp_path: Path) -> None:
    other = replace(office.world, store=Store(str(office.world.store.url), "lilas"))
    crew = crew_of(tmp_path / "crew", [other], Stop())
    with office.world.store.lock(), pytest.raises(Locked, match="Un autre attitre travaille déjà"):
        crew.look()


def _soon(stop: Stop) -> Stop:
    threading.Timer(0.3, lambda: stop(signal.SIGTERM)).start()
    return stop


# --- a thousand messages, killed at any moment ------------------------------------------------------------------------

COUNT = 1000
YAML = """
practice: {{key: lilas, name: Cabinet, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.example}}
store: "{store}"
dentists:
  martin: {{name: Dr Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "{url}"}}]}}
motifs: [{{label: Contrôle, minutes: 20}}]
messages:
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}, headers: {{X-Worker: !env WORKER}}}}
  settle_seconds: 0
  most_per_pass: 5000
rules: {{email-missing: "off"}}
sync: {{every_seconds: 1, brake_new: 5000}}
"""


class Full(Replay):
    """Nearly empty at first; then with a thousand check-ups of as many new patients."""

    def __init__(self) -> None:
        super().__init__(1, MORNING.date())
        threading.Thread(target=self.serve, daemon=True).start()

    def fill(self, today: datetime) -> None:
        names = ["".join(letters).capitalize() for letters in product("bcdfglmnprst", "aeiou", "lmnrst", "aeio", "c")]
        for number in range(COUNT):
            day, slot = divmod(number, 36)
            start = today.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(
                days=day + 3, minutes=20 * slot
            )
            words = (
                "Nouveau patient\nSans préférence\nAdresse : 3 rue Verte, 75011 Paris\n"
                f"Né(e) le : {date(1950, 1, 1) + timedelta(days=17 * number):%d/%m/%Y}\n"
                f"Mobile : 06 12 34 {number // 100:02} {number % 100:02}"
            )
            body = ics(f"{number}@h07", f"{names[number].upper()} {names[-number - 1]} – contrôle", start, 20, words)
            self.bodies[f"{number + 1}.ics"] = body
        self.events, self.revisions, self.revision = COUNT + 1, [0] + [1] * COUNT, 1


@dataclass
class Deadly(SmsSink):
    """A gateway whose callers die around some calls (one in five where there is time for it): before the message is
    taken, before the answer, soon after it; or their connection to the store is cut, so that two work at once."""

    store: Store = field(default=None)  # type: ignore[assignment]
    deaths: int = 0
    cuts: int = 0
    accepted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        SmsSink.__init__(self)
        self.dice, self.on = random.Random(7), True
        self.share = 0.2 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 0.05

    def take(self, sms: Sms) -> tuple[Answer, str]:
        fate = self.dice.random() / self.share if self.on else 1
        worker = int(sms.headers["x-worker"])
        if fate < 0.25:
            self._kills(worker)
            return Answer(drop=True), ""
        known = len(self.messages)
        result = super().take(sms)
        self.accepted += [sms.key] * (len(self.messages) - known)
        if fate < 0.5:
            self._kills(worker)
        elif fate < 0.85:
            threading.Timer(self.dice.random() / 20, self._kills, [worker]).start()
        elif fate < 1:
            self.cuts += 1
            cut(self.store)
        return result

    def _kills(self, worker: int) -> None:
        try:
            os.kill(worker, signal.SIGKILL)
            self.deaths += 1
        except ProcessLookupError:
            pass


@pytest.fixture
def spawned(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """Starts an `attitre run`; its pid."""
    command = [sys.executable, str(Path(__file__).with_name("spawned.py")), "run", "-c", str(tmp_path / "attitre.yaml")]
    with (tmp_path / "log").open("w") as log:
        nest = subprocess.Popen(command, cwd=tmp_path, stdin=-1, stdout=-1, stderr=log, text=True)
    born: list[int] = []

    def one() -> int:
        assert nest.stdin
        assert nest.stdout
        nest.stdin.write("\n")
        nest.stdin.flush()
        born.append(int(nest.stdout.readline()))
        return born[-1]

    yield one
    nest.kill()
    nest.wait()
    for pid in born:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def thousand_due(store: Store, file: Path, calendar: Full) -> None:
    """A thousand confirmations wait to be sent; the calendar takes no writes."""
    settings, problems = load([file], {"WORKER": "0"})
    assert settings, problems
    with open_world(settings, store=store) as world:
        one_pass(world)
        with store.write() as tx:
            calendars.change(tx, calendar.url, conditions_at=world.now(), read_only="lecture seule")
        calendar.fill(world.now())
        Readers(world, 0, patience=60).read_all(world.sources)
        evaluate(world)
        with store.read() as tx:
            due = messages.due(tx, world.now(), world.practice.zone)
    assert len([row for row in due if row.channel is Channel.SMS]) == COUNT


def states(store: Store) -> dict[str, int]:
    c = t.message.c
    with store.read() as tx:
        rows = tx.connection.execute(select(c.state, func.count()).group_by(c.state)).all()
    return {str(row[0]): int(row[1]) for row in rows}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_h07_two_workers_killed_at_any_moment_send_each_of_a_thousand_once(
    store: Store, tmp_path: Path, spawned: Callable[[], int]
) -> None:
    calendar, file = Full(), tmp_path / "attitre.yaml"
    with Deadly(store=store) as gateway:
        url = store.url.render_as_string(hide_password=False)
        file.write_text(YAML.format(store=url, url=calendar.url, sms=gateway.url))
        thousand_due(Store(url, "lilas"), file, calendar)
        workers, end = [spawned(), spawned()], time.monotonic() + 500
        while states(store) != {"sent": COUNT}:
            assert time.monotonic() < end, (states(store), (tmp_path / "log").read_text()[-2000:])
            gateway.on = len(gateway.accepted) < COUNT
            workers = [pid if alive(pid) else spawned() for pid in workers]
            time.sleep(0.05)
    assert len(gateway.accepted) == len(set(gateway.accepted)) == COUNT
    assert gateway.deaths > COUNT * gateway.share / 2
    assert gateway.cuts
