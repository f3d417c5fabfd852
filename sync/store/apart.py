"""PostgreSQL keeps the practices apart by itself too (row-level security), besides the practice in every statement.

A transaction says for which practice it works in the message that begins it: no exchange more, and for that transaction
only, so that a pooled connection carries nothing over to another practice. Who never says it gets an error, not empty
tables: an older attitre that still runs must not take its calendars for unread. The tables of leases and of processes
are everybody's who says so, since processes share the practices.

One that writes for a practice waits in that message for the one before it, as SQLite has it: what a patient asks for on
a page while the event is being judged would be overlooked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from sqlalchemy import Connection, Engine, Table, event, text

from sync.store import silence
from sync.store.tables import lease, metadata, process

NOBODY = ""  # for whom a transaction works that names no practice: it sees no practice's rows
_EVERYBODYS = (lease, process)
_POLICY = "attitre_practice"
# a long report must not hold us up unseen, nor a machine of ours that fell silent in a transaction all others
PATIENCE = "set lock_timeout = '30s'; set statement_timeout = '120s'; set idle_in_transaction_session_timeout = '60s'"
_UNHURRIED = text(
    "set local lock_timeout = 0; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
)
_SAID = "current_setting('attitre.practice')"  # an error where the session never said it
_FORCED = text(
    "select relname from pg_class where relnamespace = current_schema()::regnamespace and relforcerowsecurity"
)
_OPEN = text(
    "select count(*) from pg_class where relnamespace = current_schema()::regnamespace and relname = any(:names) "
    "and not row_security_active(oid)"
)


def listen(engine: Engine) -> None:
    """Have each transaction of this engine on PostgreSQL say for whom it works: `practice_of`, or nobody."""
    event.listen(engine, "connect", _says_nobody)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "after_cursor_execute", _changed)


def _says_nobody(connection: object, _record: object) -> None:
    """For statements outside of a transaction of ours. The driver leaves BEGIN to us."""
    connection.autocommit = True  # type: ignore[attr-defined]
    connection.execute(f"set attitre.practice = '{NOBODY}'; {PATIENCE}")  # type: ignore[attr-defined]


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    practice = str(options.get("attitre_practice", NOBODY)).replace("'", "''")
    begin = f"BEGIN; SET LOCAL attitre.practice = '{practice}'"
    if practice != NOBODY and not options.get("attitre_read"):
        begin += f"; SELECT pg_advisory_xact_lock(hashtextextended('attitre:{practice}', 0))"
    connection.exec_driver_sql(begin.replace("%", "%%"))


def _changed(
    _connection: Connection, cursor: Any, _statement: str, _parameters: object, context: Any, _many: bool
) -> None:
    """Tell who writes how many rows each statement changed (`Store.stored`)."""
    changed = context.execution_options.get("attitre_changed")
    if changed is not None and (context.isinsert or context.isupdate or context.isdelete):
        changed.append(max(0, cursor.rowcount))


def enforce(connection: Connection) -> None:
    """Have PostgreSQL keep the practices apart in each of our tables that is there, from its owner too."""
    there = set(connection.dialect.get_table_names(connection, None))
    for table in metadata.sorted_tables:
        if table.name in there:
            _enforce(connection, table)


def _enforce(connection: Connection, table: Table) -> None:
    name = connection.dialect.identifier_preparer.format_table(table)
    whose = f"{_SAID} is not null" if table in _EVERYBODYS else f"practice = {_SAID}"
    for statement in (
        f"alter table {name} enable row level security, force row level security",
        f"drop policy if exists {_POLICY} on {name}",
        f"create policy {_POLICY} on {name} using ({whose}) with check ({whose})",
    ):
        connection.execute(text(statement))


@contextmanager
def lifted(connection: Connection) -> Iterator[None]:
    """Within this context the owner of the tables sees all rows: a migration works for every practice at once."""
    silence.unhurried(connection, inf)
    connection.execute(_UNHURRIED)
    for name in connection.execute(_FORCED).scalars().all():
        quoted = connection.dialect.identifier_preparer.quote(name)
        connection.execute(text(f"alter table {quoted} no force row level security"))
    yield
    enforce(connection)


def left_open(connection: Connection) -> bool:
    """Whether PostgreSQL does not keep the practices apart for our role: superusers and BYPASSRLS pass by."""
    names = [table.name for table in metadata.sorted_tables]
    return bool(connection.execute(_OPEN, {"names": names}).scalar())
