"""Several things that may each take long, so that none keeps the others waiting."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread


def beside(work: Callable[[], None]) -> Thread | None:
    """A thread that does it. None where the machine has no more threads: then it was done here."""
    thread = Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        work()
        return None
    return thread
