"""Threads that keep no process from ending: Python waits at its end for those of a pool, which may hang for as long as
a server that takes questions and says nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

from sync.worker.reading_job import in_a_thread


class Turns:
    """The turns of one process: `most` at once, whatever asked for them, in order of arrival."""

    def __init__(self, most: int) -> None:
        self._most, self._running, self._closed = most, 0, False
        self._lock, self._waiting = Lock(), deque[tuple[Future[None], Callable[[], None]]]()

    @property
    def waiting(self) -> int:
        """Those that have not begun."""
        return len(self._waiting)

    def submit(self, turn: Callable[..., None], *words: Any) -> Future[None]:
        """Take that turn when its time has come; it is cancelled if that is never."""
        future: Future[None] = Future()
        with self._lock:
            begins = not self._closed and self._running < self._most
            self._running += begins
            self._waiting.append((future, partial(turn, *words)))
        if begins:
            in_a_thread(self._take)
        elif self._closed:
            self.close()
        return future

    def close(self) -> None:
        """Begin none any more."""
        with self._lock:
            self._closed = True
            waiting = tuple(self._waiting)
            self._waiting.clear()
        for future, _ in waiting:
            future.cancel()
            future.set_running_or_notify_cancel()  # or whoever waits for it goes on waiting

    def _take(self) -> None:
        while (taken := self._next()) is not None:
            _done(*taken)

    def _next(self) -> tuple[Future[None], Callable[[], None]] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._running -= 1
            return None


class Unbound(ThreadPoolExecutor):
    """As asyncio asks for it: a thread for each work. How many there are is bounded by who submits it."""

    def submit(self, work: Callable[..., Any], /, *words: Any, **named: Any) -> Future[Any]:
        """See Executor."""
        future: Future[Any] = Future()
        in_a_thread(partial(_done, future, partial(work, *words, **named)))
        return future


def _done(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as fault:
        future.set_exception(fault)
