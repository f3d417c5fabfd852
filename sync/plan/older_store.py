"""Detects a store older than the calendars: a backup restored without `attitre sync --restored`.

Our block in an event has receipts: what was sent and when. A receipt that the store does not know, from after its last
reading of the calendar, was written from a newer store; what is pending now was sent then. Until a person answers,
nothing is sent to patients except reminders of other appointments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from adapters.base import Reading
from rules.model import MessageKind
from rules.telling.event_block import receipts_in, receipts_said
from sync.core.context import Source, World
from sync.core.log import log
from sync.plan.messages import receipts
from sync.store import bookings, calendars, generation, journal, keyvalue, notices, resources
from sync.store.engine import Tx

NAME = keyvalue.OLDER
PLACES_AT_MOST = 1000  # events noted: more than a practice messages about in days
WAITS = "la base est plus ancienne que les agendas : le cabinet doit d'abord répondre (attitre status)"
_SENT = re.compile(r"envoyé le (\d\d)/(\d\d) à (\d{1,2}) h(?: (\d\d))?$")
_NOTICE = "older-store:"


def look(world: World, source: Source, ref: str, reading: Reading, now: datetime) -> None:
    """Note an event whose receipts show a newer store. Costs nothing for one without receipts."""
    said = _said(reading, now)
    if not said:
        return
    with world.store.read() as tx:
        row = calendars.get(tx, source.address)
        since = row.last_success if row is not None else None
        lately = {line for line, at in said.items() if since is None or at + timedelta(minutes=1) > since}
        place = (source.address, ref)
        unknown = bool(lately) and not _erased(tx, place) and not lately <= set(_known(world, tx, place, reading))
    if unknown:
        _note(world, source.address, ref, now)


def shows(world: World, tx: Tx, calendar: str, ref: str) -> bool:
    """Whether the event itself says of a message that the store does not know of: its patient was told."""
    standing = resources.get(tx, calendar, ref)
    reading = world.reading(standing) if standing is not None else None
    said = _said(reading, world.now()) if reading is not None else {}
    return reading is not None and not said.keys() <= set(_known(world, tx, (calendar, ref), reading))


def asks(tx: Tx) -> bool:
    """Whether the question to a person is open."""
    return bool(keyvalue.get(tx, NAME))


def holds(tx: Tx, kind: MessageKind, place: tuple[str, str]) -> bool:
    """Whether that message waits for the answer. A reminder waits only for an event with an unknown receipt: it may
    have been sent already."""
    kept = keyvalue.get(tx, NAME)
    if not kept:
        return False
    return kind is not MessageKind.REMINDER or list(place) in json.loads(kept)["places"]


def answered(tx: Tx, now: datetime) -> None:
    """Close the question: a person answered."""
    kept = keyvalue.get(tx, NAME)
    if kept:
        keyvalue.put(tx, NAME, "")
        journal.log(tx, now, "older-store-answered")
        notices.withdraw(tx, _NOTICE + json.loads(kept)["since"])


def tell_all(world: World) -> None:
    """A person wants the pending messages sent."""
    now = world.now()
    with world.store.write() as tx:
        answered(tx, now)


def _said(reading: Reading, now: datetime) -> dict[str, datetime]:
    """The receipts in our block and their moments; none in a copy of another event's block, or another
    installation's."""
    lines = () if reading.foreign_block else reading.annotation.lines
    return {part: at for line in lines for part in receipts_in(line) if (at := _moment(part, now)) is not None}


def _moment(line: str, now: datetime) -> datetime | None:
    """The moment in a receipt line; receipts have no year, so it is the latest one not in the future."""
    found = _SENT.search(" ".join(line.split()))
    if not line.lstrip().startswith("✓") or found is None:
        return None
    day, month, hour, minute = (int(part or 0) for part in found.groups())
    for year in (now.year + 1, now.year, now.year - 1):
        try:
            at = now.replace(year=year, month=month, day=day, hour=hour, minute=minute, second=0, microsecond=0)
        except ValueError:
            continue
        if at <= now + timedelta(days=1):
            return at
    return None


def _erased(tx: Tx, place: tuple[str, str]) -> bool:
    """Whether the event's patient was erased, and its receipts with them."""
    standing = resources.get(tx, *place)
    return standing is not None and resources.emptied(standing)


def _known(world: World, tx: Tx, place: tuple[str, str], reading: Reading) -> Iterator[str]:
    """The receipts that the store wrote here, or would write for the bookings of these events."""
    zone, standing = world.practice.zone, resources.get(tx, *place)
    written = standing.written.lines if standing is not None and standing.written is not None else ()
    yield from (part for line in written for part in receipts_in(line))
    ours = bookings.with_any_uid(tx, sorted({event.uid for event in reading.events}), zone)
    for booking in (*ours, *bookings.at_place(tx, *place, zone)):
        for line in receipts_said(receipts(world, tx, booking.id), world.practice):
            yield " ".join(line.split())


def _note(world: World, calendar: str, ref: str, now: datetime) -> None:
    with world.store.write() as tx:
        kept = keyvalue.get(tx, NAME)
        data = json.loads(kept) if kept else {"since": now.isoformat(), "places": []}
        if [calendar, ref] not in data["places"]:
            data["places"] = [*data["places"], [calendar, ref]][:PLACES_AT_MOST]
            keyvalue.put(tx, NAME, json.dumps(data))
        if not kept:
            log.warning("store older than calendars", practice=world.practice.key, reason=WAITS)
            generation.renew(tx, now)  # new idempotency keys: the newer store used those that this one would take
            journal.log(tx, now, "older-store", calendar=calendar, ref=ref)
            notices.raise_once(tx, f"{_NOTICE}{now.isoformat()}", *QUESTION, now)


QUESTION = (
    "attitre : la base est plus ancienne que les agendas",
    "Des événements disent que des messages sont partis que la base ne connaît pas : une sauvegarde a sans doute été "
    "remise en place. Pour ne rien redire aux patients, plus aucune confirmation, modification ou annulation ne part "
    "avant votre réponse ; les autres rappels partent.\n\n"
    "Ne rien redire de ce qui a changé depuis la sauvegarde : attitre sync --restored\n"
    "Tout dire quand même : attitre sync --tell-all",
)
