"""Every trouble of a practice, produced in it, and what is said of it: `python -m tests.troubles` renews the table.

The table stands in docs/administration.md (`python -m docs.tables`); tests/docs compares it with what is said today.
"""

import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from schedule import Scheduler
from sqlalchemy import event

from adapters.base import Garbled, LoginRefused, NotThere, OutsideError, Permanent, Refused, TryLater, Uncertain
from adapters.calendars.memory import MemoryCalendar
from docs.tables import TROUBLES
from rules.model import Channel
from sync.cli.commands import status as state
from sync.core.context import Source
from sync.evaluate import occurrence
from sync.plan.older_store import QUESTION
from sync.pull.foreign_writer import ForeignWriter
from sync.store import calendars, resources
from sync.worker.daily_digest import todays
from sync.worker.hints import telling
from sync.worker.loop import Stop, Worker
from sync.worker.web_server import Desk
from tests.backups import backed_up, put_back
from tests.office import COMPLETE, PARIS, PRACTICE, Office, make_office

MINUTE = timedelta(minutes=1)
OTHER = COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972").replace("marie@", "anne@")
Produced = Callable[[Office, pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Said:
    """What the five say of one trouble, in the order of the table's columns."""

    trouble: str
    status: str
    code: int
    healthz: int
    alert: str
    digest: str


def every() -> list[Said]:
    """The whole table."""
    return [_said(name, produced) for name, produced in _TROUBLES.items()]


def _said(name: str, produced: Produced) -> Said:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        office = _office(Path(folder), name)
        office.passes()
        produced(office, patch)
        settings, stop = _settings(office), Stop()
        worker = Worker(office.world, 60, stop, Scheduler())
        for _ in range(2 * (name in STORE)):
            office.turned += 2 * MINUTE
            worker.turn()
        data = state._state(office.world, settings)
        with telling(worker) as hints:
            well = Desk(settings, worker, hints).healthy()
        alert = " ; ".join(dict.fromkeys(office.to_practice()))
        letter = todays(office.world)
        office.world.store.close()
    sections = " ; ".join(one.title for one in letter.sections) if letter else ""
    return Said(name, _shown(data), int(state.is_wrong(data)), 200 if well else 503, alert, sections)


def _office(folder: Path, name: str) -> Office:
    if name == READ_ONLY:
        shut = MemoryCalendar("memory:martin", PARIS, b"s" * 32, read_only=True)
        return make_office(folder, sources=[Source(shut, "martin")])
    most = 1 if name == FLOOD else PRACTICE.policy.most_per_pass
    return make_office(folder, replace(PRACTICE, policy=replace(PRACTICE.policy, most_per_pass=most)))


def _settings(office: Office) -> Any:
    ways = {"sms": Channel.SMS in office.world.senders or None, "email": True}
    return SimpleNamespace(
        sync=SimpleNamespace(every_seconds=60), messages=SimpleNamespace(**ways), page=None, dentists={},
        practice=SimpleNamespace(name=PRACTICE.name, key=PRACTICE.key),
    )  # fmt: skip


def _shown(data: dict[str, Any]) -> str:
    """The calendar's line, then the lines below the table, as `status` prints them."""
    return " ".join(_lines(data))


def _lines(data: dict[str, Any]) -> Iterator[str]:
    row = data["calendars"][0]
    yield f"« {state._word(row)} »" + (f" : {row['reason']}" if row["reason"] else "")
    box = data["outbox"]
    counted = {"retry": "à réessayer", "failed": "non remis", "uncertain": "incertain"}
    yield from (f"{box[name]} {words}." for name, words in counted.items() if box[name])
    for one in data["held"]:
        yield f"{state._retained(one['cancellations'], one['messages'])}."
    if data["older_store"]:
        yield QUESTION[1].partition("\n")[0]
    yield from (
        one for one in (*data["troubles"], *data["remarks"]) if not (row["reason"] and one.endswith(row["reason"]))
    )


# --- how each is produced --------------------------------------------------------------------------------------------


def _unread(error: OutsideError) -> Produced:
    def produced(office: Office, _: pytest.MonkeyPatch) -> None:
        office.calendars["martin"].fail_next(error, times=99)
        _pass(office, 3)

    return produced


def _refused(office: Office, _: pytest.MonkeyPatch) -> None:
    office.calendars["martin"].fail_next(
        Refused("Le serveur refuse l'écriture dans cet agenda (403).", whole=True), times=9
    )
    _booked(office)


def _empty(office: Office, _: pytest.MonkeyPatch) -> None:
    office.calendars["martin"].put("leer.ics", b"")
    _pass(office)


def _not_handed_out(office: Office, patch: pytest.MonkeyPatch) -> None:
    _booked(office)
    with office.world.store.write() as tx:
        resources.change(tx, "memory:martin", "visite.ics", owed=True, version=None)
    patch.setattr(office.calendars["martin"], "get", _raises(Garbled("…")))
    _pass(office, 3)


def _not_judged(office: Office, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(occurrence, "assess", _raises(KeyError()))
    _booked(office)


def _step(office: Office, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("sync.outbox.reminders.sweep", _raises(KeyError()))
    office.she_books("visite")
    for number in range(3):
        office.she_books("autre", day=9, hour=10 + number, text=OTHER)
        _pass(office, 1)


def _gateway(error: OutsideError, times: int = 99) -> Produced:
    def produced(office: Office, _: pytest.MonkeyPatch) -> None:
        office.sms.repeatable = False
        office.sms.faults.extend([(error, False)] * times)
        _booked(office)

    return produced


def _no_way(office: Office, _: pytest.MonkeyPatch) -> None:
    del office.world.senders[Channel.SMS]  # type: ignore[attr-defined]
    _booked(office)


def _braked(office: Office, _: pytest.MonkeyPatch) -> None:
    for number in range(7):
        text = COMPLETE.replace("06 12 34 56", f"06 12 34 {number:02}").replace("1981", f"198{number}")
        office.she_books(f"visite-{number}", day=7 + number, text=text.replace("marie@", f"m{number}@"))
        _pass(office, 1)
    for number in range(7):
        office.calendars["martin"].delete(f"visite-{number}.ics")
    _pass(office)


def _flood(office: Office, _: pytest.MonkeyPatch) -> None:
    office.she_books("visite")
    office.she_books("autre", day=9, text=OTHER)
    _pass(office)


def _clock(office: Office, _: pytest.MonkeyPatch) -> None:
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", last_success=office.now + timedelta(hours=17))


def _older_store(office: Office, _: pytest.MonkeyPatch) -> None:
    file = office.world.store.file
    assert file is not None
    _pass(office)
    backup = backed_up(office, file.parent)
    office.turned += timedelta(hours=1)
    _booked(office)
    put_back(office, backup)
    _pass(office)


def _disk_full(office: Office, patch: pytest.MonkeyPatch) -> None:
    """The file may not grow any more, as SQLite meets it."""
    store = office.world.store

    def shut(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={cursor.execute('PRAGMA page_count').fetchone()[0]}")

    event.listen(store._engine, "checkout", shut)
    patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    for number in range(40):
        office.she_books(f"visite-{number}", day=7 + number)


def _kept_by_another(office: Office, patch: pytest.MonkeyPatch) -> None:
    """Another program has it open for writing, and does not end."""
    store = office.world.store
    event.listen(store._engine, "checkout", lambda one, *_: one.cursor().execute("PRAGMA busy_timeout=50"))
    other = sqlite3.connect(str(store.file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    patch.setattr(office, "keeps", other, raising=False)
    office.she_books("visite")


def _nobody_runs(office: Office, _: pytest.MonkeyPatch) -> None:
    office.turned += timedelta(hours=1)


def _booked(office: Office, _: pytest.MonkeyPatch | None = None) -> None:
    office.she_books("visite")
    _pass(office, 3)


def _pass(office: Office, times: int = 2) -> None:
    for _ in range(times):
        office.passes(later=MINUTE)


def _raises(error: Exception) -> Callable[..., Any]:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    return fails


FLOOD = "messages retenus"
DISK_FULL, KEPT = "disque de la base plein", "base tenue par un autre programme"
STORE = {DISK_FULL, KEPT}
READ_ONLY = "agenda en lecture seule (rôle, flux, « read_only »)"
_TROUBLES: dict[str, Produced] = {
    "agenda injoignable": _unread(TryLater("Le serveur ne répond pas.")),
    "identifiant refusé": _unread(LoginRefused("Le serveur a refusé l'identifiant ou le mot de passe.")),
    "agenda disparu": _unread(NotThere("Cet agenda n'existe plus à cette adresse.")),
    "réponse incompréhensible": _unread(Garbled("La réponse de l'agenda n'a pas été comprise.")),
    "autre installation dans l'agenda": _unread(
        ForeignWriter("Une autre installation d'attitre écrit dans cet agenda.")
    ),
    READ_ONLY: _booked,
    "chaque écriture refusée": _refused,
    "événement illisible": _empty,
    "contenu annoncé, jamais remis": _not_handed_out,
    "événement non vérifié (erreur d'attitre)": _not_judged,
    "étape en échec (erreur d'attitre)": _step,
    "service d'envoi en panne": _gateway(TryLater("Le service d'envoi ne répond pas.")),
    "message refusé": _gateway(Permanent("Numéro refusé."), 1),
    "message incertain": _gateway(Uncertain("La réponse s'est perdue."), 1),
    "SMS non configurés": _no_way,
    "annulations retenues": _braked,
    FLOOD: _flood,
    "horloge reculée": _clock,
    "base plus ancienne que les agendas": _older_store,
    DISK_FULL: _disk_full,
    KEPT: _kept_by_another,
    "« attitre run » ne tourne pas": _nobody_runs,
}


def main() -> None:
    """Keep what is said today."""
    rows = [{name: getattr(one, name) for name in Said.__slots__} for one in every()]
    TROUBLES.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TROUBLES.name}: {len(rows)} troubles\n")


if __name__ == "__main__":
    main()
