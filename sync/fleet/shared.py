"""The rounds of a practice that several processes work for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from schedule import Scheduler

from sync.core.context import World
from sync.core.log import log
from sync.store.engine import StoreProblem
from sync.store.problems import takes_nothing
from sync.worker.failed_rounds import Rounds
from sync.worker.loop import Stop, Worker
from sync.worker.round import read_only

Ended = Callable[[StoreProblem | None], None]


class Shared(Worker):
    """The rounds of a practice that other processes work for too. `woken` is called, from any thread, when something
    ended that its last turn left under way; `ended` after a round that met a problem of the store, with that, or stored
    something. `rounds`: how they went lately, the others' too."""

    def __init__(self, world: World, every: int, stop: Stop, woken: Callable[[], None], ended: Ended) -> None:
        self._tell, self._heard, self.rounds = woken, ended, Rounds()
        self.work_left = False
        super().__init__(world, every, stop, Scheduler())
        self._stored = world.store.stored

    def wake(self) -> None:
        """See Worker."""
        self._woken.set()
        self._tell()

    def begins(self) -> None:
        """A turn begins: what woke the practice before is what it is for, and asks for no further one."""
        self._woken.clear()
        self.work_left = False

    def read(self) -> None:
        """As `turn`, but leave the steps that have work."""

        def reading() -> None:
            self.work_left = read_only(self.readers, self.stop.watch)

        self._takes(reading)

    def _says(self, problem: StoreProblem) -> None:
        """All practices meet the server's trouble at once: the heartbeat says it for them."""
        log.info("pass failed", practice=self.world.practice.key, reason=str(problem))

    def _counted(self, *, done: bool) -> None:
        before, self._stored = self._stored, self.world.store.stored
        stored = self._stored != before
        self.rounds = self.rounds.after(done=done, stored=stored, unwritten=takes_nothing(self._problem))
        super()._counted(done=done)
        if self._problem is not None or stored:
            self._heard(self._problem)

    def _is_to_be_told(self) -> bool:
        """See Worker. Once of all the processes that meet it, also of a trouble that comes and goes."""
        told = self.rounds.told(self.world.now().timestamp())
        self.rounds = told or self.rounds
        return told is not None

    def go_on(self) -> None:
        """As `turn`, some time after the lease was taken. Raises Overtaken if another worker has it now, also where
        nothing is to be stored."""
        self.world.store.still_ours()
        self.turn()

    def leaves_under_way(self) -> bool:
        """Whether a reading or a call is still under way; from now on the end of each wakes. What just ended is taken
        in: had the turn failed before it heard of that, nobody would."""
        with suppress(StoreProblem):  # the turn or the heartbeat says it
            self.readers.leave()
        return self.leaves_calls() or self.readers.busy

    @property
    def busy(self) -> bool:
        """Whether something is under way, or its end not taken in yet."""
        return self.readers.busy or self.calls.running

    def leaves_calls(self) -> bool:
        """As `leaves_under_way`, of calls alone."""
        with suppress(StoreProblem):
            self.calls.leave()
        return self.calls.running

    @property
    def is_woken(self) -> bool:
        """Whether something woke it that no turn has taken in."""
        return self._woken.is_set()

    def takes_back(self) -> bool:
        """Whether something woke it since its turn began, which that may not have seen; it is asked once."""
        woken = self._woken.is_set()
        self._woken.clear()
        return woken
