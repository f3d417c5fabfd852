"""A machine that has no more threads, as its kernel says it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_MUCH = 1 << 46  # bytes for one thread's stack


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Within this context no thread of this process can be started."""
    before = threading.stack_size(TOO_MUCH)
    try:
        yield
    finally:
        threading.stack_size(before)
