"""P12, P28: family name and complete first name, in normal capitals; nothing that is no name."""

import pytest

from tests.desk import Desk
from tests.typed import new


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("DUPONT Marie", "DUPONT Marie"),
        ("dupont marie", "DUPONT Marie"),
        ("DUPONT MARIE", "DUPONT Marie"),
        ("Marie Dupont", "DUPONT Marie"),
        ("Mme DUPONT Marie", "DUPONT Marie"),
        ("DUPONT  marie-claude", "DUPONT Marie-Claude"),
        ("le goff anne-laure", "LE GOFF Anne-Laure"),
        ("Jean-Baptiste LE GOFF", "LE GOFF Jean-Baptiste"),
        ("D’HERVÉ-LACŒUR Anne", "D’HERVÉ-LACŒUR Anne"),
        ("DUPONT née MARTIN Marie", "DUPONT Marie"),
        ("O'BRIEN Patrick", "O'BRIEN Patrick"),
    ],
)
def test_p12_p28_a_name_is_taken_apart_and_normal_capitals_restored(desk: Desk, typed: str, name: str) -> None:
    event = desk.books(f"{typed} – détartrage", new())
    assert f"{name}, né(e) le 12/05/1981" in event.reads
    assert event.confirmed
    assert [one.name for one in desk.directory()] == [name]


def test_p12_the_birth_name_is_kept_and_finds_the_patient(desk: Desk) -> None:
    desk.books("DUPONT née MARTIN Marie – détartrage", new())
    assert desk.directory()[0].birth_name == "Martin"
    event = desk.books("MARTIN Marie – contrôle", at="03/12 10:00", minutes=20)
    assert "DUPONT Marie, né(e) le 12/05/1981" in event.reads


def test_p28_labelled_fields_make_the_name(desk: Desk) -> None:
    desk.books("détartrage", "Nom : dupont\nPrénom : marie\n" + new())
    assert [one.name for one in desk.directory()] == ["DUPONT Marie"]


BAD = [
    ("J. Dupont", "Nom « J. Dupont » : le prénom complet manque."),
    ("DUPONT J", "Nom « DUPONT J » : le prénom complet manque."),
    ("DUPONT", "Nom « DUPONT » : il manque le nom ou le prénom."),
    ("Mme DUPONT", "Nom « DUPONT » : il manque le nom ou le prénom."),
    ("Mme", "Nom « Mme » : ce n'est pas un nom."),
    ("DUP0NT Marie", "Nom « DUP0NT Marie » : un chiffre dans le nom."),
    ("bébé DUPONT", "Nom « DUPONT » : le prénom complet manque."),
    ("DUPONT xx", "Nom « DUPONT xx » : le prénom complet manque."),
    ("DUPONT ?", "Nom « DUPONT ? » : le prénom complet manque."),
    ("DUPONT inconnu", "Nom « DUPONT inconnu » : le prénom complet manque."),
    ("M. et Mme DUPONT", "Nom « M. et Mme DUPONT » : plusieurs personnes, un rendez-vous par patient."),
    ("test", "Nom « test » : ce n'est pas un nom."),
]


@pytest.mark.parametrize(("typed", "line"), BAD)
def test_p12_p28_a_suspicious_name_is_said_and_nobody_is_made_of_it(desk: Desk, typed: str, line: str) -> None:
    event = desk.books(f"{typed} – détartrage", new())
    assert f"✗ {line} Tapez le nom et le prénom complets." in event.wrong
    assert not desk.directory()
    assert not desk.sms()


TWO = [
    ("DUPONT Marie – détartrage", "Patient : DURAND Paul", "DURAND Paul", "DUPONT Marie"),
    ("DUPONT Marie – détartrage", "Nom : DURAND\nPrénom : Paul", "DURAND Paul", "DUPONT Marie"),
    ("DUPONT Anne – détartrage", "Prénom : Marie", "Dupont Marie", "DUPONT Anne"),
    ("DUPONT Anne – détartrage", "Nom : DURAND", "DURAND Anne", "DUPONT Anne"),
    ("DUPONT Marie – DURAND Paul – détartrage", "", "DUPONT Marie", "DURAND Paul"),
    ("DUPONT Marie, DURAND Paul – détartrage", "", "DUPONT Marie", "DURAND Paul"),
    ("DUPONT Marie et Paul – détartrage", "", "DUPONT Marie", "Paul"),
]


@pytest.mark.parametrize(("title", "text", "seen", "also"), TWO)
def test_p12_p28_two_names_are_a_question(desk: Desk, title: str, text: str, seen: str, also: str) -> None:
    event = desk.books(title, f"{new()}\n{text}")
    assert any(
        line.startswith(f"✗ Nom « {seen} » : « {also} » est tapé aussi, un rendez-vous par patient.")
        for line in event.wrong
    ), event.reads
    assert not desk.directory()
    assert not desk.sms()


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT Marie – détartrage", "Nom : DUPONT Marie"),
        ("DUPONT Marie – détartrage", "Prénom : Marie"),
        ("Mme DUPONT – détartrage", "Nom : Dupont\nPrénom : Marie"),
        ("DUPONT M. – détartrage", "Nom : Dupont\nPrénom : Marie"),
        ("DUPONT – Marie – détartrage", ""),
        ("détartrage – DUPONT Marie – IRM faite", ""),
        ("DUPONT Marie – détartrage", "Patient : nouveau"),
    ],
)
def test_p12_p28_the_same_name_twice_is_one(desk: Desk, title: str, text: str) -> None:
    event = desk.books(title, f"{new()}\n{text}")
    assert "DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert [one.name for one in desk.directory()] == ["DUPONT Marie"], event.reads


@pytest.mark.parametrize("typed", ["détartrage", "xx – détartrage", "RDV détartrage"])
def test_p28_p34_ruling12_no_name_is_a_missing_name(desk: Desk, typed: str) -> None:
    event = desk.books(typed, new())
    assert "✗ Nom et prénom manquants : tapez « DUPONT Marie » dans le titre." in event.wrong
    assert not desk.directory()
