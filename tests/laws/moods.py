"""Servers, gateways and processes in a mood: they repeat themselves, lie, and die in the middle."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from sqlalchemy.engine.default import DefaultDialect

from adapters.base import Cursor, Known, Outgoing, Page, Permanent
from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from rules.model import Channel
from sync.core.calls import Call, Inline, Note
from sync.core.log import Log
from sync.store.problems import FULL, StoreProblem, Unusable
from sync.worker import reading_job

SORTS = {
    "commit": (DefaultDialect, "do_commit"),
    "send": (MemorySender, "send"),
    "apply": (MemoryCalendar, "apply"),
    "get": (MemoryCalendar, "get"),
}


class Killed(BaseException):
    """The process died here."""


class Moody(MemoryCalendar):
    """A server that may say everything twice, as pages do after a retry, and bury what stands there."""

    repeating = False
    buried: tuple[str, ...] = ()

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        if self.buried:
            said, self.buried = self.buried, ()
            yield Page(gone=said)
        for page in super().changes(cursor, known):
            if self.repeating:
                yield replace(page, cursor=None)
            yield page


def in_turn(work: Callable[[], None]) -> None:
    """Calendars one after another: the same example is the same every time."""
    work()


@contextmanager
def faults_of_ours(said: list[str]) -> Iterator[None]:
    """What is logged as a fault of ours is none of the practice's misfortunes: it is said, though it ended nothing."""

    def note(_: Log, event: str, **values: Any) -> None:
        said.append(f"L10: {event} {values}")

    with patch.object(Log, "error", note):
        yield


class Watched(MemorySender):
    """A gateway that lets the model look at every message before it is taken."""

    look: Callable[[Outgoing], None] = staticmethod(lambda message: None)

    def __init__(self, channel: Channel, repeatable: bool = True) -> None:
        super().__init__(channel, repeatable)
        self.refused: set[str] = set()  # keys

    def send(self, message: Outgoing) -> str:
        self.look(message)
        try:
            return super().send(message)
        except Permanent:
            self.refused.add(message.key)
            raise


class Late(Inline):
    """Gateways whose next answers come when somebody says so; until then their calls are under way. `refused`: so they
    are too where the store refuses the answer; `unheard`: where it took it, and could not say so."""

    def __init__(self) -> None:
        self.late: set[str] = set()
        self.refused: set[str] = set()
        self.unheard: set[str] = set()
        self.held: list[tuple[Call, Note]] = []

    def free(self, lane: str, marks: Iterable[object] = ()) -> bool:
        return not any(self.busy(mark) for mark in marks)

    def busy(self, mark: object) -> bool:
        return any(mark in call.marks for call, _ in self.held)

    def start(self, call: Call) -> None:
        call.before()
        note = call.work()
        if call.lane in self.late:
            self.late.discard(call.lane)
            self.held.append((call, note))
        elif call.lane in self.refused or call.lane in self.unheard:
            self._keeps(call, note)
        else:
            note()

    def _keeps(self, call: Call, note: Note) -> None:
        """As `Pool`, but that it asks again when somebody says so."""
        with refusing() if call.lane in self.refused else nullcontext():
            try:
                note()
            except StoreProblem:
                self.refused.discard(call.lane)
            else:
                self.unheard.discard(call.lane)
        self.held.append((call, note))

    def arrive(self) -> None:
        """All that were late."""
        while self.held:
            self.held.pop(0)[1]()


@contextmanager
def refusing() -> Iterator[None]:
    """The disk is full at each commit."""

    def full(*_: object) -> None:
        raise Unusable(FULL)

    with patch.object(*SORTS["commit"], full):
        yield


@contextmanager
def mortal(deadly: tuple[str, int] | None) -> Iterator[None]:
    """Dies before or after the n-th commit or call of one sort; a death in a reader's thread is the process's own."""
    where, left = deadly or ("", 0)
    died = []

    def point() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            died.append(where)
            raise Killed

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **options: Any) -> Any:
            point()
            result = call(*args, **options)
            point()
            return result

        return called

    with ExitStack() as stack:
        stack.enter_context(patch.object(reading_job, "in_a_thread", in_turn))
        if where:
            owner, name = SORTS[where]
            stack.enter_context(patch.object(owner, name, wrap(getattr(owner, name))))
        yield
    if died:
        raise Killed
