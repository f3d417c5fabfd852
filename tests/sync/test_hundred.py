"""Of a hundred calendars thirteen fail in thirteen ways: the others keep their pace, no patient is told a word."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic

import pytest
import time_machine
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.senders.memory import MemorySender
from config.load import load
from rules.model import Channel
from sync.cli import app
from sync.core.context import World, nobody_watches
from sync.pull import reading
from sync.store import calendars
from sync.store.calendars import CalendarRow
from sync.wiring import open_world
from sync.worker import scheduler
from sync.worker.one_pass import one_pass
from sync.worker.round import one_round
from sync.worker.scheduler import Readers
from tests.moods_of_servers import fails, hangs, says
from tests.oddserver import OddServer, odd_server
from tests.office import COMPLETE, PARIS, ics

BEHIND_ONE_LOGIN, ALONE = 30, 60
WAYS = [*fails(threading.Event()), "ferme"]
MINUTE = timedelta(minutes=1)
NEW = COMPLETE.replace("06 12 34 56 78", "06 98 76 54 32").replace("1981", "1990").replace("marie@", "jeanne@")
HEAD = """
practice: {{name: Cent, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.example}}
store: sqlite:///{store}
motifs: [{{label: Détartrage, minutes: 30}}]
dentists:
"""


@dataclass
class Hundred:
    """The practice and its servers. `turned`: how far the clock was turned."""

    world: World
    odd: OddServer
    sms: MemorySender
    email: MemorySender
    begun: datetime
    config: Path
    turned: list[timedelta] = field(default_factory=lambda: [timedelta()])

    @property
    def now(self) -> datetime:
        return self.begun + self.turned[0]

    def books(
        self, segment: str, title: str = "DUPONT Marie – détartrage", text: str = COMPLETE, days: int = 7
    ) -> None:
        start = (self.begun + timedelta(days=days)).astimezone(PARIS).replace(hour=10, minute=0, second=0)
        body = ics(f"{segment}-{days}", title, start, 30, text)
        with self.odd.lock:
            self.odd.put(self.odd.collections[segment], f"{segment}-{days}.ics", body, "", "")

    def rows(self) -> dict[str, CalendarRow]:
        with self.world.store.read() as tx:
            return {row.calendar: row for row in calendars.every(tx)}

    def segment(self, row: CalendarRow) -> str:
        return row.calendar.rstrip("/").rpartition("/")[2]

    def goes_on(self, workers: Readers, span: timedelta) -> None:
        """Rounds whenever something is due, for so long by the practice's clock."""
        end = self.now + span
        while self.now < end:
            one_round(workers, nobody_watches)
            settled(workers)
            due = workers.next_due(self.rows(), self.now) or end
            self.turned[0] += max(timedelta(seconds=1), min(due, end, self.now + MINUTE) - self.now)

    def asked(self) -> Counter[str]:
        """How often each calendar was asked; the account's own question is that of the empty segment."""
        return Counter(one.path.strip("/").partition("/")[0] for one in self.odd.asked)


def settled(workers: Readers) -> None:
    """What hangs has met its deadline, which is short here: each round begins with nothing under way."""
    end = monotonic() + 20
    while workers.under_way and monotonic() < end:
        workers.wait()
        threading.Event().wait(0.02)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hundred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hundred]:
    """Everything was read once, while all was well; then one server closed."""
    monkeypatch.setattr(scheduler, "HEALTHY_WAIT_S", 0.6)
    monkeypatch.setattr(scheduler, "FAILING_WAIT_S", 0.05)
    with ExitStack() as stack:
        odd, closing = stack.enter_context(odd_server()), ExitStack()
        shut = closing.enter_context(odd_server())
        config = written(tmp_path, odd, shut)
        settings, problems = load([config], {})
        assert settings is not None, problems
        begun = datetime(2026, 11, 24, 10, tzinfo=PARIS)  # by day: at night each calendar is audited besides
        turned = [timedelta()]
        real = stack.enter_context(open_world(settings, clock=lambda: begun + turned[0]))
        sms, email = MemorySender(Channel.SMS), MemorySender(Channel.EMAIL)
        world = replace(real, senders={Channel.SMS: sms, Channel.EMAIL: email})
        found = Hundred(world, odd, sms, email, begun, config, turned)
        for way in WAYS[:-1]:
            found.books(way)
        one_pass(world)
        closing.close()
        leave(world, "ferme")
        assert not any(row.fail_count for row in found.rows().values())
        odd.asked.clear()
        yield found


def leave(world: World, dentist: str) -> None:
    """The connections to that calendar are gone with its server."""
    for source in world.sources:
        if source.dentist == dentist:
            source.calendar._access.http.session.close()  # type: ignore[attr-defined]


def written(place: Path, odd: OddServer, shut: OddServer) -> Path:
    """The configuration: thirty calendars behind one login, sixty with one of their own each, and those to come."""
    shared = [f'{{kind: caldav, url: "{odd.make(f"commun-{n}")}"}}' for n in range(BEHIND_ONE_LOGIN)]
    alone = [f'{{kind: caldav, url: "{odd.make(f"seul-{n}")}", username: u{n}}}' for n in range(ALONE)]
    lines = [f"  bon: {{name: Dr Bon, specialty: Dentiste, calendars: [{', '.join(shared + alone)}]}}"]
    for way in WAYS:
        url = (shut if way == "ferme" else odd).make(way)
        calendar = f'{{kind: caldav, url: "{url}", username: {way}, password: x}}'
        lines.append(f"  {way}: {{name: Dr {way.title()}, specialty: Dentiste, calendars: [{calendar}]}}")
    (place / "attitre.yaml").write_text(HEAD.format(store=place / "cent.db") + "\n".join(lines) + "\n")
    return place / "attitre.yaml"


def test_l10_thirteen_calendars_fail_in_thirteen_ways_and_ninety_keep_their_pace(
    hundred: Hundred, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DEADLINE_S", 0.4)
    hundred.odd.moods |= fails(over)
    workers = Readers(hundred.world, 60, chance=lambda: 0.5)
    hundred.goes_on(workers, 5 * MINUTE)
    hundred.books("seul-7", "PETIT Jeanne – détartrage", NEW, days=9)
    hundred.goes_on(workers, 7 * MINUTE)
    asked = hundred.asked()
    # the ninety: once a minute, the thirty behind one login with one question together
    assert 12 <= asked[""] <= 14
    assert {n for n in range(BEHIND_ONE_LOGIN) if asked[f"commun-{n}"]} == set()
    quiet = [asked[f"seul-{n}"] for n in range(ALONE) if n != 7]
    assert 12 <= min(quiet) <= max(quiet) <= 14
    # the thirteen: ever more seldom
    tries = {way: hundred_tries(hundred, way) for way in WAYS}
    assert all(tries[way] <= 11 for way in WAYS), tries
    assert (asked["attendre"], asked["mdp"]) == (2, 4)
    assert all(asked[way] <= 6 * tries[way] for way in WAYS), asked
    # the booking of a good one was confirmed, and nothing else was told to a patient
    assert [one.to for one in hundred.sms.sent] == ["+33698765432"]
    # each failing calendar is one alert and one sentence
    alerts = Counter(one.subject for one in hundred.email.sent if one.to == "s@lilas.example")
    assert alerts == Counter({f"attitre : agenda « Dr {way.title()} » non lu": 1 for way in WAYS})
    with time_machine.travel(hundred.now):
        said = CliRunner().invoke(app, ["status", "--json", "-c", str(hundred.config)])
    lines = [one for one in json.loads(said.stdout)["calendars"] if one["state"] == "failing"]
    assert Counter(one["dentist"] for one in lines) == Counter(WAYS)
    assert {one["dentist"]: one["reason"] for one in lines} == REASONS
    assert all(one["next_read"] and one["next_read_why"] for one in lines)


def hundred_tries(hundred: Hundred, way: str) -> int:
    return next(row.fail_count for row in hundred.rows().values() if hundred.segment(row) == way)


HOST = "127.0.0.1"
LATE, FLOOD = f"{HOST} n'a pas répondu à temps.", "La réponse de l'agenda est démesurée."
REASONS = {
    "ferme": f"{HOST} n'est pas joignable.",
    "pend": LATE,
    "goutte": LATE,
    "mdp": f"{HOST} a refusé l'identifiant ou le mot de passe.",
    "droit": "Ce compte n'a pas le droit d'ouvrir cet agenda.",
    "absent": "L'agenda n'existe pas (ou plus) à cette adresse.",
    "panne": f"{HOST} signale une panne (500).",
    "attendre": f"{HOST} demande d'attendre.",
    "casse": "La réponse de l'agenda est coupée ou abîmée.",
    "portail": "Le serveur n'a pas répondu comme un agenda : l'adresse est-elle la bonne ?",
    "deluge": FLOOD,
    "bombe": "La réponse de l'agenda contient des entités XML : refusée.",
    "boucle": "Le serveur de l'agenda renvoie sans fin vers une autre adresse.",
}


def test_i08_ten_that_hang_delay_neither_ninety_readings_nor_a_message(hundred: Hundred, over: threading.Event) -> None:
    hundred.odd.moods |= {way: hangs(over) for way in WAYS[:10]}
    workers = Readers(hundred.world, 60, chance=lambda: 0.5)
    began = monotonic()
    one_round(workers, nobody_watches)
    hundred.books("commun-3", "PETIT Jeanne – détartrage", NEW, days=9)
    hundred.turned[0] += 3 * MINUTE
    one_round(workers, nobody_watches)
    hundred.turned[0] += 3 * MINUTE
    one_round(workers, nobody_watches)
    assert monotonic() - began < 20
    assert len(workers.under_way) == 10
    assert {hundred.asked()[way] for way in WAYS[:10]} == {1}
    assert [hundred.asked()[f"seul-{n}"] for n in range(3)] == [3, 3, 3]
    assert {one.to for one in hundred.sms.sent} == {"+33698765432"}
    workers.close()


def test_a16_a_busy_server_is_asked_twice_for_its_thirty_calendars_and_then_left_alone_as_it_wishes(
    hundred: Hundred,
) -> None:
    thirty = [f"commun-{n}" for n in range(BEHIND_ONE_LOGIN)]
    hundred.odd.moods |= dict.fromkeys(["", *thirty], says(503, Retry_After="120"))
    workers = Readers(hundred.world, 60, chance=lambda: 0.5)
    one_round(workers, nobody_watches)
    assert sum(hundred.asked()[name] for name in ["", *thirty]) == 2
    behind = [row for row in hundred.rows().values() if hundred.segment(row) in thirty]
    assert {row.reason for row in behind} == {f"{HOST} demande d'attendre."}
    hundred.goes_on(workers, MINUTE)
    assert sum(hundred.asked()[name] for name in ["", *thirty]) == 2
    hundred.odd.moods.clear()
    hundred.goes_on(workers, 2 * MINUTE)
    assert not any(row.fail_count for row in hundred.rows().values() if hundred.segment(row) in thirty)
    assert hundred.sms.sent == []


def test_i08_a_home_that_does_not_answer_is_not_asked_for_a_quarter_of_an_hour_and_its_calendars_go_on(
    hundred: Hundred,
) -> None:
    hundred.odd.moods[""] = says(503)
    workers = Readers(hundred.world, 60, chance=lambda: 0.5)
    hundred.goes_on(workers, 14 * MINUTE)
    asked = hundred.asked()
    assert asked[""] == 1
    assert {asked[f"commun-{n}"] for n in range(BEHIND_ONE_LOGIN)} == {14}
    hundred.odd.moods.clear()
    hundred.goes_on(workers, 3 * MINUTE)
    assert hundred.asked()[""] >= 2
    assert not any(row.fail_count for row in hundred.rows().values() if row.dentist == "bon")


def test_b5_whatever_the_jitter_the_thirty_stay_together_and_one_question_serves_them(hundred: Hundred) -> None:
    workers = Readers(hundred.world, 60, chance=Random(7).random)
    hundred.goes_on(workers, 15 * MINUTE)
    asked = hundred.asked()
    assert {n for n in range(BEHIND_ONE_LOGIN) if asked[f"commun-{n}"]} == set()
    assert 12 <= asked[""] <= 19
    alone = [asked[f"seul-{n}"] for n in range(ALONE)]
    assert 12 <= min(alone) <= max(alone) <= 20
    assert len(set(alone)) > 1  # each at its own moment
