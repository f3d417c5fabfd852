"""The desk of a practice of three dentists, empty; and the same where Marie Dupont is known."""

from pathlib import Path

import pytest

from tests.desk import LUC, MARIE, Desk, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Nobody is in the directory."""
    return make_desk(tmp_path)


@pytest.fixture
def known(tmp_path: Path) -> Desk:
    """Marie Dupont is followed by Dr Martin."""
    return make_desk(tmp_path, known=[MARIE])


@pytest.fixture
def two(tmp_path: Path) -> Desk:
    """Marie Dupont and Luc Moreau are both followed by Dr Martin."""
    return make_desk(tmp_path, known=[MARIE, LUC])
