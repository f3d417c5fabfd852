"""P14, P31, P50: a correct address; a slip in the domain is proposed, never corrected silently."""

import pytest

from rules.model import Severity
from tests.desk import Desk
from tests.severity import with_severity
from tests.typed import TITLE, new


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("marie@orange.fr", "marie@orange.fr"),
        ("MARIE@ORANGE.FR", "marie@orange.fr"),
        ("mailto:marie@orange.fr", "marie@orange.fr"),
        ("Marie Dupont <marie@orange.fr>", "marie@orange.fr"),
        ("marie.dupont+dentiste@gmail.com", "marie.dupont+dentiste@gmail.com"),
        ("marie@mairie-bagnolet.fr", "marie@mairie-bagnolet.fr"),
    ],
)
def test_p14_p31_the_email_goes_to_the_address_however_it_is_typed(desk: Desk, typed: str, address: str) -> None:
    assert desk.books(TITLE, new(email=typed)).confirmed
    assert len(desk.mails(address)) == 1


BAD = [
    ("marie.orange.fr", "il manque le @"),
    ("marie[at]orange.fr", "il manque le @"),
    ("@orange.fr", "il manque ce qui précède le @"),
    ("marie@orange", "la fin du domaine manque (.fr, .com…)"),
    ("marie@orange.fr.", "un point en trop à la fin"),
    ("marie@orange,fr", "une virgule à la place d'un point"),
    ("marie dupont@orange.fr", "il y a une espace dans l'adresse"),
    ("hélène@orange.fr", "un accent dans l'adresse"),
    ("marie..dupont@orange.fr", "cette adresse ne peut pas exister"),
    ("marie@orange.fr, paul@free.fr", "deux adresses, une seule est attendue"),
    ("secretariat@lilas.example", "c'est l'adresse du cabinet"),
]


@pytest.mark.parametrize(("typed", "problem"), BAD)
def test_p14_p31_p50_what_is_no_address_says_what_is_wrong_and_blocks(desk: Desk, typed: str, problem: str) -> None:
    event = desk.books(TITLE, new(email=typed))
    assert event.wrong == [f"✗ E-mail « {typed} » : {problem}. Corrigez l'adresse."]
    assert not desk.sms()
    assert not desk.mails()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("marie@gmial.com", "marie@gmail.com"),
        ("marie@gmail.fr", "marie@gmail.com"),
        ("marie@hotmal.fr", "marie@hotmail.fr"),
        ("marie@orange.f", "marie@orange.fr"),
        ("marie@wanado.fr", "marie@wanadoo.fr"),
        ("marie@outlok.com", "marie@outlook.com"),
    ],
)
def test_p14_a_slip_in_the_domain_is_proposed_and_blocks_until_she_decides(desk: Desk, typed: str, meant: str) -> None:
    event = desk.books(TITLE, new(email=typed))
    line = f"✗ E-mail « {typed} » : vouliez-vous dire « {meant} » ? Corrigez, ou tapez « E-mail confirmé »."
    assert event.wrong == [line]
    assert not desk.mails()
    event.retypes(new(email=meant))
    assert event.confirmed
    assert len(desk.mails(meant)) == 1


def test_p14_confirmed_in_so_many_words_it_is_believed(desk: Desk) -> None:
    assert desk.books(TITLE, new(email="marie@gmial.com") + "\nE-mail confirmé").confirmed
    assert len(desk.mails("marie@gmial.com")) == 1


@pytest.mark.parametrize("typed", ["", "?", "xx", "non", "pas@demail.fr", "pas d'e-mail", "aucun@orange.fr"])
def test_p31_p34_ruling12_a_placeholder_is_a_missing_address(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(email=typed))
    assert event.wrong == ["✗ E-mail manquant : tapez « E-mail : nom@exemple.fr » ou « Sans e-mail : oui (raison) »."]


def test_p14_two_different_addresses_are_a_question(desk: Desk) -> None:
    event = desk.books(TITLE, new(email="marie@orange.fr") + "\nMail : paul@orange.fr")
    assert event.wrong == [
        "✗ E-mail « marie@orange.fr et paul@orange.fr » : deux adresses, une seule est attendue. Corrigez l'adresse."
    ]


def test_p50_a_wrong_address_blocks_even_with_a_good_one_on_file(known: Desk) -> None:
    event = known.books(TITLE, "E-mail : marie@orange")
    assert len(event.wrong) == 1
    assert not known.sms()


def test_p31_p34_without_an_address_the_reason_is_noted_and_the_sms_goes(desk: Desk) -> None:
    event = desk.books(TITLE, new(email=None) + "\nSans e-mail : oui (n'en a pas)")
    assert "✓ Sans e-mail, noté : n'en a pas." in event.reads
    assert event.confirmed
    assert len(desk.sms()) == 1
    assert not desk.mails()


def test_p31_p34_without_an_address_no_email_goes_to_the_one_on_file(known: Desk) -> None:
    event = known.books(TITLE, "Sans e-mail : oui (ne les lit pas)")
    assert "✓ Sans e-mail, noté : ne les lit pas." in event.reads
    assert (len(known.sms()), known.mails()) == (1, [])


def test_p31_ruling2_the_missing_address_added_later_brings_the_confirmation(desk: Desk) -> None:
    event = desk.books(TITLE, new(email=None))
    assert not desk.sms()
    event.adds("E-mail : marie.dupont@example.org")
    assert (len(desk.sms()), len(desk.mails("marie.dupont@example.org"))) == (1, 1)


def test_p14_p18_an_address_with_a_slip_that_the_practice_lets_pass_is_written_to(desk: Desk) -> None:

    with_severity(desk, "email-slip", Severity.WARNING)
    event = desk.books(TITLE, new(email="marie@gmial.com"))
    assert "! E-mail « marie@gmial.com » : vouliez-vous dire « marie@gmail.com » ?" in event.reads
    assert event.confirmed
    assert len(desk.mails("marie@gmial.com")) == 1
