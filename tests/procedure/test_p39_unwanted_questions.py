"""Who wants no messages on a channel is asked nothing there either (P39, P44, P23)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import LinkTo, What
from rules.model import Patient as Known
from tests.at_the_page import Patient
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.procedure.waiting import LIST, OFFERING, desk_with_list, frees, phone_of, titles

WAITS = "Liste d'attente"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, OFFERING, [MARIE, LUC])


def asked_of(desk: Desk, known: Known) -> tuple[int, int]:
    """How many SMS and e-mails came that ask something."""
    asks = ("/o/", "/a/")
    found = (desk.sms(known.mobile), desk.mails(known.email))
    sms, mails = (len([text for text in texts if any(one in text for one in asks)]) for texts in found)
    return sms, mails


@pytest.mark.parametrize(
    ("off", "asked"), [((), (1, 1)), (("sms",), (0, 1)), (("email",), (1, 0)), (("sms", "email"), (0, 0))]
)
def test_p39_p44_no_offer_goes_where_no_message_is_wanted(
    desk: Desk, off: tuple[str, ...], asked: tuple[int, int]
) -> None:
    desk.books("DUPONT Marie – détartrage", WAITS, at="15/12 10:00")
    Patient(desk).does(What.FEWER, sans=off)
    desk.waits(minutes=1)
    frees(desk)
    assert asked_of(desk, MARIE) == asked
    assert any(one.startswith("Proposé") for one in titles(desk)) == any(asked)


def test_p39_p23_no_agreement_is_asked_where_no_message_is_wanted(desk: Desk) -> None:
    desk.books("DUPONT Marie – contrôle", at="15/12 10:00", minutes=20)
    Patient(desk).does(What.FEWER, sans=("sms", "email"))
    desk.waits(minutes=1)
    event = desk.books("DUPONT Marie – détartrage", "Demander l'accord", at="02/12 10:00", dentist="bernard")
    assert asked_of(desk, MARIE) == (0, 0)
    assert "Appelez le patient, puis tapez « Accord patient : oui (quand, comment) »" in event.reads


def test_p39_p44_a_link_to_a_corrected_number_is_somebody_elses(tmp_path: Path) -> None:
    wrong = replace(MARIE, mobile="+33699999999")
    desk = desk_with_list(tmp_path, [wrong, LUC])
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    stranger = phone_of(desk, wrong)
    assert stranger.sees().may
    event.adds("Mobile : 06 12 34 56 78")
    assert stranger._pages.shown(LinkTo.OFFER, stranger._secret(0)) is None
