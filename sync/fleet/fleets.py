"""The fleets of a process, one for each PostgreSQL that its practices name."""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import ExitStack
from functools import partial
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import Struct, field

from sync.core.log import described, log
from sync.fleet import ANSWERED_WITHIN_S
from sync.fleet.beside import beside
from sync.fleet.fleet import ENDED_WITHIN_S, Fleet
from sync.fleet.seat import Seat, left_of
from sync.fleet.shape import Shape
from sync.store.engine import Store, Unusable, engine_at
from sync.worker.loop import Stop

if TYPE_CHECKING:
    from sync.fleet.engine import Engine
    from sync.worker.member import Member


CONNECTIONS = 4  # for leases and jobs, beside those of the practices
GIVEN_BACK_S = 3.0  # of the time that an ending process has
RETIRES_WITHIN_S = ENDED_WITHIN_S + 2 * GIVEN_BACK_S  # once nothing is under way
NO_THREAD = (
    "Cette machine n'a plus de fil d'exécution libre : rien n'est fait ici pour ce cabinet avant qu'elle en ait."
)


class _One(Struct, frozen=True):
    fleet: Fleet
    engine: Engine
    open: ExitStack
    ending: Lock = field(default_factory=Lock)  # whoever retires it may be at its end when the process ends

    def ends(self, until: float) -> None:
        """What runs ends, then answers to calls are heard, then all is given back."""
        if self.ending.acquire(timeout=left_of(until)):
            try:
                self._ends(until - GIVEN_BACK_S)
            finally:
                self.ending.release()

    def _ends(self, heard: float) -> None:
        self.engine.end()
        self.engine.join(max(0.0, min(ENDED_WITHIN_S + 2, heard - monotonic())))
        self.fleet.close(heard)
        self.open.close()

    def retires(self) -> None:
        """Nobody has a practice there any more: take no more jobs, and end once the calls under way are heard."""
        self.engine.end()
        self.fleet.rests()
        self.ends(monotonic() + RETIRES_WITHIN_S)


class Fleets:
    """See `sync.worker.crew.Shared`."""

    def __init__(self, stop: Stop, shape: Shape) -> None:
        self._stop, self._shape = stop, shape
        self._at: dict[str, _One] = {}
        self._retiring: list[_One] = []

    @property
    def outdated(self) -> bool:
        """See Shared."""
        return any(one.fleet.outdated for one in self._at.values())

    def show(self, members: Sequence[Member]) -> None:
        """See Shared."""
        for address, there in _places(members).items():
            self._one(address).fleet.show(there)

    def seat(self, member: Member) -> Seat | None:
        """See Shared. None too where a newer version has the store: nobody answers for what nobody works for."""
        one = self._at.get(member.address)
        return one.fleet.seats.get(member.key) if one and not one.fleet.outdated else None

    def leaves(self, members: Sequence[Member]) -> None:
        """See Shared."""
        for address, there in _places(members).items():
            one = self._at.get(address)
            known = one.fleet.leaves([member.key for member in there]) if one is not None else frozenset()
            for member in there:
                if member.key not in known:
                    member.close()

    def keep(self, addresses: Set[str]) -> None:
        """See Shared. Beside: what ends waits for calls under way. Where the machine has no more threads it goes on
        until somebody asks again."""
        for address in self._at.keys() - addresses:
            one = self._at[address]
            self._retiring.append(one)
            try:
                Thread(target=self._retires, args=(one,), daemon=True).start()
            except RuntimeError as error:
                log.error("database not left", **described(error))
                self._retiring.remove(one)
                return
            del self._at[address]

    def _retires(self, one: _One) -> None:
        try:
            one.retires()
        finally:
            self._retiring.remove(one)

    def close(self, until: float) -> None:
        """See Shared. Each beside the others: a server that says nothing keeps their leases from being given back for
        no other one."""
        ending = [beside(partial(one.ends, until)) for one in (*self._at.values(), *self._retiring)]
        for one in filter(None, ending):
            one.join(left_of(until))
        self._at.clear()

    def _one(self, address: str) -> _One:
        """The fleet at that address, begun with its first practice. Raises StoreProblem, also where the machine has no
        thread for it."""
        if address not in self._at:
            from sync.fleet.engine import Engine

            with ExitStack() as stack:
                # no turn that waits for a connection keeps a lease from being renewed
                soon = {"attitre_within": ANSWERED_WITHIN_S}
                store = Store(
                    address, "", engine_at(address, pool_size=CONNECTIONS, max_overflow=0, execution_options=soon)
                )
                stack.callback(store.close)
                store.prepare()
                fleet = Fleet(store, self._stop, self._shape)
                engine = Engine(fleet)
                try:
                    fleet.begin()
                    engine.start()
                except RuntimeError as error:
                    fleet.close(monotonic() + GIVEN_BACK_S)  # a heart that beats would say that this process works
                    raise Unusable(NO_THREAD) from error
                self._at[address] = _One(fleet, engine, stack.pop_all())
        return self._at[address]


def _places(members: Sequence[Member]) -> dict[str, list[Member]]:
    """By the addresses of their stores."""
    places: dict[str, list[Member]] = {}
    for member in members:
        places.setdefault(member.address, []).append(member)
    return places
