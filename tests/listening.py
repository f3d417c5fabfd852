"""`attitre run` as a process of its own, at an address where it is asked how it is."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

RUN = [sys.executable, "-c", "from sync.main import main; main()", "run", "-c"]


def health(root: str) -> int:
    """What `/healthz` says; 0: nobody answers."""
    try:
        return requests.get(f"{root}/healthz", timeout=10).status_code
    except requests.RequestException:
        return 0


@contextmanager
def running(file: Path, root: str, until: Callable[..., None]) -> Iterator[subprocess.Popen[bytes]]:
    """It runs, and is well, while this lasts; killed if it is still there. Its log stands beside the file."""
    with (file.parent / "run.log").open("ab") as log:
        process = subprocess.Popen([*RUN, str(file)], cwd=file.parent, stdout=log, stderr=log, env={**os.environ})
        try:
            until(lambda: health(root) == 200, 60)
            yield process
        finally:
            process.kill()
            process.wait(30)
