"""Questions typed into a calendar: answered in the event, gone the next day, and nobody's appointment."""

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from adapters.base import Conflict, Refused
from rules.model import Dentist, Patient
from sync.evaluate import typed_questions
from sync.store import bookings, patients, views
from sync.store import queries as kept

if TYPE_CHECKING:
    from tests.sync.conftest import Office

TOMORROW, MINUTE = timedelta(days=1), timedelta(minutes=1)
MARIE = Patient("Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", dentist="bernard")
PAUL = Patient("Dupont", "Paul", birth_date=date(1956, 5, 12), mobile="+33612345678")
LONE = Patient("Lefèvre", "Anne-Sophie", birth_date=date(1990, 1, 2), email="anne@example.org", dentist="martin")


def known(office: "Office", *people: Patient) -> None:
    with office.world.store.write() as tx:
        for one in people or (MARIE, PAUL, LONE):
            patients.save(tx, one, office.now, "test")


def asks(
    office: "Office", title: str, uid: str = "q", *, day: int = 1, hour: int = 9, text: str = "", extra: str = ""
) -> None:
    from tests.sync.conftest import MORNING, ics

    start = (MORNING + timedelta(days=day)).replace(hour=hour)
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, title, start, 30, text, extra))


def answer(office: "Office", title: str) -> str:
    asks(office, title)
    office.passes()
    return office.block("q")


def stands(office: "Office", uid: str = "q") -> bool:
    return office.calendars["martin"].get(f"{uid}.ics") is not None


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("? dupont 1981", ["DUPONT Marie, né(e) le 12/05/1981"]),
        ("? dupont marie", ["DUPONT Marie"]),
        ("? 12/05/1956", ["DUPONT Paul"]),
        ("? 06 12 34 56 78", ["DUPONT Marie", "DUPONT Paul"]),
        ("? dupont", ["DUPONT Marie", "DUPONT Paul"]),
        ("? lefevre anne sophie", ["LEFÈVRE Anne-Sophie"]),
        ("? anne@example.org", ["LEFÈVRE Anne-Sophie"]),
        ("?dupont 12/05/1981", ["DUPONT Marie"]),
    ],
)
def test_p3_a_question_finds_the_patient_by_name_mobile_or_birth_date(
    office: "Office", title: str, found: list[str]
) -> None:
    known(office)
    said = answer(office, title)
    assert [name for name in ("DUPONT Marie", "DUPONT Paul", "LEFÈVRE") if name in said] == [
        name for name in ("DUPONT Marie", "DUPONT Paul", "LEFÈVRE") if any(name in one for one in found)
    ]
    assert all(one in said for one in found)
    assert not office.event("q").title.startswith(("⚠", "✓"))


def test_p3_it_says_dentist_last_visit_and_next_appointment(office: "Office") -> None:
    office.she_books("e0", day=2)
    office.she_books("e1", day=9, hour=11)
    office.passes()
    office.passes(later=timedelta(days=3))
    asks(office, "? dupont", day=4)
    office.passes()
    assert (
        "DUPONT Marie, né(e) le 12/05/1981 ; Dr Claire Martin ; dernière visite le 26/11/2026 ; "
        "prochain rendez-vous jeudi 3 décembre à 11 h, Dr Claire Martin"
    ) in office.block("q")


def test_p3_a_clue_that_fits_nobody_is_not_passed_over(office: "Office") -> None:
    known(office)
    assert "Aucun patient ne correspond à tout. Les plus proches :" in answer(office, "? lefevre 03/04/1977")


def test_p3_nothing_found_names_the_nearest(office: "Office") -> None:
    known(office)
    for typed in ("? lefebre", "? lefevr annesophie"):
        said = answer(office, typed)
        assert said.startswith("Aucun patient trouvé. Noms proches :\n  → LEFÈVRE Anne-Sophie"), said
    assert answer(office, "? xyzabc").startswith("Aucun patient trouvé.\n")


def test_p3_five_are_shown_and_the_rest_counted(office: "Office") -> None:
    known(office, *(replace(MARIE, given_name=f"Marie{letter}", mobile=None) for letter in "abcdefgh"))
    said = answer(office, "? dupont")
    assert said.count("→") == 5
    assert "et 3 autres : précisez" in said


# --- free time -------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_office(office: "Office") -> "Office":
    """Both dentists receive every day from nine to noon."""
    hours = {day: ((time(9), time(12)),) for day in range(7)}
    dentists = tuple(Dentist(one.key, one.name, one.specialty, hours) for one in office.world.practice.dentists)
    office.world = replace(office.world, practice=replace(office.world.practice, dentists=dentists))
    return office


def test_p24_free_time_for_a_motif_begins_with_the_calendar_s_dentist(open_office: "Office") -> None:
    said = answer(open_office, "? créneau détartrage")
    assert said.splitlines()[:5] == [
        "Prochains créneaux libres, Détartrage (30 min) :",
        "  → mardi 24 novembre à 9 h 15, Dr Claire Martin",
        "  → mardi 24 novembre à 9 h 45, Dr Claire Martin",
        "  → mardi 24 novembre à 10 h 15, Dr Claire Martin",
        "  → mardi 24 novembre à 9 h 15, Dr Paul Bernard",
    ]


def test_p49_a_known_patient_s_own_dentist_comes_first_and_others_are_marked(open_office: "Office") -> None:
    known(open_office)
    said = answer(open_office, "? dupont marie détartrage")
    assert said.splitlines()[2:-1] == [
        "Prochains créneaux libres, Détartrage (30 min) :",
        "  → mardi 24 novembre à 9 h 15, Dr Paul Bernard",
        "  → mardi 24 novembre à 9 h 45, Dr Paul Bernard",
        "  → mardi 24 novembre à 10 h 15, Dr Paul Bernard",
        "  → mardi 24 novembre à 9 h 15, Dr Claire Martin (seulement avec l'accord du patient)",
    ]


def test_free_time_needs_a_motif_and_opening_hours(office: "Office", open_office: "Office") -> None:
    assert "Un créneau pour quel motif ?" in answer(open_office, "? créneau")


def test_without_opening_hours_that_is_said(office: "Office") -> None:
    assert "les horaires des dentistes ne sont pas dans la configuration" in answer(office, "? créneau détartrage")


def test_a_question_takes_no_time(open_office: "Office") -> None:
    asks(open_office, "? dupont", day=7, hour=10)
    open_office.passes()
    open_office.she_books("e0", day=7, hour=10)
    open_office.passes()
    assert open_office.block("e0").startswith("✓")
    with open_office.world.store.read() as tx:
        zone = open_office.world.practice.zone
        lines = views.agenda(tx, open_office.now, open_office.now + timedelta(days=30), zone)
    assert [line.busy.uid for line in lines] == ["e0"]


# --- once ------------------------------------------------------------------------------------------------------------


def test_l2_time_alone_rewrites_no_answer_and_an_edited_question_is_answered_anew(office: "Office") -> None:
    known(office)
    first = answer(office, "? dupont")
    known(office, replace(MARIE, given_name="Zoé"))
    with office.world.store.write() as tx:
        from sync.store import resources

        resources.mark_dirty(tx, [("memory:martin", "q.ics")], office.now)
    office.passes(later=MINUTE)
    assert office.block("q") == first
    assert office.calendars["martin"].writes == 1
    assert "Zoé" in answer(office, "? dupont zoé")


def test_the_next_day_it_is_gone_and_nobody_was_cancelled(office: "Office") -> None:
    known(office)
    answer(office, "? dupont")
    office.passes(later=timedelta(hours=14, minutes=59))  # one minute to midnight
    assert stands(office)
    office.passes(later=MINUTE)
    assert not stands(office)
    office.passes(later=MINUTE)
    office.passes(later=TOMORROW)
    assert office.told("cancellation") == []
    assert [one.subject for one in office.email.sent] == []
    with office.world.store.read() as tx:
        assert kept.of_yesterday(tx, office.now + TOMORROW) == []


def test_it_is_answered_where_she_typed_it_into_an_hour_that_is_over(office: "Office") -> None:
    known(office)
    asks(office, "? dupont 1981", day=0, hour=8)
    office.passes()
    assert "DUPONT Marie" in office.block("q")


def test_turned_into_a_booking_it_stays(office: "Office") -> None:
    known(office, LONE)
    answer(office, "? dupont")
    office.she_books("q", day=7)
    office.passes(later=MINUTE)
    for _ in range(3):
        office.passes(later=TOMORROW)
    assert stands(office)
    assert office.told("confirmation") == ["sent"]
    with office.world.store.read() as tx:
        assert kept.get(tx, "memory:martin", "q.ics") is None


def test_a_booking_turned_into_a_question_stays(office: "Office") -> None:
    office.she_books("q")
    office.passes()
    asks(office, "? dupont", day=7, hour=10)
    office.passes(later=MINUTE)
    assert "DUPONT Marie" in office.block("q")
    for _ in range(3):
        office.passes(later=TOMORROW)
    assert stands(office)
    assert office.told("cancellation") == []


def test_what_she_added_since_keeps_it(office: "Office") -> None:
    known(office)
    answer(office, "? dupont")
    asks(office, "? dupont", text="rappeler demain")
    office.passes(later=MINUTE)
    office.passes(later=TOMORROW)
    assert stands(office)


def test_hers_is_faster(office: "Office") -> None:
    known(office)
    answer(office, "? dupont")
    office.calendars["martin"].fail_next(Conflict())
    office.turned += TOMORROW
    edited = typed_questions.tidy(office.world)
    asks(office, "DUPONT Marie – détartrage", day=9)
    office.passes()
    assert edited == 1
    assert stands(office)


def test_a_calendar_that_refuses_is_asked_once(office: "Office") -> None:
    known(office)
    answer(office, "? dupont")
    office.calendars["martin"].fail_next(Refused("Lecture seule."))
    office.passes(later=TOMORROW)
    before = office.calendars["martin"].calls["remove"]
    office.passes(later=MINUTE)
    assert stands(office)
    assert office.calendars["martin"].calls["remove"] == before == 1


def test_a_lost_answer_removes_once(office: "Office") -> None:
    known(office)
    answer(office, "? dupont")
    office.calendars["martin"].lose_answer_of_next_write()
    office.passes(later=TOMORROW)
    office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert not stands(office)
    assert office.told("cancellation") == []


def test_l7_a_question_from_before_the_first_pass_is_left_alone(new_office: "Office") -> None:
    known(new_office)
    asks(new_office, "? dupont", day=9)
    new_office.passes()
    new_office.passes(later=TOMORROW)
    new_office.passes(later=TOMORROW)
    assert stands(new_office)
    assert new_office.calendars["martin"].writes == 0


def test_a_repeated_question_is_answered_and_stays(office: "Office") -> None:
    known(office)
    asks(office, "? dupont", extra="RRULE:FREQ=DAILY;COUNT=9")
    office.passes()
    assert office.block("q").endswith("Événement répété : effacez-le vous-même.")
    office.passes(later=TOMORROW)
    assert stands(office)


def test_l10_a_fault_of_ours_in_one_question_leaves_the_others(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    known(office)
    asks(office, "? dupont")
    asks(office, "? lefevre", uid="r")
    office.passes()
    tidied: Any = typed_questions._tidy

    def unlucky(world: Any, row: Any) -> int:
        if row.ref == "q.ics":
            raise ValueError("DUPONT")
        return int(tidied(world, row))

    monkeypatch.setattr(typed_questions, "_tidy", unlucky)
    office.passes(later=TOMORROW)
    assert stands(office)
    assert not stands(office, "r")


def test_p51_the_digest_asks_for_no_reason_of_a_question(office: "Office") -> None:
    asks(office, "? x", day=9)
    office.passes()
    office.passes(later=TOMORROW)
    assert [one for one in office.email.sent if "à regarder" in one.subject] == []


def test_nothing_is_stored_of_a_patient_that_a_question_named(office: "Office") -> None:
    answer(office, "? nouveau dupont 06 12 34 56 79")
    with office.world.store.read() as tx:
        assert len(patients.every(tx)) == 0
        assert bookings.starting(tx, office.now, office.now + timedelta(days=30), office.world.practice.zone) == []
