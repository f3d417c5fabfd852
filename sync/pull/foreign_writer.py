"""Refuses a calendar into which another installation writes: two would tell every patient twice (hard case D07).

Each block names its installation and its event. A block that another installation made for this very event means that
it works here, or did: the calendar is then no longer read or written, the practice is alerted once and `status` says
it, until a person stops one of the two (`attitre adopt`). A copied event carries a block made for another event (hard
case D05), and a restored backup has the same installation's name: neither is a foreign writer.

Two practices of one process that name one calendar in two ways (its address, or its name in an account) are told apart
before either has written: the second one that finds it leaves it alone.
"""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from weakref import ReferenceType, ref

from adapters.base import OutsideError, Reading
from config.roster import place_at
from sync.core.context import Readings, Source, World
from sync.store import calendars, generation, journal, keyvalue
from sync.store.engine import Tx

READ_AGAIN_S = 600.0  # a refused calendar is looked at that much later
_Place = tuple[str, str, str]
_readers: dict[_Place, tuple[str, ReferenceType[Readings]]] = {}  # the practice that reads it, while its world lives
_by_name: set[_Place] = set()  # found by their name in an account; the same address twice is noticed in the files
_claiming = Lock()


class ForeignWriter(OutsideError):
    """Another installation works in this calendar."""

    retry_after = READ_AGAIN_S


def reject_second_reader(world: World, source: Source) -> None:
    """Raises ForeignWriter if another practice of this process reads this calendar under another name. Asks the server
    once where the calendar is, and its errors pass."""
    url = getattr(source.calendar, "url", None)  # of CalDAV calendars: only these are found by a name
    if url is None:
        return
    place, ours = place_at(url), world.practice.key
    with _claiming:
        other, alive = _readers.get(place, (ours, ref(world.readings)))
        if url != source.address:
            _by_name.add(place)
        if other == ours or alive() is None or place not in _by_name:
            _readers[place] = ours, ref(world.readings)
            return
    raise ForeignWriter(
        f"Cet agenda est déjà lu pour un autre cabinet (« {other} »), sous un autre nom : celui-ci n'y touche "
        "pas, sinon les patients seraient prévenus deux fois. Retirez-le de l'un des deux fichiers."
    )


def reject_foreign_writer(world: World, source: Source, reading: Reading) -> None:
    """Raises ForeignWriter if another installation wrote into this event, unless a person said that it is gone."""
    if not reading.rival:
        return
    with world.store.write() as tx:
        if reading.rival in _adopted(tx, source.address):
            return
        keyvalue.put(tx, _seen(source.address), reading.rival)
    raise ForeignWriter(
        "Une autre installation d'attitre écrit dans cet agenda, ou y a écrit : celle-ci n'y touche plus, sinon les "
        "patients seraient prévenus deux fois. Arrêtez l'autre, puis : attitre adopt "
        f"{source.dentist} --practice {world.practice.key}"
    )


def adopt(tx: Tx, calendar: str, now: datetime) -> bool:
    """A person says that the other installation is gone: take over its events. Returns whether there was one."""
    from sync.store import backlog  # imported here: every idle process imports this module

    seen = keyvalue.get(tx, _seen(calendar))
    if not seen:
        return False
    keyvalue.put(tx, _kept(calendar), " ".join(sorted({*_adopted(tx, calendar), seen})))
    keyvalue.put(tx, _seen(calendar), "")
    calendars.change(tx, calendar, not_before=None, due_at=now)
    generation.renew(tx, now)
    journal.log(tx, now, "adopted", calendar=calendar)
    backlog.put(tx, now)
    return True


def _adopted(tx: Tx, calendar: str) -> set[str]:
    return set((keyvalue.get(tx, _kept(calendar)) or "").split())


def _seen(calendar: str) -> str:
    return f"rival:{calendar}"


def _kept(calendar: str) -> str:
    return f"adopted:{calendar}"
