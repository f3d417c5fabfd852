"""A sender that keeps what it was given: the reference that every other sender is measured against.

It is a product like the others: a key that it took once is taken for good, and faults can be planted to see what the
outbox makes of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from adapters.base import Outgoing, OutsideError
from rules.model import Channel


@dataclass(slots=True)
class MemorySender:
    """`sent` holds each message once, in order; `attempts` counts calls.

    `faults` are raised one a call, first come first served. `(error, True)` plants a lost answer: the message is taken
    and the error raised all the same.
    """

    channel: Channel
    repeatable: bool = True
    sent: list[Outgoing] = field(default_factory=list)
    faults: deque[tuple[OutsideError, bool]] = field(default_factory=deque)
    attempts: int = 0

    def fail(self, error: OutsideError, *, taken: bool = False) -> None:
        """Plant a fault for the next call that has none yet."""
        self.faults.append((error, taken))

    def send(self, message: Outgoing) -> str:
        """Keep the message; where `repeatable`, a known key is answered with its first reference."""
        self.attempts += 1
        error, taken = self.faults.popleft() if self.faults else (None, True)
        known = self.repeatable and any(message.key == old.key for old in self.sent)
        if taken and not known:
            self.sent.append(message)
        if error:
            raise error
        keys = [old.key for old in self.sent]
        return str(keys.index(message.key) + 1)

    def probe(self) -> str:
        """Always there."""
        return "Envois gardés en mémoire : rien ne part."
