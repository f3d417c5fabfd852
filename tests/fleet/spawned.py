"""`attitre run`, started again and again: imports once, then forks a child for each line on stdin and says its pid.

Waits are shortened, so that many deaths fit into a minute: how long the lease of a dead worker lasts, and the wait
before a message whose end is unclear is sent again.
"""

import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from time_machine import travel

import adapters
import config
import rules
import sync
from sync.cli.commands import run
from sync.fleet.fleets import Fleets
from sync.main import main
from sync.outbox import results
from tests.fleet.street import shape

SOON = timedelta(seconds=0.5)
WITH = ("requests", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "icalendar", "jinja2", "phonenumbers", "typer")


def everything() -> Iterator[str]:
    """What a child could need: imported once for all of them."""
    yield from WITH
    for package in (adapters, config, rules, sync):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name:
                yield module.name


def child() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ["WORKER"] = str(os.getpid())
    os.dup2(2, 1)  # the line with the pid stands alone on stdout
    leased = shape(leased=float(os.environ["LEASED"]), renewed=float(os.environ["LEASED"]) / 5)
    ahead = timedelta(seconds=int(os.environ.get("AHEAD", "0")))
    with (
        travel(datetime.now(UTC) + ahead) if ahead else nullcontext(),
        patch.object(run, "_sharing", lambda _shards, _concurrency, stop: Fleets(stop, leased)),
        patch.object(results, "before_retry", lambda _: SOON),
    ):
        main()


if __name__ == "__main__":
    for name in everything():
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child()
            os._exit(0)
        print(pid, flush=True)
