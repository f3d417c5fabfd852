"""Push channels are renewed in time, and one stands whatever is lost or dies meanwhile (docs/design.md#push)."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.calendars.google.push import GooglePush
from demo.googlestandin.channels import LONGEST
from demo.googlestandin.person import Event
from sync.store import subscriptions
from tests.google.announced import BERNARD, DAY, MINUTE, Announced
from tests.google.practice import IDS, at
from tests.office import COMPLETE

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
    monkeypatch.setattr("demo.googlestandin.channels.LONGEST", timedelta(hours=1))
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
