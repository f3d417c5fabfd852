"""From the YAML to Google calendars: one login for all that share it, whom the account acts for, what is only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from config.settings import Settings
from demo.googlestandin import OWNER, GoogleStandIn
from sync.wiring import open_world
from tests.google.practice import ROBOT

IDS = ("martin@lilas.example", "bernard@lilas.example")
YAML = """
practice: {{name: Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
dentists:
  martin:
    name: Dr Martin
    specialty: Dentiste
    calendars: [{{kind: google, calendar_id: martin@lilas.example{more}}}]
  bernard:
    name: Dr Bernard
    specialty: Orthodontiste
    calendars: [{{kind: google, calendar_id: bernard@lilas.example{more}}}]
motifs: [{{label: Contrôle, minutes: 20}}]
"""


@pytest.fixture
def google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as one:
        for calendar in IDS:
            one.add_calendar(calendar)
            one.service_account(ROBOT)
            one.share(calendar, ROBOT, "writer")
        yield one


def settings(google: GoogleStandIn, folder: Path, more: str = "") -> Settings:
    told = f', credentials: !env G, endpoint: "{google.root}"{more}'
    (folder / "attitre.yaml").write_text(YAML.format(more=told))
    found, problems = load([folder / "attitre.yaml"], {"G": google.credentials_json(ROBOT)})
    assert found is not None, problems
    return found


def test_calendars_of_one_account_share_one_login(google: GoogleStandIn, tmp_path: Path) -> None:
    with open_world(settings(google, tmp_path)) as world:
        names = [source.calendar.probe().name for source in world.sources]
    assert names == list(IDS)
    assert len(google.asked("token")) == 1
    assert [source.address for source in world.sources] == [f"google:{calendar}" for calendar in IDS]


def test_nothing_is_asked_before_a_calendar_is(google: GoogleStandIn, tmp_path: Path) -> None:
    with open_world(settings(google, tmp_path)) as world:
        assert len(world.sources) == 2
    assert google.log == []


def test_the_account_acts_for_the_subject(google: GoogleStandIn, tmp_path: Path) -> None:
    google.gate.identities[ROBOT].may_act_for.add(OWNER)
    with open_world(settings(google, tmp_path, f", subject: {OWNER}")) as world:
        world.sources[0].calendar.probe()
    assert {one.asked.who for one in google.asked("events")} == {OWNER}


def test_a_calendar_configured_as_read_only_is(google: GoogleStandIn, tmp_path: Path) -> None:
    with open_world(settings(google, tmp_path, ", read_only: oui")) as world:
        assert not world.sources[0].calendar.probe().writable
