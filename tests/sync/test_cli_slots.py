"""`attitre slots`: the next free times for a motif, at the prompt and as JSON (P24, P25)."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner

from sync.cli import loaded
from tests.desk import MORNING, Desk, make_desk

YAML = """
practice: {{key: lilas, name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: secretariat@lilas.example, holidays: "75"}}
store: "sqlite:///{folder}/lilas.db"
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/a/"}}],
    hours: {{mon-fri: "08:30-12:30 14:00-19:00"}}}}
  bernard: {{name: Dr Paul Bernard, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/b/"}}],
    hours: {{mon-fri: "08:30-12:30 14:00-19:00"}}}}
  nguyen: {{name: Dr Linh Nguyen, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/c/"}}]}}
motifs:
  - {{label: Détartrage, also: [nettoyage], minutes: 30, first_visit_minutes: 45}}
  - {{label: Douleur, also: [urgence, mal de dent], minutes: 20, within_days: 2}}
  - {{label: Contrôle, minutes: 20}}
"""
Typed = Callable[..., Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A practice whose calendars have been read once, at nine."""
    (tmp_path / "attitre.yaml").write_text(YAML.format(folder=tmp_path), encoding="utf-8")
    return make_desk(tmp_path)


@pytest.fixture
def slots(desk: Desk, tmp_path: Path) -> Typed:
    """The command, typed at that hour."""

    def typed(*words: str) -> Any:
        with time_machine.travel(MORNING + desk.office.turned, tick=False):
            command = ["slots", *words, "-c", str(tmp_path / "attitre.yaml")]
            return CliRunner().invoke(loaded(["slots"]), command)

    return typed


def starts(done: Any) -> list[str]:
    """`martin 24/11 09:30`, as the JSON has them."""
    assert done.exit_code == 0, done.output
    return [f"{one['dentist']} {datetime.fromisoformat(one['start']):%d/%m %H:%M}" for one in json.loads(done.stdout)]


def test_p24_the_next_free_times_of_one_dentist_step_over_what_is_taken(desk: Desk, slots: Typed) -> None:
    desk.books("Réunion", at="24/11 09:30", minutes=60)
    desk.books("Congés", at="25/11 00:00", minutes=24 * 60)
    desk.books("", at="24/11 11:30", minutes=60, extra="CLASS:PRIVATE")
    found = starts(slots("--motif", "détartrage", "--dentist", "martin", "--json"))
    assert found == [f"martin 24/11 {hour}" for hour in ("10:30", "11:00", "14:00", "14:30", "15:00")]


def test_p24_a_slot_leaves_a_quarter_of_an_hour_to_come(slots: Typed) -> None:
    assert starts(slots("--motif", "contrôle", "--dentist", "martin", "--json"))[0] == "martin 24/11 09:15"


def test_p25_without_a_dentist_those_of_all_the_soonest_first(desk: Desk, slots: Typed) -> None:
    desk.books("Réunion", at="24/11 09:00", minutes=600)
    found = starts(slots("--motif", "contrôle", "--json"))
    assert found[:6] == [*(f"bernard 24/11 {hour}" for hour in ("09:15", "09:35", "09:55", "10:15", "10:35")),
                         "martin 25/11 08:30"]  # fmt: skip
    assert len(found) == 10


def test_p26_a_first_visit_takes_longer(slots: Typed) -> None:
    for words in (("--motif", "nettoyage", "--first"), ("--motif", "Détartrage, première consultation")):
        first = json.loads(slots(*words, "--dentist", "martin", "--json").stdout)[0]
        assert (first["minutes"], first["first_visit"]) == (45, True)
        assert first["start"] == "2026-11-24T09:15:00+01:00"
        assert first["end"] == "2026-11-24T10:00:00+01:00"


@pytest.mark.parametrize("typed", ["Détartrage", "DETARTRAGE", "détartrages", "nettoyage", "detartrge", "détar"])
def test_p06_the_motif_is_recognised_as_in_an_entry(slots: Typed, typed: str) -> None:
    assert {one["motif"] for one in json.loads(slots("--motif", typed, "--json").stdout)} == {"Détartrage"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("dérage", "Motif « dérage » inconnu. Les plus proches : Détartrage"),
        ("blanchiment", "Motif « blanchiment » inconnu"),
        ("rdv", "« rdv » n'est pas un motif précis. Motifs : Détartrage, Douleur, Contrôle."),
        ("détartrage et contrôle", "Plusieurs motifs : Détartrage et Contrôle."),
        ("", "Motif manquant"),
        ("\x00\n", "Motif manquant"),
    ],
)
def test_p06_a_motif_that_is_none_is_answered_with_the_nearest_and_1(slots: Typed, typed: str, said: str) -> None:
    done = slots("--motif", typed)
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr


def test_without_a_motif_it_is_a_slip_of_usage(slots: Typed) -> None:
    assert slots().exit_code == 2


@pytest.mark.parametrize("typed", ["bernard", "Dr Bernard", "paul bernard", "docteur BERNARD", "Dr Paul Bernard"])
def test_a_dentist_is_named_by_key_or_name(slots: Typed, typed: str) -> None:
    found = starts(slots("--motif", "contrôle", "--dentist", typed, "--json"))
    assert found[0] == "bernard 24/11 09:15"


def test_an_unknown_dentist_is_1_and_names_those_there_are(slots: Typed) -> None:
    done = slots("--motif", "contrôle", "--dentist", "Dr House")
    assert done.exit_code == 1
    assert "« Dr House » ne désigne aucun dentiste. Dentistes : martin, bernard, nguyen." in done.stderr


def test_p11_an_urgent_motif_takes_the_places_kept_for_urgencies(desk: Desk, slots: Typed) -> None:
    desk.books("Urgence réservée", at="24/11 09:00", minutes=60)
    desk.books("Libre", at="24/11 10:00", minutes=30)
    assert starts(slots("--motif", "mal de dent", "--dentist", "martin", "--json"))[0] == "martin 24/11 09:15"
    assert starts(slots("--motif", "contrôle", "--dentist", "martin", "--json"))[0] == "martin 24/11 10:00"


def test_a_dentist_without_hours_is_said_and_the_others_answer(slots: Typed) -> None:
    done = slots("--motif", "contrôle")
    assert done.exit_code == 0
    assert "Créneaux de Dr Linh Nguyen inconnus : aucun horaire n'est déclaré" in done.stderr
    alone = slots("--motif", "contrôle", "--dentist", "nguyen", "--json")
    assert (alone.exit_code, alone.stdout) == (0, "[]\n")
    assert "aucun horaire n'est déclaré" in alone.stderr


def test_a_calendar_that_was_never_read_is_not_called_free(slots: Typed, tmp_path: Path) -> None:
    file = tmp_path / "attitre.yaml"
    more = file.read_text("utf-8").replace('/b/"}', '/b/"}, {kind: caldav, url: "http://127.0.0.1:9/b2/"}')
    file.write_text(more, encoding="utf-8")
    done = slots("--motif", "contrôle")
    assert "Créneaux de Dr Paul Bernard inconnus : l'agenda n'a pas encore été lu (attitre sync)." in done.stderr
    assert "Dr Paul Bernard" not in done.stdout
    assert "Dr Claire Martin" in done.stdout


def test_the_table_is_for_a_person(desk: Desk, slots: Typed) -> None:
    desk.waits(hours=1)
    done = slots("--motif", "nettoyage", "--dentist", "martin")
    lines = done.stdout.splitlines()
    assert lines[1] == "Prochains créneaux libres, Détartrage (30 min)"
    assert lines[2].split() == ["Jour", "Heure", "Dentiste"]
    assert "mardi 24 novembre  10 h 15 – 10 h 45  Dr Claire Martin" in " ".join(lines[3:]).replace("   ", "  ")
    assert lines[-1] == "  D'après les agendas lus le 24/11 à 10 h."


def test_nothing_free_is_said_in_words(desk: Desk, slots: Typed) -> None:
    desk.books("Congé maternité", at="24/11 00:00", minutes=90 * 24 * 60)
    done = slots("--motif", "contrôle", "--dentist", "martin")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0, "Aucun créneau libre pour Contrôle (20 min) dans les 60 jours.",
    )  # fmt: skip


def test_time_alone_moves_the_first_slot_on(desk: Desk, slots: Typed) -> None:
    desk.office.turned += timedelta(minutes=50)
    assert starts(slots("--motif", "contrôle", "--dentist", "martin", "--json"))[0] == "martin 24/11 10:05"
