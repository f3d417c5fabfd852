"""`status`, `/healthz` and exit codes say what is so: no calendar is up to date for a clock that stepped back."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from rules.model import Channel
from sync import health
from sync.cli import state, work
from sync.passes import PassReport
from sync.store import calendars, troubles
from tests.office import Office

SETTINGS: Any = SimpleNamespace(sync=SimpleNamespace(every_seconds=60))


def martin(office: Office) -> calendars.CalendarRow:
    with office.world.store.read() as tx:
        row = calendars.get(tx, "memory:martin")
    assert row is not None
    return row


def test_a_success_in_the_future_is_stale(office: Office) -> None:
    row = martin(office)
    assert health.state(office.world, row, SETTINGS) == "ok"
    ahead = replace(row, last_success=office.now + timedelta(hours=17))
    assert health.state(office.world, ahead, SETTINGS) == "stale"
    assert "horloge" in health.late(office.world, ahead, SETTINGS)


@pytest.mark.parametrize(("trouble", "code"), [("unreachable", 3), ("denied", 3), ("rival", 1), (None, 0)])
def test_sync_ends_with_3_for_what_could_not_be_reached_only(office: Office, trouble: str | None, code: int) -> None:
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", trouble=trouble, reason="…")
    report = PassReport(unreachable=("memory:martin",) if trouble else ())
    assert work._reached(office.world, report) == code


def test_what_attitre_fails_at_is_said(office: Office) -> None:
    with office.world.store.write() as tx:
        for _ in range(2):
            troubles.note(tx, troubles.STEP, "digest", "KeyError", office.now)
        troubles.note(tx, troubles.STEP, "sweep", "KeyError", office.now)  # once may be an accident
        troubles.note(tx, troubles.EVENT, "memory:martin\na.ics", "KeyError", office.now)
    with office.world.store.read() as tx:
        said = health.troubles_said(tx)
    assert sorted(said, reverse=True) == [
        "attitre n'arrive pas à envoyer le récapitulatif (KeyError, 2 fois de suite).",
        "1 événement n'a pas pu être vérifié, par une erreur d'attitre.",
    ]


def test_messages_that_no_way_leads_out_for_are_said(office: Office) -> None:
    del office.world.senders[Channel.EMAIL]  # type: ignore[attr-defined]
    office.she_books("visite")
    office.passes(later=timedelta(minutes=1))
    with office.world.store.read() as tx:
        assert state._no_way(office.world, tx) == [
            "Des messages attendent : aucun envoi par e-mail n'est configuré (voir « attitre check »)."
        ]


def test_a_calendar_that_takes_no_writes_is_not_said_to_be_up_to_date() -> None:
    assert state._word({"state": "ok", "read_only": "Rien n'y est écrit."}) == "lecture seule"
    assert state._word({"state": "ok", "read_only": None}) == "à jour"
