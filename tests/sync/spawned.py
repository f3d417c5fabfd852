"""`attitre run`, started again and again: imports once, then forks a child for each line on stdin and says its pid.

Two waits are shortened, so that a thousand messages and two hundred deaths fit into a minute: between two looks of a
worker that stands by, and before a message whose end is unclear is sent again.
"""

import importlib
import os
import signal
import sys
from unittest.mock import patch

from sync import outbox, standby
from sync.main import main

BEFORE_THE_FORKS = (
    "requests", "psycopg", "icalendar", "rules.phone", "adapters.calendars.dav", "adapters.senders.sms", "sync.wiring",
    "adapters.senders.render", "sync.steps", "sync.loop", "sync.cli.practices", "config.load", "sync.moves",
)  # fmt: skip


def child() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ["WORKER"] = str(os.getpid())
    with patch.object(standby, "EVERY", 0.1), patch.object(outbox, "_BACKOFF", lambda _: 0.5):
        main()


if __name__ == "__main__":
    for name in BEFORE_THE_FORKS:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child()
            os._exit(0)
        print(pid, flush=True)
