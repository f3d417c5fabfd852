"""Pauses a gateway whose calls run into their deadline, longer each time, then tries it with one call (a circuit
breaker). The other channel goes on meanwhile.

The pause is stored, so that it holds across restarts and separate commands (docs/design.md#details-people-rely-on).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from rules.model import Channel
from rules.text.french import WAYS_PLURAL
from sync.core.context import World
from sync.store import journal, keyvalue, notices
from sync.store.engine import Tx

SLOW_CALLS_TO_PAUSE = 3  # in a row
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15))
_SETTING = "gateway:"
_SUSPENDED, _REFUSED = "suspended:", "refused:"
NAMES = (_SETTING, _SUSPENDED, _REFUSED)


def pausing(tx: Tx, now: datetime) -> dict[Channel, bool]:
    """The pausing gateways; True if one call may try it now."""
    return {one: datetime.fromisoformat(known["until"]) <= now for one, known in _every(tx).items() if "until" in known}


def heard(world: World, tx: Tx, channel: Channel, *, slow: bool) -> None:
    """Note the end of a call. `slow`: it ran into its deadline. The third slow one in a row starts a pause; any answer
    ends it."""
    known, now = _every(tx).get(channel, {}), world.now()
    if not slow:
        if known:
            keyvalue.put(tx, f"{_SETTING}{channel}", "{}")
            notices.withdraw(tx, _alert(channel, known))
        return
    known = {"since": now.isoformat(), **known, "slow": known.get("slow", 0) + 1}
    paused = "until" in known and datetime.fromisoformat(known["until"]) > now  # the call began before the pause
    if known["slow"] >= SLOW_CALLS_TO_PAUSE and not paused:
        known["pauses"] = known.get("pauses", 0) + 1
        known["until"] = (now + PAUSES[min(known["pauses"], len(PAUSES)) - 1]).isoformat()
        journal.log(tx, now, "gateway-paused", detail=channel.value)
        if known["pauses"] == 1:
            notices.raise_once(tx, _alert(channel, known), f"attitre : envoi des {WAYS_PLURAL[channel]} en pause",
                               f"{_said(channel)}\n\nCe qui attend : attitre outbox", now)  # fmt: skip
    keyvalue.put(tx, f"{_SETTING}{channel}", json.dumps(known))


def suspended(tx: Tx, channel: Channel) -> None:
    """Note that the gateway asked to wait for more than a day."""
    keyvalue.put(tx, f"{_SUSPENDED}{channel}", "yes")


def refused(tx: Tx, channel: Channel) -> None:
    """Note that the gateway refuses our login."""
    keyvalue.put(tx, f"{_REFUSED}{channel}", "yes")


def taken(tx: Tx, channel: Channel) -> None:
    """Note that the gateway took a message: its wish to wait, or its refusal, is over."""
    for mark in (_SUSPENDED, _REFUSED):
        if keyvalue.get(tx, f"{mark}{channel}"):
            keyvalue.put(tx, f"{mark}{channel}", "")


def said(tx: Tx) -> list[str]:
    """The gateways that pause or refuse us, in French for `status`."""
    days = [_asks_for_days(channel) for channel in _marked(tx, _SUSPENDED)]
    shut = [_refuses_us(channel) for channel in _marked(tx, _REFUSED)]
    return [*shut, *days, *(_said(channel) for channel, known in _every(tx).items() if "until" in known)]


def _marked(tx: Tx, mark: str) -> list[Channel]:
    found = sorted(keyvalue.starting_with(tx, mark).items())
    return [Channel(name.removeprefix(mark)) for name, value in found if value]


def _refuses_us(channel: Channel) -> str:
    return (
        f"Les {WAYS_PLURAL[channel]} ne partent plus : leur service d'envoi refuse l'identifiant ou le mot de passe. "
        "Corrigez-les, puis renvoyez ce qui n'est pas parti : attitre outbox retry."
    )


def _asks_for_days(channel: Channel) -> str:
    return (
        f"Les {WAYS_PLURAL[channel]} attendent : leur service d'envoi demande d'attendre plus d'un jour. Appelez-le, "
        "ou changez-en."
    )


def _said(channel: Channel) -> str:
    return (
        f"Les {WAYS_PLURAL[channel]} attendent : leur service d'envoi ne répond pas à temps. Il est réessayé de "
        "lui-même, au moins tous les quarts d'heure ; si cela dure, appelez ce service."
    )


def _alert(channel: Channel, known: dict[str, Any]) -> str:
    return f"gateway:{channel}:{known['since']}"


def _every(tx: Tx) -> dict[Channel, dict[str, Any]]:
    found = {name: json.loads(value) for name, value in keyvalue.starting_with(tx, _SETTING).items()}
    return {Channel(name.removeprefix(_SETTING)): known for name, known in found.items() if known}
