"""P23, L3, L4: whatever a crash interrupts, a patient is asked once, and the click confirms once. SIGKILL at every
commit and every call outside; the click itself is one commit."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from adapters.web.patients import LinkTo, What
from demo.secretary import Event
from rules.model import Channel
from sync.store.messages import SENT
from tests.laws.clicks import clicks, secret_of
from tests.laws.test_l4_killed_anywhere import sweep

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TEXT = (
    "Nouveau patient\nDentiste : Dr Martin\nNé(e) le : 12/05/1981\nE-mail : marie@example.org\n"
    "Mobile : 06 12 34 56 78\nAdresse : 3 rue Verte, 75011 Paris\nDemander l'accord"
)


def booked(practice: Any) -> Event:
    """Marie DUPONT is followed by Dr Martin, and stands with Dr Bernard; the worker has not seen it yet."""
    practice.passes()
    start = (practice.now + timedelta(days=7)).replace(hour=9, minute=30)
    event: Event = practice.secretary("bernard").books("DUPONT Marie – détartrage", start, 45, TEXT)
    return event


def asked(practice: Any) -> Event:
    event = booked(practice)
    for _ in range(3):
        practice.passes()
        practice.later(minutes=2)
    return event


def agrees(practice: Any, secret: str, die_at: int = 0) -> bool:
    """The patient accepts, in a process that is killed at that point; whether it was."""
    return clicks(practice, LinkTo.AGREEMENT, secret, What.ACCEPT, die_at)


def told(practice: Any) -> dict[str, int]:
    """How many of each kind went by SMS; every one arrived once."""
    rows = [row for row in practice.rows() if row.channel is Channel.SMS]
    assert {row.state for row in rows} <= {SENT}
    assert len(practice.sms.messages) == len(rows)
    return dict(Counter(row.kind.value for row in rows))


def reads(practice: Any, event: Event) -> str:
    return str(practice.secretary("bernard").sees(event).text)


def test_p23_killed_anywhere_the_patient_is_asked_once(practice: Any) -> None:
    event = booked(practice)
    for _ in sweep(practice):
        assert told(practice) == {"agreement": 1}
        assert practice.nothing_is_owed()
        assert practice.store_equals_calendar()
        assert "Accord demandé au patient" in reads(practice, event)


def test_p23_l3_killed_anywhere_after_the_click_it_is_confirmed_once(practice: Any) -> None:
    event = asked(practice)
    assert not agrees(practice, secret_of(practice, LinkTo.AGREEMENT))
    with closing(sqlite3.connect(practice.folder / "cabinet.db")) as file:  # the moment that is kept is this file alone
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for _ in sweep(practice):
        assert told(practice) == {"confirmation": 1}
        assert practice.nothing_is_owed()
        assert practice.store_equals_calendar()
        assert "Accord du patient par lien" in reads(practice, event)
        assert practice.secretary("bernard").sees(event).title.startswith("✓")


def test_p23_l3_killed_in_the_click_it_counts_wholly_or_not_at_all(practice: Any) -> None:
    event = asked(practice)
    secret = secret_of(practice, LinkTo.AGREEMENT)
    practice.remember()
    outcomes = []
    for point in range(1, 10):
        died = agrees(practice, secret, die_at=point)
        practice.settles()
        confirmed = practice.secretary("bernard").sees(event).title.startswith("✓")
        assert told(practice) == ({"confirmation": 1} if confirmed else {})
        outcomes.append(confirmed)
        if not confirmed:  # the page is there still, and the same click counts
            assert not agrees(practice, secret)
            practice.settles()
            assert told(practice) == {"confirmation": 1}
        practice.goes_back()
        if not died:
            break
    assert outcomes == sorted(outcomes) and set(outcomes) == {False, True}, outcomes
