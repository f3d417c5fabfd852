"""A fault ends its item and no other (law L10).

Two kinds of exceptions pass the guard: those of the store, which concern every item (StoreProblem, and what becomes one
at the end of its transaction), and those that end the work (Ending, Over, KeyboardInterrupt: no `Exception`). Every
other one ends in the guarded block.
"""

from __future__ import annotations

from types import TracebackType

from sync.core.log import described, log
from sync.store.problems import ends_more


class Fate:
    """How the guarded block ended: `failed` is its fault, None if it had none."""

    def __init__(self, what: str, ids: dict[str, str | int]) -> None:
        self.failed: Exception | None = None
        self._what, self._ids = what, ids

    def __enter__(self) -> Fate:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or ends_more(error):
            return False
        self.failed = error
        log.error(self._what, **self._ids, **described(error))
        return True


def kept_apart(what: str, **ids: str | int) -> Fate:
    """A context manager that logs a fault of its block as `what`, by type and place, with these ids (no personal data,
    law L8), and ends it there."""
    return Fate(what, ids)
