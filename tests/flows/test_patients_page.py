"""`attitre run` with the patients' pages: the link in an SMS, the page over HTTP, the event in her calendar, the next
SMS. Real process, real CalDAV servers; the pace is five minutes, so that what is fast comes from the patient's click.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from demo.browser import Browser
from tests.listening import running

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
Until = Callable[..., None]


@dataclass
class Site:
    """The practice, and where its pages answer."""

    practice: Practice
    root: str
    until: Until

    def runs(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return running(self.practice.file, self.root, self.until)


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
        assert "Marie D." in patient.page.words
        assert "DUPONT" not in patient.page.words
        times = [one.value for one in patient.follows("deplacer").pieces if one.name == "debut"]
        began = time.monotonic()
        patient.chooses(times[-1])
        until(lambda: "C'est fait" in patient.again().words, 20)
        assert time.monotonic() - began < 20
        moved = practice.martin.sees(event)
        until(lambda: len(practice.sms()) == 2, 20)
        assert "déplacé" in practice.sms()[-1]
        assert moved.raw.split("DESCRIPTION")[0].count("DTSTART") == hers.split("DESCRIPTION")[0].count("DTSTART")
        assert re.findall(r"DTSTART.*", moved.raw) != re.findall(r"DTSTART.*", hers)
        until(lambda: practice.martin.sees(event).title.startswith("✓"), 20)

        patient = Browser(link(practice))
        patient.follows("annuler")
        patient.chooses("oui")
        until(lambda: "est annulé" in patient.again().words, 20)
        assert practice.martin.everything() == []
        until(lambda: len(practice.sms()) == 3, 20)
        assert "est annulé" in practice.sms()[-1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    log = (practice.folder / "run.log").read_text("utf-8")
    assert "Traceback" not in log
    assert not any(word in log for word in ("DUPONT", "marie@", secret))
