"""What goes wrong outside: each a clear sentence where it belongs, and the others go on."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.secretary import Event
from demo.sinks import Answer

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
NAMES = ("BLANC", "BRUN", "CARON", "COLIN", "DAVID", "FAURE", "GARCIA", "GIRARD", "HENRY", "LOPEZ")


def ten(practice: "Practice") -> list[Event]:
    """Ten confirmed check-ups of one morning and afternoon."""
    practice.knows(
        *(f"{n};Anne;{i:02}/03/1961;06 12 34 58 {i:02};p{i}@example.org;{i} rue X, 75020 Paris;martin"
          for i, n in enumerate(NAMES, 10))
    )  # fmt: skip
    starts = [practice.at(9) + timedelta(minutes=20 * number) for number in range(10)]
    events = [practice.martin.books(f"{n} Anne – contrôle", s, 20) for n, s in zip(NAMES, starts, strict=True)]
    practice.sync()
    assert len(practice.sms()) == 10
    return events


@pytest.fixture
def held(practice: "Practice") -> "Practice":
    """Eight of ten bookings vanished at once."""
    for event in ten(practice)[:8]:
        practice.martin.deletes(event)
    practice.sync()
    return practice


def notice(practice: "Practice") -> list[Event]:
    return [one for one in practice.martin.everything() if one.title == "attitre : 8 annulations retenues"]


def test_p43_g09_eight_of_ten_that_vanish_are_held_until_released(held: "Practice") -> None:
    assert len(held.sms()) == 10
    assert len(notice(held)) == 1
    assert any("retenues" in one for one in held.alerts())
    states = {one["dentist"]: one["state"] for one in held.json("status", said=None)["calendars"]}
    assert states == {"martin": "held", "bernard": "ok"}
    held.attitre("release", "martin")
    held.sync()
    held.sync()
    assert len(held.sms()) == 18
    assert notice(held) == []


@pytest.mark.parametrize(("word", "messages"), [("oui", 18), ("non", 10)])
def test_p43_a_word_in_the_notice_releases_or_drops(held: "Practice", word: str, messages: int) -> None:
    held.martin.writes(notice(held)[0], "attitre : 8 annulations retenues", word)
    held.sync()
    held.sync()
    assert len(held.sms()) == messages
    assert all(one.title != word for one in held.martin.everything())


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_h09_a_first_pass_writes_and_tells_nothing_and_a_later_edit_is_judged(first_day: "Practice") -> None:
    event = first_day.martin.books("DUPONT Marie – détartrage", first_day.at(9, 30), 45, first_day.new)
    first_day.sync()
    first_day.sync()
    assert (first_day.sms(), first_day.mail.messages) == ([], [])
    assert first_day.martin.sees(event).raw == event.raw
    first_day.martin.moves(event, first_day.at(10), 45)
    first_day.sync()
    assert "déplacé" in first_day.sms()[0]


def test_h06_a_refused_sms_is_told_and_the_email_not_repeated(practice: "Practice") -> None:
    practice.sink.answer_next(Answer(422, taken=False))
    event = practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    practice.sync()
    assert (practice.sms(), len(practice.subjects())) == ([], 1)
    block = practice.martin.sees(event).block
    assert "SMS de confirmation" in block
    assert "non remis" in block
    assert "✓ E-mail de confirmation envoyé" in block
    assert len(practice.alerts()) == 1
    assert [one["state"] for one in practice.json("outbox")] == ["failed"]


def test_p18_a_gateway_that_is_down_is_tried_again_and_tells_once(practice: "Practice") -> None:
    practice.sink.answer_next(Answer(503, taken=False))
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    assert practice.sms() == []
    soon = practice.at(9, 30) - timedelta(days=3)
    practice.sync(when=soon)
    practice.sync(when=soon + timedelta(minutes=5))
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


def test_i08_one_calendar_down_is_said_and_the_other_goes_on(practice: "Practice") -> None:
    url = practice.bernard.calendar
    practice.sets(url, "http://127.0.0.1:9/bernard/")
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    said = practice.sync(said=3)
    assert "Agenda « Dr Paul Bernard »" in said
    assert "non lu" in said
    assert len(practice.sms()) == 1


def test_a_wrong_password_is_a_sentence_in_status_and_an_alert(practice: "Practice") -> None:
    (practice.folder / "password").write_text("oublié")
    assert "non lu" in practice.sync(said=3)
    reasons = [one["reason"] for one in practice.json("status", said=1)["calendars"]]
    assert all("mot de passe" in reason for reason in reasons)
    assert practice.alerts() == []  # a proxy may refuse a login once or twice
    for minutes in (6, 12):
        practice.sync(when=datetime.now(UTC) + timedelta(minutes=minutes), said=3)
    assert sum("non lu" in one for one in practice.alerts()) == 2


def test_an_unknown_time_zone_and_an_endless_rule_harm_nobody_else(practice: "Practice") -> None:
    odd = practice.martin.books("BLANC Anne – contrôle", practice.at(15), 20, practice.new)
    practice.martin.writes(odd, "TZID=Europe/Paris", "TZID=Mars/Olympus")
    endless = practice.martin.books("Réunion d'équipe", practice.at(18), 30, extra="RRULE:FREQ=SECONDLY\n")
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.sync()
    assert "Fuseau horaire inconnu" in practice.martin.sees(odd).block
    assert "La répétition n'a pas pu être lue" in practice.martin.sees(endless).block
    assert any("9h30" in one for one in practice.sms())


def test_d08_our_block_taken_out_comes_back_once_then_she_is_respected(practice: "Practice") -> None:
    event = practice.confirmed()
    blocks = []
    for _ in range(2):
        text = practice.martin.sees(event).text
        practice.martin.writes(event, text, text.partition("\n── attitre ──")[0])
        practice.sync()
        practice.sync()
        blocks.append(practice.martin.sees(event).block)
    assert "✓ SMS de confirmation envoyé" in blocks[0]
    assert blocks[1] == ""
    assert len(practice.sms()) == 1


def test_d03_an_alarm_put_off_is_no_change(practice: "Practice") -> None:
    extra = "X-MOZ-LASTACK:20261124T080000Z\n"
    event = practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new, extra=extra)
    practice.sync()
    put_off = practice.martin.writes(event, "LASTACK:20261124T080000Z", "LASTACK:20261125T080000Z")
    practice.sync()
    assert len(practice.sms()) == 1
    assert practice.martin.sees(event).etag == put_off.etag


def test_p19_nothing_personal_in_messages_or_logs(practice: "Practice") -> None:
    practice.martin.books(
        "DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new + "\nCommentaire : séropositive"
    )
    logs = "".join(practice.attitre("sync", "-v", "--debug").stderr for _ in range(2))
    assert len(practice.sms()) == 1
    sent = practice.sms()[0] + "".join(str(part.get_payload(decode=True)) for part in practice.letter().walk())
    assert "positive" not in sent
    for secret in ("positive", "DUPONT", "Marie", "marie@", "612345678", "06 12", "rue Verte", "détartrage", "1981"):
        assert secret.lower() not in logs.lower()


@pytest.fixture
def worker(practice: "Practice", until: Callable[..., None]) -> Iterator["subprocess.Popen[bytes]"]:
    """`attitre run` that has looked once."""
    command = [str(Path(sys.executable).with_name("attitre")), "run", "-c", str(practice.file)]
    with (practice.folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=practice.folder, stderr=log, stdout=log)
    event = practice.martin.books("Bloqué", practice.at(18), 30)
    until(lambda: practice.martin.sees(event).title.startswith("⚠"), 60)
    yield process
    process.kill()
    process.wait()


def test_p40_i09_run_works_alone_tells_at_once_and_ends_cleanly(
    worker: "subprocess.Popen[bytes]", practice: "Practice", until: Callable[..., None]
) -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    until(lambda: practice.sms() and practice.subjects(), 60)
    for command in ("sync", "run"):
        assert "Un autre attitre travaille déjà" in practice.attitre(command, said=1).stderr
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/bernard/"


def test_i08_run_goes_on_beside_a_calendar_that_hangs_and_ends_at_once(
    practice: "Practice", silent: str, until: Callable[..., None]
) -> None:
    practice.sets(practice.bernard.calendar, silent)
    command = [str(Path(sys.executable).with_name("attitre")), "run", "-c", str(practice.file)]
    with (practice.folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=practice.folder, stderr=log, stdout=log)
    try:
        practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
        until(practice.sms, 25)
        second = practice.martin.books("Bloqué", practice.at(18), 30)
        until(lambda: practice.martin.sees(second).title.startswith("⚠"), 15)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
