"""One open transaction of one practice: statements made once, and what may be written together with other rows.

What is written `later` stands in the store before anything reads its table, and before the transaction ends: nobody
sees the difference, and many rows cost one statement (docs/benchmark.md B1).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    CursorResult,
    Delete,
    Engine,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    bindparam,
    literal_column,
)
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import iterate, replacement_traverse

T = TypeVar("T")
_Waiting = dict[tuple[Any, ...], dict[Hashable, dict[str, Any]]]
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete
_tables: WeakKeyDictionary[Any, frozenset[Any]] = WeakKeyDictionary()


class Tx:
    """`remembered` is for the store's modules: what they read in this transaction, kept true by whoever writes it."""

    __slots__ = ("_connection", "_later", "practice", "remembered")

    def __init__(self, connection: Connection, practice: str) -> None:
        self._connection, self.practice = connection, practice
        self.remembered: dict[Hashable, Any] = {}
        self._later: dict[Any, _Waiting] = {}

    @property
    def connection(self) -> Connection:
        """For any statement: everything written so far is there."""
        self.flush()
        return self._connection

    @property
    def engine(self) -> Engine:
        """The store that it is a transaction of."""
        return self._connection.engine

    def run(self, statement: Statement, **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Execute a statement that was made once, with the values of its parameters; `the_practice` is among them."""
        self._flush_for(statement)
        return self._connection.execute(statement, {"the_practice": self.practice, **values})

    def run_before(self, statement: Select[Any] | CompoundSelect[Any], **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """As `run`, but what waits is not in it: for whoever remembers what waits."""
        return self._connection.execute(statement, {"the_practice": self.practice, **values})

    def add(self, statement: Insert, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert these rows of this practice now."""
        filled = [{"practice": self.practice, **row} for row in rows]
        if filled:
            self._flush_for(statement)
            self._connection.execute(statement, filled)

    def later(self, statement: Insert | Update, row: dict[str, Any], key: Hashable = None) -> None:
        """Execute it with these values before they can be missed. Of rows with one `key` only the last counts."""
        name = "practice" if isinstance(statement, Insert) else "the_practice"
        rows = self._later.setdefault(statement.table, {}).setdefault((statement, *row), {})
        rows[len(rows) if key is None else key] = {name: self.practice, **row}

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part that an exception undoes by itself; what was written before it stands."""
        self.flush()
        point = self._connection.begin_nested()
        try:
            yield
            self.flush()
        except BaseException:
            self._later.clear()
            self.remembered.clear()
            point.rollback()
            raise
        point.commit()

    def flush(self) -> None:
        """Write what waits."""
        for table in list(self._later):
            self._flush(table)

    def _flush_for(self, statement: Statement) -> None:
        if self._later:
            for table in _tables_of(statement):
                self._flush(table)

    def _flush(self, table: Any) -> None:
        for (statement, *_), rows in self._later.pop(table, {}).items():
            self._connection.execute(statement, list(rows.values()))


def here(table: Table, *names: str) -> tuple[ColumnElement[bool], ...]:
    """The clauses of a statement made once: this practice, and these columns equal to the parameters `the_NAME`."""
    return tuple(table.c[name] == the(table.c[name]) for name in ("practice", *names))


def those(column: Column[Any]) -> ColumnElement[bool]:
    """That column's value is among the parameter `those_NAME`, a list."""
    return column.in_(bindparam(f"those_{column.name}", type_=column.type, expanding=True))


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """No more values at once than every database takes in one statement."""
    return (values[start : start + 400] for start in range(0, len(values), 400))


def the(column: Column[Any]) -> Any:
    """The parameter for a column's value."""
    return bindparam(f"the_{column.name}", type_=column.type)


def numbered(statement: Select[Any], number: int) -> Select[Any]:
    """The statement as one of many in a union: its rows begin with its number, its parameters end with it."""

    def renamed(element: Any, **_: Any) -> Any:
        named = isinstance(element, BindParameter) and element.required and element.key != "the_practice"
        return bindparam(f"{element.key}_{number}", type_=element.type) if named else None

    made = replacement_traverse(statement, {}, renamed)
    assert isinstance(made, Select)
    return made.with_only_columns(literal_column(str(number), Integer).label("number"), *made.selected_columns)


def _tables_of(statement: Statement) -> frozenset[Any]:
    found = _tables.get(statement)
    if found is None:
        parts = (*iterate(statement), getattr(statement, "table", None))
        found = frozenset(part for part in parts if isinstance(part, Table))
        _tables[statement] = found
    return found
