"""`attitre demo` tells a true story, shows how to connect, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from demo import hours, sample
from rules.checks.public_holidays import holiday_name
from rules.text.french import day_and_clock

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-c", "from sync.main import main; main()", "demo"]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"HOME", "FORCE_COLOR"}}
    return {**kept, "TMPDIR": str(folder), "TZ": "Pacific/Auckland"}


def sunday_night() -> datetime:
    """The coming Sunday, three o'clock: nobody would be asked about freed time for more than a day."""
    today = datetime.now(UTC).date()
    return datetime.combine(today + timedelta(days=7 - today.isoweekday() or 7), datetime.min.time()).replace(hour=3)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("demo")
    at_night = {**environment(folder), "DEMO_NOW": sunday_night().isoformat()}
    done = subprocess.run([*COMMAND, "--once"], env=at_night, capture_output=True, text=True, timeout=170, check=False)
    return done, folder


@pytest.fixture
def scenes(told: tuple[subprocess.CompletedProcess[str], Path]) -> list[str]:
    """The fourteen scenes, each as one line without frames."""
    plain = re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯]|─{3,}", " ", told[0].stdout))
    return re.split(r" (?:[1-9]|1[0-4])\. (?=[A-ZÀ-Ü])", plain)[1:]


def test_it_ends_well_and_leaves_nothing(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = told
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert done.stderr == ""
    assert list(folder.iterdir()) == []
    assert str(folder) not in _processes()


def test_it_is_plain_text_of_eighty_columns_in_a_pipe(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    story = told[0].stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ue000]", story)
    assert max(map(len, story.splitlines())) <= 80
    assert "Traceback" not in story


def test_p30_p14_a_booking_without_mobile_and_with_a_slip_is_refused(scenes: list[str]) -> None:
    assert "⚠ DUPONT Marie" in scenes[0]
    assert "✗ Mobile manquant" in scenes[0]
    assert "vouliez-vous dire « marie.dupont@gmail.com »" in scenes[0]
    assert "SMS au" not in scenes[0]
    assert "E-mail à" not in scenes[0]


def test_p18_the_corrected_booking_is_confirmed_by_sms_and_email(scenes: list[str]) -> None:
    assert "✓ DUPONT Marie" in scenes[1]
    assert scenes[1].count("SMS au 06 12 34 56 78") == 1
    assert scenes[1].count("E-mail à marie.dupont@gmail.com") == 1
    assert "Objet : Rendez-vous confirmé" in scenes[1]


def test_p42_the_moved_booking_tells_old_and_new(scenes: list[str]) -> None:
    assert re.search(r"RDV déplacé au jeudi .* à 11h .*\(avant : mardi .* à 9h30\)", scenes[2])
    assert "Objet : Rendez-vous modifié" in scenes[2]


def test_p23_another_dentist_is_refused_until_the_patient_agrees(scenes: list[str]) -> None:
    before, agreed, after = scenes[3].partition("Elle l'appelle")
    assert agreed
    assert "⚠ Leroy Jean" in before
    assert "SMS au" not in before
    assert "✓ Leroy Jean" in after
    assert "RDV confirmé" in after


def test_p42_g03_from_a_caldav_calendar_to_a_google_one_is_one_modification(scenes: list[str]) -> None:
    assert scenes[4].count("SMS au 06 12 34 57 02") == 1
    assert "Objet : Rendez-vous modifié" in scenes[4]
    assert "annulé" not in scenes[4]
    assert "✓ Leroy Jean" in scenes[4].partition("Elle lit · Dr Bernard")[2]


def test_p25_the_patient_learns_who_will_follow_him(scenes: list[str]) -> None:
    assert "sera suivi" in scenes[5]
    assert scenes[5].count("SMS au") == 1


def test_p08_an_event_of_30_minutes_becomes_one_of_45(scenes: list[str]) -> None:
    assert "Durée portée à 45 min" in scenes[6]
    assert "45 min" in scenes[6].partition("E-mail à")[2]


def test_p43_the_deleted_booking_is_cancelled(scenes: list[str]) -> None:
    assert "est annulé" in scenes[7]
    assert "Objet : Rendez-vous annulé" in scenes[7]


def test_p48_an_absence_is_remarked_on_the_next_booking_and_the_patient_hears_nothing_of_it(scenes: list[str]) -> None:
    noted, _, following = scenes[8].partition("Puis Claude Roy rappelle")
    assert "✓ Absence non excusée notée : ne s'est pas présenté(e)" in noted
    assert "SMS au" not in noted
    assert "✓ Déjà 1 absence non excusée" in following
    assert "✓ ROY Claude" in following
    assert "bsen" not in following.partition("SMS au")[2].partition("✓ ROY Claude")[0]


def test_p51_a_block_is_flagged_until_it_has_a_reason(scenes: list[str]) -> None:
    flagged, _, reasoned = scenes[9].partition("Elle remplace")
    assert "⚠ Bloqué" in flagged
    assert "Réunion d'équipe" in reasoned
    assert "⚠" not in reasoned


def test_p43_the_brake_holds_what_nobody_meant(scenes: list[str]) -> None:
    assert "20 rendez-vous du Dr Petit" in scenes[10]
    assert set(re.findall(r"(\d+) annulations retenues", scenes[10])) == {"20"}
    assert "SMS au" not in scenes[10]
    assert "E-mail à secretariat@lilas.example" in scenes[10]


def test_p39_p45_the_patient_moves_by_the_link_of_the_text(scenes: list[str]) -> None:
    assert re.search(r"Claude Roy ouvre · http://127\.0\.0\.1:\d+/r/[\w-]{22} ", scenes[11])
    page, _, done = scenes[11].partition("Claude Roy lit")
    assert "› Changer de date" in page and "(•) 16 h" in page
    assert re.search(r"C'est fait : votre rendez-vous est déplacé au mardi .* à 16 h\.", done)
    assert re.search(r"RDV déplacé au mar.* à 16h .*\(avant : jeu.* à 10h30\)", done)
    assert "✓ ROY Claude" in done.partition("Elle lit · Dr Martin · mardi")[2]


def test_p23_the_patient_agrees_by_link_before_anything_is_confirmed(scenes: list[str]) -> None:
    asked, opened, answered = scenes[12].partition("Nadia Simon ouvre")
    assert opened and "Demander l'accord" in asked and "Acceptez-vous le Dr Martin ?" in asked
    assert "⚠ SIMON Nadia" in asked and "pas encore de réponse" in asked
    assert "confirmé le" not in asked
    assert "RDV confirmé le jeu" in answered
    assert "✓ SIMON Nadia" in answered and "✓ Accord du patient par lien, le " in answered


def test_p44_a_freed_slot_goes_to_the_second_of_three(scenes: list[str]) -> None:
    offered, _, second = scenes[13].partition("Nora Vidal préfère garder le sien.")
    assert "✓ Sur la liste d'attente : ce rendez-vous reste, rien d'autre n'est réservé." in offered
    assert "Proposé : VIDAL N. jusqu'à " in offered
    assert "vous gardez votre place sur la liste" in second
    assert "Proposé : PERRIN L. jusqu'à " in second
    assert "C'est noté : ce rendez-vous est à vous." in second
    assert re.search(r"RDV déplacé au mar.* à 17h ", second)
    assert "✓ PERRIN Louis" in second.partition("Elle lit · Dr Martin")[2]
    assert re.search(r"VIDAL Nora .* MOREL Alice .* PERRIN Louis .* accepté .* VIDAL Nora .* refusé ", second)
    assert "06 12 34 59 34" not in scenes[13]  # the third is not disturbed


def test_p44_told_on_a_sunday_night_its_clock_goes_ahead_to_monday_and_it_says_so(
    told: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    night = sunday_night()
    said = " ".join(told[0].stdout.split())
    assert f"Nous sommes le {day_and_clock(night)}." in said
    assert f"avance jusqu'au {day_and_clock(hours.begins(night.replace(tzinfo=sample.ZONE)))}." in said


def test_p44_whenever_it_is_told_patients_may_be_asked_until_it_is_over() -> None:
    start = datetime(2026, 1, 1, tzinfo=sample.ZONE)
    for moment in (start + timedelta(minutes=41 * step) for step in range(14_000)):
        begins = hours.begins(moment)
        local = (begins.astimezone(sample.ZONE), (begins + hours.LASTS).astimezone(sample.ZONE))
        assert begins >= moment
        assert all(8 <= one.hour < 20 and one.weekday() != 6 and not holiday_name(one.date(), "75") for one in local)
        open_now = 8 <= moment.hour < 19 and moment.weekday() != 6 and not holiday_name(moment.date(), "75")
        assert begins == moment or not open_now, moment


def test_ctrl_c_closes_everything(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        COMMAND, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _wait(lambda: any(tmp_path.glob("attitre-demo-*/worker.log")))
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, "")
    assert "Tout est refermé" in out
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in _processes()


def test_an_effect_that_does_not_come_is_said_and_ends_with_one(tmp_path: Path) -> None:
    taken = {**environment(tmp_path), "DEMO_PORT": "1", "DEMO_HOST": "192.0.2.1"}
    done = subprocess.run([*COMMAND, "--once"], env=taken, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Attendu" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_story_takes_place_on_open_days_to_come_whatever_the_day() -> None:
    for today in (date(2026, 1, 1) + timedelta(days=ahead) for ahead in range(1500)):
        days = sample.days(today)
        assert (days.tuesday.weekday(), days.thursday.weekday(), days.later.weekday()) == (1, 3, 1), today
        assert today + timedelta(days=7) < days.tuesday < days.thursday < days.later, today
        assert today - timedelta(days=30) < days.past < today, today
        assert not [one for one in (days.tuesday, days.thursday, days.later) if holiday_name(one, "75")], today


def _processes() -> str:
    """The command lines of this machine's processes."""
    return "\n".join(
        file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if os.access(file, os.R_OK) and file.exists()
    )


def _wait(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.1)
