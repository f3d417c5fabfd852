"""Files, folders, variables, secrets, speed."""

import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config import example_text
from config.load import load, load_all
from config.schema import schema, schema_text

ROOT = Path(__file__).parents[2]


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_missing_file_says_how_to_make_one(tmp_path):
    settings, problems = load([tmp_path / "attitre.yaml"], {})
    assert settings is None
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/attitre.yaml:1:1: (fichier): le fichier n'existe pas. Créez-le avec « attitre init »."
    ]


def test_a_folder_holds_one_practice_a_file(tmp_path, small):
    (tmp_path / "a.yaml").write_text(small.replace("practice: {", "practice: {key: a, "))
    other = small.replace("practice: {", "practice: {key: b, ").replace("/martin/", "/bernard/")
    (tmp_path / "b.YML").write_text(other)
    for beside in ("notes.txt", ".b.yaml", ".#b.yaml", "#b.yaml#", "~b.yaml", "b.yaml~", ".b.yaml.swp"):
        (tmp_path / beside).write_text("x")
    loaded = load_all([tmp_path, tmp_path / "a.yaml"], {})
    assert [one.settings.practice.key for one in loaded] == ["a", "b"]
    assert "plusieurs cabinets" in str(load([tmp_path], {})[1][0])


def test_a_bad_practice_leaves_the_others(tmp_path, small):
    (tmp_path / "a.yaml").write_text("- x\n")
    (tmp_path / "b.yaml").write_text(small)
    bad, good = load_all([tmp_path], {})
    assert (bad.settings, bool(bad.problems), bool(good.settings)) == (None, True, True)


def test_an_empty_folder_is_a_problem(tmp_path):
    assert str(load([tmp_path], {})[1][0]).endswith(
        f"aucun fichier .yaml dans ce dossier. Créez-en un avec « attitre init -o {tmp_path}/attitre.yaml »."
    )


def test_one_key_is_one_practice(tmp_path, small):
    (tmp_path / "a.yaml").write_text(small)
    (tmp_path / "b.yaml").write_text(small)
    first, second = load_all([tmp_path], {})
    assert first.settings
    assert second.settings is None
    assert "« cabinet » est déjà la clé de a.yaml." in str(second.problems[0])
    (tmp_path / "b.yaml").write_text(small + "store: sqlite:///b.db\n")  # a process knows it by its key
    assert load_all([tmp_path], {})[1].settings is None


def test_a_relative_store_stands_beside_its_file(read, small, tmp_path):
    assert read(small).settings.store.get_secret_value() == f"sqlite:///{tmp_path}/attitre.db"
    for kept in ("sqlite:////var/a.db", "sqlite:///:memory:", "postgresql+psycopg://u:p@h/d"):
        assert read(small + f"store: '{kept}'\n").settings.store.get_secret_value() == kept


# --- variables -------------------------------------------------------------------------------------------------------


def test_variables_override_values(read, small):
    environ = {
        "ATTITRE_MESSAGES__SETTLE_SECONDS": "0",
        "ATTITRE_STORE": "sqlite:////tmp/x.db",
        "ATTITRE_DENTISTS__MARTIN__NAME": "Dr Autre",
        "ATTITRE_DENTISTS__MARTIN__HOURS__SAT": "09:00-12:00",
        "ATTITRE_BLOCKS": '["Garde"]',
        "attitre_feedback__title_mark": "non",
        "ATTITRE_CONFIG": "ailleurs.yaml",
    }
    found = read(small, environ)
    assert not found.problems
    assert found.settings.messages.settle_seconds == 0
    assert found.settings.store.get_secret_value() == "sqlite:////tmp/x.db"
    assert (found.settings.dentists["martin"].name, 5 in found.settings.dentists["martin"].hours) == ("Dr Autre", True)
    assert (found.settings.blocks, found.settings.feedback.title_mark) == (["Garde"], False)


def test_a_wrong_variable_is_named_without_its_value(said, small):
    environ = {"ATTITRE_MESSAGES__SETTLE_SECONDS": "s3cret", "ATTITRE_BLOCKS": "s3cret", "ATTITRE_MESAGES__X": "1"}
    assert said(small, environ) == [
        "1:1: blocks: la variable ATTITRE_BLOCKS n'est pas lisible."
        " Une liste ou des clés s'écrivent en JSON : '[\"Congés\"]'.",
        "1:1: (fichier): variable ATTITRE_MESAGES__X sans effet. Vouliez-vous dire « messages » ?",
        "10:1: messages.settle_seconds: un nombre entier est attendu"
        " (variable ATTITRE_MESSAGES__SETTLE_SECONDS). Exemple : « 30 ».",
    ]


def test_an_unknown_nested_variable_is_a_problem(said, small):
    assert said(small, {"ATTITRE_MESSAGES__SETTLE": "0"}) == [
        "10:1: messages.settle: clé inconnue (variable ATTITRE_MESSAGES__SETTLE)."
        " Vouliez-vous dire « settle_seconds » ?"
    ]


def test_a_variable_of_the_wrong_shape_is_named(said, small):
    for name, value in (("ATTITRE_MOTIFS", "[1]"), ("ATTITRE_DENTISTS__MARTIN__CALENDARS__0__PASSWORD", "s3cret")):
        (found,) = said(small, {name: value})
        assert f"(variable {name})" in found
        assert "s3cret" not in found


# --- secrets ---------------------------------------------------------------------------------------------------------

SECRETS = {"DAV_PASSWORD": "hush1", "GOOGLE_CREDENTIALS": '{"k": "hush2"}', "SMTP_PASSWORD": "hush3"}


def test_l8_secrets_are_never_printed(read, full, caplog):
    with caplog.at_level(logging.DEBUG):
        found = read(full + "store: postgresql+psycopg://u:hush4@h/d\n".replace("store:", "#"), SECRETS)
    shown = f"{found!r} {found.settings} {found.settings.model_dump_json(exclude={'practice'})} {caplog.text}"
    assert "hush" not in shown
    assert found.settings.dentists["martin"].calendars[0].password.get_secret_value() == "hush1"


@pytest.mark.parametrize(
    "line",
    [
        "store: !env HUSH",
        "mandatory: !env HUSH",
        "mandatory: [!env HUSH]",
        "sync: {every_seconds: !env HUSH}",
        "page: {listen: !env HUSH, public_url: !env HUSH, password: [!env HUSH]}",
        "support: [{name: x, phone: !env HUSH, email: !env HUSH, hours: {mon: !env HUSH}, portal: !env HUSH}]",
        "rules: {email-missing: !env HUSH}",
        "waiting_list: {calendar: {kind: !env HUSH}}",
        "waiting_list: {calendar: {kind: google, calendar_id: x, credentials: !env HUSH}}",
        "waiting_list: {calendar: {kind: ics, url: !env HUSH}}",
    ],
)
def test_l8_a_refused_secret_is_not_quoted(said, small, line):
    found = said(small + line + "\n", {"HUSH": "hush hush"})
    assert any(text.startswith("13:") for text in found)
    assert "hush" not in " ".join(found)


def test_l8_a_claim_on_a_secret_name_is_not_quoted(said, small):
    motifs = "  - {label: !env HUSH, minutes: 20}\n" * 2
    found = said(small.replace("motifs:\n", "motifs:\n" + motifs), {"HUSH": "hush"})
    assert found
    assert "hush" not in " ".join(found)


# --- examples and schema ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["full", "minimal"])
def test_the_shipped_examples_are_accepted(read, name):
    found = read(example_text(name), SECRETS)
    assert [str(problem) for problem in found.problems if name == "full"] == []
    assert found.settings


def test_the_full_example_shows_every_key(full):
    """Each key of each model appears in it, at least in a comment."""
    kinds = schema()["$defs"].items()
    shown_elsewhere = {"OvhSmsSettings"}
    names = {key for name, kind in kinds if name not in shown_elsewhere for key in kind.get("properties", {})}
    assert {name for name in names if f"{name}:" not in full} <= {"form", "endpoint", "calendar"}


def test_the_shipped_schema_is_true():
    shipped = (ROOT / "config" / "attitre.schema.json").read_text(encoding="utf-8")
    assert shipped == schema_text(), "python -m config.schema > config/attitre.schema.json"


def test_the_schema_refuses_unknown_keys_and_describes_each():
    built = schema()
    models = [built, *built["$defs"].values()]
    assert all(model["additionalProperties"] is False for model in models)
    assert all(key["description"] for model in models for key in model["properties"].values())


def test_the_schema_knows_the_rules_that_may_change():
    rules = schema()["properties"]["rules"]["properties"]
    assert "email-missing" in rules
    assert "dentist-other" not in rules
    assert json.loads(schema_text())["title"] == "attitre"


# --- speed -----------------------------------------------------------------------------------------------------------


def test_loading_imports_nothing_heavy():
    heavy = ("pydantic_settings", "requests", "sqlalchemy", "caldav", "icalendar", "phonenumbers", "email_validator",
             "rapidfuzz", "holidays", "babel", "jinja2", "asyncio")  # fmt: skip
    code = (
        "import sys, pathlib, config.load as load\n"
        f"load.load([pathlib.Path('config/examples/full.yaml')], {SECRETS!r})\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_loads_in_a_moment(read, full):
    read(full, SECRETS)
    start = time.process_time()
    read(full, SECRETS)
    assert time.process_time() - start < 0.5
