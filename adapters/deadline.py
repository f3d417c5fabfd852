"""The deadline of the current thread's job, for all its exchanges (docs/design.md#time-limits, hard case I06)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic

_ends: ContextVar[float] = ContextVar("ends", default=inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Within this context the exchanges end after `seconds` in all. If contexts are nested, the earlier deadline
    counts."""
    before = _ends.set(min(_ends.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(before)


def ends() -> float:
    """The deadline on the monotonic clock; infinity outside of any job."""
    return _ends.get()
