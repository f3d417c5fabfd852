"""Text made comparable: what two spellings of the same words have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar
from unicodedata import combining, normalize

from anyascii import anyascii

_JOINTS = re.compile(r"[\s'’‘ʼ`´\-‐‑–—_]+")
_WORD = re.compile(r"[a-z0-9]+")
_TYPED_WORD = re.compile(r"[^\W_]+")
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
_ACCENTS = str.maketrans(dict.fromkeys("´ˊˈ′", "'"))  # NFKC would make a combining accent of the first
_SHORT = 200
T = TypeVar("T")


def remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """The pure function, with its last answers kept for short texts: names and words come again, long texts do not."""
    kept = lru_cache(maxsize=2048)(read)

    @wraps(read)
    def answer(text: str) -> T:
        return kept(text) if len(text) <= _SHORT else read(text)

    return answer


@remembered
def fold(text: str) -> str:
    """Lower case, without accents, `œ` as `oe`; apostrophes, hyphens and white space become one space."""
    spaced = _JOINTS.sub(" ", text)
    return (spaced if spaced.isascii() else _ascii(spaced)).lower().strip()


def _ascii(text: str) -> str:
    """Accents first, at the speed of C; the rare rest (`œ`, other scripts) sign by sign. Emoji say nothing."""
    bare = "".join(sign for sign in normalize("NFKD", text) if not combining(sign))
    return (
        bare
        if bare.isascii()
        else anyascii("".join(sign if sign.isalnum() or sign.isascii() else " " for sign in bare))
    )


def words(text: str) -> list[str]:
    """The folded words and numbers of a text, without punctuation."""
    return _WORD.findall(fold(text))


@remembered
def key(text: str) -> str:
    """The folded words joined by one space: what labels and names are looked up by."""
    return " ".join(words(text))


def tokens(text: str) -> list[tuple[str, int, int]]:
    """The words of a text, folded, each with its place (start, end) in the text as typed."""
    return [(fold(found[0]), found.start(), found.end()) for found in _TYPED_WORD.finditer(text)]


def tidy(text: str) -> str:
    """The text as typed, on one line: compatible signs (full-width digits, no-break spaces) made plain, invisible
    ones dropped, an accent that stands for an apostrophe one (`L´HÉRITIER`), white space collapsed."""
    if not text.isascii():
        text = _INVISIBLE.sub("", normalize("NFKC", text.translate(_ACCENTS)))
    return " ".join(text.split())


def shortened(text: str) -> str:
    """The text as typed, shortened for a sentence."""
    line = tidy(text[:200])
    return line if len(line) <= 80 else f"{line[:79]}…"
