"""A sender that keeps its messages in memory; the contract suite compares every other sender with it.

It behaves like a real gateway: a key that it took once is taken. Faults can be planted, to test what the outbox makes
of them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from adapters.base import Outgoing, OutsideError
from rules.model import Channel


@dataclass(slots=True)
class MemorySender:
    """`sent` holds each message once, in order; `attempts` counts calls.

    `faults` are raised one a call, in order. `(error, True)` plants a lost answer: the message is taken, and the error
    raised.
    """

    channel: Channel
    repeatable: bool = True
    sent: list[Outgoing] = field(default_factory=list)
    faults: deque[tuple[OutsideError, bool]] = field(default_factory=deque)
    attempts: int = 0

    def fail(self, error: OutsideError, *, taken: bool = False) -> None:
        """Plant a fault for the next call that has none."""
        self.faults.append((error, taken))

    def send(self, message: Outgoing) -> str:
        """Keep the message. If `repeatable`, a known key gets the reference of its first message."""
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
        """Always reachable."""
        return "Envois gardés en mémoire : rien ne part."
