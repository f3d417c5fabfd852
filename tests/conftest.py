"""Of the whole suite: a CalDAV server of your own may join the contract; no test inherits another's log.

Properties try the same examples at every run, so that a landing never depends on luck. `HYPOTHESIS_PROFILE=hunt` looks
for new ones, `long` (`make test-long`) for forty times as long.
"""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from tests.desk_corpus.score import DeskScore
from tests.proofs import ProcedureReport

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("hunt", deadline=None)
settings.register_profile("long", deadline=None, max_examples=4000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
if settings.get_current_profile_name() == "same":
    # Hypothesis draws constants from the source of whatever modules are loaded: beside other tests it tries others.
    providers._get_local_constants = providers.Constants  # it has no setting for that


if threading.current_thread() is threading.main_thread():
    # A shell without job control starts what runs in its background with SIGINT ignored, and children inherit that:
    # the processes that tests press Ctrl-C in would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command run inside a test sets the log up on that test's own standard error, which closes with it."""
    yield
    structlog.reset_defaults()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("attitre", "a CalDAV server of your own, besides the ones started here")
    group.addoption("--caldav-url", help="the server; test calendars are created in the account and deleted again")
    group.addoption("--caldav-user", default="")
    group.addoption("--caldav-password", default="")
    group.addoption(
        "--caldav-calendar",
        help="where calendars cannot be created: the URL of an EMPTY calendar to use; it is emptied after each test",
    )
    parser.getgroup("attitre").addoption(
        "--corpus", metavar="DIR", help="a folder of .ics files that real clients wrote: the reading laws try them too"
    )
    parser.getgroup("attitre").addoption(
        "--procedure-report",
        type=Path,
        metavar="FILE",
        help="write which points of the procedure the passed tests prove",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--corpus"):
        os.environ["ATTITRE_CORPUS"] = config.getoption("--corpus")
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(DeskScore())  # in the one process that hears of every outcome
    if file := config.getoption("--procedure-report"):
        config.pluginmanager.register(ProcedureReport(file))
