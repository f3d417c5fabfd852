"""The notice beside unwritable events: one all-day event for each calendar and day
(docs/design.md#writing-into-her-event).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from rules.model import CalendarEvent, Finding, Practice, Severity
from rules.telling import offer_words
from rules.telling.event_block import findings_said
from rules.text.french import clock

NAME = "attitre-a-corriger-"  # begins the UID of each notice
SHOWN = frozenset({Severity.ERROR, Severity.WARNING})


class Correction(Struct, frozen=True):
    """One event of the day: its start, its title, why it is unwritable, and its findings."""

    start: datetime
    all_day: bool
    name: str
    why: str
    findings: tuple[Finding, ...]


def worth_saying(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that ask the user to do something."""
    return tuple(one for one in findings if one.severity in SHOWN)


def notice(corrections: Sequence[Correction], practice: Practice) -> tuple[str, str]:
    """(title, text) for the corrections of one day, in order. The same facts always give the same text (law L2)."""
    ordered = sorted(corrections, key=lambda one: (not one.all_day, one.start, one.name))
    said = "\n\n".join(_paragraph(one, practice) for one in ordered)
    return f"attitre : à corriger ({len(ordered)})", f"{said}\n\n{_END}"


def is_companion(event: CalendarEvent) -> bool:
    """Whether the event is one of our notices, or shows an offer of ours, or is a copy of one. It is never a booking, a
    block or a question. An offer's event under another title is hers: she may have noted an appointment in it."""
    offer_like = event.title.strip().startswith((offer_words.TITLE.strip(), offer_words.CALL))
    if event.uid.startswith(offer_words.NAME):
        return offer_like
    notice_like = event.all_day and is_notice(event.title)
    return event.uid.startswith(NAME) or (event.transparent and (notice_like or offer_like))


def is_notice(title: str) -> bool:
    """Whether the title is that of such a notice."""
    return _TITLE.fullmatch(title.strip()) is not None


def _paragraph(one: Correction, practice: Practice) -> str:
    when = "Toute la journée" if one.all_day else clock(one.start.astimezone(practice.zone))
    why = one.why[:1].lower() + one.why[1:].rstrip(" .")
    head = f"{when}, {one.name or 'sans titre'} (rien n'y est écrit : {why})"
    return "\n".join((head, *findings_said(one.findings)))


_TITLE = re.compile(r"attitre : à corriger \(\d+\)")
_END = "Corrigez les événements eux-mêmes : cette note suit, et disparaît quand tout est corrigé."
