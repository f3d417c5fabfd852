"""Servers whose versions come again: that an object has the version that we hold does not say that it is the same one.

SOGo counts the versions of each object by itself, from `gcs00000000` on: what was deleted and made again under its name
has that one again. Most versions are made of the contents, or never used twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

Versions = Mapping[str, str | None]
_COUNT = re.compile(r'(?:W/)?"?[A-Za-z]{0,4}([0-9]{1,9})"?')


def repeated(named: Versions, held: Versions) -> list[str]:
    """Those that are named with the version that we hold, where that says nothing: it is a mere count, and the calendar
    gives the same to several objects, or counts from zero for each."""
    same = {ref: etag for ref, etag in named.items() if etag is not None and held.get(ref) == etag}
    counted = [ref for ref, etag in same.items() if _COUNT.fullmatch(etag)]
    return sorted(counted) if counted and _repeat(held.values()) else []


def _repeat(versions: Iterable[str | None]) -> bool:
    counts = [(etag, found[1]) for etag in versions if etag and (found := _COUNT.fullmatch(etag))]
    often = Counter(etag for etag, _ in counts)
    return any(not int(number) for _, number in counts) or any(times > 1 for times in often.values())


class Repeating:
    """What a calendar named last, so that a server that names the same again and again costs no bodies."""

    def __init__(self) -> None:
        self._named: tuple[str, Versions] = ("", {})

    def made_anew(self, changed: Versions, held: Versions, asked: str, token: str) -> list[str]:
        """What of `changed` is to be fetched though its version is the one that we hold. A server whose token is a
        second names its last objects at each question: once it has named them from that token, nothing is new there."""
        again = repeated(changed, held)
        before, self._named = self._named, (token, {ref: changed[ref] for ref in again}) if asked == token else ("", {})
        return [] if asked == token and before == self._named else again
