"""Free times proposed in the event: looked for once, never renewed by time or by others (law L2), and nobody's
secret."""

import re
from datetime import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from rules.model import Dentist, Motif, Practice
from sync.cli.commands.desk import _line
from sync.core.context import Source
from sync.evaluate.slot_offers import next_free
from sync.store import tables, views
from tests.desk import HOURS, LUC, MARIE, NEW, SURGERY, Desk, Event, make_desk, moment
from tests.office import PARIS, calendar_of


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont and Luc Moreau are followed by Dr Martin."""
    return make_desk(tmp_path, known=[MARIE, LUC])


def busy_week(desk: Desk) -> list[Event]:
    """One event of each kind that asks for free times, in that order of rules."""
    desk.books("DUPONT Marie – couronne", at="01/12 10:00", minutes=60)
    desk.keeps_days("Congés", "07/12", "09/12")
    newcomer = NEW.replace("12/05/1981", "01/02/1990").replace("56 78", "56 79").replace("marie", "anne")
    return [
        desk.books("MOREAU Luc – contrôle", at="29/11 10:00", minutes=20),  # outside-hours
        desk.books("MOREAU Luc – détartrage", at="25/12 10:00"),  # on-holiday
        desk.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20),  # on-leave
        desk.books("MOREAU Luc – couronne", at="01/12 10:30", minutes=60),  # conflict
        desk.books("MOREAU Luc – douleur", at="11/12 10:00", minutes=20),  # urgency-late
        desk.books("DUPONT Marie – détartrage", at="03/12 10:00", dentist="bernard"),  # dentist-other
        desk.books("PETIT Anne – détartrage", newcomer, at="04/12 10:00", minutes=45),  # dentist-earlier
    ]


def writes(desk: Desk) -> int:
    return sum(calendar.writes for calendar in desk.office.calendars.values())


def test_l2_passes_at_later_times_write_nothing(desk: Desk) -> None:
    events = busy_week(desk)
    assert [bool(event.proposed) for event in events] == [True] * 6 + [False]
    assert "peut recevoir plus tôt" in events[-1].reads
    read, before = [event.reads for event in events], writes(desk)
    for span in ({"minutes": 1}, {"hours": 3}, {"hours": 20}):
        desk.waits(**span)
    assert ([event.reads for event in events], writes(desk)) == (read, before)


def test_l2_nor_do_they_where_everything_is_judged_again(desk: Desk) -> None:
    events = busy_week(desk)
    read, before = [event.reads for event in events], writes(desk)
    desk.waits(hours=3)
    more = replace(desk.office.world.practice, motifs=(*SURGERY.motifs, Motif("Implant", 90)))
    desk.runs(more)  # a changed configuration owes a judgement to all that is to come
    desk.waits(minutes=1)
    assert ([event.reads for event in events], writes(desk)) == (read, before)


def test_l2_what_others_book_meanwhile_renews_nothing(desk: Desk) -> None:
    events = busy_week(desk)
    read = [event.reads for event in events]
    for at in ("30/11 08:30", "28/12 08:30", "10/12 08:30", "01/12 11:00", "24/11 09:15"):
        desk.books("Réunion", at=at, minutes=60)
    assert [event.reads for event in events][:3] == read[:3]
    assert [event.proposed for event in events][4:] == list(map(_proposed, read))[4:]


def _proposed(text: str) -> list[str]:
    beside = [told for line in re.findall(r"(?m)[.?] → (.*)$", text) for told in line.split(" → ")]
    return [line.removeprefix("  → ") for line in text.splitlines() if line.startswith("  → ")] + beside


def opens(*hours: tuple[time, time], holidays: str | None = "75", but: str = "") -> Practice:
    """The practice with these hours each working day, the dentist `but` with those of before."""
    dentists = (d if d.key == but else replace(d, hours=dict.fromkeys(range(5), hours)) for d in SURGERY.dentists)
    return replace(SURGERY, dentists=tuple(dentists), holidays=holidays)


def test_new_hours_are_what_an_event_proposes_from_then_on(desk: Desk) -> None:
    desk.books("DUPONT Marie – détartrage", at="01/12 10:00")
    event = desk.books("MOREAU Luc – contrôle", at="01/12 10:10", minutes=20)
    assert event.proposed[0] == "mardi 1er décembre à 10 h 30, Dr Claire Martin"
    desk.runs(opens((time(8, 30), time(10, 30))))
    desk.waits(minutes=1)
    assert event.proposed[0] == "mercredi 2 décembre à 8 h 30, Dr Claire Martin"
    assert "à 10 h 30" not in event.reads


def test_another_dentists_new_hours_are_what_an_event_proposes(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – contrôle", at="27/11 19:00", minutes=20)
    assert event.proposed[3].startswith("lundi 30 novembre à 8 h 30, Dr Paul Bernard")
    desk.runs(opens((time(10), time(12)), but="martin"))
    desk.waits(minutes=1)
    assert [line.partition(", ")[0] for line in event.proposed[2:4]] == [
        "lundi 30 novembre à 9 h 10", "lundi 30 novembre à 10 h",
    ]  # fmt: skip


def test_a_holiday_that_the_practice_keeps_from_now_on_is_proposed_no_more(desk: Desk) -> None:
    desk.runs(replace(SURGERY, holidays=None))
    event = desk.books("MOREAU Luc – contrôle", at="24/12 19:00", minutes=20)
    assert event.proposed[0] == "vendredi 25 décembre à 8 h 30, Dr Claire Martin"
    desk.runs(SURGERY)
    desk.waits(minutes=1)
    assert event.proposed[0] == "lundi 28 décembre à 8 h 30, Dr Claire Martin"


def test_hours_as_they_were_renew_nothing(desk: Desk) -> None:
    events = busy_week(desk)
    read, before = [event.reads for event in events], writes(desk)
    desk.waits(hours=3)
    same = tuple(replace(one, hours=dict(reversed(HOURS.items()))) for one in SURGERY.dentists)
    desk.runs(replace(SURGERY, dentists=same, motifs=(*SURGERY.motifs, Motif("Implant", 90))))
    desk.waits(minutes=1)
    assert ([event.reads for event in events], writes(desk)) == (read, before)


def test_l2_in_another_process_the_same_is_said(desk: Desk) -> None:
    events = busy_week(desk)
    read, before = [event.reads for event in events], writes(desk)
    desk.office.world = replace(desk.office.world, readings=type(desk.office.world.readings)())
    with desk.office.world.store.write() as tx:
        tx.connection.execute(tables.resource.update().values(dirty_at=desk.office.now))
    desk.waits(hours=2)
    assert ([event.reads for event in events], writes(desk)) == (read, before)


def test_a_finding_that_changes_is_answered_with_times_of_now(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – contrôle", at="29/11 10:00", minutes=20)
    desk.books("Réunion", at="30/11 08:30", minutes=240)
    assert event.proposed[0] == "lundi 30 novembre à 8 h 30, Dr Claire Martin"
    event.moves(at="29/11 11:00")
    assert event.proposed[0] == "lundi 30 novembre à 14 h, Dr Claire Martin"


def test_every_time_that_is_proposed_is_free_when_she_takes_it(desk: Desk) -> None:
    desk.keeps_days("Congés", "30/11", "01/12")
    desk.books("Réunion", at="02/12 08:30", minutes=45)
    desk.books("", at="02/12 09:30", minutes=30, extra="CLASS:PRIVATE")
    desk.books("DUPONT Marie – couronne", at="02/12 10:30", minutes=60)
    for number in range(3):
        event = desk.books("MOREAU Luc – contrôle", at="29/11 10:00", minutes=20)
        hour = event.proposed[number].partition(" à ")[2].partition(",")[0].replace(" h ", ":").replace(" h", ":00")
        event.moves(at=f"02/12 {hour}")
        assert event.wrong == [], event.reads
        event.deletes()


def test_nothing_is_proposed_for_what_is_over(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – contrôle", at="22/11 10:00", minutes=20)
    assert event.mark == "⚠ "
    assert event.proposed == []


def test_nothing_is_proposed_for_an_event_from_before_the_first_pass(tmp_path: Path) -> None:
    from tests.office import ics, make_office

    sources = [Source(calendar_of(one.key), one.key) for one in SURGERY.dentists]
    office = make_office(tmp_path, SURGERY, sources)
    office.calendars["martin"].put("a.ics", ics("a", "DUPONT Marie – contrôle", moment("29/11 10:00"), 20))
    office.passes()
    assert office.block("a") == ""


def test_the_kept_times_leave_the_store_with_the_reason_for_them(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – contrôle", at="29/11 10:00", minutes=20)
    with desk.office.world.store.read() as tx:
        assert len(tx.connection.execute(select(tables.booking.c.slots)).scalar()["slots"]) == 5
    event.moves(at="30/11 10:00")
    with desk.office.world.store.read() as tx:
        assert tx.connection.execute(select(tables.booking.c.slots)).scalar() is None


def test_a_longer_visit_than_the_day_asks_for_nothing(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – contrôle", "Durée : 400 min", at="29/11 10:00", minutes=400)
    assert event.proposed == ["aucun créneau libre dans les 60 jours qui suivent"]


# --- private events --------------------------------------------------------------------------------------------------

SECRET = ("Chimiothérapie", "Hopital", "Tenon", "Maître", "divorce")


def test_l8_a_private_event_s_words_appear_nowhere(desk: Desk) -> None:
    desk.books("Chimiothérapie Hopital Tenon", "Maître Untel, divorce", at="30/11 08:30", minutes=240,
               extra="CLASS:PRIVATE")  # fmt: skip
    events = [
        desk.books("MOREAU Luc – contrôle", at="29/11 10:00", minutes=20),
        desk.books("MOREAU Luc – détartrage", at="30/11 09:00"),
        desk.books("DUPONT Marie – douleur", at="30/11 09:30", minutes=20, dentist="bernard"),
    ]
    assert all(event.proposed for event in events)
    assert events[1].wrong == ["✗ Ce créneau est déjà pris : occupé (8 h 30 – 12 h 30)."]
    said = "\n".join(event.reads for event in events)
    with desk.office.world.store.read() as tx:
        kept = [repr(tuple(row)) for table in (tables.booking, tables.occurrence, tables.journal)
                for row in tx.connection.execute(select(table))]  # fmt: skip
        shown = [
            str(_line(one, SURGERY)) for one in views.agenda(tx, moment("30/11 00:00"), moment("01/12 00:00"), PARIS)
        ]
    for word in SECRET:
        assert not [text for text in (said, *kept, *shown) if word in text]


def test_an_event_that_becomes_private_is_forgotten_by_the_conflict(desk: Desk) -> None:
    secret = desk.books("Réunion divorce", at="30/11 08:30", minutes=240)
    event = desk.books("MOREAU Luc – détartrage", at="30/11 09:00")
    assert "divorce" in event.reads
    secret.extra = "CLASS:PRIVATE"
    secret.save()
    assert event.wrong == ["✗ Ce créneau est déjà pris : occupé (8 h 30 – 12 h 30)."]
    assert "divorce" not in event.reads


# --- asked for by anybody --------------------------------------------------------------------------------------------


def test_next_free_leaves_a_quarter_of_an_hour(desk: Desk) -> None:
    with desk.office.world.store.read() as tx:
        [slot] = next_free(tx, desk.office.world, "martin", 20, limit=1)
    assert slot.start == moment("24/11 09:15")


def test_a_dentist_alone_has_no_others_to_propose(tmp_path: Path) -> None:
    alone = replace(SURGERY, dentists=(Dentist("martin", "Dr Claire Martin", "Dentiste", HOURS),))
    desk = make_desk(tmp_path, alone, [MARIE])
    event = desk.books("DUPONT Marie – contrôle", at="29/11 10:00", minutes=20)
    assert [line.rpartition(", ")[2] for line in event.proposed] == ["Dr Claire Martin"] * 3
