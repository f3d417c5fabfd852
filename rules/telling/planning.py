"""Decides what is to be sent, from what the calendar says and what the patient was last told (P18, P42, P43;
docs/design.md#the-planning-table).

The plan is a table. A row is what one patient knows about one booking through one channel; a column is what the
calendar says now. Each cell names a message or none, whether a reminder may go, and why. The same facts give the same
plan (law L2).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Booking, Facts, MessageKind, Practice
from rules.telling.reminder_hour import hour_has_come
from rules.text.fold import fold, words


class Row(StrEnum):
    """What the patient knows. Baseline: told by a person before the first pass. In flight: a message is on its way, or
    will be sent again. Unclear: a message may have arrived, and no row repeats it; `UNCLEAR_END`: it was a
    cancellation."""

    NEVER = "never"
    BASELINE = "baseline"
    TOLD = "told"
    IN_FLIGHT = "in_flight"
    UNCLEAR = "unclear"
    UNCLEAR_END = "unclear_end"


class Column(StrEnum):
    """What the calendar says. Vanished: deleted, or cancelled explicitly. Held: vanished, and the brake is on."""

    VALID = "valid"
    INVALID = "invalid"
    VANISHED = "vanished"
    HELD = "held"
    PAST = "past"
    OTHER_PATIENT = "other_patient"


class Cell(Struct, frozen=True):
    """What to do. `kind` None: nothing is sent. `alert`: the practice is alerted. `reason`: for `attitre explain`.
    `again`: the message says what an unclear one said already."""

    kind: MessageKind | None
    reason: str
    remind: bool = False
    alert: bool = False
    again: bool = False


_CONFIRM, _MODIFY, _CANCEL = MessageKind.CONFIRMATION, MessageKind.MODIFICATION, MessageKind.CANCELLATION
_SAME = Cell(None, "le patient sait déjà tout cela", remind=True)
_PAST = Cell(None, "le rendez-vous est passé")
_SILENT = Cell(None, "le patient n'a jamais été prévenu de ce rendez-vous")
_HELD = Cell(None, "annulations retenues : le cabinet doit décider", alert=True)
_TOLD_CANCEL = Cell(_CANCEL, "le rendez-vous n'a plus lieu")
_TOLD_OTHER = Cell(_CANCEL, "l'événement porte maintenant un autre patient")
_DOUBT = Cell(None, "déplacé mais à corriger : le patient garde ce qu'il sait, le cabinet est alerté", alert=True)
_INCOMPLETE = Cell(None, "à corriger : rien ne part avant")
_AGAIN = Cell(_CONFIRM, "on ne sait pas si le patient l'a appris : l'état actuel lui est dit une fois", again=True)
_AGAIN_MOVED = Cell(_MODIFY, _AGAIN.reason, again=True)
_AGAIN_ENDED = Cell(_CANCEL, "on ne sait pas si le patient a appris l'annulation : elle lui est redite", again=True)
_RESTORED = Cell(_CONFIRM, "le patient a peut-être appris l'annulation, et le rendez-vous a lieu")
_RESTORED_DOUBT = Cell(None, "le patient a peut-être appris l'annulation, et le rendez-vous est à corriger", alert=True)

_Key = tuple[Row, Column, bool]
TABLE: dict[_Key, Cell] = {
    (Row.NEVER, Column.VALID, True): Cell(_CONFIRM, "validé"),
    (Row.NEVER, Column.INVALID, True): _INCOMPLETE,
    (Row.NEVER, Column.VANISHED, True): _SILENT,
    (Row.NEVER, Column.HELD, True): _SILENT,
    (Row.NEVER, Column.PAST, True): _PAST,
    (Row.NEVER, Column.OTHER_PATIENT, True): _SILENT,
    (Row.BASELINE, Column.VALID, False): _SAME,
    (Row.BASELINE, Column.VALID, True): Cell(_MODIFY, "déplacé ou modifié depuis le premier passage", remind=True),
    (Row.BASELINE, Column.INVALID, False): Cell(None, "présent avant le premier passage : rappelé", remind=True),
    (Row.BASELINE, Column.INVALID, True): _DOUBT,
    **{(Row.BASELINE, Column.VANISHED, changed): _TOLD_CANCEL for changed in (False, True)},
    **{(Row.BASELINE, Column.HELD, changed): _HELD for changed in (False, True)},
    **{(Row.BASELINE, Column.PAST, changed): _PAST for changed in (False, True)},
    **{(Row.BASELINE, Column.OTHER_PATIENT, changed): _TOLD_OTHER for changed in (False, True)},
}
for _row in (Row.TOLD, Row.IN_FLIGHT):
    TABLE |= {
        (_row, Column.VALID, False): _SAME,
        (_row, Column.VALID, True): Cell(_MODIFY, "déplacé ou modifié"),
        (_row, Column.INVALID, False): Cell(None, "à corriger : le patient garde ce qu'il sait"),
        (_row, Column.INVALID, True): _DOUBT,
        **{(_row, Column.VANISHED, changed): _TOLD_CANCEL for changed in (False, True)},
        **{(_row, Column.HELD, changed): _HELD for changed in (False, True)},
        **{(_row, Column.PAST, changed): _PAST for changed in (False, True)},
        **{(_row, Column.OTHER_PATIENT, changed): _TOLD_OTHER for changed in (False, True)},
    }
TABLE |= {
    # The patient knows this or the state before: one message with what is true now is right in both cases (law L4).
    **{(Row.UNCLEAR, column, changed): TABLE[(Row.TOLD, column, changed)] for _, column, changed in list(TABLE)},
    (Row.UNCLEAR, Column.VALID, False): _AGAIN,
    # The patient believes that it is cancelled, or that it takes place as `facts` say.
    **{(Row.UNCLEAR_END, Column.VALID, changed): _RESTORED for changed in (False, True)},
    **{(Row.UNCLEAR_END, Column.INVALID, changed): _RESTORED_DOUBT for changed in (False, True)},
    **{(Row.UNCLEAR_END, Column.VANISHED, changed): _AGAIN_ENDED for changed in (False, True)},
    **{(Row.UNCLEAR_END, Column.HELD, changed): _HELD for changed in (False, True)},
    **{(Row.UNCLEAR_END, Column.PAST, changed): _PAST for changed in (False, True)},
    **{(Row.UNCLEAR_END, Column.OTHER_PATIENT, changed): _AGAIN_ENDED for changed in (False, True)},
}


class Knowledge(Struct, frozen=True):
    """What one patient knows through one channel, since `at`. After a cancellation the row is never. `sure`: a gateway
    took the message, or a person told it. `before`: what the patient surely knew before an unclear message."""

    row: Row
    facts: Facts | None = None
    recipient: str | None = None
    at: datetime | None = None
    sure: bool = True
    before: Facts | None = None


class Situation(Struct, frozen=True):
    """What the calendar says about a booking now. `held`: the brake is on in its calendar and nobody released this
    booking. `whose_unclear`: the name in it is in no record, and she is asked who is meant: if it is like the name of
    the patient who was told, it may be theirs."""

    facts: Facts
    valid: bool
    vanished: bool = False
    held: bool = False
    whose_unclear: bool = False


def facts_of(booking: Booking, practice: Practice) -> Facts:
    """The part of a booking that its patient is told."""
    return Facts(
        patient_id=booking.patient.id or 0,
        name=booking.patient.name,
        dentist=booking.dentist,
        start=booking.start,
        minutes=booking.minutes,
        motif=booking.motif,
        place=practice.address,
        first_visit=bool(booking.first_visit),
        will_follow=booking.no_preference,
    )


def plan(known: Knowledge, now_is: Situation, now: datetime) -> Cell:
    """The cell for what is known and what is. A past appointment that was moved to the future is a new one."""
    if known.facts and known.facts.start <= now < now_is.facts.start:
        known = Knowledge(Row.NEVER)
    column = _column(known, now_is, now)
    changed = known.facts is None or differs(known.facts, now_is.facts)
    cell = TABLE[(known.row, column, changed)]
    moved = cell is _AGAIN and known.before is not None and differs(known.before, now_is.facts)
    return _AGAIN_MOVED if moved else cell


def still_says_it(kind: MessageKind, facts: Facts, now_is: Situation, now: datetime) -> bool:
    """Whether a message that may have arrived still says what the patient should know: the plan would send just that to
    whoever is not sure of it."""
    row = Row.UNCLEAR_END if kind is MessageKind.CANCELLATION else Row.UNCLEAR
    return plan(Knowledge(row, facts, sure=False), now_is, now).again


def elsewhere(known: Knowledge, now_is: Situation, address: str | None) -> Knowledge:
    """The knowledge, if an unclear message went to an address that was corrected since: unclear, so that the new
    address is told."""
    mended = not known.sure and address is not None and known.recipient not in {None, address}
    stands = known.facts is not None and now_is.valid and not differs(known.facts, now_is.facts)
    return replace(known, row=Row.UNCLEAR) if mended and stands else known


def differs(told: Facts, current: Facts) -> bool:
    """Whether date, hour, dentist, motif or place changed (P42); nothing else concerns the patient."""
    return _concern(told) != _concern(current)


def same_patient(one: Facts, other: Facts) -> bool:
    """Whether it is the same person. Without a record (a booking from before the first pass) by the name, and a
    corrected spelling counts as the same: "another patient" by mistake would cancel a valid appointment."""
    if one.patient_id and other.patient_id:
        return one.patient_id == other.patient_id
    first, second = fold(one.name), fold(other.name)
    if first == second:
        return True
    from rapidfuzz import fuzz  # imported here: needed for different spellings only

    return fuzz.token_sort_ratio(first, second) >= 80


def _is_another(told: Facts, now_is: Situation) -> bool:
    """Whether the event names somebody else than who was told. While she is asked who is meant, a name that has a word
    of the former one may be the same person's: « Mme Dupont », a married name."""
    if same_patient(told, now_is.facts):
        return False
    return not (now_is.whose_unclear and {*words(told.name)} & {*words(now_is.facts.name)})


def continues(before: Facts, after: Facts) -> bool:
    """Whether an appointment may be the other one, moved: the same patient, and the same start or the same motif."""
    return same_patient(before, after) and (before.start == after.start or before.motif == after.motif)


def reminder_due(known: Knowledge, cell: Cell, practice: Practice, now: datetime, *, early: bool = False) -> bool:
    """Whether a reminder goes now: the table has it, and its hour has come. `early`: it goes in the reminder of another
    appointment of the same day, whose hour has come (ruling 6)."""
    if not cell.remind or cell.kind or known.facts is None or known.at is None or known.row is Row.IN_FLIGHT:
        return False
    return hour_has_come(known.facts.start, known.at, practice, now, early=early)


def _column(known: Knowledge, now_is: Situation, now: datetime) -> Column:
    start = known.facts.start if known.facts else now_is.facts.start
    if start <= now:
        return Column.PAST
    if known.facts and _is_another(known.facts, now_is):
        return Column.OTHER_PATIENT
    if now_is.vanished:
        return Column.HELD if now_is.held else Column.VANISHED
    return Column.VALID if now_is.valid else Column.INVALID


def _concern(facts: Facts) -> tuple[object, ...]:
    return facts.start, facts.dentist, facts.motif, facts.place
