"""Events whose evaluation fails by a fault of ours: tried three times, then at each nightly audit and each change.

Such an event blocks no other: the practice is alerted, `status` names it, and its patient is told nothing new of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.text.french import day_and_clock
from sync.core.context import World
from sync.store import bookings, journal, notices, resources, troubles
from sync.store.engine import Tx
from sync.store.troubles import EVENT, Trouble

Place = tuple[str, str]
TRIES, RETRY_AFTER = 3, timedelta(seconds=10)
_BETWEEN = "\n"  # occurs in no calendar address and no ref


def faulty_ones(tx: Tx) -> dict[Place, Trouble]:
    """The places of failing events, with their troubles."""
    return {_place(about): trouble for (_, about), trouble in troubles.every(tx, EVENT).items()}


def is_faulty(tx: Tx, place: Place) -> bool:
    """Whether the last evaluation of that event failed."""
    return troubles.stands(tx, EVENT, _about(place))


def may_try(trouble: Trouble | None, now: datetime) -> bool:
    """Whether to try now: not twice in one pass, since a failing event stays marked for evaluation."""
    return trouble is None or not trouble.last <= now < trouble.last + RETRY_AFTER


def forget(tx: Tx, place: Place) -> None:
    """End the event's trouble: it was evaluated."""
    troubles.over(tx, EVENT, _about(place))


def give_up(world: World, place: Place, error: str) -> None:
    """Note a failed evaluation. After the third, the event waits for the next audit or its next change."""
    now = world.now()
    with world.store.write() as tx:
        trouble = troubles.note(tx, EVENT, _about(place), error, now)
        journal.log(tx, now, "judge-failed", detail=error, calendar=place[0], ref=place[1])
        tried_enough = trouble.times >= TRIES
        resources.change(tx, *place, dirty_at=None if tried_enough else now, backlog_at=None)
        if trouble.times >= 2:  # once may be an accident
            key = f"judging:{place[0]}:{place[1]}:{trouble.since.isoformat()}"
            notices.raise_once(tx, key, *_alert(world, tx, place), now)


def evaluate_again(tx: Tx, calendar: str, now: datetime) -> None:
    """At the calendar's audit: mark its failing events for evaluation."""
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
