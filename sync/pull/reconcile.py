"""The nightly audit of each calendar: does the store hold what the calendar holds? (docs/design.md#audit)

A sync token (RFC 6578) may hide changes, so each night every calendar is listed whole and compared by version; once a
week a hundredth of the bodies are read again. Hidden changes are counted, repaired on the ordinary path (so the patient
is told once), and end the trust in the calendar's token (`sync.pull.token_trust`).

Trust returns by a test: a token of a distrusted calendar is kept from one audit to the next. If it then names every
change that the whole listings found meanwhile, at least one, it is followed again; if it misses one, it is discarded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from adapters.base import WHOLE, Cursor, CursorLost, Known, Resource
from rules.model import alike
from sync.core.context import Source, World
from sync.pull import token_trust
from sync.pull.mirror import mirror
from sync.pull.multiget import multiget
from sync.store import calendars, journal, resources
from sync.store.calendars import CalendarRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT, ResourceRow

DEEP_EVERY = timedelta(days=7)
SAMPLE_AT_LEAST, SAMPLE_ONE_IN = 3, 100  # bodies that a weekly audit reads: three, and one in a hundred

Found = dict[str, Resource | None]  # ref → the body as it is now; None: it is gone


def audit(world: World, source: Source, row: CalendarRow) -> int:
    """Compare the calendar with the store now, and repair the store. Returns how many changes the token had hidden.
    Raises the errors of adapters.base."""
    from sync.plan.event_faults import evaluate_again  # imported here: needed once a night
    from sync.pull.learnt import take

    deep = row.deep_audit_at is None or world.now() - row.deep_audit_at >= DEEP_EVERY
    with world.store.read() as tx:
        before = resources.versions(tx, source.address)
    seen = _differences(world, source, before, deep=deep)
    if seen:
        mirror(world, source)  # a change that the token names now was not hidden
    hidden = _hidden(world, source, seen, before)
    take(world, source, [body for body in hidden.values() if body], [ref for ref, body in hidden.items() if not body])
    again = _honest_token(world, source, row) if row.doubted_at and not hidden else None
    with world.store.write() as tx:
        _conclude(world, tx, source, len(hidden), again)
        evaluate_again(tx, source.address, world.now())
        if deep:
            calendars.change(tx, source.address, deep_audit_at=world.now())
    _keep_token(world, source)
    return len(hidden)


def _conclude(world: World, tx: Tx, source: Source, hidden: int, again: Cursor | None) -> None:
    now, row = world.now(), calendars.get(tx, source.address)
    assert row is not None
    calendars.change(tx, source.address, audited_at=now, unreported=row.unreported + hidden)
    if hidden:
        journal.log(tx, now, "unreported", detail=str(hidden), calendar=source.address)
        token_trust.lower(tx, source.address, now, _why(hidden, now))
    elif again is not None:
        token_trust.restore(tx, source.address, now, again)


def _why(hidden: int, now: datetime) -> str:
    said = "un changement" if hidden == 1 else f"{hidden} changements"
    return f"le contrôle du {now:%d/%m} a trouvé {said} que le serveur n'avait pas annoncé{'s' if hidden > 1 else ''}"


# --- what differs ----------------------------------------------------------------------------------------------------


def _differences(world: World, source: Source, before: dict[str, str | None], *, deep: bool) -> Found:
    """The resources that differ: a whole listing compared with the store and, weekly, a hundredth of the bodies."""
    found: Found = {}
    missing: list[str] = []
    for page in source.calendar.changes(WHOLE, Known.holding(before)):
        found |= {body.ref: body for body in page.resources}
        missing += [ref for ref in (*page.absent, *page.gone) if ref in before]
    found |= dict(multiget(source.calendar, missing))  # a listing may be cut short: a missing resource may still exist
    if deep:
        sample = _sample([ref for ref in before if ref not in found], source.address, world.now())
        found |= dict(multiget(source.calendar, sample))
    with world.store.read() as tx:
        rows = resources.find(tx, source.address, list(found))
    same = {ref for ref, body in found.items() if body and _same(world, source, rows.get(ref), body, before)}
    return {ref: body for ref, body in found.items() if ref not in same}


def _sample(refs: list[str], calendar: str, now: datetime) -> list[str]:
    """A sample that changes each week, and is the same for every try within the week."""
    week = f"{calendar} {now.isocalendar()[:2]}"
    ordered = sorted(refs, key=lambda ref: hashlib.sha256(f"{week} {ref}".encode()).digest())
    return ordered[: max(SAMPLE_AT_LEAST, len(refs) // SAMPLE_ONE_IN)]


def _same(world: World, source: Source, row: ResourceRow | None, body: Resource, before: dict[str, str | None]) -> bool:
    """Whether the body is the stored one. With an unchanged version, other bytes of the same meaning count as equal:
    some servers stamp each answer anew."""
    if row is None or row.state != PRESENT or row.owed:
        return False
    if row.raw_hash == resources.digest(body.payload):
        return True
    if body.version is not None and body.version != before.get(body.ref):
        return False
    reading = source.calendar.read(body.ref, body.payload, world.window(world.now()))
    return reading.semantic == source.meaning(row) and (row.written is None or alike(reading.annotation, row.written))


def _hidden(world: World, source: Source, found: Found, before: dict[str, str | None]) -> Found:
    """Of the differences, those that the ordinary reading did not bring: the token hid them."""
    with world.store.read() as tx:
        rows = resources.find(tx, source.address, list(found))
    return {ref: body for ref, body in found.items() if _untold(rows.get(ref), body, before.get(ref))}


def _untold(row: ResourceRow | None, body: Resource | None, version: str | None) -> bool:
    if row is None or row.state != PRESENT:
        return row is None and body is not None
    if body is None:
        return True
    return row.version == version and row.raw_hash != resources.digest(body.payload) and not row.owed


# --- trusted again ---------------------------------------------------------------------------------------------------


def _honest_token(world: World, source: Source, row: CalendarRow) -> Cursor | None:
    """The kept token, if it names every change since the last audit; None if it does not, or if nothing changed, which
    proves nothing. A token that misses a change is discarded."""
    with world.store.read() as tx:
        changed = resources.changed_since(tx, source.address, row.audited_at) if row.audited_at else set()
        held = resources.versions(tx, source.address)
    if row.spare_cursor is None or not changed:
        return None
    kept = Cursor(*row.spare_cursor)
    if _names_all(source, kept, changed, held):
        return kept
    with world.store.write() as tx:
        calendars.change(tx, source.address, spare_cursor=None)
    return None


def _names_all(source: Source, token: Cursor, changed: set[str], held: Iterable[str]) -> bool:
    """Whether a report from that token names all changed resources, or asks for a whole listing."""
    named: set[str] = set()
    try:
        for page in source.calendar.changes(token, Known.holding(dict.fromkeys(held))):
            if page.full:
                return True
            named |= {body.ref for body in page.resources} | {*page.gone, *page.owed}
    except CursorLost:
        return False
    return changed <= named


def _keep_token(world: World, source: Source) -> None:
    """Keep a token of a distrusted calendar until the next audit, which tests it."""
    with world.store.read() as tx:
        row, held = calendars.get(tx, source.address), resources.versions(tx, source.address)
    if row is None or row.doubted_at is None or row.spare_cursor is not None:
        return
    cursor = None
    for page in source.calendar.changes(None, Known.holding(held)):
        cursor = page.cursor
    if cursor is not None and cursor.kind != WHOLE.kind:
        with world.store.write() as tx:
            calendars.change(tx, source.address, spare_cursor=[cursor.kind, cursor.value, cursor.query])
