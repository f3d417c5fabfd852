"""A mobile or e-mail address corrected before its reminder left: the reminder goes to the new one only (P41)."""

from datetime import timedelta

import pytest

from adapters.base import Permanent, TryLater
from rules.model import Channel
from sync.outbox import by_hand
from tests.office import COMPLETE
from tests.ways import DAY, HOUR, Way

CORRECTED = COMPLETE.replace("06 12 34 56 78", "06 99 88 77 66").replace("marie@", "m.dupont@")
NEW = {Channel.SMS: "+33699887766", Channel.EMAIL: "m.dupont@example.org"}
REFUSED = Permanent("Destinataire refusé.")


@pytest.fixture
def due(way: Way) -> Way:
    """A visit in three days is confirmed; a minute later the hour of its reminder comes."""
    way.office.she_books("a", day=3)
    way.office.passes()
    way.office.passes(later=2 * DAY + HOUR - timedelta(minutes=1))
    return way


def she_corrects(way: Way) -> None:
    way.office.she_books("a", day=3, text=CORRECTED)


def reminded(way: Way) -> list[str]:
    return [one.to for one in way.arrived() if ":reminder:" in one.key]


def reminders(way: Way) -> list[str]:
    return [state for kind, state in way.states() if kind == "reminder"]


def test_p41_a_reminder_that_the_gateway_put_off_goes_to_the_corrected_address(due: Way) -> None:
    due.errs(TryLater("Trop de messages.", 1800.0))
    due.office.passes(later=timedelta(minutes=2))
    assert reminders(due) == ["pending"]
    she_corrects(due)
    due.goes_on(3)
    assert reminded(due) == [NEW[due.channel]]
    assert reminders(due) == ["suppressed", "sent"]


def test_p41_a_reminder_that_was_never_called_goes_to_the_corrected_address(
    due: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as waits:
        waits.setattr("sync.outbox.claims.why_wait", lambda *_: "attend")
        due.office.passes(later=timedelta(minutes=2))
    assert reminders(due) == ["pending"]
    she_corrects(due)
    due.goes_on(3)
    assert reminded(due) == [NEW[due.channel]]
    assert reminders(due) == ["sent"]


def test_p41_a_reminder_refused_for_its_address_goes_to_the_corrected_one(due: Way) -> None:
    due.errs(REFUSED)
    due.office.passes(later=timedelta(minutes=2))
    due.goes_on(1)
    assert (reminders(due), reminded(due)) == (["failed"], [])
    she_corrects(due)
    due.goes_on(2)
    assert (reminders(due), reminded(due)) == (["failed", "sent"], [NEW[due.channel]])


def test_p41_by_hand_the_reminder_to_the_corrected_address_goes_instead(due: Way) -> None:
    due.errs(REFUSED)
    due.office.passes(later=timedelta(minutes=2))
    she_corrects(due)
    due.errs(TryLater("…", 1800.0))
    due.office.passes()
    world, row = due.office.world, next(one for one in due.rows() if one.state == "failed")
    with world.store.write() as tx, pytest.raises(by_hand.NotPossible, match="l'adresse qui vaut maintenant"):
        by_hand.retry(world, tx, row, world.now())
    due.goes_on(3)
    assert reminded(due) == [NEW[due.channel]]


def test_p41_a_reminder_sent_before_the_correction_is_not_sent_again(due: Way) -> None:
    due.office.passes(later=timedelta(minutes=2))
    she_corrects(due)
    due.goes_on(2)
    assert reminders(due) == ["sent"]
    assert reminded(due) != [NEW[due.channel]]
