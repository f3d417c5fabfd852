"""Splits a patient's name as typed (P12, P28): `DUPONT Marie`, `Marie Dupont`, `Jean-Baptiste LE GOFF`.

Capitals tell the family name. Where they do not, the family name stands first, as practices write it, unless the first
word is a usual first name and the last one is not.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from rules.details.detail import is_placeholder
from rules.text.fold import fold, key, tidy
from rules.text.given_names import GIVEN_NAMES, TWO_WORDS

_TITLES = frozenset({"m", "mr", "mme", "mlle", "mlles", "mm", "mmes", "monsieur", "madame", "mademoiselle", "dr"})
_YOUNG = frozenset({"bebe", "bb", "enfant", "enft", "enf", "fils", "fille", "ado", "jeune"})
_PARTICLE_WORDS = "de du des d la le les van von der den el al ben da dos di"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_BIRTH = re.compile(  # of `ne` without its accent, only before a name in capitals: not `ne vient pas`
    r"\(?\s*\b(?:(?i:n[ée]e|né|nom de naissance)(?:\(e\))?|[nN][eE](?=\s+[A-ZÀ-Ý]))\s*:?\s+(?!(?i:le)\s*(?:\d|$))"
    r"([^()]+?)\s*(?:\)|$)"
)
_MARRIED = re.compile(r"\b(?:[ée]p(?:ouse|\.)?|[ée]poux|veuve|vve)\s+", re.IGNORECASE)
_SEVERAL = re.compile(r"\b(?:et|&|\+)\s+(?:mme|m\.?|mr|madame|monsieur|sa|son|ses|fils|fille)\b|&", re.IGNORECASE)
_TOGETHER = re.compile(r"(?:et|puis|ainsi que|&|\+)\s+", re.IGNORECASE)
_KIN_WORDS = "sa son ses leur fils fille femme mari epoux epouse conjoint enfant enfants frere soeur mere pere"
_KIN = frozenset(_KIN_WORDS.split())
_PUNCTUATION = ' .,;:/|()[]«»"–—-*!'
_WORDS_AT_MOST = 8


class Name(Struct, frozen=True):
    """`text` as typed without titles; `family` and `given` in normal capitals; `certain`: the capitals tell which is
    which. `problem` is the French phrase of what cannot be believed, empty where nothing is wrong. `unordered`: neither
    capitals nor usual first names tell which words are the first name, so that `family` and `given` are a guess."""

    text: str = ""
    family: str = ""
    given: str = ""
    birth: str | None = None
    certain: bool = False
    problem: str = ""
    unordered: bool = False


@lru_cache(maxsize=512)
def split(text: str) -> Name:
    """The name in one text. Never raises; a text without letters is an empty name."""
    text = tidy(text[:200]).strip(_PUNCTUATION)
    if _SEVERAL.search(text):
        return Name(text, problem="plusieurs personnes, un rendez-vous par patient")
    text, birth = _birth_name(text)
    used = [word for word in (word.strip(',;()"') for word in text.split()) if word]
    young = any(fold(word) in _YOUNG for word in used)
    kept = [word for word in used if fold(word).strip(".") not in _TITLES | _YOUNG]
    if not kept:
        return Name(text, problem="ce n'est pas un nom" if text else "")
    family, given, certain, unordered = _sides(kept)
    name = Name(" ".join(kept), capitals(family), capitals(given), birth and capitals(birth), certain)
    return replace(name, problem=_problem(name, young and len(kept) < 2), unordered=unordered)


def joined(family: str, given: str, birth: str = "") -> Name:
    """The name from two labelled fields, `Nom :` and `Prénom :`."""
    one, two = split(family), tidy(given[:200]).strip(_PUNCTUATION)
    if not two:
        return replace(one, birth=capitals(tidy(birth)) or one.birth)
    last, maiden = _birth_name(tidy(family[:200]).strip(_PUNCTUATION))
    last = " ".join(word for word in last.split() if fold(word.strip(".")) not in _TITLES)
    maiden = capitals(tidy(birth[:200]) or maiden or "") or None
    name = Name(f"{last} {two}".strip(), capitals(last), capitals(two), maiden, certain=True)
    return replace(name, problem=_problem(name, False, labelled=True))


def contradict(one: Name, other: Name) -> bool:
    """Whether two whole names surely belong to two people."""
    if one.problem or other.problem or not all((one.family, one.given, other.family, other.given)):
        return False
    if not (other.certain or any(map(usual_given, other.text.split()))):
        return False
    words = [{*key(f"{name.text} {name.birth or ''}").split()} for name in (one, other)]
    return not (words[0] <= words[1] or words[1] <= words[0])


def another(part: str) -> Name | None:
    """The name of another person in the rest of a title: `DURAND Paul`, `et Paul`; None if it is no name."""
    together = _TOGETHER.match(part)
    name = split(part[together.end() :] if together else part)
    if together:
        titled = form_of_address(part[together.end() :].split(" ", maxsplit=1)[0])
        if kin(part[together.end() :]):
            return Name(part[together.end() :])
        somebody = name.text and (name.certain or titled or usual_given(name.text.split()[0]))
        return name if somebody else None
    return name if name.certain and not name.problem and usual_given(name.given.split()[0]) else None


def particle(word: str) -> bool:
    """Whether the word is a particle of a family name: `de`, `van`."""
    return fold(word).rstrip("'") in _PARTICLES


def kin(text: str) -> bool:
    """Whether the text means a relative without a name: `sa femme`, `enfants`."""
    return key(text).partition(" ")[0] in _KIN


def form_of_address(word: str) -> bool:
    """Whether the word is a form of address: `Mme`, `M.`, `Dr`."""
    return fold(word).strip(".") in _TITLES


def capitals(text: str) -> str:
    """Normal capitals: `D'HERVÉ-LACŒUR` is `D'Hervé-Lacœur`; what mixes both already stays (`McDonald`)."""
    return " ".join(_capital(word, index) for index, word in enumerate(text.split()))


def _capital(word: str, index: int) -> str:
    if word.islower() and word in _PARTICLES and index == 0:
        return word
    if not (word.isupper() or word.islower()):
        return word
    return re.sub(r"[^\W_]+", lambda part: part[0].capitalize(), word)


def _birth_name(text: str) -> tuple[str, str | None]:
    """The text without its birth name, and that name: `DUPONT née MARTIN Marie`, `MARTIN épouse DUPONT Marie`."""
    if found := _BIRTH.search(text):
        maiden, first = _leading_family(found[1])
        return f"{text[: found.start()]} {first} {text[found.end() :]}".strip(), maiden
    if found := _MARRIED.search(text):
        before = [word for word in text[: found.start()].split() if fold(word).strip(".") not in _TITLES]
        return text[found.end() :], " ".join(before) or None  # `Mme Vve FAMILIÈRE`: a form of address
    return text, None


def _leading_family(text: str) -> tuple[str, str]:
    """`MARTIN Marie` → the capitals, and the rest; without capitals the first word."""
    words = text.split()
    count = next((index for index, word in enumerate(words) if not _shouted(word)), len(words)) or 1
    return " ".join(words[:count]), " ".join(words[count:])


def _sides(words: list[str]) -> tuple[str, str, bool, bool]:
    """Family name, given name, whether the capitals tell them apart, and whether nothing does."""
    loud = [_shouted(word) for word in words]
    if any(loud) and not all(loud):
        first = loud.index(True)
        last = len(loud) - 1 - loud[::-1].index(True)
        while first and fold(words[first - 1]).rstrip("'") in _PARTICLES and words[first - 1].islower():
            first -= 1
        return " ".join(words[first : last + 1]), " ".join(words[:first] + words[last + 1 :]), True, False
    family, given, sure = _by_habit(words)
    return family, given, False, not sure


def _by_habit(words: list[str]) -> tuple[str, str, bool]:
    """Without capitals: usual first names tell, which stand at one end; two of them where they are one name (`Jean
    Paul`). Else the family name stands first, as practices write it: a guess of usual first names alone, or of three
    words and more."""
    if len(words) == 1:
        return words[0], "", True
    usual = [usual_given(word) for word in words]
    for count in (2, 1):
        head, tail = _is_given(words[:count], usual[:count]), _is_given(words[-count:], usual[-count:])
        if len(words) > count and head != tail:
            given, rest = (words[:count], words[count:]) if head else (words[-count:], words[:-count])
            others = usual[count:] if head else usual[:-count]
            return " ".join(rest), " ".join(given), count == 2 or not any(others)
    if _initial(words[0]):
        return " ".join(words[1:]), words[0], True
    return (*_family_first(words), len([word for word in words if not particle(word)]) == 2 and not all(usual))


def _is_given(words: list[str], usual: list[bool]) -> bool:
    """Whether the words are one usual first name, or two that one person has together: `Anne Marie`."""
    return all(usual) if len(words) == 1 else (fold(words[0]), fold(words[1])) in TWO_WORDS


def _family_first(words: list[str]) -> tuple[str, str]:
    head = next((index for index, word in enumerate(words) if fold(word) not in _PARTICLES), 0) + 1
    head = min(head, len(words) - 1)
    return " ".join(words[:head]), " ".join(words[head:])


def usual_given(word: str) -> bool:
    """Whether the first part of the word is a usual first name: `anne-laure`."""
    return key(word).partition(" ")[0] in GIVEN_NAMES


def _shouted(word: str) -> bool:
    """Whether the word is in capitals and no initial: `DUPONT`, `D'HERVÉ`, but not `J.`."""
    return word.isupper() and sum(map(str.isalpha, word)) > 1


def _problem(name: Name, young: bool, *, labelled: bool = False) -> str:
    """The French phrase of what cannot be believed in a name, or nothing (P12). What stands behind `Nom :` and
    `Prénom :` may be any word: people are called Sans, Non and Patient."""
    letters = [word for word in key(name.text).split() if word.isalpha()]
    nothing = _crossed_out if labelled else _unsaid
    checks = (
        ("un chiffre dans le nom", any(map(str.isdigit, name.text))),
        ("ce n'est pas un nom", not letters or (not labelled and _is_filler(letters))),
        ("le prénom complet manque", young or _initial(name.given) or nothing(name.given)),
        ("le nom de famille complet manque", _initial(name.family) or nothing(name.family)),
        ("il manque le nom ou le prénom", not (name.given and name.family)),
        ("trop de mots pour un nom", len(letters) > _WORDS_AT_MOST),
    )
    return next((problem for problem, wrong in checks if wrong), "")


def _crossed_out(part: str) -> bool:
    """Whether the text is nobody's name, even after a label: `xx`, `?`, `inconnu`."""
    return bool(part) and (not key(part).strip("x ") or key(part) in _NOBODY)


def _initial(part: str) -> bool:
    return bool(part) and len(key(part).replace(" ", "")) <= 1


def _unsaid(part: str) -> bool:
    """Whether one side of the name is a placeholder: `DUPONT xx`, `DUPONT prénom ?` (ruling 12)."""
    return bool(part) and (is_placeholder(part) or _is_filler(key(part).split()))


def _is_filler(letters: list[str]) -> bool:
    """Whether the text is a placeholder: `xx`, `test test`, `inconnu`."""
    return all(word in _FILLERS or not word.strip("x") for word in letters)


_NOBODY = frozenset({"inconnu", "inconnue", "a completer", "a demander", "a preciser", "nc", "nsp", "anonyme"})
_FILLERS = frozenset({"test", "essai", "inconnu", "inconnue", "patient", "patiente", "nom", "prenom", "anonyme", "abc"})
