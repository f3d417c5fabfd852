"""Data to standard output: JSON or a table; colours on a terminal only (NO_COLOR honoured)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import typer


def say(text: str = "") -> None:
    """Write a line to standard output."""
    typer.echo(text)


def warn(text: str) -> None:
    """Write a line to standard error."""
    typer.echo(text, err=True)


def as_json(data: Any) -> None:
    """Write the data as indented JSON; times as ISO 8601 with offset."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str, *, beneath: int = 0) -> None:
    """Write a table, or the sentence `empty` if there are no rows. On a terminal the last `beneath` columns stand
    beneath their row, over the whole width, where they say anything."""
    lines = [[str(cell) for cell in row] for row in rows]
    if not lines:
        say(empty)
    elif sys.stdout.isatty() and beneath:
        _spread(columns, lines, beneath)
    elif sys.stdout.isatty():
        _rich(columns, lines)
    else:
        _text(columns, lines)


def _rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*map(Text, row))
    Console().print(made)


def _spread(columns: Sequence[str], rows: Sequence[Sequence[str]], beneath: int) -> None:
    """Each row on a line of its own, with what stands beneath it."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths = _widths([row[:-beneath] for row in [columns, *rows]], console.width)
    for number, row in enumerate([columns, *rows]):
        line = Table(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 0, 0), collapse_padding=True)
        for width in widths:
            line.add_column(width=width, overflow="fold")
        line.add_row(*(Text(cell, "" if number else "bold") for cell in row[:-beneath]))
        console.print(line)
        below = zip(columns[-beneath:], row[-beneath:], strict=True) if number else ()
        for name, said in below:
            if said not in {"", NOTHING}:
                console.print(Padding(Text(f"{name} : {said}"), (0, 0, 0, 4), expand=False))


NOTHING = "–"  # in a cell that would be empty
_GAP, _NARROWEST = 2, 8


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """As wide as their longest cells; where that is too much, the widest are narrower and their cells folded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + _GAP * len(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns padded to the widest cell, as a pipe or a test reads them."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
