"""Finds the wished times right behind « liste d'attente » where no label tells them: `liste d'attente le matin`, `LA
mardi après-midi` (P44)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rules.entry.wished_times import DAYS, TICKED_DAYS, read
from rules.text.fold import tokens

_LISTS = (("liste", "d", "attente"), ("liste", "attente"), ("list", "attente"), ("liste", "att"), ("attente",))
_NOT_HERS = frozenset({"salle", "d"})  # `salle d'attente`
_BEFORE = frozenset({"sur", "en", "la"})  # `sur la liste d'attente`
_DAYS = frozenset({name + end for name in (*DAYS, *TICKED_DAYS, "dim") for end in ("", "s")})
_MOMENT_WORDS = (
    "matin matins matinee matinees apres midi midis aprem aprems soir soirs journee avant des debut fin pause dejeuner"
    " semaine"
)
_JOINT_WORDS = (
    "le la les l ou et de d du a au en entre jusqu jusque partir sauf pas jamais hors mais plutot seulement uniquement"
    " si possible desistement tous toutes"
)
_MOMENTS, _JOINTS = frozenset(_MOMENT_WORDS.split()), frozenset(_JOINT_WORDS.split())
_HOUR = re.compile(r"\d{1,2}(?:h\d{0,2}|heures?)?")
_SHORT = "LA"  # as typed: in small letters it is an article
_APART = re.compile(r"\s[-–—|/]+\s|[()\[\];]|\d/\d")  # what ends the wish

Token = tuple[str, int, int]


def find(text: str) -> tuple[int, int, str] | None:
    """(from, to, the wish) of the first mention of the list with times behind it; None where there is none."""
    if "att" not in text.lower() and _SHORT not in text:
        return None
    spoken = tokens(text)
    for place in range(len(spoken)):
        behind = _behind_the_list(text, spoken, place)
        if behind is None:
            continue
        last = _last(text, spoken, behind)
        wish = text[spoken[behind][1] : spoken[last][2]] if last is not None else ""
        if last is not None and read(wish) is not None:
            return spoken[_first(spoken, place)][1], spoken[last][2], wish
    return None


def without(text: str) -> str:
    """The text without the first mention of the list and the times wished behind it."""
    found = find(text)
    return f"{text[: found[0]]} {text[found[1] :]}" if found else text


def _behind_the_list(text: str, spoken: Sequence[Token], place: int) -> int | None:
    """The place of the word behind a mention of the list that begins here."""
    _, start, end = spoken[place]
    if text[start:end] == _SHORT:
        then = spoken[place + 1][0] if place + 1 < len(spoken) else ""
        said = then in _DAYS or then in {"le", "l", "matin", "apres", "aprem", "soir", "midi", "avant", "des"}
        return place + 1 if said else None
    if place and spoken[place - 1][0] in _NOT_HERS:
        return None
    for words in _LISTS:
        until = place + len(words)
        if until < len(spoken) and tuple(word for word, _, _ in spoken[place:until]) == words:
            return until
    return None


def _last(text: str, spoken: Sequence[Token], first: int) -> int | None:
    """The place of the last word of the wish that begins there."""
    last = None
    for place in range(first, len(spoken)):
        word, start, _ = spoken[place]
        if place > first and _APART.search(text[spoken[place - 1][1] : start + 1]):
            break
        if word in _DAYS or word in _MOMENTS or _is_hour(spoken, place):
            last = place
        elif word not in _JOINTS:
            break
    return last


def _is_hour(spoken: Sequence[Token], place: int) -> bool:
    word = spoken[place][0]
    if not word.isdigit():
        return word in {"h", "heure", "heures"} or _HOUR.fullmatch(word) is not None
    beside = {spoken[near][0] for near in (place - 1, place + 1) if 0 <= near < len(spoken)}
    return len(word) <= 2 and not beside.isdisjoint({"h", "heures", "entre", "et", "a"})


def _first(spoken: Sequence[Token], place: int) -> int:
    """Where the mention begins, with the small words before it."""
    while place and spoken[place - 1][0] in _BEFORE:
        place -= 1
    return place
