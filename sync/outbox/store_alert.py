"""Alerts the practice when nothing can be stored for it any more: its disk is full, another program locks the store, or
its configuration cannot be used. The worker mails at once, and `attitre status` looks for itself.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from adapters.base import Outgoing, OutsideError, Sender
from rules.model import Channel
from sync.core.calls import Call, Note
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.store import keyvalue
from sync.store.engine import NotStored, Store, StoreProblem
from sync.store.problems import FULL, READ_ONLY

SPARE_BYTES = 1024 * 1024  # that a pass may need
SAID_FOR = timedelta(hours=1)
NOTED_WITHIN_S = 4.0  # for an answer of PostgreSQL, which may be why there is something to say


def tell(world: World, problem: StoreProblem) -> None:
    """Send the alert by e-mail in the background. It is not retried: `/healthz` and the log say the same."""
    text = (
        f"{problem}\n\nTant que cela dure, rien n'est vérifié ni envoyé. C'est réessayé à chaque passage, et tout "
        "reprend de soi-même.\n\nDétail : attitre status"
    )
    _mail(world, "store", "attitre : la base ne peut pas être utilisée", text)


def suspended(world: World, sentence: str) -> None:
    """Send the alert that the practice is not worked for from now on, since its file cannot be used; as `tell`. Of the
    processes that share the practice the first one that has a thread for it does, and nobody again within an hour."""
    text = (
        f"La configuration de ce cabinet ne peut plus être utilisée :\n{sentence}\n\nTant que cela dure, rien n'est "
        "vérifié ni envoyé pour lui, et aucun rendez-vous n'est annulé. Tout reprend dès que le fichier est corrigé."
        f"{ELSEWHERE if world.store.may_lose_its_lock else ''}\n\nDétail : attitre check"
    )
    _mail(world, "configuration", "attitre : ce cabinet est suspendu", text, partial(_is_news, world, sentence))


ELSEWHERE = " Si une autre machine a encore le bon fichier, elle continue pour ce cabinet."


def _is_news(world: World, sentence: str) -> bool:
    """Note that it is said now; whether nobody said it lately. Where that cannot be noted, twice is better than
    never."""
    said, now = hashlib.sha256(sentence.encode()).hexdigest(), world.now()
    store = world.store.named(world.practice.key)
    store.within = NOTED_WITHIN_S
    try:
        with store.write() as tx:
            before, _, at = (keyvalue.get(tx, "suspended") or "").partition(" ")
            if before == said and now - datetime.fromisoformat(at) < SAID_FOR:
                return False
            keyvalue.put(tx, "suspended", f"{said} {now.isoformat()}")
    except NotStored:  # another process says it at this moment
        return False
    except StoreProblem:
        return True
    return True


def _mail(world: World, about: str, subject: str, text: str, is_news: Callable[[], bool] = lambda: True) -> None:
    """`is_news` is asked in the call's own thread: the store may let it wait, and whoever looks at the files waits for
    nothing. On a machine without threads left nothing is sent, and no practice ends for that."""
    sender = world.senders.get(Channel.EMAIL)
    if sender is None or not world.practice.email:
        return
    key = f"{world.practice.key}:notice:{about}:{world.now().isoformat()}"
    message = Outgoing(key, world.practice.email, text, subject)
    call = Call(Channel.EMAIL, frozenset({about}), partial(_send, sender, message, is_news))
    with kept_apart("alert not sent", practice=world.practice.key):
        world.calls.start(call)


def seen(store: Store) -> Iterator[str]:
    """Why the store cannot be written to, in French; nothing if it can."""
    try:
        read_only = store.read_only()
    except StoreProblem as problem:
        yield str(problem)
        return
    if read_only:
        yield READ_ONLY
    if store.file is not None and shutil.disk_usage(store.file.parent).free < SPARE_BYTES:
        yield FULL


def remarks(store: Store) -> Iterator[str]:
    """What its administrator should change about the store, though all works."""
    if store.left_open():
        yield OPEN


OPEN = (
    "PostgreSQL ne sépare pas lui-même les cabinets, car le rôle d'attitre est super-utilisateur ou BYPASSRLS : "
    "donnez-lui un rôle ordinaire, propriétaire de la base."
)


def _send(sender: Sender, message: Outgoing, is_news: Callable[[], bool]) -> Note:
    try:
        if is_news():
            sender.send(message)
    except OutsideError as error:
        log.warning("alert not sent", error=type(error).__name__)
    return lambda: None
