"""SQLite's dialect for many files in one process: statements compiled for one of them serve all.

SQLAlchemy keys compiled statements by the dialect object, of which each engine has its own: two megabytes a practice.
"""

from __future__ import annotations

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.util import LRUCache

DRIVER = "alike"
STATEMENTS = 1000  # that are kept, as many as two engines have by default
compiled: LRUCache[object, object] = LRUCache(STATEMENTS)


class AlikeDialect(SQLiteDialect_pysqlite):
    """The dialect of every engine made with `alike`: they are configured in the same way, so that one is as another."""

    driver = DRIVER
    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is AlikeDialect

    def __hash__(self) -> int:
        return hash(AlikeDialect)


def alike(url: URL) -> URL:
    """The address for an engine with this dialect."""
    return url.set(drivername=f"sqlite+{DRIVER}")


registry.register(f"sqlite.{DRIVER}", __name__, AlikeDialect.__name__)
