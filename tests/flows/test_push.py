"""`attitre run` with `page:`: its listener, and Google's messages that bring an answer within seconds. Real process,
real HTTP; the pace is five minutes, so that what is fast can only come from a message."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests

from demo.googlestandin import GoogleStandIn
from demo.googlestandin.person import Person
from tests.listening import RUN, health, running

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
BERNARD, ROBOT = "bernard@lilas.example", "attitre@cabinet.iam.gserviceaccount.com"
Until = Callable[..., None]


@dataclass
class Site:
    """The practice, Dr Bernard at Google, and where attitre answers."""

    practice: Practice
    google: GoogleStandIn
    bernard: Person
    port: int
    until: Until

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def status(self) -> int:
        return health(self.root)

    def metrics(self) -> str:
        return requests.get(f"{self.root}/metrics", timeout=10).text

    def row(self, dentist: str = "bernard") -> dict[str, object]:
        found = self.practice.json("status", said=None)["calendars"]
        return next(one for one in found if one["dentist"] == dentist)

    def runs(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return running(self.practice.file, self.root, self.until)

    def announced(self) -> None:
        """Until Google's first message came."""
        self.until(lambda: bool(self.google.channels.open))
        self.until(lambda: self.row()["pushed"])

    def log(self) -> str:
        return (self.practice.folder / "run.log").read_text("utf-8")


@pytest.fixture
def site(first_day: Practice, until: Until) -> Iterator[Site]:
    with GoogleStandIn() as google, socket.create_server(("127.0.0.1", 0)) as free, delivering(google):
        port = free.getsockname()[1]
        free.close()
        google.add_calendar(BERNARD, "Dr Bernard")
        (first_day.folder / "google.json").write_text(google.credentials_json(ROBOT))
        google.share(BERNARD, ROBOT, "writer")
        caldav = f'{{kind: caldav, url: "{first_day.bernard.calendar}", username: cabinet, password: !file password}}'
        first_day.sets(
            caldav,
            f'{{kind: google, calendar_id: {BERNARD}, credentials: !file google.json, endpoint: "{google.root}"}}',
        )
        first_day.sets("sync: {every_seconds: 1}", "sync: {every_seconds: 300}\n" + page(port))
        first_day.sync()
        yield Site(first_day, google, google.person(BERNARD), port, until)


def page(port: int) -> str:
    return f'page: {{listen: "127.0.0.1:{port}", public_url: "http://127.0.0.1:{port}"}}'


@contextmanager
def delivering(google: GoogleStandIn) -> Iterator[None]:
    """Google sends its messages as they come; one that meets nobody is lost."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(0.1):
            try:
                google.channels.deliver()
            except requests.RequestException:
                continue

    thread = threading.Thread(target=deliver, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(10)


def test_p18_an_edit_at_google_is_answered_within_seconds_though_the_pace_is_five_minutes(site: Site) -> None:
    with site.runs() as process:
        site.announced()
        event = site.bernard.books("DUPONT Marie – détartrage", site.practice.at(9, 30), 45, site.practice.new)
        began = time.monotonic()
        site.until(lambda: site.bernard.sees(event).title.startswith("✓"), 20)
        assert time.monotonic() - began < 20
        assert len(site.practice.sms()) == 1
        text = site.metrics()
        assert 'attitre_calendars{practice="lilas",state="ok"} 2.0' in text
        assert 'attitre_calendar_lag_seconds{dentist="bernard",practice="lilas"}' in text
        assert not any(word in text for word in ("DUPONT", "0612345678", "lilas.example", "tartrage", BERNARD))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert site.status() == 0
    assert "Traceback" not in site.log()
    assert not any(word in site.log() for word in ("DUPONT", "marie@", "token"))


def test_killed_and_started_again_the_channel_is_the_same_and_still_heard(site: Site) -> None:
    with site.runs() as process:
        site.announced()
        process.kill()
        process.wait(30)
    before = list(site.google.channels.open)
    with site.runs():
        site.until(lambda: 'attitre_passes_total{practice="lilas",result="done"} 0.0' not in site.metrics())
        time.sleep(1)
        event = site.bernard.books("DUPONT Marie – détartrage", site.practice.at(9, 30), 45, site.practice.new)
        site.until(lambda: site.bernard.sees(event).title.startswith("✓"), 20)
    assert list(site.google.channels.open) == before
    assert len(before) == 1


def test_a_message_with_a_wrong_secret_is_404_and_asks_google_nothing(site: Site) -> None:
    with site.runs():
        site.announced()
        time.sleep(1.5)
        [channel] = site.google.channels.open
        asked = len(site.google.log)
        for headers in ({}, {"X-Goog-Channel-ID": channel, "X-Goog-Channel-Token": "wrong"}):
            assert requests.post(f"{site.root}/push/google", headers=headers, timeout=10).status_code == 404
        time.sleep(1.5)
        assert len(site.google.log) == asked
        assert 'attitre_http_requests_total{method="POST",path="/push/google",status="404"} 2.0' in site.metrics()


def test_switched_off_the_channel_is_stopped_and_nobody_listens(site: Site) -> None:
    with site.runs():
        site.announced()
    site.practice.sets(page(site.port), "")
    with (site.practice.folder / "run.log").open("ab") as log:
        process = subprocess.Popen(
            [*RUN, str(site.practice.file)], cwd=site.practice.folder, stdout=log, stderr=log, env={**os.environ}
        )
        try:
            site.until(lambda: not site.google.channels.open, 60)
            assert site.status() == 0
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert not site.row()["pushed"]


def test_healthz_and_status_say_the_same_of_a_calendar_that_fails(site: Site) -> None:
    site.practice.sets("every_seconds: 300", "every_seconds: 1")
    with site.runs():
        site.google.share(BERNARD, ROBOT, "none")
        site.until(lambda: site.status() == 503, 60)
        assert site.practice.attitre("status", said=1).returncode == 1
        assert 'attitre_calendars{practice="lilas",state="failing"} 1.0' in site.metrics()


def test_google_refusing_the_address_is_said_in_status_and_in_the_log_once(site: Site) -> None:
    site.google.fail_next("webhookUrlUnauthorized", times=99, when="events.watch")
    site.practice.sets("every_seconds: 300", "every_seconds: 1")
    with site.runs():
        site.until(lambda: site.row()["reason"], 30)
        row = site.row()
        assert row["state"] == "ok"
        assert "Sans annonces de Google, lu au rythme habituel" in str(row["reason"])
        time.sleep(3)
    assert site.log().count("push channel not opened") == 1


def test_a_taken_address_is_one_sentence_and_1(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        done = site.practice.attitre("run", said=1)
    assert f"Impossible d'écouter à l'adresse « 127.0.0.1:{site.port} » (un autre programme l'occupe)" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_nothing_that_listens_is_loaded_without_page(first_day: Practice) -> None:
    script = (
        "import os, signal, sys, threading\nfrom sync.cli import loaded\n"
        "threading.Timer(3, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "loaded(['run'])(['run', '-c', 'attitre.yaml'], standalone_mode=False)\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=first_day.folder, capture_output=True, text=True, timeout=90, check=False
    )
    names = done.stdout.split()
    assert "sync.worker.loop" in names, done.stderr
    heavy = (
        "uvicorn",
        "starlette",
        "prometheus_client",
        "anyio",
        "sync.worker.push_channels",
        "sync.worker.web_server",
        "adapters.web",
    )
    assert [name for name in names if name.startswith(heavy)] == []
