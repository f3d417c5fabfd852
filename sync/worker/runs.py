"""What answers for a practice asks of whoever works for it."""

from __future__ import annotations

from typing import Protocol

from sync.core.context import World
from sync.store.engine import Tx


class Runs(Protocol):
    """The rounds of a practice in this process: a worker's, or those that it shares with other processes."""

    passes: dict[str, int]

    @property
    def world(self) -> World:
        """With a store through which pages may write; opened where it was not. Raises StoreProblem."""
        ...

    @property
    def glance(self) -> World:
        """Practice, clock and store alone, to read a few rows: what is not open stays closed. Raises StoreProblem."""
        ...

    def failed_rounds(self, tx: Tx) -> int:
        """Failed rounds in a row, up to the practice's last one."""
        ...

    def wake(self) -> None:
        """Somebody wrote something for it."""
        ...
