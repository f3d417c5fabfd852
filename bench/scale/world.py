"""What stands around the workers: the process outside, and a folder of practices."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bench.practice import reminder_hours
from bench.rendered import PARIS
from bench.scale.outside import Seen

DENTISTS = 4
_YAML = """
practice: {{key: {key}, name: Cabinet {key}, address: "12 rue Haxo, 75020 Paris", phone: 01 43 00 00 00,
  email: s@lilas.fr}}
store: "{store}"
dentists:
{dentists}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
feedback: {{quiet_seconds: 3600}}
messages:
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}, headers: {{X-Worker: !env WORKER}}, timeout: 30}}
  settle_seconds: 0
  most_per_pass: 5000
  reminder_hours: {reminders}
rules: {{email-missing: "off"}}
sync: {{brake_new: 5000}}
"""  # noqa: E501
_DENTIST = """  d{n}: {{name: Dr {n}, specialty: Dentiste, calendars: [
    {{kind: caldav, url: "{url}", username: "{calendar}", password: !env WORKER, auth: basic}}]}}"""


class Around:
    """The process outside, asked over its own address."""

    def __init__(self, root: str, sms: str, practices: int) -> None:
        self.root, self.sms, self.practices, self.shown = root, sms, practices, 0

    @property
    def calendars(self) -> int:
        """How many there are."""
        return self.practices * DENTISTS

    def slow(self, calendars: float, gateway: float = 0.0) -> None:
        """Each answer takes so many seconds from now on."""
        self._get(f"latency?calendars={calendars}&gateway={gateway}")

    def show(self, more: int, step: int = 1) -> Sequence[str]:
        """So many new bookings more in each `step`-th calendar; their patients' mobiles, each of one booking."""
        found: list[str] = self._get(f"show?more={more}&step={step}")
        self.shown += len(found)
        return found

    def asked(self, since: float) -> list[list[Seen]]:
        """Of each calendar: when it was asked, and by which worker."""
        return [[(when, who) for when, who in one] for one in self._get(f"asked?since={since}")]

    def messages(self) -> Messages:
        """What the gateway took so far."""
        found = self._get("messages")
        taken = {key: (when, to, who) for key, (when, to, who) in found["taken"].items()}
        return Messages(taken, found["repeats"])

    def _get(self, path: str) -> Any:
        with urlopen(f"{self.root}{path}") as answer:  # noqa: S310 - our own
            return json.loads(answer.read())


@dataclass(frozen=True, slots=True)
class Messages:
    """`taken`: key → when, to whom, by which worker. `repeats`: how often a key came again."""

    taken: dict[str, tuple[float, str, str]]
    repeats: dict[str, int]


@contextmanager
def around(practices: int, hidden: int) -> Iterator[Around]:
    """The process outside, with so many practices' calendars."""
    command = [sys.executable, "-m", "bench.scale.outside", str(practices * DENTISTS), str(hidden)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:  # noqa: S603
        try:
            assert process.stdout
            address, sms = process.stdout.readline().split()
            yield Around(address, sms, practices)
        finally:
            process.kill()


def folder(place: Path, around: Around, store: str) -> Path:
    """A file for each practice. `store`: an address in which `{key}` stands for the practice's key. Reminders are due
    at the first pass or another day: none comes into what is counted."""
    place.mkdir()
    reminders = reminder_hours(datetime.now(PARIS))
    for number in range(around.practices):
        key = f"c{number:04}"
        calendars = range(number * DENTISTS, (number + 1) * DENTISTS)
        dentists = "\n".join(
            _DENTIST.format(n=one % DENTISTS, url=f"{around.root}home/{one}/", calendar=one) for one in calendars
        )
        text = _YAML.format(
            key=key, store=store.format(key=key), dentists=dentists, sms=around.sms, reminders=reminders
        )
        (place / f"{key}.yaml").write_text(text, encoding="utf-8")
    return place


def until(done: Any, seconds: float, what: str) -> float:
    """Wait until `done()`; the seconds that it took. Raises TimeoutError."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - began
