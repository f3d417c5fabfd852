"""What a round costs the store: how many statements, and how much SQLite works for each of them, without a clock."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool, StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from sync.core.context import nobody_watches
from sync.store.tables import metadata
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.office import Office

EVERY = 50  # steps between two counts
_OF_THE_LIVING = re.compile(r"^SEARCH patient USING (COVERING )?INDEX \S+ \(practice=\? AND merged_into=\?\)")


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """statement → steps of SQLite's virtual machine when it was executed with the most of them, of all that is executed
    meanwhile. One of less than `EVERY` steps counts as none."""
    steps: Counter[str] = Counter()
    sql, taken = "", 0

    def begins(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal sql, taken
        sql, taken = statement, 0

    def goes_on() -> int:
        nonlocal taken
        taken += EVERY
        steps[sql] = max(steps[sql], taken)
        return 0

    def watched(raw: Any, *_rest: Any) -> None:
        raw.set_progress_handler(goes_on, EVERY)

    def given_back(raw: Any, *_rest: Any) -> None:
        if raw is not None:
            raw.set_progress_handler(None, 0)

    event.listen(Engine, "before_cursor_execute", begins)
    event.listen(Pool, "checkout", watched)
    event.listen(Pool, "checkin", given_back)
    try:
        yield steps
    finally:
        event.remove(Engine, "before_cursor_execute", begins)
        event.remove(Pool, "checkout", watched)
        event.remove(Pool, "checkin", given_back)


def is_of_every_record(line: str, sql: str) -> bool:
    """Whether that line of a plan reads every record that was not merged into another one."""
    return bool(_OF_THE_LIVING.match(line)) and "merged_into IS NULL" in sql


def plans(sql: str, parameters: Any) -> Iterator[str]:
    """How SQLite would read for that statement, line by line: in a store whose indexes were made in one order, and in
    one where they were made in the other. Between two that seem as good it takes the one made last."""
    values = parameters[0] if isinstance(parameters, list) else parameters
    for engine in _empty_ones():
        with engine.connect() as connection:
            yield from (row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))


@cache
def _empty_ones() -> tuple[Engine, ...]:
    made = tuple(create_engine("sqlite://", poolclass=StaticPool) for _ in range(2))
    for backwards, engine in enumerate(made):
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table))
                for index in sorted(table.indexes, key=lambda one: str(one.name), reverse=bool(backwards)):
                    connection.execute(CreateIndex(index))
    return made


def quiet_round(office: Office) -> int:
    """A round in which nothing changed, after one more; how many statements it needed."""
    readers, needed = Readers(office.world, 60), [0]
    one_round(readers, nobody_watches)

    def asks(*_: Any) -> None:
        needed[0] += 1

    event.listen(Engine, "before_cursor_execute", asks)
    one_round(readers, nobody_watches)
    event.remove(Engine, "before_cursor_execute", asks)
    readers.close()
    return needed[0]
