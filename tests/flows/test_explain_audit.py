"""`audit` reads real calendars and stays silent; `explain` says why an event is as it is
(docs/design.md#the-command)."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
READING = {"GET", "HEAD", "PROPFIND", "REPORT", "OPTIONS"}


class _Handler(BaseHTTPRequestHandler):
    """Passes every request on, and notes its method."""

    protocol_version = "HTTP/1.1"
    target, seen = "", list[str]()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def _pass_on(self) -> None:
        self.seen.append(self.command)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        own = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "accept-encoding"}}
        answer = requests.request(self.command, self.target + self.path, data=body, headers=own, timeout=30)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "content-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer.content)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def listening_in(practice: "Practice") -> Iterator[list[str]]:
    """Every method with which attitre asks the calendar server, from now on."""
    parts = urlsplit(practice.martin.calendar)
    server = f"{parts.scheme}://{parts.netloc}"
    handler = type("Handler", (_Handler,), {"target": server, "seen": []})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
    text = practice.file.read_text("utf-8")
    here = f"http://127.0.0.1:{proxy.server_address[1]}"
    practice.file.write_text(text.replace(server, here), encoding="utf-8")
    try:
        yield handler.seen  # type: ignore[attr-defined]
    finally:
        practice.file.write_text(text, encoding="utf-8")
        proxy.shutdown()
        proxy.server_close()


def bytes_beside(practice: "Practice") -> dict[str, bytes]:
    """The store's files, whole."""
    return {file.name: file.read_bytes() for file in sorted(practice.folder.glob("attitre.db*"))}


def everything(practice: "Practice") -> list[str]:
    """All that stands in both calendars, as their server gives it."""
    return [event.etag + event.raw for hand in (practice.martin, practice.bernard) for event in hand.everything()]


def a_busy_week(practice: "Practice") -> None:
    """Good and bad bookings of coming and past days, blocks with and without a reason."""
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    practice.martin.books("LEROY Jean – contrôle", practice.at(11), 20)
    practice.martin.books("DURAND Hélène – contrôle", practice.at(14), 20)
    practice.martin.books("MARTINEZ Paul – détartrage", practice.at(15), 30, "Mobile : 01 43 00 00 01")
    practice.martin.books("Bloqué", practice.at(16), 60)
    practice.martin.books("Réunion", practice.at(17), 30)
    past = practice.at(10) - timedelta(days=21)
    practice.bernard.books("LEROY Jean – contrôle", past, 20)
    practice.bernard.books("x", past + timedelta(hours=2), 90, uid="bloc", extra="RRULE:FREQ=WEEKLY;COUNT=3\n")


def test_whoever_listens_in_hears_a_real_pass_write(first_day: "Practice") -> None:
    """Else the silence below would prove nothing."""
    with listening_in(first_day) as methods:
        first_day.sync()
        first_day.confirmed()
    assert "PUT" in methods


def test_audit_before_the_first_sync_is_silent_and_leaves_no_file(first_day: "Practice") -> None:
    a_busy_week(first_day)
    shown = everything(first_day)
    with listening_in(first_day) as methods:
        data = first_day.json("audit")
    assert methods
    assert set(methods) <= READING
    assert bytes_beside(first_day) == {}
    assert everything(first_day) == shown
    assert (first_day.sms(), first_day.mail.messages) == ([], [])
    assert data["directory"] is False
    assert [one["bookings"] for one in data["dentists"]] == [4, 1]
    assert {"rule": "patient-unknown", "count": 4} in [{k: r[k] for k in ("rule", "count")} for r in data["rules"]]


def test_p23_p30_p51_audit_counts_what_a_secretary_would_be_told(first_day: "Practice") -> None:
    first_day.knows()
    a_busy_week(first_day)
    before, shown = bytes_beside(first_day), everything(first_day)
    with listening_in(first_day) as methods:
        data = first_day.json("audit")
        text = first_day.attitre("audit", "--details").stdout
    assert set(methods) <= READING
    assert bytes_beside(first_day) == before
    assert everything(first_day) == shown
    assert (first_day.sms(), first_day.mail.messages) == ([], [])
    martin, bernard = data["dentists"]
    assert {k: martin[k] for k in ("bookings", "fine", "with_errors", "without_mobile", "other_dentist")} == {
        "bookings": 4, "fine": 2, "with_errors": 2, "without_mobile": 1, "other_dentist": 1,
    }  # fmt: skip
    assert (martin["lost_minutes"], bernard["lost_minutes"]) == (60, 270)
    assert [one["minutes"] for one in data["lost"] if one["dentist"] == "bernard"] == [90, 90, 90]
    assert data["messages"]["sms"] == {"confirmations": 3, "reminders": 2}
    assert data["messages"]["sms_segments"] >= 5
    assert [one["title"] for one in data["to_correct"]] == [
        "x", "LEROY Jean – Contrôle", "MARTINEZ Paul – Détartrage", "Bloqué",
    ]  # fmt: skip
    assert "rien n'a été écrit ni envoyé" in text
    assert "Ne jamais laisser un créneau bloqué sans motif" in text
    assert "x (3 fois)" in text
    assert max(map(len, text.splitlines())) <= 200


def test_audit_beside_a_working_store_changes_not_a_byte_of_it(first_day: "Practice") -> None:
    with listening_in(first_day) as methods:
        first_day.sync()
        first_day.confirmed()
        before, shown = bytes_beside(first_day), everything(first_day)
        told = len(first_day.sms()), len(first_day.mail.messages)
        methods.clear()
        data = first_day.json("audit", "--next", "60")
        assert methods
        assert set(methods) <= READING
    assert (bytes_beside(first_day), everything(first_day)) == (before, shown)
    assert (len(first_day.sms()), len(first_day.mail.messages)) == told
    assert [(one["bookings"], one["fine"]) for one in data["dentists"]] == [(1, 1), (0, 0)]
    assert data["rules"] == [], "her own « Nouveau patient » made the record"


def test_audit_reports_the_others_where_one_calendar_is_down(first_day: "Practice") -> None:
    first_day.bernard.books("Bloqué", first_day.at(9), 60)
    first_day.sets(first_day.martin.calendar, "http://127.0.0.1:9/agenda/")
    done = first_day.attitre("audit", "--json", said=3)
    assert "Agenda « Dr Claire Martin »" in done.stderr
    assert '"blocks_without_motif": 1' in done.stdout
    assert "127.0.0.1:9" in first_day.attitre("audit", said=3).stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_audit_that_is_stopped_leaves_no_patient_behind(first_day: "Practice", how: signal.Signals) -> None:
    """Its notebook holds a copy of the directory."""
    first_day.knows()
    rest = first_day.file.read_text("utf-8")
    alone = re.sub(r"(?s)  bernard:.*?(?=motifs:)", "", rest)
    folder = first_day.folder / "tmp"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here = f"http://127.0.0.1:{silent.getsockname()[1]}/agenda/"
        first_day.file.write_text(alone.replace(first_day.martin.calendar, here), encoding="utf-8")
        command = [sys.executable, "-c", "from sync.main import main; main()", "audit", "-c", str(first_day.file)]
        process = subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}, stderr=subprocess.PIPE)
        silent.accept()
        assert list(folder.glob("attitre-*/audit.db"))
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.decode()) == (130, "Interrompu.\n")
    assert list(folder.iterdir()) == []


def test_explain_tells_the_whole_life_of_a_booking(practice: "Practice") -> None:
    event = practice.confirmed()
    practice.martin.moves(event, practice.at(11), 45)
    practice.sync()
    data = practice.json("explain", "dupont", "detartrage")
    assert data["state"] == "valid"
    assert data["event"]["title"] == "DUPONT Marie – détartrage"
    assert [one["state"] for one in data["messages"]] == ["sent"] * 4
    assert {one["reminder"] for one in data["plan"]} == {
        f"rappel le {practice.at(11) - timedelta(days=1):%d/%m/%Y à %H:%M}"
    }
    told = [one["event"] for one in data["journal"]]
    assert told[0] == "booked"
    assert (told.count("message-told"), told.count("written")) == (4, 2)
    text = practice.attitre("explain", data["event"]["uid"]).stdout
    assert "État : validé" in text
    assert "modification par SMS" in text
    assert "Le retour d'attitre y est, marque « ✓ »" in text


def test_explain_names_rule_point_procedure_and_setting(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9), 45, practice.new.replace("06 12", "01 12"))
    practice.sync()
    (wrong,) = [one for one in practice.json("explain", "dupont")["findings"] if one["severity"] == "error"]
    assert (wrong["rule"], wrong["point"], wrong["procedure"]) == (
        "mobile-invalid", "P13", "Numéro de téléphone mobile valide",
    )  # fmt: skip
    assert wrong["setting"] == "« rules: {mobile-invalid: error | warning | info | off} »"
    text = practice.attitre("explain", "dupont").stdout
    assert "c'est un fixe" in text
    assert "P13, la procédure : « Numéro de téléphone mobile valide »" in text
    assert "à corriger : rien ne part avant" in text


def test_explain_lists_several_and_finds_none(practice: "Practice") -> None:
    for hour in (9, 11):
        practice.martin.books("DUPONT Marie – détartrage", practice.at(hour), 45, practice.new)
    practice.sync()
    several = practice.attitre("explain", "dupont", said=1)
    assert "2 événements correspondent" in several.stderr
    assert several.stdout.count("DUPONT Marie – détartrage") == 2
    assert len(practice.json("explain", "dupont", said=1)["matches"]) == 2
    assert practice.attitre("explain", "2").stdout.startswith("DUPONT Marie")
    nobody = practice.attitre("explain", "schmitt", said=1)
    assert (nobody.stdout, "Aucun événement ne correspond à « schmitt »" in nobody.stderr) == ("", True)


def test_explain_before_the_first_sync_makes_no_store(first_day: "Practice") -> None:
    assert "lancez d'abord « attitre sync »" in first_day.attitre("explain", "dupont", said=1).stderr
    assert bytes_beside(first_day) == {}


def test_explain_asks_no_server_and_changes_nothing(first_day: "Practice") -> None:
    with listening_in(first_day) as methods:
        first_day.sync()
        first_day.confirmed()
        before, shown = bytes_beside(first_day), everything(first_day)
        methods.clear()
        assert "État : validé" in first_day.attitre("explain", "dupont").stdout
        assert methods == []
    assert (bytes_beside(first_day), everything(first_day)) == (before, shown)
