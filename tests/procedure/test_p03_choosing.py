"""P3, P5: who is meant is one question, and choosing is as short as `= 1`."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import LUC, MARIE, Desk, make_desk

HOMONYM = replace(
    MARIE, birth_date=date(1990, 3, 4), mobile="+33699887766", email="m.dupont@example.org", dentist="martin"
)


@pytest.mark.parametrize("line", ["= 1", "=1", " =  1 "])
def test_p03_the_first_of_those_shown_is_chosen(known: Desk, line: str) -> None:
    event = known.books("DUPNOT Marie – détartrage")
    assert len(event.wrong) == 1
    assert event.proposed == ["DUPONT Marie, né(e) le 12/05/1981 (= 1)"]
    event.adds(line)
    assert event.confirmed
    assert len(known.sms("+33612345678")) == 1


def test_p03_behind_the_title_too(known: Desk) -> None:
    event = known.books("DUPNOT Marie – détartrage")
    event.retypes(title="DUPNOT Marie – détartrage = 1")
    assert event.confirmed


def test_p03_the_choice_stands_at_later_edits(known: Desk) -> None:
    event = known.books("DUPNOT Marie – détartrage").adds("= 1")
    event.adds("Commentaire : préfère le matin")
    event.moves(at="02/12 10:00")
    assert event.confirmed
    assert len(known.sms()) == 2


def test_p03_a_choice_without_anything_shown_is_none(known: Desk) -> None:
    event = known.books("DUPNOT Marie – détartrage", "= 1")
    known.waits(minutes=5)
    assert event.proposed == ["DUPONT Marie, né(e) le 12/05/1981 (= 2)"]
    assert not known.sms()
    event.retypes("= 2")
    assert event.confirmed


def test_p03_a_choice_does_not_outlive_its_name(two: Desk) -> None:
    event = two.books("DUPNOT Marie – détartrage").adds("= 1")
    event.retypes(title="MORAU Luc – détartrage")
    two.waits(minutes=5)
    assert event.mark == "⚠ "
    assert event.proposed == ["MOREAU Luc, né(e) le 03/02/1975 (= 2)"]
    assert not two.sms(LUC.mobile)


def test_p03_the_second_of_two_homonyms(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, HOMONYM])
    event = desk.books("DUPONT Marie – détartrage")
    assert event.proposed == ["DUPONT Marie, né(e) le 12/05/1981 (= 1)", "DUPONT Marie, né(e) le 04/03/1990 (= 2)"]
    event.adds("= 2")
    assert event.confirmed
    assert [one.to for one in desk.office.sms.sent] == [HOMONYM.mobile]


@pytest.mark.parametrize("typed", ["DUPNOT Marie", "DUPONT Mairie"])
def test_p03_the_birth_date_chooses_among_those_shown(known: Desk, typed: str) -> None:
    event = known.books(f"{typed} – détartrage")
    event.adds("Né(e) le : 12/05/1981")
    assert event.confirmed
    event.adds("Commentaire : préfère le matin")
    assert event.confirmed


def test_p03_ruling13_a_birth_date_never_makes_one_twin_the_other(known: Desk) -> None:
    event = known.books("DUPONT Mario – détartrage")
    event.adds("Né(e) le : 12/05/1981")
    assert event.mark == "⚠ "
    assert not known.sms()


def test_p05_while_who_is_meant_is_asked_nothing_else_is(known: Desk) -> None:
    event = known.books("BERNRAD Luc – détartrage")
    [line] = event.wrong
    assert "n'est pas dans le fichier" in line
