"""Counters of a practice, for instance for the numbers of its rows. No number is given twice."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select, update

from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here

_COUNT = update(t.counter).where(*here(t.counter, "name"))
_TAKE = _COUNT.values(value=t.counter.c.value + bindparam("count")).returning(t.counter.c.value)
_COUNTED = select(t.counter.c.value).where(*here(t.counter, "name"))
_EVERY, _FORGET = select(t.counter).where(*here(t.counter)), delete(t.counter).where(*here(t.counter, "name"))
_NEW = insert(t.counter)


def take_numbers(tx: Tx, name: str, count: int = 1) -> range:
    """The next `count` numbers of that counter."""
    if name in tx.cache.counters:  # our transaction holds the lock of the row
        last = tx.cache.counters[name] + count
        tx.later(_COUNT, {"the_name": name, "value": last}, name)
    else:
        counted = tx.run(_TAKE, the_name=name, count=count).scalar()
        if counted is None:
            tx.add(_NEW, [{"name": name, "value": count}])
        last = counted or count
    tx.cache.counters[name] = last
    return range(last - count + 1, last + 1)


def counted(tx: Tx) -> dict[str, int]:
    """counter → its last number."""
    return {row.name: row.value for row in tx.run(_EVERY)}


def forget(tx: Tx, name: str) -> None:
    """Delete that counter."""
    tx.run(_FORGET, the_name=name)
    tx.cache.counters.pop(name, None)


def ever_counted(tx: Tx, name: str) -> bool:
    """Whether that counter ever gave a number."""
    return tx.run(_COUNTED, the_name=name).first() is not None
