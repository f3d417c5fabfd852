"""The values that everything carries: frozen, slotted, without behaviour that needs the outside.

Read these files first, then `adapters/base.py`: `practice`, `people`, `event`, `entry`, `booking`, `waiting`,
`finding`, `action`.
Ten types walk through the whole house: Practice, Dentist, Motif, Patient, CalendarEvent, Booking, Slot, WaitingEntry,
Finding, Action. They are imported from here, whichever file they stand in. Times are aware datetimes; lengths are
minutes.
"""

from rules.model.action import (
    Action,
    AddEvent,
    Annotation,
    Channel,
    EditEvent,
    Facts,
    MessageKind,
    RemoveEvent,
    Send,
    alike,
)
from rules.model.booking import Assessment, Booking, Busy, Kind, Length, Slot
from rules.model.entry import Consent, Entry, Outcome, OutcomeKind, Question
from rules.model.event import CalendarEvent, Status, first_kind
from rules.model.finding import Finding, Severity
from rules.model.people import Guardian, Patient
from rules.model.practice import Dentist, Motif, Policy, Practice, Span, SupportContact
from rules.model.waiting import ANY_TIME, Gap, Hours, Waiting, WaitingEntry, Wish

__all__ = [
    "ANY_TIME",
    "Action",
    "AddEvent",
    "Annotation",
    "Assessment",
    "Booking",
    "Busy",
    "CalendarEvent",
    "Channel",
    "Consent",
    "Dentist",
    "EditEvent",
    "Entry",
    "Facts",
    "Finding",
    "Gap",
    "Guardian",
    "Hours",
    "Kind",
    "Length",
    "MessageKind",
    "Motif",
    "Outcome",
    "OutcomeKind",
    "Patient",
    "Policy",
    "Practice",
    "Question",
    "RemoveEvent",
    "Send",
    "Severity",
    "Slot",
    "Span",
    "Status",
    "SupportContact",
    "Waiting",
    "WaitingEntry",
    "Wish",
    "alike",
    "first_kind",
]
