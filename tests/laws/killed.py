"""A worker that dies where it is told to: imports once, then forks a child for every pass.

Each line on stdin is an order in JSON: `now` (ISO), `die_at` (the n-th point, 0: never), `dumb` (a gateway that knows
no repeated keys), `pool` (calls go beside the pass), `rounds` (so many of `run` in place of a pass, with slices of one
occurrence), or `only_open`. A child does one pass and dies by SIGKILL at that point; the answer is a line of JSON:
`died`, `points`.

A point lies before and after every commit, every HTTP request and every e-mail handed over.
"""

import dataclasses
import gc
import importlib
import itertools
import json
import os
import signal
import smtplib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests
from msgspec.structs import replace
from sqlalchemy.engine.default import DefaultDialect

from config.load import load
from config.settings import Settings
from rules.model import Channel
from sync.core.calls import PoolOfOnePass
from sync.core.context import World, nobody_watches
from sync.wiring import open_world
from sync.worker.one_pass import one_pass
from sync.worker.round import one_round
from sync.worker.scheduler import Readers

BEFORE_THE_FORKS = (  # imported once for all children
    "icalendar", "jinja2", "recurring_ical_events", "rules.details.mobile", "adapters.calendars.dav.calendar",
    "adapters.senders.mail", "adapters.calendars.dav.unchanged",
    "adapters.senders.render", "adapters.senders.invite", "adapters.senders.sms",
)  # fmt: skip
OUTSIDE = ((DefaultDialect, "do_commit"), (requests.Session, "send"), (smtplib.SMTP, "data"))


def points(die_at: int) -> tuple[Iterator[int], Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """A counter, and what wraps a call so that the counter passes before and after it."""
    count = itertools.count(1)

    def point() -> None:
        if next(count) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            point()
            result = call(*args, **options)
            point()
            return result

        return called

    return count, wrap


def one(settings: Settings, order: dict[str, Any]) -> int:
    """One pass; how many points it passed."""
    now = datetime.fromisoformat(order["now"])
    with ExitStack() as stack:
        world = stack.enter_context(open_world(settings, lambda: now))
        if order.get("only_open"):
            return 0
        if order["dumb"]:
            senders = {**world.senders, Channel.SMS: dataclasses.replace(world.senders[Channel.SMS], repeatable=False)}
            world = replace(world, senders=senders)
        if order.get("pool"):
            world = replace(world, calls=PoolOfOnePass())
        count, wrap = points(order["die_at"])
        for owner, name in OUTSIDE:
            stack.enter_context(patch.object(owner, name, wrap(getattr(owner, name))))
        if order.get("rounds"):
            rounds(replace(world, slice=1), order["rounds"])
        else:
            one_pass(world)
        return next(count) - 1


def rounds(world: World, count: int) -> None:
    readers = Readers(world, 60)
    for _ in range(count):
        readers.forget_moments()
        one_round(readers, nobody_watches)
    readers.close()


def forked(settings: Settings, order: dict[str, Any]) -> dict[str, Any]:
    """One pass in a child of its own. What one that lived had to import, the next ones find there."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        gc.disable()  # it would walk, and so copy, what the parent holds
        os.close(reader)
        before = set(sys.modules)
        told = {"points": one(settings, order), "modules": sorted(set(sys.modules) - before)}
        with os.fdopen(writer, "w") as answer:
            json.dump(told, answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    told = json.loads(text or "{}")
    for name in told.pop("modules", ()):
        with suppress(ImportError):  # some are made by others while these are imported
            importlib.import_module(name)
    return {"died": os.WIFSIGNALED(status), "points": 0, **told}


def main() -> None:
    settings, problems = load([Path(sys.argv[1])], {})
    assert settings, problems
    for name in BEFORE_THE_FORKS:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(forked(settings, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
