"""One event under two addresses of one calendar: servers that copy or rename in two steps, and careless clients."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from msgspec.structs import replace

from sync.store import bookings
from sync.store.engine import Store
from tests.laws.meant import ICS, PARIS, Meant
from tests.laws.misfortune import Misfortune, step

Place = tuple[str, str]


class Doubles(Misfortune):
    """The rules of it, for the machine that knows the practice."""

    number: int
    store: Store
    touched: dict[Place, datetime]
    held: Callable[[Place], bytes]
    save: Callable[[Place, bytes, Meant], None]
    takes_out: Callable[[Place], None]
    the_worker_passes_after: Callable[[int], None]

    def doubles_of(self, place: Place) -> list[Place]:
        """The other addresses of that calendar under which the same event stands."""
        uid = self.meant[place].uid
        return [one for one in sorted(self.meant) if one != place and one[0] == place[0] and self.meant[one].uid == uid]

    def doubled(self) -> list[Place]:
        return [place for place in sorted(self.meant) if self.doubles_of(place)]

    @precondition(lambda self: self.meant)
    @step(number=st.integers(0, 20), ours=st.booleans())
    def appears_under_a_second_address(self, number: int, ours: bool) -> None:
        """Copied by the server, byte for byte, or by a client that keeps only what is hers."""
        self.appears(self.place(number), ours=ours)

    def appears(self, place: Place, *, ours: bool) -> None:
        self.arrives(place, self.meant[place], self.held(place) if ours else ICS.strip(self.held(place)))

    def arrives(self, place: Place, meant: Meant, raw: bytes) -> None:
        """What stands, or stood, there stands under a new address: nobody changed anything."""
        self.number += 1
        new, since = (place[0], f"{self.number}.ics"), self.touched[place]
        self.save(new, raw, meant)
        self.touched[new] = since

    @precondition(lambda self: self.doubled())
    @step(number=st.integers(0, 20))
    def one_of_two_goes(self, number: int) -> None:
        """The copy, or what was copied: then that was a rename."""
        doubled = self.doubled()
        self.takes_out(doubled[number % len(doubled)])

    @precondition(lambda self: self.meant)
    @rule(
        number=st.integers(0, 20), new_first=st.booleans(), between=st.sampled_from([None, 0, 60, 300]),
        then=st.sampled_from([None, 60, 300]),
    )  # fmt: skip
    def is_renamed_in_two_steps(self, number: int, new_first: bool, between: int | None, then: int | None) -> None:
        place = self.place(number)
        meant, raw = self.meant[place], self.held(place)
        steps: list[Callable[[], Any]] = [
            lambda: self.arrives(place, meant, raw if place not in self.meant else self.held(place)),
            lambda: self.takes_out(place),
        ]
        for act, after in zip(steps if new_first else reversed(steps), (between, then), strict=True):
            act()
            if after is not None:
                self.the_worker_passes_after(after)

    def counts(self, place: Place) -> bool:
        """Whether the appointment stood there, not in a duplicate of it."""
        with self.store.read() as tx:
            return bool(bookings.at_place(tx, f"agenda:{place[0]}", place[1], PARIS))

    def gone_beside_others(self, place: Place, gone: Meant, now: datetime) -> None:
        """What stands under another address goes on: where it says something else than the one that counted so far,
        that is news from now on."""
        counted = self.counts(place)
        for other, meant in list(self.meant.items()):
            if other[0] == place[0] and meant.uid == gone.uid:
                if counted and meant.concern != gone.concern:
                    self.touched[other] = now
                if gone.agreed:
                    self.meant[other] = replace(meant, agreed=meant.consent)
