"""The steps of a pass after its readings, in order. Each has a cheap check and the work itself.

`has_work` asks the store the step's own first question, so that a pass without work ends after the checks
(docs/benchmark.md B2, B3). A step's module is imported only when its check is true: that keeps the start short.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Channel
from sync.core.context import Watch, World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import (
    bookings,
    calendars,
    companions,
    edits,
    intents,
    keyvalue,
    messages,
    notices,
    patients,
    queries,
    resources,
)
from sync.store.engine import Tx
from sync.worker import step_troubles


def nothing_read() -> bool:
    """No calendar is read again: the pass has just read all of them."""
    return False


class Pass(Struct, frozen=True):
    """What the steps work with."""

    world: World
    read_again: Callable[[], None]  # reads every calendar, before a cancellation is told that may be a move
    watch: Watch  # called after each message sent and each event written
    restored: bool = False  # as in `one_pass`
    tell_all: bool = False  # as in `one_pass`
    in_slices: bool = False  # of the backlog one slice a pass; False: all of it before any other step
    half_known: bool = False  # a first listing goes on: what was read waits for it, and edits are answered by previews
    refresh: Callable[[], bool] = nothing_read  # reads what due messages depend on (hard case H08); True: read any


class Step(Struct, frozen=True):
    """One step of a pass."""

    name: str  # in `step_troubles.WORDS`, `/healthz` and the log
    has_work: Callable[[World, Tx, datetime], bool]
    run: Callable[[Pass], int]  # returns how many things it did
    then_evaluate: bool = False  # its changes are evaluated before the next step
    after: frozenset[str] = frozenset()  # steps that must not have failed earlier in the same pass
    when_all_known: bool = False  # not while a backlog is open: a patient is told what rests on all appointments
    calls: bool = False  # it waits for servers, and so asks the clock; the others work by the time at which they began


class Done(Struct, frozen=True):
    """How many resources were evaluated, messages sent, events written."""

    evaluated: int = 0
    sent: int = 0
    written: int = 0


def nothing_to_do(world: World, tx: Tx) -> bool:
    """Whether no step has work now."""
    now, asked = world.now(), {step.has_work: step for step in STEPS}  # steps that share a check ask it once
    return not any(_has_work(step, world, tx, now) for step in asked.values())


def _has_work(step: Step, world: World, tx: Tx, now: datetime) -> bool:
    """Whether the step has work. If the check itself fails, the step is taken, fails and is noted (law L10)."""
    with kept_apart("step not asked", step=step.name):
        return step.has_work(world, tx, now)
    return True


def take_all(this: Pass) -> Done:
    """Take every step in order; a failing one does not stop the others (law L10)."""
    taken = _Taken(this, {}, {})
    for step in STEPS:
        if taken.may(step) and taken.take(step) and step.then_evaluate:
            taken.take(EVALUATION)
    with kept_apart("steps not noted"):
        step_troubles.keep(this.world, taken.faults)
    return Done(*(taken.counts.get(name, 0) for name in ("judging", "messages", "writing")))


class _Taken(Struct, frozen=True):
    """The steps taken in one pass, by name: how many things each did, and its fault."""

    this: Pass
    counts: dict[str, int]
    faults: dict[str, Exception | None]

    def may(self, step: Step) -> bool:
        """Whether no step failed on which this one depends, and no backlog is open where it waits for that: no message
        is sent about an event not evaluated."""
        if any(self.faults.get(name) for name in step.after):
            return False
        if not (step.when_all_known and self.this.in_slices):
            return True
        if self.this.half_known:
            return False
        with self.this.world.store.read() as tx:
            return not resources.backlog_is_open(tx)

    def take(self, step: Step) -> int:
        """Take the step, keep its fault, and return how many things it did."""
        done = 0
        with kept_apart("step failed", step=step.name) as fate:
            done = step.run(self.this if step.calls else self._now())
            log.info("step", step=step.name, done=done)
        self.counts[step.name] = self.counts.get(step.name, 0) + done
        self.faults[step.name] = self.faults.get(step.name) or fate.failed
        return done

    def _now(self) -> Pass:
        """The pass at this moment. Each step has its own: a reading may just have found something newer (law L6)."""
        return replace(self.this, world=self.this.world.at(self.this.world.now()))


# --- for each step: its check, then its work -------------------------------------------------------------------------


def _asked_by_link(_world: World, tx: Tx, _now: datetime) -> bool:
    return bool(intents.open_ones(tx)) and not keyvalue.get(tx, keyvalue.OLDER)


def _carry_out(this: Pass) -> int:
    from sync.people.carry_out import carry_out

    return carry_out(this.world, this.watch)


def _not_evaluated(_world: World, tx: Tx, _now: datetime) -> bool:
    return resources.is_any_to_evaluate(tx)


def _evaluate(this: Pass) -> int:
    from sync.evaluate.evaluate import evaluate, needs_slices

    if not (this.half_known or (this.in_slices and needs_slices(this.world))):
        return evaluate(this.world)
    from sync.evaluate.preview import answer

    return answer(this.world)


def _evaluate_slice(this: Pass) -> int:
    from sync.evaluate.evaluate import evaluate_slice
    from sync.pull.horizon import expand_anew

    if this.half_known:
        return 0
    return expand_anew(this.world) or len(evaluate_slice(this.world).places)


def _somebody_waits(world: World, tx: Tx, now: datetime) -> bool:
    if world.practice.waiting is None:
        return False
    from sync.waiting.steps import has_work

    return has_work(world, tx, now)


def _attend_waiting_list(this: Pass) -> int:
    from sync.waiting.steps import attend

    return attend(this.world, this.watch)


def _may_have_moved(world: World, tx: Tx, now: datetime) -> bool:
    if not bookings.vanished_since(tx, now - timedelta(hours=1), world.practice.zone):
        return False
    from sync.evaluate.relocation import may_be_missed

    return may_be_missed(world, tx, now)


def _read_again(this: Pass) -> int:
    with this.world.store.read() as tx:
        missed = _may_have_moved(this.world, tx, this.world.now())
    if missed:
        this.read_again()
    return int(missed)


def _dentist_in_doubt(world: World, tx: Tx, now: datetime) -> bool:
    if not patients.doubtful(tx, now):
        return False
    from sync.evaluate.own_dentist import to_settle

    return bool(to_settle(world, tx, now))


def _settle_dentists(this: Pass) -> int:
    from sync.evaluate.own_dentist import settle

    return settle(this.world)


def _something_held(_world: World, tx: Tx, _now: datetime) -> bool:
    """Whether a calendar is held by the brake, or still shows the brake's question."""
    return calendars.is_any_held(tx) or any(keyvalue.starting_with(tx, keyvalue.BRAKE).values())


def _read_answers(this: Pass) -> int:
    from sync.annotate.brake_event import read_answers

    read_answers(this.world)
    return 0


def _on_request(_world: World, _tx: Tx, _now: datetime) -> bool:
    """Never: the step is asked for at the prompt or by another step's work, not by the store."""
    return False


def _after_a_restore(this: Pass) -> int:
    if this.restored:
        from sync.outbox.after_restore import mark_as_already_told

        mark_as_already_told(this.world)
    if this.tell_all:
        from sync.plan.older_store import tell_all

        tell_all(this.world)
    return int(this.restored or this.tell_all)


def _reminder_due(world: World, tx: Tx, now: datetime) -> bool:
    if not bookings.unreminded(tx, world.practice, now):
        return False
    from sync.outbox.reminders import to_plan

    return bool(to_plan(world, tx, now))


def _plan_reminders(this: Pass) -> int:
    from sync.outbox.reminders import sweep

    return sweep(this.world)


def _refresh(this: Pass) -> int:
    return int(this.refresh())


def _hold_floods(this: Pass) -> int:
    from sync.plan.floods import hold

    hold(this.world)
    return 0


def _message_due(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a message is due, or a crash left one claimed."""
    zone = world.practice.zone
    left = messages.with_state(tx, messages.CLAIMED, zone=zone)
    if any(not world.calls.busy(row.id) for row in left):
        return True
    return bool(messages.due(tx, now, zone))


def _send_messages(this: Pass) -> int:
    from sync.outbox.deliver import deliver

    return deliver(this.world, this.watch)


def _old_question(_world: World, tx: Tx, now: datetime) -> bool:
    return bool(queries.of_yesterday(tx, now))


def _tidy_questions(this: Pass) -> int:
    from sync.evaluate.typed_questions import tidy

    return tidy(this.world)


def _edit_due(world: World, tx: Tx, now: datetime) -> bool:
    return any(world.source(row.calendar) for row in edits.due(tx, now))


def _write_events(this: Pass) -> int:
    from sync.annotate.edits import write_back

    return write_back(this.world, this.watch)


def _show_brake(this: Pass) -> int:
    from sync.annotate.brake_event import show

    show(this.world, this.watch)
    return 0


def _said_beside(world: World, tx: Tx, now: datetime) -> bool:
    """Whether a notice beside an unwritable event is to be shown, changed or removed."""
    if not companions.concerned(tx, now.replace(hour=0, minute=0, second=0, microsecond=0)):
        return False
    from sync.annotate.corrections_event import is_due

    return is_due(world, tx, now)


def _show_notices(this: Pass) -> int:
    from sync.annotate.corrections_event import show

    show(this.world, this.watch)
    return 0


def _reaches_practice(world: World) -> bool:
    return Channel.EMAIL in world.senders and bool(world.practice.email)


def _alert_due(world: World, tx: Tx, now: datetime) -> bool:
    return _reaches_practice(world) and bool(notices.due(tx, now))


def _send_alerts(this: Pass) -> int:
    from sync.outbox.practice_alerts import send_notices

    return send_notices(this.world, this.watch)


def _digest_due(world: World, tx: Tx, now: datetime) -> bool:
    if not _reaches_practice(world):
        return False
    kept = json.loads(keyvalue.get(tx, "digest") or "{}")
    if kept.get("settled"):
        from sync.worker.digest_hour import hour_of

        if kept["day"] == now.date().isoformat() or now < hour_of(world.practice, now.date()):
            return False
    from sync.worker.daily_digest import is_due

    return is_due(world, tx, now)


def _send_digest(this: Pass) -> int:
    from sync.worker.daily_digest import send_digest

    return int(send_digest(this.world, this.watch))


EVALUATION = Step("judging", _not_evaluated, _evaluate)
STEPS: tuple[Step, ...] = (
    # first a cancellation that a crash interrupted, before its event is evaluated
    Step("carry-out", _asked_by_link, _carry_out, calls=True),
    EVALUATION,
    Step("carry-out", _asked_by_link, _carry_out, then_evaluate=True, calls=True),
    Step("second-reading", _may_have_moved, _read_again, then_evaluate=True, calls=True),
    Step("attribution", _dentist_in_doubt, _settle_dentists, then_evaluate=True, when_all_known=True),
    Step("brake-answers", _something_held, _read_answers),
    Step("restore", _on_request, _after_a_restore),
    # before the messages: an offer is seen in the calendar first
    Step(
        "waiting-list",
        _somebody_waits,
        _attend_waiting_list,
        after=frozenset({"judging"}),
        when_all_known=True,
        calls=True,
    ),
    Step("reminders", _reminder_due, _plan_reminders, when_all_known=True),
    Step("fresh-reading", _on_request, _refresh, then_evaluate=True, when_all_known=True, calls=True),
    Step("holds", _on_request, _hold_floods, when_all_known=True),
    # no message about an event that was not evaluated, or after a restore whose tellings were not marked
    Step(
        "messages",
        _message_due,
        _send_messages,
        after=frozenset({"judging", "restore"}),
        when_all_known=True,
        calls=True,
    ),
    EVALUATION,
    Step("questions", _old_question, _tidy_questions),
    Step("writing", _edit_due, _write_events, calls=True),
    Step("brake-notices", _something_held, _show_brake, calls=True),
    Step("notices", _said_beside, _show_notices, calls=True),
    Step("alerts", _alert_due, _send_alerts, calls=True),
    Step("digest", _digest_due, _send_digest, when_all_known=True, calls=True),
    Step("backlog", _not_evaluated, _evaluate_slice),
)
