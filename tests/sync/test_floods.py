"""More messages than anybody means to send are held and asked about: of a patient, of a pass, of a calendar (P43)."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rules.model import Patient
from sync.plan import floods
from tests.desk import MARIE, SURGERY, Desk, Event, make_desk
from tests.office import ics

WHERE = "Répondez à « messages retenus » dans cet agenda."
TITLE = "DUPONT Marie – contrôle"
FAMILY = [
    replace(MARIE, given_name=name, birth_date=date(1980 + number, 5, 12))
    for number, name in enumerate(("Anne", "Tim", "Jade", "Paul"))
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, known=[MARIE])


def held(desk: Desk, dentist: str = "martin") -> int:
    with desk.office.world.store.read() as tx:
        return floods.held_calls(desk.office.world, tx, f"memory:{dentist}")


def question(desk: Desk, dentist: str = "martin") -> tuple[str, str] | None:
    """Its reference and title, where one stands in that calendar."""
    calendar = desk.office.calendars[dentist]
    for ref, one in calendar._held.items():
        title = re.search(r"SUMMARY:(attitre : .* retenue?s?)", one.payload.decode())
        if title:
            return ref, title[1]
    return None


def answers(desk: Desk, word: str, dentist: str = "martin") -> None:
    writes_in(desk, word, dentist)
    for _ in range(3):
        desk.waits(seconds=61)


def writes_in(desk: Desk, word: str, dentist: str = "martin") -> None:
    asked = question(desk, dentist)
    assert asked is not None
    calendar = desk.office.calendars[dentist]
    calendar.put(asked[0], calendar._held[asked[0]].payload.replace(b"SUMMARY:", f"SUMMARY:{word} ".encode()))


def types(desk: Desk, count: int, title: str = TITLE) -> list[Event]:
    """One visit a day from the first of December on, a minute and a half apart."""
    made = []
    for number in range(count):
        made.append(desk.books(title, at=f"{1 + number:02d}/12 10:00", minutes=20, text="Créneau confirmé"))
        desk.waits(seconds=90)
    return made


@pytest.fixture
def eight(desk: Desk) -> Desk:
    """Eight visits of one patient, typed in twelve minutes (on working days and others: the surgery has no hours)."""
    practice = desk.office.world.practice
    open_always = tuple(replace(one, hours=None) for one in practice.dentists)
    desk.runs(replace(practice, dentists=open_always))
    types(desk, 8)
    return desk


def test_p43_eight_visits_of_one_patient_six_are_told_and_the_rest_is_asked_about(eight: Desk) -> None:
    assert (len(eight.sms()), len(eight.mails())) == (6, 6)
    assert held(eight) == 4
    assert question(eight) is not None
    assert question(eight)[1] == "attitre : 4 messages retenus"  # type: ignore[index]
    assert len([one for one in eight.office.to_practice() if "retenu" in one]) == 1


def test_the_event_says_why_its_patient_does_not_know(desk: Desk) -> None:
    desk.runs(replace(SURGERY, policy=replace(SURGERY.policy, most_per_hour=1)))
    first, second = types(desk, 2)
    said = "! Message au patient retenu, le cabinet doit décider : plus de 1 messages en une heure pour un même patient"
    assert "retenu" not in first.reads
    assert [line for line in second.reads.split("\n") if "retenu" in line] == [f"{said}. {WHERE}"]
    assert second.mark == ""
    writes = desk.office.calendars["martin"].writes
    desk.waits(minutes=5)
    assert desk.office.calendars["martin"].writes == writes
    answers(desk, "oui")
    assert "retenu" not in second.reads
    assert second.confirmed


def test_p43_oui_lets_them_go(eight: Desk) -> None:
    answers(eight, "oui")
    assert (len(eight.sms()), len(eight.mails())) == (8, 8)
    assert (held(eight), question(eight)) == (0, None)


def test_p43_what_becomes_too_much_in_the_pass_that_reads_the_answer_is_asked_about_anew(eight: Desk) -> None:
    first = question(eight)
    writes_in(eight, "oui")
    eight.books(TITLE, at="14/12 10:00", minutes=20, text="Créneau confirmé")
    assert held(eight) == 2
    assert len([one for one in eight.office.to_practice() if "retenu" in one]) == 2
    eight.waits(seconds=61)
    again = question(eight)
    assert (len(eight.sms()), len(eight.mails())) == (8, 8)
    assert again is not None
    assert again[0] != first[0]  # type: ignore[index]
    assert again[1] == "attitre : 2 messages retenus"
    answers(eight, "oui")
    assert (len(eight.sms()), len(eight.mails())) == (9, 9)
    assert (held(eight), question(eight)) == (0, None)


def test_p43_non_tells_nobody_and_asks_no_more(eight: Desk) -> None:
    answers(eight, "non")
    for _ in range(20):
        eight.waits(minutes=10)
    assert (len(eight.sms()), len(eight.mails())) == (6, 6)
    assert (held(eight), question(eight)) == (0, None)


def test_p42_what_was_refused_and_is_moved_later_is_told_as_a_move(eight: Desk) -> None:
    answers(eight, "non")
    eight.waits(hours=3)
    eight.office.calendars["martin"].put("e8.ics", ics("e8", TITLE, eight.office.now + timedelta(days=20, hours=1), 20))
    for _ in range(3):
        eight.waits(seconds=61)
    assert "RDV déplacé" in eight.sms()[-1]


def test_l4_what_is_held_and_moved_meanwhile_is_told_as_it_is_then(eight: Desk) -> None:
    before = eight.office.calendars["martin"]._held["e8.ics"].payload
    eight.office.calendars["martin"].put("e8.ics", before.replace(b"20261208T10", b"20261209T15"))
    eight.waits(hours=2)
    assert len(eight.sms()) == 6
    answers(eight, "oui")
    assert len(eight.sms()) == 8
    assert any("mercredi 9 décembre à 15h" in text for text in eight.sms())
    assert not any("mardi 8 décembre" in text for text in eight.sms())


def test_p43_what_is_held_and_deleted_meanwhile_is_no_question_any_more(eight: Desk) -> None:
    for uid in ("e7", "e8"):
        eight.office.calendars["martin"].delete(f"{uid}.ics")
    for _ in range(4):
        eight.waits(seconds=61)
    assert (held(eight), question(eight), len(eight.sms())) == (0, None, 6)


def test_p43_a_family_of_four_with_two_visits_each_on_one_phone_is_told_all(desk: Desk) -> None:
    desk.knows(*FAMILY)
    for day in ("01", "02"):
        for hour, one in zip((10, 11, 14, 15), FAMILY, strict=True):
            desk.books(f"DUPONT {one.given_name} – contrôle", at=f"{day}/12 {hour}:00", minutes=20)
    assert (len(desk.sms(MARIE.mobile)), held(desk)) == (8, 0)


def people(count: int) -> list[Patient]:
    return [
        replace(
            MARIE, family_name=f"Martin{chr(97 + number // 26)}{chr(97 + number % 26)}", given_name="Paul",
            mobile=f"+336200000{number:02d}", email=f"p{number}@example.org",
            birth_date=date(1950 + number, 5, 12),
        )
        for number in range(count)
    ]  # fmt: skip


def restores(desk: Desk, count: int, *stamps: str) -> None:
    """So many complete appointments stand in the calendar at once."""
    known = people(count)
    desk.knows(*known)
    for number, one in enumerate(known):
        start = desk.office.now.replace(hour=9) + timedelta(days=14 + 7 * (number // 5), minutes=20 * (number % 5))
        extra = f"CREATED:{stamps[number % len(stamps)]}" if stamps else ""
        title = f"{one.family_name.upper()} Paul – contrôle"
        desk.office.calendars["martin"].put(f"r{number}.ics", ics(f"r{number}", title, start, 20, "", extra))
    desk.office.passes()


def test_l7_a_calendar_restored_with_forty_appointments_tells_nobody_and_asks(desk: Desk) -> None:
    restores(desk, 40, "20250301T080000Z")
    assert (desk.sms(), desk.mails()) == ([], [])
    assert question(desk) is not None
    assert question(desk)[1] == "attitre : 40 confirmations retenues"  # type: ignore[index]
    answers(desk, "non")
    for _ in range(10):
        desk.waits(minutes=10)
    assert (desk.sms(), question(desk)) == ([], None)


def test_l7_a_calendar_restored_on_purpose_is_told_after_a_oui(desk: Desk) -> None:
    restores(desk, 40)
    answers(desk, "oui")
    assert (len(desk.sms()), len(desk.mails())) == (40, 40)


def test_p18_a_night_without_worker_with_twelve_appointments_typed_is_told(desk: Desk) -> None:
    desk.office.turned += timedelta(hours=14)
    restores(desk, 12)
    assert (len(desk.sms()), len(desk.mails()), held(desk)) == (12, 12, 0)


def test_p18_two_days_without_worker_typed_by_hand_are_told(desk: Desk) -> None:
    desk.office.turned += timedelta(days=2)
    restores(desk, 28, *[f"202611{24 + number // 14}T{8 + number % 9:02d}1500Z" for number in range(28)])
    assert (len(desk.sms()), held(desk)) == (28, 0)


def test_p43_more_than_a_practice_means_to_send_in_a_pass_is_held_whole(desk: Desk) -> None:
    policy = replace(desk.office.world.practice.policy, most_per_pass=10, brake_new=100)
    desk.runs(replace(desk.office.world.practice, policy=policy))
    restores(desk, 6)
    assert (desk.sms(), held(desk)) == ([], 12)
    answers(desk, "oui")
    assert len(desk.sms()) == 6


def test_p43_a_long_series_counts_once(desk: Desk) -> None:
    desk.books(TITLE, at="01/12 10:00", minutes=20, extra="RRULE:FREQ=WEEKLY")
    assert (len(desk.sms()), len(desk.mails()), held(desk)) == (1, 1, 0)


def test_p43_a_series_that_is_deleted_is_one_cancellation_not_56_to_be_asked_about(desk: Desk) -> None:
    desk.books(TITLE, at="01/12 10:00", minutes=20, extra="RRULE:FREQ=WEEKLY").deletes()
    for _ in range(4):
        desk.waits(minutes=5)
    assert "annulé" in desk.sms()[-1]
    assert (len(desk.sms()), len(desk.mails()), held(desk)) == (2, 2, 0)


def test_p41_reminders_are_not_held(eight: Desk) -> None:
    eight.waits(days=6, hours=2)
    assert any("rappel" in text for text in eight.sms())


def test_l4_on_a_shared_telephone_nothing_passes_what_is_held(desk: Desk) -> None:
    desk.knows(*FAMILY)
    desk.runs(replace(desk.office.world.practice, policy=replace(desk.office.world.practice.policy, most_per_hour=2)))
    event = desk.books(TITLE, at="01/12 10:00", minutes=20)
    desk.waits(seconds=90)
    event.moves(at="01/12 11:00")
    desk.waits(seconds=90)
    event.retypes(title="DUPONT Tim – contrôle")
    desk.waits(seconds=90)
    assert (len(desk.sms()), held(desk)) == (2, 4)
    answers(desk, "oui")
    assert ["annulé" in text for text in desk.sms()] == [False, False, True, False]
