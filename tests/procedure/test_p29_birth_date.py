"""P29: a real date of a living person, in any usual notation; two figures of a year only where one century fits."""

from datetime import date

import pytest

from tests.desk import Desk
from tests.typed import TITLE, new


@pytest.mark.parametrize(
    ("typed", "born"),
    [
        ("12/05/1981", date(1981, 5, 12)),
        ("12.05.1981", date(1981, 5, 12)),
        ("12-5-1981", date(1981, 5, 12)),
        ("12051981", date(1981, 5, 12)),
        ("1981-05-12", date(1981, 5, 12)),
        ("12 mai 1981", date(1981, 5, 12)),
        ("1er mars 1935", date(1935, 3, 1)),
        ("12/05/81", date(1981, 5, 12)),  # 2081 is to come
        ("03/02/27", date(1927, 2, 3)),  # nobody is born in February 2027 yet
        ("29/02/1980", date(1980, 2, 29)),
        ("24/11/1906", date(1906, 11, 24)),  # 120 years old today
    ],
)
def test_p29_a_birth_date_is_read_and_restated(desk: Desk, typed: str, born: date) -> None:
    event = desk.books(TITLE, new(born=typed))
    assert f"DUPONT Marie, né(e) le {born:%d/%m/%Y}" in event.reads
    assert desk.directory()[0].birth_date == born


BAD = [
    ("31/02/1981", "cette date n'existe pas"),
    ("29/02/1981", "cette date n'existe pas"),
    ("05/23/1981", "cette date n'existe pas"),
    ("12/05/2027", "cette date est dans le futur"),
    ("25/11/2026", "cette date est dans le futur"),
    ("24/11/2026", "c'est la date d'aujourd'hui"),
    ("23/11/1905", "plus de 120 ans"),
    ("12/05/1880", "plus de 120 ans"),
    ("05/12/12", "1912 ou 2012 ? Il faut les quatre chiffres de l'année"),
    ("3/2/25", "1925 ou 2025 ? Il faut les quatre chiffres de l'année"),
    ("31/02/12", "cette date n'existe pas"),
    ("1981", "ce n'est pas une date complète"),
    ("mai 1981", "ce n'est pas une date complète"),
    ("12 mai", "ce n'est pas une date complète"),
    ("12 florial 1981", "ce n'est pas une date complète"),
    ("45 ans", "ce n'est pas une date complète"),
]


@pytest.mark.parametrize(("typed", "problem"), BAD)
def test_p29_what_nobody_can_be_born_on_says_why_and_blocks(desk: Desk, typed: str, problem: str) -> None:
    event = desk.books(TITLE, new(born=typed))
    assert event.wrong == [f"✗ Date de naissance « {typed} » : {problem}. Tapez « Né(e) le : JJ/MM/AAAA »."]
    assert not desk.directory()
    assert not desk.sms()


@pytest.mark.parametrize("typed", ["", "?", "xx", "JJ/MM/AAAA", "00/00/0000", "à demander"])
def test_p29_p34_ruling12_a_placeholder_is_a_missing_date(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(born=typed))
    assert event.wrong == ["✗ Date de naissance manquante : tapez « Né(e) le : JJ/MM/AAAA »."]


@pytest.mark.parametrize(
    "text", ["Né(e) le : 12/05/1981\nDDN : 13/05/1981", "Date de naissance : 12/05/1981\nNée le 12/05/1982"]
)
def test_p29_two_birth_dates_are_a_question(desk: Desk, text: str) -> None:
    event = desk.books(TITLE, new(born=None) + f"\n{text}")
    assert "deux dates différentes. Tapez « Né(e) le : JJ/MM/AAAA »." in event.wrong[0]
    assert not desk.directory()


def test_p29_the_same_date_twice_is_one(desk: Desk) -> None:
    assert desk.books("DUPONT Marie née le 12 mai 1981 – détartrage", new()).confirmed


def test_p29_the_day_of_the_visit_is_no_birth_date(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage du 01/12/2026", new())
    assert "né(e) le 12/05/1981" in event.reads
