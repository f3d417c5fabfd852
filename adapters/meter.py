"""Counts the requests to one Google project, of all practices of this process (docs/scale.md#google)."""

from __future__ import annotations

from math import inf
from threading import Lock

_meters: dict[tuple[str, str], Meter] = {}
_making = Lock()


class Meter:
    """The requests of one `project` since they were last taken, at `taken_at` by the taker's clock. Any thread may
    count."""

    def __init__(self, project: str) -> None:
        self.project, self.taken_at = project, -inf
        self._count, self._lock = 0, Lock()

    @property
    def pending(self) -> int:
        """Those not taken yet."""
        return self._count

    def count(self, requests: int = 1) -> None:
        """Note requests that are about to be sent."""
        with self._lock:
            self._count += requests

    def take(self) -> int:
        """Those not taken yet, which now are."""
        with self._lock:
            taken, self._count = self._count, 0
        return taken


def meter_of(project: str, store: str) -> Meter:
    """The meter of that project for the practices of one store, where its requests are added up."""
    with _making:
        return _meters.setdefault((project, store), Meter(project))
