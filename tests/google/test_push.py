"""Push channels: opened, renewed with overlap, ended, and never relied on (docs/design.md#push). The practice's clock
is the test's; messages arrive when the test lets Google deliver them."""

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from adapters.calendars.google.api import GoogleAccess
from adapters.calendars.google.push import GooglePush
from demo.googlestandin.channels import LONGEST
from sync.core.context import nobody_watches
from sync.store import subscriptions
from sync.worker import push_channels
from sync.worker.round import one_round
from tests.google.announced import BERNARD, DAY, MARTIN, MINUTE, Announced, until
from tests.google.practice import IDS, ROBOT

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
    monkeypatch.setattr("sync.worker.hints.WAKE_EVERY_S", 1.0)
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

    really, tried = push_channels.heard, threading.Event()

    def once(*given: Any) -> None:
        if not tried.is_set():
            tried.set()
            raise Unusable("La base est occupée.")
        really(*given)

    monkeypatch.setattr(push_channels, "heard", once)
    heard.practice.books()
    assert heard.delivers() == [204]
    assert heard.practice.state().due_at is not None


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


def test_another_login_is_asked_only_for_what_left(heard: Announced) -> None:
    """A second account in the practice knows nothing of the first one's channels."""
    google = heard.practice.google
    stranger = GoogleAccess(google.credentials_json("other@practice.iam.gserviceaccount.com"), endpoint=google.root)
    world = heard.practice.office.world
    heard.practice.office.world = replace(world, announcers={MARTIN: GooglePush(stranger, IDS["martin"])})
    heard.passes()
    assert heard.rows(BERNARD) == []
