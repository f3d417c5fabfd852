"""More is told than anybody means to send: it is held, changes meanwhile, and is answered, early, late or never."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from rules.model import Practice
from sync.plan import floods
from sync.store import messages, tellings
from sync.store.messages import MessageRow
from tests.laws.doubles import Doubles, Place
from tests.laws.meant import DENTISTS, PARIS
from tests.laws.misfortune import step

SLOT = st.integers(0, 23)
Whose = tuple[int, str, str]  # booking, way and recipient


def whose(row: MessageRow) -> Whose:
    return row.booking, row.channel, row.recipient


class TooMuch(Doubles):
    """The rules of it, for the machine that knows the practice."""

    waits: set[Whose]  # whose messages are held
    practice: Practice
    store: Any
    now: Any
    slot: Callable[[int], Any]
    changed: Callable[..., None]

    @precondition(lambda self: self.meant and self.practice.policy.most_per_hour == 2)
    @rule(
        number=st.integers(0, 20), slots=st.lists(SLOT, min_size=4, max_size=4, unique=True),
        end=st.sampled_from(["moved", "moved", "deleted", "annulled", "as told"]),
        answer=st.sampled_from([None, None, True, False]),
    )  # fmt: skip
    def is_dragged_too_often(self, number: int, slots: list[int], end: str, answer: bool | None) -> None:
        place = self.place(number)
        told = self.meant[place].start
        for slot in slots[:3]:
            if not self.waits:
                told = self.meant[place].start
                self.becomes(place, 300, start=self.slot(slot), previous=None)
        if self.waits:  # what a person is asked about stays with them, however late and to whatever it changes
            self.the_worker_passes_after(3700)
            if end == "deleted":
                self.takes_out(place)
                self.the_worker_passes_after(60)
                self.the_worker_passes_after(300)
            else:
                start = {"moved": self.slot(slots[3]), "as told": told}.get(end, self.meant[place].start)
                self.becomes(place, 300, start=start, annulled=end == "annulled", previous=None)
            self.the_worker_passes_after(60)
        if answer is not None:
            self.answers(place[0], yes=answer)

    def becomes(self, place: Place, after: int, **values: Any) -> None:
        """She changes it; it is read, settles and, if it may, leaves."""
        self.changed(place, **values)
        self.the_worker_passes_after(60)
        self.the_worker_passes_after(after)

    @precondition(lambda self: self.waits)
    @step(who=st.sampled_from(DENTISTS), yes=st.booleans())
    def she_answers_what_is_held(self, who: str, yes: bool) -> None:
        self.answers(who, yes=yes)

    def answers(self, who: str, *, yes: bool) -> None:
        with self.store.write() as tx:
            self.waits -= {whose(one.row) for one in tellings.held(tx, PARIS, f"agenda:{who}")}
            (floods.release if yes else floods.drop)(self.world, tx, f"agenda:{who}", self.now)
        self.look_what_is_held()

    def look_what_is_held(self) -> None:
        """What waits goes on waiting, in whatever words, until it is answered or there is nothing to tell any more."""
        with self.store.read() as tx:
            rows = messages.with_state(tx, messages.HELD, messages.PENDING, zone=PARIS)
        fresh = [row for row in rows if row.kind != "reminder" and row.started_at is None and not row.attempts]
        self.waits &= {whose(row) for row in fresh}
        self.waits |= {whose(row) for row in fresh if row.state == messages.HELD}
