"""What the practices of one process share: an engine where they share a store, compiled statements in any case."""

from __future__ import annotations

from threading import Lock

from msgspec import Struct
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from sync.store.engine import Store, engine_at

KEPT, MOST_AT_ONCE = 5, 45  # connections of one PostgreSQL: left open, and in all; it offers 100 by default
FEW_FILES, FEW_PREPARED = 8, 16  # of further SQLite files: one idle connection each, with so many prepared statements


class _Shared(Struct):
    engine: Engine
    practices: int = 0


class Engines:
    """The engines of this process; practices may come and go in any thread."""

    def __init__(self, most_at_once: int = MOST_AT_ONCE) -> None:
        self._most_at_once = most_at_once
        self._open: dict[str, _Shared] = {}
        self._turn = Lock()

    def store(self, url: str, practice: str) -> Store:
        """The practice's store; its engine is closed with the last store of that address."""
        return _OfMany(url, practice, self._taken(url), self)

    def left(self, url: str) -> None:
        """One store of that address closed."""
        with self._turn:
            shared = self._open[url]
            shared.practices -= 1
            if shared.practices:
                return
            del self._open[url]
        shared.engine.dispose()

    def _taken(self, url: str) -> _Shared:
        with self._turn:
            shared = self._open.get(url)
            if shared is None:
                shared = self._open[url] = _Shared(self._engine(url, len(self._open)))
            shared.practices += 1
            return shared

    def _engine(self, url: str, beside: int) -> Engine:
        """`beside`: how many stores are open already; of many files each keeps little in memory."""
        if make_url(url).get_backend_name() != "sqlite":
            return engine_at(url, pool_size=KEPT, max_overflow=self._most_at_once - KEPT)
        from sync.store.alike import alike, compiled  # imported here: PostgreSQL needs nothing of SQLite

        frugal = {"pool_size": 1, "connect_args": {"cached_statements": FEW_PREPARED}} if beside >= FEW_FILES else {}
        options = {"compiled_cache": compiled}
        return engine_at(alike(make_url(url)), execution_options=options, max_overflow=14, **frugal)


class _OfMany(Store):
    """A store whose engine others use too."""

    def __init__(self, url: str, practice: str, shared: _Shared, engines: Engines) -> None:
        super().__init__(url, practice, shared.engine)
        self._address, self._engines = url, engines
        self._closed = False

    def close(self) -> None:
        """See Store; the engine itself closes with the last of its stores."""
        if not self._closed:
            self._closed = True
            self._engines.left(self._address)
