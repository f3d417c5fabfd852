"""Questions typed as events: `? dupont 1981` (docs/design.md#what-she-types)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from rules.model import Patient, Practice, Slot
from rules.patients.clues import search_term
from rules.telling.typed_question import Answer, Known, Question, fitting, lines, marked, question, sole

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
MARIE = Patient("Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", dentist="martin", id=1)
JEAN = Patient("Dupont", "Jean", birth_date=date(1950, 1, 2), id=2)


def plain(said: tuple[str, ...]) -> list[str]:
    return [line.replace("\u00a0", " ").replace("\u202f", " ") for line in said]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("dupont 1981", Question("dupont 1981", 1981)),
        ("créneau détartrage Dr Martin", Question("", None, "Détartrage", "martin", free=True)),
        ("première consultation détartrage", Question("", None, "Détartrage", free=True, first=True)),
        ("dupont libre", Question("dupont", None, None, None, free=True)),
        ("", Question()),
    ],
)
def test_a_question_names_a_patient_a_motif_or_both(asked: str, meant: Question, lilas: Practice) -> None:
    assert question(asked, lilas) == meant


def test_p03_who_fits_most_of_what_was_typed_is_shown(lilas: Practice) -> None:
    asked = question("dupont 1981", lilas)
    assert fitting(asked, search_term(asked.term), [MARIE, JEAN]) == ((MARIE,), False)
    asked = question("dupont 1999", lilas)
    assert fitting(asked, search_term(asked.term), [MARIE, JEAN]) == ((JEAN, MARIE), True)
    asked = question("06 12 34 56 78", lilas)
    assert fitting(asked, search_term(asked.term), [JEAN, MARIE]) == ((MARIE,), False)


def test_p03_the_answer_says_who_with_whom_last_and_next(lilas: Practice) -> None:
    seen = replace(MARIE, visits=((date(2026, 1, 5), "martin", "Détartrage"),))
    [head, one, end] = plain(lines(Question("dupont"), Answer((Known(seen, (AT, "bernard")),)), lilas))
    assert head == "1 patient trouvé :"
    assert "Dr Claire Martin ; dernière visite le 05/01/2026 ; prochain rendez-vous mardi 1er décembre" in one
    assert end == "Cette question sera effacée demain."
    many = plain(lines(Question("dupont"), Answer(tuple(Known(MARIE) for _ in range(7)), partly=True), lilas))
    assert many[0] == "Aucun patient ne correspond à tout. Les plus proches :"
    assert "et 2 autres" in many[-2]
    assert plain(lines(Question("dupnt"), Answer(nearest=(JEAN,)), lilas))[0] == "Aucun patient trouvé. Noms proches :"
    assert sole(Answer((Known(MARIE),))) == MARIE
    assert sole(Answer((Known(MARIE),), partly=True)) is None


def test_p09_free_slots_are_answered_or_why_not(lilas: Practice) -> None:
    free = Question("", None, "Détartrage", free=True)
    assert "horaires des dentistes ne sont pas" in plain(lines(free, Answer(), lilas))[0]
    assert plain(lines(Question(free=True), Answer(), lilas))[0].startswith("Un créneau pour quel motif ?")
    hours = {day: ((time(9), time(12)),) for day in range(5)}
    opened = replace(lilas, dentists=tuple(replace(one, hours=hours) for one in lilas.dentists))
    assert plain(lines(free, Answer(), opened))[0].startswith("Aucun créneau libre pour Détartrage")
    slot = Slot("bernard", AT, AT + timedelta(minutes=30))
    [marked_one] = marked([slot], MARIE)
    assert marked_one.needs_consent
    assert marked([slot], None) == (slot,)
    said = plain(lines(free, Answer(slots=(marked_one,)), opened, repeated=True))
    assert said[0] == "Prochains créneaux libres, Détartrage (30 min) :"
    assert "Dr Paul Bernard" in said[1]
    assert said[-1] == "Événement répété : effacez-le vous-même."


def test_what_is_no_question_is_said_with_an_example(lilas: Practice) -> None:
    assert plain(lines(Question(), Answer(), lilas))[0].startswith("Question non comprise. Écrivez par exemple")
