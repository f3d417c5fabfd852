"""The practices of one PostgreSQL, shared by any number of processes (docs/design.md#who-works-for-a-practice).

A poll reads the due calendars of a shard of practices; a practice with work left gets a job of its own. What a turn
leaves under way keeps its lease, renewed by a thread, until it has ended.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any
from zlib import crc32

from sync.core.context import since_start
from sync.core.log import described, log
from sync.fleet.beside import beside
from sync.fleet.clock import ServerClock
from sync.fleet.departures import Departures
from sync.fleet.seat import Seat, left_of
from sync.fleet.shape import Shape
from sync.fleet.trouble import ServerTrouble
from sync.fleet.turns import Turns
from sync.store.engine import Outdated, Store, StoreProblem
from sync.store.jobs import defer_poll, defer_work
from sync.store.lease import AGAIN_S, After, Claim, Return
from sync.worker.loop import Stop

if TYPE_CHECKING:
    from sync.worker.member import Member

ENDED_WITHIN_S = 8.0  # at the end: running jobs
MISSED_AT_MOST = 30  # a poll that so many processes in a row have nothing for ends; whoever has makes it anew


class Fleet:
    """One process's part in the work for a PostgreSQL. `store`: any practice's there."""

    def __init__(self, store: Store, stop: Stop, shape: Shape) -> None:
        self.shape, self._stop = shape, stop
        self.clock = ServerClock()
        self.jobs = store.jobs()
        self.leases = store.leases(shape.times.leased)
        self.seats: dict[str, Seat] = {}
        self._by_shard: Mapping[int, Sequence[str]] = {}
        self._departures = Departures(lambda seat: self._hears(seat, inf))
        self._awaited = set[Seat]()  # woken: an attempt at a turn waits for its thread
        self._unsettled = deque[Seat]()  # woken, while this machine had no thread for it
        self._lately: dict[str, None] = {}  # the open ones, in the order of their last turns
        self._turns = Turns(shape.concurrency)
        self._patient = threading.Semaphore(shape.concurrency // 2)  # polls that wait for their practices
        self._counting, self._claiming, self._ended = threading.Lock(), threading.Lock(), threading.Event()
        self._left = threading.Event()  # no lease is ours any more: until then each is renewed
        self._set_back = False  # the server's clock was: what is due by our practices' rows may lie far ahead
        self._patient_until = -inf  # see `_takes_over`
        self._locked = False  # a row of ours could not be renewed: somebody's transaction has it
        self.trouble = ServerTrouble()
        self.outdated = False  # a newer version has migrated the store: this process works no more for its practices
        self._heart = threading.Thread(target=self._beats, name="leases", daemon=True)

    @property
    def stopping(self) -> bool:
        """Whether nothing new is taken any more."""
        return self._stop.event.is_set() or self._ended.is_set() or self.outdated

    def begin(self) -> None:
        """Be ready for jobs. Raises StoreProblem, or RuntimeError where the machine has no thread for that."""
        self.jobs.prepare()
        self._beat()
        self._heart.start()

    def show(self, members: Sequence[Member]) -> None:
        """Work for these from now on. Raises StoreProblem."""
        new = [one for one in members if one.key not in self.seats]
        if new:
            self.leases.know([one.key for one in new])
            self.take_in({one.key: self._seat(one) for one in new})

    def _seat(self, member: Member) -> Seat:
        used, ended = lambda key: self._kept_open([key]), self.trouble.round_ended
        return Seat(member, self._stop, self.clock, self._woken, used, ended=ended, missed=self.trouble.is_missed)

    def take_in(self, seats: Mapping[str, Seat]) -> None:
        """Have these practices here, by shard."""
        self.seats |= seats
        self._sort()

    def leaves(self, keys: Iterable[str]) -> Set[str]:
        """Work no more for these practices. Returns those that were here. What gateways say to calls under way is heard
        beside, however long it takes them, then each is closed: others' files are looked at meanwhile."""
        gone = {key: seat for key in keys if (seat := self.seats.pop(key, None)) is not None}
        self._sort()
        for seat in gone.values():
            seat.leave()
        for seat in gone.values():
            self._departures.begin(seat)
        return gone.keys()

    def rests(self) -> None:
        """Wait until the calls of those that left are heard, however long that takes."""
        self._departures.over()

    def close(self, until: float) -> None:
        """Take nothing more, hear the calls under way until then at most by the monotonic clock, and give every lease
        back. Those at rest first, the others side by side: no practice keeps another's from being given back."""
        self._ended.set()
        self._turns.close()
        self._returned(filter(None, [seat.gives_back() for seat in self.seats.values()]))
        seats = (*self.seats.values(), *self._departures.stranded())
        hearing = [beside(partial(self._hears, seat, until)) for seat in seats if seat.fence is not None]
        for one in filter(None, (*hearing, *self._departures.threads())):
            one.join(left_of(until))
        for seat in seats:
            seat.shut()
        self.seats.clear()
        self._left.set()
        if self._heart.is_alive():  # a beat under way would say that this process is alive
            self._heart.join(left_of(until))
        with in_an_outage():
            self.jobs.leave(self.leases.holder)

    def _hears(self, seat: Seat, until: float) -> None:
        self._returned(filter(None, [seat.let_go(until)]))

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def shards(self) -> list[int]:
        """The shards in which this process knows a practice."""
        return sorted(self._by_shard)

    def poll(self, shard: int, of: int, missed: int = 0) -> None:
        """Read the due calendars of the shard's practices, and ask for the next poll. Where none of them is known here,
        it is left to another process: `missed` counts how often it was in a row."""
        if self.stopping:  # jobs are taken until their engine has ended: this one is another process's
            self._poll_elsewhere(shard, of, missed)
            return
        known = self._known(shard, of)
        if not known:
            if of == self.shape.shards and missed < MISSED_AT_MOST:
                self._poll_elsewhere(shard, of, missed + 1)
            return
        batch = _Batch(self._returned)
        self._waits(self._claimed(known, batch))
        after = self._next_poll(known, shard, of) if of == self.shape.shards else None
        self._returned(batch.collected(), after)

    def _claimed(self, known: Sequence[str], batch: _Batch) -> list[Future[None]]:
        """The turns of those that are due, as many as may wait for theirs; the rest is left to others."""
        with self._claiming:  # polls that count at once would each take as many
            most = 2 * self.shape.concurrency - self._turns.waiting
            claimed = self.leases.claim(known, most, ended=self._takes_over) if most > 0 else {}
            self._kept_open(claimed)
            return [self._submitted(key, claim, batch) for key, claim in claimed.items()]

    def work(self, practice: str) -> None:
        """A turn of the practice, unless another worker is at it: who gives the lease back sees to the rest."""
        seat = self.seats.get(practice)
        if self.stopping or seat is None:  # not in this process's files: whoever polls its shard finds it due
            self.leases.wake(practice)
            return
        try:
            self._turns.submit(self._work, seat).result()
        except CancelledError:
            self.leases.wake(practice)

    def _work(self, seat: Seat) -> None:
        claim = self.leases.claim([seat.key], 1, due=False, ended=self._takes_over).get(seat.key)
        if claim is not None:
            seat.fence = claim.fence
            self._kept_open([seat.key])
            self._returned(filter(None, [seat.work(claim)]))

    def _waits(self, turns: Sequence[Future[None]]) -> None:
        """For the practices of a poll. Half of the process's jobs may wait so at most: polls come first, and would keep
        all work out where servers are slow."""
        if self._patient.acquire(blocking=False):
            try:
                wait(turns, self.shape.times.poll)
            finally:
                self._patient.release()

    def _poll_elsewhere(self, shard: int, of: int, missed: int) -> None:
        self.jobs.poll_elsewhere(shard, of, self.clock.seconds() + self.shape.times.soonest, missed)

    def _known(self, shard: int, of: int) -> Sequence[str]:
        """The practices of that shard that this process knows. Other processes may count more shards, or fewer."""
        if of == self.shape.shards:
            return self._by_shard.get(shard, ())
        return [key for key in tuple(self.seats) if shard_of(key, of) == shard]

    def _sort(self) -> None:
        """Kept by shard, since each shard is polled each second and knows few of many practices."""
        found = defaultdict[int, list[str]](list)
        for key in self.seats:
            found[shard_of(key, self.shape.shards)].append(key)
        self._by_shard = found

    def _submitted(self, key: str, claim: Claim, batch: _Batch) -> Future[None]:
        seat = self.seats.get(key)
        if seat is not None:
            seat.fence = claim.fence  # renewed while it waits for its thread
        future = self._turns.submit(lambda: batch.take(seat.read(claim) if seat else Return(key, claim.fence, 0.0)))
        future.add_done_callback(lambda one: batch.take(Return(key, claim.fence, 0.0)) if one.cancelled() else None)
        return future

    def _next_poll(self, known: Sequence[str], shard: int, of: int) -> After:
        times = self.shape.times

        def defer(connection: Any, seconds: float) -> None:
            soon = min(times.polled, max(times.soonest, seconds))
            defer_poll(connection, shard, of, self.clock.seconds() + soon)

        return After(defer_work, known, defer)

    def _returned(self, backs: Iterable[Return], after: After | None = None) -> None:
        """Give leases back, with a job for each practice that has work left. If that fails they end by themselves."""
        found = list(backs)
        if found or after is not None:
            with in_an_outage():
                self.leases.give_back(found, after or After(defer_work))

    def _woken(self, seat: Seat) -> None:
        """Something ended that a turn of the practice had left under way. However much did, one attempt at a turn waits
        for its thread: a slow gateway would take them all."""
        with self._counting:
            if self._ended.is_set() or seat in self._awaited:
                return
            self._awaited.add(seat)
        settling = self._turns.submit(self._settle, seat)
        settling.add_done_callback(lambda one: self._not_settled(seat) if one.cancelled() else None)

    def _not_settled(self, seat: Seat) -> None:
        self._awaited_no_more(seat)
        self._unsettled.append(seat)

    def _awaited_no_more(self, seat: Seat) -> None:
        with self._counting:
            self._awaited.discard(seat)

    def _wakes_again(self) -> None:
        """Those for whose turn, or end here, no thread was to be had: nothing else would see to it."""
        for _ in range(len(self._unsettled)):
            self._woken(self._unsettled.popleft())
        self._departures.again()

    def _settle(self, seat: Seat) -> None:
        self._awaited_no_more(seat)  # first: what ends from now on makes an attempt of its own
        if not seat.is_woken:  # a turn began meanwhile, and sees to it; a lease that comes just now is not kept waiting
            return
        if seat.came_late():
            with in_an_outage():
                self.leases.wake(seat.key)
        else:
            self._returned(filter(None, [seat.settle()]))

    def _kept_open(self, turns: Iterable[str]) -> None:
        """Close the practices that had no turn for longest."""
        with self._counting:
            for key in turns:
                self._lately.pop(key, None)
                self._lately[key] = None
            spare = len(self._lately) - self.shape.worlds
            if spare <= 0:  # as on most polls, of which each second has several
                return
            rest = (key for key in self._lately if (seat := self.seats.get(key)) is None or seat.fence is None)
            closed = [*islice(rest, spare)]
            for key in closed:
                del self._lately[key]
        for key in closed:
            if (seat := self.seats.get(key)) is not None:
                seat.shut()

    # --- leases -------------------------------------------------------------------------------------------------------

    @property
    def _takes_over(self) -> bool:
        """Whether a lease that ended tells of a process that died. After an outage all have ended, and with them what
        gateways say to the calls under way: those that hold them renew them first."""
        return not self.trouble.away and monotonic() > self._patient_until

    def _beats(self) -> None:
        times = self.shape.times
        while not self._left.wait(min(times.renewed, AGAIN_S) if self.trouble.away or self._locked else times.renewed):
            try:
                self._wakes_again()
                if not self.outdated:
                    self._beat()
                elif not self._renews():
                    return
            except Outdated as problem:  # the newer processes claim its leases, as they are given back
                log.error("database newer", reason=str(problem))
                self.outdated = True
            except StoreProblem as problem:
                self.trouble.missed(problem)
            except Exception as error:  # without a heartbeat every lease would end
                log.error("leases not renewed", **described(error))
            else:
                self._is_back()

    def _is_back(self) -> None:
        """Called after each heartbeat that went well."""
        if self.trouble.away:  # the others' next heartbeats come within that time
            self._patient_until = monotonic() + max(self.shape.times.renewed, 2 * AGAIN_S)
        self.trouble.answered()

    def _beat(self) -> None:
        asked = since_start()
        self._set_back |= self.clock.heard(self.jobs.beat(self.leases.holder, _NAME), asked)
        self._renews()
        if self._set_back:
            log.warning("clock set back")
            self.leases.know([*self.seats])
            self._set_back = False

    def _renews(self) -> bool:
        """Whether any lease is still ours."""
        seats = (*self.seats.values(), *self._departures.seats())
        held = [(seat, seat.fence) for seat in seats if seat.fence is not None]
        ours = self.leases.renew([seat.key for seat, _ in held]) if held else {}
        self._locked = not all(ours.values())
        for seat, fence in held:
            if seat.key not in ours and seat.fence == fence:  # else it was given back meanwhile
                seat.lost()
        return bool(ours)


_NAME = f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def in_an_outage() -> Iterator[None]:
    """A problem of the store ends here: rows say what is to be done again, and the heartbeat speaks of it for all."""
    try:
        yield
    except StoreProblem as problem:
        log.info("store not asked", reason=str(problem))


class _Batch:
    """What the practices of a poll give back: together while the poll waits, then each by itself."""

    def __init__(self, alone: Callable[[Iterable[Return]], None]) -> None:
        self._alone, self._lock = alone, threading.Lock()
        self._waits, self._found = True, list[Return]()

    def take(self, back: Return | None) -> None:
        """From any thread."""
        if back is None:
            return
        with self._lock:
            if self._waits:
                self._found.append(back)
                return
        self._alone([back])

    def collected(self) -> list[Return]:
        """Those that came; whoever comes later is given back alone."""
        with self._lock:
            self._waits = False
            return self._found


def shard_of(practice: str, of: int) -> int:
    """Its shard, the same in every process."""
    return crc32(practice.encode()) % of
