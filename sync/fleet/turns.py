"""Threads that keep no process from ending: Python waits at its end for those of a pool, which may hang for as long as
a server that takes questions and says nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from functools import partial
from threading import Lock
from typing import Any

from sync.core.log import described, log
from sync.worker.reading_job import in_a_thread

_Waiting = tuple[Future[None], Callable[[], None]]


class Turns:
    """The turns of one process: `most` at once, whatever asked for them, in order of arrival."""

    def __init__(self, most: int) -> None:
        self._most, self._running, self._closed = most, 0, False
        self._lock, self._waiting = Lock(), deque[_Waiting]()

    @property
    def waiting(self) -> int:
        """Those that have not begun."""
        return len(self._waiting)

    def submit(self, turn: Callable[..., None], *words: Any) -> Future[None]:
        """Take that turn when its time has come; it is cancelled if that is never, or no thread is to be had for it."""
        future: Future[None] = Future()
        with self._lock:
            begins = not self._closed and self._running < self._most
            self._running += begins
            self._waiting.append((future, partial(turn, *words)))
        if begins:
            self._begin()
        elif self._closed:
            self.close()
        return future

    def close(self) -> None:
        """Begin none any more."""
        with self._lock:
            self._closed = True
            waiting = self._emptied()
        _cancel(waiting)

    def _begin(self) -> None:
        try:
            in_a_thread(self._take, Context())  # whoever asked for it logs of another practice
        except Exception as error:  # the machine has no more threads; those that run take what waits
            log.error("turn not begun", **described(error))
            with self._lock:
                self._running -= 1
                stranded = () if self._running else self._emptied()
            _cancel(stranded)

    def _emptied(self) -> tuple[_Waiting, ...]:
        waiting = tuple(self._waiting)
        self._waiting.clear()
        return waiting

    def _take(self) -> None:
        while (taken := self._next()) is not None:
            _done(*taken)

    def _next(self) -> _Waiting | None:
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


def _cancel(waiting: Iterable[_Waiting]) -> None:
    for future, _ in waiting:
        future.cancel()
        future.set_running_or_notify_cancel()  # or whoever waits for it goes on waiting


def _done(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as fault:
        future.set_exception(fault)
