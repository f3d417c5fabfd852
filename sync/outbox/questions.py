"""Whether a question to a patient is still to be asked when its turn comes. Each kind of question has its own test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from rules.model import MessageKind
from sync.core.context import World
from sync.plan import open_questions
from sync.store.engine import Tx
from sync.store.messages import MessageRow

Stands = Callable[[World, Tx, MessageRow, datetime], bool]


def _agreement(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    return open_questions.agreement(world, tx, row.number, now) is not None


def _dates(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    found = open_questions.dates(world, tx, row.booking, now)
    return found is not None and found.id == row.number


_STANDS: Mapping[MessageKind, Stands] = {MessageKind.AGREEMENT: _agreement, MessageKind.DATES: _dates}


def stands(world: World, tx: Tx, row: MessageRow, now: datetime) -> bool:
    """Whether the question is still open, and its answer would count."""
    test = _STANDS.get(row.kind)
    return test is not None and test(world, tx, row, now)
