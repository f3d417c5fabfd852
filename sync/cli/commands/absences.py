"""`absences`: excused and unexcused, per dentist and patient, with totals and a plot (P47, P48)."""

from __future__ import annotations

import os
import sys
from datetime import date, datetime, time, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, warn
from sync.cli.page import grid, title, width
from sync.cli.typed import day_of, dentist_of

if TYPE_CHECKING:
    from sync.core.context import World
    from sync.report.absences import Report

_WORDS = {"excused": "excusée", "unexcused": "non excusée", "undecided": "à préciser"}


@app.command()
def absences(  # noqa: PLR0917  options
    config: Configs = None,
    dentist: Annotated[
        str | None, typer.Option("--dentist", metavar="DENTISTE", help="Clé, agenda ou adresse.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="24/11/2026 ou 2026-11-24 ; il y a douze mois.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Dernier jour ; sans limite.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FICHIER", help="Écrire aussi le graphique (.svg ou .html).")
    ] = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Les absences excusées et non excusées, par dentiste et par patient, avec un graphique par mois.

    En JSON : une liste de patient, dentist, date, class (excused ou unexcused) et reason.

    Exemples : attitre absences --from 01/09/2026 ; attitre absences --plot absences.svg
    """
    from sync.cli.practices import desk, one_settings
    from sync.report.absences import report

    if plot is not None and plot.suffix.lower() not in {".svg", ".html"}:
        raise typer.BadParameter(f"« {plot} » : le nom du graphique finit par .svg ou .html.", param_hint="--plot")
    with desk(one_settings(config)) as world:
        start, end = _span(world, since, until)
        found = report(world, start, end, dentist_of(world, dentist))
    if plot is not None:
        _write(plot, found)
    if json:
        as_json([_data(found, item) for item in found.absences])
    else:
        _show(found)
    if plot is not None:
        warn(f"Graphique écrit : {plot}")


def _span(world: World, since: str | None, until: str | None) -> tuple[datetime, datetime]:
    zone, today = world.practice.zone, world.now().date()
    first: date = day_of(since) if since else _month_start(today, back=11)
    last: date | None = day_of(until) if until else None
    if last is not None and last < first:
        raise typer.BadParameter("la date de fin est avant celle de début.")
    end = (
        datetime.combine(last + timedelta(days=1), time(), zone)
        if last
        else datetime.max.replace(year=9000, tzinfo=zone)
    )
    return datetime.combine(first, time(), zone), end


def _month_start(day: date, *, back: int) -> date:
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def _data(found: Report, item: Any) -> dict[str, Any]:
    return {
        "patient": item.patient, "dentist": item.dentist, "date": item.start.date(), "class": item.attendance,
        "reason": item.reason,
    }  # fmt: skip


def _write(file: Path, found: Report) -> None:
    from sync.report.absence_chart import page, svg

    text = svg(found) if file.suffix.lower() == ".svg" else page(found)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"Le graphique {file} n'a pas pu être écrit ({error.strerror}).") from error


# --- for a person ----------------------------------------------------------------------------------------------------


def _show(found: Report) -> None:
    if not found.endings:
        say("Aucune absence à ces dates.")
        return
    title("Absences")
    rows = [
        (f"{one.start:%d/%m/%Y %H:%M}", found.called(one.dentist), one.patient, _WORDS[one.attendance], one.reason)
        for one in found.endings
    ]
    grid(rows, ("Date", "Dentiste", "Patient", "Absence", "Pourquoi"))
    _patients(found)
    _totals(found)
    _bars(found)


def _patients(found: Report) -> None:
    title("Par patient")
    rows = [(who, str(excused), str(unexcused)) for who, excused, unexcused in found.by_patient()]
    grid(rows, ("Patient", "Excusées", "Non excusées"), right=(1, 2))


def _totals(found: Report) -> None:
    title("Par dentiste")
    rows = [
        (one.name, str(one.appointments), str(one.excused), str(one.unexcused), _rate(one.rate))
        for one in found.totals()
    ]
    grid(rows, ("Dentiste", "Rendez-vous", "Excusées", "Non excusées", "Taux non excusé"), right=range(1, 5))
    if found.undecided:
        say(f"\n  À préciser : {found.undecided} (tapez dans l'événement comment le rendez-vous s'est terminé).")


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %".replace(".", ",")


def _bars(found: Report) -> None:
    """One line a month: █ not excused, ░ excused; the shade tells them apart without any colour."""
    months = found.months()
    most = max((one.excused + one.unexcused for _, _, one in months), default=0)
    if not most:
        return
    room = max(10, min(width() - 34, 60))
    for key, name in found.dentists:
        mine = [(month, one) for month, who, one in months if who == key]
        if not any(one.excused + one.unexcused for _, one in mine):
            continue
        title(f"{name} : absences par mois (█ non excusées, ░ excusées)")
        for month, one in mine:
            say(f"  {month:%m/%Y}  {_bar(one.unexcused, one.excused, most, room)}")


def _bar(unexcused: int, excused: int, most: int, room: int) -> str:
    each = min(4, room // most) or room / most  # cells of one absence
    full, light = (ceil(count * each) for count in (unexcused, excused))
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    dark = f"\033[31m{'█' * full}\033[0m" if colour and full else "█" * full
    counts = f"  {unexcused} + {excused}" if unexcused or excused else "0"
    return f"{dark}{'░' * light}{counts}"
