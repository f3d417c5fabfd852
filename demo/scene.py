"""`attitre demo`: the practice is set up, the story is played, and everything stays open until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo import hours, sample, script
from demo.show import Show
from demo.stage import Missed, Stage, log_tail
from rules.text.french import day_and_clock

FINE, WRONG, INTERRUPTED = 0, 1, 130


def run(once: bool = False) -> int:
    """Play the story; the exit code. With `once` it ends then, else Ctrl-C ends it (0). Leaves nothing behind."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without « ⚠ » shows a question mark, not a crash
    os.environ.update(NO_PROXY="*", no_proxy="*")  # loopback goes through no proxy
    show = Show()
    try:
        with _signals(), _folder() as folder:
            return _play(folder, show, once=once)
    except KeyboardInterrupt:
        show.says(script.STOPPED)
        return INTERRUPTED if once else FINE
    except ModuleNotFoundError as error:
        show.says(script.MISSING.format(name=error.name))
        return WRONG


def _play(folder: Path, show: Show, *, once: bool) -> int:
    from demo.scenes import Story
    from demo.stage import set_up

    show.banner(script.BANNER, script.WELCOME)
    now = hours.now()
    start = hours.begins(now)
    if start != now:
        show.says(script.ANOTHER_HOUR.format(now=day_and_clock(now), start=day_and_clock(start)))
    with ExitStack() as stack, _told(show, folder) as outcome:
        ahead = stack.enter_context(hours.going_on_from(start))
        with show.waiting("Le cabinet s'installe…"):
            stage = stack.enter_context(set_up(folder, sample.days(start.date()), ahead))
            stack.enter_context(stage.working())
            stage.first_pass()
        show.says(script.READY.format(**stage.counts()))
        Story(stage, show, lasting=not once).play()
        show.ends(script.FAREWELL)
        if not once:
            _stay(stage, show)
    return outcome.code


@dataclass
class _Outcome:
    code: int = FINE


@contextmanager
def _told(show: Show, folder: Path) -> Iterator[_Outcome]:
    """Where an effect does not come: what was expected and seen, and the end of the worker's log."""
    outcome = _Outcome()
    try:
        yield outcome
    except Missed as missed:
        outcome.code = WRONG
        show.fails(missed.expected, missed.seen, log_tail(folder))
    except BrokenPipeError:
        raise  # nobody reads the story any more
    except OSError as error:  # requests' own exceptions are such
        outcome.code = WRONG
        show.fails(script.ANSWERS, str(error), log_tail(folder))


def _stay(stage: Stage, show: Show) -> NoReturn:
    """How to connect, then every message as it comes, until Ctrl-C."""
    server, span = stage.server, {"first": stage.days.tuesday, "last": stage.days.thursday}
    calendars = "\n".join(f"  {name:<18}{server.shown}{server.user}/{key}/" for key, name in sample.CALDAV.items())
    login = {"url": server.shown, "user": server.user, "password": server.password}
    show.says(script.INVITATION)
    show.verbatim(script.ADDRESSES.format(calendars=calendars, **login))
    show.says(script.PAGES)
    show.verbatim(_links(stage))
    show.says(script.PLAY)
    show.verbatim(script.ELSEWHERE.format(command=_command(), config=stage.config, **span))
    while True:
        texts, letters = stage.post.take()
        for sms in texts:
            show.sms(sms)
        for mail in letters:
            show.mail(mail, stage.keep_html(mail))
        time.sleep(0.3)


def _links(stage: Stage) -> str:
    """The pages of the story, to be opened."""
    from demo.by_link import CLAUDE

    wanted = [("Claude Roy", CLAUDE[0], "r"), ("Nadia Simon", sample.NADIA.mobile, "a")]
    wanted += [
        (" ".join(reversed(one.name.title().split())), one.mobile, to)
        for one, to in zip(sample.WAITING, "oor", strict=True)
    ]
    return "\n".join(f"  {name:<15}{stage.link(mobile, to)}" for name, mobile, to in wanted)


def _command() -> str:
    """How `attitre` is called from where the person stands."""
    beside = Path(sys.executable).with_name("attitre")
    if shutil.which("attitre") or not beside.exists():
        return "attitre"
    return min(os.path.relpath(beside), str(beside), key=len)


@contextmanager
def _folder() -> Iterator[Path]:
    """A place of our own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="attitre-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does: with everything closed."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if os.name == "posix" else [])]
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
