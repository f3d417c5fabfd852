"""What runs during the demo: a CalDAV server, an SMS gateway, a mail server and the real worker, all on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import requests

from demo import sample
from demo.googlestandin import GoogleStandIn
from demo.googlestandin.person import Person
from demo.secretary import E, Screen, Secretary
from demo.server import Server, end, pages, radicale
from demo.sinks import MailSink, Sms, SmsSink
from rules.text.french import counted

T = TypeVar("T")
PATIENCE = 40.0  # seconds; a busy machine needs a few of them, a broken one all
_PAUSE = 0.15
_ANSWERED = 0.3  # seconds: what the worker had asked before it was stopped is answered by then
_TAIL = 15
_COMMAND = (sys.executable, "-c", "from sync.main import main; main()")
_LATER = """
import sys, time
from time_machine import travel
from sync.main import main
with travel(time.time() + int(sys.argv.pop(1)), tick=True):
    main()
"""  # the command in a process whose clock is ahead


class Missed(Exception):
    """An effect that did not come: what was expected, what was seen instead."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"{expected} ({seen})")
        self.expected, self.seen = expected, seen


@dataclass
class Post:
    """What reached the gateways, and how much of it the story has shown already."""

    sms: SmsSink
    mail: MailSink
    shown_sms: int = 0
    shown_mail: int = 0

    def fresh_sms(self) -> list[Sms]:
        """Texts that were not shown yet."""
        return self.sms.messages[self.shown_sms :]

    def fresh_mail(self) -> list[EmailMessage]:
        """Letters that were not shown yet."""
        return self.mail.messages[self.shown_mail :]

    def take(self) -> tuple[list[Sms], list[EmailMessage]]:
        """Both, and from now on they count as shown."""
        texts, letters = self.fresh_sms(), self.fresh_mail()
        self.shown_sms += len(texts)
        self.shown_mail += len(letters)
        return texts, letters

    def take_patients(self) -> int:
        """How many of the fresh messages went to patients: all but the letters to the practice. They count as shown."""
        texts, letters = self.take()
        return len(texts) + sum(str(mail["To"]) != sample.OFFICE for mail in letters)


@dataclass
class Stage:
    """The running practice. `secretaries` and `calendars` (addresses) are by dentist, for those on CalDAV; `web` is who
    works in the third dentist's Google calendar; `pages`: where the patients' pages listen, and their address; `ahead`:
    seconds by which the story's clock is ahead (`demo.hours`)."""

    folder: Path
    server: Server
    google: GoogleStandIn
    post: Post
    calendars: dict[str, str]
    secretaries: dict[str, Secretary]
    days: sample.Days
    pages: tuple[str, str]
    ahead: int = 0
    patience: float = PATIENCE
    web: Person = field(init=False)
    worker: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.web = self.google.person(sample.GOOGLE)

    @property
    def config(self) -> Path:
        """The YAML that the worker runs with."""
        return self.folder / "attitre.yaml"

    @property
    def _command(self) -> tuple[str, ...]:
        return (sys.executable, "-c", _LATER, str(self.ahead)) if self.ahead else _COMMAND

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `attitre` command, run to its end."""
        whole = [*self._command, *arguments, "-c", str(self.config)]
        return subprocess.run(  # noqa: S603
            whole, env=_environment(), cwd=self.folder, capture_output=True, encoding="utf-8", timeout=120, check=False
        )

    def first_pass(self) -> None:
        """Wait until the worker has read every calendar: what it finds then is known to its patients (ruling 7)."""

        def probe() -> bool | None:
            said = self.command("status", "--json").stdout
            calendars = json.loads(said)["calendars"] if said.startswith("{") else []
            read = [one for one in calendars if one["last_success"]]
            return True if len(read) == len(self.calendars) + 1 else None

        self.until("un premier passage sur les trois agendas", probe, lambda: "au moins un agenda n'a pas été lu")

    @contextmanager
    def working(self) -> Iterator[None]:
        """The real worker runs meanwhile, in a session of its own: Ctrl-C reaches it only through us."""
        whole = [*self._command, "run", "-c", str(self.config)]
        with (self.folder / "worker.log").open("wb") as log:
            self.worker = subprocess.Popen(  # noqa: S603
                whole, env=_environment(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield
        finally:
            end(self.worker)

    @contextmanager
    def between_passes(self) -> Iterator[None]:
        """The worker waits meanwhile, as it does for a minute in a practice: a pass a second would see half of what is
        done here at one stroke."""
        pausing = self.worker is not None and hasattr(signal, "SIGSTOP")
        if self.worker is not None and pausing:
            self.worker.send_signal(signal.SIGSTOP)
            time.sleep(_ANSWERED)
        try:
            yield
        finally:
            if self.worker is not None and pausing:
                self.worker.send_signal(signal.SIGCONT)

    def standing(self, dentist: str) -> int | None:
        """How many bookings of that dentist attitre knows on the story's days; None while a message is pending."""
        if json.loads(self.command("outbox", "--json").stdout or "[0]"):
            return None
        span = ("--from", self.days.tuesday.isoformat(), "--to", self.days.thursday.isoformat())
        lines: list[dict[str, object]] = json.loads(
            self.command("agenda", "--json", "--dentist", dentist, *span).stdout or "[]"
        )
        return sum(line["kind"] == "booking" for line in lines)

    def counts(self) -> dict[str, int]:
        """What the practice starts with."""
        patients, booked = sample.patients().count("\n") - 1, len(self.secretaries["petit"].everything())
        return {"calendars": len(self.calendars) + 1, "patients": patients, "booked": booked}

    # --- waiting for an effect ---------------------------------------------------------------------------------------

    def until(self, expected: str, probe: Callable[[], T | None], seen: Callable[[], str]) -> T:
        """What `probe` finds, as soon as it finds something. Raises Missed when patience ends or the worker died."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            found = probe()
            if found is not None and found is not False:
                return found
            if self.worker is not None and self.worker.poll() is not None:
                raise Missed(expected, f"le programme s'est arrêté (code {self.worker.returncode})")
            time.sleep(_PAUSE)
        raise Missed(expected, seen())

    def sees(self, who: Screen[E], event: E, expected: str, test: Callable[[E], bool]) -> E:
        """The event, once it looks as expected."""
        now = [event]

        def probe() -> E | None:
            now[0] = who.sees(event)
            return now[0] if test(now[0]) else None

        return self.until(expected, probe, lambda: f"l'événement est resté « {now[0].title} »")

    def told(self, expected: str, mobile: str, email: str) -> tuple[Sms, EmailMessage]:
        """The SMS and the letter that this patient receives now; anything else sent meanwhile is a failure."""

        return self.told_each(expected, (mobile, email))[0]

    def told_each(self, expected: str, *people: tuple[str, str]) -> list[tuple[Sms, EmailMessage]]:
        """The same for several patients (mobile, e-mail) at once, in that order."""

        def probe() -> list[tuple[Sms, EmailMessage]] | None:
            found = [self._fresh(*one) for one in people]
            return [one for one in found if one] if all(found) else None

        found = self.until(expected, probe, self._counted)
        if (told := self.post.take_patients()) != 2 * len(found):
            raise Missed(f"{expected}, et rien d'autre", f"{told} messages")
        return found

    def _fresh(self, mobile: str, email: str) -> tuple[Sms, EmailMessage] | None:
        texts = [sms for sms in self.post.fresh_sms() if sms.to == mobile]
        letters = [mail for mail in self.post.fresh_mail() if str(mail["To"]) == email]
        return (texts[0], letters[0]) if texts and letters else None

    def link(self, mobile: str, to: str) -> str:
        """The address in the last text to that number that leads to a page of that kind (`r`, `a`, `o`); empty for
        none."""
        texts = [sms.text for sms in self.post.sms.messages if sms.to == mobile]
        return next(iter(re.findall(rf"{re.escape(self.pages[1])}/{to}/\S+", "\n".join(reversed(texts)))), "")

    def silent(self, expected: str) -> None:
        """No patient was told anything new. Raises Missed."""
        if told := self.post.take_patients():
            raise Missed(expected, counted(told, "message", "messages"))

    def keep_html(self, mail: EmailMessage) -> Path | None:
        """Put the letter's HTML part into the demo's folder, to be opened in a browser."""
        part = mail.get_body(("html",))
        if part is None:
            return None
        file = self.folder / f"e-mail-{self.post.mail.messages.index(mail) + 1}.html"
        file.write_text(str(part.get_content()), encoding="utf-8")
        return file

    def _counted(self) -> str:
        return f"reçus : {len(self.post.fresh_sms())} SMS, {counted(len(self.post.fresh_mail()), 'e-mail', 'e-mails')}"


def log_tail(folder: Path) -> str:
    """The last lines of the worker's log."""
    file = folder / "worker.log"
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return "\n".join(lines[-_TAIL:])


@contextmanager
def set_up(folder: Path, days: sample.Days, ahead: int = 0) -> Iterator[Stage]:
    """Servers, calendars with what already stands in them, configuration and directory; the worker not yet."""
    with ExitStack() as stack:
        server = stack.enter_context(radicale(folder / "agendas"))
        google = stack.enter_context(GoogleStandIn())
        post = Post(stack.enter_context(SmsSink()), stack.enter_context(MailSink()))
        calendars = {key: _calendar(server, key, name) for key, name in sample.CALDAV.items()}
        google.add_calendar(sample.GOOGLE, sample.GOOGLE_NAME)
        people = {key: Secretary(url, server.user, server.password) for key, url in calendars.items()}
        stage = Stage(folder, server, google, post, calendars, people, days, pages(), ahead)
        for title, start in sample.full_days(days):
            people["petit"].books(title, start, 20)
        people["martin"].books(sample.PAST_TITLE, sample.past_visit(days), 20, sample.PAST_TEXT)
        _configure(stage)
        yield stage


def _configure(stage: Stage) -> None:
    (stage.folder / "password").write_text(stage.server.password)
    key = stage.google.credentials_json(sample.ROBOT)
    stage.google.share(sample.GOOGLE, sample.ROBOT, "writer")
    (stage.folder / "google.json").write_text(key)
    ways = {"google": stage.google.root, "smtp": stage.post.mail.url, "sms": stage.post.sms.url}
    yaml = sample.configuration(stage.calendars, user=stage.server.user, pages=stage.pages, **ways)
    stage.config.write_text(yaml, encoding="utf-8")
    (stage.folder / "patients.csv").write_text(sample.patients(), encoding="utf-8")
    done = stage.command("patients", "import", str(stage.folder / "patients.csv"), "--yes")
    if done.returncode:
        raise Missed("le fichier des patients importé", done.stderr.strip()[-800:])


def _calendar(server: Server, key: str, name: str) -> str:
    """A new calendar (RFC 4791 5.3.1); its address."""
    url = f"{server.url}{server.user}/{key}/"
    body = (
        '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
        f"<displayname>{name}</displayname></prop></set></C:mkcalendar>"
    )
    login = (server.user, server.password)
    requests.request("MKCALENDAR", url, data=body.encode(), auth=login, timeout=30).raise_for_status()
    return url


def _environment() -> dict[str, str]:
    """Ours, without what would change the sample's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("ATTITRE_")}
    return {**kept, "COLUMNS": "80", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
