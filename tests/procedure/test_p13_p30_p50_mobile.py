"""P13, P30, P50, S62: a real mobile, in any notation, or a traced exception; anything else says what is wrong."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import MARIE, Desk, make_desk
from tests.typed import TITLE, new


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033 6 12 34 56 78", "+33612345678"),
        ("07 51 23 45 67", "+33751234567"),
        ("0690 12 34 56", "+590690123456"),
        ("0692 12 34 56", "+262692123456"),
        ("0639 01 23 45", "+262639012345"),
        ("+32 470 12 34 56", "+32470123456"),
        ("01 43 00 11 22 / 06 12 34 56 78", "+33612345678"),
        ("06 12 34 56 78 (le soir)", "+33612345678"),
    ],
)
def test_p13_p30_the_sms_goes_to_the_mobile_however_it_is_typed(desk: Desk, typed: str, number: str) -> None:
    event = desk.books(TITLE, new(mobile=typed))
    assert event.confirmed
    assert [one.to for one in desk.office.sms.sent] == [number]


BAD = [
    ("01 43 00 11 22", "c'est un fixe"),
    ("09 72 12 12 12", "c'est un fixe (box)"),
    ("+33 1 43 00 11 22", "c'est un fixe"),
    ("06 12 34 56 7", "9 chiffres, il en faut 10"),
    ("612345678", "9 chiffres, il en faut 10 (le 0 du début manque ?)"),
    ("06 12 34 56 789", "11 chiffres, il en faut 10"),
    ("O6 12 34 56 78", "la lettre O à la place du chiffre 0"),
    ("06 12 34 56 7O", "la lettre O à la place du chiffre 0"),
    ("07 12 12 12 12", "ce numéro n'est pas attribué"),
    ("0700 12 34 56", "c'est un numéro de machine (0700), pas un mobile"),
    ("08 36 65 65 65", "c'est un numéro spécial, pas un mobile"),
    ("96 12 34 56 78", "un numéro français commence par 0"),
    ("+32 2 513 89 40", "c'est un fixe"),
    ("+999 12 34 56 78", "l'indicatif du pays n'existe pas"),
    ("06 12 34 56 78 ou 06 98 76 54 32", "deux numéros, un seul est attendu"),
    ("à sa fille", "ce n'est pas un numéro de téléphone"),
]


@pytest.mark.parametrize(("typed", "problem"), BAD)
def test_p13_p30_p50_what_is_no_mobile_says_what_is_wrong_and_blocks(desk: Desk, typed: str, problem: str) -> None:
    event = desk.books(TITLE, new(mobile=typed))
    assert event.wrong == [f"✗ Mobile « {typed} » : {problem}. Tapez un numéro à 10 chiffres en 06 ou 07."]
    assert event.mark == "⚠ "
    assert not desk.sms()
    assert not desk.mails()
    assert not desk.directory()


def test_p13_the_practices_own_number_is_nobodys(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.runs(replace(desk.office.world.practice, phone="06 11 22 33 44"))
    event = desk.books(TITLE, new(mobile="06 11 22 33 44"))
    assert "✗ Mobile « 06 11 22 33 44 » : c'est le numéro du cabinet." in event.reads


@pytest.mark.parametrize("typed", ["", "?", "xx", "à voir", "0600000000", "06 11 11 11 11", "aucun", "non"])
def test_p30_p34_ruling12_a_placeholder_is_a_missing_mobile(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(mobile=typed))
    assert event.wrong == ["✗ Mobile manquant : tapez « Mobile : 06 … » ou « Sans mobile : oui (raison) »."]
    assert not desk.sms()


@pytest.mark.parametrize(
    "text",
    [
        "Mobile : 06 12 34 56 78\nMobile : 06 98 76 54 32",
        "Tél : 06 12 34 56 78\nPortable : 06 98 76 54 32",
    ],
)
def test_p13_two_different_mobiles_are_a_question(desk: Desk, text: str) -> None:
    event = desk.books(TITLE, new(mobile=None) + f"\n{text}")
    assert "✗ Mobile « 06 12 34 56 78 et 06 98 76 54 32 » : deux numéros, un seul est attendu." in event.reads
    assert not desk.sms()


def test_p13_the_same_mobile_twice_is_one(desk: Desk) -> None:
    assert desk.books("DUPONT Marie 0612345678 – détartrage", new()).confirmed


MOREAU = replace(
    MARIE, family_name="Moreau", given_name="Luc", birth_date=date(1970, 2, 1), mobile="+33612345687",
    email="luc.moreau@example.org", address="9 rue Verte, 69001 Lyon",
)  # fmt: skip


def test_p13_a_slip_that_is_a_strangers_number_tells_no_stranger(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, MOREAU])
    event = desk.books(TITLE, "Mobile : 06 12 34 56 87")
    assert event.wrong == [
        "✗ Mobile « 06 12 34 56 87 » : c'est aussi celui de MOREAU Luc, né(e) le 01/02/1970. "
        "Corrigez, ou tapez « Mobile confirmé »."
    ]
    assert not desk.sms()
    event.adds("Mobile confirmé")
    assert event.confirmed
    assert [one.to for one in desk.office.sms.sent] == ["+33612345687"]


def test_p13_ruling13_a_family_shares_a_number_without_a_word(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, MOREAU])
    sister = desk.books("DUPONT Anne – détartrage", new(born="03/02/2001", email="anne@example.org"))
    partner = desk.books(
        "PETIT Jean – détartrage", new(born="03/02/1979", email="jean@example.org"), at="01/12 11:00"
    )  # another name, the same address
    assert sister.confirmed
    assert partner.confirmed
    assert "c'est aussi celui de" not in sister.reads + partner.reads


def test_p50_a_wrong_mobile_blocks_even_with_a_good_one_on_file(known: Desk) -> None:
    event = known.books(TITLE, "Mobile : 06 12 34 56 7")
    assert event.wrong == [
        "✗ Mobile « 06 12 34 56 7 » : 9 chiffres, il en faut 10. Tapez un numéro à 10 chiffres en 06 ou 07."
    ]
    assert not known.sms()


def test_p30_p34_without_a_mobile_the_reason_is_noted_and_the_email_goes(desk: Desk) -> None:
    event = desk.books(TITLE, new(mobile=None) + "\nSans mobile : oui (n'a pas de portable)")
    assert "✓ Sans mobile, noté : n'a pas de portable." in event.reads
    assert event.confirmed
    assert not desk.sms()
    assert len(desk.mails("marie.dupont@example.org")) == 1


def test_p30_p34_without_a_mobile_no_sms_goes_to_the_one_on_file(known: Desk) -> None:
    event = known.books(TITLE, "Sans mobile : oui (n'en a plus)")
    assert "✓ Sans mobile, noté : n'en a plus." in event.reads
    assert event.confirmed
    assert (known.sms(), len(known.mails())) == ([], 1)
    assert known.directory()[0].mobile == MARIE.mobile  # for this booking only


def test_p30_p34_a_mobile_and_without_a_mobile_is_a_question(known: Desk) -> None:
    event = known.books(TITLE, "Sans mobile : oui (n'en a plus)\nMobile : 06 99 88 77 66")
    assert event.wrong == [
        "✗ « 06 99 88 77 66 » et « Sans mobile : oui (n'en a plus) » se contredisent : gardez l'un des deux. Un numéro "
        "où il ne veut pas de message : tapez « Commentaire : » devant."
    ]
    assert not known.sms()
    assert known.directory()[0].mobile == MARIE.mobile


@pytest.mark.parametrize("typed", ["Sans mobile", "Sans mobile : oui", "Sans mobile : ?", "Sans mobile : non"])
def test_p30_p34_nothing_is_waived_without_a_reason(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(mobile=None) + f"\n{typed}")
    assert event.wrong == ["✗ Mobile manquant : tapez « Mobile : 06 … » ou « Sans mobile : oui (raison) »."]


def test_p30_p34_ruling19_the_exception_stays_until_a_mobile_is_typed(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[replace(MARIE, mobile=None)])
    assert desk.books(TITLE, "Sans mobile : oui (n'en veut pas)").confirmed
    other = desk.books("DUPONT Marie – contrôle", at="03/12 10:00", minutes=20)
    assert "✓ Sans mobile, noté : n'en veut pas (noté le 24/11/2026)." in other.said("✓")
    third = desk.books("DUPONT Marie – couronne", "Mobile : 06 98 76 54 32", at="04/12 10:00", minutes=60)
    assert third.confirmed
    assert desk.sms("+33698765432")


def test_p34_who_wants_no_sms_keeps_the_number_in_the_comment(desk: Desk) -> None:
    event = desk.books(TITLE, new() + "\nSans mobile : oui (ne veut pas)")
    assert "« 06 12 34 56 78 » et « Sans mobile : oui (ne veut pas) » se contredisent" in event.wrong[0]
    event.retypes(new(mobile=None) + "\nSans mobile : oui (ne veut pas)\nCommentaire : 06 12 34 56 78")
    assert event.confirmed
    assert not desk.sms()
