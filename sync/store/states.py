"""The states that the store keeps, by column. The values are what stands in the tables: never change one."""

from __future__ import annotations

from enum import StrEnum


class CalendarState(StrEnum):
    """`calendar.state`."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # no longer in the configuration; nothing of it is cancelled


class ResourceState(StrEnum):
    """`resource.state`: present → gone, by way of suspect if only a listing lacks it; present again once it is read."""

    PRESENT = "present"
    SUSPECT = "suspect"  # missing from a listing, the absence is not proven yet
    GONE = "gone"


class BookingState(StrEnum):
    """`booking.state`."""

    VALID = "valid"
    INVALID = "invalid"  # an error stands in its findings: nothing is sent
    VANISHED = "vanished"  # deleted, or cancelled in so many words


class AttendanceState(StrEnum):
    """`booking.attendance`; null where nothing is known, or too early (P47, P48)."""

    HONOURED = "honoured"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    UNDECIDED = "undecided"  # a person decides


class MessageState(StrEnum):
    """`message.state`: pending → claimed → sent | failed | uncertain; `sync.store.messages` has the transitions."""

    PENDING = "pending"
    CLAIMED = "claimed"  # a call to the gateway is under way
    SENT = "sent"
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # the answer was lost; a person decides
    SUPPRESSED = "suppressed"  # no longer true
    DROPPED = "dropped"  # by a person
    SUPERSEDED = "superseded"  # a newer message to the same patient left
    HELD = "held"  # too many at once: waits for a person


class TellingState(StrEnum):
    """`telling.state`: what is known of one attempt to tell a patient."""

    BASELINE = "baseline"  # told by a person before the first pass
    FLIGHT = "flight"  # on its way, or to be sent again
    TOLD = "told"
    FAILED = "failed"  # refused for good
    UNCERTAIN = "uncertain"  # the answer was lost; a person decides
    UNCLEAR = "unclear"  # it may have arrived, and no message repeats it any more


class IntentKind(StrEnum):
    """`intent.kind`: what a patient asked for by their link."""

    CANCEL = "cancel"
    MOVE = "move"
    ACCEPT = "accept"  # an offered time (P44)


class AnswerState(StrEnum):
    """`agreement.answer`, `rescue.answer`: what a patient answered by link; null as long as nothing."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class EntryState(StrEnum):
    """`waiting.state`: open ↔ paused, and closed for good (P44)."""

    OPEN = "open"
    PAUSED = "paused"  # two offers found no answer: asked once whether the patient still waits
    CLOSED = "closed"


class GapState(StrEnum):
    """`gap.state`: seen → open → taken | closed (P44)."""

    SEEN = "seen"  # it may have moved: not offered before that is clear
    OPEN = "open"  # being offered
    TAKEN = "taken"  # somebody accepted it
    CLOSED = "closed"  # used otherwise, too near, or there is nobody left to ask


class OfferState(StrEnum):
    """`offer.state`: open → wanted → flight → arrived → done; otherwise how it ended (P44)."""

    OPEN = "open"
    WANTED = "wanted"  # accepted, to be written into the calendar
    FLIGHT = "flight"  # the calendar may have it
    DONE = "done"
    REFUSED = "refused"
    LEFT = "left"  # the patient wants no more offers
    SILENT = "silent"  # no answer in time
    UNREAD = "unread"  # the message never left, so the silence is not the patient's
    GONE = "gone"  # somebody else was faster
    WITHDRAWN = "withdrawn"  # the practice needs the time, or the calendar did not take it
    ARRIVED = "arrived"  # the calendar took the new appointment, and was not looked at again yet


class IntentState(StrEnum):
    """`intent.state`: a patient's wish by their link; wanted → flight → arrived → done | changed | call | taken."""

    WANTED = "wanted"
    FLIGHT = "flight"  # the calendar may have it already
    DONE = "done"
    CHANGED = "changed"  # the practice changed the event first: its change stays
    CALL = "call"  # it cannot be done by link: the patient has to call
    TAKEN = "taken"  # somebody else has the time that was chosen: the appointment stays where it was
    ARRIVED = "arrived"  # the calendar took it, and was not looked at again yet
