"""What can go wrong on the way: planned faults, each for a number of requests that match."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.googlestandin.errors import KINDS, Refused

LOST, CUT, DEAD, PAGE = "lostAnswer", "cutAnswer", "noAnswer", "htmlPage"
WIRE = (LOST, CUT, DEAD, PAGE)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, without its login. `operation` as the reference names it: `events.list`, `token`,
    `batch`. `inner`: one part of a batch."""

    operation: str
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Any = None
    inner: bool = False
    who: str = ""

    def one(self, name: str) -> str:
        """The last value of a query parameter."""
        values = self.query.get(name, ())
        return values[-1] if values else ""


When = str | Callable[[Asked], bool] | None


@dataclass(slots=True)
class _Planned:
    kind: str
    times: int
    when: When
    after: int
    retry_after: str

    def matches(self, asked: Asked) -> bool:
        if callable(self.when):
            return self.when(asked)
        if self.when is None:
            return asked.operation != "token"
        return asked.operation == self.when or asked.operation.startswith(self.when + ".")


@dataclass(slots=True)
class Faults:
    """The plan. Faults that match are used up in the order they were planned."""

    planned: list[_Planned] = field(default_factory=list)
    latency: float = 0.0

    def plan(self, kind: str, times: int = 1, when: When = None, *, after: int = 0, retry_after: str = "") -> None:
        """Fail so the next `times` requests that match, letting `after` of them pass first. Without
        `when`: any request but those for tokens."""
        if kind not in KINDS and kind not in WIRE:
            raise ValueError(f"no such fault: {kind}; known: {', '.join([*KINDS, *WIRE])}")
        self.planned.append(_Planned(kind, times, when, after, retry_after))

    def due(self, asked: Asked) -> str:
        """The fault of the wire for this request, or nothing; raises Refused for one that Google reports."""
        for fault in self.planned:
            if not fault.matches(asked):
                continue
            if fault.after:
                fault.after -= 1
                continue
            return self._used(fault)
        return ""

    def _used(self, fault: _Planned) -> str:
        fault.times -= 1
        if fault.times <= 0:
            self.planned.remove(fault)
        if fault.kind in WIRE:
            return fault.kind
        raise Refused(KINDS[fault.kind], fault.retry_after)


def later_page(asked: Asked) -> bool:
    """A page after the first: for `fail_next("fullSyncRequired", when=later_page)`."""
    return bool(asked.one("pageToken"))


def writes(asked: Asked) -> bool:
    """A request that changes an event."""
    return asked.operation.startswith("events.") and asked.method != "GET" and asked.operation != "events.watch"
