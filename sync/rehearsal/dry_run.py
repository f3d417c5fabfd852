"""`sync --dry-run`: one pass on a copy of the store that writes and sends nothing, and says what it would have done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from adapters.base import Calendar, Conflict, Edit, EditResult, Refused
from adapters.senders.memory import MemorySender
from rules.model import AddEvent, Annotation, Channel
from sync.core.context import Source, World
from sync.store.engine import Store, Unusable


class Intentions(Struct):
    """What would have been written and sent."""

    edits: list[tuple[str, str, Annotation]] = field(default_factory=list)
    added: list[tuple[str, AddEvent]] = field(default_factory=list)
    senders: dict[Channel, MemorySender] = field(default_factory=dict)


class Onlooker:
    """Reads a real calendar and records writes instead of making them."""

    def __init__(self, calendar: Calendar, seen: Intentions) -> None:
        self._calendar, self._seen = calendar, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calendar, name)

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """Record the write. It answers with a conflict: a refusal would lead to a notice that the real pass lacks."""
        self._seen.edits.append((self._calendar.address, ref, edit.annotation))
        return Conflict()

    def add(self, event: AddEvent) -> EditResult:
        """Record the write."""
        self._seen.added.append((self._calendar.address, event))
        return Refused("essai")

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """Record the write."""
        if event is not None:
            self._seen.added.append((self._calendar.address, event))
        return Refused("essai")

    def try_writing(self) -> str | None:
        """Do nothing."""
        return None

    def remove(self, ref: str, version: str | None) -> EditResult:
        """Do nothing."""
        return Refused("essai")


@contextmanager
def copied(file: Path | None, practice: str) -> Iterator[Store]:
    """A temporary copy of the store, deleted at the end; an empty store where there is none yet."""
    with TemporaryDirectory(prefix="attitre-") as folder:
        copy = Path(folder) / "essai.db"
        if file is not None and file.exists():
            with closing(_only_read(file)) as source, closing(sqlite3.connect(copy)) as target:
                _back_up(source, target)
        store = Store(f"sqlite:///{copy}", practice)
        try:
            yield store
        finally:
            store.close()


def _only_read(file: Path) -> sqlite3.Connection:
    """The real store, opened so that no byte of it changes and no file appears beside it, while a `run` may use it.
    Without a write-ahead log `immutable` is set, since SQLite would create the log files."""
    log = file.with_name(f"{file.name}-wal")
    options = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"{file.absolute().as_uri()}?{options}", uri=True)


def _back_up(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    try:
        source.backup(target)
    except sqlite3.Error as error:
        raise Unusable("La base ne peut pas être lue : vérifiez les droits du fichier et de son dossier.") from error


def harmless(world: World) -> tuple[World, Intentions]:
    """The same world with recording calendars and senders, and without quiet times."""
    seen = Intentions(senders={channel: MemorySender(channel) for channel in world.senders})
    policy = replace(world.practice.policy, quiet_seconds=0, settle_seconds=0, settle_change_seconds=0)
    sources = tuple(Source(_onlooker(s.calendar, seen), s.dentist, s.tags) for s in world.sources)
    practice = replace(world.practice, policy=policy)
    return replace(world, practice=practice, sources=sources, senders=dict(seen.senders)), seen


def _onlooker(calendar: Calendar, seen: Intentions) -> Calendar:
    return Onlooker(calendar, seen)
