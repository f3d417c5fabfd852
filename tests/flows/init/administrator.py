"""The administrator at a real terminal, who answers `attitre init`."""

import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import requests

from demo.googlestandin import GoogleStandIn
from demo.server import Server

ATTITRE = str(Path(sys.executable).with_name("attitre"))
MARTIN = "martin@group.calendar.google.com"
ROBOT = "robot@practice.iam.gserviceaccount.com"
PRACTICE = (
    ("Nom du cabinet", "Cabinet « des Lilas »"),
    ("Adresse (rue", "12 rue des Lilas, 75020 Paris"),
    ("Téléphone", "01 43 00 00 00"),
    ("E-mail (récap", "s@lilas.fr"),
    ("Département", ""),
)
ENDING = (("liste convient", ""), ("autre motif", ""), ("Serveur d'envoi", ""), ("service de SMS", ""))
DENTIST = (
    ("Nom (", "Dr Claire Martin"), ("Spécialité", ""), ("Son agenda", "1"), ("Horaires du lundi", ""),
    ("Jours qui diffèrent", ""), ("autre dentiste", ""),
)  # fmt: skip
MOTIFS = (
    "Contrôle", "Détartrage", "Douleur", "Soin", "Dévitalisation", "Extraction", "Prothèse", "Implant", "Orthodontie",
    "Blanchiment",
)  # fmt: skip
FEED = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Garde\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20261101T080000Z\r\n"
    b"DTSTART:20261202T090000Z\r\nDTEND:20261202T100000Z\r\nSUMMARY:Garde\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


class Terminal:
    """`attitre` in a terminal of its own. `screen` is everything that was shown."""

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        ours, theirs = pty.openpty()
        hidden = {"DISPLAY", "WAYLAND_DISPLAY", "ATTITRE_KEY", "ATTITRE_CONFIG"}
        plain = {name: value for name, value in os.environ.items() if name not in hidden}
        self._process = subprocess.Popen(
            [ATTITRE, *words], cwd=folder, env=plain | {"COLUMNS": "300"} | environ, stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._screen, self.screen, self._seen = ours, "", 0

    def reads(self, words: str) -> str:
        """Wait until that stands on the screen, after what was read before."""
        until = time.monotonic() + 30
        while words not in self.screen[self._seen :]:
            assert time.monotonic() < until and self._more(), f"{words!r} never came:\n{self.screen}"
        self._seen = self.screen.index(words, self._seen) + len(words)
        return self.screen

    def answers(self, *pairs: tuple[str, str]) -> None:
        for question, answer in pairs:
            self.reads(question)
            while not self.screen.endswith(": "):
                assert self._more(), self.screen
            self._seen = len(self.screen)
            time.sleep(0.05)  # what is typed before a hidden prompt has taken the terminal is thrown away
            os.write(self._screen, answer.encode() + b"\n")

    def presses_ctrl_c(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)

    def ends(self) -> int:
        while self._more():
            pass
        return self._process.wait(30)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._screen], [], [], 30)
        try:
            piece = os.read(self._screen, 65536) if ready else b""
        except OSError:
            piece = b""
        self.screen += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(piece)


def attitre(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name not in {"ATTITRE_KEY", "ATTITRE_CONFIG"}}
    return subprocess.run(
        [ATTITRE, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def account(server: Server, password: str = "") -> tuple[tuple[str, str], ...]:
    return (
        ("Votre choix", "1"), ("Adresse du serveur", server.url), ("Identifiant", server.user),
        ("Mot de passe", password or server.password),
    )  # fmt: skip


def clicked(google: GoogleStandIn, screen: str) -> str:
    """The address at which the browser ends after the person said yes."""
    (url,) = re.findall(r"^https://127\S+/o/oauth2/auth\S+$", screen, re.MULTILINE)[-1:]
    answer = requests.get(url.replace("https", "http", 1), timeout=5, allow_redirects=False)
    return answer.headers["Location"]
