"""The address of the page that a message bears (P39): made in the transaction that claims it, the same again when it is
sent again.

One link is about one appointment. A reminder of several appointments of one day, which may be those of a family on one
telephone, bears none: each was confirmed with its own. The letter about a series bears the link of its next visit, by
which the patient asks to be called, since nobody but the practice changes a series; its SMS has no room for one.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.model import MessageKind
from sync.core.context import World
from sync.store import links
from sync.store.engine import Tx
from sync.store.links import About, LinkKind
from sync.store.messages import MessageRow

_KINDS = {
    MessageKind.AGREEMENT: LinkKind.AGREEMENT,
    MessageKind.OFFER: LinkKind.OFFER,
    MessageKind.STILL: LinkKind.OFFER,
}


def url(world: World, tx: Tx, rows: Sequence[MessageRow]) -> str | None:
    """The address for the message that these rows become; None where it bears none. Writes only at the first call."""
    first = rows[0]
    if world.practice.page_url is None or first.kind is MessageKind.CANCELLATION or _of_one_day(rows):
        return None
    kind = _KINDS.get(first.kind, LinkKind.APPOINTMENT)
    subject = first.number if first.kind.asks else 0
    about = About(kind, first.booking, first.facts.patient_id, first.recipient, first.channel, subject)
    return f"{world.practice.page_url}/{kind}/{links.make(tx, about, world.now())}"


def _of_one_day(rows: Sequence[MessageRow]) -> bool:
    return len(rows) > 1 and rows[0].kind is MessageKind.REMINDER
