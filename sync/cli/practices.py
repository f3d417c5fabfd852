"""From `-c` to practices: settings, the store, and a world without calendars for commands that only read the store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.frame import Failure
from sync.cli.output import warn

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.core.context import Source, World


def all_settings(paths: list[Path] | None) -> list[Settings]:
    """Every practice. Raises Failure after naming each problem where one of them blocks."""
    from config.load import load_all

    loaded = load_all(paths or [], os.environ)
    if bad := [one for one in loaded if one.settings is None]:
        for problem in (problem for one in bad for problem in one.problems):
            warn(str(problem))
        raise Failure("La configuration est à corriger (détails : attitre check).")
    return [one.settings for one in loaded if one.settings is not None]


def one_settings(paths: list[Path] | None) -> Settings:
    """The practice; several are too many here."""
    found = all_settings(paths)
    if len(found) > 1:
        raise Failure("Plusieurs cabinets sont configurés : choisissez-en un avec « -c FICHIER ».")
    return found[0]


@contextmanager
def desk(settings: Settings) -> Iterator[World]:
    """The practice and its store, no calendar, no gateway: safe beside a running `run`."""
    from config.practice import practice_of
    from sync.core.context import World
    from sync.store.engine import Store

    practice = practice_of(settings)
    store = Store(settings.store.get_secret_value(), practice.key)
    try:
        store.prepare()
        yield World(practice, store, (), {}, lambda: datetime.now(UTC))
    finally:
        store.close()


def addresses(sources: Iterable[Source], wanted: str) -> frozenset[str]:
    """The calendars meant by a dentist's key, a last path segment or an address
    (docs/design.md#details-people-rely-on)."""
    from config.roster import means

    return frozenset(s.address for s in sources if means(wanted, s.address, {s.dentist, *s.tags.values()}))
