"""`attitre run` with the patients' pages: the link in an SMS, the page over HTTP, the event in her calendar, the next
SMS. Real process, real CalDAV servers; the pace is five minutes, so that what is fast comes from the patient's click.
"""

from __future__ import annotations

import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
import requests

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
RUN = [sys.executable, "-c", "from sync.main import main; main()", "run", "-c"]
PHONE = {"Sec-Fetch-Site": "same-origin"}
Until = Callable[..., None]


@dataclass
class Site:
    """The practice, and where its pages answer."""

    practice: Practice
    root: str
    until: Until

    @contextmanager
    def runs(self) -> Iterator[subprocess.Popen[bytes]]:
        """`attitre run`, while this lasts."""
        with (self.practice.folder / "run.log").open("ab") as log:
            process = subprocess.Popen(
                [*RUN, str(self.practice.file)], cwd=self.practice.folder, stdout=log, stderr=log, env={**os.environ}
            )
            try:
                self.until(lambda: self._answers() == 200, 60)
                yield process
            finally:
                process.kill()
                process.wait(30)

    def _answers(self) -> int:
        try:
            return requests.get(f"{self.root}/healthz", timeout=10).status_code
        except requests.RequestException:
            return 0


class Browser:
    """A patient's browser: it follows the link, reads a page, fills in its form."""

    def __init__(self, url: str) -> None:
        self.session = requests.Session()
        self.page = self.session.get(url, timeout=30)

    @property
    def reads(self) -> str:
        """The page's words."""
        return " ".join(html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", self.page.text, flags=re.S)).split())

    def follows(self, path: str) -> None:
        """To the page of one act."""
        [href] = {html.unescape(one) for one in re.findall(rf'href="([^"]*{path}[^"]*)"', self.page.text)}
        self.page = self.session.get(urljoin(self.page.url, href), timeout=30)

    def sends(self, **chosen: str) -> None:
        """The form of this page, with that choice."""
        form = re.search(r'<form[^>]*method="post"[^>]*>.*?</form>', self.page.text, re.S)
        assert form, self.reads
        action = re.search(r'action="([^"]*)"', form[0])
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
        target = urljoin(self.page.url, html.unescape(action[1])) if action else self.page.url
        values = {name: html.unescape(value) for name, value in hidden.items()}
        self.page = self.session.post(target, {**values, **chosen}, headers=PHONE, timeout=30)

    def again(self) -> str:
        """The same page now."""
        self.page = self.session.get(self.page.url, timeout=30)
        return self.reads


@pytest.fixture
def site(first_day: Practice, until: Until) -> Site:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = f"http://127.0.0.1:{port}"
    page = f'page: {{listen: "127.0.0.1:{port}", public_url: "{root}"}}'
    first_day.sets("sync: {every_seconds: 1}", f"sync: {{every_seconds: 300}}\n{page}")
    first_day.sync()
    return Site(first_day, root, until)


def link(practice: Practice) -> str:
    """The one in the newest SMS."""
    found = re.search(r"https?://\S+/r/[\w-]{22}", practice.sms()[-1])
    assert found, practice.sms()[-1]
    return found[0]


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p39_p45_p46_the_patient_moves_then_cancels_by_the_link_within_seconds(site: Site, until: Until) -> None:
    practice = site.practice
    event = practice.confirmed()
    hers = practice.martin.sees(event).raw
    with site.runs() as process:
        patient = Browser(link(practice))
        secret = link(practice).rpartition("/")[2]
        assert secret not in patient.page.url
        assert "Marie D." in patient.reads and "DUPONT" not in patient.reads
        patient.follows("deplacer")
        times = re.findall(r'name="debut"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="debut"', patient.page.text)
        began = time.monotonic()
        patient.sends(debut=next(filter(None, times[-1])))
        until(lambda: "C'est fait" in patient.again().replace("’", "'"), 20)
        assert time.monotonic() - began < 20
        moved = practice.martin.sees(event)
        until(lambda: len(practice.sms()) == 2, 20)
        assert "déplacé" in practice.sms()[-1]
        assert moved.raw.split("DESCRIPTION")[0].count("DTSTART") == hers.split("DESCRIPTION")[0].count("DTSTART")
        assert re.findall(r"DTSTART.*", moved.raw) != re.findall(r"DTSTART.*", hers)
        until(lambda: practice.martin.sees(event).title.startswith("✓"), 20)

        patient = Browser(link(practice))
        patient.follows("annuler")
        patient.sends(choix="oui")
        until(lambda: "est annulé" in patient.again(), 20)
        assert practice.martin.everything() == []
        until(lambda: len(practice.sms()) == 3, 20)
        assert "est annulé" in practice.sms()[-1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    log = (practice.folder / "run.log").read_text("utf-8")
    assert "Traceback" not in log
    assert not any(word in log for word in ("DUPONT", "marie@", secret))
