"""Loads the words of a French dental reception from `vocabulary.toml`, with a practice's own (P6, P20, P22, P33,
P51)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from rules.entry.labels import STATEMENTS
from rules.model import Practice
from rules.text.fold import key


class Meaning(Struct, frozen=True):
    """Words of one meaning, and the other meanings for which people may use them."""

    words: tuple[str, ...]
    near: tuple[str, ...]


class Vocabulary(Struct, frozen=True):
    """The content of the file, folded."""

    statements: Mapping[str, str]  # phrase → the statement that it makes
    work: frozenset[str]  # words for time that is no booking
    for_patients: frozenset[str]  # of those, words for what is done for a patient
    beside: frozenset[str]  # words that name nobody beside those
    postponed: frozenset[str]  # phrases for an appointment that does not stand
    sentence: frozenset[str]  # words before which a name ends
    before: frozenset[str]  # words before a motif that belong to it, and behind it
    behind: frozenset[str]
    meanings: Mapping[str, Meaning]  # by name


@lru_cache(maxsize=1)
def usual() -> Vocabulary:
    """The words that come with the program; the file is read once."""
    import tomllib

    table = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
    phrases = {phrase: said for said, listed in table["statements"].items() for phrase in listed}
    meanings = {name: Meaning(tuple(one["words"]), tuple(one["near"])) for name, one in table["meanings"].items()}
    work, sentence = (frozenset(table[name]["words"].split()) for name in ("work", "sentence"))
    postponed = frozenset(table["postponed"]["phrases"])
    for_patients, beside = (frozenset(table["work"][name].split()) for name in ("for_patients", "beside"))
    before, behind = (frozenset(table["around"][name].split()) for name in ("before", "behind"))
    return Vocabulary(
        {**phrases, **STATEMENTS}, work, for_patients, beside, postponed, sentence, before, behind, meanings
    )


def statements(practice: Practice) -> Mapping[str, str]:
    """Folded phrase → the statement that it makes (`ss pref` → `preference`), a practice's own phrases among them."""
    return _statements(practice.abbreviations)


@lru_cache(maxsize=64)
def _statements(own: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    known = usual().statements
    return {**known, **{key(typed): known[key(meant)] for typed, meant in own if key(meant) in known}}


@lru_cache(maxsize=64)
def starts(own: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The first words of all statements."""
    return frozenset(phrase.partition(" ")[0] for phrase in _statements(own))
