"""Finds postal addresses in running text (P32): `habite 22 bd Voltaire 75011 Paris, sans mail`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rules.text.fold import fold

_KINDS = (
    r"rue|r\.|r(?=\s+[^\W\d_])|avenue|aven|ave?\.?|boulevard|boul|blvd|bld|bvd|bd|chemin|chem\.?|ch\.|impasse|imp\.?"
    r"|all[ée]es?|all\.?|place|pl\.?|route|rte|quai|cours|crs|square|sq\.?|passage|pass\.|villa|cit[ée]|faubourg|fbg|fg"
    r"|r[ée]sidence|r[ée]s\.?|lotissement|lot\.?|sentier|ruelle|rond-point|esplanade|promenade|hameau|mont[ée]e"
    r"|traverse|parvis|voie|galerie|clos|venelle|c[ôo]te|rampe|chauss[ée]e"
)
_NUMBER = r"\d{1,4}\s*(?:(?:bis|ter|quater|[a-d])\b)?,?\s+"
BEGINS = re.compile(rf"{_NUMBER}(?:{_KINDS})(?=[\s\d'’]|$)", re.IGNORECASE)
_NEXT = (  # words with which something else begins
    r"(?:t[ée]l|t[ée]l[ée]phone|port|portable|mob|mobile|gsm|mail|e-?mail|courriel|ddn|n[ée]e?|ss|sans|pas|np|nvelle|nvl"
    r"|nouveau|nouvelle|premi[eè]re|1[eè]?re|suivi|d[ée]j[àa]|dr|docteur|dentiste|n['’]a|motif|contr[ôo]le|maman|papa"
    r"|m[eè]re|p[eè]re|responsable)\b"
)
_WORD = rf"(?!{_NEXT})[^\W\d_][^\s,;|()\d@\x1f]*"
_BUILDING = (
    r"(?:(?:r[ée]sidence|r[ée]s\.|b[âa]t\w*\.?|app(?:t|artement)\.?|immeuble|imm\.)\s[^@\n\x1f\d]{1,50}?[\s,]+)?"
)
_PLACES = r"(?:lieu[- ]?dit|hameau|ferme|domaine|moulin|ch[âa]teau|bp\s?\d+|ehpad)"
_WHOLE = re.compile(
    rf"(?<![\w/])(?:{_BUILDING}{_NUMBER}(?:{_KINDS})|{_PLACES})(?=[\s\d'’])"
    rf"(?:(?!\b{_NEXT}\s*[:=\d])[^@\n\x1f]){{1,90}}?(?<!\d)(?:F-?)?\d{{2}}\s?\d{{3}}(?!\d)(?!\s?\d\d)"
    rf"(?P<town>,?\s+{_WORD}(?:\s+{_WORD}){{0,4}}(?:\s+\d{{1,2}}(?!\s?[\d/.-]))?)?",
    re.IGNORECASE,
)
_JOINS_WORDS = "le la les l de du des d sur sous en les aux au et lez saint sainte st ste cedex"
_JOINS = frozenset(_JOINS_WORDS.split())


def find(text: str) -> Iterator[tuple[int, int]]:
    """The places of whole addresses, from the number to the town; a town that stands before its postcode ends there.

    Without a separator behind it, the town goes on as long as its words are written like its first.
    """
    for found in _WHOLE.finditer(text):
        begin, end = found.span()
        town = found["town"] or ""
        yield begin, end - len(town) + len(_town(town))


def _town(text: str) -> str:
    """The words of the town, without what only follows it: `Paris amie de Mme Durand` → `Paris`."""
    spoken = list(re.finditer(r"[^\s,]+", text))
    if not spoken or (text.startswith(",") and spoken[0][0].islower()):
        return ""
    end = spoken[0].end()
    for before, word in pairwise(spoken):
        capital = spoken[0][0][:1].isupper() and word[0][:1].isupper()
        joined = fold(before[0]) in _JOINS or fold(word[0]) in _JOINS
        if not (capital or joined or word[0].isdigit()):
            break
        end = word.end()
    return text[:end].rstrip(" .")
