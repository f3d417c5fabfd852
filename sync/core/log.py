"""The log. A fault is logged by type and place, never with its text, which may name a patient (law L8)."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

DEPTH = 5  # stack frames of a fault that are logged
_PRACTICE = ContextVar("practice", default="")


class Log:
    """structlog, imported with the first line logged: most passes log none (docs/benchmark.md B2)."""

    def __init__(self) -> None:
        self._prepare: Callable[[], None] | None = None
        self._verbose = False

    def prepared_by(self, prepare: Callable[[], None], *, verbose: bool) -> None:
        """Call `prepare`, which configures structlog, before the next line; without `verbose`, `info` logs nothing."""
        self._prepare, self._verbose = prepare, verbose

    def info(self, event: str, **values: Any) -> None:
        """Something to know when one looks for it."""
        if self._verbose:  # checked here, so that structlog is not imported for a line that is not shown
            self._logger().info(event, **values)

    def warning(self, event: str, **values: Any) -> None:
        """Something that will be tried again."""
        self._logger().warning(event, **values)

    def error(self, event: str, **values: Any) -> None:
        """A fault of ours."""
        self._logger().error(event, **values)

    def _logger(self) -> Any:
        import structlog

        if self._prepare is not None:
            prepare, self._prepare = self._prepare, None
            prepare()
        logger, practice = structlog.get_logger(), _PRACTICE.get()
        return logger.bind(practice=practice) if practice else logger


log = Log()


@contextmanager
def of(practice: str) -> Iterator[None]:
    """Each line that is logged meanwhile names the practice, by its key: a process works for many, whose dentists may
    have one key. It holds in this thread, and in those that are begun with a copy of its context."""
    before = _PRACTICE.set(practice)
    try:
        yield
    finally:
        _PRACTICE.reset(before)


def described(error: Exception) -> dict[str, str]:
    """The fields of a log line: `error`, its type; `at`, the innermost places, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-DEPTH:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": " > ".join(places)}
