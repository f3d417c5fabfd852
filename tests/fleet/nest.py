"""Processes of `attitre run` that may die: see `spawned.py`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nest(configuration: Path, log: Path, **times: float) -> Iterator[Callable[[], int]]:
    """What starts an `attitre run` and says its pid. `times`: of `sync.fleet.fleet.Times`."""
    command = [sys.executable, str(Path(__file__).with_name("spawned.py")), "run", "-c", str(configuration)]
    told = {**os.environ, **({"TIMES": json.dumps(times)} if times else {})}
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
