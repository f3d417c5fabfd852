"""Another installation that writes into the same calendar: two would tell every patient twice (hard case D07).

Each mark says which installation made it, and for which event. A mark that another one made for this very event means
that it works here, or did: the calendar is then neither read on nor written to, the practice is alerted once and
`status` says it, until a person stops one of the two (`attitre adopt`). A copied event carries a mark made for another
event (hard case D05), and a backup that was put back carries the same installation's letters: neither is a rival.
"""

from __future__ import annotations

from datetime import datetime

from adapters.base import OutsideError, Reading
from sync.core.context import Source, World
from sync.store import basics, calendars, generation, resources
from sync.store.engine import Tx

LOOK_AGAIN = 600.0


class Rival(OutsideError):
    """Another installation works in this calendar."""

    retry_after = LOOK_AGAIN


def mind(world: World, source: Source, reading: Reading) -> None:
    """Raises Rival where this event was written into by an installation that nobody said was gone."""
    if not reading.rival:
        return
    with world.store.write() as tx:
        if reading.rival in _adopted(tx, source.address):
            return
        basics.put(tx, _seen(source.address), reading.rival)
    raise Rival(
        "Une autre installation d'attitre écrit dans cet agenda, ou y a écrit : celle-ci n'y touche plus, sinon les "
        "patients seraient prévenus deux fois. Arrêtez l'autre, puis : attitre adopt "
        f"{source.dentist}"
    )


def adopt(tx: Tx, calendar: str, now: datetime) -> bool:
    """A person says that the other installation is gone: its marks are replaced by ours. Whether there was one."""
    seen = basics.get(tx, _seen(calendar))
    if not seen:
        return False
    basics.put(tx, _kept(calendar), " ".join(sorted({*_adopted(tx, calendar), seen})))
    basics.put(tx, _seen(calendar), "")
    calendars.change(tx, calendar, not_before=None)
    generation.renew(tx, now)
    basics.log(tx, now, "adopted", calendar=calendar)
    resources.mark_future_dirty(tx, now)
    return True


def _adopted(tx: Tx, calendar: str) -> set[str]:
    return set((basics.get(tx, _kept(calendar)) or "").split())


def _seen(calendar: str) -> str:
    return f"rival:{calendar}"


def _kept(calendar: str) -> str:
    return f"adopted:{calendar}"
