"""Events no client should have made, calendars in other hands, a full disk: said where it belongs, never a crash."""

import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
ODD = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
BEGIN:VEVENT
UID:odd
DTSTAMP:20261101T080000Z
SUMMARY:Martin à rappeler
DTSTART;TZID=Europe/Paris:{start:%Y%m%dT%H%M%S}
DTEND;TZID=Europe/Paris:{end:%Y%m%dT%H%M%S}
END:VEVENT
END:VCALENDAR
"""


def test_an_end_before_the_start_harms_nobody_else(practice: "Practice") -> None:
    raw = ODD.format(start=practice.at(16), end=practice.at(15)).replace("\n", "\r\n")
    put = {"Content-Type": "text/calendar"}
    url = practice.martin.calendar + "odd.ics"
    requests.put(url, raw.encode(), headers=put, auth=("cabinet", "lilas"), timeout=30).raise_for_status()
    practice.confirmed()
    assert "0 message envoyé" in practice.sync()


def test_g02_deleted_and_put_back_within_the_quiet_time_tells_nothing(practice: "Practice") -> None:
    practice.sets("settle_change_seconds: 0", "settle_change_seconds: 60")
    event = practice.martin.sees(practice.confirmed())
    practice.martin.deletes(event)
    practice.sync()
    practice.martin.restores(event)
    practice.sync()
    practice.sync(when=practice.at(8) - timedelta(days=3))
    assert len(practice.sms()) == 1


def test_g02_put_back_after_the_cancellation_is_confirmed_again(practice: "Practice") -> None:
    event = practice.martin.sees(practice.confirmed())
    practice.martin.deletes(event)
    practice.sync()
    practice.martin.restores(event)
    practice.sync()
    practice.sync()
    assert ["annulé" in one for one in practice.sms()] == [False, True, False]


def test_g07_another_file_name_is_the_same_booking(practice: "Practice") -> None:
    event = practice.martin.sees(practice.confirmed())
    practice.martin.deletes(event)
    put = {"Content-Type": "text/calendar; charset=utf-8"}
    url = practice.martin.calendar + "renamed.ics"
    requests.put(url, event.raw.encode(), headers=put, auth=("cabinet", "lilas"), timeout=30).raise_for_status()
    practice.sync()
    practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


def test_p42_another_motif_is_told_by_email_once(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("DURAND Hélène – contrôle", practice.at(9), 20)
    practice.sync()
    practice.martin.writes(event, "contrôle", "détartrage")
    practice.sync()
    practice.sync()
    subjects = practice.subjects("helene@example.org")
    assert len(subjects) == 2
    assert "Rendez-vous modifié" in subjects[1]


def full() -> None:
    """No file may grow any more, as under a quota that is used up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_is_a_sentence_and_nothing_is_told_twice(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    command = [str(Path(sys.executable).with_name("attitre")), "sync", "-c", str(practice.file)]
    done = subprocess.run(
        command, cwd=practice.folder, preexec_fn=full, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "Le disque refuse l'écriture" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    practice.sync()
    practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
