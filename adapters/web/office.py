"""What the paths need of the application: one protocol, its values and its error.

No value carries a name, number, address or motif; calendars go by their dentist's key (law L8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field


class Unavailable(Exception):
    """The store cannot be asked now (locked, full, gone). The answer is 503."""


class Ring(Struct, frozen=True):
    """A notification of a push channel, as it came; nothing in it is trusted before the secret was compared. `resource`
    and `until` come from the sender."""

    channel: str
    secret: str
    resource: str = ""
    until: datetime | None = None


class Measure(Struct, frozen=True):
    """One number. `name` in Prometheus' style, without `_total`; `grows`: a counter."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    grows: bool = False


class Office(Protocol):
    """One practice behind the paths. Every method may be called from any thread, several times at once."""

    def healthy(self) -> bool:
        """Whether every calendar is up to date, by the rule of `attitre status`. Reads only. Raises Unavailable."""
        ...

    def measures(self) -> Iterable[Measure]:
        """The practice's numbers. Reads only. Raises Unavailable."""
        ...

    def rung(self, ring: Ring) -> bool:
        """Take a notification that a calendar changed. Returns False if channel or secret are not ours. Raises
        Unavailable."""
        ...

    def fault(self, error: Exception) -> None:
        """Log a fault of ours, without its text."""
        ...
