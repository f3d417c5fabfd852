"""A process that was asked to end does, whatever hangs in it: a server that takes questions and says nothing holds the
thread that asked."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING

from sync.core.log import log

if TYPE_CHECKING:
    from sync.worker.loop import Stop

SPARE_S = 1.0  # after everything is to have ended


@contextmanager
def cut_off(stop: Stop) -> Iterator[None]:
    """The process ends soon after a signal even if this context does not."""
    ended = threading.Event()
    threading.Thread(target=_cut_off, args=(stop, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _cut_off(stop: Stop, ended: threading.Event) -> None:
    stop.event.wait()
    if ended.wait(max(0.0, stop.until + SPARE_S - monotonic())):
        return
    log.warning("ended unfinished")
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed by whoever read it
            stream.flush()
    os._exit(stop.code)
