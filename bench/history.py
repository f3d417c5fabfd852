"""Years that went by before anything is measured: what a store holds of them, put straight into its tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Table, func, insert, literal, select

from bench.practice import GONE_BY, PATIENTS
from rules.model import Channel, Facts, MessageKind
from sync.core.context import World
from sync.store import counters
from sync.store import tables as t
from sync.store.codec import facts_to_json
from sync.store.engine import Tx
from sync.store.resources import pack
from sync.store.states import AttendanceState, EntryState, GapState, IntentState, MessageState, OfferState, TellingState

_AT_ONCE = 10_000
_APART = timedelta(minutes=5)  # ten dentists' days: so many events are two years, and no message of them is too old
_BEFORE = timedelta(days=14)  # an appointment is booked
_BODY = pack(b"".join(f"X-ATTITRE-BENCH-{number}:{number * 7919 % 10007}\r\n".encode() for number in range(60)))
_EMAIL, _MOBILE = "p@example.org", "+33612345678"


class _Years(Struct, frozen=True):
    """Event `n` of them began at `began` + n × 5 minutes; its booking has the number `first` + n."""

    began: datetime
    first: int
    places: tuple[tuple[str, str], ...]  # calendars and their dentists, in turn
    patients: int


def went_by(world: World, events: int, patients: int = PATIENTS) -> None:
    """The calendars held so many events more: bookings of so many patients that took place, of which these were told
    and reminded, each third of them a visit of a series; with all that a practice asks and is asked meanwhile."""
    if not events:
        return
    began = world.now() - timedelta(days=7) - events * _APART
    with world.store.write() as tx:
        places = tuple((source.address, source.dentist) for source in world.sources)
        years = _Years(began, counters.take_numbers(tx, "booking", events).start, places, patients)
        for begin in range(0, events, _AT_ONCE):
            _add(tx, years, range(begin, min(begin + _AT_ONCE, events)))
        for table, every, columns in _traces(tx, years, events):
            _leave(tx, table, every, columns)


def _add(tx: Tx, years: _Years, numbers: range) -> None:
    rows = {t.resource: _resource, t.occurrence: _occurrence, t.booking: _booking, t.telling: _telling}
    for table, made in rows.items():
        tx.connection.execute(insert(table), [{"practice": tx.practice, **made(years, n)} for n in numbers])


def _place(years: _Years, n: int) -> dict[str, Any]:
    start = years.began + n * _APART
    uid, recurrence = (f"years{n // 78}", f"{start:%Y%m%dT%H%M%SZ}") if n % 3 == 0 else (f"year{n}", "")
    calendar, dentist = years.places[n % len(years.places)]
    span = {"start": start, "end": start + timedelta(minutes=30), "dentist": dentist, "patient": n % years.patients + 1}
    return {"calendar": calendar, "ref": f"{GONE_BY}{n}.ics", "uid": uid, "recurrence": recurrence, **span}


def _resource(years: _Years, n: int) -> dict[str, Any]:
    return {
        "calendar": _place(years, n)["calendar"], "ref": f"{GONE_BY}{n}.ics", "version": f'"{n}"', "payload": _BODY,
        "raw_hash": b"0" * 32, "semantic": "known", "state": "present", "changed_at": years.began, "order": -n,
    }  # fmt: skip


def _occurrence(years: _Years, n: int) -> dict[str, Any]:
    own = {"all_day": False, "lasting": False, "kind": "booking", "label": "BANC Essai", "order": -n}
    return {**_place(years, n), **own, "booking": years.first + n, "motif": "Contrôle"}


def _booking(years: _Years, n: int) -> dict[str, Any]:
    place = _place(years, n)
    booked = place["start"] - _BEFORE
    return {
        **place, "id": years.first + n, "state": "valid", "facts": _facts(place), "findings": [], "baseline": False,
        "mobile": _MOBILE, "email": _EMAIL, "attendance": AttendanceState.HONOURED.value, "created_at": booked,
        "changed_at": booked,
    }  # fmt: skip


def _telling(years: _Years, n: int) -> dict[str, Any]:
    place = _place(years, n)
    told = {"booking": years.first + n, "channel": Channel.EMAIL.value, "number": 1, "state": TellingState.TOLD.value}
    kind = {"kind": MessageKind.CONFIRMATION.value, "at": place["start"] - _BEFORE}
    return {**told, **kind, "facts": _facts(place), "recipient": _EMAIL}


def _facts(place: dict[str, Any]) -> Any:
    return facts_to_json(
        Facts(place["patient"], "BANC Essai", place["dentist"], place["start"], 30, "Contrôle", "Paris")
    )


# --- what came of them, row by row from their bookings ----------------------------------------------------------------

_b = t.booking.c
_Columns = Mapping[str, Any]
_Trace = tuple[Table, int, _Columns]  # a table, of how many bookings one has a row there, and the row


def _leave(tx: Tx, table: Table, every: int, columns: _Columns) -> None:
    values = {"practice": _b.practice, **columns}
    rows = [one if isinstance(one, ColumnElement) else literal(one, table.c[name].type) for name, one in values.items()]
    theirs = (_b.practice == tx.practice, _b.ref.like(f"{GONE_BY}%"), _b.id % every == 0)
    tx.connection.execute(insert(table).from_select(list(values), select(*rows).where(*theirs)))


def _traces(tx: Tx, years: _Years, events: int) -> list[_Trace]:
    def ids(name: str, each: int = 1, nth: int = 0) -> Any:
        """The numbers of such rows, of which each booking has so many."""
        if nth == 0:
            begun[name] = counters.take_numbers(tx, name, each * events).start
        return begun[name] + each * (_b.id - years.first) + nth

    begun: dict[str, int] = {}
    return [
        (t.message, 1, _message(ids("message", 2), MessageKind.CONFIRMATION, 1, _b.created_at)),
        (t.message, 1, _message(ids("message", 2, 1), MessageKind.REMINDER, 0, _b.start)),
        (t.journal, 1, {"id": ids("journal", 4), **_AT_PLACE, "event": "booked", "at": _b.created_at}),
        (t.journal, 1, {"id": ids("journal", 4, 1), **_AT_PLACE, "event": "written", "at": _b.created_at}),
        (t.journal, 1, {"id": ids("journal", 4, 2), **_SENT, "at": _b.created_at}),
        (t.journal, 1, {"id": ids("journal", 4, 3), **_SENT, "at": _b.end}),
        (t.link, 1, {"hash": func.lower(func.hex(func.randomblob(32))), **_OPENED}),
        (t.patient_history, 20, {"id": ids("patient_history"), **_CORRECTED}),
        (t.notice, 500, {"key": literal(f"{GONE_BY}:").concat(_b.ref), **_ALERTED}),
        (t.consent, 50, {"booking": _b.id, "dentist": _b.dentist, "detail": "d'accord pour Dr Martin", "at": _b.start}),
        (t.agreement, 100, {"id": ids("agreement"), **_ASKED}),
        (t.intent, 25, {"booking": _b.id, "seen": "1", "state": IntentState.DONE, **_ASKED_FOR}),
        (t.wish, 100, {"id": ids("wish"), "kind": "call", "detail": {}, **_WHOSE, "at": _b.start, "closed_at": _b.end}),
        (t.waiting, 50, {"id": ids("waiting"), **_WAITED}),
        (t.gap, 20, {"id": ids("gap"), **_FREED}),
        (t.offer, 10, {"id": ids("offer"), "gap": begun["gap"], "waiting": begun["waiting"], **_OFFERED}),
    ]  # fmt: skip


def _message(number: Any, kind: MessageKind, telling: int, at: Any) -> _Columns:
    times = dict.fromkeys(("due_at", "started_at", "done_at", "created_at"), at)
    key = literal(f"{GONE_BY}:{kind}:").concat(_b.ref)
    told = {"kind": kind, "channel": Channel.EMAIL, "number": telling, "recipient": _EMAIL, "facts": _b.facts}
    left = {"key": key, "state": MessageState.SENT, "reference": _b.uid}
    return {"id": number, "booking": _b.id, **left, **told, **times}


_AT_PLACE: _Columns = {"booking": _b.id, "calendar": _b.calendar, "ref": _b.ref}
_SENT: _Columns = {"booking": _b.id, "event": "message-sent", "detail": "confirmation:email"}
_WHOSE: _Columns = {"booking": _b.id, "patient": _b.patient}
_OPENED: _Columns = {**_WHOSE, "kind": "r", "channel": Channel.EMAIL, "made_at": _b.created_at}
_CORRECTED: _Columns = {
    "patient": _b.patient, "field": "mobile", "old": _MOBILE, "new": _MOBILE, "source": "agenda", "at": _b.start,
}  # fmt: skip
_ALERTED: _Columns = {"subject": "attitre : à voir", "text": "", "created_at": _b.start, "sent_at": _b.start}
_ASKED: _Columns = {
    **_WHOSE, "dentist": _b.dentist, "start": _b.start, "name": "BANC Essai", "stands": False,
    "asked_at": _b.created_at, "answer": "accepted", "answered_at": _b.created_at,
}  # fmt: skip
_ASKED_FOR: _Columns = {"kind": "cancel", "asked_at": _b.created_at, "done_at": _b.created_at}
_CLOSED: _Columns = {**_WHOSE, "dentist": _b.dentist, "calendar": _b.calendar, "closed_at": _b.start, "why": "passé"}
_WAITED: _Columns = {
    **_CLOSED, "origin": "tag", "ref": _b.ref, "minutes": 30, "wish": {"wanted": [], "not": []}, "urgent": False,
    "name": "BANC Essai", "fit": True, "since": _b.created_at, "state": EntryState.CLOSED, "confirmed_at": _b.start,
}  # fmt: skip
_SPAN: _Columns = {"start": _b.start, "end": _b.end}
_FREED: _Columns = {
    **{name: one for name, one in _CLOSED.items() if name != "patient"}, **_SPAN, "depth": 0, "state": GapState.CLOSED,
    "seen_at": _b.created_at, "look_at": _b.created_at,
}  # fmt: skip
_OFFERED: _Columns = {
    **_CLOSED, **_SPAN, "kind": "slot", "state": OfferState.SILENT, "made_at": _b.created_at, "until": _b.start,
}  # fmt: skip
