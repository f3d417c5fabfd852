"""Finds quotes in a YAML file that are never closed, since the YAML reader reports them only where it fails, lines
later."""

from __future__ import annotations

import re

# a quote opens a value only at the beginning of a line or item, or after `: `, `, `, `[` or `{`
_OPENED = re.compile(r"(?:^[ ]*(?:- +)*|[:\[{,] +|[\[{])([\"'])")
# what may follow a closed value: a separator, a comment, the end of the line
_AFTER = re.compile(r"\s*(?:[,\]}:]|#|$)")


def never_closed(text: str, until: int) -> tuple[int, int] | None:
    """Line and column, from 1, of the first quote up to line `until` that is not closed on its line. A valid value over
    several lines looks the same, so only call it for an unreadable file."""
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
    """The place after the closing quote, None if there is none. `\\"` and `''` are the quote itself."""
    inside = r"(?:[^\"\\]|\\.)*\"" if sign == '"' else r"(?:[^']|'')*'"
    found = re.compile(inside).match(line, start)
    return found.end() if found else None
