"""Law L4 in the large: real processes are killed again and again while visits are dragged, deleted and restored and
gateways lose answers, cut connections and ask to wait. At the end every patient's last word is the truth.

`make test-long` kills five hundred times; the suite twenty.
"""

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from demo.secretary import Event
from demo.sinks import Answer
from rules.model import Channel
from sync.store import bookings, messages
from sync.store.messages import SENT, MessageRow
from tests.laws.conftest import MORNING, PARIS, TEXT

KILLS = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 20
NAMES = ("DUPONT Marie", "MOREAU Luc", "GARNIER Hélène", "PETIT Jeanne", "ROUX Paul", "FABRE Anne")
STATES = ("pending", "claimed", "sent", "failed", "uncertain", "suppressed", "superseded", "dropped")
POINTS = 75  # a busy pass has about so many; what is drawn beyond its last one lets it live


@dataclass
class Patient:
    """One visit: where it stands, or stood when it was deleted."""

    number: int
    event: Event
    start: datetime
    there: bool = True

    @property
    def mobile(self) -> str:
        return f"+336123456{self.number:02}"

    @property
    def mailbox(self) -> str:
        return f"p{self.number}@example.org"


@dataclass
class Campaign:
    """Chance acts, errs and kills; the same each time."""

    practice: Any
    dice: random.Random = field(default_factory=lambda: random.Random(4))
    patients: list[Patient] = field(default_factory=list)
    kills: int = 0
    days: int = 7

    def books(self) -> None:
        for number, name in enumerate(NAMES):
            text = TEXT.replace("marie@example.org", f"p{number}@example.org")
            text = text.replace("06 12 34 56 78", f"06 12 34 56 {number:02}")
            text = text.replace("12/05/1981", f"1{number}/05/198{number}")
            start = self.free_time()
            event = self.practice.secretary().books(f"{name} – détartrage", start, 45, text)
            self.patients.append(Patient(number, event, start))

    def free_time(self) -> datetime:
        """Never the same twice: what is told names one state of one visit."""
        self.days += 1
        return (MORNING + timedelta(days=7 + self.days // 8)).replace(hour=8 + self.days % 8, minute=0)

    def goes_on(self) -> None:
        self.she_acts()
        self.gateways_err()
        self.practice.later(minutes=self.dice.choice([1, 5, 20, 70]))
        self.practice.pool = self.dice.random() < 0.5
        self.kills += self.practice.passes(die_at=self.dice.randint(1, POINTS))["died"]

    def she_acts(self) -> None:
        one, secretary = self.dice.choice(self.patients), self.practice.secretary()
        if not one.there:
            one.event, one.there = secretary.restores(one.event), True
        elif self.dice.random() < 0.6:
            one.start = self.free_time()
            one.event = secretary.moves(one.event, one.start, 45)
        else:
            one.event = secretary.sees(one.event)
            secretary.deletes(one.event)
            one.there = False

    def gateways_err(self) -> None:
        bad = [Answer(drop=True), Answer(drop=True, taken=False), Answer(503, taken=False), Answer()]
        self.practice.sms._planted.clear()
        self.practice.sms.answer_next(*self.dice.choices(bad, k=2))
        self.practice.mail.answer_data = self.dice.choice(["", "", "451 later"])
        self.practice.mail.drop_after_data = self.dice.random() < 0.4

    def calms_down(self) -> None:
        self.practice.sms._planted.clear()
        self.practice.mail.answer_data, self.practice.mail.drop_after_data = "", False
        for hours in (0.1, 0.2, 1.1, 1.1, 3.1, 3.1):
            self.practice.later(hours=hours)
            self.practice.passes()

    # --- what is looked at -------------------------------------------------------------------------------------------

    def rows(self) -> list[MessageRow]:
        with self.practice.looked_at() as tx:
            return list(messages.with_state(tx, *STATES, zone=PARIS))

    def words(self) -> dict[tuple[int, Channel], list[MessageRow]]:
        """What each patient received by each way, oldest first."""
        rows = self.rows()
        by_key = {row.key: row for row in rows}
        by_letter = {sha256(row.key.encode()).hexdigest()[:32]: row for row in rows}
        found: dict[tuple[int, Channel], list[MessageRow]] = {}
        for one in self.patients:
            texts = [sms.key for sms in self.practice.sms.messages if sms.to == one.mobile]
            letters = [letter["Message-ID"][1:33] for letter in self.practice.mail.to(one.mailbox)]
            assert not {*texts} - {*by_key} and not {*letters} - {*by_letter}, f"left, and nobody knows it: {one}"
            found[one.number, Channel.SMS] = [by_key[key] for key in texts]
            found[one.number, Channel.EMAIL] = [by_letter[letter] for letter in letters]
        return found

    def wrong(self) -> list[str]:
        """Patient-channels whose last word is not the truth, and no alert says that it is not sure."""
        found = []
        for (number, channel), told in self.words().items():
            one, last = self.patients[number], told[-1] if told else None
            true = last is not None and ((last.kind == "cancellation") != one.there)
            true = true and (not one.there or last.facts.start == one.start)  # type: ignore[union-attr]
            unsure = [row.state for row in self.rows() if row.channel is channel and row.facts.name in NAMES[number]]
            if (
                one.start > self.practice.now
                and not true
                and (told or one.there)
                and not {"uncertain", "failed"} & set(unsure[-1:])
            ):
                found.append(f"{one} {channel}: {[(row.id, row.kind.value, str(row.facts.start)) for row in told]}")
        return found

    def out_of_order(self) -> list[str]:
        """An older telling that arrived after a newer one: repeats of one and the same apart."""
        late = []
        for who, told in self.words().items():
            ids = [row.id for row in told]
            if ids != sorted(ids):
                late.append(f"{who}: {ids}")
        return late

    def twice(self) -> list[str]:
        """What came more often than answers to it were lost; an SMS never, for its gateway knows its key."""
        lost = {row.key: row.unclear for row in self.rows()}
        keys = Counter(row.key for told in self.words().values() for row in told)
        return [key for key, count in keys.items() if count > 1 + lost[key]]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_l4_killed_under_drags_deletions_and_restores_every_last_word_is_the_truth(practice: Any) -> None:
    practice.passes()
    campaign = Campaign(practice)
    campaign.books()
    campaigns = 0
    while campaign.kills < KILLS:
        campaign.goes_on()
        campaigns += 1
        if campaigns % 40 == 0:  # the calendar fills up, and the clock runs
            campaign.calms_down()
            assert not campaign.wrong(), campaign.wrong()
    campaign.calms_down()
    told = campaign.words()
    assert not campaign.wrong(), campaign.wrong()
    assert not campaign.out_of_order(), campaign.out_of_order()
    assert not campaign.twice(), campaign.twice()
    assert sum(len(one) for one in told.values()) > len(told)
    with practice.looked_at() as tx:
        coming = bookings.starting(tx, practice.now, practice.now + timedelta(days=90), PARIS)
        left = messages.with_state(tx, "claimed", "pending", zone=PARIS)
    assert not [row for row in left if row.booking in {one.id for one in coming} and row.kind != "reminder"]
    assert SENT in {row.state for row in campaign.rows()}
    print(f"{campaign.kills} kills in {campaigns} passes, {len(told)} patient-channels, 0 wrong last words")
