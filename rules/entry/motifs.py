"""Finds the practice's motifs in a text (P6, P15, P33)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from msgspec import Struct

from rules.entry.vocabulary import usual
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

T = TypeVar("T")
Words = tuple[str, ...]
Names = tuple[tuple[Words, str], ...]
Pairs = tuple[tuple[str, str], ...]


class Mention(Struct, frozen=True):
    """A motif named in a list of words, by the words from `start` up to, but without, `end`."""

    label: str
    start: int
    end: int


class Catalogue(Struct, frozen=True):
    """The motifs prepared for search: folded words of each name and its label, longest names first."""

    names: Names
    starts: Mapping[str, Names]  # by first word
    letters: Mapping[str, Names]  # by first letter
    vague: frozenset[str]
    meant: Mapping[str, tuple[tuple[Words, Words], ...]]  # by first word: names, and the labels that may be meant


def catalogue(practice: Practice) -> Catalogue:
    """The catalogue of a practice's motifs. Labels win over synonyms of the same spelling, these over the practice's
    abbreviations, and all of them over the usual words of the reception."""
    return _catalogue(practice.motifs, practice.abbreviations)


@lru_cache(maxsize=64)
def _catalogue(motifs: tuple[Motif, ...], abbreviations: Pairs) -> Catalogue:
    known: dict[Words, str] = {}
    labels = [(motif.label, motif.label) for motif in motifs]
    for name, label in labels + [(also, motif.label) for motif in motifs for also in motif.also]:
        if telling := _telling(words(name)):
            known.setdefault(telling, label)
    own = frozenset(known)
    for typed, meaning in abbreviations:
        if meaning_label := known.get(_telling(words(meaning))):
            known.setdefault(_telling(words(typed)), meaning_label)
    bound = _bound(known)
    for telling, label in _usual(bound):
        known.setdefault(telling, label)
    ordered = tuple(sorted(known.items(), key=lambda item: (-len(item[0]), item[0])))
    starts, letters = _by(ordered, lambda name: name[0]), _by(ordered, lambda name: name[0][0])
    spoken = {" ".join(name) for name in own} | {key(motif.label) for motif in motifs}
    vague = _VAGUE - spoken - {" ".join(name) for name in known}
    return Catalogue(ordered, starts, letters, vague, _by(_meant(bound), lambda name: name[0]))


def _by(names: Iterable[tuple[Words, T]], part: Callable[[Words], str]) -> dict[str, tuple[tuple[Words, T], ...]]:
    """The names grouped by a part of them, in order."""
    found: dict[str, tuple[tuple[Words, T], ...]] = {}
    for name, value in names:
        found[part(name)] = (*found.get(part(name), ()), (name, value))
    return found


def _bound(known: Mapping[Words, str]) -> dict[str, tuple[str, ...]]:
    """Meaning → labels of the practice that have it: by the whole name, else by a name that holds the words."""
    bound: dict[str, tuple[str, ...]] = {}
    for name, meaning in usual().meanings.items():
        spelt = [_telling(one.split()) for one in meaning.words]
        exact = dict.fromkeys(known[one] for one in spelt if one in known)
        long = [one for one in spelt if sum(map(len, one)) > 4]
        within = dict.fromkeys(label for typed, label in known.items() if any(_holds(typed, one) for one in long))
        bound[name] = tuple(exact or within)
    return bound


def _holds(name: Words, part: Words) -> bool:
    return any(name[place : place + len(part)] == part for place in range(len(name)))


def _usual(bound: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Words, str]]:
    """The usual words for the one motif of the practice that has their meaning. Several words of a meaning that it does
    not have name no motif, whichever is among them (`couronne descellée`)."""
    for name, meaning in usual().meanings.items():
        spelt = [_telling(one.split()) for one in meaning.words]
        if len(bound[name]) == 1:
            yield from ((one, bound[name][0]) for one in spelt)
        elif not bound[name]:
            yield from ((one, "") for one in spelt if len(one) > 1)


def _meant(bound: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Words, Words]]:
    """Usual words with the labels to propose for them: of their meaning, of near ones, of what is near to those."""
    meanings = usual().meanings
    for name, meaning in meanings.items():
        further = [other for near in meaning.near if near in meanings for other in meanings[near].near]
        labels = tuple(dict.fromkeys(label for one in (name, *meaning.near, *further) for label in bound.get(one, ())))
        if labels:
            yield from ((_telling(one.split()), labels) for one in meaning.words)


def _telling(typed: Sequence[str]) -> Words:
    """The words that tell one motif from another, without plurals."""
    return tuple(_singular(word) for word in typed if word not in _SMALL) or tuple(typed)


def find(typed: Sequence[str], practice: Practice, *, near: bool = True) -> tuple[Mention, ...]:
    """Motifs named by whole words (folded, in order), whatever their plurals and small words between; `near` allows
    small misspellings too. The longest name wins where two begin at the same word."""
    known = catalogue(practice)
    places = [index for index, word in enumerate(typed) if word not in _SMALL]
    bare = [_singular(typed[index]) for index in places]
    found: list[Mention] = []
    position = 0
    while position < len(bare):
        length, label = _at(known, bare, position, near)
        if label:
            found.append(Mention(label, places[position], places[position + length - 1] + 1))
        position += length or 1
    return tuple(found)


def _at(known: Catalogue, bare: list[str], position: int, near: bool) -> tuple[int, str]:
    """(the number of words from here that name a motif, its label); 0 if they name none."""
    for name, label in known.starts.get(bare[position], ()):
        if tuple(bare[position : position + len(name)]) == name:
            return len(name), label
    if not near or len(bare[position]) < _EXACT_BELOW - 1:
        return 0, ""
    return _near_at(known.letters.get(bare[position][0], ()), bare[position : position + 8])


def _near_at(names: Names, typed: list[str]) -> tuple[int, str]:
    for name, label in names:
        pairs = list(zip(name, typed, strict=False))
        if len(pairs) == len(name) and all(one == other or _near_words(one, other) for one, other in pairs):
            return len(name), label
    return 0, ""


@lru_cache(maxsize=1024)
def _near_words(one: str, other: str) -> bool:
    """Whether the two words differ only by a typing error; short words never do."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < _EXACT_BELOW - 1 or one[0] != other[0] or 200 * shorter < _NEAR * (shorter + longer):
        return False  # too unlike in length to be alike in letters
    from rapidfuzz import fuzz

    return fuzz.ratio(one, other) >= _NEAR


def begun(typed: Sequence[str], practice: Practice, least: int = 3) -> Mention | None:
    """The one motif that the first words are the beginning of (`détart`, `cour céram`); None where they begin none or
    several, or are too short: `least` letters of the first word."""
    bare = [word for word in typed if word not in _SMALL]
    if not bare or len(bare[0]) < least or not bare[0].isalpha() or bare[0] in catalogue(practice).vague:
        return None
    known = catalogue(practice)
    length, whole = _at(known, bare, 0, near=False)
    fitting = [
        (name, label) for name, label in known.names if label and len(name[0]) > 3 and name[0].startswith(bare[0])
    ]
    if (length and not whole) or len({label for _, label in fitting}) != 1:
        return None
    lengths = [_begun_words(name, bare) for name, _ in fitting]
    last = [place for place, word in enumerate(typed) if word not in _SMALL][max(lengths) - 1]
    return Mention(fitting[0][1], 0, last + 1)


def _begun_words(name: Words, bare: Sequence[str]) -> int:
    pairs = list(zip(name, bare, strict=False))
    return next((place for place, (whole, part) in enumerate(pairs) if not whole.startswith(part)), len(pairs)) or 1


def nearest(text: str, practice: Practice, count: int = 3) -> tuple[str, ...]:
    """The labels that may be meant, best first: by meaning where the text has a usual word (`plombage`), else those
    whose names are most like it in letters; equals in the YAML's order."""
    if meant := _by_meaning(text, practice):
        return meant[:count]
    from rapidfuzz import fuzz, process

    names = {key(name): motif.label for motif in practice.motifs for name in (motif.label, *motif.also)}
    ranked = process.extract(key(text[:200]), list(names), scorer=fuzz.WRatio, limit=None)
    return tuple(dict.fromkeys(names[name] for name, _, _ in ranked))[:count]


def _by_meaning(text: str, practice: Practice) -> tuple[str, ...]:
    typed = _telling(words(text[:200]))
    known = catalogue(practice).meant
    found = [(len(name), labels) for word in typed for name, labels in known.get(word, ()) if _holds(typed, name)]
    found.sort(key=lambda one: -one[0])
    return tuple(dict.fromkeys(label for _, labels in found for label in labels))


def of_the_trade(word: str) -> bool:
    """Whether a folded word names a dental act, even one that the practice does not offer."""
    return word in _trade_words()


@lru_cache(maxsize=1)
def _trade_words() -> frozenset[str]:
    single = (one for meaning in usual().meanings.values() for one in meaning.words if " " not in one)
    return frozenset(one for one in single if len(one) > 2)


def vague(text: str, practice: Practice) -> bool:
    """Whether a text says no motif: it is empty or vague (`RDV`, `consultation`, `voir`, `?`) (P33)."""
    known = catalogue(practice).vague
    typed = words(text)
    return " ".join(typed) in known or all(word in known or word in _SMALL for word in typed)


@lru_cache(maxsize=2048)
def _singular(word: str) -> str:
    """The word without the ending of its plural: `douleurs`, `travaux`."""
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def small(word: str) -> bool:
    """Whether a folded word only joins others: `de`, `pour`."""
    return word in _SMALL
