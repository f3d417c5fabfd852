"""What an event means: a booking, time that is kept, what the rules make of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from rules.model.entry import Consent, Outcome, Question
from rules.model.finding import Finding, Severity
from rules.model.people import Guardian, Patient
from rules.model.waiting import ANY_TIME, Wish


class Kind(StrEnum):
    """What an event of a dentist's calendar is."""

    BOOKING = "booking"
    BLOCK = "block"
    PRIVATE = "private"
    PLACEHOLDER = "placeholder"
    QUERY = "query"
    IGNORED = "ignored"


class Booking(Struct, frozen=True):
    """One patient's appointment as the calendar says it now.

    `patient` carries the directory's record completed with the typed details; `motif` a label, `teeth` what she wrote
    of it besides. `cancelled`: she wrote or the calendar says that it does not take place.
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
    wish: Wish = ANY_TIME
    unlisted: bool = False
    outcome: Outcome | None = None
    cancelled: bool = False
    no_preference: bool = False
    teeth: str = ""

    @property
    def minutes(self) -> int:
        """Length in whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def mobile(self) -> str | None:
        """Where an SMS goes: the guardian's mobile first where one was given (P34); nowhere once she wrote without."""
        given = self.guardian.mobile if self.guardian else None
        return given or (None if self.without_mobile else self.patient.mobile)

    @property
    def email(self) -> str | None:
        """Where an e-mail goes."""
        given = self.guardian.email if self.guardian else None
        return given or (None if self.without_email else self.patient.email)

    @property
    def reached_by_sms(self) -> str | None:
        """Where an SMS goes, unless the patient wants none (P39)."""
        return None if self.patient.no_sms_since else self.mobile

    @property
    def reached_by_email(self) -> str | None:
        """Where an e-mail goes, unless the patient wants none."""
        return None if self.patient.no_email_since else self.email


class Slot(Struct, frozen=True):
    """Free time of one dentist. `needs_consent`: the patient's own dentist is another (P24)."""

    dentist: str
    start: datetime
    end: datetime
    needs_consent: bool = False


class Busy(Struct, frozen=True):
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


class Length(Struct, frozen=True):
    """What is remembered of an event's length (P8, ruling 4), in minutes: `seen` is what stood there before, `given`
    what attitre gave it and `visit` for which motif and visit; `done`: that stood in the calendar."""

    seen: int
    given: int | None = None
    visit: str = ""
    done: bool = False


class Assessment(Struct, frozen=True):
    """What the rules make of one event.

    `patient_update` is the record to store when the booking is valid (a new one has no id); `changes` are the
    French lines that say which detail of the directory it replaces (P4). `end` is to be written into the event, and
    `length` to be remembered of it (P8). `question`: what the patient is to be asked, or was and has not answered.
    """

    kind: Kind
    findings: tuple[Finding, ...] = ()
    booking: Booking | None = None
    patient_update: Patient | None = None
    changes: tuple[str, ...] = ()
    end: datetime | None = None
    length: Length | None = None
    question: Question | None = None

    @property
    def valid(self) -> bool:
        """No error stands (ruling 1)."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)
