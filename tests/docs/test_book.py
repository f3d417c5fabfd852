"""The book in `docs/` is whole: what code and tests cite stands in it, and the tests that it names are there."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from adapters.version import VERSION
from tests.citations import ROOT, cited, known, page, sources

PAGES = ("docs/design.md", "docs/hard-cases.md", "docs/rulings.md", "docs/glossary.md", "CONTRIBUTING.md")
MODULE = re.compile(r"`(?:python -m )?((?:rules|adapters|config|sync|demo|tests|docs|bench)(?:\.[a-z_]\w*)+)[` ]")


def test_every_id_that_is_cited_stands_in_the_book() -> None:
    book = known()
    unknown = {
        (f"{kind} {one}", str(file.relative_to(ROOT)))
        for file in sources()
        if file.name != Path(__file__).name  # it cites what is unknown, to see that it is found out
        for kind, one in cited(file.read_text(encoding="utf-8"), file.name)
        if one not in book[kind]
    }
    assert sorted(unknown) == []


@pytest.mark.parametrize(
    ("text", "kind", "one"),
    [
        ('"""As servers do (A19)."""', "hard case", "A19"),
        ("x = 1  # hard cases A07, B15", "hard case", "B15"),
        ("def test_b15_p13_x():", "hard case", "B15"),
        ("# rulings 8 and 23", "ruling", "23"),
        ("def test_p41_ruling23_x():", "ruling", "23"),
        ("def test_ruling_23_x():", "ruling", "23"),
        ('Rule("mobile-invalid", "P52")', "point", "52"),
        ("def test_p52_x():", "point", "52"),
        ('"""Always (laws L1, L11)."""', "law", "11"),
        ("# SYNC 2.4, 2.99", "older name", "SYNC 2.99"),
        ("# SYNC 4 C, 9", "older name", "SYNC 9"),
        ("# DESIGN, decision 8", "older name", "DESIGN 8"),
        ("# INTERFACE 2, 9", "older name", "INTERFACE 9"),
        ("# BENCHMARK B99", "benchmark", "99"),
        ("# see S99", "statement", "99"),
        ("# section 8 of the procedure", "section", "8"),
        ("# crash point K17", "crash point", "17"),
        ("# docs/design.md#nowhere", "page", "docs/design.md#nowhere"),
    ],
)
def test_an_unknown_id_is_found_out(text: str, kind: str, one: str) -> None:
    assert (kind, one) in cited(text)
    assert one not in known()[kind]


def test_what_is_data_is_no_citation() -> None:
    assert cited('address = "bâtiment B12, 3 rue Haxo"  # %C3%A9') == set()


def test_every_hard_case_of_synchronisation_has_a_row_and_a_test_that_names_it() -> None:
    every = {f"{letter}{number:02}" for letter, count in HARD_CASES.items() for number in range(1, count + 1)}
    texts = (file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests").rglob("test_*.py")))
    named = {word for text in texts for name in _CASES.findall(text) for word in name.split("_")}
    assert len(every) == 118
    assert known()["hard case"] == every
    assert sorted(case for case in every if case.lower() not in named) == []


HARD_CASES = {"A": 18, "B": 14, "C": 20, "D": 9, "E": 17, "F": 10, "G": 10, "H": 10, "I": 10}
_CASES = re.compile(r"^ *def test_((?:[a-z]\d+_)*[a-z]\d+)_", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_every_test_that_the_book_names_exists(name: str) -> None:
    files = (file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))
    there = set(chain.from_iterable(re.findall(r"^ *def (test_\w+)", text, re.MULTILINE) for text in files))
    there |= {file.stem for file in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(test_\w+)`", page(name)))
    assert sorted(named - there) == []


def test_the_proof_of_a_hard_case_is_named_after_it() -> None:
    rows = re.findall(r"^\| ([A-I]\d\d) \|.*\| `(test_\w+)` \|$", page("docs/hard-cases.md"), re.MULTILINE)
    assert len(rows) == sum(HARD_CASES.values())
    assert [case for case, test in rows if f"_{case.lower()}_" not in test] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_module_that_the_book_names_exists(name: str) -> None:
    for module in MODULE.findall(page(name)):
        place = ROOT / module.replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").exists(), module


def test_the_newest_version_of_the_changelog_is_the_project_s() -> None:
    released = re.findall(r"^## \[([\d.]+)\] – \d{4}-\d\d-\d\d$", page("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == VERSION
    assert released == sorted(released, key=lambda one: [int(part) for part in one.split(".")], reverse=True)


def test_the_rooms_of_the_page_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    floors = next(one["layers"] for one in contracts if one["name"] == "the rooms of sync")
    rooms = page("docs/design.md").partition("### The rooms of sync")[2].partition("\n## ")[0]
    told = [", ".join(re.findall(r"`(\w+)`", row.split("|")[1])) for row in rooms.splitlines() if row.startswith("| `")]
    assert told == [floor.replace(" |", ",") for floor in floors]
