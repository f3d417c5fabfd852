"""The documentation is true: its paths exist, its commands parse, its examples run, its tables are current."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from config.load import load
from config.settings import Settings
from docs.tables import PAGES, ROOT, commands, read_back, renewed
from rules.entry.labels import LABELS
from rules.findings import RULES
from rules.model import Severity
from rules.telling import brake
from rules.text.fold import key
from tests.proofs import END_TO_END

README, SECRETARY, REFERENCE, PROOFS = "README.md", "docs/secretariat.md", "docs/administration.md", "docs/proofs.md"
EVERY_PAGE = (README, SECRETARY, REFERENCE)
BOOK = (
    "docs/design.md", "docs/hard-cases.md", "docs/rulings.md", "docs/glossary.md", PROOFS, "CONTRIBUTING.md",
    "SECURITY.md", "CHANGELOG.md",
)  # fmt: skip
SHIPPED = ("docs/compose.yaml", "docs/attitre.service", "Dockerfile", "Makefile")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(name: str, language: str) -> list[str]:
    """The fenced texts of a page, without the fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def typed(name: str) -> Iterator[list[str]]:
    """Every command of a page's shell blocks, as words."""
    for block in fenced(name, "sh"):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_current(name: str) -> None:
    assert renewed(page(name)) == page(name), "run: python -m docs.tables"


def test_every_point_of_the_procedure_stands_in_the_table_once() -> None:
    rows = re.findall(r"^\| P(\d+) \|", page(PROOFS), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 52)]


def test_every_test_that_the_table_rests_on_is_there() -> None:
    """The other way round too: a flow named after a point is counted only once it has run and passed."""
    proved = json.loads(page("docs/procedure.json"))
    listed = {test for proof in proved.values() for test in proof["end_to_end"]}
    there = {
        f"{file.relative_to(ROOT)}::{name}"
        for file in (ROOT / END_TO_END).rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert listed <= there, "run: make procedure"
    points = {f"P{int(number)}" for test in there for number in re.findall(r"_p(\d+)(?=_)", test)}
    assert points == {point for point, proof in proved.items() if proof["end_to_end"]}, "run: make procedure"


def test_only_what_passed_is_proved(tmp_path: Path) -> None:
    (tmp_path / "tests/flows").mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "tests/test_parts.py").write_text("def test_p4_a(): pass\ndef test_up10_c(): pass\n")
    (tmp_path / "tests/flows/test_a.py").write_text(
        "import pytest\ndef test_p01_p2_a(): pass\ndef test_p3_a(): pass\n"
        "@pytest.mark.skip\ndef test_p5_a(): pass\n@pytest.mark.xfail\ndef test_p6_a(): assert 0\n"
        "@pytest.mark.parametrize('n', [0, 1])\ndef test_p3_b(n): assert n\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=.", "tests"]
    subprocess.run(run, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True)
    whole = {"end_to_end": ["tests/flows/test_a.py::test_p01_p2_a"], "parts": False}
    parts: dict[str, object] = {"end_to_end": [], "parts": True}
    assert json.loads((tmp_path / "report.json").read_text()) == {"P1": whole, "P2": whole, "P4": parts}


_CONFTEST = """
from pathlib import Path
from tests.proofs import ProcedureReport
def pytest_configure(config):
    config.pluginmanager.register(ProcedureReport(Path("report.json")))
"""


def keys_of_the_yaml() -> list[str]:
    """Straight from the schema for editors."""
    whole = Settings.model_json_schema()
    return sorted({name for node in (whole, *whole["$defs"].values()) for name in node["properties"]})


@pytest.mark.parametrize("setting", keys_of_the_yaml())
def test_every_setting_is_documented(setting: str) -> None:
    assert f"| `{setting}` |" in page(REFERENCE)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_documented(rule: str) -> None:
    assert f"| `{rule}` |" in page(REFERENCE)


# --- commands --------------------------------------------------------------------------------------------------------


def attitre() -> dict[str, Any]:
    from typer.main import get_command

    from sync.cli import app

    return dict(commands(get_command(app), "attitre"))


def test_every_command_is_documented() -> None:
    assert set(re.findall(r"^#### `(attitre [\w -]+)`$", page(REFERENCE), re.MULTILINE)) == set(attitre())


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK))
def test_every_command_shown_is_one_that_is_accepted(name: str) -> None:
    known = attitre()
    for words in typed(name):
        if words[0] != "attitre":
            continue
        named = max((one for one in known if f"{' '.join(words)} ".startswith(f"{one} ")), key=len)
        with known[named].make_context(named, words[len(named.split()) :], resilient_parsing=False):
            pass


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK))
def test_every_command_named_in_a_sentence_exists(name: str) -> None:
    known = {word for one in attitre() for word in (one, " ".join(one.split()[:2]))}
    for named in re.findall(r"[`«] ?(attitre [a-z]+(?: [a-z]+)?)", page(name)):
        assert {named, " ".join(named.split()[:2])} & known, named


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK))
def test_every_make_target_shown_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    shown = {words[1] for words in typed(name) if words[0] == "make"}
    assert shown <= targets


def test_every_option_of_pytest_shown_is_one_of_ours() -> None:
    conftests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("conftest.py"))
    if "addoption" not in conftests:
        pytest.skip("no suite takes a server of one's own yet")
    asked = [words for name in (*EVERY_PAGE, *BOOK) for words in typed(name) if words[0].endswith("pytest")]
    shown = {word for words in asked for word in words if word.startswith("--")}
    assert shown
    assert [option for option in shown if f'"{option}"' not in conftests] == []


def test_the_two_commands_of_the_readme_are_those_that_are_promised() -> None:
    assert [words[:2] for words in typed(README)][:2] == [["make", "demo"], ["make", "test"]]


def test_the_readme_is_read_on_two_screens() -> None:
    prose = re.sub(r"^```.*?^```", "", page(README), flags=re.DOTALL | re.MULTILINE)
    assert len(page(README).splitlines()) <= 120
    assert [line for line in prose.splitlines() if len(line) > 120] == []


# --- paths and links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK))
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https://)([^)]+)\)", page(name)):
        file, _, anchor = target.partition("#")
        linked = (ROOT / name).parent / file if file else ROOT / name
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """The places inside a page that a link can name."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_lock_that_is_installed_exists() -> None:
    shown = {word for words in typed(README) for word in words if word.endswith((".lock", ".txt"))}
    assert shown == {"requirements-run.lock", "requirements-build.lock"}
    assert all((ROOT / name).exists() for name in shown)


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK, "Makefile"))
def test_every_path_that_is_named_exists(name: str) -> None:
    rooms = r"(?:rules|adapters|config|sync|tests|docs)"
    for path in re.findall(rf"(?<![\w./-])({rooms}/[\w./-]*)", page(name)):
        assert (ROOT / path.rstrip(".")).exists(), path


def test_every_law_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| (L\d+) \|(.*)\|$", page(PROOFS), re.MULTILINE)
    assert [law for law, _ in rows] == [f"L{number}" for number in range(1, 11)]
    for law, row in rows:
        proofs = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert proofs, law
        assert [test for file, test in proofs if f"def {test}(" not in page(file)] == [], law


@pytest.mark.parametrize("name", (*EVERY_PAGE, *BOOK, *SHIPPED))
def test_no_page_names_a_package_host_or_this_machine(name: str) -> None:
    text = page(name)
    assert not re.search(r"py(?:thonhosted|pi\.org)|/(?:work|home|root|tmp)/", text)
    assert str(ROOT) not in text


# --- examples --------------------------------------------------------------------------------------------------------


def problems_of(text: str, tmp_path: Path) -> list[str]:
    """What is wrong, for `attitre check`, with a YAML text whose variables are all set."""
    file = tmp_path / "attitre.yaml"
    file.write_text(text, encoding="utf-8")
    names = {name: "{}" if "GOOGLE" in name else "secret" for name in re.findall(r"!env (\w+)", text)}
    return [str(problem) for problem in load([file], names)[1] if problem.severity is Severity.ERROR]


def test_the_smallest_configuration_is_accepted(tmp_path: Path) -> None:
    [smallest] = fenced(README, "yaml")
    assert problems_of(smallest, tmp_path) == []


@pytest.mark.parametrize("piece", fenced(REFERENCE, "yaml"))
def test_a_piece_of_yaml_fits_into_the_smallest_configuration(piece: str, tmp_path: Path) -> None:
    [smallest] = fenced(README, "yaml")
    sections = set(re.findall(r"^(\w+):", piece, re.MULTILINE))
    kept = [part for part in re.split(r"^(?=\w)", smallest, flags=re.MULTILINE) if part.split(":")[0] not in sections]
    assert problems_of("".join((*kept, piece)), tmp_path) == []


def test_the_secretarys_example_needs_nothing_more() -> None:
    [entry] = fenced(SECRETARY, "text")
    title, _, text = entry.partition("\n")
    shown = read_back(title, text.strip())
    assert shown.mark == ""
    assert not [line for line in shown.lines if line.startswith(("✗", "!"))]


@pytest.mark.parametrize(
    ("replaced", "blocks", "phrase"),
    [
        (r"Mobile.*", "", "Sans mobile : oui (n'en a pas)"),
        (r"E-mail.*", "", "Sans e-mail : oui (n'en a pas)"),
        (r"orange\.fr", "ornage.fr", "E-mail confirmé"),
        (r"Sans préférence", "Dentiste : Dr Bernard", "Accord patient : oui (au téléphone, le 12/05)"),
        (r"1981(\n(?:.*\n)*)Mobile.*", r"2016\1", "Responsable : Mme Dupont, 06 12 34 56 78"),
    ],
)
def test_what_the_secretary_is_told_to_type_settles_it(replaced: str, blocks: str, phrase: str) -> None:
    [entry] = fenced(SECRETARY, "text")
    title, _, text = re.sub(replaced, blocks, entry).partition("\n")
    assert f"`{phrase}`" in page(SECRETARY)
    assert read_back(title, text).mark == "⚠ "
    assert not read_back(title, f"{phrase}\n{text}").mark.startswith("⚠")


@pytest.mark.parametrize("title", ["Congés", "Formation", "Réunion fournisseur", "Déjeuner", "x", "Occupé", ""])
def test_a_reason_on_the_secretarys_page_is_one(title: str) -> None:
    assert (read_back(title, "").mark == "⚠ ") == (title in {"x", "Occupé", ""})


def test_every_label_of_the_secretarys_page_is_understood() -> None:
    labels = re.findall(r"`([A-ZÉ][^:`]*?) : [^`]*`", page(SECRETARY))
    assert len(labels) >= 6
    assert [label for label in labels if key(label) not in LABELS] == []


@pytest.mark.parametrize("name", (SECRETARY, REFERENCE))
def test_the_question_of_the_brake_is_quoted_as_it_is_asked(name: str) -> None:
    assert f"`{brake.notice_title(15)}`" in page(name)


def test_the_secretarys_page_has_no_jargon_and_is_one_page() -> None:
    text = page(SECRETARY)
    assert not re.search(r"YAML|CalDAV|UID|URL|commande|serveur|synchronis|outbox", text)
    assert len(text.split()) < 800


def test_the_compose_file_keeps_data_in_a_volume_and_secrets_in_files() -> None:
    composed = YAML(typ="safe").load(page("docs/compose.yaml"))
    service = composed["services"]["attitre"]
    assert service["volumes"] == ["attitre:/data"]
    assert composed["volumes"]["attitre"]["name"] == "attitre", "else it is `docs_attitre`, and not the image's"
    assert "docker run -v attitre:/data" in page("Dockerfile")
    assert "environment" not in service
    assert "secrets" not in service, "`up` fails while a file that it names is not there; `init` keeps its own"


def test_whoever_installs_by_hand_goes_through_the_locks() -> None:
    told = page("README.md") + page("docs/administration.md")
    installs = re.findall(r"pipx? (?:runpip attitre )?install [^`\n]*", told)
    assert installs
    assert [one for one in installs if "--no-deps" not in one and "attitre[" not in one] == []
    assert "--no-build-isolation ." in page("README.md")
    pinned = re.search(r'requires = \["hatchling==([\d.]+)"\]', page("pyproject.toml"))
    assert pinned
    assert f"hatchling=={pinned[1]} " in page("requirements-build.lock")


def test_the_unit_runs_the_worker_as_nobody_in_particular() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(page("docs/attitre.service"))
    assert unit["Service"]["ExecStart"].endswith("/attitre run")
    assert unit["Service"]["User"] == "attitre"
    assert unit["Service"]["Restart"] == "always"  # a death by SIGHUP is none to « on-failure »
    assert unit["Install"]["WantedBy"] == "multi-user.target"
