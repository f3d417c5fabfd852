"""One practice of a fleet: its world, opened at its first turn, and its worker while the lease is ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from msgspec.structs import replace

from sync.core.context import Failing, Purged, World, since_start
from sync.core.last_reads import Noted
from sync.core.log import described, log
from sync.fleet.clock import ServerClock
from sync.fleet.shared import Ended, Shared
from sync.store.engine import Outdated, Overtaken, StoreProblem, Tx
from sync.store.lease import Claim, Return
from sync.store.waking import Waking
from sync.worker.failed_rounds import FAILED_TO_TELL, failed_lately, rounds_of
from sync.worker.loop import Stop
from sync.worker.member import Member

AT_ONCE_S = 1.0  # what is due that soon is work left
ASIDE_S, ASIDE_AT_MOST = 2.0, 15  # then nobody with the newer file is there
BUSY_S = 2.0  # before a practice is claimed again where an earlier lease's turn has not ended yet
OUTDATED = (
    "Un autre processus travaille pour ce cabinet avec un fichier différent et plus récent : celui-ci lui laisse la "
    "place. Mettez le même fichier sur toutes les machines."
)
UNUSABLE_AGAIN_S = 10.0  # before a practice whose world cannot be opened is tried again


class Seat:
    """A member in the fleet. One thread at a time works for it; `fence` is that of the lease while it is ours. `used`
    is told when somebody beside those turns has it open, `ended` of rounds as `Shared` says;
    `missed`: whether the server fails all its practices."""

    def __init__(
        self,
        member: Member,
        stop: Stop,
        clock: ServerClock,
        woken: Callable[[Seat], None],
        used: Callable[[str], None] = lambda _key: None,
        *,
        ended: Ended = lambda _problem: None,
        missed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.member, self._stop, self._clock, self._woken, self._used = member, stop, clock, woken, used
        self._heard, self._missed = ended, missed
        self.fence: int | None = None
        self.passes = {"done": 0, "failed": 0}
        self._turn = threading.RLock()
        self._worker: Shared | None = None
        self._last_fence = 0
        self._left = False  # this process works no more for the practice
        self._outdated_said = False

    @property
    def key(self) -> str:
        """The practice's key."""
        return self.member.key

    def failed_rounds(self, tx: Tx) -> int:
        """See Runs. Of whoever was at the practice last: what another process did since counts as ours would. Where the
        server takes nothing, as one that is read-only, there are no rounds at all."""
        if self._missed():
            return FAILED_TO_TELL
        worker = self._worker
        if worker is not None and self.fence == self._last_fence and not worker.readers.over.is_set():
            return worker.rounds.failed
        return failed_lately(tx)

    @property
    def world(self) -> World:
        """See Runs. What is written into its store wakes the practice, whoever is at it."""
        world = self._by_server(self.member.open())
        self._used(self.key)
        return replace(world, store=Waking(world.store))

    @property
    def glance(self) -> World:
        """See Runs."""
        closed = self.member.world is None
        world = self.member.glance()
        if closed and self.member.world is not None:  # it had to be opened
            self._used(self.key)
        return self._by_server(world)

    def wake(self) -> None:
        """See Runs. Nothing is left to do: the row and the job were committed with what was written."""

    def read(self, claim: Claim) -> Return | None:
        """A turn that only reads. Returns the lease to give back; None while something is still under way, or where a
        later one waits for its turn."""
        return self._taken(claim, Shared.read)

    def work(self, claim: Claim) -> Return | None:
        """A whole turn; returns as `read`."""
        return self._taken(claim, Shared.turn)

    def settle(self) -> Return | None:
        """Something ended that a turn had left under way: another turn, if the lease is still ours. Where somebody is
        at the practice, they see to it at their end."""
        with self._at_it() as at_it:
            if at_it and self.is_woken and self.fence is not None:
                return self._turned(Claim(self._last_fence), Shared.go_on)
        return None

    def came_late(self) -> bool:
        """Whether something ended that a turn had left, and the lease was given back just then: a new one is needed. It
        is asked once."""
        with self._at_it() as at_it:
            late = at_it and self.is_woken and self.fence is None
            return late and self._worker is not None and self._worker.takes_back()

    @property
    def is_woken(self) -> bool:
        """Whether something ended that a turn had left and none has taken in. Where a later lease waits for its thread,
        the turn of that one will."""
        worker = self._worker
        if worker is None or not worker.is_woken or worker.readers.over.is_set() or self._left:
            return False
        return self.fence in (None, self._last_fence)

    @contextmanager
    def _at_it(self) -> Iterator[bool]:
        """Whether nobody else is at the practice now: whoever waited for that here would take another practice's place.
        Who was at it asks for a further turn where something woke it meanwhile."""
        at_it = self._turn.acquire(blocking=False)
        try:
            yield at_it
        finally:
            if at_it:
                self._turn.release()
                if self.is_woken:
                    self._woken(self)

    def leave(self) -> None:
        """Begin no more turns, one that waits for its thread neither: what follows is `let_go`."""
        self._left = True

    def lost(self) -> None:
        """The lease is not ours any more: nothing more is stored under it."""
        worker = self._worker
        if worker is not None:
            worker.readers.over.set()

    def gives_back(self) -> Return | None:
        """The lease to give back where nothing is under way; None elsewhere."""
        with self._at_it() as at_it:
            busy = not at_it or (self._worker is not None and self._worker.busy)
            return None if busy or self.fence is None else self._back(self.fence, 0.0, more=True)

    def let_go(self, until: float) -> Return | None:
        """Hear the calls under way and end the readings, until then at most by the monotonic clock. Returns the lease
        to give back; None also where a turn does not come to its end: the lease is missed until it is over."""
        if not self._turn.acquire(timeout=left_of(until)):
            return None
        try:
            if self.fence is None:
                return None
            if self._worker is not None:
                self._worker.end(within=left_of(until))
            return self._back(self.fence, 0.0, more=True)
        finally:
            self._turn.release()

    def shut(self) -> None:
        """Give back what the practice keeps between its turns, unless it has one now; the next one opens it anew."""
        with self._at_it() as at_it:
            if at_it and self.fence is None:
                self._drop_worker()
                self.member.rest()

    def close(self) -> None:
        """Leave the process."""
        with self._turn:
            self.fence = None
            self._drop_worker()
            self.member.close()

    # --- a turn -------------------------------------------------------------------------------------------------------

    def _taken(self, claim: Claim, take: Callable[[Shared], None]) -> Return | None:
        with self._at_it() as at_it:
            if self._left or not at_it or self.fence != claim.fence:  # the last: another one followed while it waited
                self._holds_no_more(claim.fence)
                return Return(self.key, claim.fence, 0.0 if self._left else BUSY_S, more=self._left)
            if self._is_outdated(claim):
                return self._steps_aside(claim)
            return self._turned(claim, take)

    def _turned(self, claim: Claim, take: Callable[[Shared], None]) -> Return | None:
        done, worker = False, None
        try:
            worker = self._worker_for(claim)
            worker.begins()
            if not self._stop.event.is_set():
                take(worker)
            done = True
        except Outdated:  # the heartbeat says that for all practices
            return self._makes_way()
        except Overtaken as problem:
            log.warning("overtaken", practice=self.key, reason=str(problem))
            # what another worker has is not ours to return; where only a write of an earlier lease failed, it is
            back = self._back(claim.fence, 0.0)
            self._drop_worker()
            return back
        except StoreProblem as problem:
            if worker is None:
                self._says(problem)
            else:  # it is open: what ends its turn is the server's trouble, and the heartbeat speaks of that
                log.info("pass failed", practice=self.key, reason=str(problem))
                self._heard(problem)
        except Exception as error:
            log.error("turn failed", practice=self.key, **described(error))
        return self._ended(done=done)

    def _ended(self, *, done: bool) -> Return | None:
        """After a turn. The lease stays ours while something is under way, also where the turn failed: another worker
        would take a call whose answer is still to come for a lost one."""
        worker = self._worker
        if worker is not None and worker.leaves_under_way():
            return None  # its end wakes
        woken = worker is not None and worker.takes_back()
        if not done or worker is None:
            return self._back(self._last_fence, UNUSABLE_AGAIN_S)
        return self._planned(worker, woken=woken)

    def _makes_way(self) -> Return | None:
        """For the newer version's processes, once the calls under way are heard: whoever took the lease before that
        would count them as lost."""
        if self._worker is not None and self._worker.leaves_calls():
            return None  # its end wakes
        back = self._back(self._last_fence, 0.0, more=True)
        self._drop_worker()
        return back

    def _is_outdated(self, claim: Claim) -> bool:
        """Whether the last worker had another and newer file, which this machine may get in a moment: patients are not
        told of two contents in turn. False once nobody else took the practice."""
        last = claim.memory.get("file")
        if last is None or last[0] == self.member.fingerprint or claim.memory.get("aside", 0) >= ASIDE_AT_MOST:
            return False
        return bool(last[1] > self.member.written_at)

    def _steps_aside(self, claim: Claim) -> Return:
        times = claim.memory.get("aside", 0) + 1
        if not self._outdated_said:
            self._outdated_said = True
            log.warning("file outdated", practice=self.key, reason=OUTDATED)
        self._holds_no_more(claim.fence)
        return Return(self.key, claim.fence, ASIDE_S, memory={**claim.memory, "aside": times})

    def _planned(self, worker: Shared, *, woken: bool) -> Return | None:
        if self._stop.event.is_set():
            return self._back(self._last_fence, 0.0, more=True)
        due_in = worker.due - monotonic()
        more = worker.work_left or woken or due_in < AT_ONCE_S
        return self._back(self._last_fence, max(due_in, 0.0), more=more)

    def _worker_for(self, claim: Claim) -> Shared:
        """The worker goes on where it was if nobody else worked meanwhile. Raises StoreProblem."""
        alone, self._last_fence = claim.fence <= self._last_fence + 1, claim.fence
        worker = self._worker
        if worker is not None and (not alone or worker.readers.over.is_set()):
            self._drop_worker()
            worker = None
        world = self.member.open()
        self.member.resumes()
        if worker is None:
            worker = self._worker = self._begun(world, claim)
        worker.world.store.leased(claim.fence)
        return worker

    def _begun(self, world: World, claim: Claim) -> Shared:
        own = world.store.under(claim.fence)
        fresh = replace(self._by_server(world), store=own, failing=Failing(), purged=Purged(), noted=Noted())
        every = self.member.settings.sync.every_seconds
        worker = Shared(fresh, every, self._stop, lambda: self._woken(self), self._heard)
        worker.passes, worker.rounds = self.passes, rounds_of(claim.memory)
        worker.failing = worker.rounds.failed
        worker.readers.remember(claim.memory)
        self.member.mind_channels(worker)
        return worker

    def _by_server(self, world: World) -> World:
        """A world that goes by the clock of this machine goes by the server's."""
        return world if world.steady is None else replace(world, clock=self._clock, steady=since_start)

    def _back(self, fence: int, due_in: float, *, more: bool = False) -> Return | None:
        """That lease; None once it ended and was claimed anew, since the later one still has its turn to come."""
        if not self._holds_no_more(fence):
            return None
        if self._worker is None or fence != self._last_fence:  # the turn did not begin: what others left stays
            return Return(self.key, fence, due_in, more)
        return Return(self.key, fence, due_in, more, self._memory(self._worker))

    def _memory(self, worker: Shared) -> dict[str, Any]:
        """For whoever works for the practice next."""
        member, read = self.member, worker.readers.memory()
        file = (member.fingerprint, member.written_at, member.file)
        worked = {"file": file, "calendars": member.calendars, "at": self._clock.seconds()}
        return {**read, **worker.rounds.memory(), **worked}

    def _holds_no_more(self, fence: int) -> bool:
        """Whether that lease was ours until now."""
        ours = self.fence == fence
        if ours:
            self.fence = None
        return ours

    def _drop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _says(self, problem: StoreProblem) -> None:
        if str(problem) != str(self.member.problem):
            log.error("practice suspended", practice=self.key, reason=str(problem))
        self.member.problem = problem


def left_of(until: float) -> float:
    """Seconds until then, as locks take them."""
    return min(threading.TIMEOUT_MAX, max(0.0, until - monotonic()))
