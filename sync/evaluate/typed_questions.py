"""Questions typed into calendars (`? dupont`) are answered in their event and removed the next day
(docs/design.md#what-she-types).

A question takes no time, is no booking and no block. It is answered once, and again after an edit. An event that was
turned into a booking, or edited since the answer, is never removed.
"""

from __future__ import annotations

from msgspec.structs import replace

from rules.entry.reading import read
from rules.model import Annotation, CalendarEvent, Motif, Patient, Slot, alike
from rules.patients.clues import Clues, search_term
from rules.telling.typed_question import SHOWN, Answer, Known, Question, fitting, lines, marked, question, sole
from rules.text.fold import fold
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.evaluate.slot_offers import next_free
from sync.store import bookings, edits, history, occurrences, patients, queries, resources
from sync.store.engine import Tx
from sync.store.queries import QueryRow
from sync.store.resources import GONE, PRESENT, ResourceRow

NEAREST = 3  # patients named when nobody of that name is found
DAYS, FIRST, OTHERS = 60, 3, 1  # how far ahead slots are searched; how many of the first dentist, of each other


def answered(world: World, tx: Tx, row: ResourceRow, event: CalendarEvent, dentist: str) -> Annotation:
    """The answer as the event's annotation. A question from before the first pass is not answered."""
    asked = read(event, world.practice, world.now()).query or ""
    if row.baseline and not world.practice.policy.write_existing:
        return Annotation()
    kept = queries.get(tx, row.calendar, row.ref)
    if kept is not None and kept.asked == asked:
        return Annotation("", kept.lines)
    said = _answer(world, tx, asked, dentist, repeated=event.recurring or bool(event.recurrence))
    queries.put(tx, row.calendar, row.ref, asked, said, now=world.now())
    return Annotation("", said)


def tidy(world: World) -> int:
    """Plan the removal of yesterday's questions. Returns how many; one that fails does not stop the others."""
    with world.store.read() as tx:
        old = queries.of_yesterday(tx, world.now())
    return sum(_safely(world, row) for row in old)


# --- the answer ------------------------------------------------------------------------------------------------------


def _answer(world: World, tx: Tx, asked: str, dentist: str, *, repeated: bool) -> tuple[str, ...]:
    what = question(asked, world.practice)
    found = _people(world, tx, what) if what.term else Answer()
    found = replace(found, slots=_slots(world, tx, what, found, dentist))
    return lines(what, found, world.practice, repeated=repeated)


def _people(world: World, tx: Tx, what: Question) -> Answer:
    clues = search_term(what.term)
    people, partly = fitting(what, clues, patients.candidates(tx, clues))
    if not people:
        return Answer(nearest=_nearest(tx, what.term, clues))
    known = [_known(world, tx, one) for one in people[:SHOWN]]
    return Answer((*known, *(Known(one) for one in people[SHOWN:])), partly)


def _nearest(tx: Tx, term: str, clues: Clues) -> tuple[Patient, ...]:
    """Patients of a similar name, or with one similar word in it: often only a surname is typed."""
    alike = queries.near_words(tx, clues.names)
    by_word = patients.candidates(tx, Clues(names=alike)) if alike else ()
    return tuple(dict.fromkeys((*patients.nearest(tx, fold(term)), *by_word)))[:NEAREST]


def _known(world: World, tx: Tx, patient: Patient) -> Known:
    assert patient.id is not None
    now, zone = world.now(), world.practice.zone
    past = history.visits(tx, patient.id, now, zone)
    ahead = [one for one in occurrences.busy_of_patient(tx, patient.id, now) if one.start > now]
    first = min(ahead, key=lambda one: one.start, default=None)
    return Known(replace(patient, visits=past), (first.start, first.dentist) if first else None)


def _slots(world: World, tx: Tx, what: Question, found: Answer, dentist: str) -> tuple[Slot, ...]:
    """Free times of the dentist asked for, else of the patient's own, else of the calendar's; then of the others
    (P24)."""
    practice, patient = world.practice, sole(found)
    motif = practice.motif(what.motif)
    if motif is None:
        return ()
    first = what.dentist or (patient.dentist if patient else None) or dentist
    ordered = sorted(practice.dentists, key=lambda one: one.key != first)
    slots = [slot for one in ordered for slot in _free(tx, one.key, motif, what, world, first=one.key == first)]
    return marked(slots, patient)


def _free(tx: Tx, key: str, motif: Motif, what: Question, world: World, *, first: bool) -> tuple[Slot, ...]:
    limit, urgent = FIRST if first else OTHERS, motif.within_days is not None
    return next_free(tx, world, key, motif.length(what.first), limit=limit, days=DAYS, urgent=urgent)


# --- the next day ----------------------------------------------------------------------------------------------------


def _safely(world: World, row: QueryRow) -> int:
    """Remove one question; its fault ends here (law L10)."""
    with kept_apart("question not removed"):
        return _tidy(world, row)
    return 0


def _tidy(world: World, row: QueryRow) -> int:
    with world.store.read() as tx:
        standing = resources.get(tx, row.calendar, row.ref)
    if standing is None or standing.state == GONE or not _is_question(world, standing):
        with world.store.write() as tx:
            queries.forget(tx, row.calendar, row.ref)
        return 0
    if not _untouched(world, row, standing):
        return 0
    with world.store.write() as tx:
        edits.want(tx, row.calendar, row.ref, Annotation("", row.lines), due=world.now(), remove=True)
    return 1


def _is_question(world: World, standing: ResourceRow) -> bool:
    source = world.source(standing.calendar)
    if source is None:  # the calendar left the configuration: keep the question
        return True
    reading = world.readings.of(source, standing.ref, standing.payload, world.window(world.now()))
    return any(read(event, world.practice, world.now()).query is not None for event in reading.events)


def _untouched(world: World, row: QueryRow, standing: ResourceRow) -> bool:
    """Whether the event is as it was answered: single, with our answer in it, and not edited since."""
    source = world.source(standing.calendar)
    if source is None or standing.state != PRESENT or standing.owed or standing.baseline or standing.unwritable:
        return False
    if standing.changed_at > row.answered_at or _was_booking(world, standing):
        return False
    reading = world.readings.of(source, standing.ref, standing.payload, world.window(world.now()))
    single = reading.sole and len(reading.events) == 1 and not reading.events[0].recurring and not reading.blocked
    return single and alike(reading.annotation, Annotation("", row.lines))


def _was_booking(world: World, standing: ResourceRow) -> bool:
    """Whether the event holds a booking on which its patient may count."""
    with world.store.read() as tx:
        stood = bookings.at_place(tx, standing.calendar, standing.ref, world.practice.zone)
    return any(booking.vanished_at is None for booking in stood)
