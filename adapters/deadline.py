"""How long the job at hand may still take, in however many exchanges (docs/design.md#time-limits, hard case I06). Each
thread has its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic

_ends: ContextVar[float] = ContextVar("ends", default=inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is asked of servers meanwhile is given up after so many seconds in all. Inside another: the earlier end."""
    before = _ends.set(min(_ends.get(), monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(before)


def ends() -> float:
    """By the monotonic clock; infinity outside any job."""
    return _ends.get()
