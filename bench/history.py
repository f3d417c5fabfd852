"""Years that went by before anything is measured: what a store holds of them, put straight into its tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from rules.model import Facts
from sync.core.context import World
from sync.store import counters
from sync.store import tables as t
from sync.store.codec import facts_to_json
from sync.store.engine import Tx
from sync.store.resources import pack

_AT_ONCE = 10_000
_BEGAN = datetime(2000, 1, 3, 8, tzinfo=UTC)
_BODY = pack(b"".join(f"X-ATTITRE-BENCH-{number}:{number * 7919 % 10007}\r\n".encode() for number in range(60)))


def went_by(world: World, events: int) -> None:
    """The first calendar held so many events more: bookings that took place, told to their patients, each third of them
    a visit of a series."""
    calendar = world.sources[0].address
    with world.store.write() as tx:
        first = counters.take_numbers(tx, "booking", events).start
        for begin in range(0, events, _AT_ONCE):
            _add(tx, calendar, first, range(begin, min(begin + _AT_ONCE, events)))


def _add(tx: Tx, calendar: str, first: int, numbers: range) -> None:
    rows = {t.resource: _resource, t.occurrence: _occurrence, t.booking: _booking, t.telling: _telling}
    for table, made in rows.items():
        found = [{"practice": tx.practice, **made(calendar, n, first + n)} for n in numbers]
        tx.connection.execute(insert(table), found)


def _place(calendar: str, n: int) -> dict[str, Any]:
    start = _BEGAN + timedelta(minutes=30 * n)
    uid, recurrence = (f"years{n // 78}", f"{start:%Y%m%dT%H%M%SZ}") if n % 3 == 0 else (f"year{n}", "")
    span = {"start": start, "end": start + timedelta(minutes=30), "dentist": "martin", "patient": n % 3_000 + 1}
    return {"calendar": calendar, "ref": f"year{n}.ics", "uid": uid, "recurrence": recurrence, **span}


def _resource(calendar: str, n: int, _booking: int) -> dict[str, Any]:
    return {
        "calendar": calendar, "ref": f"year{n}.ics", "version": f'"{n}"', "payload": _BODY, "raw_hash": b"0" * 32,
        "semantic": "known", "state": "present", "changed_at": _BEGAN, "order": -n,
    }  # fmt: skip


def _occurrence(calendar: str, n: int, booking: int) -> dict[str, Any]:
    own = {"all_day": False, "lasting": False, "kind": "booking", "label": "BANC Essai", "order": -n}
    return {**_place(calendar, n), **own, "booking": booking, "motif": "Contrôle"}


def _booking(calendar: str, n: int, booking: int) -> dict[str, Any]:
    place = _place(calendar, n)
    return {
        **place, "id": booking, "state": "valid", "facts": _facts(place), "findings": [], "baseline": True,
        "created_at": _BEGAN, "changed_at": _BEGAN,
    }  # fmt: skip


def _telling(calendar: str, n: int, booking: int) -> dict[str, Any]:
    told = {"booking": booking, "channel": "email", "number": 0, "kind": "baseline", "state": "baseline", "at": _BEGAN}
    return {**told, "facts": _facts(_place(calendar, n)), "recipient": "p@example.org"}


def _facts(place: dict[str, Any]) -> Any:
    return facts_to_json(Facts(place["patient"], "BANC Essai", "martin", place["start"], 30, "Contrôle", "Paris"))
