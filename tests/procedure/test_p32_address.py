"""P32: number, street, postcode and town; five figures of a département that exists and is not contradicted."""

import pytest

from tests.desk import Desk
from tests.typed import TITLE, new

GOOD = [
    "3 rue Haxo, 75020 Paris",
    "3 rue Haxo 75020 Paris",
    "3 bis, rue Haxo, Paris 75020",
    "5 place du 8 mai 1945, 38000 Grenoble",
    "Lieu-dit Kermaria, 29000 Quimper",
    "12 rue Fesch, 20000 Ajaccio",
    "12 route de la Mer, 20167 Alata, Corse-du-Sud",
    "12 rue du Port, 97400 Saint-Denis, La Réunion",
    "8 rue Foch, 98800 Nouméa",
    "1 boulevard Albert Ier, 98000 Monaco",
    "BP 12, 75800 Paris CEDEX 08",
    "3 rue Garibaldi, 69003 Lyon 3e (Rhône)",
    "4 rue de la Plage, 33120 Arcachon (33)",
    "3 rue Victor Hugo, 38200 Vienne",
    "2 rue des Marins, 29000 Brest, 2e étage",
    "Rue Haute 12, 1000 Bruxelles, Belgique",
]


@pytest.mark.parametrize("typed", GOOD)
def test_p32_a_whole_address_is_kept_as_typed(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(address=typed))
    assert event.confirmed
    assert desk.directory()[0].address == typed


BAD = [
    ("rue Haxo, 75020 Paris", "le numéro de la rue manque"),
    ("75020 Paris", "la rue manque"),
    ("3 rue Haxo, Paris", "le code postal manque"),
    ("3 rue Haxo, 75020", "la ville manque"),
    ("3 rue Haxo, 7502 Paris", "le code postal doit avoir 5 chiffres"),
    ("3 rue Haxo, 750201 Paris", "le code postal doit avoir 5 chiffres"),
    ("12 rue Fesch, 2A000 Ajaccio", "le code postal doit avoir 5 chiffres"),
    ("3 rue Haxo, 96000 Paris", "le code postal ne correspond à aucun département"),
    ("3 rue Haxo, 00100 Paris", "le code postal ne correspond à aucun département"),
    ("3 rue Haxo, 97900 Paris", "le code postal ne correspond à aucun département"),
    ("3 rue Haxo, 69001 Paris", "le code postal 69001 n'est pas celui de Paris"),
    ("3 rue Haxo, 75020 Lyon", "le code postal 75020 n'est pas celui de Lyon"),
    ("1 boulevard Albert Ier, 06000 Monaco", "le code postal 06000 n'est pas celui de Monaco"),
    ("4 rue de la Plage, 33120 Arcachon, Landes", "le code postal 33120 n'est pas dans « Landes »"),
    ("4 rue de la Plage, 33120 Arcachon (40)", "le code postal 33120 n'est pas dans « 40 »"),
    ("12 rue du Port, 93200 Saint-Denis, La Réunion", "le code postal 93200 n'est pas dans « La Réunion »"),
    ("3 rue Haxo", "le code postal manque"),
    ("chez sa fille", "le code postal manque, le numéro de la rue manque"),
]


@pytest.mark.parametrize(("typed", "problem"), BAD)
def test_p32_what_is_missing_or_does_not_fit_is_named_and_blocks(desk: Desk, typed: str, problem: str) -> None:
    event = desk.books(TITLE, new(address=typed))
    assert event.wrong == [f"✗ Adresse « {typed} » : {problem}. Tapez numéro, rue, code postal et ville."]
    assert not desk.directory()
    assert not desk.sms()


@pytest.mark.parametrize("typed", ["", "?", "xx", "à demander"])
def test_p32_p34_ruling12_a_placeholder_is_a_missing_address(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(address=typed))
    assert event.wrong == ["✗ Adresse manquante : tapez « Adresse : 12 rue des Lilas, 75020 Paris »."]


@pytest.mark.parametrize(
    "text",
    [
        "Adresse : 3 rue Haxo\n75020 Paris",
        "Adresse :\n3 rue Haxo\n75020 Paris",
        "Adresse : 3 rue Haxo\nCode postal : 75020\nVille : Paris",
        "3 rue Haxo, 75020 Paris",
    ],
)
def test_p32_it_may_stand_on_several_lines(desk: Desk, text: str) -> None:
    event = desk.books(TITLE, new(address=None) + f"\n{text}")
    assert event.confirmed, event.reads
    assert "3 rue Haxo" in (desk.directory()[0].address or "")


def test_p32_it_may_stand_in_the_events_place(desk: Desk) -> None:
    event = desk.books(TITLE, new(address=None), extra="LOCATION:3 rue Haxo\\, 75020 Paris")
    assert event.confirmed


def test_p32_the_practices_own_address_is_no_patients(desk: Desk) -> None:
    event = desk.books(TITLE, new(address=None), extra="LOCATION:12 rue des Lilas\\, 75020 Paris")
    assert event.wrong == ["✗ Adresse manquante : tapez « Adresse : 12 rue des Lilas, 75020 Paris »."]


def test_p32_two_addresses_are_a_question(desk: Desk) -> None:
    event = desk.books(TITLE, new() + "\nAdresse : 9 rue Verte, 69001 Lyon")
    assert "deux adresses, une seule est attendue" in event.wrong[0]
    assert not desk.directory()
