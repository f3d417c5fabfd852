"""One resource that stands in its calendar: its occurrences, its bookings, and what is to stand in the event."""

from __future__ import annotations

from datetime import timedelta

from adapters.calendars.block import alike
from rules.findings import find
from rules.french import day_and_clock
from rules.model import Annotation, CalendarEvent
from rules.wording import problem_feedback
from sync import apart as split
from sync import moves
from sync.companion import is_companion
from sync.guard import kept_apart
from sync.occurrences import Occurrences
from sync.store import bookings, calendars, edits, notices, resources
from sync.store.bookings import BookingRow
from sync.store.engine import Tx
from sync.store.resources import PRESENT, ResourceRow
from sync.world import Source, World


class Standing:
    """Judges one resource that stands in its calendar, inside one transaction. `apart`: an occurrence at which a fault
    of ours is met is left out, and the others are judged."""

    def __init__(self, world: World, tx: Tx, source: Source, row: ResourceRow, *, apart: bool = False) -> None:
        self.world, self.tx, self.source, self.row = world, tx, source, row
        self.practice, self.now = world.practice, world.now()
        reading = world.readings.of(source, row.ref, row.payload, world.window(self.now))
        self.reading = split.whole(tx, source, row, reading, self.now)
        self.place = (row.calendar, row.ref)
        self.occurrences = Occurrences(world, tx, source, row, self.reading)
        self.writable, self.apart = False, apart

    def judge(self) -> None:
        """Every occurrence, then the bookings whose occurrence went, then what is to stand in the event."""
        if any(is_companion(event) for event in self.reading.events):
            return
        self._note_blocked()
        self.writable = self._may_write()
        self.occurrences.fixed = "" if self.writable else "attitre ne peut pas écrire dans cet événement"
        known = self._known()
        shown: Annotation | None = None
        for event in self.reading.events:
            booking = known.pop((event.uid, event.recurrence), None)
            if booking is None and self.row.state != PRESENT:
                continue  # whether it stands is in doubt: what stood here has left, and nothing new begins (G03)
            if event.end > self.now or booking or self._typed_too_late() or self._tells_its_end(event):
                annotation = self._occurrence(event, booking)
                shown = annotation if shown is None or (annotation and _outranks(annotation, shown)) else shown
        for booking in known.values():
            if not self.reading.problem and not moves.take_new_place(self.world, self.tx, booking, self.now):
                moves.vanish(self.world, self.tx, booking, self.now)
        self._want(self._problem() if self.reading.problem else shown)

    def _occurrence(self, event: CalendarEvent, booking: BookingRow | None) -> Annotation | None:
        if not self.apart:
            return self.occurrences.judge(event, booking)
        with kept_apart("occurrence not judged") as fate, self.tx.part():
            annotation = self.occurrences.judge(event, booking)
        return None if fate.failed else annotation

    def _note_blocked(self) -> None:
        """Why our part cannot stand in the event: then it stands beside it (C11, C12)."""
        if self.reading.blocked and not self.row.unwritable:
            why = BLOCKED.get(self.reading.blocked, "y écrire abîmerait son texte")
            resources.change(self.tx, *self.place, unwritable=why)

    def _known(self) -> dict[tuple[str, str], BookingRow]:
        """The bookings that stood here, by occurrence. Where an event became a series, or a series an event, the
        occurrence at the same time is the same appointment."""
        stood = {(b.uid, b.recurrence): b for b in bookings.at_place(self.tx, *self.place, self.practice.zone)}
        now_stand = {(event.uid, event.recurrence) for event in self.reading.events}
        left = {(b.uid, b.start): key for key, b in stood.items() if key not in now_stand}
        for event in self.reading.events:
            key = left.get((event.uid, event.start))
            if key is not None and (event.uid, event.recurrence) not in stood:
                stood[(event.uid, event.recurrence)] = stood.pop(key)
        self._follow_moved_series(stood)
        return stood

    def _follow_moved_series(self, stood: dict[tuple[str, str], BookingRow]) -> None:
        """A series that was moved as a whole has other occurrences: each coming visit continues in its turn, as one
        that moved. Where one of them stands as before, the series was cut or grew, and was not moved."""
        coming = [event for event in self.reading.events if event.recurrence and event.start > self.now]
        fresh = [event for event in coming if (event.uid, event.recurrence) not in stood]
        if len(fresh) < len(coming):
            return
        left = [b for b in stood.values() if b.recurrence and b.start > self.now and b.vanished_at is None]
        for uid in {event.uid for event in fresh}:
            before = sorted((b for b in left if b.uid == uid), key=lambda b: b.start)
            after = sorted((event for event in fresh if event.uid == uid), key=lambda event: event.start)
            for booking, event in zip(before, after, strict=False):
                del stood[(booking.uid, booking.recurrence)]
                stood[(event.uid, event.recurrence)] = booking

    def _typed_too_late(self) -> bool:
        """A past event is looked at only where it was typed since the first pass: a slip of the date (P17)."""
        return self.reading.sole and not self.row.first_pass

    def _tells_its_end(self, event: CalendarEvent) -> bool:
        """A past appointment from before the first pass, in which she has since typed how it ended (P47, P48)."""
        if not self.reading.sole or self.row.baseline:
            return False
        return self.occurrences.entries.read(event).outcome is not None

    def _problem(self) -> Annotation:
        """Said in the event where that can be; by mail where the event itself cannot be written to."""
        findings = find(self.practice.policy, self.reading.problem, problem=self._what())
        if findings and self.reading.blocked and not self.row.first_pass:
            key = f"unreadable:{self.row.calendar}:{self.row.ref}:{self.row.semantic[:16]}"
            notices.raise_once(self.tx, key, *self._unreadable(), self.now)
        return problem_feedback(findings, self.practice)

    def _what(self) -> str:
        """What is wrong with it, in French."""
        twice = self.reading.blocked == "twice" and self.reading.problem == UNREADABLE
        return TWICE if twice else PROBLEMS[self.reading.problem]

    def _unreadable(self) -> tuple[str, str]:
        when = next((f" du {day_and_clock(event.start)}" for event in self.reading.events), "")
        text = (
            f"Dans l'agenda « {self.world.called(self.source.dentist)} », un événement{when} n'a pas pu être lu comme "
            f"il faut : {self._what()}.\n\n{PARTLY if self.reading.events else NOTHING_OF_IT} Recréez-le dans votre "
            "agenda, puis supprimez l'ancien. Les autres rendez-vous ne sont pas concernés."
        )
        return "attitre : un événement n'a pas pu être lu", text

    # --- what is to stand in the event -------------------------------------------------------------------------------

    def _want(self, annotation: Annotation | None) -> None:
        """Owe the edit that brings our part to this, where we may write and it is not so already."""
        owed = edits.drop(self.tx, *self.place)
        if annotation is None or not self.writable or not self._must_write(annotation, owed=owed):
            return
        stamp = max((event.modified for event in self.reading.events if event.modified), default=self.now)
        due = min(stamp, self.now) + timedelta(seconds=self.practice.policy.quiet_seconds)
        edits.want(self.tx, *self.place, annotation, due=due, end=self.occurrences.end)

    def _may_write(self) -> bool:
        calendar = calendars.get(self.tx, self.row.calendar)
        existing = self.row.baseline and not self.practice.policy.write_existing
        unwritable = self.row.unwritable or self.reading.blocked or (calendar and calendar.read_only)
        return not (existing or unwritable)

    def _must_write(self, annotation: Annotation, *, owed: bool) -> bool:
        if self.occurrences.end is not None:
            return True
        if alike(self.reading.annotation, annotation) and not self.reading.foreign_block:
            return False
        if annotation != self.row.written or owed:  # what is owed still has not been written, nor taken out again
            return True
        if self.row.rewrites:  # she took our part out twice: respect her (D08)
            if self.reading.annotation.lines:  # it stands there, and otherwise than we wrote it: beside it, then (C10)
                resources.change(self.tx, *self.place, unwritable=UNSTABLE)
            return False
        resources.change(self.tx, *self.place, rewrites=self.row.rewrites + 1)
        return True


UNSTABLE = "notre texte y a été changé deux fois"
TWICE = "deux événements différents y portent le même identifiant"
BLOCKED = {
    "attendees": "il a des invités, qui pourraient recevoir un message",
    "altrep": "son texte existe en deux versions",
    "twice": TWICE,
}
UNREADABLE = "event-unreadable"
PARTLY = "Ce qui s'y lit est vérifié, et ses patients en sont prévenus ; rien ne peut y être affiché."
NOTHING_OF_IT = "Aucun patient n'est prévenu de ce qu'il contient."
PROBLEMS = {
    UNREADABLE: "son contenu est abîmé",
    "recurrence-refused": "elle se répète trop souvent ou sans fin",
}


def _outranks(one: Annotation, other: Annotation) -> bool:
    """Of a series, the first occurrence that blocks is shown, else the first that warns."""
    return _weight(one) > _weight(other)


def _weight(annotation: Annotation) -> int:
    signs = {line[:1] for line in annotation.lines}
    return 2 if "✗" in signs else 1 if "!" in signs else 0
