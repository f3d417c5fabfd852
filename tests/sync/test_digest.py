"""The daily digest, through the whole engine: when it goes, what stands in it, and that it never goes twice."""

import json
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import time_machine
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.base import Permanent, TryLater, Uncertain
from rules.model import Channel
from sync.cli import loaded
from sync.store import bookings, keyvalue
from sync.worker import daily_digest
from sync.worker.digest_hour import next_digest
from sync.worker.one_pass import one_pass

if TYPE_CHECKING:
    from tests.sync.conftest import Office

TO_SEVEN = timedelta(hours=22)  # the office's stories begin at nine
MINUTE = timedelta(minutes=1)


def digests(office: "Office") -> list[Any]:
    """The digests in the practice's box."""
    return [one for one in office.email.sent if "à regarder" in one.subject]


def blocks(office: "Office", title: str = "Bloqué", day: int = 7) -> None:
    from tests.sync.conftest import MORNING, ics

    start = (MORNING + timedelta(days=day)).replace(hour=11)
    office.calendars["martin"].put(f"block{day}.ics", ics(f"block{day}", title, start, 60))


def test_p51_a_block_without_a_reason_is_told_each_day_until_it_has_one(office: "Office") -> None:
    blocks(office)
    office.passes()
    assert digests(office) == []
    office.passes(later=TO_SEVEN)
    office.passes(later=24 * 60 * MINUTE)
    blocks(office, "Formation")
    office.passes(later=timedelta(hours=12))
    office.passes(later=timedelta(hours=12))
    assert len(digests(office)) == 2
    assert all("mardi 1er décembre de 11 h à 12 h" in one.text for one in digests(office))
    assert all("semaine du lundi 30 novembre, Dr Claire Martin : 1 h" in one.text for one in digests(office))


def test_p51_once_a_day_over_passes_and_restarts(office: "Office") -> None:
    blocks(office)
    office.passes(later=TO_SEVEN - MINUTE)
    assert digests(office) == []
    for _ in range(5):
        office.passes(later=MINUTE)
    assert len(digests(office)) == 1


def test_p51_late_the_same_day_and_only_that_day(office: "Office") -> None:
    blocks(office)
    office.passes(later=timedelta(hours=3))
    office.passes(later=timedelta(days=2, hours=11))  # Thursday evening; nothing ran on Wednesday
    office.passes(later=MINUTE)
    assert len(digests(office)) == 1
    assert "jeudi 26 novembre" in digests(office)[0].subject


def test_p51_never_empty_and_not_later_that_day(office: "Office") -> None:
    office.passes(later=TO_SEVEN)
    blocks(office)
    office.passes(later=timedelta(hours=3))
    assert digests(office) == []


def test_the_first_day_has_no_late_digest(new_office: "Office") -> None:
    new_office.she_books("e0", text="Nouveau patient")
    new_office.passes()
    new_office.passes(later=MINUTE)
    assert digests(new_office) == []
    new_office.passes(later=TO_SEVEN)
    assert "DUPONT Marie" in digests(new_office)[0].text


def test_events_from_before_the_first_pass_are_told_when_their_day_is_near(new_office: "Office") -> None:
    new_office.she_books("e0", day=30, text="Nouveau patient")
    new_office.passes()
    new_office.passes(later=TO_SEVEN)
    assert digests(new_office) == []
    new_office.passes(later=timedelta(days=25))
    assert "DUPONT Marie" in digests(new_office)[0].text


def test_a_booking_to_correct_says_what_is_missing_in_text_and_page(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.passes()
    office.passes(later=TO_SEVEN)
    told = digests(office)[0]
    assert "mardi 1er décembre à 10 h, Dr Claire Martin : DUPONT Marie" in told.text
    assert "DUPONT Marie (naissance, mobile, e-mail, adresse et dentiste)\n" in told.text
    assert "DUPONT Marie" in told.html
    assert told.html.count("<h2>") == 1


def test_p18_an_undelivered_message_is_told_until_it_was_made_good(office: "Office") -> None:
    office.sms.fail(Permanent("Le numéro est refusé."))
    office.she_books("e0")
    office.passes()
    office.passes(later=TO_SEVEN)
    assert "SMS de confirmation non remis" in digests(office)[0].text
    assert "Appelez le 06 12 34 56 78." in digests(office)[0].text
    office.passes(later=timedelta(days=7))  # the appointment is over
    assert "non remis" not in digests(office)[-1].text


def test_ruling_15_past_bookings_without_outcome_are_listed_and_nobody_is_made_absent(office: "Office") -> None:
    office.she_books("e0", day=1, hour=15)
    office.passes()
    office.passes(later=timedelta(days=1, hours=22))
    text = digests(office)[-1].text
    assert "RENDEZ-VOUS PASSÉS SANS ISSUE" in text
    assert "mercredi 25 novembre à 15 h, Dr Claire Martin : DUPONT Marie" in text
    with office.world.store.read() as tx:
        (row,) = bookings.starting(tx, office.now - timedelta(days=2), office.now, office.world.practice.zone)
    assert row.attendance is None


def test_a_calendar_that_fails_is_told_with_its_reason(office: "Office") -> None:
    office.calendars["bernard"].fail_next(TryLater("Le serveur ne répond pas."), times=9)
    office.passes(later=TO_SEVEN)
    assert (
        "Dr Paul Bernard, depuis le mardi 24 novembre à 9 h\n    Le serveur ne répond pas." in digests(office)[0].text
    )


def test_p43_held_cancellations_are_told_with_the_command(office: "Office") -> None:
    for number in range(12):
        office.she_books(f"e{number}", day=7 + number)
    office.passes()
    for number in range(12):
        office.calendars["martin"].delete(f"e{number}.ics")
    office.passes(later=TO_SEVEN)
    assert "12 annulations retenues" in digests(office)[0].text
    assert "attitre release martin" in digests(office)[0].text


def test_remarks_that_the_calendar_refuses_are_told_here(office: "Office") -> None:
    from rules.model import Finding, Severity
    from sync.store import resources
    from sync.store.codec import findings_to_json

    office.she_books("e0")
    office.passes()
    with office.world.store.write() as tx:
        resources.change(tx, "memory:martin", "e0.ics", unwritable="L'agenda refuse.")
        remark = Finding("urgency-late", Severity.WARNING, "Trop tard pour ce motif.", "when")
        bookings.change(tx, 1, findings=findings_to_json([remark]))
    office.passes(later=TO_SEVEN)
    assert "REMARQUES QUE L'AGENDA N'A PAS ACCEPTÉES" in digests(office)[0].text
    assert "Trop tard pour ce motif." in digests(office)[0].text


@pytest.mark.parametrize("error", [TryLater("…"), Uncertain("…"), Permanent("…")])
def test_what_the_mail_server_refuses_is_tried_again_with_patience(office: "Office", error: Exception) -> None:
    blocks(office)
    office.passes()
    office.email.fail(error)
    office.passes(later=TO_SEVEN)
    office.passes(later=timedelta(seconds=1))
    assert digests(office) == []
    office.passes(later=timedelta(hours=2))
    office.passes(later=timedelta(hours=2))
    assert len(digests(office)) == 1


def killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("broken", "sent"), [("todays", 1), ("_put_after", 2)])
def test_l4_killed_anywhere_it_goes_at_least_once_and_at_most_once_more(
    office: "Office", monkeypatch: pytest.MonkeyPatch, broken: str, sent: int
) -> None:
    blocks(office)
    office.passes()
    with monkeypatch.context() as kill:
        if broken == "todays":
            kill.setattr(daily_digest, "todays", killed)
        else:
            kill.setattr(daily_digest, "_Turn", _settling_dies(daily_digest._Turn))
        with pytest.raises(KeyboardInterrupt):
            office.passes(later=TO_SEVEN)
    for _ in range(4):
        office.passes(later=20 * MINUTE)
    keys = {one.key for one in digests(office)}
    assert (len(digests(office)), len(keys)) == (sent, 1)  # the same key: the same Message-ID


def _settling_dies(turn: Callable[..., Any]) -> Callable[..., Any]:
    def made(*args: Any, **values: Any) -> Any:
        if values.get("settled"):
            raise KeyboardInterrupt
        return turn(*args, **values)

    return made


def test_two_at_once_send_one(office: "Office") -> None:
    blocks(office)
    office.passes(later=TO_SEVEN - MINUTE)
    office.turned += MINUTE
    first, second = daily_digest._claimed(office.world), daily_digest._claimed(office.world)
    assert first is not None
    assert second is None


def test_l10_a_fault_of_ours_in_the_digest_stays_there_and_names_nobody(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks(office)
    office.passes()

    def fails(*_: object) -> None:
        raise ValueError("DUPONT Marie")

    monkeypatch.setattr(daily_digest, "todays", fails)
    with structlog.testing.capture_logs() as lines:
        office.passes(later=TO_SEVEN)
    failed = [line["step"] for line in lines if line["event"] == "step failed"]
    assert failed == ["digest"]
    assert "DUPONT" not in repr(lines)


def test_l8_the_store_keeps_no_word_of_it(office: "Office") -> None:
    office.she_books("e0", text="Nouveau patient")
    office.passes()
    office.passes(later=TO_SEVEN)
    with office.world.store.read() as tx:
        kept = keyvalue.get(tx, daily_digest.NAME) or ""
    assert len(digests(office)) == 1
    assert "DUPONT" not in kept


def test_without_a_mail_gateway_there_is_none(office: "Office") -> None:
    blocks(office)
    office.turned += TO_SEVEN
    one_pass(replace(office.world, senders={Channel.SMS: office.sms}))
    assert digests(office) == []


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 10, 24, 8, 0), datetime(2026, 10, 25, 2, 30)),  # the hour that comes twice
        (datetime(2026, 3, 28, 8, 0), datetime(2026, 3, 29, 2, 30)),  # the hour that is left out
        (datetime(2026, 11, 24, 1, 0), datetime(2026, 11, 24, 2, 30)),
    ],
)
def test_the_next_hour_of_the_digest_in_wall_clock_time(office: "Office", now: datetime, due: datetime) -> None:
    practice = replace(office.world.practice, digest_at=time(2, 30))
    found = next_digest(practice, now.replace(tzinfo=practice.zone))
    assert found.replace(tzinfo=None) == due


# --- at the prompt ---------------------------------------------------------------------------------------------------


@pytest.fixture
def at_the_prompt(office: "Office", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The command, typed on the office's store at its morning."""
    from tests.sync.conftest import MORNING

    (tmp_path / "attitre.yaml").write_text(YAML.format(folder=tmp_path), encoding="utf-8")
    monkeypatch.setattr("sync.wiring.senders", lambda _: {Channel.EMAIL: office.email})

    def typed(*words: str) -> Any:
        with time_machine.travel(MORNING + office.turned, tick=False):
            return CliRunner().invoke(loaded(words), [*words, "-c", str(tmp_path / "attitre.yaml")])

    return typed


YAML = """
practice: {{key: lilas, name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: secretariat@lilas.example}}
store: "sqlite:///{folder}/lilas.db"
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/a/"}}]}}
  bernard: {{name: Dr Paul Bernard, specialty: Dentiste, calendars: [{{kind: caldav, url: "http://127.0.0.1:9/b/"}}]}}
motifs: [{{label: Détartrage, minutes: 30}}]
"""


def test_p51_the_command_shows_today_s_digest(office: "Office", at_the_prompt: Callable[..., Any]) -> None:
    assert at_the_prompt("digest").output == "Rien à signaler aujourd'hui.\n"
    blocks(office)
    office.passes()
    assert "mardi 1er décembre de 11 h à 12 h" in at_the_prompt("digest").output
    assert json.loads(at_the_prompt("digest", "--json").output)["sections"][0]["items"][0]["head"].startswith("mardi")
    assert digests(office) == []


def test_sent_by_hand_it_does_not_go_again_that_day(office: "Office", at_the_prompt: Callable[..., Any]) -> None:
    blocks(office)
    office.passes(later=TO_SEVEN - timedelta(hours=1))
    assert at_the_prompt("digest", "--send").exit_code == 0
    office.passes(later=timedelta(hours=2))
    assert len(digests(office)) == 1
    office.passes(later=timedelta(days=1))
    assert len(digests(office)) == 2


def test_a_mail_server_that_is_away_is_said_with_3(office: "Office", at_the_prompt: Callable[..., Any]) -> None:
    blocks(office)
    office.passes()
    office.email.fail(TryLater("Le serveur de courrier est injoignable."))
    done = at_the_prompt("digest", "--send")
    assert done.exit_code == 3
    assert "injoignable" in done.output
