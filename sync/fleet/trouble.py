"""What the log says of a server's trouble: once for all its practices, and once when it is over."""

from __future__ import annotations

from threading import Lock

from sync.core.log import log
from sync.store.problems import Busy, Departed, StoreProblem

FAILED_TO_TELL = 2  # heartbeats, or rounds: one alone may be an accident
CALM_BEATS = 6  # without a failed round: then its trouble is over


class ServerTrouble:
    """A server is away where the heartbeat fails. Where it does not, rounds may fail all the same: a full disk still
    takes the renewal of a lease, as there is room for that in its page."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._missed = 0  # heartbeats in a row
        self._failed, self._calm, self._wrote = 0, 0, False  # rounds; heartbeats since then, and whether one stored
        self._reason, self._said = "", False

    @property
    def away(self) -> bool:
        """Whether the last heartbeat failed."""
        return self._missed > 0

    def is_missed(self) -> bool:
        """Whether several failed in a row, which was said."""
        return self._missed >= FAILED_TO_TELL

    def round_ended(self, problem: StoreProblem | None) -> None:
        """A round of any practice, in any thread, that failed, or that stored something."""
        if isinstance(problem, Busy | Departed):  # says nothing of the others
            return
        with self._lock:
            if problem is None:
                self._wrote = True
            else:
                self._failed, self._calm, self._wrote = self._failed + 1, 0, False
                self._reason = str(problem)

    def missed(self, problem: StoreProblem) -> None:
        """A heartbeat that failed: the rounds that fail meanwhile are its."""
        self._missed += 1
        if self._missed == FAILED_TO_TELL:
            log.warning("database away", reason=str(problem))

    def answered(self) -> None:
        """A heartbeat that did not."""
        missed, self._missed = self._missed, 0
        if missed >= FAILED_TO_TELL:
            log.warning("database back")
        with self._lock:
            if missed:
                self._failed = 0
                return
            self._calm += 1
            if self._failed >= FAILED_TO_TELL and not self._said:
                self._said = True
                log.warning("database not written", reason=self._reason)
            if self._calm >= CALM_BEATS and self._wrote:
                if self._said:
                    log.warning("database written again")
                self._failed, self._said = 0, False
