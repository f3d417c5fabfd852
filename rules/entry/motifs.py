"""Which of the practice's motifs a text names (P6, P15, P33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rules.model import Motif, Practice
from rules.text.fold import key, words

_VAGUE_WORDS = (
    "|rdv|rendez vous|consultation|consult|consulte|cs|voir|a voir|autre|divers|patient|patiente|visite|dentiste|dent"
    "|dents|soin|soins|x|xx|xxx|a definir|a preciser|a completer|inconnu|je ne sais pas|nsp|ras|motif|oui|non|normal"
    "|habituel|comme d habitude|prise de rdv"
)
_VAGUE = frozenset(_VAGUE_WORDS.split("|"))
_JOINING = "a au aux avec chez d de des du en et l la le les pour un une"
_SMALL = frozenset(_JOINING.split())
_EXACT_BELOW = 6  # letters: shorter words must be typed exactly (a plural apart)
_NEAR = 84.0  # rapidfuzz ratio from which a longer word counts as misspelt

Words = tuple[str, ...]
Names = tuple[tuple[Words, str], ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A motif named in a list of words, and which of them name it: `start` up to and without `end`."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The motifs prepared for search: folded words of each name and its label, longest names first; by first word."""

    names: Names
    starts: Mapping[str, Names]
    vague: frozenset[str]


@lru_cache(maxsize=64)
def catalogue(motifs: tuple[Motif, ...]) -> Catalogue:
    """The catalogue of these motifs; a label wins over another motif's synonym of the same spelling."""
    known: dict[Words, str] = {}
    labels = [(motif.label, motif.label) for motif in motifs]
    for name, label in labels + [(also, motif.label) for motif in motifs for also in motif.also]:
        if telling := _telling(words(name)):
            known.setdefault(telling, label)
    ordered = tuple(sorted(known.items(), key=lambda item: (-len(item[0]), item[0])))
    starts: dict[str, Names] = {}
    for name_words, label in ordered:
        starts[name_words[0]] = (*starts.get(name_words[0], ()), (name_words, label))
    spoken = {key(name) for motif in motifs for name in (motif.label, *motif.also)}
    return Catalogue(ordered, starts, _VAGUE - spoken)


def _telling(typed: Sequence[str]) -> Words:
    """The words that tell one motif from another, without plurals."""
    return tuple(_singular(word) for word in typed if word not in _SMALL) or tuple(typed)


def find(typed: Sequence[str], practice: Practice, *, near: bool = True) -> tuple[Mention, ...]:
    """Motifs named by whole words (folded, in order), whatever their plurals and small words between; `near` allows
    small misspellings too. The longest name wins where two begin at the same word."""
    known = catalogue(practice.motifs)
    places = [index for index, word in enumerate(typed) if word not in _SMALL]
    bare = [_singular(typed[index]) for index in places]
    found: list[Mention] = []
    position = 0
    while position < len(bare):
        length, label = _at(known, bare, position, near)
        if length:
            found.append(Mention(label, places[position], places[position + length - 1] + 1))
        position += length or 1
    return tuple(found)


def _at(known: Catalogue, bare: list[str], position: int, near: bool) -> tuple[int, str]:
    """How many words from here name a motif, and which: 0 where none does."""
    for name, label in known.starts.get(bare[position], ()):
        if tuple(bare[position : position + len(name)]) == name:
            return len(name), label
    if not near or len(bare[position]) < _EXACT_BELOW - 1:
        return 0, ""
    return _near_at(known.names, bare[position : position + 8])


def _near_at(names: Names, typed: list[str]) -> tuple[int, str]:
    for name, label in names:
        pairs = list(zip(name, typed, strict=False))
        if len(pairs) == len(name) and all(one == other or _near_words(one, other) for one, other in pairs):
            return len(name), label
    return 0, ""


@lru_cache(maxsize=1024)
def _near_words(one: str, other: str) -> bool:
    """Two longer words that differ by a slip."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < _EXACT_BELOW - 1 or one[0] != other[0] or 200 * shorter < _NEAR * (shorter + longer):
        return False  # too unlike in length to be alike in letters
    from rapidfuzz import fuzz

    return fuzz.ratio(one, other) >= _NEAR


def nearest(text: str, practice: Practice, count: int = 3) -> tuple[str, ...]:
    """The labels of the motifs whose names are most like the text, best first; equals in the YAML's order."""
    from rapidfuzz import fuzz, process

    names = {key(name): motif.label for motif in practice.motifs for name in (motif.label, *motif.also)}
    ranked = process.extract(key(text[:200]), list(names), scorer=fuzz.WRatio, limit=None)
    return tuple(dict.fromkeys(names[name] for name, _, _ in ranked))[:count]


def vague(text: str, practice: Practice) -> bool:
    """An empty or contentless word (`RDV`, `consultation`, `voir`, `?`) that is no motif of the practice (P33)."""
    known = catalogue(practice.motifs).vague
    typed = words(text)
    return " ".join(typed) in known or all(word in known or word in _SMALL for word in typed)


@lru_cache(maxsize=2048)
def _singular(word: str) -> str:
    """Without the plural's ending: `douleurs`, `travaux`."""
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def small(word: str) -> bool:
    """A folded word that only joins others: `de`, `pour`."""
    return word in _SMALL
