"""Words our part of an event: what is to be done, the booking, what the patient received (P17,
docs/design.md#what-she-reads-back).

It contains only facts of the event and past times, so that time alone never changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from rules.model import (
    Annotation,
    Assessment,
    Booking,
    CalendarEvent,
    Channel,
    Finding,
    Kind,
    MessageKind,
    Practice,
    Severity,
)
from rules.patients.shown import label
from rules.telling.eight_lines import Parts, fitted, said_below
from rules.text.french import clock, day_and_clock, minutes, unbroken

_CHANNELS = {Channel.SMS: "SMS", Channel.EMAIL: "E-mail"}
_KINDS = {
    MessageKind.CONFIRMATION: "de confirmation",
    MessageKind.REMINDER: "de rappel",
    MessageKind.MODIFICATION: "de modification",
    MessageKind.CANCELLATION: "d'annulation",
    MessageKind.AGREEMENT: "de demande d'accord",
    MessageKind.DATES: "de proposition d'autres dates",
    MessageKind.OFFER: "de proposition d'un créneau",
    MessageKind.STILL: "sur la liste d'attente",
}
UNREADABLE = "event-unreadable"
PROBLEMS = {
    UNREADABLE: "son contenu est abîmé",
    "recurrence-refused": "elle se répète trop souvent ou sans fin",
}
_TOLD = frozenset({MessageKind.CONFIRMATION, MessageKind.MODIFICATION})
_UNTOLD = frozenset({"uncertain", "retried", "held"})
BLOCKS, DONE = "⚠ ", "✓ "
_DONE_SIGN = "✓"


class Receipt(Struct, frozen=True):
    """The result of one message. `state`: sent, failed, uncertain (a person decides), retried (its answer was lost, so
    it is sent again) or held (too many at once: a person decides). `at`: when; `reason`: why it failed, in French."""

    kind: MessageKind
    channel: Channel
    state: str
    at: datetime | None
    reason: str = ""


def feedback(
    assessment: Assessment, event: CalendarEvent, practice: Practice, receipts: Sequence[Receipt], now: datetime
) -> Annotation:
    """Our part of the event; empty for blocks with a reason, private events and ignored ones.

    No word depends on `now`, as time alone must not rewrite a block.
    """
    if assessment.kind is Kind.BLOCK:
        return problem_feedback(assessment.findings, practice)
    if assessment.kind is not Kind.BOOKING or assessment.booking is None:
        return Annotation()
    if assessment.booking.cancelled:
        return _cancelled(assessment, assessment.booking, practice, receipts)
    booking, sent = assessment.booking, tuple(_sent(receipts, practice))
    parts = Parts(
        assessment.findings,
        tuple(_restated(booking, event, practice)),
        [line for line in sent if not line.startswith(_DONE_SIGN)],
        [line for line in sent if line.startswith(_DONE_SIGN)],
    )
    return Annotation(_mark(assessment, practice, receipts), tuple(map(unbroken, fitted(parts))))


def problem_feedback(findings: Sequence[Finding], practice: Practice) -> Annotation:
    """Our part of an event that is no booking: a block without a reason, an unreadable event."""
    blocked = any(one.severity is Severity.ERROR for one in findings)
    mark = BLOCKS if blocked and practice.policy.title_mark else ""
    return Annotation(mark, tuple(map(unbroken, fitted(Parts(findings))))) if findings else Annotation()


def _cancelled(assessment: Assessment, booking: Booking, practice: Practice, receipts: Sequence[Receipt]) -> Annotation:
    """Our part of a cancelled booking. It acknowledges a typed cancellation; one by the calendar's own status, of which
    nothing was sent, gets none, as clients hide such an event."""
    if booking.outcome is None and not receipts:
        return Annotation()
    noted = f"✓ Annulation notée : le créneau du {day_and_clock(booking.start.astimezone(practice.zone))} est libre."
    parts = Parts(assessment.findings, (noted,), (), tuple(_sent(receipts, practice)))
    return Annotation("", tuple(map(unbroken, fitted(parts))))


def _mark(assessment: Assessment, practice: Practice, receipts: Sequence[Receipt]) -> str:
    if not practice.policy.title_mark:
        return ""
    if not assessment.valid:
        return BLOCKS
    news = [one for one in receipts if one.kind in _TOLD]
    told = any(one.state == "sent" for one in news)
    if any(one.state in _UNTOLD for one in news):
        return ""  # an earlier message that was sent does not say what is true now
    booking = assessment.booking
    nowhere = booking is not None and not (booking.reached_by_sms or booking.reached_by_email)
    return DONE if told or nowhere else ""


def _restated(booking: Booking, event: CalendarEvent, practice: Practice) -> Iterator[str]:
    """The booking in words, so that a typing error is seen: date, hour, length and dentist; patient; motif (P17,
    P26)."""
    start = booking.start.astimezone(practice.zone)
    dentist = practice.name_of(booking.dentist)
    length = "toute la journée" if event.all_day else minutes(max(booking.minutes, 0))
    yield f"{day_and_clock(start)}, {length}, {dentist}"
    if booking.patient.name:
        yield label(booking.patient)
    if booking.motif:
        tooth = f" ({booking.teeth})" if booking.teeth else ""
        yield f"{booking.motif}{tooth}{' – première consultation' if booking.first_visit else ''}"


def findings_said(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The findings, a line each, with their proposals below."""
    return tuple(line for one in findings for line in said_below(one))


def receipts_said(receipts: Sequence[Receipt], practice: Practice) -> tuple[str, ...]:
    """The event's lines about its messages, one each."""
    return tuple(_sent(receipts, practice))


def receipts_in(line: str) -> list[str]:
    """The notes and receipts of one line of a block, each as in `receipts_said`. Clients may have changed the
    spaces."""
    return _NEXT.split(" ".join(line.split()))


_NEXT = re.compile(r" (?=✓ )")


def _sent(receipts: Sequence[Receipt], practice: Practice) -> Iterator[str]:
    for one in receipts:
        what = f"{_CHANNELS[one.channel]} {_KINDS[one.kind]}"
        why = f" : {one.reason.rstrip(' .')}" if one.reason else ""
        if one.state == "sent":
            yield f"✓ {what} envoyé{_moment(one, practice)}"
        elif one.state == "failed":
            yield f"✗ {what} non remis{why}. Appelez le patient."
        elif one.state == "uncertain":
            yield f"! {what} peut-être remis{why}. Vérifiez avec le patient."
        elif one.state == "retried":
            yield f"! {what} : réponse perdue, nouvel essai à venir."
    yield from _held(receipts)


def _held(receipts: Sequence[Receipt]) -> Iterator[str]:
    """One line about a held message, even if it is held on several channels."""
    reason = next((one.reason for one in receipts if one.state == "held"), "")
    if reason:
        yield f"! Message au patient {reason}. Répondez à « messages retenus » dans cet agenda."


def _moment(receipt: Receipt, practice: Practice) -> str:
    if receipt.at is None:
        return ""
    at = receipt.at.astimezone(practice.zone)
    return f" le {at:%d/%m} à {clock(at)}"
