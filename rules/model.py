"""The values that everything carries: frozen, slotted, without behaviour that needs the outside.

Read this file first, then `adapters/base.py`. Ten types walk through the whole house: Practice, Dentist, Motif,
Patient, CalendarEvent, Booking, Slot, WaitingEntry, Finding, Action. Times are aware datetimes; lengths are minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo


class Severity(StrEnum):
    """What a finding does: an error blocks the confirmation, the others do not; off is never raised."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong or worth knowing about an entry.

    `rule` is an id of `rules.findings.RULES`; `text` is the French sentence the secretary reads: what was seen and what
    to type. `field` names what it is about (`mobile`, `motif`, …). `proposals` are lines offered below it.
    """

    rule: str
    severity: Severity
    text: str
    field: str
    proposals: tuple[str, ...] = ()


# --- the practice, as configured -------------------------------------------------------------------------------------

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Motif:
    """A reason for a visit that the practice offers (P6). `within_days`: the longest wait it bears (P11)."""

    label: str
    minutes: int
    also: tuple[str, ...] = ()
    first_visit_minutes: int | None = None
    within_days: int | None = None
    public_label: str | None = None

    def length(self, first_visit: bool | None) -> int:
        """Minutes that a visit takes (P7, P8)."""
        return self.first_visit_minutes or self.minutes if first_visit else self.minutes


@dataclass(frozen=True, slots=True)
class Dentist:
    """`hours` maps weekdays (Monday 0) to opening spans; None where the practice declared none."""

    key: str
    name: str
    specialty: str
    hours: Mapping[int, tuple[Span, ...]] | None = None


@dataclass(frozen=True, slots=True)
class SupportContact:
    """Whom the practice calls when its booking software fails (P1)."""

    name: str
    portal: str | None = None
    phone: str | None = None
    phone_note: str | None = None
    email: str | None = None
    hours: Mapping[int, tuple[Span, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers and choices of the YAML that rules and planning ask for."""

    mandatory: frozenset[str] = frozenset({"name", "birth_date", "mobile", "email", "address", "motif"})
    severities: Mapping[str, Severity] = field(default_factory=dict)
    reminder_hours: int = 24
    settle_seconds: int = 90
    settle_change_seconds: int = 180
    motif_in_sms: bool = False
    title_mark: bool = True
    quiet_seconds: int = 15
    write_existing: bool = False
    brake_events: int = 5
    brake_percent: int = 10
    late_minutes: int = 10
    morning_until: time = time(12, 0)


@dataclass(frozen=True, slots=True)
class Practice:
    """`key` never changes and starts every key in the store. `holidays`: département code for public holidays.
    `digest_at`: the local time of the daily digest."""

    key: str
    name: str
    address: str
    phone: str
    email: str
    zone: ZoneInfo
    dentists: tuple[Dentist, ...]
    motifs: tuple[Motif, ...]
    blocks: tuple[str, ...] = ()
    holidays: str | None = None
    support: tuple[SupportContact, ...] = ()
    policy: Policy = Policy()
    digest_at: time = time(7, 0)

    def dentist(self, key: str) -> Dentist:
        """The dentist of that key. Raises KeyError for a key that is not configured."""
        for dentist in self.dentists:
            if dentist.key == key:
                return dentist
        raise KeyError(key)

    def motif(self, label: str | None) -> Motif | None:
        """The motif of that exact label."""
        return next((motif for motif in self.motifs if motif.label == label), None)


# --- people ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patient:
    """A record of the directory. `id` is None until stored; `mobile` is E.164; `dentist` is a dentist's key (P22).

    `visits` are past honoured or undisputed appointments, newest first: (day, dentist key, motif label).
    `remarks` are days of unexcused absences (P48). `known_as`: (family name, first name) of records merged into it.
    """

    family_name: str
    given_name: str
    id: int | None = None
    birth_name: str | None = None
    birth_date: date | None = None
    mobile: str | None = None
    email: str | None = None
    address: str | None = None
    dentist: str | None = None
    guardian: str | None = None
    foreign_id: str | None = None
    visits: tuple[tuple[date, str, str | None], ...] = ()
    remarks: tuple[date, ...] = ()
    known_as: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """`DUPONT Marie`, as practices write it (P12)."""
        return f"{self.family_name.upper()} {self.given_name}".strip()


# --- what a calendar says --------------------------------------------------------------------------------------------


class Status(StrEnum):
    """RFC 5545 STATUS of an event."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One occurrence of a calendar event, without our block and our title mark.

    `recurrence` is empty for a single event, else the original start as an ISO instant (date for all-day).
    All-day events run from local midnight to local midnight in the practice's zone. `description` is plain text (HTML
    already turned into lines). `flags` name oddities of the source: `zone-unknown`, `no-end`, `end-before-start`,
    `zero-length`, `nonexistent-time`, `until-date`, `html`.
    """

    uid: str
    start: datetime
    end: datetime
    title: str = ""
    description: str = ""
    location: str = ""
    recurrence: str = ""
    all_day: bool = False
    recurring: bool = False
    status: Status = Status.CONFIRMED
    transparent: bool = False
    private: bool = False
    categories: tuple[str, ...] = ()
    attendees: bool = False
    modified: datetime | None = None
    created: datetime | None = None
    kind: str = "default"
    flags: frozenset[str] = frozenset()

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)


# --- what she typed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent:
    """An agreement to another dentist as typed (P23): `given` False for a no. `detail` keeps date or author."""

    given: bool
    detail: str = ""
    dentist: str | None = None


@dataclass(frozen=True, slots=True)
class Guardian:
    """The adult who answers for a minor (P34)."""

    name: str
    mobile: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What she wrote about how the appointment ended (section 7).

    `kind`: cancelled, absent, excused, unexcused, late, arrived, honoured, contradictory. `minutes` of delay; `at` when
    it happened; `notified` when notice was given; `by_patient`: the patient cancelled; `urgent`: an emergency of
    theirs. `doubt`: in French, what was not understood or contradicts itself.
    """

    kind: str
    minutes: int | None = None
    at: datetime | None = None
    notified: datetime | None = None
    urgent: bool = False
    by_patient: bool | None = None
    doubt: str = ""


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


# --- what it means ---------------------------------------------------------------------------------------------------


class Kind(StrEnum):
    """What an event of a dentist's calendar is."""

    BOOKING = "booking"
    BLOCK = "block"
    PRIVATE = "private"
    PLACEHOLDER = "placeholder"
    QUERY = "query"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Booking:
    """One patient's appointment as the calendar says it now.

    `patient` carries the directory's record completed with the typed details; `motif` a label. `cancelled`: she wrote
    or the calendar says that it does not take place.
    """

    dentist: str
    start: datetime
    end: datetime
    patient: Patient
    motif: str | None = None
    first_visit: bool | None = None
    consent: Consent | None = None
    guardian: Guardian | None = None
    without_mobile: str | None = None
    without_email: str | None = None
    comment: str = ""
    waiting: bool = False
    outcome: Outcome | None = None
    cancelled: bool = False
    no_preference: bool = False

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def mobile(self) -> str | None:
        """Where an SMS goes: the guardian's mobile first where one was given (P34)."""
        return (self.guardian.mobile if self.guardian else None) or self.patient.mobile

    @property
    def email(self) -> str | None:
        """Where an e-mail goes."""
        return (self.guardian.email if self.guardian else None) or self.patient.email


@dataclass(frozen=True, slots=True)
class Slot:
    """Free time of one dentist. `needs_consent`: the patient's own dentist is another (P24)."""

    dentist: str
    start: datetime
    end: datetime
    needs_consent: bool = False


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """A patient who wants an earlier slot (P44)."""

    patient: Patient
    motif: str
    dentist: str | None
    since: datetime
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that another event of the practice takes, as the conflict checks see it (P10).

    `order` grows with the moment at which the event was first seen: the later of two bookings gives way. `label` is
    what may be shown of it: a patient's name, a block's title, empty for a private event.
    """

    dentist: str
    start: datetime
    end: datetime
    kind: Kind
    order: int
    uid: str
    recurrence: str = ""
    patient_id: int | None = None
    motif: str | None = None
    label: str = ""
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """What is remembered of an event's length (P8, ruling 4), in minutes: `seen` is what stood there before, `given`
    what attitre gave it and `visit` for which motif and visit; `done`: that stood in the calendar."""

    seen: int
    given: int | None = None
    visit: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules make of one event.

    `patient_update` is the record to store when the booking is valid (a new one has no id); `changes` are the
    French lines that say which detail of the directory it replaces (P4). `end` is to be written into the event, and
    `length` to be remembered of it (P8).
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    booking: Booking | None = None
    patient_update: Patient | None = None
    changes: tuple[str, ...] = ()
    end: datetime | None = None
    length: Length | None = None

    @property
    def valid(self) -> bool:
        """No error stands (ruling 1)."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


# --- what is to be done ----------------------------------------------------------------------------------------------


class Channel(StrEnum):
    """A way to a patient."""

    SMS = "sms"
    EMAIL = "email"


class MessageKind(StrEnum):
    """Why a patient is written to (section 6)."""

    CONFIRMATION = "confirmation"
    REMINDER = "reminder"
    MODIFICATION = "modification"
    CANCELLATION = "cancellation"


@dataclass(frozen=True, slots=True)
class Facts:
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


@dataclass(frozen=True, slots=True)
class Send:
    """Tell one patient one thing by one channel. `before` is what they knew (modification, cancellation).

    `also`: further appointments of one day that the same reminder names (ruling 6).
    """

    kind: MessageKind
    channel: Channel
    to: str
    facts: Facts
    before: Facts | None = None
    also: tuple[Facts, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """What our part of an event should look like: the title mark (`⚠ `, `✓ ` or empty) and the block's lines.

    No lines and no mark: our part is to be removed.
    """

    mark: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EditEvent:
    """Put our part into one resource of a calendar, and, where P8 asks for it, the new end."""

    calendar: str
    ref: str
    annotation: Annotation
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class AddEvent:
    """Write an event of ours (notice, companion) into a calendar."""

    calendar: str
    uid: str
    title: str
    text: str
    start: datetime
    end: datetime
    all_day: bool = True


@dataclass(frozen=True, slots=True)
class RemoveEvent:
    """Take an event out of a calendar."""

    calendar: str
    ref: str


Action = Send | EditEvent | AddEvent | RemoveEvent
