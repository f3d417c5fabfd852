"""The figures for people: tables, bars, and the same as a page's table."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from bench.goals import FLOOR, OURS, Measured, Row
from bench.measure import Cost, Table

_WIDE = 40
_COLOURS = {OURS: "green", FLOOR: "bright_black"}
_SIGN = {True: "✓", False: "✗", None: "–"}


def costs(title: str, table: Table) -> Grid:
    """Everybody's CPU seconds by step, with ours in requests and memory."""
    grid = Grid(title=f"{title} (CPU seconds)")
    for name in ("", *table, "requests", "peak MB"):
        grid.add_column(name, justify="left" if not name else "right")
    for step, own in table.get(OURS, {}).items():
        told = (_seconds(table[who].get(step)) for who in table)
        grid.add_row(step, *told, str(own.requests), f"{own.peak:.0f}")
    return grid


def _seconds(cost: Cost | None) -> str:
    return f"{cost.cpu:.2f}" if cost else ""


def goals(rows: Sequence[Row]) -> Grid:
    """The yardstick's rows."""
    grid = Grid(title="the yardstick")
    for name in ("", "", "", "goal", ""):
        grid.add_column(name, justify="right" if name else "left")
    for row in rows:
        colour = {True: "green", False: "red", None: "bright_black"}[row.reached]
        grid.add_row(row.id, row.what, shown(row), row.goal, Text(_SIGN[row.reached], style=colour))
    return grid


def shown(row: Row) -> str:
    """Its figure."""
    if row.failed:
        return "did not complete"
    if row.value is None:
        return f"absent ({row.absent})" if row.absent else "absent"
    noise = "" if row.noise is None else f" ± {row.noise:.2f}"
    return f"{row.value:.2f}{noise} {row.unit}" if row.unit else f"{row.value:g}{noise}"


def judged(figures: dict[str, float], bookings: int) -> Grid:
    """Judging one changed event."""
    grid = Grid(title=f"one changed event, 10 dentists, {bookings} bookings (CPU ms, medians)", show_header=False)
    for name, figure in figures.items():
        grid.add_row(name, f"{figure:.1f}")
    return grid


def bars(m: Measured) -> Text:
    """Seconds of CPU as bars: shorter is better."""
    lines: list[Text] = []
    for title, table in (("CalDAV", m.dav), ("Google", m.google)):
        for step in ("first pass", "nothing changed"):
            found = {who: costs[step] for who, costs in table.items() if step in costs}
            most = max((cost.cpu for cost in found.values()), default=0.0)
            lines.append(Text(f"{title}, {m.events} events, {step}", style="bold"))
            lines += [_bar(who, cost.cpu, most) for who, cost in sorted(found.items(), key=lambda one: one[1].cpu)]
    return Text("\n").join(lines)


def _bar(who: str, value: float, most: float) -> Text:
    filled = "█" * max(1, round(_WIDE * value / most))
    return Text.assemble(f"  {who:<20}", (filled, _COLOURS.get(who, "blue")), f" {value:.2f} s")


def save(m: Measured, file: Path) -> None:
    """The bars as SVG."""
    console = Console(record=True, width=_WIDE + 36, file=StringIO())
    console.print(bars(m), "", "")  # the last lines give the picture its foot
    file.write_text(console.export_svg(title="make bench", code_format=_SVG))


_SVG = """<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">
<style>.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; white-space: pre }}
{styles}</style>
<rect fill="#29292f" width="100%" height="100%"/>
<defs>{lines}</defs>
<g transform="translate(9, 4)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


_BEGIN, _END = "<!-- begin: figures -->", "<!-- end: figures -->"


def renew(page: Path, when: str, rows: Sequence[Row]) -> None:
    """Put the rows between the page's marks."""
    put(page, f"{when}\n\n{markdown(rows)}")


def put(page: Path, figures: str) -> None:
    """Put that between the page's marks; a page without marks, or that is not there yet, holds nothing else."""
    told = page.read_text(encoding="utf-8") if page.exists() else ""
    before, mark, rest = told.partition(_BEGIN)
    after = rest.partition(_END)[2] if mark else "\n"
    page.write_text(f"{before if mark else ''}{_BEGIN}\n{figures}\n{_END}{after}", encoding="utf-8")


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a page has them."""
    lines = ["| | | measured | goal | |", "|---|---|---|---|---|"]
    lines += [f"| {row.id} | {row.what} | {shown(row)} | {row.goal} | {_SIGN[row.reached]} |" for row in rows]
    return "\n".join(lines)
