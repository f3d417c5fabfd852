"""Agreements to another dentist, one for each booking and dentist (P23, ruling 10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from rules.model import Consent
from rules.text.fold import key
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, in_parts, those

_COPIED = ""  # in the place of a dentist: words that came with a copied event
_c, _b = t.consent.c, t.booking.c
_NOTED = (*here(t.consent, "booking"), _c.dentist != _COPIED)
_OF = select(_c.dentist).where(*_NOTED).order_by(_c.at)
_OF_ANY = (
    select(_c.booking, _c.dentist).where(*here(t.consent), those(_c.booking), _c.dentist != _COPIED).order_by(_c.at)
)
_WORDS = select(_c.detail).where(*here(t.consent, "booking"), _c.dentist == _COPIED)
# in two steps: of a join, SQLite walks through all agreements first
_BOOKED = select(_b.id, _b.calendar, _b.ref).where(*here(t.booking, "patient"))
_SAID = select(_c.booking, _c.detail).where(*here(t.consent), those(_c.booking))


def record(tx: Tx, booking: int, dentist: str, consent: Consent, now: datetime) -> None:
    """Store, once, that this agreement was typed while the booking was with that dentist. An agreement to another
    dentist, by name or because one was stored before, does not count for this one."""
    noted = of(tx, booking)
    void = consent.dentist != dentist if consent.dentist else bool(noted)
    if dentist not in noted and not void:
        _add(tx, booking, dentist, consent.detail, now)


def of(tx: Tx, booking: int) -> tuple[str, ...]:
    """The dentists to whom the patient agreed for that booking."""
    known: tuple[str, ...] | None = tx.cache.agreed.get(booking)
    return tuple(tx.run(_OF, the_booking=booking).scalars()) if known is None else known


def expect(tx: Tx, bookings: Sequence[int]) -> None:
    """Read in one query the agreements for these bookings, before they are asked for one by one."""
    agreed = tx.cache.agreed
    agreed.update(dict.fromkeys(bookings, ()))
    for part in in_parts(bookings):
        for row in tx.run(_OF_ANY, those_booking=part):
            agreed[row.booking] += (row.dentist,)


def noted(tx: Tx, booking: int) -> list[dict[str, Any]]:
    """The agreements stored for that booking: dentist, words, when."""
    c = t.consent.c
    query = select(c.dentist, c.detail, c.at).where(
        c.practice == tx.practice, c.booking == booking, c.dentist != _COPIED
    )
    return [dict(row) for row in tx.connection.execute(query.order_by(c.at)).mappings()]


def copied(tx: Tx, booking: int, detail: str) -> bool:
    """Whether these words came with a copied event and were typed for another booking (ruling 10)."""
    noted = _copied(tx, booking)
    return noted is not None and key(noted) == key(detail)


def note_copied(tx: Tx, booking: int, detail: str, now: datetime) -> None:
    """Store these words as copied, so that they never count for this booking."""
    if _copied(tx, booking) is None:
        _add(tx, booking, _COPIED, detail, now)


def said_here(tx: Tx, booking: int, detail: str) -> bool:
    """Whether these words are stored as an agreement for that booking."""
    return any(key(one["detail"]) == key(detail) for one in noted(tx, booking))


def forget(tx: Tx, booking: int) -> None:
    """Another patient has the booking: nobody agreed for them."""
    tx.connection.execute(delete(t.consent).where(_c.practice == tx.practice, _c.booking == booking))
    tx.cache.agreed.pop(booking, None)


def said_elsewhere(
    tx: Tx, patient: int, detail: str, booking: int | None, place: tuple[str, str]
) -> list[tuple[str, str]]:
    """The places of the patient's other bookings for which these words were stored; none where they were for this one
    too. Bookings at the same place do not count: the occurrences of a series share one text."""
    places = {row.id: (row.calendar, row.ref) for row in tx.run(_BOOKED, the_patient=patient)}
    said = [row for part in in_parts(sorted(places)) for row in tx.run(_SAID, those_booking=part)]
    same = [row.booking for row in said if key(row.detail) == key(detail)]
    return [] if booking in same else [places[one] for one in same if places[one] != place]


def hand_over(tx: Tx, young: int, elder: int) -> None:
    """The younger booking turned out to be the elder one: move its agreements."""
    c = t.consent.c
    here = (c.practice == tx.practice, c.booking == young)
    for dentist in set(of(tx, young)) - set(of(tx, elder)):
        tx.connection.execute(update(t.consent).where(*here, c.dentist == dentist).values(booking=elder))
    tx.connection.execute(delete(t.consent).where(*here))
    for booking in (young, elder):
        tx.cache.agreed.pop(booking, None)


def _copied(tx: Tx, booking: int) -> str | None:
    return tx.run(_WORDS, the_booking=booking).scalar()


def _add(tx: Tx, booking: int, dentist: str, detail: str, now: datetime) -> None:
    row = {"booking": booking, "dentist": dentist, "detail": detail, "at": now}
    tx.connection.execute(insert(t.consent).values(practice=tx.practice, **row))
    tx.cache.agreed.pop(booking, None)
