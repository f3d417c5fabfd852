"""The server's clock, by which all who work with a PostgreSQL go: one whose own clock is wrong decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from sync.core.context import World, since_start

EXACT_S = 0.5  # smaller differences are the way to the server and back
SET_BACK_S = 5.0  # a practice is not missed for less


class ServerClock:
    """The time there, as last heard and counted on by a clock that nobody sets. Until then that of this machine."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # of `since_start`

    def heard(self, time: float, asked_at: float) -> bool:
        """The server said `time`; it was asked at `asked_at` by `since_start`. Whether its clock was set back since."""
        now, before = since_start(), self._ahead
        ahead = time - (asked_at + now) / 2
        if before is not None and abs(ahead - before) <= max(EXACT_S, now - asked_at):
            return False
        self._ahead = ahead
        return before is not None and ahead < before - SET_BACK_S

    def seconds(self) -> float:
        """Since 1970."""
        return datetime.now(UTC).timestamp() if self._ahead is None else self._ahead + since_start()

    def __call__(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)


def by_server(world: World) -> World:
    """The same for a command: its store is on a server, which is asked once. Raises StoreProblem."""
    clock, asked = ServerClock(), since_start()
    clock.heard(world.store.server_time(), asked)
    return replace(world, clock=clock, steady=since_start)
