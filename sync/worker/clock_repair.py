"""What a wrong clock left in the store is made harmless once the clock is right again.

The recorded moments are drawn back to now, the waits that rest on them end, and whatever is still to come is judged and
planned again: what a pass dropped as past comes back, and what was told stays told. Where the store worked at the later
time for longer than a day, that was hardly a slip of the clock, and what happened then keeps its moments.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.text.french import minutes
from sync.core.context import World
from sync.pull.learnt import bring_into_view
from sync.store import basics, generation, moments, notices
from sync.store.engine import Tx
from sync.worker.daily_digest import draw_back as draw_back_digest

A_SLIP = timedelta(days=1)


def put_right(world: World, span: timedelta, now: datetime, *, since: datetime) -> None:
    """The clock stands so far before what the store recorded, and what it recorded after `since` is from a clock that
    was wrong. The practice is told once."""
    with world.store.write() as tx:
        stored = moments.stored_after(tx, since)
        if moments.worked_for(tx, since) <= A_SLIP:
            moments.undo(tx, since)
            moments.count_early_reminders_out(tx, since, now, world.practice)
            moments.draw_history_back(tx, since, now)
            generation.renew(tx, now)  # a reminder that went too early goes again, at its hour
        moments.draw_back(tx, since, now, _settling(world))
        draw_back_digest(world, tx, now)
        moments.owe_judgements(tx, now)
        alert(tx, span, now, way="reculé")
    for source in world.sources:  # a body stored at the wrong time shows the occurrences around that time
        if refs := [ref for calendar, ref in stored if calendar == source.address]:
            bring_into_view(world, source, refs)


def alert(tx: Tx, span: timedelta, now: datetime, *, way: str) -> None:
    """The practice is told once. `way`: `reculé` or `avancé`."""
    basics.log(tx, now, "clock-set", detail=way)
    subject = f"attitre : l'horloge a {way} d'environ {_said(span)}"
    text = (
        f"L'horloge de l'ordinateur a {way} d'environ {_said(span)}. Vérifiez sa date et son heure, et qu'elle se "
        "règle toute seule sur Internet : les rappels et les délais en dépendent.\n\n"
        "Les rendez-vous à venir sont revérifiés. Ce qui a été dit aux patients n'est pas redit."
    )
    notices.raise_once(tx, f"clock:{way}:{now.isoformat()}", subject, text, now)


def _settling(world: World) -> timedelta:
    policy = world.practice.policy
    return timedelta(seconds=max(policy.settle_seconds, policy.settle_change_seconds))


def _said(span: timedelta) -> str:
    """Counted from when the store was last worked at: a little less than it was."""
    days, hours = round(span / timedelta(days=1)), round(span / timedelta(hours=1))
    if days > 1:
        return f"{days} jours"
    return minutes(60 * hours if hours > 1 else round(span / timedelta(minutes=1)))
