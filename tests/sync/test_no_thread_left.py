"""The machine has no more threads for a while: once it has, the practice is read and its patients are told again."""

import signal
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace
from schedule import Scheduler

from adapters.base import Outgoing
from adapters.senders.mail import MailSender
from adapters.senders.memory import MemorySender
from adapters.web.office import Ring
from demo.sinks import MailSink
from rules.model import Channel
from sync.core.calls import Call, Note, Pool
from sync.store import messages
from sync.store.engine import Unusable
from sync.worker.hints import telling
from sync.worker.loop import Stop, Worker
from sync.worker.side_by_side import all_turned
from tests.crew import crew_of, write
from tests.fleet.test_answers import free, get
from tests.office import PARIS, Office
from tests.threads import no_thread_left
from tests.working import Working, until

MINUTE = timedelta(minutes=1)


class Threaded(Working):
    """The office with a worker whose SMS gateway is called in threads."""

    def __init__(self, office: Office) -> None:
        self.sms = MemorySender(Channel.SMS, repeatable=False)
        office.world = replace(office.world, senders={Channel.SMS: self.sms})
        super().__init__(office)
        readers = self.readers
        self.calls = Pool(readers.turn, readers.let_go, readers.over, lambda: None)
        readers.call_in_background(self.calls)

    def states(self) -> list[str]:
        return states(self.office)


def states(office: Office) -> list[str]:
    """Of the messages to patients."""
    with office.world.store.read() as tx:
        return [row.state for row in messages.with_state(tx, "pending", "claimed", "sent", "uncertain", zone=PARIS)]


@pytest.fixture
def threaded(office: Office) -> Threaded:
    office.passes()
    working = Threaded(office)
    working.once()
    return working


def begun_without_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Pool.start

    def begins(pool: Pool, call: Call) -> None:
        with no_thread_left():
            starts(pool, call)

    monkeypatch.setattr(Pool, "start", begins)


def test_l10_a_reading_without_a_thread_is_none_and_the_calendar_is_read_again(threaded: Threaded) -> None:
    threaded.office.she_books("a")
    threaded.office.turned += MINUTE
    with no_thread_left():
        threaded.once()
    assert not threaded.readers.busy
    assert threaded.readers.under_way == set()
    assert threaded.states() == []
    asked = threaded.rounds(180)
    assert asked.keys() == {"martin", "bernard"}
    assert threaded.states() == ["sent"]


def test_l4_a_message_without_a_thread_was_not_called_and_goes_once_there_is_one(
    threaded: Threaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    threaded.office.she_books("a")
    threaded.office.turned += MINUTE
    with monkeypatch.context() as patch:
        begun_without_thread(patch)
        threaded.once()
        assert threaded.states() == ["pending"]
    assert not threaded.calls.running
    threaded.rounds(600)
    assert threaded.states() == ["sent"]
    assert len(threaded.sms.sent) == 1


def test_l4_a_mail_whose_servers_name_could_not_be_looked_up_was_not_sent_and_goes_once_it_can_be(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.passes()
    office.she_books("a")
    sends = MailSender.send

    def without_lookup(sender: MailSender, message: Outgoing) -> str:
        with no_thread_left():
            return sends(sender, message)

    with MailSink() as sink:
        sender = MailSender(sink.url.replace("127.0.0.1", "localhost"), "Cabinet des Lilas <rdv@lilas.example>")
        office.world = replace(office.world, senders={Channel.EMAIL: sender})
        with monkeypatch.context() as patch:
            patch.setattr(MailSender, "send", without_lookup)
            office.passes(later=MINUTE)
            assert states(office) == ["pending"]
        office.passes(later=timedelta(hours=1))
        assert states(office) == ["sent"]
        assert [mail["To"] for mail in sink.messages].count("marie@example.org") == 1


def test_a_write_without_a_thread_leaves_its_calendar_free(threaded: Threaded, monkeypatch: pytest.MonkeyPatch) -> None:
    threaded.office.she_books("a")
    threaded.office.turned += MINUTE
    with monkeypatch.context() as patch:
        begun_without_thread(patch)
        threaded.once()
    assert threaded.readers.under_way == set()
    assert not threaded.office.block("a")
    threaded.rounds(600)
    assert threaded.office.block("a").startswith("✓")


def test_what_is_noted_before_a_call_is_noted_before_it_and_without_it_no_call_is_made(threaded: Threaded) -> None:
    made, ended, calls = list[str](), Event(), threaded.calls

    def refuses() -> None:
        raise Unusable("La base est occupée.")

    def work() -> Note:
        made.append("called")
        return ended.set

    with pytest.raises(Unusable):
        calls.start(Call("sms", frozenset({1}), work, refuses))
    assert calls.free("sms", [1])
    assert not calls.running
    calls.start(Call("sms", frozenset({1}), work, lambda: made.append("noted")))
    assert ended.wait(10)
    assert made == ["noted", "called"]


def test_l10_practices_take_their_rounds_in_the_threads_that_there_are() -> None:
    class Turning:
        def __init__(self, office: object) -> None:
            self.world, self.is_due, self.turned = office, True, 0

        def turn_if_due(self) -> None:
            self.turned += 1

    class Elsewhere:
        def __init__(self) -> None:
            self.store = self
            self.file = None

    workers = [Turning(Elsewhere()) for _ in range(3)]
    with no_thread_left():
        all_turned(workers, Event())  # type: ignore[arg-type]
    assert [one.turned for one in workers] == [1, 1, 1]


def test_a_notification_that_found_no_thread_is_refused_the_next_is_passed_on_and_the_practice_may_leave(
    office: Office,
) -> None:
    worker = Worker(office.world, 60, Stop(), Scheduler())
    with telling(worker) as hints, no_thread_left(), pytest.raises(RuntimeError):
        hints.give(Ring("c", "s"))
    with telling(worker) as hints:
        with no_thread_left(), pytest.raises(RuntimeError):
            hints.give(Ring("c", "s"))
        hints.give(Ring("c", "s"))
        until(lambda: hints.wakes == 1)


@pytest.mark.parametrize("watched", [True, False])
def test_l10_an_address_for_which_there_is_no_thread_ends_nothing_and_answers_once_there_is_one(
    office: Office, tmp_path: Path, *, watched: bool
) -> None:
    stop, port, folder = Stop(), free(), tmp_path / "practices"
    crew = crew_of(folder, [office.world], stop, watched=watched)
    crew.look()
    write(folder, "lilas", more=f"page: {{listen: '127.0.0.1:{port}', public_url: 'https://rdv.lilas.example'}}\n")
    stop(signal.SIGHUP)
    with no_thread_left():
        crew.look()
    assert get(port, "/readyz") == (0, "")
    crew.look()
    assert get(port, "/readyz") == (200, "prêt\n")
    crew.close()
