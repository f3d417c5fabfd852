"""One open transaction of one practice: statements made once, and what may be written together with other rows.

`Tx.later` is a write-behind buffer: it is flushed before a statement that touches the same table and before the commit,
so that many rows cost one statement (docs/benchmark.md B1). `TransactionCache` says what a transaction remembers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct, field
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

if TYPE_CHECKING:
    from sync.store.columns import FoundColumns

T = TypeVar("T")
_Waiting = dict[tuple[Any, ...], dict[Hashable, dict[str, Any]]]
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete
Place = tuple[str, str]  # (calendar, ref)
Identity = tuple[str, str]  # (uid, recurrence)
Span = tuple[str, datetime, datetime]  # (dentist, from, until)
_tables: WeakKeyDictionary[Any, frozenset[Any]] = WeakKeyDictionary()


class TransactionCache(Struct):
    """What one open transaction remembers: rows that it read or wrote, so that the same question is asked once.

    An identity map with read-ahead, for one transaction only. A pass evaluates many events, and each one asks who
    stood there before, which bookings have its UID, what else takes that time. Whoever starts such a batch reads all
    the answers at once (the functions named `expect…`), and the module that owns a table answers from here instead of
    from the database.

    Who writes: only the modules of `sync.store`; each field names its owner. A module that changes rows changes what
    is kept of them in the same call, or drops it. Erasing, merging and the corrections after a wrong clock write to
    the same tables by themselves, in transactions that evaluate nothing.

    When it is dropped: with the transaction, and all that was read where a part is rolled back (`Tx.part`). Nothing is
    shared between transactions; the names that a process keeps longer are in `sync.store.nameindex`.

    Beside it: the write-behind buffer (`Tx.later`), whose rows are not in the database yet. It is flushed before a
    statement that touches the same table, before `Tx.connection` is used, before a savepoint and before the commit
    (SQLAlchemy's Session calls this autoflush). `Tx.run_before` does not flush: its callers correct what they read
    with `found`, which has what is in the buffer.

    Absent or empty: a key that is missing was not asked for, and the database is read. A key with an empty value was
    asked for, and nothing is there.

    `Any` stands for types whose modules import this one; the comment names them.
    """

    # counters: counter → the last number taken. Its row is locked by us until the transaction ends.
    counters: dict[str, int] = field(default_factory=dict)

    # keyvalue: beginning of names → the texts of those names. Dropped by each change of a text.
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    # generation: the Generation, once read or begun
    generation: Any = None

    # calendars: address → CalendarRow, None where there is no row. Dropped by each change of that row.
    calendars: dict[str, Any] = field(default_factory=dict)

    # occurrences: place → what evaluation found out of its occurrences, written or still in the buffer.
    # Dropped as a whole where the occurrences of any resource are replaced.
    found: dict[Place, dict[Identity, FoundColumns]] = field(default_factory=dict)

    # occurrences: span → rows of (calendar, ref, columns of a Busy) that overlap it, as stored.
    # Dropped as a whole by new occurrences, and where one gets another end.
    busy: dict[Span, list[list[Any]]] = field(default_factory=dict)

    # occurrences: (patient, since) → columns of a Busy of their bookings that end after it, as stored.
    # Dropped as a whole by new occurrences, and of its patients where one is found to be something else.
    theirs: dict[tuple[int, datetime], list[list[Any]]] = field(default_factory=dict)

    # edits: places without a waiting edit. Putting an edit takes its place out, dropping one puts it in.
    without_edit: set[Place] = field(default_factory=set)

    # bookings: place → BookingRows that stand, or stood last, there; UID → BookingRows of that event.
    # A change drops the keys that hold the booking; a change of place or UID drops all of both.
    at_place: dict[Place, list[Any]] = field(default_factory=dict)
    with_uid: dict[str, list[Any]] = field(default_factory=dict)

    # bookings: number → BookingRow as it was read. A change of that booking drops it.
    bookings: dict[int, Any] = field(default_factory=dict)

    # history: patient → rows of their bookings, the newest first. A change of a booking drops those of its patient,
    # and all of them where nobody knows whose it was.
    history: dict[int, list[Any]] = field(default_factory=dict)

    # told: booking → its telling rows, in order. A change of one of them drops the booking's.
    tellings: dict[int, list[Any]] = field(default_factory=dict)

    # messages: booking → its rows in the outbox. A change of one of them drops the booking's.
    messages: dict[int, list[Any]] = field(default_factory=dict)

    # consents: booking → the dentists agreed to for it. A new or deleted agreement drops the booking's.
    agreed: dict[int, tuple[str, ...]] = field(default_factory=dict)

    # agreements: the bookings of which a patient was asked by link. Dropped by each new question.
    asked: frozenset[int] | None = None

    # waiting_entries: booking → the columns of its latest entry, None where it never waited. A change changes it too.
    waiting: dict[int, Any] = field(default_factory=dict)

    # patients: the directory is known to be empty. Dropped by the first record.
    nobody: bool = False

    # patients: the records made since they were last asked for
    made: list[Any] = field(default_factory=list)

    # patients: number → Patient with the names that it is known as, None where it was merged into another. Each change
    # of a record drops it.
    records: dict[int, Any] = field(default_factory=dict)

    # patients: word of a name → the records that it finds; (detail, value) → the records that have it. A change of a
    # record drops what finds it, or is to find it.
    named: dict[str, list[int]] = field(default_factory=dict)
    pointed: dict[tuple[str, Any], set[int]] = field(default_factory=dict)

    # wishes: booking → its open WishRows; None: not asked yet. Dropped by each new or closed wish.
    wishes: Any = None

    # intents: booking → its IntentRow, None where there is none. A new wish or state drops it.
    intents: dict[int, Any] = field(default_factory=dict)

    # nameindex: Names as they stand in this transaction; dropped by each change of a name, then followed up again
    names: Any = None

    # nameindex: what this transaction changed of the process's Names, kept apart: a rollback must not leave it there
    own_names: Any = None


class Tx:
    """An open transaction of one practice. `cache` is for the modules of `sync.store` only."""

    __slots__ = ("_connection", "_later", "cache", "practice")

    def __init__(self, connection: Connection, practice: str) -> None:
        self._connection, self.practice = connection, practice
        self.cache = TransactionCache()
        self._later: dict[Any, _Waiting] = {}

    @property
    def connection(self) -> Connection:
        """The connection, for any other statement. The buffer is flushed first."""
        self.flush()
        return self._connection

    @property
    def engine(self) -> Engine:
        """The engine of the store."""
        return self._connection.engine

    def run(self, statement: Statement, **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """Execute a prebuilt statement with the values of its parameters; `the_practice` is added."""
        self._flush_for(statement)
        return self._connection.execute(statement, {"the_practice": self.practice, **values})

    def run_before(self, statement: Select[Any] | CompoundSelect[Any], **values: Any) -> CursorResult[*tuple[Any, ...]]:
        """As `run`, without flushing the buffer: the caller corrects the rows by what the buffer holds."""
        return self._connection.execute(statement, {"the_practice": self.practice, **values})

    def add(self, statement: Insert, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert these rows of the practice now."""
        filled = [{"practice": self.practice, **row} for row in rows]
        if filled:
            self._flush_for(statement)
            self._connection.execute(statement, filled)

    def later(self, statement: Insert | Update, row: dict[str, Any], key: Hashable = None) -> None:
        """Put the row into the buffer. Of several rows with one `key` only the last is written."""
        name = "practice" if isinstance(statement, Insert) else "the_practice"
        rows = self._later.setdefault(statement.table, {}).setdefault((statement, *row), {})
        rows[len(rows) if key is None else key] = {name: self.practice, **row}

    @contextmanager
    def part(self) -> Iterator[None]:
        """A savepoint: an exception undoes this part alone, and what was written before it stays."""
        self.flush()
        point = self._connection.begin_nested()
        try:
            yield
            self.flush()
        except BaseException:
            self._later.clear()
            names = self.cache.own_names
            self.cache = TransactionCache(own_names=names.afresh() if names is not None else None)
            point.rollback()
            raise
        point.commit()

    def flush(self) -> None:
        """Write the buffer."""
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
    """Clauses of a prebuilt statement: this practice, and each of these columns equal to the parameter `the_NAME`."""
    return tuple(table.c[name] == the(table.c[name]) for name in ("practice", *names))


def those(column: Column[Any]) -> ColumnElement[bool]:
    """A clause: the column's value is in the parameter `those_NAME`, a list."""
    return column.in_(bindparam(f"those_{column.name}", type_=column.type, expanding=True))


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Slices of at most 400 values, a number that every database accepts as parameters of one statement."""
    return (values[start : start + 400] for start in range(0, len(values), 400))


def the(column: Column[Any]) -> Any:
    """The parameter `the_NAME` for a column's value."""
    return bindparam(f"the_{column.name}", type_=column.type)


def numbered(statement: Select[Any], number: int) -> Select[Any]:
    """The statement as one of many in a union: its rows begin with `number`, its parameters end with it."""

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
