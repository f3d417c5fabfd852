"""The fleets of a process, one for each PostgreSQL that its practices name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from sync.fleet.fleet import Fleet, Shape
from sync.fleet.seat import Seat
from sync.store.engines import Engines
from sync.worker.loop import Stop

if TYPE_CHECKING:
    from sync.fleet.engine import Engine
    from sync.worker.member import Member


class _One(Struct, frozen=True):
    fleet: Fleet
    engine: Engine
    open: ExitStack


class Fleets:
    """See `sync.worker.crew.Shared`."""

    def __init__(self, stop: Stop, engines: Engines, shape: Shape) -> None:
        self._stop, self._engines, self._shape = stop, engines, shape
        self._at: dict[str, _One] = {}

    def show(self, members: Sequence[Member]) -> None:
        """See Shared."""
        places: dict[str, list[Member]] = {}
        for member in members:
            places.setdefault(member.address, []).append(member)
        for address, there in places.items():
            self._one(address).fleet.show(there)

    def seat(self, member: Member) -> Seat | None:
        """See Shared."""
        one = self._at.get(member.address)
        return one.fleet.seats.get(member.key) if one else None

    def leaves(self, member: Member) -> None:
        """See Shared."""
        if member.address in self._at:
            self._at[member.address].fleet.leaves(member.key)

    def close(self) -> None:
        """See Shared."""
        for one in self._at.values():
            one.engine.end()
            one.fleet.close()
            one.open.close()
        self._at.clear()

    def _one(self, address: str) -> _One:
        """The fleet at that address, begun with its first practice."""
        if address not in self._at:
            from sync.fleet.engine import Engine

            with ExitStack() as stack:
                store = self._engines.store(address, "")
                stack.callback(store.close)
                store.prepare()
                fleet = Fleet(store, self._stop, self._shape)
                fleet.begin()
                engine = Engine(fleet)
                engine.start()
                self._at[address] = _One(fleet, engine, stack.pop_all())
        return self._at[address]
