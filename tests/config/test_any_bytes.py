"""Law: whatever the file holds, it is answered with problems that have a place, in French, and never with an error."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import example_text

LINES = example_text().splitlines(keepends=True)
JUNK = st.sampled_from([
    "x", "x: y", "- z", "  a: [", "\t", "}", "'", "null:", "key: !env NO", "<<: *a", "é: &a {b: c}", "hours: {mon: 8}",
    "? x", "--- ", "kind: sms", "{}: {}", "[]: 1", "dentists: []", ": :",
])  # fmt: skip
ENGLISH = re.compile(
    r"\b(should|input|expected|valid|required|field|permitted|must|found|while|string|integer|error|unable|extra|type)\b"
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "junk", "cut", "shift", "value"]))
        line = lines[at]
        lines[at] = {
            "drop": "",
            "double": line * 2,
            "junk": draw(JUNK) + "\n",
            "cut": line[: len(line) // 2] + "\n",
            "shift": " " + line,
            "value": line.partition(":")[0] + ": " + draw(JUNK) + "\n",
        }[change]
        lines = lines or [""]
    return "".join(lines)


def judged(found) -> None:
    assert found.settings or found.problems
    for problem in found.problems:
        assert problem.file.endswith("attitre.yaml")
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.text.endswith((".", "»"))
        without_names = re.sub(r"« [^»]*»", "", problem.text)
        assert not ENGLISH.search(without_names), problem.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_a_damaged_example_is_answered_with_places(read, text):
    judged(read(text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_are_answered_with_places(read, content):
    judged(read(content))


NAMES = st.sampled_from([
    "PRACTICE", "PRACTICE__NAME", "DENTISTS__MARTIN__CALENDARS", "DENTISTS__X__NAME", "MESSAGES__SMS__JSON__TO",
    "STORE", "MOTIFS__0__MINUTES", "FEEDBACK____X", "", "MANDATORY", "DENTISTS__MARTIN__HOURS__MON",
    "RULES__EMAIL-MISSING",
])  # fmt: skip
JSON = st.sampled_from(
    ["", "x", "-1", "null", "[]", "{}", "[1]", '{"a": {"b": [null]}}', "\ud800", "\0", "NaN", "1e999"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(environ=st.dictionaries(NAMES.map("ATTITRE_{}".format), JSON, max_size=4))
def test_any_variables_are_answered_with_places(read, small, environ):
    judged(read(small, environ))


VALUES = [
    "", "~", "x", "[]", "{}", "[[]]", "{a: b}", "-1", "1.5", "1e999", "99999999999999999999", "'é\\0'", '"\\u0000"',
    '"\\ud800"', "!!binary x", "!env NO", "nan", "inf", "[{kind: caldav}]", "{kind: http}", "{1: 2}",
]  # fmt: skip


def _places() -> list[int]:
    return [number for number, line in enumerate(LINES) if re.match(r"\s*(- )?[a-z_-]+:", line)]


@pytest.mark.parametrize("value", VALUES)
def test_no_value_anywhere_leaks_english_or_breaks(read, value):
    """Each key of the example gets each odd value in turn."""
    for place in _places()[::3]:
        line = LINES[place]
        changed = [*LINES]
        changed[place] = line.partition(":")[0] + f": {value}\n"
        judged(read("".join(changed)))
