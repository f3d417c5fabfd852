"""Push channels: opened, renewed with overlap, ended, and never relied on (SYNC 2.12). The practice's clock is the
test's; messages arrive when the test lets Google deliver them."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters.calendars.googleapi import GoogleAccess
from adapters.calendars.googlepush import GooglePush
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from config.load import load
from sync import push
from sync.demo.googlestandin import GoogleStandIn
from sync.demo.googlestandin.channels import LONGEST, Channel
from sync.demo.googlestandin.person import Event
from sync.loop import Stop, Worker
from sync.rounds import one_round
from sync.store import subscriptions
from sync.store.subscriptions import Subscription
from sync.web import Desk, Hints, telling
from sync.world import nobody_watches
from tests.google.conftest import ROBOT
from tests.google.test_worker import IDS, Practice, at
from tests.office import COMPLETE

MARTIN, BERNARD = (f"google:{name}" for name in IDS.values())
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
YAML = """
practice: {key: lilas, name: Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@l.example}
dentists:
  martin: {name: Dr Claire Martin, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/m/"}]}
  bernard: {name: Dr Paul Bernard, specialty: Dentiste, calendars: [{kind: caldav, url: "https://dav.example/b/"}]}
motifs: [{label: Détartrage, minutes: 30}]
page: {public_url: "https://rdv.lilas.example"}
"""


@dataclass
class Announced:
    """The practice, its listener, and the worker that is woken."""

    practice: Practice
    worker: Worker
    root: str
    hints: Hints
    woken: list[float] = field(default_factory=list)
    told_of: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.root}/push/google"

    def passes(self, later: timedelta = MINUTE, where: str | None = "") -> None:
        """A turn of the worker: a pass, then its channels."""
        self.practice.passes(later=later)
        push.mind(self.practice.office.world, self.where if where == "" else where)

    def rows(self, calendar: str = MARTIN) -> list[Subscription]:
        with self.practice.office.world.store.read() as tx:
            return [row for row in subscriptions.every(tx) if row.calendar == calendar]

    def open(self, calendar: str = "martin") -> list[Channel]:
        """What is open at Google."""
        return [one for one in self.practice.google.channels.open.values() if one.calendar == IDS[calendar]]

    def delivers(self) -> list[int]:
        """Google sends what waits, and the worker learns it."""
        channels = self.practice.google.channels
        sent = {name for name, _ in channels.waiting if name in channels.open}
        self.told_of.clear()
        found = channels.deliver()
        if 404 not in found:
            until(lambda: sent <= set(self.told_of))
        return found

    def told(self) -> str | None:
        with self.practice.office.world.store.read() as tx:
            return push.trouble(tx, MARTIN, self.practice.office.now)

    def journal(self) -> list[str]:
        from sqlalchemy import select

        from sync.store import tables as t

        with self.practice.office.world.store.read() as tx:
            found = tx.connection.execute(select(t.journal.c.event).where(t.journal.c.event.like("push-%")))
            return [row.event for row in found]


def until(happened: Any) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Announced]:
    """Channels are open and have been heard: since before the story."""
    monkeypatch.setattr("sync.web.BREATH", 0.05)
    with ExitStack() as stack:
        google = stack.enter_context(GoogleStandIn())
        practice = Practice(google, tmp_path)
        practice.passes()
        announcers = {f"google:{name}": GooglePush(practice.access, name) for name in IDS.values()}
        world = practice.office.world = replace(practice.office.world, announcers=announcers)
        worker = _Quiet(world)
        hints = stack.enter_context(telling(worker))
        (tmp_path / "attitre.yaml").write_text(YAML)
        settings, _ = load([tmp_path / "attitre.yaml"], {})
        assert settings is not None
        door = stack.enter_context(bound("127.0.0.1:0"))
        stack.enter_context(serving(door, application([Desk(world, settings, worker, hints)])))
        root = f"http://127.0.0.1:{door.getsockname()[1]}"
        found = Announced(practice, worker, root, hints, worker.woken)
        really = push.heard

        def noted(world: Any, rings: Any) -> None:
            really(world, rings)
            found.told_of += [ring.channel for ring in rings]

        monkeypatch.setattr(push, "heard", noted)
        yield found


class _Quiet(Worker):
    """A worker that no loop drives: it notes when it was woken."""

    def __init__(self, world: Any) -> None:
        from schedule import Scheduler

        super().__init__(world, 60, Stop(), Scheduler())
        self.woken: list[float] = []

    def wake(self) -> None:
        self.woken.append(time.monotonic())


@pytest.fixture
def heard(announced: Announced) -> Announced:
    announced.passes()
    assert announced.delivers() == [204, 204]
    announced.passes()
    return announced


# --- opened ----------------------------------------------------------------------------------------------------------


def test_a_channel_is_opened_with_a_secret_that_the_store_does_not_hold(announced: Announced, tmp_path: Path) -> None:
    announced.passes()
    [row], [channel] = announced.rows(), announced.open()
    assert (row.id, row.resource, row.address) == (channel.id, channel.resource, announced.where)
    assert channel.address == announced.where
    assert len(channel.token) > 40
    assert row.secret_hash == subscriptions.hashed(channel.token)
    assert all(channel.token.encode() not in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert row.expires_at == announced.practice.office.now + LONGEST


def test_nothing_is_slower_before_a_first_message_proves_that_messages_arrive(announced: Announced) -> None:
    announced.passes()
    assert announced.practice.state().pushed_until is None
    assert announced.delivers() == [204, 204]  # its `sync` message
    assert announced.practice.state().pushed_until == announced.rows()[0].expires_at
    assert announced.journal() == ["push-on", "push-on"]


def test_accepted_but_never_heard_is_said_after_ten_minutes_and_taken_back_when_heard(announced: Announced) -> None:
    announced.passes()
    assert announced.told() is None
    announced.passes(later=11 * MINUTE)
    assert "rien n'arrive à « page.public_url »" in str(announced.told())
    announced.delivers()
    assert announced.told() is None


def test_d02_a_hundred_turns_open_one_channel_each_and_ask_nothing_more(heard: Announced) -> None:
    heard.practice.google.log.clear()
    for _ in range(100):
        heard.passes(later=timedelta(seconds=1))
    assert [one.operation for one in heard.practice.google.log if one.operation != "events.list"] == []
    assert len(heard.open()) == len(heard.open("bernard")) == 1


def test_a_calendar_that_cannot_be_read_gets_no_channel_until_it_can(announced: Announced) -> None:
    announced.practice.google.share(IDS["martin"], ROBOT, "none")
    announced.passes()
    assert announced.rows() == []
    assert len(announced.open("bernard")) == 1
    announced.practice.google.share(IDS["martin"], ROBOT, "writer")
    announced.passes()
    assert len(announced.open()) == 1


# --- heard -----------------------------------------------------------------------------------------------------------


def test_p18_a_message_makes_its_calendar_due_now_and_the_booking_is_answered(heard: Announced) -> None:
    event = heard.practice.books()
    assert heard.delivers() == [204]
    assert heard.practice.state().due_at is not None
    assert heard.practice.state("bernard").due_at is None
    heard.passes(later=timedelta(seconds=2))
    assert heard.practice.martin.sees(event).title.startswith("✓")
    assert heard.practice.state().due_at is None


def test_a_message_writes_no_event_and_tells_nobody_by_itself(heard: Announced) -> None:
    heard.practice.books()
    heard.practice.google.log.clear()
    heard.delivers()
    assert heard.practice.google.log == []
    assert heard.practice.told("confirmation") == []


@pytest.mark.parametrize("wrong", ["secret", "channel", "other calendar's secret", "no secret"])
def test_a_strangers_message_does_nothing(heard: Announced, wrong: str) -> None:
    [channel], [other] = heard.open(), heard.open("bernard")
    told = {"X-Goog-Channel-ID": channel.id, "X-Goog-Channel-Token": channel.token, "X-Goog-Resource-State": "exists"}
    if wrong == "channel":
        told["X-Goog-Channel-ID"] = "00000000-0000-4000-8000-000000000000"
    elif wrong == "no secret":
        del told["X-Goog-Channel-Token"]
    else:
        told["X-Goog-Channel-Token"] = other.token if "other" in wrong else "wrong"
    woken = len(heard.woken)
    assert requests.post(heard.where, headers=told, timeout=10).status_code == 404
    time.sleep(0.2)
    assert len(heard.woken) == woken
    assert heard.practice.state().due_at is None
    assert 'path="/push/google",status="404"} 1.0' in requests.get(f"{heard.root}/metrics", timeout=10).text


@pytest.mark.parametrize("state", ["sync", "exists", "not_exists", "something new"])
def test_whatever_the_message_says_happened_it_only_means_look(heard: Announced, state: str) -> None:
    [channel] = heard.open()
    told = {"X-Goog-Channel-ID": channel.id, "X-Goog-Channel-Token": channel.token, "X-Goog-Resource-State": state}
    assert requests.post(heard.where, headers=told, timeout=10).status_code == 204
    until(lambda: heard.practice.state().due_at is not None)


def test_a_flood_wakes_once_a_second_and_the_last_message_is_not_lost(
    heard: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.web.BREATH", 1.0)
    time.sleep(0.1)
    [channel] = heard.open()
    told = {"X-Goog-Channel-ID": channel.id, "X-Goog-Channel-Token": channel.token}
    heard.woken.clear()
    started = time.monotonic()
    with requests.Session() as session:
        while time.monotonic() - started < 2.5:
            assert session.post(heard.where, headers=told, timeout=10).status_code == 204
        last = time.monotonic()
    until(lambda: heard.woken[-1] > last)
    assert heard.woken[0] - started < 0.5
    assert 3 <= len(heard.woken) <= 4
    assert all(later - sooner > 0.95 for sooner, later in zip(heard.woken, heard.woken[1:], strict=False))


def test_announced_it_is_read_every_ten_minutes_and_a_lost_message_is_made_good_then(heard: Announced) -> None:
    office, readers = heard.practice.office, heard.worker.readers
    one_round(readers, nobody_watches)
    event = heard.practice.books()
    heard.practice.google.channels.waiting.clear()  # the message never leaves Google
    heard.practice.google.log.clear()
    for _ in range(7):
        office.turned += MINUTE
        one_round(readers, nobody_watches)
    assert heard.practice.google.log == []  # every minute, without channels
    assert not heard.practice.martin.sees(event).block
    for _ in range(3):
        office.turned += MINUTE
        one_round(readers, nobody_watches)
    assert heard.practice.martin.sees(event).title.startswith("✓")


def test_a_heard_message_is_answered_by_the_next_round_whatever_the_pace(heard: Announced) -> None:
    office, readers = heard.practice.office, heard.worker.readers
    one_round(readers, nobody_watches)
    event = heard.practice.books()
    office.turned += timedelta(seconds=3)
    one_round(readers, nobody_watches)
    assert not heard.practice.martin.sees(event).block
    heard.delivers()
    one_round(readers, nobody_watches)
    assert heard.practice.martin.sees(event).title.startswith("✓")


def test_the_pace_is_the_ordinary_one_again_when_the_channel_is_over(heard: Announced) -> None:
    readers = heard.worker.readers
    one_round(readers, nobody_watches)
    heard.practice.office.turned += LONGEST + DAY
    one_round(readers, nobody_watches)
    heard.practice.google.log.clear()
    for _ in range(3):
        heard.practice.office.turned += timedelta(seconds=80)
        one_round(readers, nobody_watches)
    assert len(heard.practice.google.asked("events.list")) == 6


def test_a_store_that_is_busy_answers_503_and_the_message_counts_when_it_comes_again(
    heard: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.store.engine import Store, Unusable

    with monkeypatch.context() as patched:

        def busy(_store: Store) -> Any:
            raise Unusable("La base est occupée par un autre programme : réessayez dans un instant.")

        patched.setattr(Store, "read", busy)
        [channel] = heard.open()
        told = {"X-Goog-Channel-ID": channel.id, "X-Goog-Channel-Token": channel.token}
        assert requests.post(heard.where, headers=told, timeout=10).status_code == 503
        assert requests.get(f"{heard.root}/healthz", timeout=10).status_code == 503
        assert requests.get(f"{heard.root}/metrics", timeout=10).status_code == 503
    assert requests.post(heard.where, headers=told, timeout=10).status_code == 204


def test_a_hint_that_could_not_be_stored_is_stored_a_moment_later(
    heard: Announced, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.store.engine import Unusable

    really, tried = push.heard, threading.Event()

    def once(*given: Any) -> None:
        if not tried.is_set():
            tried.set()
            raise Unusable("La base est occupée.")
        really(*given)

    monkeypatch.setattr(push, "heard", once)
    heard.practice.books()
    assert heard.delivers() == [204]
    assert heard.practice.state().due_at is not None


# --- renewed ---------------------------------------------------------------------------------------------------------


def test_at_four_fifths_of_what_google_granted_a_new_channel_is_open_before_the_old_one_ends(heard: Announced) -> None:
    [old] = heard.open()
    heard.passes(later=LONGEST * 0.8 - 5 * MINUTE)
    assert [one.id for one in heard.open()] == [old.id]
    heard.practice.google.log.clear()
    heard.passes(later=5 * MINUTE)
    assert [one.id == old.id for one in heard.open()] == [True, False]
    heard.passes()
    assert len(heard.open()) == 2  # the new one was not heard yet: the old one stays
    heard.delivers()
    heard.passes()
    [new] = heard.open()
    assert new.id != old.id
    asked = [one.operation for one in heard.practice.google.log if one.operation in {"events.watch", "channels.stop"}]
    assert asked == ["events.watch"] * 2 + ["channels.stop"] * 2  # each of two calendars
    assert heard.practice.state().pushed_until == heard.rows()[0].expires_at
    assert heard.journal() == ["push-on", "push-on"]  # it was announced all the time


def test_a_shorter_life_than_usual_is_what_counts(announced: Announced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.demo.googlestandin.channels.LONGEST", timedelta(hours=1))
    announced.passes()
    announced.delivers()
    announced.passes(later=47 * MINUTE)
    assert len(announced.open()) == 1
    announced.passes(later=2 * MINUTE)
    assert len(announced.open()) == 2


def test_renewal_that_fails_keeps_the_old_channel_and_tries_again(heard: Announced) -> None:
    [old] = heard.open()
    heard.practice.google.fail_next("backendError", times=2, when="events.watch")
    heard.passes(later=LONGEST * 0.8)
    assert [one.id for one in heard.open()] == [old.id]
    heard.passes(later=2 * timedelta(hours=1))
    heard.delivers()
    heard.passes()
    [new] = heard.open()
    assert new.id != old.id


def test_a_worker_that_slept_past_the_end_opens_anew_and_lost_nothing(heard: Announced) -> None:
    event = heard.practice.martin.books("DUPONT Marie – détartrage", at(14), 30, COMPLETE)
    heard.practice.google.channels.waiting.clear()
    [old] = heard.open()
    heard.passes(later=LONGEST + DAY)
    assert heard.practice.martin.sees(event).title.startswith("✓")
    assert [row.lives(heard.practice.office.now) for row in heard.rows()] == [True]
    assert heard.rows()[0].id != old.id


def test_another_process_keeps_the_channel(heard: Announced) -> None:
    before = [one.id for one in heard.open()]
    heard.practice.restarts()
    heard.practice.office.world = replace(
        heard.practice.office.world,
        announcers={f"google:{name}": GooglePush(heard.practice.access, name) for name in IDS.values()},
    )
    heard.passes()
    assert [one.id for one in heard.open()] == before
    heard.practice.books()
    assert heard.delivers() == [204]


def test_an_answer_that_was_lost_is_learnt_from_the_first_message(announced: Announced) -> None:
    announced.practice.google.fail_next("lostAnswer", when="events.watch")
    announced.passes()
    [row] = announced.rows(BERNARD)
    assert row.expires_at is None
    announced.passes()
    assert len(announced.open("bernard")) == 1  # not a second one while the first may speak
    announced.delivers()
    [row], [channel] = announced.rows(BERNARD), announced.open("bernard")
    assert (row.id, row.resource) == (channel.id, channel.resource)
    assert row.lives(announced.practice.office.now)
    assert announced.practice.state("bernard").pushed_until == row.expires_at


def test_a_request_that_never_arrived_is_made_again(announced: Announced) -> None:
    announced.practice.google.fail_next("noAnswer", when="events.watch")
    announced.passes()
    assert announced.open("bernard") == []
    announced.passes(later=2 * timedelta(hours=1))
    announced.passes()
    assert len(announced.open("bernard")) == len(announced.rows(BERNARD)) == 1


# --- ended -----------------------------------------------------------------------------------------------------------


def test_switched_off_every_channel_is_stopped_at_google_and_the_pace_is_the_ordinary_one(heard: Announced) -> None:
    [channel] = heard.open()
    heard.passes(where=None)
    assert heard.practice.google.channels.open == {}
    assert heard.rows() == heard.rows(BERNARD) == []
    assert heard.practice.state().pushed_until is None
    told = {"X-Goog-Channel-ID": channel.id, "X-Goog-Channel-Token": channel.token}
    assert requests.post(heard.where, headers=told, timeout=10).status_code == 404
    assert heard.journal()[-2:] == ["push-off", "push-off"]


def test_a_calendar_that_left_the_configuration_is_no_longer_announced(heard: Announced) -> None:
    world = heard.practice.office.world
    heard.practice.office.world = replace(
        world, sources=world.sources[:1], announcers={MARTIN: world.announcers[MARTIN]}
    )
    heard.passes()
    assert heard.open("bernard") == []
    assert heard.rows(BERNARD) == []
    assert len(heard.open()) == 1


def test_another_address_is_another_channel(heard: Announced) -> None:
    [old] = heard.open()
    heard.passes(where=f"{heard.root}/ailleurs/push/google")
    [new] = heard.open()
    assert (new.id != old.id, new.address) == (True, f"{heard.root}/ailleurs/push/google")


def test_google_away_when_a_channel_is_to_be_stopped_is_tried_again_later(heard: Announced) -> None:
    heard.practice.google.fail_next("unavailable", times=2, when="channels.stop")
    heard.passes(where=None)
    assert len(heard.rows()) == 1
    heard.passes(where=None)
    assert len(heard.open()) == 1  # not hammered
    heard.passes(later=6 * MINUTE, where=None)
    assert heard.practice.google.channels.open == {}
    assert heard.rows() == []


def test_stopped_by_somebody_else_is_stopped(heard: Announced) -> None:
    heard.practice.google.channels.open.clear()
    heard.passes(where=None)
    assert heard.rows() == []


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("webhookUrlUnauthorized", "joignable d'Internet"),
        ("webhookUrlNotHttps", "en https"),
        ("pushNotSupported", "n'annonce pas les changements de cet agenda"),
        ("forbidden", "n'a pas le droit"),
    ],
)
def test_a_refusal_is_said_once_never_fails_a_reading_and_is_tried_again_seldom(
    announced: Announced, kind: str, words: str
) -> None:
    announced.practice.google.fail_next(kind, times=99, when="events.watch")
    event = announced.practice.books()
    for _ in range(5):
        announced.passes()
    assert len(announced.practice.google.asked("events.watch")) <= 4  # 401 asks once more with a new token
    assert announced.journal() == ["push-refused", "push-refused"]
    assert words in str(announced.told())
    assert announced.practice.state().fail_count == 0
    assert announced.practice.state().pushed_until is None
    assert announced.practice.martin.sees(event).title.startswith("✓")
    assert announced.rows() == []
    announced.practice.google.faults.planned.clear()
    announced.passes(later=timedelta(hours=7))
    assert len(announced.open()) == 1
    assert announced.told() is None


def test_without_https_google_is_not_even_asked(announced: Announced) -> None:
    announced.passes(where="http://rdv.lilas.example/push/google")
    assert announced.practice.google.asked("events.watch") == []
    assert "n'est pas en https" in str(announced.told())


def test_quota_is_waited_for_as_long_as_google_says(announced: Announced) -> None:
    announced.practice.google.fail_next("tooManyRequests", times=2, when="events.watch", retry_after="7200")
    announced.passes()
    announced.passes(later=timedelta(minutes=110))
    assert len(announced.practice.google.asked("events.watch")) == 2
    announced.passes(later=timedelta(minutes=11))
    assert len(announced.open()) == 1


def test_one_calendar_refused_the_other_one_is_announced(announced: Announced) -> None:
    theirs = lambda asked: asked.operation == "events.watch" and "bernard" in asked.path  # noqa: E731
    announced.practice.google.fail_next("forbidden", times=9, when=theirs)
    announced.passes()
    assert announced.open("bernard") == []
    assert len(announced.open()) == 1


def test_a_fault_of_ours_in_one_stays_there(announced: Announced, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = announced.practice.office.world.announcers[BERNARD]
    monkeypatch.setattr(broken, "watch", lambda *_: 1 / 0)
    announced.passes()
    assert len(announced.open()) == 1


# --- killed anywhere -------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", range(1, 9))
def test_killed_anywhere_in_a_renewal_one_channel_stands_in_the_end(
    heard: Announced, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each commit and after each call outside of a renewal of both calendars."""
    left = [moment]

    def counted(really: Any) -> Any:
        def act(*given: Any, **named: Any) -> Any:
            done = really(*given, **named)
            left[0] -= threading.current_thread() is threading.main_thread()
            if left[0] == 0:
                raise Killed
            return done

        return act

    with monkeypatch.context() as patched:
        for name in ("watch", "unwatch"):
            patched.setattr(GooglePush, name, counted(getattr(GooglePush, name)))
        for name in ("add", "change", "forget"):
            patched.setattr(subscriptions, name, counted(getattr(subscriptions, name)))
        with suppress(Killed):
            heard.passes(later=LONGEST * 0.8)
    for _ in range(4):
        heard.passes(later=6 * MINUTE)
        heard.delivers()
    now = heard.practice.office.now
    assert [row.lives(now) and row.heard_at is not None for row in heard.rows()] == [True]
    assert heard.practice.state().pushed_until == heard.rows()[0].expires_at
    event: Event = heard.practice.martin.books("DUPONT Marie – détartrage", at(9), 30, COMPLETE)
    assert 204 in heard.delivers()
    heard.passes()
    assert heard.practice.martin.sees(event).title.startswith("✓")


def test_another_login_is_asked_only_for_what_left(heard: Announced) -> None:
    """A second account in the practice knows nothing of the first one's channels."""
    google = heard.practice.google
    stranger = GoogleAccess(google.credentials_json("other@practice.iam.gserviceaccount.com"), endpoint=google.root)
    world = heard.practice.office.world
    heard.practice.office.world = replace(world, announcers={MARTIN: GooglePush(stranger, IDS["martin"])})
    heard.passes()
    assert heard.rows(BERNARD) == []
