"""Processes of `attitre run` that may die: see `spawned.py`."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fleet.street import SHORT


@contextmanager
def nest(configuration: Path, log: Path, ahead: int = 0, leased: float = SHORT.leased) -> Iterator[Callable[[], int]]:
    """What starts an `attitre run` and says its pid. `ahead`: seconds by which their clocks are
    wrong; `leased`: how long a lease lasts."""
    command = [sys.executable, str(Path(__file__).with_name("spawned.py")), "run", "-c", str(configuration)]
    told = {**os.environ, "AHEAD": str(ahead), "LEASED": str(leased)}
    with log.open("w") as said:
        mother = subprocess.Popen(command, cwd=log.parent, stdin=-1, stdout=-1, stderr=said, text=True, env=told)
    born: list[int] = []

    def one() -> int:
        assert mother.stdin
        assert mother.stdout
        mother.stdin.write("\n")
        mother.stdin.flush()
        born.append(int(mother.stdout.readline()))
        return born[-1]

    yield one
    mother.kill()
    mother.communicate()
    for pid in born:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether that process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
