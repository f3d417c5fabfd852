"""A page for a person: titles, paragraphs and tables that fit the width of the terminal (80 to 200 columns)."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from textwrap import wrap

from sync.cli.output import say

NARROW, WIDE, _PIPE = 80, 200, 120
_LEAST = 24


def width() -> int:
    """Columns to write in: those of the terminal or $COLUMNS, from 80 to 200; 120 into a pipe."""
    return max(NARROW, min(shutil.get_terminal_size((_PIPE, 24)).columns, WIDE))


def title(text: str) -> None:
    """A heading with an empty line before it; bold on a terminal (NO_COLOR honoured)."""
    import os

    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    say(f"\n\033[1m{text}\033[0m" if bold else f"\n{text}")


def paragraph(text: str, indent: str = "  ", hanging: str | None = None) -> None:
    """Lines that fit; those after the first may hang further in."""
    after = indent if hanging is None else hanging
    for line in _lines(text, width(), indent, after):
        say(line)


def _lines(text: str, room: int, indent: str = "", after: str = "") -> list[str]:
    """Lines broken between words, never between a word and its French sign (`« a »`, `a :`)."""
    kept = _BEFORE.sub("\u00a0", _AFTER.sub("\u00a0", text))
    broken = wrap(kept, room, initial_indent=indent, subsequent_indent=after, break_on_hyphens=False) or [""]
    return [line.replace("\u00a0", " ") for line in broken]


_AFTER, _BEFORE = re.compile(r"(?<=«) "), re.compile(r" (?=[»:;!?])")


def grid(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), *, right: Iterable[int] = (), indent: int = 2
) -> None:
    """Columns as wide as their words. If they do not fit, the last one is wrapped, or gets lines of its own where less
    than 24 columns are left. `right`: columns of numbers."""
    body = [[*map(str, row)] for row in rows]
    lines = [[*head], *body] if head else body
    if not body:
        return
    numbers, last = frozenset(right), len(lines[0]) - 1
    widths = [max(len(line[index]) for line in lines) for index in range(last + 1)]
    room = width() - indent - sum(widths[:last]) - 2 * last
    below = room < min(_LEAST, widths[last]) and last not in numbers
    for line in lines:
        cells = [
            cell.rjust(wide) if place in numbers else cell.ljust(wide)
            for place, (cell, wide) in enumerate(zip(line, widths, strict=True))
        ]
        start = " " * indent + "".join(f"{cell}  " for cell in cells[:last])
        if below:
            say(start.rstrip())
            if line[last] and not (head and line is lines[0]):
                paragraph(line[last], " " * (indent + 4))
            continue
        first, *more = [cells[last]] if last in numbers else _lines(line[last], max(room, 1))
        say((start + first).rstrip())
        for rest in more:
            say(" " * len(start) + rest)
