"""`attitre links revoke`, as typed at the prompt (P39)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from rules.model import Channel, Facts, Patient
from sync.cli import app
from sync.store import bookings, links, patients
from sync.store.codec import facts_to_json
from sync.store.engine import Store
from sync.store.links import About, LinkKind
from tests.sync.conftest import PARIS
from tests.sync.test_cli_commands import YAML

NOW = datetime.now(UTC)
MARIE = Patient("Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", dentist="martin")
LUC = Patient("Moreau", "Luc", birth_date=date(1975, 2, 3), mobile="+33623456789", dentist="martin")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Marie has two links, of one appointment; Luc has one."""
    monkeypatch.delenv("ATTITRE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("attitre.yaml").write_text(YAML, encoding="utf-8")
    made = Store("sqlite:///attitre.db", "cabinet")
    made.prepare()
    with made.write() as tx:
        for number, who in enumerate((MARIE, LUC), start=1):
            patients.save(tx, who, NOW, "import")
            start = (NOW + timedelta(days=number)).astimezone(PARIS)
            bookings.add(
                tx, calendar="c", ref=f"{number}.ics", uid=f"u{number}", recurrence="", dentist="martin", start=start,
                end=start, patient=number, state="valid", mobile=who.mobile, email=None, findings=[], baseline=False,
                facts=facts_to_json(Facts(number, who.name, "martin", start, 30, None, "")), created_at=NOW,
                changed_at=NOW,
            )  # fmt: skip
            links.make(tx, About(LinkKind.APPOINTMENT, number, number, who.mobile or "", Channel.SMS), NOW)
        links.make(tx, About(LinkKind.APPOINTMENT, 1, 1, "marie@example.org", Channel.EMAIL), NOW)
    yield made
    made.close()


def revoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["links", "revoke", *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1"], "2 liens révoqués."),
        (["2"], "1 lien révoqué."),
        (["dupont", "marie"], "2 liens révoqués."),
        (["06 23 45 67 89"], "1 lien révoqué."),
        (["--all"], "3 liens révoqués."),
    ],
)
def test_p39_links_end_when_a_person_says_so(store: Store, words: list[str], said: str) -> None:
    assert revoke(*words).stdout.strip() == said
    assert revoke(*words).stdout.strip() == "Aucun lien à révoquer."


def test_p39_for_machines(store: Store) -> None:
    assert json.loads(revoke("1", "--json").stdout) == {"revoked": 2}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "De qui ?"),
        (["1", "--all"], "De qui ?"),
        (["99"], "Aucun rendez-vous n'a le numéro 99."),
        (["zzz"], "Aucun patient"),
    ],
)
def test_p39_who_is_meant_must_be_said(store: Store, words: list[str], why: str) -> None:
    done = revoke(*words)
    assert done.exit_code == 1
    assert why in done.stderr
