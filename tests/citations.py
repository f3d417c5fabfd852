"""What the code cites of the book (`docs/`), and what the book has: ids by kind, as `hard case A07` or `test_a07_…`.

Prose is comments and docstrings: an address in a test's data is no citation. Points of the procedure are looked for
everywhere, since the table of rules names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = ("rules", "adapters", "config", "sync", "demo", "tests", "bench", "docs")
Citation = tuple[str, str]  # kind, id: ("ruling", "6")

_PROSE = re.compile(r'"""(.*?)"""|#([^\n]*)', re.DOTALL)
_TESTS = re.compile(r"\bdef test_((?:[a-z]+_?\d+_)+)|(?:^|/)test_((?:[a-z]\d+_)+)")
_LISTED = r"\d+(?:\.\d+)?(?: [A-I]\b)?"
_OLDER = re.compile(rf"\b(SYNC|DESIGN|INTERFACE)(?:, decision)? ({_LISTED}(?:, {_LISTED})*)")
_RANGE = r"(\d+)(?:(?:, | and | to )(\d+))*"
_NUMBERED = {
    "ruling": re.compile(rf"\b[Rr]ulings? {_RANGE}"),
    "section": re.compile(r"\bsections? (\d)\b(?: and (\d)\b)?"),
    "statement": re.compile(r"\bS(\d{1,2})\b"),
    "law": re.compile(r"\bL(\d{1,2})\b"),
    "crash point": re.compile(r"\bcrash points? K(\d{1,2})\b"),
    "benchmark": re.compile(r"\bB([1-9])\b|(?:BENCHMARK|benchmark\.md) B(\d+)"),
}
_CASE = re.compile(r"(?<![%\\\w.])([A-I]\d\d)\b(?!-)")
_POINT = re.compile(r"\bP(\d{1,2})\b")
_PAGE = re.compile(r"\b(docs/[\w-]+\.md(?:#[\w-]+)?)")


def sources() -> Iterator[Path]:
    """Every Python file of the project, without the peers that the yardstick installs."""
    for folder in CODE:
        yield from (file for file in sorted((ROOT / folder).rglob("*.py")) if ".peers" not in file.parts)


def cited(text: str, name: str = "") -> set[Citation]:
    """What a file of that text and name cites."""
    prose = "\n".join(one or other for one, other in _PROSE.findall(text))
    found = {("point", number) for number in _POINT.findall(text)}
    found |= {("page", page) for page in _PAGE.findall(prose)}
    for kind, pattern in _NUMBERED.items():
        found |= {(kind, number) for match in pattern.finditer(prose) for number in re.findall(r"\d+", match[0])}
    for word, listed in _OLDER.findall(prose):
        found |= {("older name", f"{word} {number}") for number in re.findall(r"\d+(?:\.\d+)?", listed)}
    goals = {f"B{number}" for kind, number in found if kind == "benchmark"}
    found |= {("hard case", case) for case in _CASE.findall(prose) if case not in goals}
    return found | _of_tests(text, name)


def _of_tests(text: str, name: str) -> set[Citation]:
    found: set[Citation] = set()
    for one, other in _TESTS.findall(f"{name}\n{text}"):
        for word, number in re.findall(r"([a-z]+)_?(\d+)(?=_)", one or other):
            found |= set(_of_word(word, number))
    for number in re.findall(r"\bdef test_\w*?_ruling_?(\d+)_", text):
        found.add(("ruling", number))
    return found


def _of_word(word: str, number: str) -> Iterator[Citation]:
    kinds = {"p": "point", "l": "law", "ruling": "ruling"}
    if word in kinds:
        yield kinds[word], str(int(number))
    elif len(word) == 1 and word in "abcdefghi" and len(number) == 2:
        yield "hard case", f"{word.upper()}{number}"
    elif word == "b":
        yield "benchmark", number


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _rows(name: str, pattern: str) -> set[str]:
    return set(re.findall(rf"^\| {pattern} \|", page(name), re.MULTILINE))


def anchors(name: str) -> set[str]:
    """The page, and the page with each of its headings, as `docs/design.md#pace`."""
    titles = re.findall(r"^#+ (.+)$", page(name), re.MULTILINE)
    return {name, *(f"{name}#{re.sub(r'[^a-z0-9_ -]', '', title.lower()).replace(' ', '-')}" for title in titles)}


def known() -> Mapping[str, set[str]]:
    """What the book has, by kind."""
    pages = [str(file.relative_to(ROOT)) for file in sorted((ROOT / "docs").glob("*.md"))]
    rulings = page("docs/rulings.md")
    return {
        "point": {one for name in ("README.md", *pages) for one in _rows(name, r"P(\d+)")},
        "law": _rows("docs/design.md", r"L(\d+)"),
        "hard case": _rows("docs/hard-cases.md", r"([A-I]\d\d)"),
        "ruling": set(re.findall(r"^\| (\d+) \|", rulings.partition("## Statements")[0], re.MULTILINE)),
        "section": set(re.findall(r"^\| (\d) \|", rulings.partition("## Sections")[2], re.MULTILINE)),
        "statement": _rows("docs/rulings.md", r"S(\d+)"),
        "crash point": _rows("docs/design.md", r"K(\d+)"),
        "benchmark": _rows("docs/benchmark.md", r"B(\d+)"),
        "older name": _rows("docs/design.md", r"((?:SYNC|DESIGN|INTERFACE) [\d.]+)"),
        "page": {place for name in pages for place in anchors(name)},
    }
