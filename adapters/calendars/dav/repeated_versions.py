"""Servers that use one version for several states: the version that we hold does not prove that the object is
unchanged.

SOGo counts the versions of each object, from `gcs00000000` on. An object deleted and created again under the same name
has the same version. (Most servers derive the version from the contents, or never use one twice.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from adapters.base import Known, Versions

_COUNT = re.compile(r'(?:W/)?"?[A-Za-z]{0,4}([0-9]{1,9})"?')


def repeated(named: Versions, held: Versions, whole: Callable[[], Versions], *, are_counts: bool = False) -> list[str]:
    """The refs named as changed with the version that we hold, if versions of this calendar are mere counts: several
    objects have the same one, or one is zero. `whole`: all that we hold, read only where a version may be a count and
    it is not known that they are (`are_counts`)."""
    same = {ref: etag for ref, etag in named.items() if etag is not None and held.get(ref) == etag}
    counted = [ref for ref, etag in same.items() if _COUNT.fullmatch(etag)]
    return sorted(counted) if counted and (are_counts or _repeat(whole().values())) else []


def _repeat(versions: Iterable[str | None]) -> bool:
    counts = [(etag, found[1]) for etag in versions if etag and (found := _COUNT.fullmatch(etag))]
    often = Counter(etag for etag, _ in counts)
    return any(not int(number) for _, number in counts) or any(times > 1 for times in often.values())


class Repeating:
    """What a calendar named last, so that the same answer again causes no fetching, and whether its versions were seen
    to be counts: a server does not change that, and the whole calendar need not be read again for it."""

    def __init__(self) -> None:
        self._are_counts = False
        self._named: tuple[str, Versions] = ("", {})

    def made_anew(self, changed: Versions, held: Versions, known: Known, asked: str, token: str) -> list[str]:
        """The refs of `changed` to be fetched although we hold their version. A server whose token is a time in seconds
        names its latest objects in each answer: those already named since the same token are not fetched again."""
        again = repeated(changed, held, known.whole, are_counts=self._are_counts)
        self._are_counts |= bool(again)
        before, self._named = self._named, (token, {ref: changed[ref] for ref in again}) if asked == token else ("", {})
        return [] if asked == token and before == self._named else again
