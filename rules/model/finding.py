"""What the rules have to say about an entry."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """What a finding does: an error blocks the confirmation, the others do not; off is never raised."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Finding(Struct, frozen=True):
    """One thing wrong or worth knowing about an entry.

    `rule` is an id of `rules.findings.RULES`; `text` is the French sentence the secretary reads: what was seen and what
    to type. `field` names what it is about (`mobile`, `motif`, …). `proposals` are lines offered below it.
    """

    rule: str
    severity: Severity
    text: str
    field: str
    proposals: tuple[str, ...] = ()
