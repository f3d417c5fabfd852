"""The alerts to the practice about unsent messages: (subject, text) without patients' data (law L8)."""

from __future__ import annotations

from rules.model import Channel
from rules.text.french import WAYS, WAYS_PLURAL
from sync.store.messages import MessageRow


def undelivered(row: MessageRow, reason: str) -> tuple[str, str]:
    """A gateway refused the message for good."""
    how = WAYS[row.channel]
    text = (
        f"Un {how} n'a pas pu être remis : {reason}\n\n"
        f"Rendez-vous n° {row.booking}, message n° {row.id}. Le numéro à appeler : attitre outbox"
    )
    return f"attitre : {how} non remis", text


def uncertain(row: MessageRow) -> tuple[str, str]:
    """The message's outcome is unknown, and a person decides."""
    how = WAYS[row.channel]
    text = (
        f"On ne sait pas si un {how} est parti : la réponse s'est perdue.\n\n"
        f"Message n° {row.id}. Renvoyer : attitre outbox retry {row.id} ; classer : attitre outbox drop {row.id}"
    )
    return f"attitre : {how} incertain", text


def capped(channel: Channel) -> tuple[str, str]:
    """A gateway asks to wait for more than a day."""
    many = WAYS_PLURAL[channel]
    text = (
        f"Le service d'envoi des {many} demande d'attendre plus d'un jour : il est réessayé demain. Ne comptez "
        f"pas sur les {many} d'ici là. Appelez ce service, ou changez-en.\n\nCe qui attend : attitre outbox"
    )
    return f"attitre : envoi des {many} suspendu par le service", text


def down(channel: Channel, reason: str) -> tuple[str, str]:
    """All messages of a channel fail at present."""
    many = WAYS_PLURAL[channel]
    text = (
        f"Des {many} ne partent pas : {reason}\n\nIls sont réessayés, de plus en plus rarement, et partent dès que le "
        f"service d'envoi les prend. Ce qui attend : attitre outbox"
    )
    return f"attitre : des {many} attendent", text
