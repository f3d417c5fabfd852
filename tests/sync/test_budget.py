"""The daily requests of a Google project: counted together, spared by reading seldomer, never by writing less."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.calendars.google.auth import project_of
from adapters.meter import Meter, meter_of
from sync.core.budget import Budget, Day, google_day, stretch
from sync.core.intervals import SPARED_S, Pace, Why, interval, next_read
from sync.store import counters
from sync.store.engine import Store, Unusable
from sync.worker import health
from tests.office import MORNING, PARIS, Office, make_office
from tests.working import Working

DAILY = 20_000


@pytest.mark.parametrize(
    ("now", "begins", "hours"),
    [
        ("2026-11-24 08:59", "2026-11-23 09:00", 24),
        ("2026-11-24 09:00", "2026-11-24 09:00", 24),
        ("2026-03-08 12:00", "2026-03-08 09:00", 23),  # California's clocks go forward three weeks before ours
        ("2026-03-12 08:30", "2026-03-12 08:00", 24),
        ("2026-11-01 12:00", "2026-11-01 08:00", 25),
    ],
)
def test_the_day_at_google_ends_at_midnight_in_california(now: str, begins: str, hours: int) -> None:
    day = google_day(datetime.fromisoformat(now).replace(tzinfo=PARIS))
    assert day.begins == datetime.fromisoformat(begins).replace(tzinfo=PARIS)
    assert day.ends.astimezone(UTC) - day.begins.astimezone(UTC) == timedelta(hours=hours)


@given(st.integers(0, DAILY), st.floats(1, 86_000), st.floats(0, 1))
def test_what_is_left_is_never_asked_for_twice(used: int, crossed: float, share: float) -> None:
    """The rest of the day at the stretched pace costs what is left at most, whatever was used until now."""
    day = google_day(MORNING)
    now = day.begins + timedelta(seconds=crossed) + share * (day.ends - day.begins - timedelta(seconds=crossed))
    how = stretch(DAILY, replace(day, used=used, crossed=crossed), now)
    wanted = 0.8 * DAILY / crossed * (day.ends - now).total_seconds()
    assert how >= 1
    assert used < 0.8 * DAILY or wanted / how <= max(0, 0.95 * DAILY - used) + 1e-6


def test_nothing_is_spared_before_four_fifths_are_used() -> None:
    assert stretch(DAILY, Day(MORNING, MORNING + timedelta(hours=9), 15_999, None), MORNING) == 1


def test_a_spared_calendar_is_read_each_hour_at_least_and_a_slower_one_as_ever() -> None:
    assert interval(Pace(60, at_work=True, stretch=3.0), MORNING) == (180, Why.SPARED)
    assert interval(Pace(60, at_work=True, stretch=float("inf")), MORNING) == (SPARED_S, Why.SPARED)
    assert interval(Pace(7200, at_work=True, stretch=3.0), MORNING) == (7200, Why.ORDINARY)


def test_outside_opening_hours_it_is_read_each_ten_minutes_as_ever_while_that_suffices() -> None:
    assert interval(Pace(60, at_work=False, stretch=3.0), MORNING) == (600, Why.CLOSED)
    assert interval(Pace(60, at_work=False, stretch=20.0), MORNING) == (1200, Why.SPARED)


def test_beside_a_channel_a_calendar_whose_requests_count_is_read_each_quarter_of_an_hour() -> None:
    pushed = Pace(60, at_work=True, pushed_until=MORNING + timedelta(hours=1), stretch=1.0)
    assert interval(pushed, MORNING) == (900, Why.PUSHED)
    assert next_read(pushed, MORNING, 1.0)[0] == MORNING + timedelta(minutes=15)


# --- a day -----------------------------------------------------------------------------------------------------------


class Host:
    """Practices whose calendars are behind one project, each calendar read at its pace by a clock of its own."""

    def __init__(self, folder: Path, calendars: int, daily: int) -> None:
        store = Store(f"sqlite:///{folder / 'host.db'}", "lilas")
        store.prepare()
        self.now = google_day(MORNING).begins
        self.began, self.asked = self.now, 0
        self.budget = Budget(daily, Meter("projet"), store, self.seconds)
        self.due = [(self.now + timedelta(seconds=60 * number / calendars), number) for number in range(calendars)]
        self.longest = timedelta(0)

    def seconds(self) -> float:
        return (self.now - self.began).total_seconds()

    def lives(self, until: datetime, writes_each: int = 50) -> None:
        while self.due[0][0] < until:
            due, number = heapq.heappop(self.due)
            self.now = max(self.now, due)
            self.asks(1)
            if self.asked % writes_each == 0:
                self.asks(2)  # read again, then written
            self.budget.keep(self.now)
            pace = Pace(60, at_work=8 <= self.now.astimezone(PARIS).hour < 20, stretch=self.budget.stretch(self.now))
            after, _ = next_read(pace, self.now, jitter=(self.asked * 7 % 21 - 10) / 10)
            self.longest = max(self.longest, after - self.now)
            heapq.heappush(self.due, (after, number))

    def asks(self, requests: int) -> None:
        self.asked += requests
        self.budget.meter.count(requests)


def test_over_a_day_the_budget_is_kept_and_nobody_waits_for_long(tmp_path: Path) -> None:
    host = Host(tmp_path, 30, DAILY)
    host.lives(host.began + timedelta(days=1))
    assert 0.9 * DAILY < host.asked <= DAILY
    assert host.longest <= timedelta(minutes=12)


def test_the_next_day_begins_at_the_usual_pace(tmp_path: Path) -> None:
    host = Host(tmp_path, 30, 2_000)
    host.lives(host.began + timedelta(hours=23))
    assert host.budget.stretch(host.now) > 1
    host.lives(host.began + timedelta(hours=25, minutes=10))
    assert host.budget.stretch(host.now) == 1
    with host.budget._store.read() as tx:
        assert list(counters.counted(tx)) == ["2026-11-25"]


def test_a_budget_that_nobody_nears_changes_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path, 5, 1_000_000)
    host.lives(host.began + timedelta(hours=3))
    assert host.longest <= timedelta(seconds=72)


# --- together --------------------------------------------------------------------------------------------------------


def test_the_processes_of_a_host_count_together(postgresql: str) -> None:
    stores = [Store(postgresql, key) for key in ("lilas", "roses")]
    stores[0].prepare()
    one, two = (
        Budget(100, Meter("commun"), store, steady) for store, steady in zip(stores, (hours(), hours()), strict=True)
    )
    for each, requests in ((one, 30), (two, 40), (one, 15)):
        each.meter.count(requests)
        each.keep(MORNING)
    assert (one.day(MORNING).used, two.day(MORNING).used) == (85, 85)
    assert two.stretch(MORNING + timedelta(minutes=1)) > 1
    for store in stores:
        store.close()


def test_requests_that_could_not_be_counted_are_counted_later_and_end_no_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, moment = make_office(tmp_path), [0.0]
    budget = Budget(100, Meter("p"), office.world.store, lambda: moment[0])
    budget.meter.count(7)

    def away(*_: object, **__: object) -> None:
        raise Unusable("La base est occupée.")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", away)
        budget.keep(MORNING)
    assert budget.meter.pending == 7
    moment[0] += 61
    budget.keep(MORNING)
    assert (budget.meter.pending, budget.day(MORNING).used) == (0, 7)


def test_what_the_practices_of_a_process_asked_is_written_once_a_minute(tmp_path: Path) -> None:
    office, moment, meter = make_office(tmp_path), [0.0], Meter("p")
    budgets = [Budget(100, meter, office.world.store, lambda: moment[0]) for _ in range(3)]
    for each in budgets:
        meter.count(5)
        each.keep(MORNING)
    assert meter.pending == 10
    moment[0] += 61
    budgets[2].keep(MORNING)
    assert meter.pending == 0


def hours() -> Callable[[], float]:
    """A clock on which an hour passes from one look to the next."""
    ticks = iter(range(0, 10**9, 3600))
    return lambda: float(next(ticks))


def test_practices_of_one_process_share_a_meter_where_they_share_store_and_project() -> None:
    assert meter_of("projet", "sqlite:///a.db") is meter_of("projet", "sqlite:///a.db")
    assert meter_of("projet", "sqlite:///a.db") is not meter_of("projet", "sqlite:///b.db")


@pytest.mark.parametrize(
    ("credentials", "project"),
    [
        ('{"project_id": "cabinet-lilas", "client_id": "1086"}', "cabinet-lilas"),
        ('{"client_id": "424242-abc.apps.googleusercontent.com", "refresh_token": "1//x"}', "424242"),
        ("pas du JSON", ""),
    ],
)
def test_a_project_is_named_by_the_file(credentials: str, project: str) -> None:
    assert project_of(credentials) == project


# --- as it is said ---------------------------------------------------------------------------------------------------


def spared(office: Office, used: int) -> None:
    budget = Budget(100, Meter("projet"), office.world.store)
    budget.meter.count(used)
    budget.keep(office.now)
    office.world = replace(office.world, budgets={"memory:martin": budget})


def test_status_says_until_when_and_why_a_calendar_is_read_seldomer(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    office.turned = timedelta(hours=8)
    spared(office, 85)
    office.passes()
    working = Working(office)
    row = working.rows()["memory:martin"]
    said = health.spared(office.world, row).replace("\N{NO-BREAK SPACE}", " ")
    assert said.startswith("Lu moins souvent jusqu'à 9 h : 85 % des 100 requêtes Google du jour sont faites")
    assert health.spared(office.world, working.rows()["memory:bernard"]) == ""
    asked = working.rounds(1800)
    assert (len(asked["martin"]), len(asked["bernard"])) == (2, 30)
