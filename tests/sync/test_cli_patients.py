"""`attitre patients show | merge | erase`, as typed at the prompt (P3, P5)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from msgspec.structs import replace
from typer.testing import CliRunner

from rules.model import Channel, Facts, Patient
from sync.cli import app
from sync.store import attendance, bookings, calendars, consents, history, patients, resources
from sync.store.codec import facts_to_json
from sync.store.engine import Store
from tests.sync.conftest import PARIS
from tests.sync.test_cli_commands import YAML

MARIE = Patient("Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", dentist="martin")
NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Marie twice, the second time misspelt and with what the first record lacks."""
    monkeypatch.delenv("ATTITRE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("attitre.yaml").write_text(YAML, encoding="utf-8")
    made = Store("sqlite:///attitre.db", "cabinet")
    made.prepare()
    with made.write() as tx:
        patients.save(tx, MARIE, NOW, "import")
        double = replace(MARIE, family_name="Dupond", mobile=None, email="marie@example.org")
        patients.save(tx, double, NOW, "import")
        book(tx, 1, -30, "martin", attendance="unexcused")
        book(tx, 1, 3, "martin")
        other = book(tx, 2, 9, "bernard")
        consents._add(tx, other, "bernard", "tél. 12/05", NOW)
    yield made
    made.close()


def book(tx: Any, patient: int, days: int, dentist: str, **more: Any) -> int:
    start = (NOW + timedelta(days=days)).astimezone(PARIS).replace(hour=9, minute=0, second=0, microsecond=0)
    facts = Facts(patient, "DUPONT Marie", dentist, start, 30, "Contrôle", "")
    return bookings.add(
        tx, calendar="c", ref=f"{days}.ics", uid=f"u{days}", recurrence="", dentist=dentist, start=start,
        end=start + timedelta(minutes=30), patient=patient, state="valid", facts=facts_to_json(facts), mobile=None,
        email=None, findings=[], baseline=False, created_at=NOW, changed_at=NOW, **more,
    )  # fmt: skip


def attitre(*words: str) -> Result:
    return CliRunner().invoke(app, ["patients", *words])


def ask(*words: str) -> Any:
    return json.loads(attitre(*words, "--json").stdout)


def test_p03_show_says_everything_known_of_one_patient(store: Store) -> None:
    card = ask("show", "1")
    assert (card["name"], card["dentist"], card["provisional"]) == ("DUPONT Marie", "martin", False)
    assert ([row["uid"] for row in card["coming"]], [row["uid"] for row in card["past"]]) == (["u3"], ["u-30"])
    assert len(card["remarks"]) == 1
    said = attitre("show", "dupont", "marie").stdout
    assert "N° 1  DUPONT Marie, né(e) le 12/05/1981" in said
    assert "Dentiste : Dr Claire Martin" in said
    assert "absence non excusée" in said


def test_p03_an_appointment_that_is_off_is_none_to_come(store: Store) -> None:
    with store.write() as tx:
        bookings.change(tx, book(tx, 1, 5, "martin"), state="vanished", attendance="excused")
    said = attitre("show", "1").stdout
    coming, off = (said.split(title, 1)[1].split("\n\n", 1)[0] for title in ("À venir", "Annulés"))
    assert "absence excusée" in off and "absence excusée" not in coming


def test_p48_a_visit_that_took_place_counts_whatever_was_to_be_corrected_in_it(store: Store) -> None:
    """One rule for the card, the dentists' sums and the next booking: what she wrote, else what was valid."""
    with store.write() as tx:
        came = book(tx, 2, -20, "bernard", attendance="honoured")
        silent = book(tx, 2, -10, "bernard")
        for number in (came, silent):
            bookings.change(tx, number, state="invalid")  # without the agreement of P23
    assert [row["attendance"] for row in ask("show", "2")["past"]] == ["honoured", None]
    assert attitre("show", "2").stdout.count("honoré") == 1
    with store.read() as tx:
        counted = [(day, dentist) for day, dentist, _ in history.visits(tx, 2, NOW, PARIS)]
        assert counted == [((NOW - timedelta(days=20)).astimezone(PARIS).date(), "bernard")]
        assert attendance.visits(tx, NOW - timedelta(days=25), NOW - timedelta(days=5))["bernard"] == 1


def test_p03_show_of_nobody_or_of_several_ends_with_1_and_says_so(store: Store) -> None:
    nobody, several = attitre("show", "zorglub"), attitre("show", "marie")
    assert (nobody.exit_code, several.exit_code) == (1, 1)
    assert "Aucun patient" in nobody.stderr
    assert "1 : DUPONT Marie, né(e) le 12/05/1981" in several.stderr
    assert "2 : DUPOND Marie" in several.stderr


def test_p05_merge_previews_and_does_nothing_unasked(store: Store) -> None:
    result = attitre("merge", "1", "2")
    assert result.exit_code == 0
    assert "Aperçu seulement" in result.stdout
    assert "1 rendez-vous suivront." in result.stdout
    with store.read() as tx:
        assert len(patients.every(tx)) == 2


def test_p05_merge_takes_bookings_agreements_and_names_along(store: Store) -> None:
    assert attitre("merge", "1", "2", "--yes").exit_code == 0
    card = ask("show", "2")  # the number given up leads to the one that is kept
    assert (card["id"], card["name"], card["email"], card["mobile"]) == (
        1,
        "DUPONT Marie",
        "marie@example.org",
        "+33612345678",
    )
    assert [row["uid"] for row in card["coming"]] == ["u3", "u9"]
    assert [one["detail"] for one in card["consents"]] == ["tél. 12/05"]
    assert [one["id"] for one in ask("search", "dupond")] == [1]
    with store.read() as tx:
        [row] = [one for one in bookings.of_patient(tx, 1, PARIS) if one.uid == "u9"]
        assert row.facts.patient_id == 1


def test_p05_two_birth_dates_are_two_people_unless_she_insists(store: Store) -> None:
    with store.write() as tx:
        patients.save(tx, replace(MARIE, id=2, birth_date=date(1950, 1, 1)), NOW, "import")
    refused = attitre("merge", "1", "2", "--yes")
    assert refused.exit_code == 1
    assert "Les dates de naissance diffèrent" in refused.stderr
    assert ask("merge", "1", "2", "--force")["done"] is False
    assert ask("merge", "1", "2", "--force", "--yes")["done"] is True
    assert attitre("merge", "1", "2", "--yes").exit_code == 1


def test_p05_erase_asks_first_and_then_leaves_nothing(store: Store) -> None:
    attitre("merge", "1", "2", "--yes")
    assert "Aperçu seulement" in attitre("erase", "1").stdout
    done = attitre("erase", "1", "--yes")
    assert (done.exit_code, "Effacé : 3 rendez-vous" in done.stdout) == (0, True)
    store.close()
    held = b"".join(one.read_bytes() for one in Path().glob("attitre.db*"))
    assert not [sign for sign in (b"upont", b"UPONT", b"upond", b"612345678", b"marie@") if sign in held]
    assert attitre("show", "1").exit_code == 1


def test_p05_nobody_is_erased_while_appointments_remain_to_be_checked(store: Store) -> None:
    with store.write() as tx:
        calendars.ensure(tx, "c", "martin")
        counters = {"semantic": "", "state": "present", "changed_at": NOW, "order": 1, "raw_hash": b""}
        row = {"calendar": "c", "ref": "a.ics", "version": None, "payload": resources.NO_BODY, **counters}
        resources.add_all(tx, [{**row, "backlog_at": NOW}])
    done = attitre("erase", "1", "--yes")
    assert (done.exit_code, "restent à vérifier" in done.output) == (1, True)
    assert attitre("show", "1").exit_code == 0


def test_p34_answers_that_stay_are_shown_merged_and_erased(store: Store) -> None:
    with store.write() as tx:
        kept = {
            "without_mobile": "refuse",
            "without_mobile_since": date(2026, 11, 24),
            "guardian_mobile": "+33699887766",
        }
        patients.save(tx, replace(patients.get(tx, 2), mobile=None, **kept), NOW, "test")  # type: ignore[type-var]
    shown = attitre("show", "2").output
    assert "Sans mobile : refuse" in shown
    assert "Sans mobile, noté le : 24/11/2026" in shown
    assert "Mobile du responsable :" in shown
    assert ask("show", "2", "--json")["without_mobile_since"] == "2026-11-24"
    attitre("merge", "1", "2", "--yes", "--force")
    with store.read() as tx:
        merged = patients.get(tx, 1)
    assert merged is not None
    assert (merged.guardian_mobile, merged.without_mobile) == ("+33699887766", "refuse")
    attitre("erase", "1", "--yes")
    assert b"99887766" not in Path("attitre.db").read_bytes()


def test_a_number_is_shown_as_it_is_dialled_and_kept_as_it_is(store: Store) -> None:
    with store.write() as tx:
        patients.save(tx, replace(MARIE, id=1, mobile="+33698765432"), NOW, "entry")
    said = attitre("show", "1").stdout
    assert "Mobile : 06 98 76 54 32" in said
    assert "06 12 34 56 78" in said.partition("Historique")[2]
    assert "+33" not in said + attitre("search", "dupont").stdout
    assert "Dr Claire Martin" in attitre("search", "dupont").stdout
    assert ask("show", "1")["mobile"] == "+33698765432"


def test_a_day_in_the_history_is_written_as_a_day(store: Store) -> None:
    with store.write() as tx:
        patients.save(tx, replace(MARIE, id=1, birth_date=date(1981, 5, 13)), NOW, "entry")
        patients.set_unwanted(tx, 1, {Channel.SMS: NOW}, NOW)
    history = attitre("show", "1").stdout.partition("Historique")[2]
    assert "12/05/1981" in history
    assert f"{NOW:%d/%m/%Y}" in history.split("Ne veut plus de SMS")[1]
    assert "+0" not in history
