"""The waiting list as a calendar of its own: an event for each who waits (P44)."""

from pathlib import Path

import pytest

from adapters.web.patients import What
from tests.desk import LUC, MARIE, Desk, moment
from tests.procedure.waiting import LIST, Phone, desk_with_list, phone_of, titles


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_with_list(tmp_path, [MARIE, LUC])


@pytest.fixture
def marie(desk: Desk) -> Phone:
    return phone_of(desk, MARIE)


def frees(desk: Desk, at: str = "01/12 10:00") -> None:
    event = desk.books("MOREAU Luc – détartrage", at=at)
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)


def test_p44_an_event_of_the_list_says_that_nothing_is_reserved(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", "mardi matin, après 17 h", dentist=LIST)
    assert event.reads == (
        "✓ Inscrit sur la liste d'attente : rien n'est réservé.\n"
        "DUPONT Marie : Détartrage, 30 min, Dr Claire Martin, souhaite mardi matin ou après 17 h"
    )
    assert not desk.sms()


def test_p44_an_event_of_the_list_says_what_is_missing(desk: Desk) -> None:
    assert desk.books("DUPONT Marie", dentist=LIST).wrong == [
        "✗ Motif manquant : tapez « Motif : … ». Motifs : Détartrage, Douleur, Contrôle, Couronne."
    ]
    assert desk.books("à voir", dentist=LIST).wrong == [
        "✗ Pour qui ? Tapez le nom du patient dans le titre : « DUPONT Marie – détartrage »."
    ]


def test_p44_who_has_no_appointment_gets_one_and_is_told(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", "mardi matin", dentist=LIST)
    frees(desk, at="02/12 10:00")
    assert not marie.offers
    frees(desk)
    assert len(marie.offers) == 1
    assert not marie.sees().rows
    assert marie.presses(What.ACCEPT).pending
    for _ in range(3):
        desk.waits(minutes=1)
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert titles(desk, LIST) == []
    assert "RDV confirmé le" in marie.desk.sms(MARIE.mobile)[-1]
    assert marie.sees().news == "C'est noté : ce rendez-vous est à vous."


def test_p44_the_secretary_was_faster_so_nothing_is_noted(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    marie.presses(What.ACCEPT)
    desk.books("MOREAU Luc – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    assert titles(desk) == ["MOREAU Luc – contrôle"]
    assert titles(desk, LIST) == ["DUPONT Marie – détartrage"]
    assert marie.sees().news == "Ce créneau a été repris par le cabinet. Vous gardez votre place sur la liste."


def test_p44_taken_off_the_list_nobody_is_asked(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    event.deletes()
    frees(desk)
    assert not marie.offers
    assert moment("01/12 10:00") > desk.office.now


def test_p44_the_lists_event_says_what_was_offered_and_how_it_ended(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    desk.waits(minutes=1)
    assert event.reads.endswith("✓ Proposé le 24/11 à 9 h 01 : mardi 1er décembre à 10 h, attend sa réponse")
    marie.presses(What.REFUSE)
    desk.waits(minutes=1)
    assert event.reads.endswith("mardi 1er décembre à 10 h, refusé")
