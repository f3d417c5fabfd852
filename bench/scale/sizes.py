"""What the store takes in PostgreSQL: bytes of an event that is known, of a booking that was told, and how its busiest
tables are updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.scale.bookings import KNOWN
from bench.scale.postgres import Postgres

HOT = ("lease", "procrastinate_jobs", "calendar")
SHARED = ("lease", "process", "procrastinate_")  # they grow with the work at one moment, not with the bookings
MOST = 6  # tables that are named
_TABLES = (
    "select relname, pg_total_relation_size(relid), n_tup_upd, n_tup_hot_upd, n_live_tup, n_dead_tup "
    "from pg_stat_user_tables"
)


@dataclass(frozen=True, slots=True)
class Table:
    """`size` in bytes, with indexes and what lies out of line; updates ever, those that touched no index (HOT), rows
    that live, and that are dead and not cleared away."""

    size: int
    updates: int
    hot: int
    live: int
    dead: int


Tables = Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of each event of the first pass, and of each booking that was read, judged and told since; of the latter by
    the tables that hold most. `busy`: the busiest tables at the end."""

    known: float
    told: float
    by_table: Mapping[str, float]
    busy: Tables


def tables(server: Postgres) -> Tables:
    """All of them, now."""
    return {name: Table(*map(int, counts)) for name, *counts in server.ask(_TABLES)}


def sizes(before: Tables, after: Tables, calendars: int, told: int) -> Sizes:
    """`before`: after the first pass over so many calendars. `told`: bookings since."""
    known = sum(one.size for name, one in before.items() if not name.startswith(SHARED)) / (calendars * KNOWN)
    held = {name: one.size for name, one in after.items() if not name.startswith(SHARED)}
    grown = {name: (size - (before[name].size if name in before else 0)) / told for name, size in held.items()}
    largest = sorted(grown, key=lambda name: grown[name], reverse=True)[:MOST]
    busy = {name: after[name] for name in HOT if name in after}
    return Sizes(known, sum(grown.values()), {name: grown[name] for name in largest}, busy)
