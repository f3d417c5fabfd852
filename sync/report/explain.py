"""Explains one event: what was recognised, evaluated, planned, sent and written, and when (`attitre explain`).

Reads the store only and changes nothing. The reasons come from the code that decides: the planning table, the
outbox's reasons to wait, the findings as the secretary read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from adapters.base import Reading
from rules.checks.agenda import block_findings
from rules.entry.reading import read
from rules.findings import raised
from rules.model import CalendarEvent, Channel, Finding, Kind, MessageKind, OutcomeKind, Patient
from rules.telling.event_block import PROBLEMS
from rules.telling.planning import Cell, Knowledge, Row
from rules.telling.reminder_hour import reminder_at
from sync.core.context import World
from sync.plan.messages import is_held, reasons
from sync.plan.readiness import why_wait
from sync.report.facts import Fact, facts
from sync.report.journal_labels import OF_A_CALENDAR, in_words
from sync.report.lookup import Target, event_of, reading_of
from sync.store import agreements, backlog, bookings, calendars, history, messages, patients, resources, story
from sync.store.bookings import BookingRow
from sync.store.edits import EditRow
from sync.store.engine import Tx
from sync.store.messages import MessageRow
from sync.store.resources import ResourceRow
from sync.store.states import AnswerState

LATE = timedelta(hours=3)


class Plan(Struct, frozen=True):
    """What is sent by one channel, or why nothing is. `due`: the earliest time; the next pass sends it."""

    channel: Channel
    kind: MessageKind | None
    reason: str
    due: datetime | None = None
    reminder: str = ""


class Message(Struct, frozen=True):
    """One message of the booking. `reason`: why it is in its state."""

    row: MessageRow
    reason: str = ""


class Moment(Struct, frozen=True):
    """Something that happened."""

    at: datetime
    event: str
    text: str


class Writing(Struct, frozen=True):
    """Our part of the event: the present mark, when it was written, the write that is due, and why nothing is written.
    `end`: the new end that the same write sets (P8)."""

    mark: str = ""
    present: bool = False
    last: datetime | None = None
    due: datetime | None = None
    attempts: int = 0
    reason: str = ""
    end: datetime | None = None


class Explanation(Struct, frozen=True):
    """Everything about one event. Times are in the practice's zone. `before`: of one not checked yet, how many are
    checked before it."""

    target: Target
    kind: Kind
    state: str
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    plans: tuple[Plan, ...] = ()
    messages: tuple[Message, ...] = ()
    writing: Writing = Writing()
    story: tuple[Moment, ...] = ()
    before: int | None = None


# --- everything about it ---------------------------------------------------------------------------------------------


def explain(world: World, tx: Tx, target: Target) -> Explanation:
    """All that the store knows of it."""
    row = resources.get(tx, *target.place)
    event = event_of(world, row, target.uid, target.recurrence)
    if target.booking is None:
        return _no_booking(world, tx, target, row, event)
    booking = target.booking
    patient = _patient(world, tx, booking)
    now, rows = world.now(), messages.of_booking(tx, booking.id, world.practice.zone)
    entry = read(event, world.practice, now) if event else None
    return Explanation(
        target=target, kind=Kind.BOOKING, state=_state(tx, booking, now),
        facts=tuple(facts(event, entry, booking, patient, world.practice)) if event and entry else (),
        findings=booking.findings if booking.state != bookings.VANISHED else (),
        plans=tuple(_plans(world, tx, booking, rows, now)),
        messages=tuple(Message(one, _standing(world, tx, booking, one, now)) for one in rows),
        writing=_writing(world, tx, target, row),
        story=_story(world, tx, target),
    )  # fmt: skip


def _no_booking(
    world: World, tx: Tx, target: Target, row: ResourceRow | None, event: CalendarEvent | None
) -> Explanation:
    kinds = [one.kind for one in story.occurrences(tx, place=target.place) if one.uid == target.uid]
    kind = Kind(kinds[0]) if kinds else Kind.IGNORED
    if event and not event.private and read(event, world.practice, world.now()).query is not None:
        kind = Kind.QUERY
    found: tuple[Finding, ...] = ()
    if row and row.problem in PROBLEMS:
        found = raised(world.practice.policy, row.problem, problem=PROBLEMS[row.problem])
    elif kind is Kind.BLOCK and event:
        found = block_findings(event, world.practice)
    writing, past = _writing(world, tx, target, row), _story(world, tx, target)
    if row and not row.problem and not row.is_evaluated:
        return Explanation(target, kind, "unchecked", writing=writing, story=past, before=backlog.before(tx, row))
    state = "unreadable" if row and row.problem else _BLOCKS[bool(found)] if kind is Kind.BLOCK else kind.value
    return Explanation(target, kind, state, findings=found, writing=writing, story=past)


_BLOCKS = {True: "block_without_motif", False: "block"}


def _patient(world: World, tx: Tx, booking: BookingRow) -> Patient | None:
    patient = patients.get(tx, booking.patient) if booking.patient else None
    if patient is None or patient.id is None:
        return None
    visits = history.visits(tx, patient.id, min(world.now(), booking.start), world.practice.zone)
    return replace(patient, visits=visits)


def _state(tx: Tx, booking: BookingRow, now: datetime) -> str:
    """`held`: the booking vanished and the brake holds its cancellation; `refused`: a person refused that."""
    if booking.state != bookings.VANISHED:
        past = booking.end <= now and booking.attendance
        return booking.attendance or "" if past else booking.state
    if (booking.outcome or {}).get("kind") == OutcomeKind.DROPPED:
        return "refused"
    return "held" if is_held(tx, booking) else "cancelled"


# --- the plan --------------------------------------------------------------------------------------------------------


def _plans(world: World, tx: Tx, booking: BookingRow, rows: list[MessageRow], now: datetime) -> Iterator[Plan]:
    for channel, known, cell in reasons(world, tx, booking, now):
        yield _plan(world, booking, channel, known, cell, rows=rows, now=now)


def _plan(
    world: World, booking: BookingRow, channel: Channel, known: Knowledge, cell: Cell, *, rows: list[MessageRow],
    now: datetime,
) -> Plan:  # fmt: skip
    here = [one for one in rows if one.channel is channel]
    reminder = _reminder(world, known, cell, rows=here, now=now)
    if cell.kind is None:
        if not known.sure and cell.remind:
            return Plan(channel, None, _UNSURE, reminder=reminder)
        return Plan(channel, None, _CANCELLED if _knows_cancelled(known, here) else cell.reason, reminder=reminder)
    waiting = [one for one in here if one.state == messages.PENDING and one.kind is cell.kind]
    if waiting:
        due = (waiting[-1].next_try or waiting[-1].due_at).astimezone(world.practice.zone)
        return Plan(channel, cell.kind, cell.reason, due, reminder)
    address = (booking.mobile if channel is Channel.SMS else booking.email) or known.recipient
    why = _silent(world, channel, cell, here) if address else f"aucun {_ADDRESS[channel]} n'est connu"
    return Plan(channel, None, f"{cell.reason}, mais {why}", reminder=reminder)


_UNSURE = "le message qui le dit est parti, mais sa réponse n'est pas connue"
_CANCELLED = "le patient sait que le rendez-vous n'a plus lieu"


def _knows_cancelled(known: Knowledge, rows: list[MessageRow]) -> bool:
    """A patient who was told of the cancellation counts, for the planning table, as one who was never told."""
    told = [one for one in rows if one.state == messages.SENT and one.kind.tells]
    return known.row is Row.NEVER and bool(told) and told[-1].kind is MessageKind.CANCELLATION


def _silent(world: World, channel: Channel, cell: Cell, rows: list[MessageRow]) -> str:
    """Why the planning table wants a message and none is due."""
    if any(one.state == messages.HELD and one.kind is cell.kind for one in rows):
        return "le message est retenu : le cabinet doit décider (attitre release)"
    if any(one.state == messages.FAILED and one.kind is cell.kind for one in rows):
        return "le message a été refusé pour de bon : il repart si l'adresse ou la date change"
    if any(one.state in {messages.DROPPED, messages.UNCERTAIN} and one.kind is cell.kind for one in rows):
        return "le dernier message est classé ou incertain"
    if channel not in world.senders:
        return "la configuration ne prévoit pas ce moyen d'envoi"
    return "rien n'est encore en attente : voir au prochain passage"


_ADDRESS = {Channel.SMS: "mobile", Channel.EMAIL: "e-mail"}


def _reminder(world: World, known: Knowledge, cell: Cell, *, rows: list[MessageRow], now: datetime) -> str:
    """The reminder's time, or why there is none (P41, ruling 5). Empty before the confirmation."""
    if known.facts is None or known.at is None or known.row is Row.IN_FLIGHT or known.facts.start <= now:
        return ""
    due = reminder_at(known.facts.start, world.practice.policy.reminder_hours, world.practice)
    sent = [one for one in rows if one.kind is MessageKind.REMINDER and one.facts.start == known.facts.start]
    if sent:
        return f"rappel : {_REMINDED.get(sent[-1].state, 'en attente')}"
    if not cell.remind or cell.kind:
        return "pas de rappel tant que cela dure"
    if known.at >= due:
        return "pas de rappel : prévenu peu avant le rendez-vous, ce message en tient lieu"
    if known.facts.start - now < LATE:
        return "pas de rappel : il reste moins de trois heures"
    return f"rappel le {due.astimezone(world.practice.zone):%d/%m/%Y à %H:%M}"


_REMINDED = {
    messages.SENT: "envoyé", messages.FAILED: "non remis", messages.UNCERTAIN: "incertain",
    messages.SUPPRESSED: "sans objet", messages.DROPPED: "classé",
    messages.SUPERSEDED: "remplacé par un message plus récent",
}  # fmt: skip


def _standing(world: World, tx: Tx, booking: BookingRow, row: MessageRow, now: datetime) -> str:
    if row.state != messages.PENDING:
        return row.reason or ""
    if row.channel not in world.senders:
        return "la configuration ne prévoit pas ce moyen d'envoi"
    if row.attempts:
        return row.reason or ""
    if row.due_at > now:
        return "attend que l'événement ne change plus"
    return why_wait(tx, booking, row, now) or "part au prochain passage"


# --- what stands in the event ----------------------------------------------------------------------------------------


def _writing(world: World, tx: Tx, target: Target, row: ResourceRow | None) -> Writing:
    if row is None or row.state == resources.GONE:
        return Writing(reason="l'événement n'est plus dans l'agenda")
    reading, zone = reading_of(world, row), world.practice.zone
    ours = reading.annotation if reading else None
    lines = bool(ours and (ours.lines or ours.mark))
    last = [one.at for one in story.journal(tx, target.place, None) if one.event == "written"]
    found = Writing((ours.mark if ours else "").strip(), lines, last[-1].astimezone(zone) if last else None)
    edit = story.planned_edit(tx, target.place)
    if edit is not None:
        end = edit.end.astimezone(zone) if edit.end else None
        due, why = edit.due_at.astimezone(zone), _why_not_yet(world, edit)
        return replace(found, due=due, attempts=edit.attempts, reason=why, end=end)
    return replace(found, reason=_unwritten(world, tx, row, reading))


def _why_not_yet(world: World, edit: EditRow) -> str:
    if edit.attempts:
        return "l'écriture a échoué, nouvel essai"
    if edit.remove:
        return "la question a sa réponse : l'événement est retiré de l'agenda"
    quiet = world.practice.policy.quiet_seconds
    return f"{quiet} secondes de calme après sa dernière modification" if edit.due_at > world.now() else ""


def _unwritten(world: World, tx: Tx, row: ResourceRow, reading: Reading | None) -> str:
    """Why no write is due, as the evaluation decides it."""
    calendar = calendars.get(tx, row.calendar)
    if calendar and calendar.read_only:
        return f"l'agenda est en lecture seule ({calendar.read_only})"
    if row.unwritable:
        return row.unwritable
    if reading and reading.blocked:
        return _BLOCKED.get(reading.blocked, "y écrire l'abîmerait")
    if row.baseline and not world.practice.policy.write_existing:
        return "présent avant le premier passage : attitre n'y écrit pas (réglage « feedback: {existing: write} »)"
    if row.rewrites:
        return "le retour a été retiré à la main : il n'est pas remis"
    return ""


_BLOCKED = {
    "attendees": "l'événement a des invités : y écrire pourrait leur envoyer un message",
    "unreadable": "son contenu n'a pas pu être lu",
}


# --- what happened ---------------------------------------------------------------------------------------------------


def _story(world: World, tx: Tx, target: Target) -> tuple[Moment, ...]:
    """Entries of the journal, agreements and directory, oldest first. Of its calendar only those since the event was
    first seen."""
    zone, booking = world.practice.zone, target.booking
    lines = story.journal(tx, target.place, booking.id if booking else None)
    born = min([one.at for one in lines if one.event not in OF_A_CALENDAR], default=None)
    first = booking.created_at if booking else born
    kept = [one for one in lines if first and (one.at >= first or one.event not in OF_A_CALENDAR)]
    moments = [Moment(one.at, one.event, in_words(one.event, one.detail)) for one in kept]
    moments += list(_noted(world, tx, target))
    return tuple(replace(one, at=one.at.astimezone(zone)) for one in sorted(moments, key=_in_time))


def _in_time(one: Moment) -> tuple[datetime, int]:
    """The order within one moment: what was seen, what was concluded, what was done."""
    return one.at, 0 if one.event in _SEEN else 1 if one.event in _MADE else 2


_SEEN = frozenset({"booked", "moved", "vanished"})
_MADE = frozenset({"baseline", "directory", "consent", "held", "released", "dropped", "approved", "planned"})


def _noted(world: World, tx: Tx, target: Target) -> Iterator[Moment]:
    booking = target.booking
    if booking is None:
        return
    if booking.baseline:
        yield Moment(booking.created_at, "baseline", "présent au premier passage : le patient compte comme prévenu")
    made = story.planned(tx, booking.id)
    for row in messages.of_booking(tx, booking.id, world.practice.zone):
        yield Moment(made[row.id], "planned", in_words("planned", f"{row.kind}:{row.channel}") + _moved(row))
    for at, dentist, detail in story.consents(tx, booking.id):
        said = f"accord du patient noté pour {world.called(dentist)}"
        yield Moment(at, "consent", f"{said} : {detail}" if detail else said)
    yield from _answered_by_link(world, tx, booking)
    if booking.patient:
        changed: dict[datetime, list[str]] = {}
        for at, field in story.directory_changes(tx, booking.patient, target.place):
            changed.setdefault(at, []).append(_FIELDS.get(field, field))
        for at, fields in changed.items():
            yield Moment(at, "directory", f"fichier mis à jour : {', '.join(fields)}")
    if booking.released_at:
        yield Moment(booking.released_at, "approved", "annulation approuvée par une personne")


def _moved(row: MessageRow) -> str:
    if row.kind is not MessageKind.MODIFICATION or row.before is None or row.before.start == row.facts.start:
        return ""
    return f" (du {row.before.start:%d/%m/%Y %H:%M} au {row.facts.start:%d/%m/%Y %H:%M})"


_FIELDS = {
    "family_name": "nom", "given_name": "prénom", "birth_name": "nom de naissance", "birth_date": "date de naissance",
    "mobile": "mobile", "email": "e-mail", "address": "adresse", "dentist": "dentiste attitré",
    "guardian": "responsable", "foreign_id": "numéro du logiciel", "guardian_mobile": "mobile du responsable",
    "guardian_email": "e-mail du responsable", "guardian_since": "date du responsable", "without_mobile": "sans mobile",
    "without_mobile_since": "date de « sans mobile »", "without_email": "sans e-mail",
    "without_email_since": "date de « sans e-mail »",
}  # fmt: skip


def _answered_by_link(world: World, tx: Tx, booking: BookingRow) -> Iterator[Moment]:
    """The patient's own answers about another dentist, with what they had read (P23)."""
    for one in agreements.of_any(tx, booking.id, world.practice.zone):
        if one.answered_at is not None and one.wording:
            said = "accordé" if one.answer is AnswerState.ACCEPTED else "refusé"
            yield Moment(one.answered_at, "consent", f"{said} par lien ; le patient avait lu : « {one.wording} »")
