"""The store itself is in trouble: its disk is full, another program keeps it. Nothing can be noted in it, so whoever
runs tells the practice at once, and `attitre status` looks for itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

from adapters.base import Outgoing, OutsideError, Sender
from rules.model import Channel
from sync.core.calls import Call, Note
from sync.core.context import World
from sync.core.log import log
from sync.store.engine import Store, StoreProblem
from sync.store.problems import FULL

SPARE = 1024 * 1024  # bytes that a pass may need


def tell(world: World, problem: StoreProblem) -> None:
    """By e-mail, beside the loop; it is not tried again, for `/healthz` and the journal say the same."""
    sender = world.senders.get(Channel.EMAIL)
    if sender is None or not world.practice.email:
        return
    key = f"{world.practice.key}:notice:store:{world.now().isoformat()}"
    text = (
        f"{problem}\n\nTant que cela dure, rien n'est vérifié ni envoyé. C'est réessayé à chaque passage, et tout "
        "reprend de soi-même.\n\nDétail : attitre status"
    )
    message = Outgoing(key, world.practice.email, text, "attitre : la base ne peut pas être utilisée")
    world.calls.start(Call(Channel.EMAIL, frozenset({"store"}), partial(_send, sender, message)))


def seen(store: Store) -> Iterator[str]:
    """What keeps the store from being written to, in French; nothing where it may be."""
    try:
        with store.write():
            pass
    except StoreProblem as problem:
        yield str(problem)
        return
    if store.file is not None and shutil.disk_usage(store.file.parent).free < SPARE:
        yield FULL


def _send(sender: Sender, message: Outgoing) -> Note:
    try:
        sender.send(message)
    except OutsideError as error:
        log.warning("alert not sent", error=type(error).__name__)
    return lambda: None
