"""What the paths need of the application: a protocol for each practice, who is there, and its error.

No value carries a name, number, address or motif; calendars go by their dentist's key (law L8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from adapters.web.patients import PatientDesk


class Unavailable(Exception):
    """The store cannot be asked now (locked, full, gone). The answer is 503."""


class Gone(Unavailable):
    """The practice left the process: its store may be well, and so may the other practices of it."""


class Ring(Struct, frozen=True):
    """A notification of a push channel, as it came; nothing in it is trusted before the secret was compared. `resource`
    and `until` come from the sender."""

    channel: str
    secret: str
    resource: str = ""
    until: datetime | None = None


class Measure(Struct, frozen=True):
    """One number. `name` in Prometheus' style, without `_total`; `grows`: a counter. `worst`: of several the largest
    says it, not their sum."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    grows: bool = False
    worst: bool = False


class Office(Protocol):
    """One practice behind the paths. Every method may be called from any thread, several times at once."""

    @property
    def key(self) -> str:
        """The practice's key."""
        ...

    def healthy(self) -> bool:
        """Whether every calendar is up to date, by the rule of `attitre status`. Reads only. Raises Unavailable."""
        ...

    def measures(self) -> Iterable[Measure]:
        """The practice's numbers. Reads only. Raises Unavailable."""
        ...

    def may_ring(self, channel: str) -> bool:
        """Whether the channel may be of this practice, by its looks alone. Asks nobody."""
        ...

    def rung(self, ring: Ring) -> bool:
        """Take a notification that a calendar changed. Returns False if channel or secret are not ours. Raises
        Unavailable."""
        ...

    def fault(self, error: Exception) -> None:
        """Log a fault of ours, without its text."""
        ...


class Present(Struct, frozen=True):
    """The practices of the process as they are now. `offices`: at work at this address; `desks`: those of them whose
    patients have pages here. `starting`: keys of practices of this address for which this process has not begun to
    work yet. `suspended`: keys, or files, of practices for which nobody can work. `outdated`: a newer version of the
    program has the store of some, so that this process works no more for them, and never will. `gone`: what was counted
    of practices that left, since a counter never falls."""

    offices: tuple[Office, ...] = ()
    desks: tuple[PatientDesk, ...] = ()
    starting: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    outdated: bool = False
    gone: tuple[Measure, ...] = ()

    @property
    def many(self) -> bool:
        """Whether there is more than one practice: no single one speaks for the process then."""
        return len(self.offices) + len(self.starting) + len(self.suspended) > 1


class Front:
    """Who is present at one address. `now` is replaced as a whole, by the worker, and read from any thread. `look`: has
    those who are there looked at, and says of whom nothing is known yet by counting them as starting."""

    def __init__(
        self, now: Present, fault: Callable[[Exception], None], look: Callable[[Present], Present] = lambda now: now
    ) -> None:
        self.now, self.fault, self._look = now, fault, look

    def looked(self) -> Present:
        """`now`, for who asks how all of them are."""
        return self._look(self.now)
