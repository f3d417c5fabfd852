"""Repairs the store after a clock that was ahead.

Stored moments in the future are set to now, waits that rest on them end, and all coming events are evaluated and
planned again: a message dropped as past comes back, a message sent stays sent. If the store worked at the later time
for more than a day, that was hardly a slip of the clock, and the moments stay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.text.french import minutes
from sync.core.context import World
from sync.pull.learnt import bring_into_view
from sync.store import generation, journal, moments, notices
from sync.store.engine import Tx
from sync.worker import daily_digest

LONGEST_SLIP = timedelta(days=1)


def put_right(world: World, span: timedelta, now: datetime, *, since: datetime) -> None:
    """The clock was `span` ahead, and moments stored after `since` are from the wrong clock. Alerts the practice
    once."""
    with world.store.write() as tx:
        stored = moments.stored_after(tx, since)
        if moments.worked_for(tx, since) <= LONGEST_SLIP:
            moments.undo(tx, since)
            moments.count_early_reminders_out(tx, since, now, world.practice)
            moments.draw_history_back(tx, since, now)
            generation.renew(tx, now)  # new idempotency keys: a reminder sent too early goes again at its hour
        moments.draw_back(tx, since, now, _settling(world))
        daily_digest.draw_back(world, tx, now)
        moments.evaluate_coming_again(tx, now)
        alert(tx, span, now, way="reculé")
    for source in world.sources:  # a series stored then was expanded around the wrong time
        if refs := [ref for calendar, ref in stored if calendar == source.address]:
            bring_into_view(world, source, refs)


def alert(tx: Tx, span: timedelta, now: datetime, *, way: str) -> None:
    """Alert the practice once. `way`: `reculé` or `avancé`."""
    journal.log(tx, now, "clock-set", detail=way)
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
    """The span in French; a little short, for it counts from the last work at the store."""
    days, hours = round(span / timedelta(days=1)), round(span / timedelta(hours=1))
    if days > 1:
        return f"{days} jours"
    return minutes(60 * hours if hours > 1 else round(span / timedelta(minutes=1)))
