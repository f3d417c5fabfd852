"""One bad thing stays one (law L10): the one place that says what a fault may end, and what it may not.

Passes through: the store's own trouble, which is everybody's (StoreProblem, and what becomes one at the end of its
transaction), and whatever is no fault but an end (Ending, Over, KeyboardInterrupt: no `Exception`). Everything else,
expected or not, stays in what was guarded.
"""

from __future__ import annotations

from types import TracebackType

from sync.core.log import described, log
from sync.store.problems import ends_more


class Fate:
    """What became of what was guarded: `failed` is the fault that it met, None where all went well."""

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
    """`with` this, a fault stays in the block. It is logged as `what`, by its kind and place, with these ids: no
    personal data (law L8)."""
    return Fate(what, ids)
