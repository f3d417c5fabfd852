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


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """Write a table, or the sentence `empty` if there are no rows."""
    lines = [[str(cell) for cell in row] for row in rows]
    if not lines:
        say(empty)
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


def _text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns padded to the widest cell, as a pipe or a test reads them."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, *rows]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
