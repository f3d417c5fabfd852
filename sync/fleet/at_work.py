"""Which practice works with a calendar that several files claim: what all processes of a PostgreSQL go by. What one
remembers itself is lost with it, and the order of the files' names changes with each copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from config.load import Loaded, Thing, calendars_of
from sync.fleet import ANSWERED_WITHIN_S
from sync.store.engine import Store, StoreProblem, engine_at
from sync.worker.member import mark_of


def at_work(rivals: Sequence[Loaded]) -> Mapping[Thing, str] | None:
    """See `config.folder.Folder`: the key of the practice that worked last with each calendar, by the leases. Nothing
    is said of practices with a file of their own: no two processes work with one."""
    places = defaultdict[str, list[Loaded]](list)
    for one in rivals:
        address = one.settings.store.get_secret_value() if one.settings else ""
        if address.startswith("postgresql"):
            places[address].append(one)
    found: dict[Thing, tuple[float, str]] = {}
    for address, there in places.items():
        try:
            left = _left(address, [one.key for one in there])
        except StoreProblem:
            return None
        for one in there:
            for thing, at in _worked(one, left.get(one.key)).items():
                found[thing] = max(found.get(thing, (at, one.key)), (at, one.key))
    return {thing: key for thing, (_, key) in found.items()}


def _left(address: str, practices: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    soon = {"attitre_within": ANSWERED_WITHIN_S}
    with closing(Store(address, "", engine_at(address, execution_options=soon))) as store:
        store.prepare()  # it may be new: then nobody has worked
        return store.leases().left(practices)


def _worked(one: Loaded, left: Mapping[str, Any] | None) -> dict[Thing, float]:
    """Those of the practice's calendars that its last turn worked with, and when. Where the turn left no word of that,
    because it is the first and under way or an older version's, it may have been all of them."""
    if left is None:
        return {}
    things = calendars_of(one.settings) if one.settings else []
    if "calendars" not in left:
        return dict.fromkeys(things, 0.0)
    return {thing: float(left["at"]) for thing in things if mark_of(thing) in left["calendars"]}
