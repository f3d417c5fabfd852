"""The office in memory, before and after its first pass."""

from pathlib import Path

import pytest

from tests.office import COMPLETE, MORNING, PARIS, PRACTICE, Office, ics, make_office

__all__ = ["COMPLETE", "MORNING", "PARIS", "PRACTICE", "Office", "ics", "make_office"]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """After an empty first pass: what is booked now is new."""
    office = make_office(tmp_path)
    office.passes()
    return office


@pytest.fixture
def new_office(tmp_path: Path) -> Office:
    """Before its first pass."""
    return make_office(tmp_path)
