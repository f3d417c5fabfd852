"""A practice's long past: every table of the store that keeps what is over holds as many rows of it as are asked for.

Their numbers are negative, so that they are nobody's whom a test books.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from rules.model import Facts
from sync.store import tables as t
from sync.store.codec import facts_to_json
from sync.store.engine import Store, Tx, engine_at

LONG_AGO = datetime(2020, 1, 6, 9, tzinfo=UTC)
Row = dict[str, Any]
_FACTS = facts_to_json(Facts(0, "Ancien Patient", "martin", LONG_AGO, 10, "Contrôle", "12 rue des Lilas"))


def fill(tx: Tx, calendar: str, rows: int) -> None:
    """The calendar has been read, its patients told, asked and offered freed times, since 2020."""
    for first in range(0, rows, 10_000):
        numbers = range(first, min(first + 10_000, rows))
        for table, made in _OF.items():
            keys = {"practice": tx.practice} | ({"calendar": calendar} if "calendar" in table.c else {})
            tx.connection.execute(insert(table), [keys | made(n) for n in numbers])


def visits_behind(tx: Tx, calendar: str, uid: str, rows: int) -> None:
    """The series of that event had so many weekly visits since 2020; each seventh was noted as vanished."""
    keys = {"practice": tx.practice, "calendar": calendar, "ref": f"{uid}.ics", "uid": uid}
    starts = [LONG_AGO + timedelta(weeks=n) for n in range(rows)]
    made = [
        _booking(n) | keys | {"recurrence": start.isoformat(), "start": start, "end": start + timedelta(minutes=20)}
        for n, start in enumerate(starts)
    ]
    if made:
        tx.connection.execute(insert(t.booking), made)


def written(file: Path, practice: str, calendar: str, rows: int) -> Path:
    """A store with nothing else, to be poured into others."""
    store = Store(f"sqlite:///{file}", practice)
    store.prepare()
    with store.write() as tx:
        fill(tx, calendar, rows)
    store.close()
    return file


def pour(file: Path, store: Store) -> None:
    """Add that past to the store's rows."""
    engine = engine_at(store.url)
    raw = engine.raw_connection()  # a file is not attached within a transaction
    cursor = raw.cursor()
    cursor.execute("ATTACH ? AS past", (str(file),))
    cursor.execute("BEGIN IMMEDIATE")
    for table in kept():
        cursor.execute(f'INSERT INTO main."{table.name}" SELECT * FROM past."{table.name}"')
    cursor.execute("COMMIT")
    raw.close()
    engine.dispose()


def _at(n: int) -> datetime:
    return LONG_AGO + timedelta(minutes=10 * n)


def _span(n: int) -> Row:
    return {"start": _at(n), "end": _at(n) + timedelta(minutes=10)}


def _resource(n: int) -> Row:
    """Each tenth is one into which nothing may be written, each seventh is gone."""
    return {
        "ref": f"old{n}.ics", "version": f'"{n}"', "payload": b"", "raw_hash": b"", "semantic": "known",
        "state": "gone" if n % 7 == 0 else "present", "changed_at": _at(n), "order": -n,
        "unwritable": "il a des invités" if n % 10 == 0 else None, "over_at": _at(n) + timedelta(minutes=10),
    }  # fmt: skip


def _occurrence(n: int) -> Row:
    """Each third is a visit of a series."""
    uid, recurrence = (f"series{n // 78}", f"{_at(n):%Y%m%dT%H%M%SZ}") if n % 3 == 0 else (f"old{n}", "")
    return {
        "ref": f"old{n}.ics", "uid": uid, "recurrence": recurrence, "dentist": "martin", "all_day": False,
        "lasting": False, "kind": ("ignored", "booking", "block")[n % 3], "order": -n, **_span(n),
    }  # fmt: skip


def _booking(n: int) -> Row:
    gone = n % 7 == 0
    return {
        "id": -1 - n, "ref": f"old{n}.ics", "uid": f"old{n}", "recurrence": "", "dentist": "martin",
        "patient": -1 - n // 10, "state": "vanished" if gone else "valid", "facts": _FACTS, "findings": [],
        "baseline": False, "updates": [], "created_at": _at(n), "changed_at": _at(n),
        "vanished_at": _at(n) if gone else None, **_span(n),
    }  # fmt: skip


def _telling(n: int) -> Row:
    return {
        "booking": -1 - n, "channel": "sms", "number": 1, "kind": "confirmation", "facts": _FACTS, "state": "told",
        "at": _at(n),
    }  # fmt: skip


def _message(n: int) -> Row:
    return {
        "id": -1 - n, "booking": -1 - n, "kind": "confirmation", "channel": "sms", "number": 1, "key": f"old{n}",
        "recipient": "+33600000000", "facts": _FACTS, "state": "sent", "due_at": _at(n), "started_at": _at(n),
        "done_at": _at(n), "together": f"old{n}", "created_at": _at(n),
    }  # fmt: skip


def _patient(n: int) -> Row:
    return {
        "id": -1 - n, "family_name": f"Ancien{n}", "given_name": "Jean", "mobile": f"+336{n:08}", "dentist": "martin",
        "created_at": _at(n), "changed_at": _at(n),
    }  # fmt: skip


def _history(n: int) -> Row:
    return {"id": -1 - n, "patient": -1 - n, "field": "mobile", "old": None, "source": "import", "at": _at(n)}


def _consent(n: int) -> Row:
    return {"booking": -1 - n, "dentist": "bernard", "detail": "d'accord", "at": _at(n)}


def _agreement(n: int) -> Row:
    return {
        "id": -1 - n, "booking": -1 - n, "dentist": "bernard", "start": _at(n), "patient": -1, "name": "Ancien",
        "stands": False, "asked_at": _at(n), "answer": "accepted", "answered_at": _at(n),
    }  # fmt: skip


def _rescue(n: int) -> Row:
    return {"id": -1 - n, "uid": f"leave{n}", "booking": -1 - n, "start": _at(n), "stands": False, "asked_at": _at(n)}


def _intent(n: int) -> Row:
    return {
        "booking": -1 - n, "kind": "move", "seen": "", "start": _at(n), "state": "done", "asked_at": _at(n),
        "done_at": _at(n),
    }  # fmt: skip


def _link(n: int) -> Row:
    return {
        "hash": f"old{n}", "kind": "booking", "booking": -1 - n, "patient": -1, "channel": "sms", "subject": 0,
        "made_at": _at(n),
    }  # fmt: skip


def _wish(n: int) -> Row:
    kind = ("call", "wait", "correct")[n % 3]
    row = {"id": -1 - n, "booking": -1 - n, "patient": -1, "kind": kind, "detail": {}, "at": _at(n)}
    return row | {"closed_at": _at(n)}


def _waiting(n: int) -> Row:
    """Each other is of the list's own calendar."""
    booking, ref = (-1 - n, "") if n % 2 else (0, f"waits{n}.ics")
    return {
        "id": -1 - n, "origin": "tag" if booking else "calendar", "booking": booking, "ref": ref, "patient": -1 - n,
        "dentist": "martin", "minutes": 10, "wish": {}, "urgent": False, "held": _at(n), "name": "Ancien Jean",
        "fit": True, "since": _at(n), "state": "closed", "confirmed_at": _at(n), "closed_at": _at(n), "why": "passé",
    }  # fmt: skip


def _gap(n: int) -> Row:
    return {
        "id": -1 - n, "dentist": "martin", "booking": -1 - n, "depth": 0, "state": "closed" if n % 2 else "taken",
        "seen_at": _at(n), "look_at": _at(n), "closed_at": _at(n), "why": "passé", "ref": "" if n % 3 else None,
        **_span(n),
    }  # fmt: skip


def _offer(n: int) -> Row:
    return {
        "id": -1 - n, "kind": "slot", "gap": -1 - n, "waiting": -1 - n, "booking": -1 - n, "patient": -1,
        "dentist": "martin", "state": "done" if n % 2 else "silent", "made_at": _at(n), "until": _at(n),
        "closed_at": _at(n), "ref": "" if n % 3 else None, **_span(n),
    }  # fmt: skip


def _companion(n: int) -> Row:
    day = LONG_AGO.date() - timedelta(days=n)
    return {"day": day.isoformat(), "ref": f"note{n}.ics", "number": 1, "said": "x", "semantic": "x", "at": _at(n)}


def _notice(n: int) -> Row:
    return {"key": f"old{n}", "subject": "", "text": "", "created_at": _at(n), "sent_at": _at(n)}


def _journal(n: int) -> Row:
    return {"id": -1 - n, "at": _at(n), "booking": -1 - n, "ref": f"old{n}.ics", "event": "booked", "detail": ""}


_OF: dict[Table, Callable[[int], Row]] = {
    t.resource: _resource, t.occurrence: _occurrence, t.booking: _booking, t.telling: _telling, t.message: _message,
    t.patient: _patient, t.patient_name: lambda n: {"token": f"ancien{n}", "patient": -1 - n},
    t.patient_history: _history, t.consent: _consent, t.agreement: _agreement, t.rescue: _rescue, t.intent: _intent,
    t.link: _link, t.wish: _wish, t.waiting: _waiting, t.gap: _gap, t.offer: _offer, t.companion: _companion,
    t.notice: _notice, t.journal: _journal,
}  # fmt: skip
OF_NOW = (  # these hold what is, or is still to be done; its rows go when it is
    t.setting, t.counter, t.calendar, t.subscription, t.edit, t.query, t.slot_hold, t.lease, t.process,
)  # fmt: skip


def kept() -> Iterator[Table]:
    """The tables that keep what is over."""
    yield from _OF
