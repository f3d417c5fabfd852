"""Each program saves the event in which we answered, and what it saved is read: her words, our part, law L1."""

import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.calendars.ical.contentlines import unfold
from rules.model import Annotation, CalendarEvent, alike
from tests.adapters.test_vevent_splice import ICS, WINDOW
from tests.office import PARIS, ics

pytestmark = [pytest.mark.clients, pytest.mark.slow]
PYTHON = "/usr/bin/python3"
HERS = 'Nouveau patient\nE-mail : zoe@gmial.com\nCommentaire : < 18 h & "après", étage ; porte'
OURS = Annotation("⚠ ", ("✗ E-mail « zoe@gmial.com » : vouliez-vous dire « zoe@gmail.com » ?", "! a < b & c, d ; e"))


def without(program: str) -> pytest.MarkDecorator:
    here = shutil.which(program) is not None or Path(program).exists()
    return pytest.mark.skipif(not here, reason=f"{Path(program).name} n'est pas ici : `make test-clients` l'installe.")


@pytest.fixture(params=["text", "both forms"])
def answered(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with an event that was typed in Thunderbird, or in a client of text alone, and answered."""
    payload = ics("e1", "LAMY Zoé – détartrage", datetime(2027, 1, 12, 10, tzinfo=PARIS), 30, HERS.replace(";", "\\;"))
    if request.param == "both forms":
        html = HERS.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
        head = f'DESCRIPTION;ALTREP="data:text/html,{quote(html, safe="")}":'
        payload = payload.replace(b"DESCRIPTION:", head.encode())
    written = ICS.splice("e1.ics", payload, OURS)
    assert written is not None
    file = tmp_path / "e1.ics"
    file.write_bytes(written)
    return file


def holds(saved: bytes) -> CalendarEvent:
    """What the program saved is hers and ours, and ours comes out of it again."""
    reading = ICS.read("e1.ics", saved, WINDOW)
    [event] = reading.events
    assert alike(reading.annotation, OURS)
    assert event.title == "LAMY Zoé – détartrage"
    bare = ICS.strip(saved)
    assert "attitre" not in unfold(bare)
    again = ICS.splice("e1.ics", saved, OURS)
    assert again is not None
    assert ICS.strip(again) == bare
    return event


def runs(*command: str, said: str = "", **more: str) -> str:
    done = subprocess.run(
        command, input=said, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **more},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@without("calcurse")
def test_calcurse(answered: Path, tmp_path: Path) -> None:
    for folder in ("data", "conf"):
        (tmp_path / folder).mkdir()
    place = ("-D", str(tmp_path / "data"), "-C", str(tmp_path / "conf"))
    runs("calcurse", *place, "-q", "-i", str(answered))
    saved = runs("calcurse", *place, "--export=ical")
    assert holds(saved.encode()).description == HERS


KHAL = """\
[calendars]
[[hers]]
path = {folder}/hers
[locale]
timeformat = %H:%M
dateformat = %d/%m/%Y
longdateformat = %d/%m/%Y
datetimeformat = %d/%m/%Y %H:%M
longdatetimeformat = %d/%m/%Y %H:%M
local_timezone = Europe/Paris
default_timezone = Europe/Paris
[sqlite]
path = {folder}/khal.db
"""


@without("khal")
def test_khal(answered: Path, tmp_path: Path) -> None:
    (tmp_path / "hers").mkdir()
    file = answered.rename(tmp_path / "hers" / "e1.ics")
    (tmp_path / "khal.conf").write_text(KHAL.format(folder=tmp_path))
    runs("khal", "-c", str(tmp_path / "khal.conf"), "edit", "LAMY", said="l\nSalle 2\nn\n", HOME=str(tmp_path))
    event = holds(file.read_bytes())
    assert (event.description, event.location, event.flags) == (HERS, "Salle 2", frozenset())


@without("/usr/libexec/evolution-calendar-factory")
def test_evolutions_server_leaves_the_html_behind_and_the_corrected_text_counts(answered: Path, tmp_path: Path) -> None:
    script = str(Path(__file__).with_name("evolution.py"))
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "GIO_USE_VFS": "local"}
    told = runs("dbus-run-session", "--", PYTHON, script, str(answered), "gmial", "gmail", **home)
    stored, edited = (event.encode() for event in re.findall(r"BEGIN:VEVENT.*?END:VEVENT\s", told, re.DOTALL))
    assert holds(stored).description == HERS
    event = holds(edited)
    assert event.description == HERS.replace("gmial", "gmail")
    assert (event.apart, event.flags) == ((), frozenset())
    assert (b"ALTREP" in edited) == (b"ALTREP" in answered.read_bytes())
