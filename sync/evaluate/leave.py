"""The appointments in a dentist's absence, and what their patients answered to « Proposer d'autres dates » (P24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from rules.checks import leave
from rules.checks.leave import Affected
from rules.model import Finding
from rules.text.french import clock, day_and_clock
from sync.core.context import World
from sync.evaluate.gather import Case, Occurrence
from sync.plan import rescue
from sync.store import bookings, occurrences, rescues, resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.rescues import RescueRow


def findings(one: Occurrence) -> tuple[Finding, ...]:
    """What the block says of the appointments in it. Whoever is to be asked is asked now, once (P24)."""
    case, event = one.case, one.event
    place = (case.row.calendar, event.uid)
    asked = rescues.of_leave(case.tx, *place, case.practice.zone) if event.uid else []
    if not (one.entry.rescue or leave.is_leave(event.title, all_day=event.all_day)):
        _note(case.tx, asked, typed=False)
        return ()
    lie_in = _lying_in(one)
    _note(case.tx, asked, typed=one.entry.rescue)
    if one.entry.rescue and case.practice.page_url and event.uid:
        asked = _ask(case, place, lie_in, {row.booking: row for row in asked})
    standing = [row for row in asked if one.entry.rescue or row.at_prompt]
    answers = {row.booking: row for row in standing}
    affected = [*_still_in(case, lie_in, answers, one.entry.rescue), *_moved_out(case, standing, lie_in)]
    return leave.said(affected, event.title, one.entry, case.practice, asked=bool(standing))


def wake(tx: Tx, before: BookingRow, now: datetime) -> None:
    """The booking left its hour: the absences in which it lay, or because of which it was asked, are shown anew."""
    near = rescues.leaves_of(tx, before.id) | occurrences.blocks_around(tx, before.dentist, before.start, before.end)
    resources.mark_dirty(tx, near - {(before.calendar, before.ref)}, now)


def _lying_in(one: Occurrence) -> list[BookingRow]:
    case, event = one.case, one.event
    found = bookings.between(case.tx, event.start, event.end, case.practice.zone, one.dentist)
    here = {source.address for source in case.world.sources}
    return [row for row in found if row.vanished_at is None and row.start > case.now and row.calendar in here]


def _note(tx: Tx, asked: list[RescueRow], *, typed: bool) -> None:
    for row in asked:
        if row.stands != (typed or row.at_prompt):
            rescues.note(tx, row.id, stands=typed or row.at_prompt)


def _ask(
    case: Case, place: rescue.Leave, lie_in: list[BookingRow], asked: Mapping[int, RescueRow]
) -> list[RescueRow]:  # fmt: skip
    for row in lie_in:
        known = asked.get(row.id)
        if known is None and not rescue.why_not(case.world, case.tx, row, case.now):
            rescue.ask(case.world, case.tx, place, row, case.now)
        elif known is not None and known.answer is None and known.start == row.start:
            rescue.send(case.world, case.tx, known.id, row, case.now)
    return rescues.of_leave(case.tx, *place, case.practice.zone)


def _still_in(
    case: Case, lie_in: list[BookingRow], answers: Mapping[int, RescueRow], wanted: bool
) -> Iterator[Affected]:  # fmt: skip
    for row in lie_in:
        answer = answers.get(row.id)
        if answer is None:
            said = rescue.why_not(case.world, case.tx, row, case.now) if wanted or answers else ""
        elif answer.answered_at is not None:
            said = f"refusé le {_stamp(case.world, answer.answered_at)}"
        else:
            said = f"demandé le {_stamp(case.world, answer.asked_at)}, sans réponse"
        yield Affected(row.start, row.facts.name, said)


def _moved_out(case: Case, asked: list[RescueRow], lie_in: list[BookingRow]) -> Iterator[Affected]:
    """Those who were asked and whose appointment is no longer there."""
    here = {row.id for row in lie_in}
    for one in asked:
        row = bookings.get(case.tx, one.booking, case.practice.zone) if one.booking not in here else None
        if row is None:
            continue
        if row.vanished_at is not None:
            yield Affected(one.start, row.facts.name, "annulé", settled=True)
        elif row.start != one.start:
            yield Affected(one.start, row.facts.name, f"déplacé au {day_and_clock(row.start)}", settled=True)


def _stamp(world: World, moment: datetime) -> str:
    local = moment.astimezone(world.practice.zone)
    return f"{local:%d/%m} à {clock(local)}"
