"""That a practice is suspended is said beside: a store that keeps its note waiting keeps nobody else."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from demo.sinks import MailSink
from sync.store.engine import Store
from tests.fleet.freezing import frozen
from tests.fleet.street import Street
from tests.working import until

PATIENCE_S = 10.0  # less than PostgreSQL lets anybody wait for a lock


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Somebody has all practices locked, as a page does that hangs in its transaction."""
    with ExitStack() as stack:
        for key in ("p0", "p1", "p2"):
            stack.enter_context(store.named(key).write())
        yield


def read(street: Street) -> None:
    before = dict(street.homes.counts())
    until(lambda: all(street.homes.counts().get(path, 0) > before.get(path, 0) for path in street.homes.paths), 60)


@pytest.mark.parametrize("trouble", [locked, frozen])
def test_l10_files_that_go_wrong_while_the_store_does_not_answer_keep_no_process_from_going_on(
    store: Store, tmp_path: Path, trouble: Callable[[Store], AbstractContextManager[None]]
) -> None:
    with MailSink() as box:
        mail = f"messages: {{email: {{url: '{box.url}', sender: a@lilas.example}}}}"
        street = Street(tmp_path / "practices", store, 4, more=mail)
        with street.machine() as machine:
            read(street)
            with trouble(store):
                for key in street.keys[:3]:
                    (street.folder / f"{key}.yaml").write_text("practice: {}", "utf-8")
                machine.stop(signal.SIGHUP)
                until(lambda: set(machine.seats) == {"p3"}, PATIENCE_S)
                until(lambda: len(box.messages) == 3, 30)  # said once more rather than not at all
