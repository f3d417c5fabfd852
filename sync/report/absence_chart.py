"""Draws the absences as SVG: one panel per dentist, one stacked bar per month, all on one scale (P48)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html import escape

from babel.dates import format_date

from rules.text.french import counted
from sync.report.absences import Report, Total

WIDTH, PANEL, LEFT, TOP = 480, 210, 40, 96  # narrow, so that a telephone of 360 px shows letters of 11 px
_LETTERS, _MONTH = 16, 44  # px: the letters' height, the width of a month's name
_BAR = 110  # height of the tallest bar
_DARK, _LIGHT, _INK, _LINE = "#b3261e", "#9fb8d0", "#1f2933", "#d5dbe1"


def svg(report: Report) -> str:
    """The drawing, in French. Bars carry their number; colours differ in brightness, for readers who confuse them."""
    months = report.months()
    panels = [(key, name, [(m, one) for m, who, one in months if who == key]) for key, name in report.dentists]
    most = max((one.excused + one.unexcused for _, _, one in months), default=0)
    height = TOP + PANEL * max(1, len(panels))
    drawn = "\n".join(
        part
        for index, (_, name, bars) in enumerate(panels)
        for part in _panel(name, bars, TOP + index * PANEL, most or 1)
    )
    head = "\n".join(_head(report, bool(months)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="{_LETTERS}" fill="{_INK}" role="img" '
        f'aria-label="Absences par mois et par dentiste">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{head}\n{drawn}\n</svg>\n'
    )


def page(report: Report) -> str:
    """The same drawing as a page of its own."""
    name = escape(report.practice)
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Absences – {name}</title>"
        "<style>body{margin:0.5rem;background:#fff}svg{width:100%;max-width:48rem;height:auto}</style></head>\n"
        f"<body>\n{svg(report)}</body></html>\n"
    )


def _head(report: Report, any_absence: bool) -> Iterator[str]:
    yield f'<text x="{LEFT}" y="32" font-size="18" font-weight="600">Absences – {escape(report.practice)}</text>'
    if not any_absence:
        yield f'<text x="{LEFT}" y="60">Aucune absence à ces dates.</text>'
        return
    for x, colour, word in ((LEFT, _DARK, "non excusées"), (LEFT + 150, _LIGHT, "excusées")):
        yield f'<rect x="{x}" y="48" width="14" height="14" fill="{colour}"/><text x="{x + 20}" y="60">{word}</text>'


def _panel(name: str, bars: list[tuple[date, Total]], top: int, most: int) -> Iterator[str]:
    base, step = top + 36 + _BAR, (WIDTH - 20 - LEFT) / max(1, len(bars))
    unexcused, excused = sum(one.unexcused for _, one in bars), sum(one.excused for _, one in bars)
    total = f"{counted(unexcused, 'non excusée', 'non excusées')}, {counted(excused, 'excusée', 'excusées')}"
    yield f'<text x="{LEFT}" y="{top}" font-weight="600">{escape(name)}</text>'
    yield f'<text x="{LEFT}" y="{top + 18}">{total}</text>'
    yield from _scale(base, most)
    for index, (month, one) in enumerate(bars):
        middle = LEFT + (index + 0.5) * step
        yield from _bar(one, middle, base, min(40.0, step * 0.6), _BAR / most)
        if _named(index, month, step):
            yield _text(middle, base + 18, _short(month))
        if index == 0 or month.month == 1:
            yield _text(middle, base + 36, str(month.year))


def _named(index: int, month: date, step: float) -> bool:
    """Whether the month's name has room beside the others: all of them, every second, every half year or every year."""
    if 2 * step >= _MONTH:
        return step >= _MONTH or index % 2 == 0
    return month.month == 1 or (6 * step >= _MONTH and month.month == 7)


def _scale(base: int, most: int) -> Iterator[str]:
    for value in sorted({0, most // 2, most}):
        y = base - _BAR * value / most
        yield f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'


def _bar(one: Total, middle: float, base: int, wide: float, each: float) -> Iterator[str]:
    """Unexcused below, excused on top; `each`: height of one absence."""
    y = float(base)
    for count, colour, ink in ((one.unexcused, _DARK, "#ffffff"), (one.excused, _LIGHT, _INK)):
        high = each * count
        y -= high
        if count:
            x = middle - wide / 2
            yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{colour}"/>'
        if count and high >= 14 and wide >= 14:
            yield _text(middle, y + high / 2 + 4.5, str(count), ink)


def _text(middle: float, y: float, text: str, ink: str = _INK) -> str:
    return f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle" fill="{ink}">{escape(text)}</text>'


def _short(month: date) -> str:
    return str(format_date(month, "MMM", locale="fr"))
