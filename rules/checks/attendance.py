"""Classifies how an appointment ended: honoured, excused or not excused (section 7, P47, P48, ruling 8).

The entry decides; if it says nothing, the time at which the cancellation was first seen. Without either, nobody is
absent (ruling 15). The result does not depend on the current time (law L2).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.findings import raised
from rules.model import Finding, Outcome, OutcomeKind, Policy
from rules.text.french import clock, minutes


class Attendance(StrEnum):
    """The class of one appointment. LATE: later than the practice accepts, but treated, or announced. EARLY: typed as
    absent before its hour, where a cancellation is probably meant."""

    HONOURED = "honoured"
    LATE = "late"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    UNDECIDED = "undecided"
    EARLY = "early"


class Verdict(Struct, frozen=True):
    """A class and its reason in French; for UNDECIDED, what is not known. `proposals`: lines to type instead."""

    attendance: Attendance
    reason: str
    proposals: tuple[str, ...] = ()


def classify(
    start: datetime,
    outcome: Outcome | None,
    policy: Policy,
    zone: ZoneInfo,
    *,
    gone: bool = False,
    seen: datetime | None = None,
    typed: datetime | None = None,
) -> Verdict | None:
    """The class of an appointment at `start`; None if it has none.

    `gone`: the event was cancelled or deleted, and `seen` is when that was first seen (None: before the first pass). A
    cancellation by the practice is no absence, and a moved event is not gone. `typed`: since when the entry says the
    outcome; before `start`, nobody can be absent yet. Never raises.
    """
    if outcome is None:
        return _deleted(start.astimezone(zone), _local(seen, zone), policy) if gone else None
    at = start.astimezone(zone)
    early = _local(typed, zone) if typed is not None and typed < start and not gone else None
    if early is not None and outcome.kind in _AWAY:
        return _too_early(early, outcome)
    if early and outcome.kind == OutcomeKind.LATE:  # a delay that is known before the hour was announced
        outcome = replace(outcome, notified=outcome.notified or early)
    if outcome.kind in {OutcomeKind.EXCUSED, OutcomeKind.UNEXCUSED}:
        return Verdict(Attendance(outcome.kind), "noté par le cabinet")
    if outcome.kind == OutcomeKind.CANCELLED:
        return None if outcome.by_patient is False else _cancelled(at, outcome, _local(seen, zone), policy)
    if outcome.doubt:
        return Verdict(Attendance.UNDECIDED, outcome.doubt)
    by_kind = _BY_KIND.get(outcome.kind)
    return by_kind(at, outcome, policy) if by_kind else None


_AWAY = frozenset({OutcomeKind.ABSENT, OutcomeKind.EXCUSED, OutcomeKind.UNEXCUSED})


def _too_early(typed: datetime, outcome: Outcome) -> Verdict:
    """An absence typed before the hour is not noted and frees no slot; the line for a cancellation is proposed."""
    why = "une absence est tapée avant l'heure du rendez-vous"
    urgent = ", urgence" if outcome.urgent else ""
    return Verdict(Attendance.EARLY, why, (f"Annulé par le patient {_moment(outcome.notified or typed)}{urgent}",))


# --- who did not come -------------------------------------------------------------------------------------------------


def _deleted(start: datetime, seen: datetime | None, policy: Policy) -> Verdict:
    """The class of a deleted event: the notice is when the deletion was seen; after the start it stays undecided."""
    if seen is None or seen >= start:
        why = "l'événement a été supprimé après l'heure du rendez-vous, sans un mot"
        return Verdict(Attendance.UNDECIDED, why)
    return _by_notice(start, seen, urgent=False, policy=policy, verb="supprimé")


def _cancelled(start: datetime, outcome: Outcome, seen: datetime | None, policy: Policy) -> Verdict:
    """The class of a cancellation by the patient: the notice is the typed time, else when the cancellation was seen."""
    if outcome.notified and not outcome.doubt:
        return _notified(start, outcome.notified, outcome, policy)
    if seen is not None and seen.date() < start.date():
        return _by_notice(start, seen, urgent=outcome.urgent, policy=policy, verb="annulé")
    if outcome.doubt or seen is None or seen >= start:
        return Verdict(Attendance.UNDECIDED, outcome.doubt or "on ne sait pas quand le patient a prévenu")
    return _by_notice(start, seen, urgent=outcome.urgent, policy=policy, verb="annulé")


def _absent(start: datetime, outcome: Outcome, policy: Policy) -> Verdict:
    if outcome.notified is None:
        return Verdict(Attendance.UNEXCUSED, "ne s'est pas présenté(e)")
    return _notified(start, outcome.notified, outcome, policy)


def _notified(start: datetime, notice: datetime, outcome: Outcome, policy: Policy) -> Verdict:
    """The class by the typed notice. A day without an hour is midnight; for an urgency on the day itself the hour
    decides, so it is asked for (S88)."""
    notice = notice.astimezone(start.tzinfo)
    if outcome.urgent and notice.date() == start.date() and notice.time() == time(0):
        return Verdict(Attendance.UNDECIDED, "prévenu le jour même, mais l'heure manque")
    return _by_notice(start, notice, urgent=outcome.urgent, policy=policy, verb="prévenu")


def _by_notice(start: datetime, notice: datetime, *, urgent: bool, policy: Policy, verb: str) -> Verdict:
    """The class by the time of the notice, in the practice's zone. A notice the day before excuses; one on that morning
    only an emergency (ruling 8)."""
    said = f"{verb} {_moment(notice)}"
    if notice.date() < start.date():
        return Verdict(Attendance.EXCUSED, f"{said}, au moins la veille")
    if notice.date() > start.date():
        return Verdict(Attendance.UNEXCUSED, f"{said}, après le rendez-vous")
    early = notice.time() < policy.morning_until
    if early and urgent:
        return Verdict(Attendance.EXCUSED, f"{said}, dès le matin, pour une urgence")
    why = f"en urgence mais pas avant {_limit(policy)}" if urgent else "le jour même, sans urgence"
    return Verdict(Attendance.UNEXCUSED, f"{said}, {why}")


# --- who came ---------------------------------------------------------------------------------------------------------


def _came(start: datetime, outcome: Outcome, policy: Policy) -> Verdict:
    """The class of a patient who came. A delay strictly over the limit, without notice, counts as absent, unless the
    patient was treated (ruling 8)."""
    delay = _delay(start, outcome)
    if outcome.kind == OutcomeKind.LATE and delay is None:
        return Verdict(Attendance.UNDECIDED, "« Retard » est tapé sans le nombre de minutes")
    if not delay:
        return Verdict(Attendance.HONOURED, "à l'heure" if outcome.kind == OutcomeKind.ARRIVED else "venu(e)")
    said = f"retard de {minutes(delay)}"
    if delay <= policy.late_minutes:
        return Verdict(Attendance.HONOURED, said)
    if outcome.kind != OutcomeKind.LATE:
        return Verdict(Attendance.LATE, f"{said}, mais patient reçu")
    if outcome.notified:
        return Verdict(Attendance.LATE, f"{said}, mais prévenu")
    return Verdict(Attendance.UNEXCUSED, f"{said}, sans prévenir")


_BY_KIND = {
    OutcomeKind.ABSENT: _absent,
    OutcomeKind.LATE: _came,
    OutcomeKind.ARRIVED: _came,
    OutcomeKind.HONOURED: _came,
}


def _delay(start: datetime, outcome: Outcome) -> int | None:
    """The delay in minutes, None if unknown. An arrival is compared in UTC, so that a change of the clocks adds no
    hour."""
    if outcome.minutes is not None:
        return outcome.minutes
    if outcome.kind == OutcomeKind.ARRIVED and outcome.at:
        late = outcome.at.astimezone(UTC) - start.astimezone(UTC)
        return max(0, int(late.total_seconds() // 60))
    return None


# --- in words ---------------------------------------------------------------------------------------------------------


def findings(verdict: Verdict | None, policy: Policy) -> tuple[Finding, ...]:
    """The finding about the attendance: the noted class, or what to type."""
    if verdict is None:
        return ()
    return raised(policy, _RULES[verdict.attendance], seen=verdict.reason, proposals=verdict.proposals)


_RULES = {
    Attendance.HONOURED: "visit-honoured",
    Attendance.LATE: "visit-honoured",
    Attendance.EXCUSED: "absence-excused",
    Attendance.UNEXCUSED: "absence-unexcused",
    Attendance.UNDECIDED: "attendance-unclear",
    Attendance.EARLY: "absence-early",
}


def _moment(moment: datetime) -> str:
    if moment.time() == time(0):
        return f"le {moment:%d/%m}"
    return f"le {moment:%d/%m} à {clock(moment)}"


def _limit(policy: Policy) -> str:
    return clock(datetime.combine(date.min, policy.morning_until))


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment else None
