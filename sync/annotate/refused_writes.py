"""Notes calendars whose server refuses every write (docs/design.md#details-people-rely-on).

They are read and evaluated as ever: patients are told, findings go to the digest. One refused event is tried again each
night, and all of them once a write succeeds. A calendar that is read-only by its role or by the configuration is none
of these.
"""

from __future__ import annotations

import json
from datetime import datetime

from msgspec import Struct

from adapters.base import EditResult, Refused, Written
from sync.core.context import World
from sync.store import calendars, journal, keyvalue, notices, resources
from sync.store.engine import Tx

_PREFIX = "writes-refused:"
NAMES = (_PREFIX,)


class Refusal(Struct, frozen=True):
    """The refusal of one calendar."""

    reason: str  # in French
    since: datetime


def every(tx: Tx) -> dict[str, Refusal]:
    """Calendar → its refusal, of the configured calendars."""
    found = keyvalue.starting_with(tx, _PREFIX)
    if not any(found.values()):
        return {}
    active = {row.calendar for row in calendars.every(tx) if row.active}
    by_calendar = {name.removeprefix(_PREFIX): value for name, value in found.items() if value}
    return {calendar: _read(value) for calendar, value in by_calendar.items() if calendar in active}


def said(refusal: Refusal) -> str:
    """The refusal in French, for `status` and the digest."""
    then = "Les patients sont prévenus ; les retours partent au récapitulatif."
    return f"Chaque écriture y est refusée : {refusal.reason} {then}"


def noted(world: World, tx: Tx, calendar: str, result: EditResult) -> None:
    """Note the result of a write: a refusal begins or ends."""
    known = keyvalue.get(tx, _PREFIX + calendar)
    if isinstance(result, Refused) and result.whole and not known:
        refusal = Refusal(result.reason, world.now())
        kept = {"reason": refusal.reason, "since": refusal.since.isoformat()}
        keyvalue.put(tx, _PREFIX + calendar, json.dumps(kept))
        journal.log(tx, refusal.since, "writes-refused", calendar=calendar)
        notices.raise_once(tx, f"{_PREFIX}{calendar}:{kept['since']}", *_alert(world, calendar, refusal), refusal.since)
    elif isinstance(result, Written) and known:
        keyvalue.put(tx, _PREFIX + calendar, "")
        journal.log(tx, world.now(), "writes-taken-again", calendar=calendar)
        resources.may_be_written(tx, calendar, _read(known).reason, world.now())


def try_one(world: World, tx: Tx, calendar: str) -> None:
    """At the nightly audit: let one refused event be written again."""
    known = keyvalue.get(tx, _PREFIX + calendar)
    if known:
        resources.may_be_written(tx, calendar, _read(known).reason, world.now(), at_most=1)


def _read(value: str) -> Refusal:
    kept = json.loads(value)
    return Refusal(kept["reason"], datetime.fromisoformat(kept["since"]))


def _alert(world: World, calendar: str, refusal: Refusal) -> tuple[str, str]:
    source = world.source(calendar)
    name = world.called(source.dentist) if source else calendar
    text = (
        f"L'agenda « {name} » est lu, mais il ne se laisse pas écrire : {refusal.reason}\n\nLes patients sont prévenus "
        "comme d'habitude ; les retours qui devaient s'afficher dans les événements partent au récapitulatif. Donnez à "
        "attitre le droit d'écrire dans cet agenda, ou déclarez-le « read_only: oui » dans la configuration. Un essai "
        "est refait chaque nuit et à chaque rendez-vous nouveau.\n\nDétail : attitre status"
    )
    return f"attitre : agenda « {name} » : écriture refusée", text
