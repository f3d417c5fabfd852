"""Reads the short answers of an entry: yes and no, a length, a consent, a dentist (sections 2 and 3)."""

from __future__ import annotations

import re

from msgspec import Struct

from rules.details.detail import is_placeholder
from rules.model import Consent, Practice
from rules.text.fold import key, tidy, words

_YES = re.compile(r"\s*(?:oui|o|yes|ok|vrai|d['’ ]accord|donn[ée]|accept[ée]|✔️?|✓|☑️?|✅|x)(?![\w])", re.IGNORECASE)
_NO = re.compile(r"\s*(?:non|n|no|refus[ée]?|jamais|pas encore|✗|✘|☐|❌)(?![\w'’])", re.IGNORECASE)
_DOUBT = re.compile(r"non|.*(?:\ba (?:confirmer|demander|redemander|voir|verifier)\b|\bpeut etre\b|\ben attente\b).*")
_TITLED = re.compile(r"\b(?:dr|dre|docteur)\s+([a-z ]+)")
_LENGTH = re.compile(r"(?:(\d{1,2})\s?(?:h|heures?)\s?(\d{2})?|(\d{1,3})\s?(?:min\w*|mn|'|$))(?!\w)", re.IGNORECASE)
_NO_ONE = "aucun|aucune|peu importe|indifferent|indifferente|sans preference|pas de preference|n importe lequel"
_NOBODY = frozenset(_NO_ONE.split("|"))
_TITLES = frozenset({"dr", "docteur", "dre", "drs", "dentiste", "le", "la", "avec", "attitre", "habituel"})


def yes(text: str) -> bool | None:
    """True for `oui`, `o`, `✔`; False for `non`, `n`; None for anything else (`je crois`, both, nothing)."""
    agreed, refused = _YES.match(text), _NO.match(text)
    if agreed and re.search(r"\bou\s+non\b|/\s*non\b", text, re.IGNORECASE):
        return None
    return True if agreed else False if refused else None


def reason(text: str) -> str | None:
    """The reason why a detail is missing (`oui (n'a pas de portable)`); `oui` without a reason, None without a yes."""
    said = yes(text)
    if said is False or (said is None and is_placeholder(text)):
        return None
    return _remainder(text) or "oui"


def _remainder(text: str) -> str:
    """The text after its yes or no, without the brackets around it."""
    answered = _YES.match(text) or _NO.match(text)
    rest = text[answered.end() if answered else 0 :].strip(" ,;:-–—.")
    inside = rest.strip("()")
    return rest if inside.count("(") != inside.count(")") else inside.strip(" ,;:-–—.")


def consent(text: str, practice: Practice) -> Consent | None:
    """The agreement to another dentist: only a clear yes or no counts, and not for a dentist nobody knows (P23)."""
    said = yes(text)
    if said is None:
        return None
    detail = _remainder(text)
    if said and (_DOUBT.fullmatch(key(detail)) or "?" in detail or _stranger(detail, practice)):
        return None
    named = [dentist.key for dentist in practice.dentists if set(_surname(dentist.name)) & set(words(detail))]
    return Consent(said, detail, named[0] if len(named) == 1 else None)


def _stranger(detail: str, practice: Practice) -> bool:
    """Whether the agreement names somebody who is no dentist of this practice (`Dr Inconnu`)."""
    team = {word for dentist in practice.dentists for word in _surname(dentist.name)}
    spoken = [set(found[1].split()) for found in _TITLED.finditer(key(detail))]
    return any(not names & team for names in spoken)


def minutes(text: str) -> int | None:
    """`45 min`, `1h`, `1 h 30`, `90`: minutes from 5 to 600, None for anything else."""
    found = _LENGTH.match(tidy(text[:40]))
    if not found:
        return None
    length = int(found[3]) if found[3] else int(found[1]) * 60 + int(found[2] or 0)
    return length if 5 <= length <= 600 else None


class Named(Struct, frozen=True):
    """A dentist as typed: `key` where it is exactly one of the practice's; `nobody`: no preference is meant."""

    key: str | None = None
    nobody: bool = False


def dentist(text: str, practice: Practice) -> Named:
    """The dentist by key, surname or whole name, with or without `Dr`. A misspelt name is none, as P23 allows no
    guess."""
    typed = key(text[:80])
    if typed in _NOBODY:
        return Named(nobody=True)
    by_key = [one.key for one in practice.dentists if key(one.key) == typed]
    spoken = [word for word in typed.split() if word not in _TITLES]
    if by_key or not spoken:
        return Named(by_key[0] if by_key else None)
    found = [one.key for one in practice.dentists if set(spoken) <= {*_surname(one.name), *words(one.key)}]
    return Named(found[0] if len(found) == 1 else None)


def nearest_dentists(text: str, practice: Practice, count: int = 2) -> tuple[str, ...]:
    """The names of dentists most similar to the text, best first."""
    from rapidfuzz import fuzz, process

    names = {" ".join(_surname(one.name)): one.name for one in practice.dentists}
    spoken = " ".join(word for word in words(text[:80]) if word not in _TITLES)
    ranked = process.extract(spoken, list(names), scorer=fuzz.WRatio, limit=count, score_cutoff=50)
    return tuple(names[name] for name, _, _ in ranked)


def _surname(name: str) -> list[str]:
    return [word for word in words(name) if word not in _TITLES and len(word) > 1]
