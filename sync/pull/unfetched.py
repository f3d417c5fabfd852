"""Events that a server names but does not hand out are asked for at each pass; the practice is told if that lasts
(law L10).

The store is asked only if bodies were missing before the pass, so that an idle pass costs nothing; and the trouble is
counted up to two, so that a trouble of months costs two writes.
"""

from __future__ import annotations

from sync.core.context import Source, World
from sync.store import notices, resources, troubles
from sync.store.engine import Tx
from sync.store.troubles import OWED

SAID_FROM_TIMES = 2  # passes: once may be an accident


def noted(world: World, source: Source) -> None:
    """After a reading: note whether bodies are still missing, or that all have come."""
    with world.store.read() as tx:
        left, known = len(resources.to_fetch(tx, source.address)), troubles.every(tx, OWED).get((OWED, source.address))
    if (left and (known is None or known.times < SAID_FROM_TIMES)) or (known and not left):
        with world.store.write() as tx:
            _keep(world, tx, source, left)


def _keep(world: World, tx: Tx, source: Source, left: int) -> None:
    if not left:
        troubles.over(tx, OWED, source.address)
        return
    now = world.now()
    trouble = troubles.note(tx, OWED, source.address, "NotRead", now)
    if trouble.times == SAID_FROM_TIMES:
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
    """A French sentence with their number."""
    if count == 1:
        return "1 événement est annoncé mais son contenu n'est pas remis par le serveur."
    return f"{count} événements sont annoncés mais leur contenu n'est pas remis par le serveur."
