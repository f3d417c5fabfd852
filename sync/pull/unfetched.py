"""Events that a calendar names and does not hand out: asked for at each pass, and said where that lasts (law L10).

Noted only where bodies were owed before the pass began, so that an idle pass costs nothing more; and no more than
twice, so that a server's trouble of months is two writes.
"""

from __future__ import annotations

from sync.core.context import Source, World
from sync.store import notices, resources, troubles
from sync.store.engine import Tx
from sync.store.troubles import OWED

SAID_FROM = 2  # once may be an accident


def noted(world: World, source: Source) -> None:
    """That calendar was read; whether all that it owed came."""
    with world.store.read() as tx:
        left, known = len(resources.debts(tx, source.address)), troubles.every(tx, OWED).get((OWED, source.address))
    if (left and (known is None or known.times < SAID_FROM)) or (known and not left):
        with world.store.write() as tx:
            _keep(world, tx, source, left)


def _keep(world: World, tx: Tx, source: Source, left: int) -> None:
    if not left:
        troubles.over(tx, OWED, source.address)
        return
    now = world.now()
    trouble = troubles.note(tx, OWED, source.address, "NotRead", now)
    if trouble.times == SAID_FROM:
        name = world.called(source.dentist)
        text = (
            f"Dans l'agenda « {name} », {said(left)} Ce qui y a changé n'est pas vu, et rien de nouveau n'est dit aux "
            "patients concernés. Les autres rendez-vous ne sont pas touchés, et c'est redemandé à chaque passage.\n\n"
            "Si cela dure : ouvrez ces événements dans votre agenda et enregistrez-les de nouveau, ou supprimez-les."
            "\n\nDétail : attitre status"
        )
        key = f"owed:{source.address}:{trouble.since.isoformat()}"
        notices.raise_once(tx, key, f"attitre : agenda « {name} » : des événements ne sont pas remis", text, now)


def said(count: int) -> str:
    """How many, in a French sentence."""
    if count == 1:
        return "1 événement est annoncé mais son contenu n'est pas remis par le serveur."
    return f"{count} événements sont annoncés mais leur contenu n'est pas remis par le serveur."
