"""What patients answer by their links, to questions and to offers, for the machine of law L3."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from msgspec.structs import replace

from adapters.web.patients import Act, LinkTo, What
from sync.people.desk import PagesOfPatients
from tests.laws.appointments import Asked, Meant
from tests.laws.passing import step

numbers = st.integers(0, 30)


class PatientsAnswers(RuleBasedStateMachine):
    """At once, much later, or from an old page."""

    desk: PagesOfPatients
    links: list[Asked]
    offers: list[str]
    accepted: int
    clicked: set[tuple[int, str, datetime]]  # which appointment, with whom, when
    meant: dict[tuple[str, str], Meant]
    put: Any
    slot: Any

    @step(pick=numbers, what=st.sampled_from([What.ACCEPT, What.ACCEPT, What.ACCEPT, What.REFUSE, What.CALL]))
    def the_patient_answers(self, pick: int, what: What) -> None:
        """Any of the links that ever left, from the page as it is now."""
        self.answers(pick, what)

    @step(pick=numbers, of=numbers)
    def the_patient_answers_from_another_page(self, pick: int, of: int) -> None:
        """With the revision of another question: it is no answer."""
        if len(self.links) > 1 and self.links[pick % len(self.links)] is not self.links[of % len(self.links)]:
            seen = self.desk.shown(LinkTo.AGREEMENT, self.links[of % len(self.links)].secret)
            secret = self.links[pick % len(self.links)].secret
            self.desk.act(LinkTo.AGREEMENT, secret, Act(What.ACCEPT, seen.revision if seen else ""))

    @step(pick=numbers)
    def the_patient_answers_while_she_drags(self, pick: int) -> None:
        """She moved it, and the worker has not seen that: the click is about what was shown."""
        if not self.links:
            return
        asked = self.links[pick % len(self.links)]
        place = next((key for key, one in self.meant.items() if one.number == asked.number), None)
        if place:
            self.put(*place, replace(self.meant[place], start=self.slot()))
        self.answers(pick, What.ACCEPT)

    def answers(self, pick: int, what: What) -> None:
        if not self.links:
            return
        asked = self.links[pick % len(self.links)]
        seen = self.desk.shown(LinkTo.AGREEMENT, asked.secret)
        if seen is not None and what in seen.may and what is What.ACCEPT:
            self.clicked.add((asked.number, asked.dentist, asked.start))
        self.desk.act(LinkTo.AGREEMENT, asked.secret, Act(what, seen.revision if seen else ""))

    @step(pick=numbers, of=numbers)
    def the_patient_answers_an_offer(self, pick: int, of: int) -> None:
        """Any that ever left; an accepted one moves the appointment with the dentist with whom it stands."""
        self.answers_an_offer(pick, (What.ACCEPT, What.ACCEPT, What.ACCEPT, What.REFUSE)[of % 4])

    def answers_an_offer(self, pick: int, what: What) -> None:
        if self.offers:
            secret = self.offers[pick % len(self.offers)]
            seen = self.desk.shown(LinkTo.OFFER, secret)
            found = self.desk.act(LinkTo.OFFER, secret, Act(what, seen.revision if seen else ""))
            self.accepted += bool(found and found.pending)
            self.has_answered(secret)

    def has_answered(self, secret: str) -> None:
        """What else is to be known of an answer to an offer."""
