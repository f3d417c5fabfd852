"""Somebody tries links by the thousand at a running practice: every answer is the same, nothing of it is kept, and the
practice's own patients are served meanwhile, whatever their address (P39). `make test-long` tries a hundred thousand.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from tests.listening import running

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
GUESSES, GUESSERS = 100_000 if LONG else 800, 4
ADDRESSES = 30_000  # from which is guessed: more than are remembered
NOISY = "192.0.2.7"  # one of them guesses a twentieth of all
MISTYPED = "203.0.113.10"  # a patient's, from which three wrong links came before
MOST_MIB = 24  # by which the process may grow
VISITORS = ("203.0.113.9", MISTYPED, "")  # whose address is clean, has mistyped, is not known


Answer = tuple[int, str, tuple[tuple[str, str], ...]]  # status, text, and the headers that tell something


@dataclass
class Client:
    """Somebody's browser, on one connection."""

    root: str
    _open: http.client.HTTPConnection | None = None

    def opens(self, path: str, address: str) -> Answer:
        """The page behind that link."""
        status, where, _ = self._asks(path, address)
        assert status == 303
        status, text, headers = self._asks(urljoin(path, where), address)
        return status, text, headers

    def _asks(self, path: str, address: str) -> Answer:
        self._open = self._open or http.client.HTTPConnection(urlsplit(self.root).netloc, timeout=60)
        self._open.request("GET", path, headers={"X-Forwarded-For": address} if address else {})
        answer = self._open.getresponse()
        text = answer.read().decode()
        told = tuple((name, value) for name, value in answer.getheaders() if name not in ("date", "set-cookie"))
        return answer.status, answer.headers["Location"] if answer.status == 303 else text, told


@dataclass
class Attack:
    """What the guessers were answered, and how the patients fared meanwhile."""

    root: str
    link: str
    answers: list[Counter[Answer]] = field(default_factory=list)  # of each guesser
    served: dict[str, list[float]] = field(default_factory=lambda: {who: [] for who in VISITORS})
    over: threading.Event = field(default_factory=threading.Event)

    def guesses(self, many: int, part: int) -> None:
        client = Client(self.root)
        seen: Counter[Answer] = Counter()
        for number in range(part, many, GUESSERS):
            place = number % ADDRESSES
            address = NOISY if number % 20 == 0 else f"10.{place // 250 // 250}.{place // 250 % 250}.{place % 250}"
            seen[client.opens(f"/r/{secrets.token_urlsafe(16)}", address)] += 1
        self.answers.append(seen)

    def visits(self) -> None:
        """Each of the patients opens the link, again and again."""
        client = Client(self.root)
        while not self.over.is_set():
            for who in VISITORS:
                began = time.monotonic()
                status, text, _ = client.opens(self.link, who)
                assert (status, "Votre rendez-vous" in text) == (200, True), who or "unknown address"
                self.served[who].append(time.monotonic() - began)
            self.over.wait(0.5)

    def runs(self, many: int) -> None:
        failed: list[BaseException] = []

        def kept(act: Callable[[], None]) -> Callable[[], None]:
            def acts() -> None:
                try:
                    act()
                except BaseException as error:
                    failed.append(error)

            return acts

        guessers = [
            threading.Thread(target=kept(lambda part=part: self.guesses(many, part))) for part in range(GUESSERS)
        ]
        patients = threading.Thread(target=kept(self.visits))
        for one in (*guessers, patients):
            one.start()
        for one in guessers:
            one.join()
        self.over.set()
        patients.join()
        assert not failed, failed


def resident(process: int) -> float:
    """MiB of memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) / 1024


def rows(file: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(file)) as store:
        names = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        return {name: store.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}


def counted(root: str) -> dict[str, float]:
    """Links and answers, as the metrics have them."""
    text = requests.get(f"{root}/metrics", timeout=30).text
    return {name: float(value) for name, value in re.findall(r"^(attitre_\w+\{[^}]*\}) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def root(first_day: Practice) -> str:
    """Where its pages answer. The calendars are read every five minutes: this is about the pages."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = f'page: {{listen: "127.0.0.1:{port}", public_url: "http://127.0.0.1:{port}"}}'
    first_day.sets("sync: {every_seconds: 1}", f"sync: {{every_seconds: 300}}\n{page}")
    first_day.sync()
    return f"http://127.0.0.1:{port}"


def test_p39_guesses_by_the_thousand_are_answered_alike_kept_nowhere_and_shut_nobody_out(
    first_day: Practice, root: str, until: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    first_day.confirmed()
    found = re.search(r"https?://\S+(/r/[\w-]{22})", first_day.sms()[-1])
    assert found
    with running(first_day.file, root, until) as process:
        warm, attack = Attack(root, found[1]), Attack(root, found[1])
        warm.runs(400)  # more than the whole practice may get wrong
        for _ in range(3):
            Client(root).opens("/r/x", MISTYPED)
        [store] = first_day.folder.glob("*.db")
        before, memory, began = rows(store), resident(process.pid), time.monotonic()
        attack.runs(GUESSES)
        took, grown, metrics = time.monotonic() - began, resident(process.pid) - memory, counted(root)
        assert rows(store) == before
    answers = sum(attack.answers, Counter[Answer]())
    assert Counter(status for status, _, _ in answers) == {404: 1, 429: 1}
    told = {status: count for (status, _, _), count in answers.items()}
    assert sum(told.values()) == GUESSES
    assert told[429] > GUESSES / 25  # the noisy one is told to wait
    assert grown < MOST_MIB
    wrong = metrics['attitre_wrong_links_total{kind="r"}']
    assert told[404] + 400 <= wrong <= GUESSES + 404
    log = (first_day.folder / "run.log").read_text("utf-8")
    assert "Traceback" not in log
    with capsys.disabled():
        print(_figures(told, attack.served, grown, took) if LONG else "", end="")


def _figures(told: dict[int, int], served: dict[str, list[float]], grown: float, took: float) -> str:
    """For whoever ran it long."""
    waits = sorted(one for every in served.values() for one in every)
    return json.dumps({
        "guesses": told, "a second": round(sum(told.values()) / took), "visits": {k: len(v) for k, v in served.items()},
        "median ms": round(waits[len(waits) // 2] * 1000), "p99 ms": round(waits[len(waits) * 99 // 100] * 1000),
        "slowest ms": round(waits[-1] * 1000), "grown MiB": round(grown, 1),
    }) + "\n"  # fmt: skip
