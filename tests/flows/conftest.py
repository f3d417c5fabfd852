"""A practice on real servers: her calendars on Radicale or Xandikos, gateways on loopback, attitre as a process."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.sample import Days, at, days
from demo.secretary import Event, Secretary
from demo.server import radicale, xandikos
from demo.sinks import MailSink, Sms, SmsSink

ATTITRE = str(Path(sys.executable).with_name("attitre"))
OFFICE = "secretariat@lilas.example"
LATER = """
import sys, datetime, time_machine
from sync.main import main
moment = datetime.datetime.fromisoformat(sys.argv.pop(1))
with time_machine.travel(moment, tick=True):
    main()
"""
SETTINGS = """
practice:
  {{key: lilas, name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
    email: {office}}}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{{kind: caldav, url: "{martin}", username: cabinet, password: !file password}}]
    hours: {{mon-fri: "08:30-12:30 14:00-19:00"}}
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars: [{{kind: caldav, url: "{bernard}", username: cabinet, password: !file password}}]
    hours: {{mon-fri: "09:00-18:00"}}
motifs:
  - {{label: Détartrage, also: [nettoyage], minutes: 30, first_visit_minutes: 45}}
  - {{label: Douleur, also: [urgence], minutes: 20, within_days: 2}}
  - {{label: Contrôle, minutes: 20}}
messages:
  email: {{url: "{smtp}", sender: "Cabinet des Lilas <rdv@lilas.example>"}}
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}}}
  settle_seconds: 0
  settle_change_seconds: 0
feedback: {{quiet_seconds: 0}}
sync: {{every_seconds: 1}}
support:
  - {{name: Support Doctolib, portal: https://pro.doctolib.fr, phone: 01 83 35 53 54, phone_note: choix 2,
     email: support@doctolib.com, hours: {{mon-fri: "08:00-20:00"}}}}
"""
KNOWN = """\
nom;prenom;naissance;mobile;email;adresse;dentiste
DURAND;Hélène;03/07/1968;06 12 34 57 02;helene@example.org;8 avenue Gambetta, 75020 Paris;martin
LEROY;Jean;05/11/1975;06 12 34 57 03;jean@example.org;9 avenue Gambetta, 75020 Paris;bernard
"""
NEW = """\
Nouveau patient
Sans préférence
Né(e) le : 12/05/1981
Mobile : 06 12 34 56 78
E-mail : marie@example.org
Adresse : 3 rue Verte, 75011 Paris"""


@dataclass(frozen=True, slots=True)
class Host:
    """A running CalDAV server: the home in which calendars are made."""

    home: str
    user: str = "cabinet"
    password: str = "lilas"

    def calendar(self) -> str:
        """A new, empty calendar's address."""
        url = f"{self.home}{uuid.uuid4().hex[:12]}/"
        requests.request("MKCALENDAR", url, auth=(self.user, self.password), timeout=30).raise_for_status()
        return url


@dataclass
class Practice:
    """What people of the practice and their patients do and see."""

    folder: Path
    martin: Secretary
    bernard: Secretary
    sink: SmsSink
    mail: MailSink
    output: list[str] = field(default_factory=list)

    new: str = NEW
    office: str = OFFICE

    @property
    def file(self) -> Path:
        """The configuration."""
        return self.folder / "attitre.yaml"

    def at(self, hour: int, minute: int = 0) -> datetime:
        """An hour of the Tuesday on which these stories take place: a week ahead or more, no holiday."""
        return at(self.days.tuesday, hour, minute)

    @property
    def days(self) -> Days:
        return days(date.today())

    def attitre(
        self, *words: str, when: datetime | None = None, said: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """The command as typed; `when`: as if the clock showed that; `said`: the exit code it must give."""
        door = [sys.executable, "-c", LATER, when.isoformat()] if when else [ATTITRE]
        done = subprocess.run(
            [*door, *words, "-c", str(self.file)], cwd=self.folder, env={**os.environ, "COLUMNS": "200"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.output += [done.stdout, done.stderr]
        assert "Traceback" not in done.stderr, done.stderr
        assert said is None or done.returncode == said, done.stdout + done.stderr
        return done

    def sync(self, *words: str, when: datetime | None = None, said: int | None = 0) -> str:
        """One pass."""
        done = self.attitre("sync", *words, when=when, said=said)
        return done.stdout + done.stderr

    def json(self, *words: str, said: int | None = 0) -> Any:
        """What a command prints for machines."""
        return json.loads(self.attitre(*words, "--json", said=said).stdout)

    def knows(self, *lines: str) -> None:
        """Patients in the directory: Hélène DURAND of Dr Martin, Jean LEROY of Dr Bernard, and these."""
        (self.folder / "patients.csv").write_text(KNOWN + "\n".join(lines), encoding="utf-8")
        self.attitre("patients", "import", "patients.csv", "--yes")

    def sets(self, old: str, new: str) -> None:
        """Edits the configuration."""
        text = self.file.read_text("utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def sms(self) -> list[str]:
        """What patients read on their phones."""
        return [one.text for one in self.texts()]

    def texts(self) -> list[Sms]:
        return self.sink.messages

    def subjects(self, box: str = "marie@example.org") -> list[str]:
        """The subjects in one box."""
        return [str(one["Subject"]) for one in self.mail.to(box)]

    def letter(self, box: str = "marie@example.org") -> EmailMessage:
        """The newest e-mail in one box."""
        return self.mail.to(box)[-1]

    def alerts(self) -> list[str]:
        """What the practice was told."""
        return self.subjects(OFFICE)

    def confirmed(self, hour: int = 9) -> Event:
        """Marie DUPONT's first visit with Dr Martin, told to her."""
        event = self.martin.books("DUPONT Marie – détartrage", self.at(hour, 30), 45, NEW)
        self.sync()
        assert (len(self.sms()), len(self.subjects())) == (1, 1), self.martin.sees(event).text
        return event


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Host]]:
    """Each server once a session, started at its first use."""
    running: dict[str, Host] = {}
    with ExitStack() as stack:

        def given(kind: str) -> Host:
            if kind not in running:
                start = _xandikos if kind == "xandikos" else _radicale
                running[kind] = stack.enter_context(start(tmp_path_factory.mktemp(kind)))
            return running[kind]

        yield given


@contextmanager
def _radicale(folder: Path) -> Iterator[Host]:
    with radicale(folder / "agendas") as server:
        yield Host(f"{server.url}{server.user}/")


@contextmanager
def _xandikos(folder: Path) -> Iterator[Host]:
    with xandikos(folder) as root:
        yield Host(f"{root}user/calendars/")


def until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Waits for it."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    return until


@contextmanager
def opened(host: Host, folder: Path) -> Iterator[Practice]:
    """A practice of two dentists on its first day; attitre has not looked at it yet."""
    calendars = {"martin": host.calendar(), "bernard": host.calendar()}
    with SmsSink() as sms, MailSink() as mail:
        settings = SETTINGS.format(**calendars, office=OFFICE, smtp=mail.url, sms=sms.url)
        (folder / "attitre.yaml").write_text(settings, encoding="utf-8")
        (folder / "password").write_text(host.password)
        hands = {name: Secretary(url, host.user, host.password) for name, url in calendars.items()}
        yield Practice(folder, hands["martin"], hands["bernard"], sms, mail)


@pytest.fixture
def first_day(host: Callable[[str], Host], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Practice]:
    """A practice on which attitre has not looked yet. Parametrize indirectly for another server than Radicale."""
    with opened(host(getattr(request, "param", "radicale")), tmp_path) as practice:
        yield practice


@pytest.fixture
def practice(first_day: Practice) -> Practice:
    """A practice that attitre has worked for since before the story."""
    first_day.sync()
    return first_day


@pytest.fixture(scope="module")
def open_practice(host: Callable[[str], Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """One practice for a whole file: its tests look at what one pass said about many bookings."""
    with opened(host("radicale"), tmp_path_factory.mktemp("morning")) as practice:
        practice.knows()
        practice.sync()
        yield practice
