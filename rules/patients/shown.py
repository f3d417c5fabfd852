"""How records are shown to choose from: told apart, and each with what to type (P3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rules.model import Patient
from rules.text.french import numeric_day


def label(patient: Patient) -> str:
    """`DUPONT Marie, né(e) le 12/05/1981`: how a record is shown to choose from."""
    born = f", né(e) le {numeric_day(patient.birth_date)}" if patient.birth_date else ""
    return f"{patient.name}{born}"


def with_last_visit(patient: Patient) -> str:
    """`label` and the day of the last visit, if one is known."""
    last = f", dernière visite le {numeric_day(patient.visits[0][0])}" if patient.visits else ""
    return f"{label(patient)}{last}"


def told_apart(people: Sequence[Patient]) -> Iterator[str]:
    """The records as lines to choose from. Records that share name and birth date show the last two digits of their
    mobile."""
    spoken = Counter(map(label, people))
    for one in people:
        alike = spoken[label(one)] > 1 and one.mobile
        yield f"{with_last_visit(one)}{f', mobile …{one.mobile[-2:]}' if alike and one.mobile else ''}"


def numbered_as(place: int) -> str:
    """The end of a line to choose by its number: what to type (`= 1`)."""
    return f" (= {place})"


def numbered(shown: Iterable[str], typed: int) -> Iterator[str]:
    """Each line with what to type to choose it. `typed`: the number that the entry has already. It was chosen from an
    earlier list, so the new numbers go on after it and the old one never selects from this list."""
    return (f"{one}{numbered_as(place)}" for place, one in enumerate(shown, typed + 1))
