"""Nobody is confirmed with another dentist than their own without an agreement for that booking and dentist (law L3,
P49).

A machine plays the secretary with three dentists: she books, edits, drags, copies with and without our block, notes and
strikes agreements, has patients asked by link, imports and merges records, and time passes; patients answer at once,
much later or from an old page. It keeps its own account of who is whose and what was agreed to where, without asking
the product, and every confirmation is held against that account. A second machine has patients move and cancel by their
links besides, which has an account of its own.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.laws.own_dentist import OwnDentist, in_an_office
from tests.laws.patients_moves import ACTS, Moves

EXAMPLES = 18 * settings.default.max_examples // 100  # by default; `make test-long` asks forty times as many


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> None:
    in_an_office(tmp_path_factory.mktemp("l3"))


PLAYED = settings(
    max_examples=EXAMPLES, stateful_step_count=10, derandomize=settings.default.derandomize, deadline=None,
    database=None, suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestL3OwnDentist = OwnDentist.TestCase
TestL3OwnDentist.settings = PLAYED
TestL3MovesByLink = Moves.TestCase
TestL3MovesByLink.settings = PLAYED


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("act", [*ACTS, "takes it back"])
def test_l3_l4_whatever_she_does_around_our_write_hers_stands(act: str, when: str) -> None:
    play = Moves()
    play.opens()
    play.she_is_quick(pick=0, page=1, nth=3, when=when, act=act, on=1, then=61)
    play.passes_after(120)
    play.teardown()
