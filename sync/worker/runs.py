"""What answers for a practice asks of whoever works for it."""

from __future__ import annotations

from typing import Protocol

from sync.core.context import World


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

    @property
    def failing(self) -> int:
        """Failed rounds in a row."""
        ...

    def wake(self) -> None:
        """Somebody wrote something for it."""
        ...
