"""A practice with one dentist at Google and one on CalDAV: real processes, real HTTP, Google's own client library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from demo.googlestandin import GoogleStandIn
from demo.googlestandin.faults import writes
from demo.googlestandin.person import Person

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
BERNARD, ROBOT = "bernard@lilas.example", "attitre@cabinet.iam.gserviceaccount.com"
AGREED = "Accord patient : oui (tél. 12/05)"


@dataclass
class Mixed:
    """The practice; Dr Martin's calendar is on CalDAV, Dr Bernard's at Google."""

    practice: Practice
    google: GoogleStandIn
    bernard: Person


@pytest.fixture
def mixed(first_day: Practice) -> Iterator[Mixed]:
    with GoogleStandIn() as google:
        google.add_calendar(BERNARD, "Dr Bernard")
        (first_day.folder / "google.json").write_text(google.credentials_json(ROBOT))
        google.share(BERNARD, ROBOT, "writer")
        caldav = f'{{kind: caldav, url: "{first_day.bernard.calendar}", username: cabinet, password: !file password}}'
        first_day.sets(
            caldav,
            f'{{kind: google, calendar_id: {BERNARD}, credentials: !file google.json, endpoint: "{google.root}"}}',
        )
        yield Mixed(first_day, google, google.person(BERNARD))


@pytest.fixture
def running(mixed: Mixed) -> Mixed:
    """attitre has worked for them since before the story."""
    mixed.practice.sync()
    return mixed


def test_p18_a_booking_made_at_google_is_confirmed_once(running: Mixed) -> None:
    practice = running.practice
    event = running.bernard.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    told = running.bernard.sees(event)
    assert (told.title, told.hers) == ("✓ DUPONT Marie – détartrage", practice.new)
    assert "Dr Paul Bernard" in told.block
    for _ in range(3):
        assert "0 événement vérifié, 0 message envoyé, 0 événement annoté" in practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
    assert running.bernard.sees(event).etag == told.etag
    assert len([one for one in running.google.log if writes(one.asked)]) == 1


def test_p51_what_is_missing_is_said_in_the_event_and_corrected_on_the_web(running: Mixed) -> None:
    practice = running.practice
    wrong = practice.new.replace("06 12 34 56 78", "01 43 00 00 01")
    event = running.bernard.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, wrong)
    practice.sync()
    assert running.bernard.sees(event).title.startswith("⚠ ")
    assert "c'est un fixe" in running.bernard.sees(event).block
    running.bernard.writes_on_the_web(event, "01 43 00 00 01", "06 12 34 56 78")
    practice.sync()
    assert running.bernard.sees(event).title.startswith("✓ ")
    assert running.bernard.sees(event).hers == practice.new
    assert len(practice.sms()) == 1


def test_p42_g03_from_google_to_caldav_is_one_modification(running: Mixed) -> None:
    practice = running.practice
    practice.sets("settle_change_seconds: 0", "settle_change_seconds: 60")
    event = running.bernard.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    assert len(practice.sms()) == 1
    running.bernard.deletes(event)
    practice.sync()
    there = practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, f"{practice.new}\n{AGREED}")
    settled(practice)
    assert practice.martin.sees(there).title.startswith("✓ ")
    one_modification(practice, "Dr Claire Martin")


@pytest.mark.parametrize("delete_first", [True, False])
def test_p42_g03_from_caldav_to_google_is_one_modification(running: Mixed, delete_first: bool) -> None:
    practice = running.practice
    practice.sets("settle_change_seconds: 0", "settle_change_seconds: 60")
    event = practice.confirmed()
    if delete_first:
        practice.martin.deletes(event)
        practice.sync()
    text = f"{practice.new}\n{AGREED}"
    there = running.bernard.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, text)
    if not delete_first:
        practice.sync()
        practice.martin.deletes(event)
    settled(practice)
    assert running.bernard.sees(there).title.startswith("✓ ")
    one_modification(practice, "Dr Paul Bernard")


def settled(practice: Practice) -> None:
    """Long after the quiet time of a change."""
    practice.sync()
    practice.sync(when=datetime.now(UTC) + timedelta(seconds=90))
    practice.sync(when=datetime.now(UTC) + timedelta(seconds=180))


def one_modification(practice: Practice, dentist: str) -> None:
    first, second = practice.subjects()
    assert "confirm" in first.lower()
    assert "Rendez-vous modifié" in second
    body = practice.letter().get_body(("plain",))
    assert body is not None
    assert dentist in body.get_content()
    assert len(practice.sms()) == 2
    assert "annulé" not in practice.sms()[1].lower()


def test_check_connect_says_what_each_calendar_can_do(mixed: Mixed) -> None:
    said = mixed.practice.attitre("check", "--connect").stdout
    assert "agenda de bernard : « Dr Bernard »" in said
    assert "Lecture et écriture permises" in said
    assert "syncToken" in said


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("not shared", "partagé avec ce compte Google"), ("busy only", "disponibilité"),
     ("no key", "Créez une nouvelle clé"), ("api off", "Activer")],
)  # fmt: skip
def test_a_google_account_that_fails_says_the_next_step_and_stops_nobody_else(
    running: Mixed, trouble: str, words: str
) -> None:
    practice = running.practice
    if trouble == "no key":
        running.google.gate.revoke(ROBOT, "Invalid grant: account not found")
    elif trouble == "api off":
        running.google.fail_next("accessNotConfigured", times=99, when="events")
    else:
        running.google.share(BERNARD, ROBOT, "none" if trouble == "not shared" else "freeBusyReader")
    assert words in practice.attitre("check", "--connect", said=1).stdout
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync(said=3)
    assert len(practice.sms()) == 1
    states = {one["dentist"]: one for one in practice.json("status", said=1)["calendars"]}
    assert states["martin"]["state"] == "ok"
    assert (states["bernard"]["state"], words in states["bernard"]["reason"]) == ("failing", True)


def test_google_is_not_loaded_where_no_calendar_is_googles(first_day: Practice) -> None:
    script = (
        "import sys\nfrom config.load import load_all\nfrom sync.wiring import open_world\n"
        "[one] = load_all([__import__('pathlib').Path('attitre.yaml')], {})\n"
        "with open_world(one.settings) as world:\n    len(world.sources)\n"
        "print([name for name in sys.modules if name.startswith(('google', 'httplib2', 'adapters.calendars.goo'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=first_day.folder, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
