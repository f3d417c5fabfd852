"""Which dentist a cell means: by key, or by name as practices write it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rules.details.detail import Detail
from rules.text import french
from rules.text.fold import key

_TITLE = re.compile(r"^(?:dr|dre|docteur|docteure) ")


def dentist(text: str, dentists: Mapping[str, str]) -> Detail[str]:
    """A dentist's key, from the key or the name in any order; `Dr` and the first name may be left out or shortened
    (`MARTIN C.`). Two that fit are asked about."""
    if not text or text in dentists:
        return Detail(text or None)
    wanted = _doctorless(text)
    exact = [short for short, name in dentists.items() if wanted in {_doctorless(short), _doctorless(name)}]
    found = exact or [short for short, name in dentists.items() if _means(wanted.split(), _doctorless(name).split())]
    if len(found) == 1:
        return Detail(found[0])
    known = french.listed(dentists.values(), "et")
    return Detail(None, "plusieurs dentistes portent ce nom" if found else f"dentiste inconnu ({known})")


def _doctorless(name: str) -> str:
    return _TITLE.sub("", key(name))


def _means(words: list[str], name: list[str]) -> bool:
    """Each word is one of the name or a first name's initial, and the end of the family name is among them."""
    if not name or name[-1] not in words:
        return False
    left = list(name)
    for word in sorted(words, key=len, reverse=True):
        fits = next((one for one in left if one == word or (len(word) == 1 and one.startswith(word))), None)
        if fits is None:
            return False
        left.remove(fits)
    return True
