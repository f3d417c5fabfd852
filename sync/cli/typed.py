"""Words after a command: a day, a dentist."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import typer

from sync.cli.frame import Failure

if TYPE_CHECKING:
    from sync.core.context import World


def day_of(text: str) -> date:
    """`24/11/2026` or `2026-11-24`. Raises BadParameter."""
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    raise typer.BadParameter(f"« {text} » n'est pas une date : écrivez 24/11/2026 ou 2026-11-24.")


def dentist_of(world: World, wanted: str | None) -> str | None:
    """The key of the dentist meant by key, name, calendar or address. Raises Failure with the valid ones."""
    from config.roster import means
    from rules.entry import yes_no
    from sync.store import calendars

    keys = [dentist.key for dentist in world.practice.dentists]
    if wanted is None or wanted in keys:
        return wanted
    with world.store.read() as tx:
        found = [row.dentist for row in calendars.every(tx) if means(wanted, row.calendar, [row.dentist])]
    meant = found[0] if found else yes_no.dentist(wanted, world.practice).key
    if meant is None:
        raise Failure(f"« {wanted} » ne désigne aucun dentiste. Dentistes : {', '.join(keys)}.")
    return meant
