"""Names as secretaries type them."""

from __future__ import annotations

import pytest

from rules.details.names import joined, split


@pytest.mark.parametrize(
    ("typed", "family", "given"),
    [
        ("DUPONT Marie", "Dupont", "Marie"),
        ("Marie DUPONT", "Dupont", "Marie"),
        ("Mme DUPONT Marie", "Dupont", "Marie"),
        ("Jean-Baptiste LE GOFF", "Le Goff", "Jean-Baptiste"),
        ("D’HERVÉ-LACŒUR Anne", "D’Hervé-Lacœur", "Anne"),
        ("de LA TOUR Anne", "de La Tour", "Anne"),
        ("O'BRIEN Patrick", "O'Brien", "Patrick"),
        ("DUPONT-MARTIN Marie-Claude", "Dupont-Martin", "Marie-Claude"),
        ("NGUYEN VAN Anh", "Nguyen Van", "Anh"),
    ],
)
def test_p12_capitals_tell_the_family_name(typed: str, family: str, given: str) -> None:
    name = split(typed)
    assert (name.family, name.given, name.certain, name.problem) == (family, given, True, "")


@pytest.mark.parametrize("typed", ["Marie Dupont", "dupont marie", "DUPONT MARIE", "marie dupont"])
def test_p12_without_capitals_the_order_is_a_proposal(typed: str) -> None:
    name = split(typed)
    assert (name.family, name.given, name.certain, name.text) == ("Dupont", "Marie", False, typed)


@pytest.mark.parametrize(
    ("typed", "family", "birth"),
    [
        ("DUPONT née MARTIN Marie", "Dupont", "Martin"),
        ("DUPONT Marie (née MARTIN)", "Dupont", "Martin"),
        ("Marie DUPONT née LE GOFF", "Dupont", "Le Goff"),
        ("MARTIN épouse DUPONT Marie", "Dupont", "Martin"),
    ],
)
def test_p12_the_birth_name_is_kept_apart(typed: str, family: str, birth: str) -> None:
    name = split(typed)
    assert (name.family, name.given, name.birth) == (family, "Marie", birth)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("J. Dupont", "le prénom complet manque"),
        ("DUPONT J.", "le prénom complet manque"),
        ("bébé DUPONT", "le prénom complet manque"),
        ("DUPONT", "il manque le nom ou le prénom"),
        ("Mme DUPONT", "il manque le nom ou le prénom"),
        ("Mme", "ce n'est pas un nom"),
        ("xx xx", "ce n'est pas un nom"),
        ("DUP0NT Marie", "un chiffre dans le nom"),
        ("M. et Mme DUPONT", "plusieurs personnes, un rendez-vous par patient"),
    ],
)
def test_p12_a_suspicious_name_says_why(typed: str, problem: str) -> None:
    assert split(typed).problem == problem


def test_p12_two_labelled_fields_make_one_name() -> None:
    name = joined("Mme dupont", "marie claude", "MARTIN")
    assert (name.family, name.given, name.birth, name.certain) == ("Dupont", "Marie Claude", "Martin", True)


def test_a_text_without_letters_is_no_name() -> None:
    assert split(" … ").text == ""
