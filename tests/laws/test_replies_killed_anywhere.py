"""L3, L4: whatever a crash interrupts, a reply by link counts wholly or not at all, and what comes of it is told once.
SIGKILL at every commit and every call outside: in the click itself (a move, an accepted slot, a refusal of other
dates), and while the worker carries out what was chosen instead of an appointment under a leave (P24).
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.web.patients import LinkTo, What
from demo.secretary import Event
from rules.model import Channel
from sync.store.messages import SENT
from tests.laws.clicks import clicks, secret_of
from tests.laws.conftest import MORNING, PARIS, TEXT
from tests.laws.test_l4_killed_anywhere import confirmed, sweep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LEAVE = "Proposer d'autres dates"
THERE = (MORNING + timedelta(days=9)).replace(hour=15, minute=0)
DEBUT = f"{THERE.astimezone(UTC):%Y%m%dT%H%MZ}"
FREED = (MORNING + timedelta(days=2)).replace(hour=9, minute=30)


def passes(practice: Any) -> None:
    for _ in range(3):
        practice.passes()
        practice.later(minutes=2)


def leave_over_it(practice: Any) -> Event:
    """Marie's appointment was confirmed; her dentist is away that day, and other dates are to be proposed."""
    confirmed(practice)
    start = (MORNING + timedelta(days=7)).replace(hour=8, minute=0)
    event: Event = practice.secretary().books("Congés", start, 600, LEAVE)
    return event


def offered(practice: Any) -> None:
    """Another patient's slot was freed and offered to her."""
    practice.passes()
    held = FREED + timedelta(days=5)
    practice.booked.append(
        practice.secretary().books("DUPONT Marie – détartrage", held, 45, f"{TEXT}\nListe d'attente")
    )
    other = TEXT.replace("12/05/1981", "03/02/1975").replace("marie@", "luc@").replace("12 34 56 78", "23 45 67 89")
    gone = practice.secretary().books("MOREAU Luc – détartrage", FREED, 45, other)
    passes(practice)
    practice.secretary().deletes(gone)
    passes(practice)


def told(practice: Any) -> dict[str, int]:
    """How many of each kind went by SMS; every one arrived once."""
    rows = [row for row in practice.rows() if row.channel is Channel.SMS]
    assert {row.state for row in rows} <= {SENT}
    assert len(practice.sms.messages) == len(rows)
    return dict(Counter(row.kind.value for row in rows))


def stands(practice: Any) -> datetime:
    """Where the appointment is in her calendar."""
    found = re.search(r"DTSTART;TZID=Europe/Paris:(\S+)", practice.secretary().sees(practice.booked[0]).raw)
    assert found
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=PARIS)


def settled(practice: Any) -> None:
    with closing(sqlite3.connect(practice.folder / "cabinet.db")) as file:  # the moment that is kept is this file alone
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def calm(practice: Any) -> None:
    assert practice.nothing_is_owed()
    assert practice.store_equals_calendar()


# --- in the click ----------------------------------------------------------------------------------------------------


def moves(practice: Any, die_at: int = 0) -> bool:
    return clicks(practice, LinkTo.APPOINTMENT, practice.link, What.MOVE, die_at, debut=DEBUT)


def accepts(practice: Any, die_at: int = 0) -> bool:
    return clicks(practice, LinkTo.OFFER, practice.link, What.ACCEPT, die_at)


@pytest.mark.parametrize(
    ("before", "to", "presses", "there"),
    [(confirmed, LinkTo.APPOINTMENT, moves, THERE), (offered, LinkTo.OFFER, accepts, FREED)],
    ids=["a move", "an accepted slot"],
)
def test_p45_p44_killed_in_the_click_it_counts_wholly_or_not_at_all(
    practice: Any, before: Callable[[Any], None], to: LinkTo, presses: Callable[..., bool], there: datetime
) -> None:
    before(practice)
    practice.link, here = secret_of(practice, to), stands(practice)
    settled(practice)
    practice.remember()
    outcomes = []
    for point in range(1, 10):
        died = presses(practice, point)
        passes(practice)
        moved = stands(practice) == there
        assert moved or stands(practice) == here
        assert told(practice) == ({"modification": 1} if moved else {})
        outcomes.append(moved)
        if not moved:  # the page is there still, and the same click counts
            assert not presses(practice)
            passes(practice)
            assert stands(practice) == there
            assert told(practice) == {"modification": 1}
        calm(practice)
        practice.goes_back()
        if not died:
            break
    assert outcomes == sorted(outcomes) and set(outcomes) == {False, True}, outcomes


# --- other dates -----------------------------------------------------------------------------------------------------


def test_p24_killed_anywhere_each_is_asked_once_for_another_date(practice: Any) -> None:
    leave = leave_over_it(practice)
    for _ in sweep(practice):
        assert told(practice) == {"dates": 1}
        assert "sans réponse" in practice.secretary().sees(leave).text
        calm(practice)


def asked(practice: Any) -> Event:
    leave = leave_over_it(practice)
    passes(practice)
    practice.link = secret_of(practice, LinkTo.APPOINTMENT)
    return leave


def test_p24_killed_anywhere_after_another_date_was_chosen_it_stands_there_and_is_told_once(practice: Any) -> None:
    leave = asked(practice)
    assert not moves(practice)
    settled(practice)
    for _ in sweep(practice):
        assert stands(practice) == THERE
        assert told(practice) == {"modification": 1}
        assert "déplacé au" in practice.secretary().sees(leave).text
        assert "silencieux" not in practice.secretary().sees(leave).text
        assert practice.secretary().sees(practice.booked[0]).title.startswith("✓")
        calm(practice)


def test_p24_killed_anywhere_after_all_dates_were_refused_it_is_to_be_called_once(practice: Any) -> None:
    leave, here = asked(practice), stands(practice)
    assert not clicks(practice, LinkTo.APPOINTMENT, practice.link, What.REFUSE)
    settled(practice)
    for _ in sweep(practice):
        assert stands(practice) == here
        assert told(practice) == {}
        assert "refusé le" in practice.secretary().sees(leave).text
        assert practice.secretary().sees(practice.booked[0]).text.count("À rappeler au") == 1
        calm(practice)
