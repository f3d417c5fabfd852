"""`attitre waiting` and what `attitre explain` says of a freed slot (P44)."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from click.testing import Result
from typer.testing import CliRunner

from adapters.web.patients import What
from sync.cli import app
from sync.cli.practices import one_settings
from sync.report import lookup
from sync.store import bookings
from sync.waiting import report
from sync.wiring import open_world
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.procedure.waiting import LIST, OFFERING, PAUL, ZOE, desk_with_list, phone_of, titles

YAML = """\
practice:
  {{name: Les Lilas, key: lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: a@l.fr}}
store: "sqlite:///{store}"
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    hours: {{mon-fri: "08:30-12:30 14:00-19:00"}}
    calendars: [{{kind: caldav, url: "https://dav.example/cabinet/martin/"}}]
motifs: [{{label: Détartrage, minutes: 30}}]
waiting_list: {{mode: in_turn}}
messages: {{sms: {{kind: http, url: "http://127.0.0.1:9/sms", json: {{to: "{{to}}", text: "{{text}}"}}}}}}
page: {{public_url: "https://rdv.lilas.example"}}
"""
Run = Callable[..., Result]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie was offered Luc's slot, Zoé is next, Paul's appointment is too near."""
    desk = make_desk(tmp_path, OFFERING, [MARIE, LUC, ZOE, PAUL])
    desk.books("DUPONT Marie – détartrage", "Liste d'attente : mardi matin", at="15/12 10:00")
    desk.waits(days=1)
    desk.books("PETIT Zoé – détartrage", "Liste d'attente", at="16/12 10:00")
    desk.books("ROUX Paul – détartrage", "Liste d'attente", at="03/12 10:00")
    event = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)
    return desk


@pytest.fixture
def attitre(tmp_path: Path, desk: Desk) -> Run:
    (tmp_path / "attitre.yaml").write_text(YAML.format(store=tmp_path / "lilas.db"), encoding="utf-8")

    def run(*words: str) -> Result:
        with time_machine.travel(desk.office.now, tick=False):
            return CliRunner().invoke(app, [*words, "-c", str(tmp_path / "attitre.yaml")], env={"COLUMNS": "120"})

    return run


def test_p44_who_waits_and_what_was_offered(attitre: Run) -> None:
    said = attitre("waiting").output
    assert re.search(r"DUPONT Marie  Dr Martin +Détartrage +24/11/2026  15/12/2026 10:00  attend +mardi matin", said)
    assert "01/12/2026 10:00  Dr Martin  DUPONT Marie" in said
    assert "attend sa réponse" in said
    assert max(map(len, said.splitlines())) <= 120
    data = json.loads(attitre("waiting", "--json").output)
    assert [one["patient"] for one in data["entries"]] == ["DUPONT Marie", "PETIT Zoé", "ROUX Paul"]
    assert data["offers"][0]["state"] == "open"


def test_p44_stop_withdraws_and_nobody_else_is_asked(attitre: Run, desk: Desk) -> None:
    assert attitre("waiting", "stop", "99").exit_code == 1
    assert attitre("waiting", "stop", "1").output.split("\n")[:2] == [
        "1 proposition retirée :", "  n° 1  DUPONT Marie  01/12/2026 10:00",
    ]  # fmt: skip
    assert "repris par le cabinet" in phone_of(desk, MARIE).sees().news
    desk.waits(minutes=1)
    assert not [title for title in titles(desk) if title.startswith("Proposé")]
    desk.waits(hours=2)
    assert not phone_of(desk, ZOE).offers
    assert attitre("waiting", "stop").output == "Aucune proposition en cours.\n"
    said = attitre("waiting").output
    assert "retiré par le cabinet" in said
    assert "retiré : " not in said


def test_p44_explain_says_who_was_asked_and_how_it_ended(attitre: Run, desk: Desk) -> None:
    said = " ".join(attitre("explain", "moreau").output.split())
    assert "Créneau libéré, 01/12/2026 10:00, Dr Claire Martin : proposé" in said
    assert "DUPONT Marie proposé le 25/11 à 09:01 attend sa réponse" in said
    assert "ROUX Paul non son rendez-vous est le jeudi 3 décembre à 10 h, gain de moins de 3 jours" in said
    phone_of(desk, MARIE).presses(What.REFUSE)
    assert "DUPONT Marie proposé le 25/11 à 09:01 refusé" in " ".join(attitre("explain", "moreau").output.split())


def test_p44_who_fitted_who_did_not_and_why(desk: Desk) -> None:
    with desk.office.world.store.read() as tx:
        [luc] = bookings.with_uid(tx, "e4", "", desk.office.world.practice.zone)
        [freed] = report.freed_by(desk.office.world, tx, luc.id)
    assert freed.fits == (("PETIT Zoé", moment("01/12 10:00")),)
    assert report.said(freed.gap, asked=bool(freed.asked)) == "proposé"
    assert report.said(freed.gap, asked=False) == "libre, proposé à personne pour l'instant"
    assert dict(freed.others) == {
        "DUPONT Marie": "déjà sollicité pour ce créneau",
        "ROUX Paul": "son rendez-vous est le jeudi 3 décembre à 10 h, gain de moins de 3 jours",
    }


def test_p44_the_lists_own_calendar_is_read_as_any_other(tmp_path: Path) -> None:
    own = "waiting_list: {{calendar: {{kind: caldav, url: https://dav.example/cabinet/attente/}}}}"
    text = YAML.replace("waiting_list: {{mode: in_turn}}", own).format(store=tmp_path / "lilas.db")
    (tmp_path / "attitre.yaml").write_text(text, encoding="utf-8")
    with open_world(one_settings([tmp_path / "attitre.yaml"])) as world:
        assert [(one.dentist, one.lists_waiting) for one in world.sources] == [
            ("martin", False), ("liste d'attente", True),
        ]  # fmt: skip
        assert world.practice.waiting is not None


def test_p44_an_unknown_word_is_answered_with_what_can_be_typed(attitre: Run) -> None:
    said = attitre("waiting", "halt")
    assert said.exit_code == 2
    assert "« halt » n'est pas une action. Pour retirer une proposition : attitre waiting stop 12" in said.output


def test_p44_explain_says_who_waits_by_an_event_and_why_nothing_is_offered(attitre: Run) -> None:
    marie = " ".join(attitre("explain", "dupont").output.split())
    assert "Liste d'attente : attend DUPONT Marie attend depuis le 24/11/2026, 30 min, Dr Claire Martin" in marie
    assert "souhait : mardi matin. mardi 1er décembre à 10 h proposé le 25/11 à 09:01 attend sa réponse" in marie
    paul = " ".join(attitre("explain", "roux").output.split())
    assert "libre son rendez-vous est le jeudi 3 décembre à 10 h, gain de moins de 3 jours" in paul
    data = json.loads(attitre("explain", "zoé", "--json").output)["waiting"]
    assert (data["wish"], data["asked"], len(data["free"])) == ("toute heure", [], 1)


def test_p44_explain_takes_no_offer_for_the_appointment_of_whoever_is_asked(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, OFFERING, [MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
    event = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)
    desk.waits(minutes=1)
    assert any(title.startswith("Proposé : DUPONT M.") for title in titles(desk))
    world = desk.office.world
    with world.store.read() as tx:
        [target] = lookup.find(world, tx, "dupont")
    assert target.booking is not None


def test_p44_explain_knows_the_events_of_the_lists_own_calendar(tmp_path: Path) -> None:
    desk = desk_with_list(tmp_path, [MARIE, LUC])
    desk.books("DUPONT Marie – détartrage", "le jeudi", dentist=LIST)
    event = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)
    world = desk.office.world
    with world.store.read() as tx:
        [target] = lookup.find(world, tx, "dupont")
        found = report.of_event(world, tx, target.place, None)
    assert found is not None
    assert (found.entry.standing.name, found.asked) == ("DUPONT Marie", ())
    assert [why for _, why in found.free] == ["souhaite jeudi"]
