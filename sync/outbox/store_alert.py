"""Alerts the practice when the store itself fails: its disk is full, or another program locks it. Nothing can be stored
then, so the worker mails at once, and `attitre status` tests the store itself.
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

SPARE_BYTES = 1024 * 1024  # that a pass may need


def tell(world: World, problem: StoreProblem) -> None:
    """Send the alert by e-mail in the background. It is not retried: `/healthz` and the log say the same."""
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
    """Why the store cannot be written to, in French; nothing if it can."""
    try:
        with store.write():
            pass
    except StoreProblem as problem:
        yield str(problem)
        return
    if store.file is not None and shutil.disk_usage(store.file.parent).free < SPARE_BYTES:
        yield FULL


def _send(sender: Sender, message: Outgoing) -> Note:
    try:
        sender.send(message)
    except OutsideError as error:
        log.warning("alert not sent", error=type(error).__name__)
    return lambda: None
