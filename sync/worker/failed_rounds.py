"""How the rounds of a shared practice went lately, whichever process had them: what its lease remembers of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert
from msgspec.structs import replace

from sync.store.lease import memory_of
from sync.store.tx import Tx

FAILED_TO_TELL = 2  # one that fails may be an accident
TOLD_FOR_S = 3600.0  # the practice is not told again within that time
_NAME = "rounds"


class Rounds(Struct, frozen=True, array_like=True):
    """`failed`: those that failed, in a row. `told_at`: when the practice was told, in seconds since 1970. `unwritten`:
    the store took nothing (a full disk): a round that had nothing to store says nothing of that."""

    failed: int = 0
    told_at: float = 0.0
    unwritten: bool = False

    def after(self, *, done: bool, stored: bool, unwritten: bool = False) -> Rounds:
        """One round later."""
        if not done:
            return replace(self, failed=self.failed + 1, unwritten=self.unwritten or unwritten)
        return self if self.unwritten and not stored else replace(self, failed=0, unwritten=False)

    def told(self, now: float) -> Rounds | None:
        """The practice is told now; None where it is too early for that, or was done within the last hour."""
        if self.failed < FAILED_TO_TELL or now - self.told_at < TOLD_FOR_S:
            return None
        return replace(self, told_at=now)

    def memory(self) -> Mapping[str, Any]:
        """For the lease."""
        return {_NAME: [self.failed, self.told_at, self.unwritten]}


def rounds_of(memory: Mapping[str, Any]) -> Rounds:
    """What the last holder of a lease left."""
    return convert(memory.get(_NAME, []), Rounds)


def failed_lately(tx: Tx) -> int:
    """How many rounds of the practice failed lately, by its lease on PostgreSQL."""
    return rounds_of(memory_of(tx)).failed
