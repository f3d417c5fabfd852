"""P34 with ruling 19: what was answered once for a patient stays on the record, is shown where it is used, and ends."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from rules.model import Patient
from tests.desk import MARIE, Desk, make_desk
from tests.typed import TITLE, lines, new

CHILD = Patient("Girard", "Inès", birth_date=date(2016, 4, 9), address="8 rue Pelleport, 75020 Paris", dentist="martin")
TOM = replace(CHILD, given_name="Tom", birth_date=date(2014, 2, 1))
NONE = "Sans e-mail : oui (n'en a pas)"
MOTHER = "Responsable : Mme Girard, 06 11 22 33 44, girard@example.org"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[CHILD, TOM])


def only(desk: Desk, given: str) -> Patient:
    return next(one for one in desk.directory() if one.given_name == given)


@pytest.mark.parametrize("line", [NONE, "pas de mail (n'en a pas)", "n'a pas d'adresse mail"])
def test_p34_no_email_is_asked_once(desk: Desk, line: str) -> None:
    first = desk.books(TITLE, f"{new(email=None)}\n{line}")
    assert first.confirmed, first.reads
    assert "✓ Sans e-mail, noté : n'en a pas." in first.said("✓")
    again = desk.books("DUPONT Marie – contrôle", at="08/12 10:00")
    assert again.confirmed, again.reads
    assert "✓ Sans e-mail, noté : n'en a pas (noté le 24/11/2026)." in again.said("✓")
    assert (only(desk, "Marie").without_email, only(desk, "Marie").without_email_since) == (
        "n'en a pas",
        date(2026, 11, 24),
    )


def test_p34_no_mobile_is_asked_once(desk: Desk) -> None:
    assert desk.books(TITLE, f"{new(mobile=None)}\nSans mobile : oui (refuse)").confirmed
    again = desk.books("DUPONT Marie – contrôle", at="08/12 10:00")
    assert "✓ Sans mobile, noté : refuse (noté le 24/11/2026)." in again.said("✓")
    assert again.confirmed


def test_p34_an_email_that_is_typed_ends_it(desk: Desk) -> None:
    desk.books(TITLE, f"{new(email=None)}\n{NONE}")
    again = desk.books("DUPONT Marie – contrôle", "E-mail : marie@example.org", at="08/12 10:00")
    assert again.confirmed
    assert [one.to for one in desk.office.email.sent if "marie" in one.to] == ["marie@example.org"]
    assert only(desk, "Marie").without_email is None


def test_p34_it_is_taken_back_in_so_many_words(desk: Desk) -> None:
    desk.books(TITLE, f"{new(email=None)}\n{NONE}")
    again = desk.books("DUPONT Marie – contrôle", "Sans e-mail : non", at="08/12 10:00")
    assert again.wrong == ["✗ E-mail manquant : tapez « E-mail : nom@exemple.fr » ou « Sans e-mail : oui (raison) »."]


def test_p34_without_a_reason_nothing_is_kept(desk: Desk) -> None:
    assert desk.books(TITLE, f"{new(email=None)}\nSans e-mail : oui").mark == "⚠ "
    assert all(one.without_email is None for one in desk.directory())


def test_p34_a_guardians_number_is_asked_once(desk: Desk) -> None:
    first = desk.books("GIRARD Inès – contrôle", MOTHER)
    assert first.confirmed, first.reads
    again = desk.books("GIRARD Inès – détartrage", at="08/12 10:00")
    assert again.confirmed, again.reads
    assert "✓ Responsable, d'après le dossier : Mme Girard, …44 (noté le 24/11/2026)." in again.said("✓")
    assert [one.to for one in desk.office.sms.sent] == ["+33611223344"] * 2


def test_p34_a_guardian_serves_several_children(desk: Desk) -> None:
    desk.books("GIRARD Inès – contrôle", MOTHER)
    brother = desk.books("GIRARD Tom – contrôle", "Responsable : Mme Girard", at="01/12 11:00")
    assert brother.confirmed, brother.reads
    assert [one.to for one in desk.office.sms.sent] == ["+33611223344"] * 2
    assert only(desk, "Tom").guardian_mobile == "+33611223344"


@pytest.mark.parametrize("typed", ["Élodie Girard", "ÉLODIE GIRARD", "élodie girard", "Elodie Girard"])
def test_p34_a_guardian_is_known_by_the_name_however_it_is_typed(desk: Desk, typed: str) -> None:
    desk.books("GIRARD Inès – contrôle", MOTHER.replace("Mme Girard", "Élodie Girard"))
    brother = desk.books("GIRARD Tom – contrôle", f"Responsable : {typed}", at="01/12 11:00")
    assert brother.confirmed, brother.reads
    assert only(desk, "Tom").guardian_mobile == "+33611223344"


def test_p34_a_guardian_is_known_among_many_of_that_name(desk: Desk) -> None:
    named = replace(CHILD, guardian="Élodie Girard", guardian_mobile="+33699887766")
    desk.knows(*(replace(named, family_name=f"Petit{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"))
    desk.knows(replace(named, given_name="Léo", guardian_mobile="+33611223344"))
    assert desk.books("GIRARD Tom – contrôle", "Responsable : Élodie Girard").wrong == [
        "✗ E-mail manquant : tapez « E-mail : nom@exemple.fr » ou « Sans e-mail : oui (raison) »."
    ]


def test_p34_a_guardian_is_known_by_a_family_name_of_two_words(desk: Desk) -> None:
    named = replace(CHILD, family_name="Le Goff", guardian="Mme Le Goff")
    mother = replace(named, guardian_mobile="+33611223344", guardian_email="goff@example.org")
    desk.knows(mother, replace(named, given_name="Tom", guardian=None))
    event = desk.books("LE GOFF Tom – contrôle", "Responsable : Mme Le Goff")
    assert event.confirmed, event.reads


def test_p34_another_familys_guardian_of_that_name_is_asked_for(desk: Desk) -> None:
    desk.knows(replace(CHILD, family_name="Petit", given_name="Zoé"))
    desk.books("GIRARD Inès – contrôle", MOTHER)
    other = desk.books("PETIT Zoé – contrôle", "Responsable : Mme Girard", at="01/12 11:00")
    assert [line.partition(" :")[0] for line in other.wrong] == ["✗ Mobile manquant", "✗ E-mail manquant"]


def test_p34_maman_keeps_the_name_on_file(desk: Desk) -> None:
    desk.books("GIRARD Inès – contrôle", MOTHER)
    again = desk.books("GIRARD Inès – détartrage", "maman 06 99 88 77 66", at="08/12 10:00")
    assert again.confirmed, again.reads
    assert (only(desk, "Inès").guardian, only(desk, "Inès").guardian_mobile) == ("Mme Girard", "+33699887766")


def test_p34_another_guardian_brings_nothing_of_the_first(desk: Desk) -> None:
    desk.books("GIRARD Inès – contrôle", MOTHER)
    again = desk.books("GIRARD Inès – détartrage", "Responsable : M. Leroy", at="08/12 10:00")
    assert [line.partition(" :")[0] for line in again.wrong] == ["✗ Mobile manquant", "✗ E-mail manquant"]


def test_p34_taken_back_the_guardian_is_nobody(desk: Desk) -> None:
    desk.books("GIRARD Inès – contrôle", MOTHER)
    again = desk.books("GIRARD Inès – détartrage", "Responsable : aucun", at="08/12 10:00")
    assert [line.partition(" :")[0] for line in again.wrong] == ["✗ Mobile manquant", "✗ E-mail manquant"]


def test_p34_a_mothers_number_beside_an_adult_is_asked_about(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE])
    event = desk.books(TITLE, "maman 06 99 88 77 66")
    assert event.wrong[0].startswith("✗ « maman …887766 » : à qui est-ce ?")
    assert desk.sms() == []


def test_p34_an_adult_is_written_to_in_person(tmp_path: Path) -> None:
    grown = replace(MARIE, guardian="Mme Dupont", guardian_mobile="+33699887766")
    desk = make_desk(tmp_path, known=[grown])
    assert desk.books(TITLE, lines()).confirmed
    assert [one.to for one in desk.office.sms.sent] == [MARIE.mobile]
