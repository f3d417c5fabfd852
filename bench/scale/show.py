"""The rows for people: two tables at the prompt, and the same on a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table as Grid

from bench.goals import Row
from bench.show import markdown, put

Figures = Sequence[tuple[str, str]]


def grid(figures: Figures) -> Grid:
    """What is measured without a goal."""
    made = Grid(title="what it costs", show_header=False)
    for what, figure in figures:
        made.add_row(what, figure)
    return made


def renew(page: Path, when: str, rows: Sequence[Row], figures: Figures) -> None:
    """Put both between the page's marks."""
    costs = "\n".join(["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in figures)])
    put(page, f"{when}\n\n{markdown(rows)}\n\n{costs}")
