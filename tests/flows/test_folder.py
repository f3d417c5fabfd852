"""A folder of practices: a real `attitre run -c DIR`, their calendars on Radicale, files that change under it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.flows.conftest import opened
from tests.listening import RUN

if TYPE_CHECKING:
    from tests.flows.conftest import Host, Practice

pytestmark = pytest.mark.slow
Until = Callable[..., None]


@dataclass
class Hosted:
    """Two practices in one folder, and the process that works for both."""

    folder: Path
    lilas: Practice
    roses: Practice
    root: str
    process: subprocess.Popen[bytes]
    until: Until

    def health(self) -> str:
        try:
            return requests.get(f"{self.root}/healthz", timeout=10).text
        except requests.RequestException:
            return ""

    def says(self, words: str) -> None:
        self.until(lambda: words in self.health(), 60)

    def rereads(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def writes(self, practice: Practice, key: str, old: str = "", new: str = "") -> Path:
        """The practice's file in the folder, as a host writes it."""
        text = practice.file.read_text("utf-8").replace("{key: lilas,", f"{{key: {key},")
        assert old in text
        text += f'page: {{listen: "{self.root.removeprefix("http://")}"}}\n'
        file = self.folder / f"{key}.yaml"
        file.write_text(text.replace(old, new) if old else text, "utf-8")
        return file

    def status(self) -> str:
        done = self.lilas.attitre("status", "-c", str(self.folder), said=None)
        return done.stdout


@contextmanager
def hosted(host: Host, tmp_path: Path, until: Until) -> Iterator[Hosted]:
    with ExitStack() as stack:
        found = []
        for key in ("lilas", "roses"):
            (tmp_path / key).mkdir()
            found.append(stack.enter_context(opened(host, tmp_path / key)))
        folder = tmp_path / "cabinets"
        folder.mkdir()
        (folder / "password").write_text(host.password)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        log = stack.enter_context((tmp_path / "run.log").open("ab"))
        both = Hosted(folder, *found, f"http://127.0.0.1:{port}", None, until)  # type: ignore[arg-type]
        both.writes(found[0], "lilas")
        both.writes(found[1], "roses")
        both.process = subprocess.Popen([*RUN, str(folder)], cwd=tmp_path, stdout=log, stderr=log, env={**os.environ})
        stack.callback(both.process.wait, 30)
        stack.callback(both.process.kill)
        yield both


def test_a_file_broken_and_mended_touches_no_other_practice(
    host: Callable[[str], Host], tmp_path: Path, until: Until
) -> None:
    with hosted(host("radicale"), tmp_path, until) as street:
        street.says("à jour")
        street.writes(street.lilas, "lilas", "motifs:", "motfs:")
        street.rereads()
        street.says("suspendu : lilas")
        until(lambda: "attitre : ce cabinet est suspendu" in street.lilas.alerts())
        assert "suspendu" in street.status()
        told = street.lilas.martin.books("DUPONT Marie – détartrage", street.lilas.at(9, 30), 45, street.lilas.new)
        street.roses.martin.books("DUPONT Marie – détartrage", street.roses.at(9, 30), 45, street.roses.new)
        until(lambda: len(street.roses.sms()) == 1, 60)
        assert street.lilas.sms() == []
        street.writes(street.lilas, "lilas")
        street.rereads()
        until(lambda: len(street.lilas.sms()) == 1, 60)
        until(lambda: street.lilas.martin.sees(told).title.startswith("✓"))
        (street.folder / "roses.yaml").unlink()
        street.rereads()
        until(lambda: "roses" not in street.status(), 60)
        assert len(street.roses.sms()) == 1
        street.process.send_signal(signal.SIGTERM)
        assert street.process.wait(30) == 0
        said = (tmp_path / "run.log").read_text("utf-8")
        mended = said.partition('event="practice no longer suspended"')[2]
        assert mended.splitlines()[0].strip() == "practice=lilas"
        assert 'event="asked to end"' in mended
