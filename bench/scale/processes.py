"""Real `attitre run -c DIR` processes: started, killed, stopped for a while, and what they use."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.clients import attitre
from bench.measure import Failed
from bench.memory import _held, _used
from bench.scale.world import until

_ENDS_WITHIN_S = 60.0


class Worker:
    """One process. `name`: what calendars, the gateway and PostgreSQL know it by."""

    def __init__(self, name: str, log: Path, command: Sequence[str], every: float) -> None:
        own = {"WORKER": name, "PGAPPNAME": name, "ATTITRE_SYNC__EVERY_SECONDS": f"{every:g}"}
        self.name, self.log, self.since = name, log, time.monotonic()
        with log.open("ab") as told:
            self.process = subprocess.Popen(command, stdout=told, stderr=told, env={**os.environ, **own})  # noqa: S603

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return _used(self.process.pid)

    @property
    def megabytes(self) -> float:
        """Resident."""
        return _held(self.process.pid)

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Not one step more, until `thaw`: as on a machine that was put to sleep."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on, as though nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> float:
        """SIGTERM; the seconds until it ended. Raises Failed where that was not with 0."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(_ENDS_WITHIN_S)
        if code:
            raise Failed(f"attitre run ended with {code}: {self.log.read_text()[-1500:]}")
        return time.monotonic() - began


class Crew:
    """The workers of one folder."""

    def __init__(self, folder: Path, logs: Path, words: Sequence[str] = (), every: float = 60.0) -> None:
        self._command, self._logs, self._every = [attitre(), "run", "-c", str(folder), *words], logs, every
        self.workers: list[Worker] = []

    def more(self, count: int = 1) -> list[Worker]:
        """Start so many."""
        born = len(self.workers)
        self.workers += [
            Worker(f"w{number}", self._logs / f"w{number}.log", self._command, self._every)
            for number in range(born, born + count)
        ]
        return self.workers[born:]

    @property
    def alive(self) -> list[Worker]:
        """Those that still run."""
        return [one for one in self.workers if one.alive]

    @property
    def cpu(self) -> float:
        """Of those that still run."""
        return sum(one.cpu for one in self.alive)

    def close(self) -> None:
        """None of them is left."""
        for one in self.alive:
            one.thaw()
            one.process.kill()
        for one in self.workers:
            one.process.wait()


@contextmanager
def crew(folder: Path, logs: Path, words: Sequence[str] = (), every: float = 60.0) -> Iterator[Crew]:
    """None yet; all are killed at the end."""
    logs.mkdir(parents=True, exist_ok=True)
    one = Crew(folder, logs, words, every)
    try:
        yield one
    finally:
        one.close()


def first_pass(folder: Path, logs: Path) -> None:
    """`attitre sync`, so that everything in the calendars counts as known. Raises Failed."""
    told = logs / "first.log"
    logs.mkdir(parents=True, exist_ok=True)
    with told.open("wb") as log:
        command = [attitre(), "sync", "-c", str(folder)]
        done = subprocess.run(command, check=False, stdout=log, stderr=log, env={**os.environ, "WORKER": "first"})  # noqa: S603
    if done.returncode:
        raise Failed(told.read_text()[-1500:])


__all__ = ["Crew", "Worker", "crew", "first_pass", "until"]
