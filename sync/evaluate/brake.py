"""The brake (P43): many deletions at once are held until a person answers with `release` or `drop`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from rules.model import OutcomeKind
from rules.telling import brake
from sync.core.context import World
from sync.evaluate import attendance, duplicates
from sync.plan.messages import plan_booking
from sync.store import bookings, calendars, journal, notices, occurrences, resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx


def apply_brake(world: World, gone: list[tuple[str, str]]) -> None:
    """Hold each calendar with implausibly many vanished bookings, before a cancellation is planned."""
    now = world.now()
    for calendar in Counter(calendar for calendar, _ in gone):
        with world.store.write() as tx:
            missing = _missing(world, tx, calendar, [ref for where, ref in gone if where == calendar], now)
            before = {(one.ref, one.uid) for one in missing if one.vanished_at}
            vanished = {(one.ref, one.uid) for one in missing}  # a series counts once
            future = bookings.count_future(tx, calendar, now) + len(before)
            if not brake.believable(len(vanished), future, world.practice.policy):
                hold(world, tx, calendar, now, len(missing))


def hold(world: World, tx: Tx, calendar: str, now: datetime, count: int | None = None) -> None:
    """Hold that calendar's cancellations and alert the practice, once an episode."""
    row = calendars.get(tx, calendar)
    if row is None or row.held_at is not None:
        return
    calendars.change(tx, calendar, held_at=now)
    journal.log(tx, now, "held", detail=str(count or ""), calendar=calendar)
    if count:
        notices.raise_once(
            tx, f"held:{calendar}:{now.isoformat()}", *_alert(world.called(row.dentist), row.dentist, count), now
        )
    _replan(world, tx, calendar, now)


def release(world: World, tx: Tx, calendar: str, now: datetime) -> int:
    """Approve the held cancellations, which are then told. Returns how many."""
    waiting = bookings.vanished_untold(tx, calendar, now, world.practice.zone)
    bookings.release(tx, [booking.id for booking in waiting], now)
    return _let_go(world, tx, calendar, waiting, now=now, event="released")


def drop(world: World, tx: Tx, calendar: str, now: datetime) -> int:
    """Refuse the held cancellations: no patient is told. Returns how many."""
    waiting = bookings.vanished_untold(tx, calendar, now, world.practice.zone)
    for booking in waiting:
        bookings.change(tx, booking.id, outcome={"kind": OutcomeKind.DROPPED})
    return _let_go(world, tx, calendar, waiting, now=now, event="dropped")


def held_count(world: World, tx: Tx, calendar: str, now: datetime) -> int:
    """How many cancellations a held calendar holds."""
    return len(bookings.vanished_untold(tx, calendar, now, world.practice.zone))


def _missing(world: World, tx: Tx, calendar: str, refs: Iterable[str], now: datetime) -> list[BookingRow]:
    zone = world.practice.zone
    found = {booking.id: booking for booking in bookings.vanished_lately(tx, calendar, now, zone)}
    for ref in refs:
        for booking in bookings.at_place(tx, calendar, ref, zone):
            if booking.vanished_at is None and booking.start > now and not duplicates.twins(tx, booking):
                found[booking.id] = booking
    return list(found.values())


def _let_go(world: World, tx: Tx, calendar: str, waiting: list[BookingRow], *, now: datetime, event: str) -> int:
    calendars.change(tx, calendar, held_at=None)
    journal.log(tx, now, event, detail=str(len(waiting)), calendar=calendar)
    for booking in waiting:
        attendance.note_gone(world, tx, booking.id)
        plan_booking(world, tx, booking.id, now)
        resources.mark_dirty(tx, _overlapping(tx, booking, now), now)
    return len(waiting)


def _overlapping(tx: Tx, booking: BookingRow, now: datetime) -> set[tuple[str, str]]:
    """The places of bookings that shared its time or its patient."""
    theirs = occurrences.places_of_patient(tx, booking.patient, now) if booking.patient is not None else set()
    return theirs | occurrences.neighbours(tx, booking.dentist, booking.start, booking.end)


def _replan(world: World, tx: Tx, calendar: str, now: datetime) -> None:
    for booking in bookings.vanished_untold(tx, calendar, now, world.practice.zone):
        attendance.note_gone(world, tx, booking.id)
        plan_booking(world, tx, booking.id, now)


def _alert(name: str, dentist: str, count: int) -> tuple[str, str]:
    subject = f"attitre : {count} annulations retenues"
    text = (
        f"{count} rendez-vous ont disparu de l'agenda « {name} » en peu de temps. Aucun patient n'a été prévenu.\n\n"
        f"Si c'est voulu : attitre release {dentist}\n"
        "ou écrivez « oui » dans l'événement « annulations retenues » de cet agenda.\n"
        "Si c'est une erreur : rétablissez l'agenda, ou écrivez « non »."
    )
    return subject, text
