"""Half an hour of the worker with every gateway misbehaving: its memory stays flat, and every patient's last word is
the truth. Real time passes, so only `make test-long` plays it (SOAK_SECONDS; SOAK_SEED for another one).
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import settings

from demo.secretary import Event, Secretary
from demo.sinks import Answer

if TYPE_CHECKING:
    from conftest import Practice

SECONDS = int(os.environ.get("SOAK_SECONDS", "1800" if settings.get_current_profile_name() == "long" else "0"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
NAMES = ("BLANC", "BRUN", "CARON", "COLIN", "DAVID", "FAURE", "GARCIA", "GIRARD", "HENRY", "LOPEZ", "MOREL", "NOIR")
pytestmark = [
    pytest.mark.skipif(not SECONDS, reason="plays for half an hour: make test-long"),
    pytest.mark.timeout(SECONDS + 1200),
]
ODD_ANSWERS = (
    Answer(503, taken=False), Answer(429, {"Retry-After": "2"}, taken=False), Answer(drop=True),
    Answer(drop=True, taken=False), Answer(500, taken=True), Answer(202, delay=25), Answer(202, delay=6),
)  # fmt: skip
ODD_MAIL = ("451 4.7.1 later", "421 4.3.2 closing", "cut")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
TOLD = re.compile(r"(confirmé|déplacé|modifié|annulé)", re.IGNORECASE)


class Day:
    """What she does, and what each patient should know at the end."""

    def __init__(self, practice: "Practice", draw: random.Random) -> None:
        self.practice, self.draw = practice, draw
        self.stands: dict[str, Event] = {}
        self.bin: dict[str, Event] = {}
        self.starts: dict[str, datetime] = {}
        self.acts: Counter[str] = Counter()

    @property
    def hand(self) -> Secretary:
        return self.practice.martin

    def acts_once(self) -> None:
        """One act on one patient's visit; she gives way where attitre has just written, and tries again later."""
        name = self.draw.choice(NAMES)
        choices = ["moves", "moves", "deletes"] if name in self.stands else ["restores"]
        act = self.draw.choice(choices)
        try:
            getattr(self, act)(name)
        except requests.HTTPError:
            return
        self.acts[act] += 1

    def slot(self, name: str) -> datetime:
        """A time that is this patient's own: conflicts are another story."""
        number = NAMES.index(name)
        first = self.practice.at(9 if number < 6 else 14)
        return first + timedelta(minutes=30 * (number % 6)) + timedelta(days=self.draw.choice([0, 2, 7, 14]))

    def books(self, name: str) -> None:
        start = self.slot(name)
        self.stands[name] = self.hand.books(f"{name} Anne – contrôle", start, 20)
        self.starts[name] = start

    def moves(self, name: str) -> None:
        start = self.slot(name)
        self.stands[name] = self.hand.moves(self.stands[name], start, 20)
        self.starts[name] = start

    def deletes(self, name: str) -> None:
        self.bin[name] = self.hand.sees(self.stands[name])
        self.hand.deletes(self.stands[name])
        del self.stands[name]

    def restores(self, name: str) -> None:
        """One visit a patient: of two, the late cancellation of one may rightly follow the other's confirmation."""
        if name in self.bin:
            self.stands[name] = self.hand.restores(self.bin[name])
        else:
            self.books(name)


@contextmanager
def running(practice: "Practice") -> Iterator[subprocess.Popen[bytes]]:
    """The worker, as administrators start it; ended by SIGTERM within five seconds whatever hangs."""
    door = [str(Path(sys.executable).with_name("attitre")), "run", "-c", str(practice.file)]
    with (practice.folder / "log").open("ab") as log:
        worker = subprocess.Popen(door, cwd=practice.folder, stdout=log, stderr=log)
        try:
            yield worker
            assert worker.poll() is None, (practice.folder / "log").read_text("utf-8")[-2000:]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(5) == 0
        finally:
            worker.kill()
            worker.wait()


def megabytes(process: int) -> float:
    """Its resident memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def the_gateways_misbehave(practice: "Practice", draw: random.Random) -> None:
    if draw.random() < 0.5:
        practice.sink.answer_next(draw.choice(ODD_ANSWERS))
    if draw.random() < 0.3:
        mood = draw.choice(ODD_MAIL)
        if mood == "cut":
            practice.mail.drop_after_data = True
        else:
            practice.mail.answer_data = mood


def last_words(messages: list[tuple[str, str]], address: str) -> str:
    """The last message to an address that told a state (reminders aside)."""
    told = [text for to, text in messages if to == address and TOLD.search(text)]
    return told[-1] if told else ""


def says(text: str, start: datetime | None) -> bool:
    """Whether the text tells just that: the visit at that time, or that there is none."""
    if start is None:
        return not text or "annulé" in text.lower()
    told = re.sub(r"\s", "", text.lower())  # an SMS and a letter differ in their blanks
    hour = f"{start.hour}h{start:%M}".removesuffix("00")
    return "annulé" not in told and f"{start.day}{MONTHS[start.month - 1]}" in told and hour in told


def test_l4_l10_half_an_hour_of_bad_gateways_and_every_patient_knows_the_truth(practice: "Practice") -> None:
    draw = random.Random(SEED)
    practice.sets("  settle_seconds: 0", "  settle_seconds: 0\n  most_per_hour: 10000\n  most_per_pass: 10000")
    practice.sets(
        "sync: {every_seconds: 1}",
        "sync: {every_seconds: 1, brake_events: 10000, brake_percent: 100, brake_new: 10000}",
    )
    practice.knows(
        *(f"{n};Anne;{i:02}/03/1961;06 12 34 58 {i:02};p{i}@example.org;{i} rue X, 75020 Paris;martin"
          for i, n in enumerate(NAMES, 10))
    )  # fmt: skip
    day, sizes = Day(practice, draw), []
    with running(practice) as worker:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            the_gateways_misbehave(practice, draw)
            day.acts_once()
            sizes.append(megabytes(worker.pid))
            time.sleep(draw.uniform(0.2, 3))
    practice.sink._planted.clear()
    practice.mail.answer_data, practice.mail.drop_after_data = "", False
    for hours in (1, 2, 5, 9, 14):
        practice.sync(when=datetime.now().astimezone() + timedelta(hours=hours))
    third = len(sizes) // 3
    early, late = max(sizes[third // 2 : third]), max(sizes[-third:])
    print(f"{sum(day.acts.values())} acts {dict(day.acts)}, {len(practice.texts())} SMS, "
          f"{len(practice.mail.messages)} e-mails, {early:.1f} → {late:.1f} MB")  # fmt: skip
    wrong: list[tuple[str, datetime | None, str]] = []
    sms = [(one.to, one.text) for one in practice.texts()]
    mails = [
        (to, str(one["Subject"]) + "\n" + one.get_body(("plain",)).get_content())
        for one, boxes in zip(practice.mail.messages, practice.mail.recipients, strict=True)
        for to in boxes
    ]
    for number, name in enumerate(NAMES, 10):
        start = day.starts[name] if name in day.stands else None
        ways = ((sms, f"+336123458{number:02}"), (mails, f"p{number}@example.org"))
        wrong += [(to, start, last) for sent, to in ways if not says(last := last_words(sent, to), start)]
    for to, start, last in wrong:
        heard = [text.splitlines()[0] for sent in (sms, mails) for box, text in sent if box == to]
        print(to, start, last, *heard[-8:], sep="\n  ")
    assert not wrong
    assert all(count == 1 for count in Counter(one.key for one in practice.texts()).values())
    assert late < 1.1 * early + 5, sizes[:: max(1, len(sizes) // 40)]
