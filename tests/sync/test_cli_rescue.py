"""`attitre rescue`: other dates for the patients of an absence, at the prompt (P24)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from msgspec.structs import replace
from typer.testing import CliRunner

from sync.cli import loaded
from tests.desk import LUC, MARIE, MORNING, SURGERY, Desk, make_desk

PAGE = 'page: {{public_url: "https://rdv.lilas.example"}}'
YAML = """
practice: {{key: lilas, name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: secretariat@lilas.example, holidays: "75"}}
store: "sqlite:///{folder}/lilas.db"
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/a/"}}],
    hours: {{mon-fri: "08:30-12:30 14:00-19:00"}}}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}]
messages: {{settle_seconds: 0}}
"""
Typed = Callable[..., Any]
WEEK = ("rescue", "martin", "--from", "30/11/2026", "--to", "04/12/2026")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie and Luc have appointments with Dr Martin in the first week of December."""
    (tmp_path / "attitre.yaml").write_text((YAML + PAGE).format(folder=tmp_path), encoding="utf-8")
    desk = make_desk(tmp_path, replace(SURGERY, page_url="https://rdv.lilas.example"), [MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", at="01/12 10:00")
    desk.books("MOREAU Luc – contrôle", at="02/12 09:00", minutes=20)
    return desk


@pytest.fixture
def typed(desk: Desk, tmp_path: Path) -> Typed:
    """The command, typed at that hour."""

    def run(*words: str) -> Any:
        with time_machine.travel(MORNING + desk.office.turned, tick=False):
            return CliRunner().invoke(loaded([words[0]]), [*words, "-c", str(tmp_path / "attitre.yaml")])

    return run


def test_p24_the_patients_of_the_absence_are_asked_once(desk: Desk, typed: Typed) -> None:
    desk.keeps_days("Congés", "30/11", "04/12")
    done = typed(*WEEK, "--json")
    assert done.exit_code == 0, done.output
    found = [(one["patient"], one["asked"], one["reason"]) for one in json.loads(done.stdout)]
    assert found == [("DUPONT Marie", True, ""), ("MOREAU Luc", True, "")]
    desk.office.passes()
    assert [len(desk.sms(one.mobile)) for one in (MARIE, LUC)] == [2, 2]
    again = typed(*WEEK)
    assert again.exit_code == 0
    assert "déjà proposées" in again.output
    desk.office.passes()
    assert len(desk.sms()) == 4


def test_p24_without_an_absence_it_says_what_to_do_first(desk: Desk, typed: Typed) -> None:
    done = typed(*WEEK)
    assert done.exit_code == 1
    assert "Aucune absence de Dr Claire Martin n'est dans l'agenda à ces dates" in done.output
    desk.office.passes()
    assert len(desk.sms()) == 2


def test_p24_without_pages_no_link_can_be_sent(desk: Desk, typed: Typed, tmp_path: Path) -> None:
    desk.keeps_days("Congés", "30/11", "04/12")
    (tmp_path / "attitre.yaml").write_text(YAML.format(folder=tmp_path), encoding="utf-8")
    done = typed(*WEEK)
    assert done.exit_code == 1
    assert "aucun lien ne peut être envoyé" in done.output
