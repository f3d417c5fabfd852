"""What she typed, before anything is compared with the directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from rules.model.finding import Finding
from rules.model.people import Guardian


@dataclass(frozen=True, slots=True)
class Consent:
    """An agreement to another dentist as typed (P23): `given` False for a no. `detail` keeps date or author."""

    given: bool
    detail: str = ""
    dentist: str | None = None


class OutcomeKind(StrEnum):
    """How an appointment ended, as she typed it or as the calendar shows it. The values are stored."""

    UNSAID = ""  # while a text is being read
    CANCELLED = "cancelled"
    ABSENT = "absent"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    LATE = "late"
    ARRIVED = "arrived"
    HONOURED = "honoured"
    NOTIFIED = "notified"  # notice was given, and nothing else is typed: an absence once everything is read
    CONTRADICTORY = "contradictory"  # two words exclude each other: nobody decides in her place
    DROPPED = "dropped"  # never typed: a person refused the cancellation that the brake held


@dataclass(frozen=True, slots=True)
class Outcome:
    """What she wrote about how the appointment ended (section 7).

    `minutes` of delay; `at` when it happened; `notified` when notice was given; `by_patient`: the patient cancelled;
    `urgent`: an emergency of theirs. `doubt`: in French, what was not understood or contradicts itself. `called_off`:
    an absence that was cancelled too (`Annulé`, then `Absent excusé`): it does not take place.
    """

    kind: OutcomeKind
    minutes: int | None = None
    at: datetime | None = None
    notified: datetime | None = None
    urgent: bool = False
    by_patient: bool | None = None
    doubt: str = ""
    called_off: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What was read in one event's title and text, before anything is compared with the directory.

    For every detail the text as typed is kept beside the value (`mobile_text`), so that a finding can say what was
    seen; the value is None where the text could not be believed. `motif` is a label of the practice;
    `motif_text` what stood where a motif should. `given_name` and `family_name` are proposals where only `name_text`
    is certain; `first_visit` and `known` are the typed answers, None where she said nothing.
    """

    name_text: str = ""
    family_name: str = ""
    given_name: str = ""
    birth_name: str | None = None
    birth_date: date | None = None
    birth_text: str = ""
    mobile: str | None = None
    mobile_text: str = ""
    email: str | None = None
    email_text: str = ""
    email_confirmed: bool = False
    mobile_confirmed: bool = False
    address: str | None = None
    address_text: str = ""
    motif: str | None = None
    motifs: tuple[str, ...] = ()
    motif_text: str = ""
    first_visit: bool | None = None
    known: bool | None = None
    new_patient: bool = False
    dentist: str | None = None
    dentist_text: str = ""
    no_preference: bool = False
    consent: Consent | None = None
    keep_minutes: int | None = None
    guardian: Guardian | None = None
    without_mobile: str | None = None
    without_email: str | None = None
    comment: str = ""
    waiting: bool = False
    outcome: Outcome | None = None
    query: str | None = None
    findings: tuple[Finding, ...] = ()
