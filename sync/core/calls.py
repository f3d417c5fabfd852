"""Calls to gateways, beside the pass: one that drips stops neither the readings, nor the other channel, nor the other
messages of its own for longer than its deadline.

A pass waits a few seconds for those that use to answer; what is still under way then goes on by itself, and whoever
finishes notes the result when it is its turn to write. What a process leaves behind is unclear to the next one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Protocol

from sync.core.log import described, log
from sync.store.problems import StoreProblem

PATIENCE = 3.0
TO_THE_DEADLINE = 60.0  # a gateway's own deadline is sooner: who waits so long waits for the answer
SENDING = 10.0  # seconds of one round for messages, then calendars have their turn
SIDE_BY_SIDE = 4
A_MOMENT = 0.5
Note = Callable[[], None]
Watch = Callable[[str], None]


@dataclass(slots=True)
class Call:
    """One call. `lane`: its gateway; `marks`: what must not be called for meanwhile. `work` talks to the outside, and
    returns what notes the answer in the store."""

    lane: str
    marks: frozenset[object]
    work: Callable[[], Note]
    begun: float = field(default_factory=monotonic)
    left: bool = False
    problem: BaseException | None = None


class Calls(Protocol):
    """How a pass calls gateways."""

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        """Another call may begin there, and none of these is under way."""
        ...

    def busy(self, mark: object) -> bool:
        """A call for it is under way, or was not noted yet."""
        ...

    def start(self, call: Call) -> None:
        """Begin it."""
        ...

    def wait(self, watch: Watch) -> bool:
        """Until one ends, as long as one has patience with any; whether one did. Raises what noting raised."""
        ...

    def weary(self, since: float) -> bool:
        """A round that has sent since then is to let calendars have their turn; what is left is sent in the next."""
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
        """It ended when this returns."""
        call.work()()

    def wait(self, watch: Watch) -> bool:
        """Nothing is ever under way."""
        return False

    def weary(self, since: float) -> bool:
        """Never."""
        return False


class Pool:
    """A few at a time for each gateway, each in a thread that no end of the process waits for.

    `turn` is held by whoever writes; `let_go` gives it away while the pass waits. Nothing is noted once it is `over`.
    `wake` is called when a call ends that no pass waits for any more.
    """

    def __init__(
        self,
        turn: AbstractContextManager[object],
        let_go: Callable[[], AbstractContextManager[None]],
        over: threading.Event,
        wake: Callable[[], None],
    ) -> None:
        self._turn, self._let_go, self._over, self._wake = turn, let_go, over, wake
        self._patience, self._sending = PATIENCE, SENDING
        self._running: list[Call] = []
        self._done: SimpleQueue[Call] = SimpleQueue()

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        """See Calls."""
        self._take_ended()
        beside = [call for call in self._running if call.lane == lane]
        return len(beside) < SIDE_BY_SIDE and not any(self.busy(mark) for mark in marks)

    def busy(self, mark: object) -> bool:
        """See Calls."""
        return any(mark in call.marks for call in self._running)

    def start(self, call: Call) -> None:
        """See Calls."""
        call.begun = monotonic()
        self._running.append(call)
        threading.Thread(target=self._run, args=(call,), daemon=True).start()

    def wait(self, watch: Watch) -> bool:
        """See Calls."""
        with self._let_go():
            while (left := self._left()) > 0:
                try:
                    ended = self._done.get(timeout=min(left, A_MOMENT))
                except Empty:
                    watch("")
                    continue
                self._ended(ended)
                return True
            for call in self._running:
                call.left = True
        return self._take_ended()  # what ended just before it was left woke nobody

    def weary(self, since: float) -> bool:
        """See Calls."""
        tired = monotonic() - since > self._sending
        if tired:
            self._wake()
        return tired

    def _left(self) -> float:
        return max((call.begun + self._patience - monotonic() for call in self._running if not call.left), default=0.0)

    def _run(self, call: Call) -> None:
        """In its thread."""
        try:
            note = call.work()
            with self._turn:
                if not self._over.is_set():
                    note()
        except BaseException as problem:
            call.problem = problem
        self._done.put(call)
        if call.left:
            self._wake()

    def _take_ended(self) -> bool:
        any_ended = False
        while True:
            try:
                self._ended(self._done.get_nowait())
            except Empty:
                return any_ended
            any_ended = True

    def _ended(self, call: Call) -> None:
        self._running.remove(call)
        if call.problem is None:
            return
        if isinstance(call.problem, Exception) and not isinstance(call.problem, StoreProblem):
            log.error("call failed", **described(call.problem))  # a fault of ours stays its own (law L10)
            return
        raise call.problem


class PoolOfOnePass(Pool):
    """For a pass after which the process ends: it waits for every answer, at most to its gateway's deadline."""

    def __init__(self) -> None:
        super().__init__(threading.RLock(), nullcontext, threading.Event(), lambda: None)
        self._patience, self._sending = TO_THE_DEADLINE, inf


def room(calls: Calls, call: Call, watch: Watch) -> bool:
    """It may begin, now or once another ended."""
    return calls.free(call.lane, call.marks) or (calls.wait(watch) and calls.free(call.lane, call.marks))


def finish(calls: Calls, watch: Watch) -> None:
    """Until those that use to answer have."""
    while calls.wait(watch):
        pass
