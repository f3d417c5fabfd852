"""The lease of a practice: one worker at a time, even if workers die or hang (docs/design.md#who-works-for-a-practice;
hard case I07, crash point K13).

The lock of a file ends with its process, so no worker can lose it and go on. On PostgreSQL a lease is a row that ends
at a moment by the server's clock: it needs no connection of its own, and who died need not be noticed. A worker whose
lease ended may still write, so each new holder raises the practice's fencing token, and every writing transaction first
checks that its own token is still the highest.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, Engine, TextClause, bindparam, literal_column, select, text

from sync.store.metadata import IS_NEWER
from sync.store.problems import Locked, Outdated, Overtaken, Unusable, translated
from sync.store.tables import lease
from sync.store.tx import Tx

LASTS_S = 30.0  # from one renewal: a worker that died is missed for no longer
RENEWED_EVERY_S = 10.0
AGAIN_S = 1.0  # where that failed, or the row was locked
WAITS_AT_MOST_S = 2  # for a locked row: a page has it for milliseconds, a machine that froze for a minute
SPREAD_S, SPREAD_EACH_S = 60.0, 0.05  # over how long the first turns of new practices are spread
# until the commit nobody raises the token; renewing the lease and waking its practice go on beside it
_STILL = select(lease.c.fence, literal_column(IS_NEWER).label("newer")).with_for_update(read=True, key_share=True)

# whoever inserts a row that is there waits for a transaction that has it locked
_KNOW = text("""
insert into lease (practice, fence, holder) select asked.practice, 0, '' from unnest(cast(:practices as text[]))
    as asked(practice) where not exists (select from lease where lease.practice = asked.practice)
on conflict do nothing
""")
_SOON = text("""
with late as (
    select practice from lease where practice = any(:practices) and holder = ''
        and (due_at is null or due_at > now() + make_interval(secs => :spread))
    for no key update skip locked
)
update lease set due_at = now() + random() * make_interval(secs => :spread)
from late where lease.practice = late.practice
""")
# written before the server's clock was set back: whoever is alive renews it before that
_NO_LONGER = text("""
with astray as (
    select practice from lease where practice = any(:practices) and until > now() + make_interval(secs => :lasts)
    for no key update skip locked
)
update lease set until = now() + make_interval(secs => :lasts)
from astray where lease.practice = astray.practice
""")
_CLAIM = """
with free as (
    select practice from lease
    where practice = any(:practices) and (holder = '' or until < now() and :ended){due} and not {newer}
    order by due_at nulls first limit :most for update skip locked
)
update lease set fence = fence + 1, holder = :holder, until = now() + make_interval(secs => :lasts), due_at = null
from free where lease.practice = free.practice
returning lease.practice, lease.fence, lease.memory
"""
_CLAIM_DUE = text(_CLAIM.format(due=" and (due_at is null or due_at <= now())", newer=IS_NEWER))
_CLAIM_ANY = text(_CLAIM.format(due="", newer=IS_NEWER))
# whoever waits for a row holds no other: a machine that froze in a transaction may keep one locked for a minute
_MINE = """
with mine as (
    select practice from lease where practice = any(:practices) and holder = :holder
    order by practice for no key update{waits}
)
"""
_UNLOCKED = _MINE.format(waits=" skip locked")
_STILL_MINE = text("select practice, fence from lease where practice = any(:practices) and holder = :holder")
_WAITS_SHORTLY = text(f"set local lock_timeout = '{WAITS_AT_MOST_S}s'")
_RENEW = text(
    _UNLOCKED
    + """
update lease set until = now() + make_interval(secs => :lasts)
from mine where lease.practice = mine.practice returning lease.practice
"""
)
# whoever woke the practice while it was held is not forgotten: its `due_at` stays
_FREE = """
update lease set holder = '', until = null, memory = coalesce(back.memory, lease.memory),
    due_at = coalesce(lease.due_at, now() + make_interval(secs => back.due_in))
from mine, unnest(
    cast(:practices as text[]), cast(:fences as int[]), cast(:dues as float8[]), cast(:memories as json[])
) as back(practice, fence, due_in, memory)
where lease.practice = mine.practice and lease.practice = back.practice and lease.fence = back.fence
returning lease.practice, lease.due_at <= now() as woken
"""
_SET_UNLOCKED_FREE = text(_UNLOCKED + _FREE)
_SET_ONE_FREE = text(_MINE.format(waits="") + _FREE)
_SOONEST = text("""
select extract(epoch from min(case when holder <> '' and until > now() then until else coalesce(due_at, now()) end)
    - now()) from lease where practice = any(:practices)
""")
_WAKE = text("update lease set due_at = now() where practice = :practice returning " + IS_NEWER)  # noqa: S608 - ours
_MEMORY = select(lease.c.memory).where(lease.c.practice == bindparam("the_practice"))
_LEFT = text("select practice, memory from lease where practice = any(:practices) and fence > 0")


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of the file. Raises Locked at once if another process holds it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Of no practice in particular: leases and jobs are given out across practices. Raises Unusable."""
    with translated(), engine.begin() as connection:
        yield connection


def memory_of(tx: Tx) -> Mapping[str, Any]:
    """What the practice's last worker left for the next one."""
    return tx.run(_MEMORY).scalar() or {}


class Claim(Struct, frozen=True):
    """A lease that is ours now. `memory`: what the last holder left for the next one."""

    fence: int
    memory: Mapping[str, Any] = field(default_factory=dict)


class Return(Struct, frozen=True):
    """A lease given back. `due_in`: seconds until the practice's next turn; `more`: it has work left at once."""

    practice: str
    fence: int
    due_in: float
    more: bool = False
    memory: Mapping[str, Any] | None = None


class After(Struct, frozen=True):
    """What is to be done in the transaction that gives leases back. `work`: for these practices there is more to do.
    `soonest`: called with the seconds until one of `practices` is due."""

    work: Callable[[Connection, Sequence[str]], None] = lambda _connection, _practices: None
    practices: Sequence[str] = ()
    soonest: Callable[[Connection, float], None] | None = None


class Leases:
    """The leases of one process on one PostgreSQL. All times are counted by the server. Every method raises Unusable
    where it cannot be asked."""

    def __init__(self, engine: Engine, lasts: float = LASTS_S) -> None:
        self._engine, self._lasts = engine, lasts
        self.holder = token_hex(8)

    def know(self, practices: Sequence[str]) -> None:
        """From now on these practices may be claimed. Their settings may be new, or the server's clock was set back, so
        each has a turn soon: at once if they are few, thousands of them within a minute. One whose row somebody has
        locked has its turn when it is due, and keeps no other waiting."""
        with transaction(self._engine) as connection:
            connection.execute(_KNOW, {"practices": sorted(practices)})
        spread = min(SPREAD_S, SPREAD_EACH_S * (len(practices) - 1))
        with transaction(self._engine) as connection:
            connection.execute(_SOON, {"practices": list(practices), "spread": spread})
            connection.execute(_NO_LONGER, {"practices": list(practices), "lasts": max(self._lasts, LASTS_S)})

    def claim(self, practices: Sequence[str], most: int, *, due: bool = True, ended: bool = True) -> dict[str, Claim]:
        """Take those of the practices that nobody holds, with `due` only those whose turn has come, without `ended`
        only those that were given back; at most so many."""
        asked = {
            "practices": list(practices), "most": most, "holder": self.holder, "lasts": self._lasts, "ended": ended,
        }  # fmt: skip
        with transaction(self._engine) as connection:
            rows = connection.execute(_CLAIM_DUE if due else _CLAIM_ANY, asked).all()
        return {practice: Claim(fence, memory or {}) for practice, fence, memory in rows}

    def left(self, practices: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Of those that had a worker already, what the last one left for the next."""
        with transaction(self._engine) as connection:
            rows = connection.execute(_LEFT, {"practices": list(practices)}).all()
        return {practice: memory or {} for practice, memory in rows}

    def renew(self, practices: Sequence[str]) -> dict[str, bool]:
        """Hold these for another while. Returns those that are still ours, and whether it was done: one whose row
        somebody has locked is to be tried again soon, and keeps no other waiting."""
        asked = {"practices": list(practices), "holder": self.holder, "lasts": self._lasts}
        with transaction(self._engine) as connection:
            renewed = frozenset(connection.execute(_RENEW, asked).scalars())
            locked = self._still_mine(connection, [one for one in practices if one not in renewed])
        return {one: one in renewed for one in practices if one in renewed or one in locked}

    def _still_mine(self, connection: Connection, practices: Sequence[str]) -> dict[str, int]:
        """Of these, those that are, with their fences; without waiting for whoever has their rows locked."""
        if not practices:
            return {}
        rows = connection.execute(_STILL_MINE, {"practices": list(practices), "holder": self.holder})
        return {row.practice: row.fence for row in rows}

    def wake(self, practice: str) -> None:
        """The practice's next turn is due at once."""
        with transaction(self._engine) as connection:
            wake(connection, practice)

    def give_back(self, returned: Sequence[Return], after: After | None = None) -> None:
        """Let others take these from now on. Those whose rows somebody has locked follow, each by itself; where that
        lasts they end by themselves, and Unusable is raised once the others are given back."""
        after, locked = after or After(), frozenset[str]()
        with transaction(self._engine) as connection:
            if returned:
                locked = self._set_free(connection, returned, after, _SET_UNLOCKED_FREE)
            if after.soonest is not None:
                found = connection.execute(_SOONEST, {"practices": list(after.practices)}).scalar()
                after.soonest(connection, float(found or 0))
        self._wait_for([one for one in returned if one.practice in locked], after)

    def _wait_for(self, locked: Sequence[Return], after: After) -> None:
        """Give these back, each once its row is no longer locked. Raises Unusable in the end where that lasted."""
        problem: Unusable | None = None
        for one in locked:
            try:
                with transaction(self._engine) as connection:
                    connection.execute(_WAITS_SHORTLY)
                    self._set_free(connection, [one], after, _SET_ONE_FREE)
            except Unusable as met:
                problem = met
        if problem is not None:
            raise problem

    def _set_free(
        self, connection: Connection, returned: Sequence[Return], after: After, statement: TextClause
    ) -> frozenset[str]:
        """Returns the practices of those whose rows are locked. One that another worker took is not ours to return."""
        rows = connection.execute(statement, {**_columns(returned), "holder": self.holder})
        woken = {row.practice: row.woken for row in rows}
        mine = self._still_mine(connection, [one.practice for one in returned if one.practice not in woken])
        locked = frozenset(one.practice for one in returned if mine.get(one.practice) == one.fence)
        told = [one for one in returned if one.practice not in locked]
        after.work(connection, [one.practice for one in told if one.more or woken.get(one.practice)])
        return locked


def _columns(returned: Sequence[Return]) -> Mapping[str, Sequence[Any]]:
    from psycopg.types.json import Json  # imported here: a file has none

    return {
        "practices": [one.practice for one in returned],
        "fences": [one.fence for one in returned],
        "dues": [one.due_in for one in returned],
        "memories": [None if one.memory is None else Json(dict(one.memory)) for one in returned],
    }


@contextmanager
def server_lease(engine: Engine, practice: str) -> Iterator[int]:
    """Hold the practice's lease, renewed by a thread; yields the fencing token. Raises Locked at once if another worker
    holds it."""
    leases, ended = Leases(engine), threading.Event()
    leases.know([practice])
    claim = leases.claim([practice], 1, due=False).get(practice)
    if claim is None:
        raise Locked(shared=True)
    threading.Thread(target=_renewed, args=(leases, practice, ended), daemon=True).start()
    try:
        yield claim.fence
    finally:
        ended.set()
        with suppress(Unusable):  # then it ends by itself
            leases.give_back([Return(practice, claim.fence, 0.0)])


def _renewed(leases: Leases, practice: str, ended: threading.Event) -> None:
    pause = RENEWED_EVERY_S
    while not ended.wait(pause):
        try:
            pause = RENEWED_EVERY_S if leases.renew([practice]).get(practice, True) else AGAIN_S
        except Unusable:  # tried again; meanwhile the fence protects what is written
            continue


def wake(connection: Connection, practice: str) -> None:
    """The practice's next turn is due at once. Raises Outdated."""
    if connection.execute(_WAKE, {"practice": practice}).scalar():
        raise Outdated


def check(connection: Connection, practice: str, fence: int, *, answer: bool = False) -> None:
    """Raises Overtaken if a newer lease exists, Outdated if a newer schema does, unless an `answer` is to be stored;
    otherwise neither can begin before this transaction ends: a migration waits for the lock of the table."""
    held, newer = connection.execute(_STILL.where(lease.c.practice == practice)).one_or_none() or (None, False)
    if newer and not answer:
        raise Outdated
    if held != fence:
        raise Overtaken
