"""Evaluates one present resource: its occurrences, its bookings, and the edit that its event needs."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.entry.reading import Reader
from rules.findings import raised
from rules.model import Annotation, CalendarEvent, alike
from rules.telling.correction_notice import is_companion
from rules.telling.event_block import PROBLEMS, UNREADABLE, problem_feedback
from rules.text.french import day_and_clock
from sync.core.context import Source, World
from sync.core.guard import kept_apart
from sync.evaluate import detached, relocation, waiting_event
from sync.evaluate.gather import Case
from sync.evaluate.occurrence import Outcome, evaluate
from sync.store import bookings, calendars, edits, notices, resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT, ResourceRow

Instance = tuple[str, str]  # (uid, recurrence)


class _Shown(Struct, frozen=True):
    """What is to be written into the event, combined from its occurrences; see Outcome."""

    annotation: Annotation | None = None
    end: datetime | None = None

    def with_(self, more: Outcome) -> _Shown:
        """Combine: of a series the first occurrence with an error is shown, else the first with a warning."""
        mine = self.annotation
        best = more.annotation if mine is None or _weight(more.annotation) > _weight(mine) else mine
        return _Shown(best, more.end or self.end)


def evaluate_resource(
    world: World, tx: Tx, source: Source, row: ResourceRow, entries: Reader, *, apart: bool = False
) -> None:
    """Evaluate every occurrence, then the bookings whose occurrence is gone, then plan the edit, in one transaction.
    `apart`: leave out an occurrence at which the evaluation fails."""
    case = _case(world, tx, source, row, entries)
    if any(is_companion(event) for event in case.reading.events):
        return
    _note_blocked(case)
    if source.lists_waiting:
        _want(case, _problem(case) if case.reading.problem else waiting_event.evaluate(case), None)
        return
    stood = _stood(case)
    shown = _Shown()
    for event in case.reading.events:
        booking = stood.pop((event.uid, event.recurrence), None)
        if _is_asked(case, event, booking):
            shown = shown.with_(found) if (found := _occurrence(case, event, booking, apart=apart)) else shown
    if not case.reading.problem:
        series = {event.uid for event in case.reading.events if event.recurring}
        relocation.events_gone(world, tx, stood.values(), case.now, series)
    _want(case, _problem(case) if case.reading.problem else shown.annotation, shown.end)


def _case(world: World, tx: Tx, source: Source, row: ResourceRow, entries: Reader) -> Case:
    now = world.now()
    reading = world.readings.of(source, row.ref, row.payload, world.window(now))
    reading = detached.without_overrides(tx, source, row, reading, now)
    case = Case(world, tx, source, row, reading, now, entries)
    if _is_history(case):
        return replace(case, fixed="il est trop ancien")
    return case if _may_write(case) else replace(case, fixed="attitre ne peut pas écrire dans cet événement")


def _is_history(case: Case) -> bool:
    """Whether the event is so old that its messages may be deleted: what it says of them stays as it is (law L2)."""
    since = case.world.kept_since(case.now)
    return bool(case.reading.events) and all(event.end < since for event in case.reading.events)


def _is_asked(case: Case, event: CalendarEvent, booking: BookingRow | None) -> bool:
    """Whether the occurrence is to be evaluated: a new one not while its resource may be gone (hard case G03), a past
    one only if it may bring news."""
    if booking is not None:
        return True
    if case.row.state != PRESENT:
        return False
    return event.end > case.now or _typed_too_late(case) or _tells_its_end(case, event)


def _occurrence(case: Case, event: CalendarEvent, booking: BookingRow | None, *, apart: bool) -> Outcome | None:
    if not apart:
        return evaluate(case, event, booking)
    with kept_apart("occurrence not judged"), case.tx.part():
        return evaluate(case, event, booking)
    return None


def _typed_too_late(case: Case) -> bool:
    """Whether a past event was typed since the first pass, with a mistyped date (P17)."""
    return case.reading.sole and not case.row.first_pass


def _tells_its_end(case: Case, event: CalendarEvent) -> bool:
    """Whether a past appointment from before the first pass has since got an outcome typed (P47, P48)."""
    if not case.reading.sole or case.row.baseline:
        return False
    return case.entries.read(event).outcome is not None


# --- the bookings that stood here ------------------------------------------------------------------------------------


def _stood(case: Case) -> dict[Instance, BookingRow]:
    """The resource's bookings by occurrence. If a single event became a series, or the reverse, the occurrence at the
    same time is the same appointment."""
    stood = {(b.uid, b.recurrence): b for b in bookings.at_place(case.tx, *case.place, case.practice.zone)}
    now_stand = {(event.uid, event.recurrence) for event in case.reading.events}
    left = {(b.uid, b.start): key for key, b in stood.items() if key not in now_stand}
    for event in case.reading.events:
        key = left.get((event.uid, event.start))
        if key is not None and (event.uid, event.recurrence) not in stood:
            stood[(event.uid, event.recurrence)] = stood.pop(key)
    _follow_moved_series(case, stood)
    return stood


def _follow_moved_series(case: Case, stood: dict[Instance, BookingRow]) -> None:
    """After a move of a whole series, pair its old and new coming visits in order, so that each is one that moved. If
    one visit is unchanged, the series was shortened or extended, not moved."""
    coming = [event for event in case.reading.events if event.recurrence and event.start > case.now]
    fresh = [event for event in coming if (event.uid, event.recurrence) not in stood]
    if len(fresh) < len(coming):
        return
    left = [b for b in stood.values() if b.recurrence and b.start > case.now and b.vanished_at is None]
    for uid in {event.uid for event in fresh}:
        before = sorted((b for b in left if b.uid == uid), key=lambda b: b.start)
        after = sorted((event for event in fresh if event.uid == uid), key=lambda event: event.start)
        for booking, event in zip(before, after, strict=False):
            del stood[(booking.uid, booking.recurrence)]
            stood[(event.uid, event.recurrence)] = booking


# --- what cannot be read ---------------------------------------------------------------------------------------------


def _note_blocked(case: Case) -> None:
    """Note why the event cannot be written to: its findings go to a notice beside it (hard cases C11, C12)."""
    if case.reading.blocked and not case.row.unwritable:
        why = BLOCKED.get(case.reading.blocked, "y écrire abîmerait son texte")
        resources.change(case.tx, *case.place, unwritable=why)


def _problem(case: Case) -> Annotation:
    """The feedback for an unreadable event; if the event cannot be written to, the practice is mailed."""
    findings = raised(case.practice.policy, case.reading.problem, problem=_what(case))
    if findings and case.reading.blocked and not case.row.first_pass:
        key = f"unreadable:{case.row.calendar}:{case.row.ref}:{case.row.semantic[:16]}"
        notices.raise_once(case.tx, key, *_unreadable(case), case.now)
    return problem_feedback(findings, case.practice)


def _what(case: Case) -> str:
    """The problem in French."""
    twice = case.reading.blocked == "twice" and case.reading.problem == UNREADABLE
    return TWICE if twice else PROBLEMS[case.reading.problem]


def _unreadable(case: Case) -> tuple[str, str]:
    when = next((f" du {day_and_clock(event.start)}" for event in case.reading.events), "")
    text = (
        f"Dans l'agenda « {case.world.called(case.source.dentist)} », un événement{when} n'a pas pu être lu comme "
        f"il faut : {_what(case)}.\n\n{PARTLY if case.reading.events else NOTHING_OF_IT} Recréez-le dans votre "
        "agenda, puis supprimez l'ancien. Les autres rendez-vous ne sont pas concernés."
    )
    return "attitre : un événement n'a pas pu être lu", text


# --- what is to stand in the event -----------------------------------------------------------------------------------


def _want(case: Case, annotation: Annotation | None, end: datetime | None) -> None:
    """Plan the edit that writes this annotation, unless the event has it already."""
    waiting = edits.drop(case.tx, *case.place)
    if annotation is None or case.fixed or not (end or _must_write(case, annotation, waiting=waiting)):
        return
    stamp = max((event.modified for event in case.reading.events if event.modified), default=case.now)
    due = min(stamp, case.now) + timedelta(seconds=case.practice.policy.quiet_seconds)
    edits.want(case.tx, *case.place, annotation, due=due, end=end)


def _may_write(case: Case) -> bool:
    calendar = calendars.get(case.tx, case.row.calendar)
    return not (case.shows_nothing or case.row.unwritable or case.reading.blocked or (calendar and calendar.read_only))


def _must_write(case: Case, annotation: Annotation, *, waiting: bool) -> bool:
    if alike(case.reading.annotation, annotation) and not case.reading.foreign_block:
        return False
    if annotation != case.row.written or waiting:  # new, or planned before and not written yet
        return True
    if case.row.rewrites:  # the user removed our block twice: leave it out (hard case D08)
        if case.reading.annotation.lines:  # the server changes our block: use a notice beside the event (C10)
            resources.change(case.tx, *case.place, unwritable=UNSTABLE)
        return False
    resources.change(case.tx, *case.place, rewrites=case.row.rewrites + 1)
    return True


UNSTABLE = "notre texte y a été changé deux fois"
TWICE = "deux événements différents y portent le même identifiant"
BLOCKED = {
    "attendees": "il a des invités, qui pourraient recevoir un message",
    "twice": TWICE,
}
PARTLY = "Ce qui s'y lit est vérifié, et ses patients en sont prévenus ; rien ne peut y être affiché."
NOTHING_OF_IT = "Aucun patient n'est prévenu de ce qu'il contient."


def _weight(annotation: Annotation) -> int:
    signs = {line[:1] for line in annotation.lines}
    return 2 if "✗" in signs else 1 if "!" in signs else 0
