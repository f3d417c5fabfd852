"""An event at which attitre itself fails: tried again a few times, then with the nightly audit and with each change.

It is neither forgotten nor in the way of another: the practice is alerted, `status` names it, its patient is told
nothing new of it meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.text.french import day_and_clock
from sync.core.context import World
from sync.store import basics, bookings, notices, resources, troubles
from sync.store.engine import Tx
from sync.store.troubles import EVENT, Trouble

Place = tuple[str, str]
TRIES, AGAIN = 3, timedelta(seconds=10)
_BETWEEN = "\n"  # in no address and no name of a resource


def faulty_ones(tx: Tx) -> dict[Place, Trouble]:
    """Where it failed."""
    return {_place(about): trouble for (_, about), trouble in troubles.every(tx, EVENT).items()}


def is_faulty(tx: Tx, place: Place) -> bool:
    """It failed at that one, and has not judged it since."""
    return troubles.stands(tx, EVENT, _about(place))


def may_try(trouble: Trouble | None, now: datetime) -> bool:
    """Not twice in one pass: what fails is dirty still."""
    return trouble is None or not trouble.last <= now < trouble.last + AGAIN


def forget(tx: Tx, place: Place) -> None:
    """It was judged, or changed so that it begins anew."""
    troubles.over(tx, EVENT, _about(place))


def give_up(world: World, place: Place, error: str) -> None:
    """For now: the next passes try it again, so often; then the next audit, the next change."""
    now = world.now()
    with world.store.write() as tx:
        trouble = troubles.note(tx, EVENT, _about(place), error, now)
        basics.log(tx, now, "judge-failed", detail=error, calendar=place[0], ref=place[1])
        if trouble.times >= TRIES:
            resources.change(tx, *place, dirty_at=None)
        if trouble.times >= 2:  # once may be an accident
            key = f"judging:{place[0]}:{place[1]}:{trouble.since.isoformat()}"
            notices.raise_once(tx, key, *_alert(world, tx, place), now)


def owe_again(tx: Tx, calendar: str, now: datetime) -> None:
    """The calendar's audit: all of its own are tried once more."""
    for place in faulty_ones(tx):
        if place[0] == calendar:
            resources.mark_dirty(tx, [place], now)


def _alert(world: World, tx: Tx, place: Place) -> tuple[str, str]:
    source = world.source(place[0])
    name = world.called(source.dentist) if source else place[0]
    here = bookings.at_place(tx, *place, world.practice.zone)
    when = f" du {day_and_clock(here[0].start)}" if here else ""
    text = (
        f"Dans l'agenda « {name} », un événement{when} n'a pas pu être vérifié, par une erreur d'attitre. Rien de "
        "nouveau n'est dit à son patient. Il est réessayé chaque nuit et dès qu'il change ; les autres rendez-vous ne "
        "sont pas concernés.\n\nDétail : attitre status"
    )
    return "attitre : un événement n'a pas pu être vérifié", text


def _about(place: Place) -> str:
    return _BETWEEN.join(place)


def _place(about: str) -> Place:
    calendar, _, ref = about.partition(_BETWEEN)
    return calendar, ref
