"""What the type checker knows of the columns is what the tables have."""

from __future__ import annotations

import pytest

from sync.store import columns, tables

KEYS = {"practice", "fence"}
TABLES = [
    (columns.CalendarColumns, tables.calendar, {"calendar", "generation"}),
    (columns.ResourceColumns, tables.resource, {"calendar", "ref"}),
    (columns.BookingColumns, tables.booking, {"id"}),
]
PARTS = [
    (columns.FoundColumns, tables.occurrence),
    (columns.MessageColumns, tables.message),
    (columns.NoticeColumns, tables.notice),
    (columns.SubscriptionColumns, tables.subscription),
]


@pytest.mark.parametrize(("known", "table", "by_position"), TABLES, ids=lambda one: getattr(one, "__name__", None))
def test_every_column_may_be_set(known: type, table: object, by_position: set[str]) -> None:
    assert set(known.__annotations__) == set(table.c.keys()) - KEYS - by_position


@pytest.mark.parametrize(("known", "table"), PARTS, ids=lambda one: getattr(one, "__name__", None))
def test_what_may_be_set_is_a_column(known: type, table: object) -> None:
    assert set(known.__annotations__) <= set(table.c.keys()) - KEYS
