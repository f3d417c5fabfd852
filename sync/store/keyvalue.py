"""Texts by name that a practice's store keeps, such as its secret, the state of the digest, a question awaiting its
answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from sync.store import tables as t
from sync.store.engine import Store, Tx
from sync.store.tx import here

BRAKE = "brake-notice:"  # + calendar → since when it was held, and the ref of the brake's question about that
RETENTION = "retention"  # when old rows were last deleted, and the clock by which their days were counted
UNFOLDING = "unfolding"  # while a new version of our parser expands stored series again: how far, see `backlog`
OLDER = "older-store"  # the store is a backup that was put back, and nobody has answered yet
_GET = select(t.setting.c.value).where(*here(t.setting, "name"))
_BETWEEN = select(t.setting.c.name, t.setting.c.value).where(
    *here(t.setting), t.setting.c.name >= bindparam("first"), t.setting.c.name < bindparam("last")
)
_WAYS = 8  # names that are read ahead in one statement, at most
_ANY_OF = select(t.setting.c.name, t.setting.c.value).where(
    *here(t.setting),
    or_(
        *(
            and_(t.setting.c.name >= bindparam(f"first_{n}"), t.setting.c.name < bindparam(f"last_{n}"))
            for n in range(_WAYS)
        )
    ),
)
_PUT, _NEW = update(t.setting).where(*here(t.setting, "name")), insert(t.setting)
_DROP = delete(t.setting).where(*here(t.setting, "name"))


def get(tx: Tx, name: str) -> str | None:
    """The text of that name; None if there is none."""
    ahead = _ahead(tx, name)
    if ahead is not None:
        return ahead.get(name)
    return tx.run(_GET, the_name=name).scalar()


def starting_with(tx: Tx, name: str) -> dict[str, str]:
    """name → text, for the names that begin with `name`."""
    ahead = _ahead(tx, name)
    if ahead is not None:
        return {one: value for one, value in ahead.items() if one.startswith(name)}
    rows = tx.run(_BETWEEN, first=name, last=_beyond(name))
    return {row.name: row.value for row in rows}


def expect(tx: Tx, names: Sequence[str]) -> None:
    """Read all that begins with any of `names`, eight at most: until the transaction writes a text, `get` and
    `starting_with` answer from that."""
    filled = [*names, *[names[-1]] * (_WAYS - len(names))]
    asked = {f"first_{n}": one for n, one in enumerate(filled)} | {
        f"last_{n}": _beyond(one) for n, one in enumerate(filled)
    }
    found = {row.name: row.value for row in tx.run(_ANY_OF, **asked)}
    tx.cache.texts = {name: {one: text for one, text in found.items() if one.startswith(name)} for name in names}


def _beyond(name: str) -> str:
    """The first name that does not begin with `name`."""
    return name[:-1] + chr(ord(name[-1]) + 1)


def _ahead(tx: Tx, name: str) -> dict[str, str] | None:
    """What was read ahead of all that begins so; None where it was not."""
    return next((found for first, found in tx.cache.texts.items() if name.startswith(first)), None)


def changed(tx: Tx) -> None:
    """A text changes: what was read ahead is read anew."""
    tx.cache.texts.clear()


def put(tx: Tx, name: str, value: str) -> None:
    """Store the text under that name, in place of an earlier one."""
    changed(tx)
    if not tx.run(_PUT, the_name=name, value=value).rowcount:
        tx.add(_NEW, [{"name": name, "value": value}])


def drop(tx: Tx, name: str) -> None:
    """Forget the text of that name."""
    changed(tx)
    tx.run(_DROP, the_name=name)


def rehearse(store: Store) -> None:
    """Write something and take it away again. Raises StoreProblem where the store takes nothing (read-only, full)."""
    with store.write() as tx:
        put(tx, "rehearsal", "x" * 10_000)
        drop(tx, "rehearsal")


def secret(tx: Tx) -> bytes:
    """The installation's secret, created at first use. It binds our block to its event."""
    known = get(tx, "secret")
    if known is None:
        known = secrets.token_hex(32)
        put(tx, "secret", known)
    return bytes.fromhex(known)
