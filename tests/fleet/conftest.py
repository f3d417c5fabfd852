"""A PostgreSQL whose store is empty."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from sync.store import tables
from sync.store.engine import Store
from tests.backups import superuser_at
from tests.sync.conftest import as_with_v, office, postgresql, superuser

__all__ = ["as_with_v", "office", "postgresql", "superuser"]


@pytest.fixture
def store(postgresql: str) -> Iterator[Store]:
    """Of one practice; nobody has worked here yet."""
    store = Store(postgresql, "lilas")
    store.prepare()
    store.jobs().prepare()
    engine = superuser_at(postgresql)
    with engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(text("truncate procrastinate_jobs, procrastinate_workers cascade"))
    engine.dispose()
    yield store
    store.close()
