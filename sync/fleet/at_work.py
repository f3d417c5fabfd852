"""Which file is worked with of several that claim one calendar or key: what all processes of a PostgreSQL go by. What
one remembers itself is lost with it, and the order of the files' names changes with each copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from config.load import Loaded, Thing, calendars_of
from sync.fleet import ANSWERED_WITHIN_S
from sync.store.engine import Store, StoreProblem, engine_at
from sync.worker.member import fingerprint_of, mark_of

_Worked = tuple[float, bool, bool]  # when last, by its lease; whether with a file of that name, and that content


def at_work(rivals: Sequence[Loaded]) -> Mapping[Thing, Path] | None:
    """See `config.folder.Folder`: the file whose practice worked last with each thing, by the leases; of two copies the
    one of that name, as it may have been edited since, else the one of that content, as it may have been renamed.
    Nothing is said of practices with a file of their own: no two processes work with one."""
    places = defaultdict[str, list[Loaded]](list)
    for one in rivals:
        address = one.settings.store.get_secret_value() if one.settings else ""
        if address.startswith("postgresql"):
            places[address].append(one)
    found: dict[Thing, tuple[_Worked, Path]] = {}
    for address, there in places.items():
        try:
            left = _left(address, [one.key for one in there])
        except StoreProblem:
            return None
        for one in there:
            for thing, worked in _worked(one, left.get(one.key)):
                found[thing] = max(found.get(thing, (worked, one.file)), (worked, one.file))
    return {thing: file for thing, (_, file) in found.items()}


def _left(address: str, practices: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    soon = {"attitre_within": ANSWERED_WITHIN_S}
    with closing(Store(address, "", engine_at(address, execution_options=soon))) as store:
        store.prepare()  # it may be new: then nobody has worked
        return store.leases().left(practices)


def _worked(one: Loaded, left: Mapping[str, Any] | None) -> Iterator[tuple[Thing, _Worked]]:
    """The practice's key, where its last turn was with this content, and those of its calendars that the turn worked
    with. Where it left no word of them, because it is the first and under way or an older version's, it may have been
    all of them."""
    if left is None or one.settings is None:
        return
    content, *_, name = left.get("file") or ("", "")
    how = (float(left.get("at", 0.0)), name == one.file.name, content == fingerprint_of(one.settings))
    if any(how[1:]):
        yield ("key", one.key), how
    for thing in calendars_of(one.settings):
        if "calendars" not in left or mark_of(thing) in left["calendars"]:
            yield thing, how
