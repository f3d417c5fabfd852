"""A gateway that lets every call run to its deadline: its messages pause, longer each time; the other way goes on."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import OutsideError, TryLater, Uncertain
from adapters.senders.memory import MemorySender
from rules.model import Channel
from sync.outbox import gateway_pause
from sync.worker import health
from tests.office import Office, make_office

EIGHT_NEXT_MORNING = timedelta(hours=23)
SLOW = (TryLater("…", slow=True), Uncertain("…", slow=True))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = make_office(tmp_path)
    sms = MemorySender(Channel.SMS)
    office.world = replace(office.world, senders={**office.world.senders, Channel.SMS: sms})
    office.passes()
    return office


def sms_of(office: Office) -> MemorySender:
    sender = office.world.senders[Channel.SMS]
    assert isinstance(sender, MemorySender)
    return sender


def five_book(office: Office) -> None:
    for number in range(5):
        office.she_books(f"v{number}", day=7 + number)


def troubles(office: Office) -> list[str]:
    with office.world.store.read() as tx:
        return health.troubles_said(tx)


@pytest.mark.parametrize("error", SLOW)
def test_e_a_gateway_that_hangs_is_tried_by_one_call_before_the_rest(office: Office, error: OutsideError) -> None:
    sms = sms_of(office)
    five_book(office)
    for _ in range(6):
        sms.fail(error)
    office.passes(later=timedelta(minutes=10))
    assert sms.attempts == 5
    assert "SMS" in troubles(office)[0]
    assert sum("en pause" in subject for subject in office.to_practice()) == 1
    office.passes(later=timedelta(seconds=50))
    assert sms.attempts == 5, "it pauses"
    office.passes(later=timedelta(hours=2))
    assert sms.attempts == 6, "one call tries"
    office.passes(later=timedelta(hours=2))
    assert not troubles(office)
    office.passes(later=timedelta(hours=2))
    assert len({message.to for message in sms.sent}) == 1
    assert len({message.key for message in sms.sent}) == 5


def test_e_the_other_way_goes_on(office: Office) -> None:
    sms = sms_of(office)
    five_book(office)
    for _ in range(20):
        sms.fail(SLOW[0])
    office.passes(later=timedelta(minutes=10))
    office.passes(later=timedelta(minutes=10))
    office.she_books("late", day=14)
    office.passes(later=timedelta(minutes=10))
    email = office.world.senders[Channel.EMAIL]
    assert isinstance(email, MemorySender)
    assert sum(":confirmation:" in message.key for message in email.sent) == 6
    assert not sms.sent


def test_e_what_fails_at_once_pauses_nothing(office: Office) -> None:
    sms = sms_of(office)
    five_book(office)
    for _ in range(5):
        sms.fail(TryLater("…"))
    office.passes(later=timedelta(minutes=10))
    assert not troubles(office)


def test_the_digest_waits_with_the_mails_and_tries_for_them(office: Office) -> None:
    """While the mail server hangs, the digest is no call more; once it may be tried, it may be the one."""
    email = email_of(office)
    office.she_books("v", text="Nouveau patient")  # a matter for the digest
    office.passes(later=timedelta(minutes=10))
    with office.world.store.write() as tx:
        for _ in range(3):
            gateway_pause.heard(office.world, tx, Channel.EMAIL, slow=True)
    office.turned = EIGHT_NEXT_MORNING
    with office.world.store.write() as tx:
        gateway_pause.heard(office.world, tx, Channel.EMAIL, slow=True)
    before = email.attempts
    office.passes()
    assert email.attempts == before, "it pauses"
    email.fail(SLOW[0])
    office.passes(later=timedelta(minutes=6))
    assert email.attempts == before + 1, "one call tries"
    with office.world.store.read() as tx:
        assert not gateway_pause.pausing(tx, office.now)[Channel.EMAIL]
    office.passes(later=timedelta(minutes=20))
    office.passes(later=timedelta(minutes=20))
    assert sum(":digest:" in message.key for message in email.sent) == 1
    assert not troubles(office)


def email_of(office: Office) -> MemorySender:
    sender = office.world.senders[Channel.EMAIL]
    assert isinstance(sender, MemorySender)
    return sender
