"""One bad thing stays one (law L10): the one place that says what a fault may end, and what it may not.

Passes through: the store's own trouble, which is everybody's (StoreProblem, and what becomes one at the end of its
transaction), and whatever is no fault but an end (Ending, Over, KeyboardInterrupt: no `Exception`). Everything else,
expected or not, stays in what was guarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from sync.faults import described, log
from sync.store.problems import StoreProblem, about_rows


@dataclass(slots=True)
class Fate:
    """What became of what was guarded: `failed` is the fault that it met, None where all went well."""

    failed: Exception | None = None


@contextmanager
def kept_apart(what: str, **ids: str | int) -> Iterator[Fate]:
    """Keep a fault in here. It is logged as `what`, by kind and place, with these ids: no personal data (law L8)."""
    fate = Fate()
    try:
        yield fate
    except StoreProblem:
        raise
    except Exception as error:
        if isinstance(error, DBAPIError) and not about_rows(error):
            raise
        fate.failed = error
        log.error(what, **ids, **described(error))
