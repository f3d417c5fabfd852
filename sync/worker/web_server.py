"""The web server of `run` (docs/design.md#what-listens): connects the paths of `adapters.web` with the practices.

Practices that share a listen address answer as one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from adapters.web.listener import CannotListen, bound, serving
from adapters.web.office import Front, Measure, Present, Ring, Unavailable
from adapters.web.pages import application_of
from sync.core.context import World
from sync.core.log import described, log
from sync.people.desk import PagesOfPatients
from sync.store import messages
from sync.store.engine import StoreProblem
from sync.worker import health, push_channels

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.worker.member import Member

WAKE_EVERY_S = 1.0  # at most one wake-up a second, however many notifications come
_OUTBOX = ("pending", "retry", "failed", "uncertain", "held")


class Runs(Protocol):
    """The rounds of a practice in this process: a worker's, or those that it shares with other processes."""

    passes: dict[str, int]

    @property
    def world(self) -> World:
        """With a store through which pages may write. Raises StoreProblem."""
        ...

    @property
    def failing(self) -> int:
        """Failed rounds in a row."""
        ...

    def wake(self) -> None:
        """Somebody wrote something for it."""
        ...


class Listeners:
    """The addresses at which this process answers: each is open while a practice of it is there. `must`: an address
    that cannot be had ends the process once a practice of it is at work; else that is logged, and tried again."""

    def __init__(self, *, must: bool) -> None:
        self._must = must
        self._open: dict[str, tuple[Front, ExitStack]] = {}
        self._desks: dict[Runs, tuple[Desk, ExitStack]] = {}
        self._refused: dict[str, str] = {}

    def show(self, members: Sequence[Member], suspended: Sequence[str], runs: Callable[[Member], Runs | None]) -> None:
        """Answer for these from now on. `runs`: who works for one, if anybody does yet. Raises CannotListen."""
        places: dict[str, list[tuple[Member, Runs | None]]] = {}
        for member in members:
            if member.settings.page and member.problem is None:
                places.setdefault(member.settings.page.listen, []).append((member, runs(member)))
        self._forget_desks({found for there in places.values() for _, found in there})
        for listen in [one for one in self._open if one not in places]:
            self._open.pop(listen)[1].close()
        for listen, there in places.items():
            self._answer(listen, there, tuple(suspended))

    def close(self) -> None:
        """Answer no more."""
        for _, stack in self._open.values():
            stack.close()
        self._open.clear()
        self._forget_desks(set())

    def _answer(self, listen: str, there: Sequence[tuple[Member, Runs | None]], suspended: tuple[str, ...]) -> None:
        offices = tuple(filter(None, (self._desk(member, runs) for member, runs in there if runs is not None)))
        desks = tuple(one for one in offices if isinstance(one, DeskOfPatients))
        now = Present(offices, desks, tuple(member.key for member, runs in there if runs is None), suspended)
        if listen in self._open:
            self._open[listen][0].now = now
            return
        try:
            self._open[listen] = _opened(listen, now)
            self._refused.pop(listen, None)
        except CannotListen as problem:
            if offices and self._must:
                raise
            if self._refused.get(listen) != str(problem):  # a second process on this machine, until it takes over
                log.warning("not listening", reason=str(problem))
            self._refused[listen] = str(problem)

    def _desk(self, member: Member, runs: Runs) -> Desk | None:
        if runs not in self._desks:
            with ExitStack() as stack:
                try:
                    hints = stack.enter_context(telling(runs))
                    desk = desk_of(runs.world, member.settings, runs, hints)
                except StoreProblem as problem:  # tried again at the next look
                    log.warning("not answering", practice=member.key, reason=str(problem))
                    return None
                self._desks[runs] = desk, stack.pop_all()
        return self._desks[runs][0]

    def _forget_desks(self, left: Set[Runs | None]) -> None:
        for runs in [one for one in self._desks if one not in left]:
            self._desks.pop(runs)[1].close()


def _opened(listen: str, now: Present) -> tuple[Front, ExitStack]:
    front, stack = Front(now, _fault), ExitStack()
    door = stack.enter_context(bound(listen))
    stack.enter_context(serving(door, application_of(front), front.fault))
    return front, stack


def _fault(error: Exception) -> None:
    log.error("page failed", **described(error))


class Hints(threading.Thread):
    """Collects push notifications and wakes the worker: for the first at once, then at most once a second. None is
    lost: one that comes during a reading leads to another reading."""

    def __init__(self, runs: Runs) -> None:
        super().__init__(name="hints", daemon=True)
        self._runs, self._lock = runs, threading.Lock()
        self._pending: dict[str, Ring] = {}
        self._come, self._ended, self._begun = threading.Event(), threading.Event(), False
        self.wakes = 0

    def give(self, ring: Ring) -> None:
        """Add a notification, from any thread; the latest of a channel is enough. The first starts the thread."""
        with self._lock:
            self._pending[ring.channel] = ring
            if not self._begun:
                self._begun = True
                self.start()
        self._come.set()

    def end(self) -> None:
        """Stop the thread, if there is one."""
        self._ended.set()
        self._come.set()
        if self._begun:
            self.join(WAKE_EVERY_S)

    def run(self) -> None:
        """Pass notifications on until `end`."""
        while not self._ended.is_set():
            self._come.wait()
            self._come.clear()
            with self._lock:
                taken, self._pending = self._pending, {}
            if taken:
                self._tell(taken)
                self._ended.wait(WAKE_EVERY_S)

    def _tell(self, taken: dict[str, Ring]) -> None:
        try:
            push_channels.heard(self._runs.world, taken.values())
        except StoreProblem as problem:  # kept, and tried again a second later
            log.warning("hint not stored", reason=str(problem))
            with self._lock:
                self._pending = taken | self._pending
            self._come.set()
            return
        except Exception as error:
            log.error("hint failed", **described(error))
            return
        self.wakes += 1
        self._runs.wake()


@contextmanager
def telling(runs: Runs) -> Iterator[Hints]:
    """Within this context, notifications wake those rounds."""
    hints = Hints(runs)
    try:
        yield hints
    finally:
        hints.end()


class Desk:
    """One practice, as `adapters.web.office.Office`. Its answers come from the store only."""

    def __init__(self, world: World, settings: Settings, runs: Runs, hints: Hints) -> None:
        self._world, self._settings, self._runs, self._hints = world, settings, runs, hints

    @property
    def key(self) -> str:
        """See `Office.key`."""
        return self._settings.practice.key

    def healthy(self) -> bool:
        """See `Office.healthy`."""
        return not self._troubles() and all(one.state not in health.BAD for one in self._all_health())

    def _troubles(self) -> bool:
        """Whether the last two rounds failed, or a step of them."""
        if self._runs.failing > 1:
            return True
        try:
            with self._world.store.read() as tx:
                return bool(health.wrong(tx))
        except StoreProblem as problem:
            raise Unavailable from problem

    def _all_health(self) -> tuple[health.Health, ...]:
        try:
            with self._world.store.read() as tx:
                return health.all_health(self._world, tx, self._settings)
        except StoreProblem as problem:
            raise Unavailable from problem

    def measures(self) -> Iterable[Measure]:
        """See `Office.measures`."""
        return [*self._of_calendars(), *self._of_messages(), *self._of_the_process()]

    def _of_calendars(self) -> Iterator[Measure]:
        found = self._all_health()
        for state in health.STATES:
            count = sum(one.state == state for one in found)
            yield self._measure("attitre_calendars", "Calendars by state.", count, state=state)
        lags: dict[str, float] = {}
        for one in found:
            if one.lag is not None:
                lags[one.dentist] = max(one.lag, lags.get(one.dentist, 0))
        for dentist, lag in lags.items():
            meaning = "Since the last successful reading, of the dentist's calendar that waits longest."
            yield self._measure("attitre_calendar_lag_seconds", meaning, lag, worst=True, dentist=dentist)

    def _of_messages(self) -> Iterator[Measure]:
        try:
            with self._world.store.read() as tx:
                counts = messages.counts(tx)
        except StoreProblem as problem:
            raise Unavailable from problem
        for state in _OUTBOX:
            yield self._measure("attitre_outbox_messages", "Messages to patients by state.", counts[state], state=state)

    def _of_the_process(self) -> Iterator[Measure]:
        for result, count in self._runs.passes.items():
            yield self._measure("attitre_passes", "Passes since the start.", count, result=result, grows=True)
        meaning = "Passes that messages of push channels brought forward."
        yield self._measure("attitre_push_wakes", meaning, self._hints.wakes, grows=True)

    def _measure(
        self, name: str, meaning: str, value: float, *, grows: bool = False, worst: bool = False, **labels: str
    ) -> Measure:
        return Measure(name, meaning, value, {"practice": self.key, **labels}, grows, worst)

    def rung(self, ring: Ring) -> bool:
        """See `Office.rung`. Only checks the channel; `Hints` passes the notification on."""
        try:
            with self._world.store.read() as tx:
                ours = push_channels.known(tx, ring) is not None
        except StoreProblem as problem:
            raise Unavailable from problem
        if ours:
            self._hints.give(ring)
        return ours

    def fault(self, error: Exception) -> None:
        """See `Office.fault`."""
        _fault(error)


class DeskOfPatients(Desk, PagesOfPatients):
    """One practice that patients reach by the links in their messages: an `Office` and a `PatientDesk`."""

    def __init__(self, world: World, settings: Settings, runs: Runs, hints: Hints) -> None:
        Desk.__init__(self, world, settings, runs, hints)
        PagesOfPatients.__init__(self, world, runs.wake)


def desk_of(world: World, settings: Settings, runs: Runs, hints: Hints) -> Desk:
    """The practice behind the paths; with patients' pages where its messages bear links."""
    return (DeskOfPatients if world.practice.page_url else Desk)(world, settings, runs, hints)
