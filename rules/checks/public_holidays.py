"""Public holidays by département (P9). A module of its own, as every process asks it whether the practice is open."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_ALSACE = {"67": "6AE", "68": "6AE"}  # Alsace-Moselle's subdivision in the library `holidays`


def holiday_name(value: date, department: str | None) -> str:
    """The name of the public holiday on that day in that département, Alsace-Moselle and overseas included; else
    empty."""
    return _holidays(department.strip().upper(), value.year).get(value, "") if department else ""


@lru_cache(maxsize=256)
def _holidays(department: str, year: int) -> dict[date, str]:
    import holidays

    code = _ALSACE.get(department, department)
    local = code if code in holidays.France.subdivisions else None
    return dict(holidays.France(subdiv=local, years=year, language="fr"))
