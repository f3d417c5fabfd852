"""Mobile, e-mail, address and birth date as secretaries type them."""

from __future__ import annotations

from datetime import date

import pytest

from rules.details.contact import address, birth_date, email, mobile

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    "typed",
    [
        "06 12 34 56 78",
        "0612345678",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "0033612345678",
        "33612345678",
        "06\xa012\xa034\xa056\xa078",
        "\u202a+33 6 12 34 56 78\u202c",
        "０６１２３４５６７８",
        "06 12 34 56 78 (fils)",
        "portable : 0612345678",
    ],
)
def test_p13_a_mobile_is_read_in_any_french_notation(typed: str) -> None:
    assert mobile(typed).value == "+33612345678"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("0690 12 34 56", "+590690123456"),
        ("0692 12 34 56", "+262692123456"),
        ("0693123456", "+262693123456"),
        ("0694202020", "+594694202020"),
        ("0696 12 34 56", "+596696123456"),
        ("0639 01 23 45", "+262639012345"),
        ("0695123456", "+33695123456"),
        ("+262 (0)692 12 34 56", "+262692123456"),
    ],
)
def test_p13_overseas_mobiles_keep_their_region(typed: str, stored: str) -> None:
    assert mobile(typed).value == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+32 470 12 34 56", "+32470123456"),
        ("+41 (0)79 123 45 67", "+41791234567"),
        ("0044 7400 123456", "+447400123456"),
        ("+687 75 12 34", "+687751234"),
    ],
)
def test_p13_a_foreign_mobile_is_accepted_in_international_notation(typed: str, stored: str) -> None:
    assert mobile(typed).value == stored


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("01 43 00 00 00", "c'est un fixe"),
        ("+33 1 43 00 00 00", "c'est un fixe"),
        ("09 72 12 12 12", "c'est un fixe (box)"),
        ("06 12 34 56 7", "9 chiffres, il en faut 10"),
        ("612345678", "9 chiffres, il en faut 10 (le 0 du début manque ?)"),
        ("06 12 34 56 78 9", "11 chiffres, il en faut 10"),
        ("O612345678", "la lettre O à la place du chiffre 0"),
        ("06 12 34 56 7O", "la lettre O à la place du chiffre 0"),
        ("0700123456", "c'est un numéro de machine (0700), pas un mobile"),
        ("0712121212", "ce numéro n'est pas attribué"),
        ("06 12 34 56 78 / 06 98 76 54 32", "deux numéros, un seul est attendu"),
        ("0612345678 ou 0698765432", "deux numéros, un seul est attendu"),
        ("demander à sa fille", "ce n'est pas un numéro de téléphone"),
    ],
)
def test_p13_a_number_that_is_no_mobile_says_why(typed: str, problem: str) -> None:
    detail = mobile(typed)
    assert detail.value is None
    assert detail.problem == problem


def test_p13_the_mobile_beside_a_landline_is_taken() -> None:
    assert mobile("01 43 11 22 33 / 06 12 34 56 78").value == "+33612345678"


@pytest.mark.parametrize("typed", ["", "?", "xx", "à voir", "0600000000", "06 11 11 11 11", "00 00 00 00 00"])
def test_p13_a_placeholder_is_a_missing_mobile(typed: str) -> None:
    assert mobile(typed).missing


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("marie@orange.fr", "marie@orange.fr"),
        ("Marie.Dupont@Gmail.com", "Marie.Dupont@gmail.com"),
        ("mailto:marie@orange.fr", "marie@orange.fr"),
        ("marie@orange.fr<mailto:marie@orange.fr>", "marie@orange.fr"),
        ("Marie Dupont <marie@orange.fr>", "marie@orange.fr"),
        (" marie@orange.fr ; ", "marie@orange.fr"),
    ],
)
def test_p14_an_address_is_read_out_of_what_clients_make_of_it(typed: str, stored: str) -> None:
    assert email(typed).value == stored


@pytest.mark.parametrize(
    "domain",
    [
        "ymail.com",
        "gmx.fr",
        "yahoo.co.uk",
        "live.be",
        "mail.com",
        "proton.me",
        "example.fr",
        "example.org",
        "lilas.example",
        "mairie-bagnolet.fr",
        "tree.fr",
        "orange.com",
        "ac-paris.fr",
        "hotmail.it",
    ],
)
def test_p14_a_rare_domain_is_no_slip(domain: str) -> None:
    assert email(f"marie@{domain}").value == f"marie@{domain}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.fr", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.cm", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmai.fr", "hotmail.fr"),
        ("orange.f", "orange.fr"),
        ("oragne.fr", "orange.fr"),
        ("wanado.fr", "wanadoo.fr"),
        ("laposte.ent", "laposte.net"),
        ("fre.fr", "free.fr"),
        ("outlok.fr", "outlook.fr"),
        ("yaho.fr", "yahoo.fr"),
        ("icloud.fr", "icloud.com"),
        ("cabinet.con", "cabinet.com"),
    ],
)
def test_p14_a_probable_slip_is_proposed_and_never_corrected_silently(typed: str, meant: str) -> None:
    detail = email(f"marie@{typed}")
    assert detail.value is None
    assert detail.proposal == f"marie@{meant}"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("marie.orange.fr", "il manque le @"),
        ("marie@orange", "la fin du domaine manque (.fr, .com…)"),
        ("marie@orange.fr.", "un point en trop à la fin"),
        ("marie dupont@orange.fr", "il y a une espace dans l'adresse"),
        ("marie@orange,fr", "une virgule à la place d'un point"),
        ("hélène@orange.fr", "un accent dans l'adresse"),
        ("marie@orange.fr, paul@free.fr", "deux adresses, une seule est attendue"),
        ("marie..dupont@orange.fr", "cette adresse ne peut pas exister"),
    ],
)
def test_p14_an_impossible_address_says_why(typed: str, problem: str) -> None:
    assert email(typed).problem == problem


@pytest.mark.parametrize("typed", ["", "?", "non", "pas d'e-mail", "pas@demail.fr", "x@x.fr", "aucun@orange.fr"])
def test_p14_a_placeholder_is_a_missing_address(typed: str) -> None:
    assert email(typed).missing


@pytest.mark.parametrize(
    "typed",
    [
        "12 rue des Lilas, 75020 Paris",
        "12 rue des Lilas\n75020 Paris",
        "12 bis, rue des Lilas, 20000 Ajaccio",
        "Lieu-dit Kerbihan, 29000 Quimper",
        "12 rue du Port, 97400 Saint-Denis",
        "8 rue Foch, 98800 Nouméa",
        "BP 12, 75800 Paris CEDEX 08",
        "12 rue des Lilas, Paris 75020",
        "Rue Haute 12, 1000 Bruxelles, Belgique",
        "Bahnhofstrasse 1, 10115 Berlin, Allemagne",
        "Appt 3, 5 place du 8 mai 1945, 38000 Grenoble",
    ],
)
def test_p32_a_whole_address_is_accepted(typed: str) -> None:
    assert address(typed).value == typed.replace("\n", ", ")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("rue des Lilas, 75020 Paris", "le numéro de la rue manque"),
        ("75020 Paris", "la rue manque"),
        ("12 rue des Lilas, Paris", "le code postal manque"),
        ("12 rue des Lilas, 7502 Paris", "le code postal doit avoir 5 chiffres"),
        ("12 rue des Lilas, 75020", "la ville manque"),
        ("12 rue des Lilas, 99123 Paris", "le code postal ne correspond à aucun département"),
        ("12 rue des Lilas, 00100 Paris", "le code postal ne correspond à aucun département"),
    ],
)
def test_p32_an_incomplete_address_names_the_part(typed: str, problem: str) -> None:
    assert address(typed).problem == problem


@pytest.mark.parametrize(
    "typed",
    [
        "12/05/1981",
        "12.05.1981",
        "12-5-1981",
        "12 05 1981",
        "12051981",
        "12 mai 1981",
        "1981-05-12",
        "12/05/81",
        "née le 12/05/1981 à Paris",
    ],
)
def test_p29_a_birth_date_is_read_in_any_usual_notation(typed: str) -> None:
    assert birth_date(typed, TODAY).value == date(1981, 5, 12)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("31/02/1981", "cette date n'existe pas"),
        ("05/23/1981", "cette date n'existe pas"),
        ("12/05/2030", "cette date est dans le futur"),
        ("24/11/2026", "c'est la date d'aujourd'hui"),
        ("12/05/1880", "plus de 120 ans"),
        ("12/05/12", "1912 ou 2012 ? Il faut les quatre chiffres de l'année"),
        ("1981", "ce n'est pas une date complète"),
    ],
)
def test_p29_an_impossible_birth_date_says_why(typed: str, problem: str) -> None:
    assert birth_date(typed, TODAY).problem == problem


def test_p29_two_figures_of_a_year_count_where_one_century_fits() -> None:
    assert birth_date("03/02/27", TODAY).value == date(1927, 2, 3)
    assert birth_date("1er mars 35", TODAY).value == date(1935, 3, 1)
