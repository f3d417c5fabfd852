"""Reading one entry takes as many steps with forty motifs as with four (docs/benchmark.md B1): names are looked up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from rules.entry.reading import Reader
from rules.model import CalendarEvent, Motif, Practice

FORTY = tuple(Motif(f"Acte {chr(97 + n // 26)}{chr(97 + n % 26)}", 30, (f"synonyme {n}",)) for n in range(36))
TEXT = "Nouveau patient, sans préférence\nNé(e) le : 12/05/1981\nMobile : 06 12 34 56 78\nE-mail : marie@orange.fr"


def calls(read: Callable[[], object]) -> int:
    """How many Python functions a call goes through: the same on every machine."""
    count = 0

    def seen(_frame: object, what: str, _argument: object) -> None:
        nonlocal count
        count += what == "call"

    sys.setprofile(seen)
    try:
        read()
    finally:
        sys.setprofile(None)
    return count


def steps(house: Practice, booked: Callable[..., CalendarEvent], name: str) -> int:
    """Of an entry whose name was never read, in a practice that was asked before."""
    now = datetime(2026, 11, 20, 10, tzinfo=house.zone)
    Reader(house, now).read(booked("GARNIER Paul – ctrl dévit 36", TEXT))
    return calls(lambda: Reader(house, now).read(booked(f"{name} Marie – ctrl plombage 36", TEXT)))


def test_reading_takes_no_longer_with_forty_motifs(lilas: Practice, booked: Callable[..., CalendarEvent]) -> None:
    few = steps(lilas, booked, "DUPONT")
    many = steps(replace(lilas, motifs=(*lilas.motifs, *FORTY)), booked, "DURAND")
    assert many < few + 300  # what was remembered of other texts varies by some hundred
    assert many < 1000
