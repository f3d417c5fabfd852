"""Who waits, as the rules see it: entries with what their patients do and were asked (P44). Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field

from rules.model import Channel, Gap, WaitingEntry
from rules.waiting.fitting import SEVEN_DAYS
from sync.core.context import World
from sync.store import occurrences, offers, waiting_views
from sync.store.engine import Tx
from sync.store.offers import Asked
from sync.store.waiting_entries import PAUSED
from sync.store.waiting_views import Waiter

PAUSE = "en pause : deux propositions sans réponse"
UNFIT = "son rendez-vous est à compléter"
NO_WAY = "ni mobile ni e-mail : à appeler"


class _History(Struct):
    """What a patient was asked lately."""

    moments: list[datetime] = field(default_factory=list)
    gaps: set[int] = field(default_factory=set)
    waits_for_answer: bool = False

    def add(self, one: Asked) -> None:
        """One offer more; one that was never read does not count."""
        self.gaps.add(one.gap)
        self.waits_for_answer |= one.state in offers.LIVE
        if one.state is not offers.UNREAD:
            self.moments.append(one.made_at)


class _Around(Struct, frozen=True):
    """What is known besides the entries: who agreed to the gap's dentist, who has an appointment at that time, who was
    asked."""

    gap: Gap
    ways: frozenset[Channel]
    agreed: frozenset[int]
    busy: Mapping[int, list[tuple[datetime, datetime]]]
    asked: Mapping[tuple[str, int], _History]
    last: Mapping[int, datetime]


def waiting_for(
    world: World, tx: Tx, gap: Gap, now: datetime, *, everybody: bool = False
) -> list[tuple[WaitingEntry, Waiter]]:
    """Who waits, for the rules and as stored: whom the gap's dentist may see and it is long enough for, or
    `everybody`."""
    free = int((gap.end - gap.start).total_seconds() // 60)
    rows = waiting_views.everybody(tx) if everybody else waiting_views.of_dentist(tx, gap.dentist, free)
    around = _Around(
        gap, frozenset(world.senders), waiting_views.agreed(tx, gap.dentist, [row.booking for row in rows]),
        _busy(world, tx, gap), _asked(offers.asked_since(tx, now - SEVEN_DAYS)),
        offers.last_asked(tx, [row.id for row in rows]),
    )  # fmt: skip
    return [(_entry(row, around), row) for row in rows]


def whose(entry: int, patient: int) -> tuple[str, int]:
    """By whom offers are counted: a patient, or an entry whose patient nobody knows."""
    return ("patient", patient) if patient else ("entry", entry)


def _entry(row: Waiter, around: _Around) -> WaitingEntry:
    history = around.asked.get(whose(row.id, row.patient), _NOTHING)
    agreed = bool(row.booking) and row.booking in around.agreed
    return WaitingEntry(
        number=row.id,
        patient=row.patient,
        dentist=row.dentist,
        minutes=row.minutes,
        since=row.since,
        motif=row.motif,
        wish=row.wish,
        urgent=row.urgent,
        agreed=frozenset({around.gap.dentist}) if agreed else frozenset(),
        held=row.held,
        busy=tuple(around.busy.get(row.patient, ())) if row.patient else (),
        asked=tuple(history.moments),
        last_asked=around.last.get(row.id),
        gaps=frozenset(history.gaps),
        open_offer=history.waits_for_answer,
        unfit=_unfit(row, around.ways),
    )


def _busy(world: World, tx: Tx, gap: Gap) -> dict[int, list[tuple[datetime, datetime]]]:
    """Patient → their appointments at that time, with any dentist."""
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for dentist in world.practice.dentists:
        for item in occurrences.busy(tx, dentist.key, gap.start, gap.end):
            if item.patient_id is not None:
                found[item.patient_id].append((item.start, item.end))
    return dict(found)


def _unfit(row: Waiter, ways: frozenset[Channel]) -> str:
    if row.state == PAUSED:
        return PAUSE
    if not row.fit:
        return UNFIT
    reached = (row.mobile and Channel.SMS in ways) or (row.email and Channel.EMAIL in ways)
    return "" if reached else NO_WAY


def _asked(rows: Iterable[Asked]) -> dict[tuple[str, int], _History]:
    found: dict[tuple[str, int], _History] = defaultdict(_History)
    for one in rows:
        found[whose(one.waiting, one.patient)].add(one)
    return dict(found)


_NOTHING = _History()
