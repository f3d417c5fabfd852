"""The practice as its administrator configured it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from functools import cached_property
from hashlib import sha256
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from rules.model.finding import Severity
from rules.model.waiting import Waiting

Span = tuple[time, time]


class Motif(Struct, frozen=True):
    """A reason for a visit that the practice offers (P6). `within_days`: the longest wait it bears (P11)."""

    label: str
    minutes: int
    also: tuple[str, ...] = ()
    first_visit_minutes: int | None = None
    within_days: int | None = None
    public_label: str | None = None

    def __hash__(self) -> int:
        """What is known of a practice's motifs is looked up by all of them, with every entry: their labels tell."""
        return hash(self.label)

    def length(self, first_visit: bool | None) -> int:
        """Minutes that a visit takes (P7, P8)."""
        return self.first_visit_minutes or self.minutes if first_visit else self.minutes


TOGETHER = " + "


def together(motifs: Sequence[Motif]) -> Motif:
    """One visit for several motifs: their minutes added, what a first visit takes besides counted once (P8); it bears
    the shortest wait (P11)."""
    more = max((one.length(True) - one.minutes for one in motifs), default=0)
    minutes = sum(one.minutes for one in motifs)
    waits = [one.within_days for one in motifs if one.within_days is not None]
    public = [one.public_label or one.label for one in motifs] if any(one.public_label for one in motifs) else []
    return Motif(
        TOGETHER.join(one.label for one in motifs),
        minutes,
        first_visit_minutes=minutes + more if more else None,
        within_days=min(waits, default=None),
        public_label=TOGETHER.join(dict.fromkeys(public)) or None,
    )


class Dentist(Struct, frozen=True):
    """`hours` maps weekdays (Monday 0) to opening spans; None where the practice declared none."""

    key: str
    name: str
    specialty: str
    hours: Mapping[int, tuple[Span, ...]] | None = None


class SupportContact(Struct, frozen=True):
    """Whom the practice calls when its booking software fails (P1)."""

    name: str
    portal: str | None = None
    phone: str | None = None
    phone_note: str | None = None
    email: str | None = None
    hours: Mapping[int, tuple[Span, ...]] | None = None


class Policy(Struct, frozen=True):
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
    brake_new: int = 20
    most_per_hour: int = 6
    most_per_pass: int = 60
    late_minutes: int = 10
    morning_until: time = time(12, 0)
    cancel_until_hours: int = 4
    move_from_hours: int = 4


class Practice(Struct, frozen=True, dict=True):
    """`key` never changes and starts every key in the store. `holidays`: département code for public holidays.
    `digest_at`: the local time of the daily digest. `motifs_together`: one visit may have several motifs, their lengths
    added. `abbreviations`: (what is typed, what it means), a motif or a statement. `page_url`: where patients find
    their page, without a trailing slash; None: no links. `waiting`: how freed time is offered; None: not at all."""

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
    motifs_together: bool = False
    abbreviations: tuple[tuple[str, str], ...] = ()
    page_url: str | None = None
    waiting: Waiting | None = None

    @cached_property
    def opening(self) -> str:
        """Equal, in every process, for the same dentists with the same hours and the same public holidays."""
        hours = [(one.key, one.hours and sorted(one.hours.items())) for one in self.dentists]
        return sha256(repr((hours, self.holidays)).encode()).hexdigest()

    def dentist(self, key: str) -> Dentist:
        """The dentist of that key. Raises KeyError for a key that is not configured."""
        for dentist in self.dentists:
            if dentist.key == key:
                return dentist
        raise KeyError(key)

    def name_of(self, key: str) -> str:
        """How people call the dentist of that key; the key of one who is not configured (any more)."""
        return next((dentist.name for dentist in self.dentists if dentist.key == key), key)

    def motif(self, label: str | None) -> Motif | None:
        """The motif of that exact label; of several joined by ` + `, one visit for all of them."""
        if label is None:
            return None
        found = next((motif for motif in self.motifs if motif.label == label), None)
        if found is not None or TOGETHER not in label:
            return found
        parts = [self.motif(part) for part in label.split(TOGETHER)]
        known = [part for part in parts if part is not None]
        return together(known) if len(known) == len(parts) else None
