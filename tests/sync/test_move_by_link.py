"""The patient moves the appointment by the link while the secretary works in her calendar, and while things go wrong
(P45, hard case G10)."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import Refused, TryLater
from adapters.calendars.memory import MemoryCalendar
from sync.people import patient_move
from sync.people.by_link import Said, revision
from sync.store import bookings, intents
from tests.office import COMPLETE, MORNING, PARIS, PRACTICE, Office, ics, make_office

MINUTE = timedelta(minutes=1)
HOURS = {day: ((datetime(2026, 1, 1, 8).time(), datetime(2026, 1, 1, 19).time()),) for day in range(7)}
OPEN = replace(
    PRACTICE, dentists=tuple(replace(one, hours=HOURS) for one in PRACTICE.dentists), page_url="https://r.fr"
)
THERE = (MORNING + timedelta(days=7)).replace(hour=15)


@pytest.fixture
def told(tmp_path: Path) -> Office:
    """Marie Dupont was told of her appointment, a week from now at ten."""
    office = make_office(tmp_path, OPEN)
    office.passes()
    office.she_books("a")
    office.passes()
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    return office


def number(office: Office, uid: str = "a") -> int:
    with office.world.store.read() as tx:
        [row] = bookings.with_uid(tx, uid, "", PARIS)
    return row.id


def chooses(office: Office, start: datetime = THERE, uid: str = "a") -> Said:
    with office.world.store.read() as tx:
        row = bookings.get(tx, number(office, uid), PARIS)
    assert row is not None
    return patient_move.move(office.world, row.id, revision(row.facts), start)


def ended(office: Office, uid: str = "a") -> str:
    with office.world.store.read() as tx:
        row = intents.get(tx, number(office, uid))
    assert row is not None
    return row.state


def stands(office: Office, uid: str = "a") -> int:
    return office.event(uid).start.hour


def she_books_over(office: Office, uid: str = "x") -> None:
    text = COMPLETE.replace("56 78", "11 22").replace("marie@", "zoe@").replace("1981", "1970")
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, "MARTIN Zoé – détartrage", THERE, 30, text))


def calm(office: Office) -> None:
    for _ in range(4):
        office.passes(later=2 * MINUTE)


def moved_once(office: Office) -> None:
    """It stands at the new time, the patient was told once, and nothing more follows."""
    calm(office)
    assert (stands(office), ended(office)) == (15, "done")
    assert (office.told("modification"), office.told("cancellation")) == (["sent"], [])
    assert office.block("a").startswith("✓")


def stays(office: Office, end: str = "taken") -> None:
    """It stands where it was, and nobody was told anything."""
    calm(office)
    assert (stands(office), ended(office)) == (10, end)
    assert (office.told("modification"), office.told("cancellation")) == ([], [])
    with office.world.store.read() as tx:
        assert tx.connection.exec_driver_sql("select count(*) from slot_hold").scalar() == 0


def test_g10_p45_moved_and_told_once(told: Office) -> None:
    assert chooses(told) is Said.ASKED
    told.passes()
    assert stands(told) == 15
    moved_once(told)
    assert told.calendars["martin"].calls["apply"] >= 1


@pytest.mark.parametrize("asked", [THERE.replace(hour=7), THERE.replace(minute=2), MORNING + timedelta(hours=3)])
def test_p45_a_time_that_was_never_offered_is_not_taken(told: Office, asked: datetime) -> None:
    assert chooses(told, asked) is Said.TAKEN


def race(monkeypatch: pytest.MonkeyPatch, then: Any, *, after: bool = False, method: str = "apply") -> list[str]:
    """`then` happens just before, or after, our next write."""
    plain, raced = getattr(MemoryCalendar, method), []

    def called(self: MemoryCalendar, *given: Any) -> Any:
        if not raced and not after:
            raced.append("")
            then()
        result = plain(self, *given)
        if not raced and after:
            raced.append("")
            then()
        return result

    monkeypatch.setattr(MemoryCalendar, method, called)
    return raced


@pytest.mark.parametrize("after", [False, True])
def test_g10_she_takes_the_time_around_our_write_and_hers_stands(
    told: Office, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    chooses(told)
    raced = race(monkeypatch, lambda: she_books_over(told), after=after)
    told.passes()
    assert raced
    assert (stands(told), stands(told, "x")) == (10, 15)
    assert ended(told) == "taken"
    calm(told)
    assert (told.told("modification"), told.told("cancellation")) == ([], [])
    assert told.told("confirmation") == ["sent", "sent"]  # Zoé's too: her appointment is fine


def test_g10_she_takes_the_time_and_gives_it_back(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    chooses(told)
    race(monkeypatch, lambda: she_books_over(told), after=True)
    told.passes()
    told.calendars["martin"].delete("x.ics")
    calm(told)
    assert (stands(told), ended(told), told.told("modification")) == (10, "taken", [])


@pytest.mark.parametrize("after", [False, True])
def test_g10_she_moves_it_around_our_write_and_hers_stands(
    told: Office, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    chooses(told)
    hers = (MORNING + timedelta(days=8)).replace(hour=11)
    body = ics("a", "DUPONT Marie – détartrage", hers, 30, COMPLETE)
    race(monkeypatch, lambda: told.calendars["martin"].put("a.ics", body), after=after)
    told.passes()
    calm(told)
    assert (told.event("a").start, ended(told)) == (hers, "changed")
    assert told.told("modification") == ["sent"]


def test_g10_she_deletes_it_and_is_not_contradicted(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    chooses(told)
    race(monkeypatch, lambda: told.calendars["martin"].delete("a.ics"))
    calm(told)
    assert told.calendars["martin"].get("a.ics") is None
    assert (told.told("modification"), told.told("cancellation")) == ([], ["sent"])
    assert ended(told) == "changed"


def test_g10_a_lost_answer_is_looked_up_and_told_once(told: Office) -> None:
    chooses(told)
    told.calendars["martin"].lose_answer_of_next_write()
    told.passes()
    moved_once(told)


def test_g10_the_calendar_is_down_and_it_is_done_later(told: Office) -> None:
    chooses(told)
    told.calendars["martin"].fail_next(TryLater("Injoignable."), times=3)
    told.passes()
    assert (stands(told), ended(told)) == (10, "wanted")
    moved_once(told)


def test_g10_down_until_the_time_is_somebody_elses_and_a_person_calls(told: Office) -> None:
    chooses(told)
    told.calendars["martin"].fail_next(TryLater("Injoignable."), times=9)
    told.passes()
    she_books_over(told)
    for _ in range(9):
        told.passes(later=20 * MINUTE)
    assert (stands(told), ended(told)) == (10, "taken")
    assert told.to_practice()[-1:] == ["attitre : un rendez-vous à déplacer"]


def test_g10_a_calendar_that_refuses_is_told_to_the_practice_and_the_patient_calls(told: Office) -> None:
    chooses(told)
    told.calendars["martin"].fail_next(Refused("Lecture seule."))
    told.passes()
    stays(told, "call")
    assert told.to_practice() == ["attitre : un rendez-vous à déplacer"]


def test_g10_down_right_after_our_write_nothing_is_told_before_it_was_looked_at(
    told: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    chooses(told)
    martin = told.calendars["martin"]
    race(monkeypatch, lambda: martin.fail_next(TryLater("Injoignable."), times=6), after=True)
    told.passes()
    assert (ended(told), told.told("modification")) == ("arrived", [])
    she_books_over(told)
    for _ in range(8):
        told.passes(later=10 * MINUTE)
    assert (stands(told), stands(told, "x"), ended(told)) == (10, 15, "taken")
    assert told.told("modification") == []


@pytest.mark.parametrize("back", [True, False])
def test_g10_down_right_after_our_write_and_she_drags_it_back_or_on(
    told: Office, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    chooses(told)
    martin = told.calendars["martin"]
    race(monkeypatch, lambda: martin.fail_next(TryLater("Injoignable."), times=3), after=True)
    told.passes()
    assert (ended(told), told.told("modification")) == ("arrived", [])
    hers = (MORNING + timedelta(days=7)).replace(hour=10 if back else 11)
    martin.put("a.ics", ics("a", "DUPONT Marie – détartrage", hers, 30, COMPLETE))
    for _ in range(8):
        told.passes(later=10 * MINUTE)
    assert (stands(told), ended(told)) == (hers.hour, "changed")
    assert told.told("modification") == ([] if back else ["sent"])


def test_p8_an_end_that_is_still_to_be_written_is_that_of_the_new_hour(told: Office) -> None:
    long = ics("a", "DUPONT Marie – détartrage", (MORNING + timedelta(days=7)).replace(hour=10), 50, COMPLETE)
    told.calendars["martin"].put("a.ics", long)
    told.passes()
    length = told.event("a").end - told.event("a").start
    assert chooses(told) is Said.ASKED
    told.passes()
    assert told.event("a").end - told.event("a").start == length
    moved_once(told)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("where", ["before the request", "after it", "before the second reading"])
@pytest.mark.parametrize("meanwhile", ["nothing", "she takes it", "she moves it"])
def test_g10_killed_in_between_one_thing_is_true(
    told: Office, monkeypatch: pytest.MonkeyPatch, where: str, meanwhile: str
) -> None:
    plain, done = MemoryCalendar.apply, []

    def apply(self: MemoryCalendar, *given: Any) -> Any:
        done.append(plain(self, *given) if where != "before the request" else None)
        if where != "before the second reading":
            raise Killed
        return done[-1]

    def changes(self: MemoryCalendar, *given: Any) -> Any:
        if done and where == "before the second reading":
            raise Killed
        return reads(self, *given)

    reads = MemoryCalendar.changes
    chooses(told)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MemoryCalendar, "apply", apply)
        patch.setattr(MemoryCalendar, "changes", changes)
        told.passes()
    if meanwhile == "nothing":
        moved_once(told)
        return
    if meanwhile == "she takes it":
        she_books_over(told)
        calm(told)
        assert (stands(told), stands(told, "x"), ended(told)) == (10, 15, "taken")
        assert told.told("modification") == []
        return
    hers = (MORNING + timedelta(days=8)).replace(hour=11)
    told.calendars["martin"].put("a.ics", ics("a", "DUPONT Marie – détartrage", hers, 30, COMPLETE))
    calm(told)
    assert (told.event("a").start, ended(told)) == (hers, "changed")
    assert told.told("modification") == ["sent"]


def test_l10_one_wish_that_fails_leaves_the_others(told: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlucky(*_: Any) -> int:
        raise ValueError("DUPONT")

    chooses(told)
    with monkeypatch.context() as patch:
        patch.setattr(patient_move, "carry_out_one", unlucky)
        told.passes()
    moved_once(told)


# --- many at once ----------------------------------------------------------------------------------------------------


NAMES = ("BLANC Anne", "BRUN Luc", "CARON Zoé", "COLIN Jean", "DAVID Emma")


def five(tmp_path: Path) -> Office:
    """Five patients with an appointment each, told of it; any number of messages may go."""
    policy = replace(OPEN.policy, most_per_hour=10_000, most_per_pass=10_000)
    office = make_office(tmp_path, replace(OPEN, policy=policy))
    office.passes()
    for place, name in enumerate(NAMES):
        start = (MORNING + timedelta(days=7)).replace(hour=9 + place)
        text = COMPLETE.replace("12/05/1981", f"{10 + place}/05/19{50 + place}").replace("56 78", f"56 {10 + place}")
        body = ics(f"p{place}", f"{name} – détartrage", start, 30, text.replace("marie@", f"p{place}@"))
        office.calendars["martin"].put(f"p{place}.ics", body)
    office.passes()
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"] * len(NAMES)
    return office


def at_once(office: Office, start: datetime, *, she: bool) -> Counter[str]:
    """All five choose that time at the same moment, from threads of their own, and she may book it too."""
    said: list[str] = []
    gate = threading.Barrier(len(NAMES) + she)

    def clicks(uid: str) -> None:
        gate.wait()
        said.append(chooses(office, start, uid))

    def books() -> None:
        gate.wait()
        office.calendars["martin"].put("she.ics", ics("she", "Réunion", start, 30))

    hands = [threading.Thread(target=clicks, args=(f"p{place}",)) for place in range(len(NAMES))]
    hands += [threading.Thread(target=books)] if she else []
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    return Counter(said)


@pytest.mark.slow
def test_g10_five_at_once_on_one_time_beside_her_never_two_never_none_without_a_reason(tmp_path: Path) -> None:
    office = five(tmp_path)
    rounds = 200
    for turn in range(rounds):
        start = (MORNING + timedelta(days=14 + turn // 20)).replace(hour=8) + (turn % 20) * timedelta(minutes=30)
        she = turn % 3 == 0
        said = at_once(office, start, she=she)
        assert said[Said.ASKED] <= 1
        assert said[Said.ASKED] + said[Said.TAKEN] == len(NAMES)
        office.passes()
        there = [place for place in range(len(NAMES)) if office.event(f"p{place}").start == start]
        assert len(there) == (0 if she else 1), (turn, said)
        with office.world.store.read() as tx:
            assert intents.open_ones(tx) == []
        if she:
            office.calendars["martin"].delete("she.ics")
        office.passes(later=MINUTE)
    assert set(office.told("modification")) == {"sent"}
    assert office.told("cancellation") == []
    assert len(office.told("modification")) == sum(1 for turn in range(rounds) if turn % 3)
