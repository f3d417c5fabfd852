"""Calls outside run in threads: to SMS and mail gateways, and what is written into calendars. A slow one delays neither
readings nor other gateways and calendars, and its own lane no longer than its deadline.

A pass waits 3 s for a call, 0.3 s for one whose last one failed. A slower one continues in the background and stores
its result in its turn to write. Where the store refuses that, the call stays under way with the answer it heard, and
tries again. A call that the process's end cut off has an unknown outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Protocol

from msgspec import Struct, field

from sync.core.log import described, log
from sync.core.store_in_turn import Over, Taking
from sync.store.engine import Store
from sync.store.problems import Busy, Overtaken, StoreProblem

CALL_WAIT_S, HASTY_WAIT_S = 3.0, 0.3  # a round's patience with one call, and with one whose last one failed
ONE_PASS_WAIT_S = 60.0  # longer than any gateway's own deadline: one pass waits for every answer
ONE_PASS_KEPT_S = 50.0  # since the call began: what the store says then is still heard by the pass
LEFT_KEPT_S = 60.0  # at the end, for answers alone that the store refuses: an outage of a minute is waited for
OUTAGE_S = 30.0  # a refusal that lasts longer is no restart of the server: the practice's turns go on, and tell of it
AGAIN_S, AGAIN_AT_MOST_S = 0.5, 10.0  # before the store is asked again to take an answer: each time twice as long
SENDING_S = 10.0  # of one round, then calendars are read before more messages go
CALLS_PER_GATEWAY = 4  # at once
POLL_S = 0.5  # how often a waiting pass looks whether it was asked to end
Note = Callable[[], None]
GoAhead = SimpleQueue[bool]  # given once: whether the call was noted, and so is to be made
Watch = Callable[[str], None]


class Call(Struct):
    """One call outside."""

    lane: str  # its gateway or calendar
    marks: frozenset[object]  # messages, bookings and calendars for which no other call may run meanwhile
    work: Callable[[], Note]  # makes the call, and returns the function that stores the answer
    before: Callable[[], object] = lambda: None  # notes that it is made: from then on its answer may be lost
    calendars: frozenset[str] = frozenset()  # neither read nor written to by anybody else meanwhile
    hasty: bool = False  # its last one failed
    alone: bool = False  # no pass waits for it, nor is woken when it ends
    begun: float = field(default_factory=monotonic)
    left: bool = False  # no pass waits for it any more
    kept: bool = False  # its answer is here, and the store refuses it
    problem: BaseException | None = None


class Calls(Protocol):
    """How a pass calls gateways."""

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        """Whether another call to that gateway may begin, and none with these marks is running."""
        ...

    def busy(self, mark: object) -> bool:
        """Whether a call with that mark is running, or its result not stored yet."""
        ...

    def start(self, call: Call) -> None:
        """Begin the call. Raises what noting that raised, or RuntimeError where the machine has no thread for it: then
        it is not made."""
        ...

    def wait(self, watch: Watch) -> bool:
        """Wait until a call ends, within its patience; whether one did. Raises what storing its result raised."""
        ...

    def weary(self, since: float) -> bool:
        """Whether a round that sends since then must stop, so that calendars are read; the rest goes in the next."""
        ...

    def stored(self, store: Store) -> Store:
        """The store for a call that writes while it is under way."""
        ...

    def keep(self, under_way: set[str]) -> None:
        """From now on add the calendars of the running calls to these, in which something goes on."""
        ...


class Inline:
    """One after another, in the caller's thread: the order is the same every time."""

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        """Always."""
        return True

    def busy(self, mark: object) -> bool:
        """Never."""
        return False

    def start(self, call: Call) -> None:
        """Make the call and store its result before returning."""
        call.before()
        call.work()()

    def wait(self, watch: Watch) -> bool:
        """Nothing is ever under way."""
        return False

    def weary(self, since: float) -> bool:
        """Never."""
        return False

    def stored(self, store: Store) -> Store:
        """The same: nobody writes beside."""
        return store

    def keep(self, under_way: set[str]) -> None:
        """None is ever under way."""


class Pool:
    """Up to four calls at once for each gateway, each in a daemon thread.

    `turn` is the lock of whoever writes; `let_go` releases it while the pass waits. No result is stored once `over` is
    set. `wake` is called when a call ends for which no pass waits, and while somebody's lock keeps its answer.
    """

    def __init__(
        self,
        turn: AbstractContextManager[object],
        let_go: Callable[[], AbstractContextManager[None]],
        over: threading.Event,
        wake: Callable[[], None],
    ) -> None:
        self._turn, self._let_go, self._over, self._wake = turn, let_go, over, wake
        self._under_way = set[str]()
        self._patience, self._hasty, self._sending, self._kept = CALL_WAIT_S, HASTY_WAIT_S, SENDING_S, inf
        self._running: list[Call] = []
        self._done: SimpleQueue[Call] = SimpleQueue()

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        """See Calls."""
        self._take_ended()
        beside = [call for call in self._running if call.lane == lane]
        return len(beside) < CALLS_PER_GATEWAY and not any(self.busy(mark) for mark in marks)

    def busy(self, mark: object) -> bool:
        """See Calls."""
        return any(mark in call.marks for call in self._running)

    def start(self, call: Call) -> None:
        """See Calls."""
        go_ahead = GoAhead()
        in_context = copy_context().run  # begun before anything is noted
        threading.Thread(target=in_context, args=(self._run_when_noted, call, go_ahead), daemon=True).start()
        try:
            call.before()
        except BaseException:
            go_ahead.put(False)
            raise
        call.begun, call.left = monotonic(), call.alone
        self._running.append(call)
        self._under_way |= call.calendars
        go_ahead.put(True)

    def wait(self, watch: Watch) -> bool:
        """See Calls."""
        with self._let_go():
            while (left := self._left()) > 0:
                try:
                    ended = self._done.get(timeout=min(left, POLL_S))
                except Empty:
                    watch("")
                    continue
                self._ended(ended)
                return True
        return self.leave()

    def leave(self) -> bool:
        """Wait no more: from now on each call that ends wakes. Returns whether one ended just before, which woke
        nobody. Raises as `wait`."""
        for call in self._running:
            call.left = True
        return self._take_ended()

    @property
    def running(self) -> bool:
        """Whether a call is under way whose end somebody is told of, or its result not taken in yet."""
        return any(not call.alone for call in self._running)

    def end(self, seconds: float) -> None:
        """Wait until no call is under way, so long at most; a minute for answers that the store refuses, as a practice
        may leave a disk that is full for good. Raises as `wait`, once all are heard."""
        began, problem = monotonic(), None
        with self._let_go():
            while self._running and (left := began + self._at_the_end(seconds) - monotonic()) > 0:
                try:
                    self._ended(self._done.get(timeout=min(left, POLL_S)))
                except Empty:
                    continue
                except StoreProblem as met:
                    problem = met
        if problem is not None:
            raise problem

    def _at_the_end(self, seconds: float) -> float:
        return min(seconds, LEFT_KEPT_S) if all(call.kept for call in self._running) else seconds

    def weary(self, since: float) -> bool:
        """See Calls."""
        tired = monotonic() - since > self._sending
        if tired:
            self._wake()
        return tired

    def stored(self, store: Store) -> Store:
        """See Calls."""
        return Taking(store, self._turn, self._over)

    def keep(self, under_way: set[str]) -> None:
        """See Calls."""
        self._under_way = under_way

    def _left(self) -> float:
        return max((self._ends(call) - monotonic() for call in self._running if not call.left), default=0.0)

    def _ends(self, call: Call) -> float:
        return call.begun + (self._hasty if call.hasty else self._patience)

    def _run_when_noted(self, call: Call, go_ahead: GoAhead) -> None:
        """Called in the call's own thread, which is there before the call is noted."""
        if go_ahead.get():
            self._run(call)

    def _run(self, call: Call) -> None:
        """Do the call's work, and store its answer."""
        try:
            self._keep(call, call.work())
        except BaseException as problem:
            call.problem = problem
        with self._turn:  # a pass in the middle of its steps sees the calendars as they were
            self._under_way -= call.calendars
        self._done.put(call)
        if call.left and not call.alone:
            self._wake()

    def _keep(self, call: Call, note: Note) -> None:
        """Store the answer. One that the store refuses is kept, for without it a patient would be told twice, and tried
        again until the lease or the worker is over. Raises what the store said last."""
        pause, since = AGAIN_S, monotonic()
        while (problem := self._refused(note)) is not None:
            if monotonic() > call.begun + self._kept:
                raise problem
            call.kept = True
            log.info("answer kept", reason=str(problem))
            lasts = isinstance(problem, Busy) or monotonic() > since + OUTAGE_S
            if lasts and call.left and not call.alone:
                self._wake()  # the store may take all else, and a lease that is held has no turn of its own
            self._over.wait(pause)
            pause = min(2 * pause, AGAIN_AT_MOST_S)

    def _refused(self, note: Note) -> StoreProblem | None:
        """Store the answer, unless the worker has closed. Returns why the store does not take it now. Raises
        Overtaken."""
        with self._turn:
            try:
                if not self._over.is_set():
                    note()
            except Overtaken:
                raise
            except StoreProblem as problem:
                return problem
        return None

    def _take_ended(self) -> bool:
        """Whether any call ended. What the store said to one of them is raised once all are taken in."""
        any_ended, problem = False, None
        while not self._done.empty():
            any_ended = True
            try:
                self._ended(self._done.get_nowait())
            except StoreProblem as met:
                problem = met
        if problem is not None:
            raise problem
        return any_ended

    def _ended(self, call: Call) -> None:
        self._running.remove(call)
        if call.problem is None or isinstance(call.problem, Over):
            return
        if isinstance(call.problem, Exception) and not isinstance(call.problem, StoreProblem):
            log.error("call failed", **described(call.problem))  # a fault of ours stays its own (law L10)
            return
        raise call.problem


class PoolOfOnePass(Pool):
    """For a process of one pass: it waits for every answer, up to the gateway's deadline, and for what is written into
    calendars until all of it is, as each write has a deadline of its own."""

    def __init__(self) -> None:
        super().__init__(threading.RLock(), nullcontext, threading.Event(), lambda: None)
        self._patience, self._hasty, self._sending = ONE_PASS_WAIT_S, ONE_PASS_WAIT_S, inf
        self._kept = ONE_PASS_KEPT_S

    def _ends(self, call: Call) -> float:
        return inf if call.calendars else super()._ends(call)


def room(calls: Calls, call: Call, watch: Watch) -> bool:
    """Whether the call may begin, now or after another one has ended."""
    return calls.free(call.lane, call.marks) or (calls.wait(watch) and calls.free(call.lane, call.marks))


def finish(calls: Calls, watch: Watch) -> None:
    """Wait for the running calls, each within its patience."""
    while calls.wait(watch):
        pass
