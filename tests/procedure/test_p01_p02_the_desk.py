"""P1, P2: whom to call when the calendars fail, and one calendar for each dentist."""

from datetime import time
from pathlib import Path

import pytest
import time_machine
from click.testing import Result
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.base import Denied, Probe, TryLater
from adapters.calendars.dav import probe
from adapters.http import Answer
from rules.model import SupportContact
from sync import wiring
from sync.cli import app
from sync.core.context import Source
from tests.desk import MARIE, NEW, SURGERY, Desk, make_desk
from tests.office import calendar_of, make_office

WEEK = dict.fromkeys(range(5), ((time(8), time(20)),))
SUPPORT = SupportContact(
    "Support Doctolib", "https://pro.doctolib.fr", "01 83 35 53 54", "choix 2", "support@doctolib.com", WEEK
)
YAML = """\
practice: {name: Les Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{kind: caldav, url: "https://dav.example/martin/"}]
    hours: {mon-fri: "08:30-12:30"}
motifs: [{label: Contrôle, minutes: 20}]
"""
DOCTOLIB = """\
support:
  - name: Support Doctolib
    portal: https://pro.doctolib.fr
    phone: 01 83 35 53 54
    phone_note: choix 2
    email: support@doctolib.com
    hours: {mon-fri: "08:00-20:00"}
"""


@pytest.fixture
def attitre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command, in a folder with that YAML."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATTITRE_CONFIG", raising=False)

    def run(yaml: str, *words: str) -> Result:
        Path("attitre.yaml").write_text(yaml, encoding="utf-8")
        return CliRunner().invoke(app, list(words))

    return run


# --- P1 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-24 10:00", "Support Doctolib : ouvert jusqu'à 20 h"),
        ("2026-11-27 20:00", "Support Doctolib : fermé, rouvre lundi à 8 h"),
        ("2026-12-25 10:00", "Support Doctolib : fermé, rouvre lundi à 8 h"),  # a public holiday
    ],
)
def test_p01_the_support_is_printed_and_whether_it_is_open_now(attitre, moment: str, words: str) -> None:
    with time_machine.travel(f"{moment}+01:00", tick=False):
        result = attitre(YAML + DOCTOLIB, "support")
    assert result.exit_code == 0
    for said in (words, "https://pro.doctolib.fr", "01 83 35 53 54 (choix 2)", "support@doctolib.com"):
        assert said in result.stdout


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("phone: 01 83 35 53 54", "phone: 01 83 35"),
        ("email: support@doctolib.com", "email: support@doctolib"),
        ('hours: {mon-fri: "08:00-20:00"}', 'hours: {mon-fri: "8h–20h"}'),
        ('hours: {mon-fri: "08:00-20:00"}', 'hours: {lundi-vendredi: "20:00-08:00"}'),
        ("portal: https://pro.doctolib.fr", "portal: pro doctolib"),
    ],
)
def test_p01_what_cannot_be_read_is_named_with_file_and_line(attitre, written: str, instead: str) -> None:
    text = YAML + DOCTOLIB.replace(written, instead)
    line = next(number for number, one in enumerate(text.splitlines(), 1) if instead in one)
    result = attitre(text, "check")
    assert result.exit_code == 1
    assert f"attitre.yaml:{line}:" in result.stdout
    assert f"support[0].{instead.partition(':')[0]}" in result.stdout


def test_p01_an_outage_tells_the_practice_once_whom_to_call(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, replace(SURGERY, support=(SUPPORT,)))
    desk.office.calendars["martin"].fail_next(Denied("Le mot de passe est refusé."), times=2)
    desk.waits(minutes=1)
    desk.waits(minutes=1)
    told = [one for one in desk.office.email.sent if one.to == SURGERY.email]
    assert [one.subject for one in told] == ["attitre : agenda « Dr Claire Martin » non lu"]
    for said in ("Support Doctolib", "01 83 35 53 54 (choix 2)", "support@doctolib.com", "ouvert jusqu'à 20 h"):
        assert said in told[0].text
    assert "patient n'est prévenu d'une annulation" in told[0].text
    assert not desk.sms()


# --- P2 --------------------------------------------------------------------------------------------------------------


def test_p02_the_calendar_says_who_the_dentist_is(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", NEW, dentist="nguyen")
    assert "mardi 1er décembre à 10 h, 45 min, Dr Linh Nguyen" in event.reads
    assert "avec le Dr Nguyen" in desk.sms()[0]
    assert [one.dentist for one in desk.directory()] == ["nguyen"]


def test_p02_moved_to_another_calendar_the_dentist_is_another(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage")
    assert event.confirmed
    event.moves(dentist="bernard")
    assert "DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard" in event.reads
    known.waits(hours=1)
    assert len(known.sms()) == 1  # the patient keeps what they were last told


@pytest.mark.parametrize(
    ("title", "extra", "dentist"),
    [
        ("[M] DUPONT Marie – détartrage", "", "Dr Claire Martin"),
        ("DUPONT Marie – détartrage [b]", "", "Dr Paul Bernard"),
        ("DUPONT Marie – détartrage", "CATEGORIES:B", "Dr Paul Bernard"),
    ],
)
def test_p02_dentists_of_a_shared_calendar_are_told_apart_by_tag_or_category(
    tmp_path: Path, title: str, extra: str, dentist: str
) -> None:
    shared = Source(calendar_of("martin"), "martin", {"M": "martin", "B": "bernard"})
    desk = Desk(make_office(tmp_path, SURGERY, [shared]))
    desk.office.passes()
    event = desk.books(title, NEW, extra=extra)
    assert f"mardi 1er décembre à 10 h, 45 min, {dentist}" in event.reads
    assert event.confirmed
    assert [one.name for one in desk.directory()] == ["DUPONT Marie"]


def test_p02_an_appointment_that_does_not_say_whose_it_is_is_asked_about(tmp_path: Path) -> None:
    shared = Source(calendar_of("martin"), "martin", {"M": "martin", "B": "bernard"})
    desk = Desk(make_office(tmp_path, SURGERY, [shared]))
    desk.office.passes()
    event = desk.books("DUPONT Marie – détartrage", NEW)
    meeting = desk.books("Réunion équipe", at="02/12 10:00")
    assert event.mark == "⚠ "
    assert event.wrong == ["✗ Pour quel dentiste ? Écrivez « [M] » ou « [B] » dans le titre de cet agenda partagé."]
    assert (meeting.reads, desk.sms()) == ("", [])
    event.retypes(title="[B] DUPONT Marie – détartrage")
    assert event.confirmed
    event.retypes(title="DUPONT Marie – détartrage")
    assert event.wrong
    desk.waits(hours=1)
    assert len(desk.sms()) == 1


def test_p02_two_dentists_claim_one_calendar_without_a_tag(attitre) -> None:
    second = (
        "  bernard:\n    name: Dr Paul Bernard\n    specialty: Orthodontiste\n"
        '    calendars: [{kind: caldav, url: "https://dav.example/martin"}]\n    hours: {mon: "08:30-12:30"}\n'
    )
    result = attitre(YAML.replace("motifs:", f"{second}motifs:"), "check")
    assert result.exit_code == 1
    assert "cet agenda est déjà celui de « dentists.martin » (ligne 6)" in result.stdout
    assert "tag:" in result.stdout


READ_ONLY = b"""<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response>
<d:href>/martin/</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop><d:resourcetype><d:collection/>
<c:calendar/></d:resourcetype><d:displayname>Dr Martin</d:displayname><d:current-user-privilege-set><d:privilege>
<d:read/></d:privilege></d:current-user-privilege-set></d:prop></d:propstat></d:response></d:multistatus>"""


class OnAServer:
    """A CalDAV calendar that answers, or does not."""

    def __init__(self, down: bool) -> None:
        self.down, self.address = down, "https://dav.example/martin/"

    def send(self, *_: object, **__: object) -> Answer:
        return Answer(207, {}, READ_ONLY, self.address)

    def probe(self) -> Probe:
        if self.down:
            raise TryLater("dav.example n'est pas joignable.")
        return probe.probe(self, self.address, None, read_only=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("down", "code", "said"),
    [
        (True, 3, "✗ agenda de martin : dav.example n'est pas joignable."),
        (False, 0, "Lecture seule : les remarques iront au récapitulatif, pas dans les événements."),
    ],
)
def test_p02_check_connect_says_what_a_calendar_does_not_allow(
    attitre, monkeypatch: pytest.MonkeyPatch, down: bool, code: int, said: str
) -> None:
    monkeypatch.setattr(wiring._Maker, "_dav", lambda *_: OnAServer(down))
    result = attitre(YAML, "check", "--connect")
    assert said in result.stdout
    assert result.exit_code == code


def test_p44_check_connect_calls_the_lists_calendar_by_its_name(attitre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring._Maker, "_dav", lambda *_: OnAServer(True))
    listed = f"{YAML}\nwaiting_list: {{calendar: {{kind: caldav, url: 'https://dav.example/cabinet/attente/'}}}}\n"
    assert "✗ agenda de la liste d'attente : dav.example" in attitre(listed, "check", "--connect").stdout


def test_p02_a_read_only_calendar_is_checked_and_patients_are_told(tmp_path: Path) -> None:
    sources = [Source(calendar_of("martin"), "martin")]
    desk = Desk(make_office(tmp_path, SURGERY, sources))
    desk.knows(MARIE)
    desk.office.calendars["martin"]._read_only = True
    desk.office.passes()
    desk.books("DUPONT Marie – détartrage")
    assert len(desk.sms()) == 1
