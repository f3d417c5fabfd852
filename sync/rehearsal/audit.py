"""`attitre audit` (mode à blanc): reads the real calendars and evaluates every event as if it were new, without writing
into them and without telling anybody. Future events are evaluated as of now, past ones as of when they were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from math import inf
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rules.checks.agenda import block_findings
from rules.findings import RULES
from rules.model import CalendarEvent, Channel, Facts, Finding, Kind, MessageKind, Practice, Send, Severity
from rules.telling.lost_time import lost_minutes
from rules.telling.patient_messages import sms
from rules.telling.reminder_hour import reminder_at
from rules.text.gsm7 import segments
from sync.core.context import Readings, Source, Watch, World, nobody_watches
from sync.evaluate.evaluate import evaluate
from sync.rehearsal.dry_run import Intentions, Onlooker
from sync.rehearsal.scratch_store import Notebook
from sync.store import calendars, excerpt, resources, views
from sync.store.bookings import VALID, BookingRow
from sync.store.views import Line
from sync.worker.scheduler import Readers

_BOTHERS = frozenset({Severity.ERROR, Severity.WARNING})
_OTHER = frozenset({"dentist-other", "consent-void"})
BATCH = 50  # resources a transaction, and a step of the progress display
Count = Callable[[int, int], None]


def nobody_counts(_done: int, _total: int) -> None:
    """The default `count`: shows no progress."""


# --- what is reported ------------------------------------------------------------------------------------------------


class Case(Struct, frozen=True):
    """One event of the span. `times`: occurrences of a series reported once (ruling 11); 1 for bookings."""

    dentist: str
    start: datetime
    end: datetime
    title: str
    kind: Kind
    findings: tuple[Finding, ...] = ()
    mobile: str | None = None
    times: int = 1

    @property
    def wrong(self) -> bool:
        """Whether an error keeps it from being confirmed."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def has(self, rules: Iterable[str]) -> bool:
        """Whether one of these rules was broken."""
        return not {finding.rule for finding in self.findings}.isdisjoint(rules)


class Messages(Struct, frozen=True):
    """What patients would receive. `segments`: the number of SMS that the operator bills."""

    confirmations: Mapping[Channel, int] = field(default_factory=dict)
    reminders: Mapping[Channel, int] = field(default_factory=dict)
    segments: int = 0


class Place(Struct, frozen=True):
    """An event, or a whole calendar, that could not be read, and why."""

    dentist: str
    calendar: str
    ref: str
    reason: str


class Audit(Struct, frozen=True):
    """Everything that the audit saw between `since` and `until`. `lost`: (dentist, Monday) → minutes (P51)."""

    practice: Practice
    since: datetime
    until: datetime
    bookings: tuple[Case, ...] = ()
    blocks: tuple[Case, ...] = ()
    lost: Mapping[tuple[str, date], int] = field(default_factory=dict)
    untagged: int = 0
    unreadable: tuple[Place, ...] = ()
    unread: tuple[Place, ...] = ()
    messages: Messages = Messages()
    directory: bool = True

    @property
    def to_correct(self) -> tuple[Case, ...]:
        """Bookings with errors and blocks without a reason, in order of time."""
        wrong = [case for case in (*self.bookings, *self.blocks) if case.wrong]
        return tuple(sorted(wrong, key=lambda case: (case.start, case.dentist, case.title)))

    def counts(self) -> dict[tuple[str, Severity], int]:
        """(rule, severity) → how many events, in the procedure's order."""
        seen: Counter[tuple[str, Severity]] = Counter()
        for case in (*self.bookings, *self.blocks):
            seen.update({(one.rule, one.severity) for one in case.findings if one.severity in _BOTHERS})
        seen.update((place.reason, Severity.ERROR) for place in self.unreadable)
        order = {rule: index for index, rule in enumerate(RULES)}
        return {key: seen[key] for key in sorted(seen, key=lambda key: order.get(key[0], len(order)))}

    def of(self, dentist: str) -> tuple[Case, ...]:
        """That dentist's bookings."""
        return tuple(case for case in self.bookings if case.dentist == dentist)

    def lost_by(self, dentist: str) -> int:
        """Minutes that dentist lost in all."""
        return sum(minutes for (who, _), minutes in self.lost.items() if who == dentist)


def without_mobile(cases: Iterable[Case]) -> int:
    """The number of bookings without a mobile number."""
    return sum(case.mobile is None for case in cases)


def elsewhere(cases: Iterable[Case]) -> int:
    """The number of bookings with another dentist than the patient's own, without a valid agreement (P23)."""
    return sum(case.has(_OTHER) for case in cases)


# --- how it is found -------------------------------------------------------------------------------------------------


class Silent(Onlooker):
    """A calendar that is only read. An event without a creation stamp counts as made a day before it begins."""

    def read(self, *given: Any) -> Any:
        """The reading, with a creation time for each event."""
        reading = self._calendar.read(*given)
        events = tuple(replace(event, created=_made(event)) for event in reading.events)
        return replace(reading, events=events, rival="")


def _made(event: CalendarEvent) -> datetime:
    return event.created or event.modified or event.start - timedelta(days=1)


class _Clock(Struct):
    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


def audit(
    real: World, notes: Notebook, since: datetime, until: datetime, watch: Watch = nobody_watches, *,
    count: Count = nobody_counts,
) -> Audit:  # fmt: skip
    """Read all calendars, evaluate every event and report. `real` has the scratch store as its store. `watch` is called
    with each calendar that was read, `count` with the events evaluated so far and their total."""
    now, clock = real.now(), _Clock(since)
    world = _silent(real, clock)
    with world.store.write() as tx:
        for source in world.sources:
            calendars.ensure(tx, source.address, source.dentist)
            calendars.change(tx, source.address, baseline_at=since)  # else what stands there counts as told already
    Readers(world, every=0.0, patience=inf).read_all(world.sources, watch)
    _evaluate(world, clock, since, now, count)
    return _report(world, notes, since, until, frozenset(real.senders))


def _silent(real: World, clock: Callable[[], datetime]) -> World:
    """The same practice without senders and quiet times, with calendars that cannot be written."""
    hands_off = Intentions()
    sources = tuple(Source(_watched(s, hands_off), s.dentist, s.tags) for s in real.sources)
    policy = replace(real.practice.policy, quiet_seconds=0, settle_seconds=0, settle_change_seconds=0)
    return replace(
        real, practice=replace(real.practice, policy=policy), sources=sources, senders={}, clock=clock, accounts=(),
        readings=Readings(limit=1_000_000),
    )  # fmt: skip


def _watched(source: Source, seen: Intentions) -> Any:
    return Silent(source.calendar, seen)


def _evaluate(world: World, clock: _Clock, since: datetime, now: datetime, count: Count) -> None:
    """Evaluate past events one by one, each at its creation time, so that visits add up; then all future ones."""
    past, coming = _to_evaluate(world, since, now)
    steps = [(_moment(world, place, since), [place]) for place in past]
    steps += [(now, coming[start : start + BATCH]) for start in range(0, len(coming), BATCH)]
    done, total = 0, len(past) + len(coming)
    for clock.moment, places in steps:
        with world.store.write() as tx:
            resources.mark_dirty(tx, places, clock.moment)
        evaluate(world)
        count(done := done + len(places), total)
    clock.moment = now


def _to_evaluate(world: World, since: datetime, now: datetime) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Resources with an occurrence in the past of the span, in order of time, and those with a future one, in order of
    creation. All other pending evaluations are dropped: the years before the span are not evaluated."""
    with world.store.write() as tx:
        rows = excerpt.ending_after(tx, since)
        excerpt.mark_all_evaluated(tx)
    past = dict.fromkeys((row.calendar, row.ref) for row in rows if row.start < now)
    coming = sorted((row.order, row.calendar, row.ref) for row in rows if row.end > now)
    return list(past), list(dict.fromkeys((calendar, ref) for _, calendar, ref in coming))


def _moment(world: World, place: tuple[str, str], since: datetime) -> datetime:
    """Its creation time; for a series the beginning of the span, so that each date is evaluated."""
    events = _events(world, place)
    if len(events) != 1:
        return since
    return min(_made(events[0]), events[0].start - timedelta(minutes=1))


def _events(world: World, place: tuple[str, str]) -> tuple[CalendarEvent, ...]:
    source = world.source(place[0])
    with world.store.read() as tx:
        row = resources.get(tx, *place)
    if source is None or row is None:
        return ()
    return world.readings.of(source, row.ref, row.payload, world.window(world.now())).events


# --- the report ------------------------------------------------------------------------------------------------------


def _report(world: World, notes: Notebook, since: datetime, until: datetime, channels: frozenset[Channel]) -> Audit:
    practice = world.practice
    with world.store.read() as tx:
        lines = [line for line in views.agenda(tx, since, until, practice.zone) if line.busy.start >= since]
        rows = {row.calendar: row for row in calendars.every(tx)}
        bad = [row for row in resources.present(tx) if row.problem]
    booked = [line for line in lines if line.busy.dentist and line.booking and not line.cancelled]
    blocks = [line for line in lines if line.busy.dentist and line.busy.kind is Kind.BLOCK and not line.booking]
    found = [_block(line, practice) for line in blocks]
    empty = [case for case in found if case.findings]
    return Audit(
        practice=practice, since=since, until=until,
        bookings=tuple(_booking(line, notes, world.now()) for line in booked),
        blocks=tuple(_series(zip(blocks, found, strict=True))),
        lost=lost_minutes([(case.dentist, case.start, min(case.end, until)) for case in empty], practice),
        untagged=sum(not line.busy.dentist for line in lines),
        unreadable=tuple(Place(rows[row.calendar].dentist, row.calendar, row.ref, row.problem) for row in bad),
        unread=tuple(
            Place(row.dentist, row.calendar, "", row.reason or "") for row in rows.values() if row.fail_count
        ),
        messages=_messages(world, [line.booking for line in booked if line.booking], channels),
        directory=notes.known,
    )  # fmt: skip


def _booking(line: Line, notes: Notebook, now: datetime) -> Case:
    row, busy = line.booking, line.busy
    assert row is not None
    settled = {"patient-exists"} if (row.uid, row.recurrence) in notes.born else set()  # known because of this event
    settled |= {"absence-early"} if busy.end <= now else set()  # evaluated before it could be typed
    findings = tuple(one for one in row.findings if one.rule not in settled)
    title = " – ".join(filter(None, (row.facts.name or busy.label, row.facts.motif)))
    return Case(busy.dentist, busy.start, busy.end, title, Kind.BOOKING, findings, row.mobile)


def _block(line: Line, practice: Practice) -> Case:
    busy = line.busy
    findings = block_findings(CalendarEvent(busy.uid, busy.start, busy.end, busy.label), practice)
    return Case(busy.dentist, busy.start, busy.end, busy.label, Kind.BLOCK, findings)


def _series(blocks: Iterable[tuple[Line, Case]]) -> Iterator[Case]:
    """Blocks without a reason, a series once (ruling 11)."""
    first: dict[tuple[str, str], Case] = {}
    for line, case in blocks:
        if case.findings:
            key = (line.busy.uid, case.dentist)
            first[key] = replace(first[key], times=first[key].times + 1) if key in first else case
    yield from first.values()


def _messages(world: World, rows: Iterable[BookingRow], channels: frozenset[Channel]) -> Messages:
    """One confirmation per channel and valid booking, one reminder unless the booking was made too late (P18, P41); a
    reminder names all appointments of one address on one day (ruling 6)."""
    sends: list[Send] = []
    days: dict[tuple[Channel, str, date], list[Facts]] = {}
    for row in rows:
        for channel, to in ((Channel.SMS, row.mobile), (Channel.EMAIL, row.email)):
            if not to or channel not in channels or row.state != VALID:
                continue
            sends.append(Send(MessageKind.CONFIRMATION, channel, to, row.facts))
            if _reminds(world, row):
                days.setdefault((channel, to, row.facts.start.date()), []).append(row.facts)
    for (channel, to, _), facts in days.items():
        first, *others = sorted(facts, key=lambda one: one.start)
        sends.append(Send(MessageKind.REMINDER, channel, to, first, also=tuple(others)))
    texts = [sms(send, world.practice) for send in sends if send.channel is Channel.SMS]
    return Messages(
        Counter(send.channel for send in sends if send.kind is MessageKind.CONFIRMATION),
        Counter(send.channel for send in sends if send.kind is MessageKind.REMINDER),
        sum(map(segments, texts)),
    )


def _reminds(world: World, row: BookingRow) -> bool:
    """Whether it was made before its reminder was due; else the confirmation counts as the reminder (ruling 5)."""
    due = reminder_at(row.facts.start, world.practice.policy.reminder_hours, world.practice)
    events = _events(world, (row.calendar, row.ref))
    return all(_made(one) < due for one in events if (one.uid, one.recurrence) == (row.uid, row.recurrence))
