"""A page for a person: titles, paragraphs and tables that fit the width of the terminal (80 to 200 columns)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from textwrap import wrap

from sync.cli.output import say

NARROW, WIDE, _PIPE = 80, 200, 120
_LEAST = 24


def width() -> int:
    """Columns to write in: the terminal's or $COLUMNS, within reason; 120 into a pipe."""
    return max(NARROW, min(shutil.get_terminal_size((_PIPE, 24)).columns, WIDE))


def title(text: str) -> None:
    """A heading with an empty line before it; bold on a terminal (NO_COLOR honoured)."""
    import os

    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    say(f"\n\033[1m{text}\033[0m" if bold else f"\n{text}")


def paragraph(text: str, indent: str = "  ", hanging: str | None = None) -> None:
    """Lines that fit; those after the first may hang further in."""
    after = indent if hanging is None else hanging
    for line in wrap(text, width(), initial_indent=indent, subsequent_indent=after, break_on_hyphens=False) or [""]:
        say(line)


def grid(
    rows: Iterable[Sequence[str]], head: Sequence[str] = (), *, right: Iterable[int] = (), indent: int = 2
) -> None:
    """Columns as wide as their words; where they do not fit, the last one is wrapped. `right`: columns of numbers."""
    lines = [[*map(str, row)] for row in ([head] if head else [])] + [[*map(str, row)] for row in rows]
    if not lines:
        return
    numbers, last = frozenset(right), len(lines[0]) - 1
    widths = [max(len(line[index]) for line in lines) for index in range(last)]
    room = max(_LEAST, width() - indent - sum(widths) - 2 * last)
    for line in lines:
        cells = [
            cell.rjust(w) if i in numbers else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=False))
        ]
        tail = wrap(line[last], room, break_on_hyphens=False) or [""]
        if last in numbers:
            tail = [tail[0].rjust(max(len(other[last]) for other in lines))]
        start = " " * indent + "".join(f"{cell}  " for cell in cells)
        say((start + tail[0]).rstrip())
        for more in tail[1:]:
            say(" " * len(start) + more)
