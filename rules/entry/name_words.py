"""Finds the words of a title that may be a name, and those that a name needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from rules.details import names
from rules.text.fold import fold, key

_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))*\.?")
_BEFORE_BIRTH_NAME = frozenset({"nee", "epouse", "ep", "veuve", "vve"})
_CIVIL = frozenset(
    {"m", "mr", "mme", "mlle", "monsieur", "madame", "mademoiselle", "dr", "enfant", "enft", "enf", "bebe"}
)


class Word(Struct, frozen=True):
    """A word of letters as typed, with its place; `loud`: in capitals, and more than an initial."""

    typed: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        """Without accents, in small letters."""
        return fold(self.typed).rstrip(".")

    @property
    def loud(self) -> bool:
        """In capitals, and more than an initial."""
        return self.typed.isupper() and sum(map(str.isalpha, self.typed)) > 1


def name_words(text: str) -> list[Word]:
    """The words of a text that have letters only, in order; `d'Hervé` and `Anne-Laure` are one each."""
    return [Word(found[0], *found.span()) for found in _WORD.finditer(text)]


def is_name_word(word: Word) -> bool:
    """Whether the word may be a name: no particle, no form of address, no initial."""
    return not names.particle(word.typed) and word.folded not in _CIVIL and len(word.folded) > 1


def needed_by_a_name(text: str, found: Sequence[Word], place: int, others: Sequence[Word]) -> bool:
    """The word at this place is somebody's family name: the only other word that may name anybody stands right beside
    it and is a usual first name (`Louise MARIAGE`), or it alone is in capitals (`HOLIDAY Billie`)."""
    here = found[place]
    if len(others) != 1:
        return False
    beside = [found[near] for near in (place - 1, place + 1) if 0 <= near < len(found)]
    close = any(one is others[0] and not text[_between(one, here)].strip() for one in beside)
    alone = here.loud and not others[0].loud and others[0].typed[0].isupper()
    return close and (_is_given(others[0]) or alone)


def addressed(found: Sequence[Word], place: int) -> bool:
    """A form of address stands before the word: `Mme MARIAGE`."""
    return place > 0 and _address(found[place - 1])


def initialled(found: Sequence[Word], place: int) -> bool:
    """An initial stands beside the word: `MARIAGE L.`"""
    beside = [found[near] for near in (place - 1, place + 1) if 0 <= near < len(found)]
    return any(len(one.folded) == 1 and one.typed.isupper() and not _address(one) for one in beside)


def somebody_addressed(text: str) -> bool:
    """Somebody is called by a form of address: `RDV Mme Durand`."""
    found = name_words(text)
    return any(addressed(found, place) and len(word.folded) > 1 for place, word in enumerate(found))


def _address(word: Word) -> bool:
    return word.folded in _ADDRESS or word.typed in {"M", "M."}


_ADDRESS = frozenset({"mr", "mme", "mlle", "monsieur", "madame", "mademoiselle"})


def _between(one: Word, other: Word) -> slice:
    first, second = sorted((one, other), key=lambda word: word.start)
    return slice(first.end, second.start)


def _is_given(word: Word) -> bool:
    return names.usual_given(word.typed)


def introduces(spoken: Sequence[str], index: int) -> bool:
    """Whether another family name follows the word: `née MARTIN`, `né MARTIN`, but not `ne vient pas`."""
    folded, after = key(spoken[index]), spoken[index + 1 : index + 2]
    if folded == "ne":
        return "é" in spoken[index].lower() or bool(after and after[0][:1].isupper())
    return folded in _BEFORE_BIRTH_NAME
