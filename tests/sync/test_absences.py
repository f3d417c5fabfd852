"""`attitre absences`: who did not come, in a table, as JSON and as a drawing (P47, P48)."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sync.cli import app
from sync.store import bookings
from sync.store.engine import Store

PARIS = ZoneInfo("Europe/Paris")
YAML = """\
practice: {name: Cabinet & Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{kind: caldav, url: "https://dav.example/cabinet/martin/"}]
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars: [{kind: caldav, url: "https://dav.example/cabinet/bernard/"}]
motifs: [{label: Contrôle, minutes: 30}]
"""
KEPT = (
    ("DUPONT Marie", 1, "martin", datetime(2026, 3, 12, 9, tzinfo=PARIS), "unexcused", "ne s'est pas présenté(e)"),
    ("DUPONT Marie", 1, "martin", datetime(2026, 5, 4, 9, tzinfo=PARIS), "excused", "noté par le cabinet"),
    ("DUPONT Marie", 2, "martin", datetime(2026, 5, 4, 10, tzinfo=PARIS), "unexcused", "ne s'est pas présenté(e)"),
    ("LEROY <Jean>", 3, "bernard", datetime(2026, 5, 31, 23, tzinfo=PARIS), "excused", "noté par le cabinet"),
    ("LEROY <Jean>", 3, "bernard", datetime(2026, 6, 1, 9, tzinfo=PARIS), "honoured", "venu(e)"),
    ("LEROY <Jean>", 3, "bernard", datetime(2026, 6, 2, 9, tzinfo=PARIS), "undecided", "« hier » n'est pas une date"),
    ("PETIT Anne", 4, "bernard", datetime(2026, 6, 3, 9, tzinfo=PARIS), None, None),
)  # fmt: skip


@pytest.fixture(autouse=True)
def lilas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year of the practice, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ATTITRE_CONFIG", raising=False)
    Path("attitre.yaml").write_text(YAML, encoding="utf-8")
    keep(KEPT)


def keep(rows: tuple[Any, ...]) -> None:
    store = Store("sqlite:///attitre.db", "cabinet")
    store.prepare()
    with store.write() as tx:
        for number, (name, patient, dentist, start, attendance, reason) in enumerate(rows):
            facts = {
                "patient_id": patient, "name": name, "dentist": dentist, "fold": 0,
                "start": start.replace(tzinfo=None).isoformat(),
                "minutes": 30, "motif": "Contrôle", "place": "", "first_visit": False, "will_follow": False,
            }  # fmt: skip
            bookings.add(
                tx, calendar="c", ref=f"{number}.ics", uid=str(number), recurrence="", dentist=dentist, start=start,
                end=start.replace(minute=30), patient=patient, state="valid", facts=facts, findings=[], baseline=False,
                attendance=attendance, attendance_reason=reason, created_at=start, changed_at=start,
            )  # fmt: skip
    store.close()


def attitre(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


SINCE = ("absences", "--from", "01/01/2026")


def test_p47_p48_the_json_lists_both_classes_and_nothing_undecided() -> None:
    rows = json.loads(attitre(*SINCE, "--json").stdout)
    assert [set(row) for row in rows] == [{"patient", "dentist", "date", "class", "reason"}] * 4
    assert rows[0] == {
        "patient": "DUPONT Marie", "dentist": "martin", "date": "2026-03-12", "class": "unexcused",
        "reason": "ne s'est pas présenté(e)",
    }  # fmt: skip
    assert [row["class"] for row in rows] == ["unexcused", "excused", "unexcused", "excused"]


def test_p48_days_are_the_practice_s_and_the_last_one_is_included() -> None:
    asked = ("absences", "--json", "--dentist", "bernard", "--from", "31/05/2026", "--to", "2026-05-31")
    assert [row["date"] for row in json.loads(attitre(*asked).stdout)] == ["2026-05-31"]
    assert json.loads(attitre("absences", "--json", "--from", "01/06/2026").stdout) == []


def test_p48_the_table_counts_by_patient_and_dentist_with_the_rate() -> None:
    said = " ".join(attitre(*SINCE).stdout.split())
    assert "12/03/2026 09:00 Dr Claire Martin DUPONT Marie non excusée ne s'est pas présenté(e)" in said
    assert "Dr Claire Martin 3 1 2 66,7 %" in said
    assert "Dr Paul Bernard 3 1 0 0,0 %" in said
    assert "Ensemble 6 2 2 33,3 %" in said
    assert "DUPONT Marie 1 1 DUPONT Marie 0 1 LEROY <Jean> 1 0" in said  # two people of one name
    assert "À préciser : 1" in said


def test_p48_the_bars_at_the_prompt_tell_the_classes_apart_without_colour() -> None:
    lines = attitre(*SINCE).stdout.splitlines()
    assert "  03/2026  ████  1 + 0" in lines
    assert "  04/2026  0" in lines
    assert "  05/2026  ████░░░░  1 + 1" in lines
    assert "\033[31m" not in attitre(*SINCE).stdout


@pytest.mark.parametrize("name", ["absences.svg", "absences.html"])
def test_p48_the_drawing_is_well_formed_and_shows_every_month(name: str) -> None:
    assert attitre(*SINCE, "--plot", name).exit_code == 0
    text = Path(name).read_text("utf-8")
    drawing = text[text.index("<svg") : text.index("</svg>") + 6]
    words = ["".join(one.itertext()) for one in ElementTree.fromstring(drawing).iter() if one.tag.endswith("text")]
    assert "Absences – Cabinet & Lilas" in words
    assert "2 non excusées, 1 excusée" in words
    assert "0 non excusée, 1 excusée" in words
    assert [word for word in words if word in {"mars", "avr.", "mai"}] == ["mars", "avr.", "mai"] * 2


def test_p48_the_letters_of_the_plot_can_be_read_on_a_telephone() -> None:
    attitre(*SINCE, "--plot", "absences.html")
    text = Path("absences.html").read_text("utf-8")
    wide = float(re.search(r'viewBox="0 0 (\d+)', text)[1])  # type: ignore[index]
    smallest = min(float(size) for size in re.findall(r'font-size="(\d+)"', text))
    assert smallest * (360 - 16) / wide >= 11


def test_p48_a_practice_without_absences_is_told_so() -> None:
    asked = ("absences", "--from", "01/01/2030")
    assert attitre(*asked).stdout == "Aucune absence à ces dates.\n"
    assert json.loads(attitre(*asked, "--json").stdout) == []
    assert attitre(*asked, "--plot", "rien.svg").exit_code == 0
    assert "Aucune absence à ces dates." in Path("rien.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--from", "31/02/2026"), 2, "n'est pas une date"),
        (("--from", "01/06/2026", "--to", "01/05/2026"), 2, "avant celle de début"),
        (("--plot", "absences.png"), 2, "finit par .svg ou .html"),
        (("--plot", "nulle/part.svg"), 1, "n'a pas pu être écrit"),
        (("--dentist", "durand"), 1, "Dentistes : martin, bernard."),
    ],
)
def test_p48_what_cannot_be_answered_is_said(words: tuple[str, ...], code: int, said: str) -> None:
    result = attitre("absences", *words)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())
