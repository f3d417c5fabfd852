"""The practice as its administrator configured it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

from rules.model.finding import Severity

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

    def __hash__(self) -> int:
        """What is known of a practice's motifs is looked up by all of them, with every entry: their labels tell."""
        return hash(self.label)

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
    brake_new: int = 20
    most_per_hour: int = 6
    most_per_pass: int = 60
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

    def name_of(self, key: str) -> str:
        """How people call the dentist of that key; the key of one who is not configured (any more)."""
        return next((dentist.name for dentist in self.dentists if dentist.key == key), key)

    def motif(self, label: str | None) -> Motif | None:
        """The motif of that exact label."""
        return next((motif for motif in self.motifs if motif.label == label), None)
