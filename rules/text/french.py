"""Dates and times in French words, in the zone of the value given (P17, P36)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache

from rules.model import Channel

WAYS = {Channel.SMS: "SMS", Channel.EMAIL: "e-mail"}
WAYS_PLURAL = {Channel.SMS: "SMS", Channel.EMAIL: "e-mails"}
"""How messages by each way are called, after `un` and `des`."""

_BEFORE = re.compile(r"(?<=\S) (?=[»?!:;])|(?<=«) ")


def unbroken(line: str) -> str:
    """The line with no-break spaces inside « » and before `? ! : ;`, as French typography wants them."""
    return _BEFORE.sub("\N{NO-BREAK SPACE}", line)


def clock(moment: datetime) -> str:
    """`9 h 30`, `14 h`."""
    return f"{moment.hour} h {moment.minute:02d}" if moment.minute else f"{moment.hour} h"


def short_clock(moment: datetime) -> str:
    """`9h30`, `14h`: for an SMS, where each character counts."""
    return f"{moment.hour}h{moment.minute:02d}" if moment.minute else f"{moment.hour}h"


@lru_cache(maxsize=1024)
def day(value: date, *, year: bool = False) -> str:
    """`mardi 24 novembre`, `dimanche 1er novembre`, with the year where asked."""
    from babel.dates import format_date  # loaded by who writes a date

    said = format_date(value, "EEEE d MMMM y" if year else "EEEE d MMMM", locale="fr")
    return said.replace(" 1 ", " 1er ") if value.day == 1 else said


def numeric_day(value: date) -> str:
    """`24/11/2026`."""
    return f"{value:%d/%m/%Y}"


def day_and_clock(moment: datetime, *, year: bool = False) -> str:
    """`mardi 24 novembre à 9 h 30`."""
    return f"{day(moment.date(), year=year)} à {clock(moment)}"


def minutes(value: int) -> str:
    """`45 min`, `1 h`, `1 h 30`."""
    hours, rest = divmod(value, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def listed(words: Iterable[str], last: str = "ou") -> str:
    """`a, b ou c`."""
    *head, tail = list(words) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail
