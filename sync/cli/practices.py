"""From `-c` to practices: settings, the store, and a world without calendars for commands that only read the store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.frame import Chosen, Failure
from sync.cli.output import warn

if TYPE_CHECKING:
    from config.load import Loaded, Thing
    from config.settings import Settings
    from sync.core.context import Source, World
    from sync.store.engine import Store


def all_settings(paths: list[Path] | None) -> list[Settings]:
    """Every practice, or the one of `--practice`. Raises Failure after naming each problem where one of them blocks."""
    loaded = all_loaded(paths)
    if any(one.settings is None for one in loaded):
        name_problems(loaded)
        raise Failure("La configuration est à corriger (détails : attitre check).")
    return [one.settings for one in loaded if one.settings is not None]


def usable_settings(paths: list[Path] | None) -> tuple[list[Settings], bool]:
    """The practices of a folder that can be worked for, after naming the problems of the others, and whether these are
    all. Raises Failure where none can, and for anything wrong in files that are named one by one."""
    from config.load import is_folder

    if not any(is_folder(path) for path in paths or []):
        return all_settings(paths), True
    loaded = all_loaded(paths)
    good = [one.settings for one in loaded if one.settings is not None]
    if not good:
        return all_settings(paths), True
    name_problems(loaded)
    return good, len(good) == len(loaded)


def name_problems(loaded: Iterable[Loaded]) -> None:
    """Write each problem of the files that cannot be used to standard error."""
    for problem in (problem for one in loaded if one.settings is None for problem in one.problems):
        warn(str(problem))


def one_settings(paths: list[Path] | None) -> Settings:
    """The practice; several are too many here."""
    found = all_settings(paths)
    if len(found) > 1:
        raise Failure(
            "Plusieurs cabinets sont configurés : choisissez-en un avec « --practice CLÉ » ou « -c FICHIER »."
        )
    return found[0]


def all_loaded(paths: list[Path] | None) -> list[Loaded]:
    """Every file as loaded, the unusable ones too; with `--practice`, that practice's only. What two practices cannot
    both have is a problem all the same. Raises Failure where no file has it."""
    from config.load import files_of, load_all

    wanted, files = paths.practice if isinstance(paths, Chosen) else None, files_of(paths or [])
    if wanted is None and len(files) == 1:
        return load_all(files, os.environ)
    from config.folder import Folder  # imported here, as is what asks the stores: of one practice nobody needs them

    if wanted is None:
        return Folder(paths or [], os.environ, with_calendars).read()
    from config.neighbours import neighbours

    for some in (neighbours(files, wanted, os.environ), files):
        loaded = Folder(some, os.environ, with_calendars).read() if some else []
        if found := [one for one in loaded if one.key == wanted]:
            return found[:1]
    raise Failure(f"Aucun cabinet n'a la clé « {wanted} ». {_meant(wanted, loaded)}".rstrip())


def with_calendars(rivals: Sequence[Loaded]) -> Mapping[Thing, Path] | None:
    """See `config.folder.Folder`: which of the files that claim one thing is worked with, so that all commands give it
    to the same practice."""
    from sync.fleet.at_work import at_work

    return at_work(rivals)


def _meant(wanted: str, loaded: Sequence[Loaded]) -> str:
    from config.problems import meant

    return meant(wanted, [one.key for one in loaded if one.key], "Clés")


class InTurn:
    """Opens the stores of several practices one after the other. An address that is away is not waited for once more
    for each of its practices; one practice that somebody is busy with says nothing of the others there."""

    def __init__(self) -> None:
        self._away: dict[str, str] = {}

    @contextmanager
    def opened(self, settings: Settings, opening: AbstractContextManager[World]) -> Iterator[World]:
        """The practice's world, within `opening`. Raises StoreProblem."""
        from sync.store.problems import Busy, Unusable

        address = settings.store.get_secret_value()
        if address in self._away:
            raise Unusable(self._away[address])
        with ExitStack() as stack:
            try:
                world = stack.enter_context(opening)
            except Busy:
                raise
            except Unusable as problem:
                self._away[address] = str(problem)
                raise
            yield world


@contextmanager
def desk(settings: Settings, store: Store | None = None) -> Iterator[World]:
    """The practice and its store, no calendar, no gateway: safe beside a running `run`. `store`: the practice's, where
    it shares an engine with others."""
    from config.practice import practice_of
    from sync.core.context import World
    from sync.store.engine import Store

    practice = practice_of(settings)
    store = store or Store(settings.store.get_secret_value(), practice.key)
    try:
        store.prepare()
        yield _on_time(World(practice, store, (), {}, lambda: datetime.now(UTC)))
    finally:
        store.close()


@contextmanager
def equipped(settings: Settings) -> Iterator[World]:
    """The practice with its store, calendars and gateways. Raises StoreProblem."""
    from sync.wiring import open_world

    with open_world(settings) as world:
        yield _on_time(world)


def _on_time(world: World) -> World:
    """By the clock that all who work for the practice share: on PostgreSQL, where that may be other machines, its own.
    By another one, moments of theirs would lie in the future, as after this machine's clock was set back."""
    if not world.store.may_lose_its_lock:
        return world
    from sync.fleet.clock import by_server

    return by_server(world)


def addresses(sources: Iterable[Source], wanted: str) -> frozenset[str]:
    """The calendars meant by a dentist's key, a last path segment or an address
    (docs/design.md#details-people-rely-on)."""
    from config.roster import means

    return frozenset(s.address for s in sources if means(wanted, s.address, {s.dentist, *s.tags.values()}))
