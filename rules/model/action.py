"""What is to be done outside: messages to patients, writes into calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Channel(StrEnum):
    """A way to a patient."""

    SMS = "sms"
    EMAIL = "email"


class MessageKind(StrEnum):
    """Why a patient is written to (section 6). A telling changes what the patient knows of the booking; a question
    waits for an answer on the page; a reminder does neither."""

    CONFIRMATION = "confirmation"
    REMINDER = "reminder"
    MODIFICATION = "modification"
    CANCELLATION = "cancellation"
    AGREEMENT = "agreement"  # asks whether another dentist is agreed to (P23)
    DATES = "dates"  # asks to choose another time with the same dentist (P24)
    OFFER = "offer"  # offers a freed slot (P44)
    STILL = "still"  # asks whether the patient still waits for an earlier slot (P44)

    @property
    def tells(self) -> bool:
        """Whether it changes what the patient knows of the booking."""
        return self in TELLINGS

    @property
    def asks(self) -> bool:
        """Whether it is a question, to be answered on the page."""
        return self in QUESTIONS


TELLINGS = frozenset({MessageKind.CONFIRMATION, MessageKind.MODIFICATION, MessageKind.CANCELLATION})
QUESTIONS = frozenset({MessageKind.AGREEMENT, MessageKind.DATES, MessageKind.OFFER, MessageKind.STILL})


class Facts(Struct, frozen=True):
    """What a patient is told, or was told: the part of a booking that concerns them (P42).

    `patient_id` tells whose appointment it is; `name` is how they are addressed.
    """

    patient_id: int
    name: str
    dentist: str
    start: datetime
    minutes: int
    motif: str | None
    place: str
    first_visit: bool = False
    will_follow: bool = False


class Send(Struct, frozen=True):
    """Tell one patient one thing by one channel. `before` is what they knew (modification, cancellation).

    `also`: further appointments that the same message names: those of one day in a reminder (ruling 6), else those of
    one series, in order (ruling 17). `also_before`: what was known of each of these, in a modification. `goes_on`: the
    series has no end that was seen. `until`: when the answer to a question is too late.
    """

    kind: MessageKind
    channel: Channel
    to: str
    facts: Facts
    before: Facts | None = None
    also: tuple[Facts, ...] = ()
    also_before: tuple[Facts, ...] = ()
    goes_on: bool = False
    until: datetime | None = None


class Annotation(Struct, frozen=True):
    """What our part of an event should look like: the title mark (`⚠ `, `✓ ` or empty) and the block's lines.

    No lines and no mark: our part is to be removed.
    """

    mark: str = ""
    lines: tuple[str, ...] = ()


def alike(present: Annotation, wanted: Annotation) -> bool:
    """Whether our part stands as wanted, however a client trimmed, indented or dropped empty lines: no reason to write
    (law L2)."""
    return present.mark == wanted.mark and _words(present.lines) == _words(wanted.lines)


def _words(lines: Sequence[str]) -> list[str]:
    return [words for line in lines if (words := " ".join(line.split()))]


class EditEvent(Struct, frozen=True):
    """Put our part into one resource of a calendar, and, where P8 asks for it, the new end."""

    calendar: str
    ref: str
    annotation: Annotation
    end: datetime | None = None


class AddEvent(Struct, frozen=True):
    """Write an event of ours into a calendar: a notice, which takes no time (`transparent`), an offer (`tentative`), or
    an appointment that a patient took."""

    calendar: str
    uid: str
    title: str
    text: str
    start: datetime
    end: datetime
    all_day: bool = True
    transparent: bool = True
    tentative: bool = False


class RemoveEvent(Struct, frozen=True):
    """Take an event out of a calendar."""

    calendar: str
    ref: str


Action = Send | EditEvent | AddEvent | RemoveEvent
