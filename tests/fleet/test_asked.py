"""What a process of many practices asks of its PostgreSQL for who asks the process over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from msgspec.structs import replace
from sqlalchemy import event

from config.load import load
from sync.core.context import World
from sync.fleet.clock import ServerClock
from sync.fleet.seat import Seat
from sync.store.engine import Store, Unusable
from sync.store.subscriptions import new_name
from sync.wiring import open_world
from sync.worker import last_look
from sync.worker.loop import Stop
from sync.worker.member import Around, Member
from sync.worker.one_pass import one_pass
from sync.worker.web_server import Listeners
from tests.fleet.freezing import frozen
from tests.fleet.street import SHAPE, Street
from tests.fleet.test_answers import free, get
from tests.working import until

MANY = 200
PAGE = "page: {{listen: '127.0.0.1:{}', public_url: 'https://rdv.lilas.example'}}"


class House:
    """A practice's rounds, of which none is at work."""

    wake, failed_rounds = staticmethod(lambda: None), staticmethod(lambda _tx: 0)

    def __init__(self, member: Member) -> None:
        self.passes = {"done": 3, "failed": 0}
        self._member = member

    @property
    def world(self) -> World:
        return self._member.open()

    @property
    def glance(self) -> World:
        return self._member.glance()


class Counted:
    """How many transactions of practices have begun."""

    def __init__(self) -> None:
        self.begun = 0

    def __call__(self, _connection: object) -> None:
        self.begun += 1


@pytest.fixture
def many(store: Store, tmp_path: Path) -> Iterator[tuple[str, Counted, list[Member]]]:
    """The address of a process of many practices, and what it asks."""
    port, counted = free(), Counted()
    street = Street(tmp_path / "practices", store, MANY, more=PAGE.format(port))
    around = Around(Stop())
    found = [load([street.folder / f"{key}.yaml"], {})[0] for key in street.keys]
    members = [Member(one, around, street.folder / "x") for one in found if one is not None]
    houses = {member: House(member) for member in members}
    listeners = Listeners(must=True)
    with ExitStack() as stack:
        anchor = around.engines.store(members[0].address, "")
        stack.callback(anchor.close)
        event.listen(anchor._engine, "begin", counted)
        stack.callback(listeners.close)
        listeners.show(members, [], houses.get)
        yield f"http://127.0.0.1:{port}", counted, members
        for member in members:
            member.close()


def test_of_many_practices_health_and_metrics_are_answered_from_the_last_looks(
    many: tuple[str, Counted, list[Member]],
) -> None:
    root, counted, members = many
    until(lambda: requests.get(f"{root}/healthz", timeout=10).text.count(",") == MANY - 1, 60)
    before = counted.begun
    for path in ("/healthz", "/metrics", "/metrics?by=practice") * 5:
        assert requests.get(root + path, timeout=10).status_code in (200, 503)
    assert counted.begun - before < 7 * MANY, "fifteen questions, and a second of processor time"
    assert all(member.world is None for member in members)


class Gate(House):
    """A practice whose answer a test waits for."""

    def __init__(self, member: Member) -> None:
        super().__init__(member)
        self.asked, self.answers = threading.Event(), threading.Event()

    @property
    def glance(self) -> World:
        self.asked.set()
        assert self.answers.wait(60)
        return self._member.glance()


def test_practices_that_leave_during_a_look_take_none_of_their_neighbours_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_look, "STUCK_S", 120.0)  # the look waits for us
    port, around, listeners = free(), Around(Stop()), Listeners(must=True)
    street = Street(tmp_path / "practices", store, 6, every=600, more=PAGE.format(port))
    found = [load([street.folder / f"{key}.yaml"], {})[0] for key in street.keys]
    members = [Member(one, around, street.folder / "x") for one in found if one is not None]
    for member in members:
        with open_world(member.settings) as world:
            one_pass(world)
    first, houses = Gate(members[0]), {member: House(member) for member in members}
    with ExitStack() as stack:
        stack.callback(listeners.close)
        listeners.show(members, [], {**houses, members[0]: first}.get)
        assert get(port, "/healthz") == (200, f"démarrage\ndémarrage : {', '.join(street.keys)}\n")
        assert first.asked.wait(60)
        stay = [members[0], *members[3:]]
        listeners.show(stay, [], {**houses, members[0]: first}.get)
        for member in members[1:3]:
            member.close()
        first.answers.set()
        until(lambda: "démarrage" not in get(port, "/healthz")[1], 60)
        assert get(port, "/healthz") == (200, "à jour\n")
        assert 'attitre_passes_total{result="done"} 18.0' in get(port, "/metrics")[1], "also of those that left"
        for member in stay:
            member.close()


def test_a_practice_that_a_look_had_to_open_counts_among_the_open_ones(store: Store, tmp_path: Path) -> None:
    street = Street(tmp_path / "practices", store, 1)
    file = street.write("p0", street.homes.urls[0])
    used = list[str]()
    for more, expected in (("", []), (", google_daily_requests: 1000", ["p0"])):
        file.write_text(file.read_text("utf-8").replace("every_seconds: 1", f"every_seconds: 1{more}"), "utf-8")
        settings, problems = load([file], {})
        assert settings is not None, problems
        member = Member(settings, Around(Stop()), file)
        seat = Seat(member, Stop(), ServerClock(), lambda _: None, used.append)
        assert [seat.glance.practice.key for _ in range(3)] == ["p0"] * 3
        assert used == expected
        member.close()


def test_a_message_of_google_asks_the_practice_that_its_channel_names_and_an_invented_one_nobody(
    many: tuple[str, Counted, list[Member]],
) -> None:
    root, counted, _ = many

    def rings(channel: str) -> tuple[int, int]:
        before = counted.begun
        told = {"X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": "whatever"}
        return requests.post(f"{root}/push/google", headers=told, timeout=30).status_code, counted.begun - before

    assert rings(new_name("p7")) == (404, 1)
    assert rings("invented") == rings(new_name("of-nobody-here")) == (404, 0)
    assert rings(str(uuid4())) == (404, MANY)  # as channels were called before
    assert [rings(str(uuid4())) for _ in range(5)] == [(503, 0)] * 5


def test_a_server_that_stands_still_is_said_within_seconds(
    many: tuple[str, Counted, list[Member]], store: Store
) -> None:
    root, _, _ = many
    until(lambda: requests.get(f"{root}/healthz", timeout=10).status_code == 503, 30)  # never read
    with frozen(store):
        for _ in range(60):  # visitors who wait
            threading.Thread(target=get, args=(int(root.rpartition(":")[2]), "/r/a-link"), daemon=True).start()
        for path in ("/healthz", "/metrics", "/readyz"):
            answer = requests.get(root + path, timeout=4)
            assert answer.status_code in (200, 503)
        until(lambda: 'state="troubled"} 200.0' in requests.get(f"{root}/metrics", timeout=4).text, 30)


def test_a_process_that_listens_opens_no_practice_before_its_turn(store: Store, tmp_path: Path) -> None:
    port = free()
    street = Street(tmp_path / "practices", store, 30, more=PAGE.format(port), every=600)
    with street.machine(replace(SHAPE, worlds=3)) as machine:
        until(lambda: get(port, "/healthz")[0] == 200, 60)
        until(lambda: "démarrage" not in get(port, "/healthz")[1], 60)
        opened = [seat for seat in machine.seats.values() if seat.member.world is not None]
        assert len(opened) < 20, len(opened)


def test_a_practice_that_left_is_opened_by_no_page_or_look_that_comes_late_and_one_at_rest_is(
    store: Store, tmp_path: Path
) -> None:
    street, around = Street(tmp_path / "practices", store, 1), Around(Stop())
    file = street.folder / "p0.yaml"
    settings, _ = load([file], {})
    assert settings is not None
    member = Member(settings, around, file)
    seat = Seat(member, Stop(), ServerClock(), lambda _: None)
    for _ in range(2):
        assert seat.glance.practice.key == seat.world.practice.key == "p0"
        seat.shut()
        assert around.engines._open == {}
    seat.close()
    for asks in (lambda: seat.glance, lambda: seat.world):
        with pytest.raises(Unusable):
            asks()
    assert around.engines._open == {}
