"""Failures of attitre itself, kept until the next success, for `status`, `/healthz` and alerts (law L10).

Three kinds: a fault of ours in one event (`event`), a fault of ours in one step of a pass (`step`), and bodies that a
server names and does not hand out (`owed`, one for each calendar). Stored are the fault's type, since when, and how
often; not its text, which may name a patient (law L8).
"""

from __future__ import annotations

import json
from datetime import datetime

from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import delete

from sync.store import keyvalue
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here

EVENT, STEP, OWED = "event", "step", "owed"
_PREFIX = "fault:"
NAMES = (_PREFIX,)
_FORGET = delete(t.setting).where(*here(t.setting, "name"))
Key = tuple[str, str]  # a kind, and what it is about


class Trouble(Struct, frozen=True):
    """`since`: the first failure since the last success. `last`: the latest failure. `times`: how many."""

    error: str
    since: datetime
    last: datetime
    times: int = 1


def every(tx: Tx, kind: str = "") -> dict[Key, Trouble]:
    """All troubles, or those of one kind."""
    found = keyvalue.starting_with(tx, f"{_PREFIX}{kind}:" if kind else _PREFIX)
    return {_key(name): _read(value) for name, value in found.items()}


def stands(tx: Tx, kind: str, about: str) -> bool:
    """Whether there is that trouble."""
    return keyvalue.get(tx, _name(kind, about)) is not None


def note(tx: Tx, kind: str, about: str, error: str, now: datetime) -> Trouble:
    """Note a failure, the first or a further one."""
    known = keyvalue.get(tx, _name(kind, about))
    before = _read(known) if known else Trouble(error, now, now, 0)
    found = replace(before, error=error, last=now, times=before.times + 1)
    kept = asdict(found) | {"since": found.since.isoformat(), "last": found.last.isoformat()}
    keyvalue.put(tx, _name(kind, about), json.dumps(kept))
    return found


def over(tx: Tx, kind: str, about: str) -> None:
    """Delete the trouble: it succeeded, or its object is gone."""
    keyvalue.changed(tx)
    tx.run(_FORGET, the_name=_name(kind, about))


def _name(kind: str, about: str) -> str:
    return f"{_PREFIX}{kind}:{about}"


def _key(name: str) -> Key:
    kind, _, about = name.removeprefix(_PREFIX).partition(":")
    return kind, about


def _read(value: str) -> Trouble:
    kept = json.loads(value)
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("since", "last")}
    return Trouble(**{**kept, **moments})
