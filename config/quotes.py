"""Quotes in a YAML file that were opened and never closed."""

from __future__ import annotations

import re

_OPENED = re.compile(r"(?:^[ ]*(?:- +)*|[:\[{,] +|[\[{])([\"'])")
_AFTER = re.compile(r"\s*(?:[,\]}:]|#|$)")


def never_closed(text: str, until: int) -> tuple[int, int] | None:
    """Line and column, from 1, of the first quote up to line `until` that is not closed on its line; a value that runs
    over several lines looks the same, so this is asked only where the file could not be read."""
    for number, line in enumerate(text.splitlines()[:until], 1):
        place = 0
        while found := _OPENED.search(line, place):
            opened, sign = found.start(1), found[1]
            end = _end(line, opened + 1, sign)
            if end is None or not _AFTER.match(line, end):
                return number, opened + 1
            place = end
    return None


def _end(line: str, start: int, sign: str) -> int | None:
    """After the quote that closes; `\\"` and `''` stand for the sign itself."""
    inside = r"(?:[^\"\\]|\\.)*\"" if sign == '"' else r"(?:[^']|'')*'"
    found = re.compile(inside).match(line, start)
    return found.end() if found else None
