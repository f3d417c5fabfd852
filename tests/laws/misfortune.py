"""What goes wrong outside: servers forget, err and repeat themselves, gateways err and answer late."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from adapters.base import Conflict, Denied, Garbled, Permanent, TryLater, Uncertain, Unknown
from rules.model import Channel
from tests.laws.meant import DENTISTS, Meant
from tests.laws.moods import Moody, Watched

THEN = st.sampled_from([None, 0, 60, 300, 300])  # seconds until the worker passes next; None: she goes on at once


def step(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule after which, mostly, the worker passes."""

    def decorated(act: Callable[..., None]) -> Any:
        @wraps(act)
        def acts(self: Any, then: int | None, **drawn: Any) -> None:
            act(self, **drawn)
            if then is not None:
                self.the_worker_passes_after(then)

        del acts.__wrapped__
        return rule(then=THEN, **given)(acts)

    return decorated


class Misfortune(RuleBasedStateMachine):
    """The rules of it, for the machine that knows the practice."""

    calendars: dict[str, Moody]
    senders: dict[Channel, Watched]
    meant: dict[tuple[str, str], Meant]
    world: Any
    place: Callable[[int], tuple[str, str]]

    @step(who=st.sampled_from(DENTISTS))
    def the_server_forgets_its_tokens(self, who: str) -> None:
        self.calendars[who].expire_tokens()

    @step(who=st.sampled_from(DENTISTS), fault=st.integers(0, 6))
    def the_server_errs(self, who: str, fault: int) -> None:
        calendar = self.calendars[who]
        errors = [TryLater("…"), TryLater("…", 120), Garbled("…"), Denied("…"), Conflict(), Unknown()]
        if fault < len(errors):
            calendar.fail_next(errors[fault])
        else:
            calendar.lose_answer_of_next_write()

    @step(who=st.sampled_from(DENTISTS))
    def the_server_repeats_itself(self, who: str) -> None:
        self.calendars[who].repeating = not self.calendars[who].repeating

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20))
    def the_server_buries_the_living(self, number: int) -> None:
        """A tombstone for an event that stands there (lost and repeated answers do that)."""
        who, ref = self.place(number)
        self.calendars[who].buried = (ref,)

    @step(channel=st.sampled_from(list(Channel)), fault=st.integers(0, 3))
    def the_gateway_errs(self, channel: Channel, fault: int) -> None:
        self.the_gateway_will(channel, fault)

    def the_gateway_will(self, channel: Channel, fault: int) -> None:
        sender = self.senders[channel]
        error = [TryLater("…"), Permanent("…"), Uncertain("…"), Uncertain("…")][fault]
        sender.fail(error, taken=fault == 3)

    @step(channel=st.sampled_from(list(Channel)))
    def an_answer_is_late(self, channel: Channel) -> None:
        """Of the next message; passes go on meanwhile."""
        self.world.calls.late.add(channel)

    @step(channel=st.sampled_from(list(Channel)), taken=st.booleans())
    def the_store_refuses_an_answer(self, channel: Channel, taken: bool) -> None:
        """To the next message, and passes go on meanwhile; or it took it, and the connection ended before that was
        said."""
        self.the_store_will_refuse(channel, taken=taken)

    def the_store_will_refuse(self, channel: Channel, *, taken: bool) -> None:
        (self.world.calls.unheard if taken else self.world.calls.refused).add(channel)

    @precondition(lambda self: self.world.calls.held)
    @step()
    def late_answers_arrive(self) -> None:
        self.world.calls.arrive()
