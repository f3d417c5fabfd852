"""The commands as an administrator or a secretary types them: exit codes, sentences, JSON shapes
(docs/design.md#the-command, docs/design.md#details-people-rely-on)."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from typer.testing import CliRunner

from adapters.base import Cursor, Edit, EditResult, Known, Page, Probe, Reading, Resource, TryLater, Window, Written
from adapters.calendars.ical.resource import Ics
from rules.model import AddEvent, Channel, Facts, MessageKind, Send
from sync import wiring
from sync.cli import app
from sync.store import calendars, keyvalue, messages
from sync.store.engine import Store

YAML = """\
practice: {name: Cabinet des Lilas, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{kind: caldav, url: "https://dav.example/cabinet/martin/"}]
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars: [{kind: caldav, url: "https://dav.example/cabinet/bernard/"}]
motifs: [{label: Contrôle, minutes: 30}]
feedback: {quiet_seconds: 0}
"""


class Shelf:
    """A calendar on a shelf: what is put into `events` stands in it; `down` makes it unreachable."""

    def __init__(self, address: str, secret: bytes) -> None:
        self.address, self.down = address, False
        self.events: dict[str, bytes] = {}
        self._ics = Ics(ZoneInfo("Europe/Paris"), secret, address)

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        if self.down:
            raise TryLater("dav.example n'est pas joignable.")
        held = known.whole()
        found = tuple(self._resource(ref) for ref in self.events if held.get(ref) != self._resource(ref).version)
        absent = tuple(ref for ref in held if ref not in self.events)
        yield Page(resources=found, absent=absent, cursor=Cursor("shelf", "1"), full=True)

    def _resource(self, ref: str) -> Resource:
        return Resource(ref, f'"{hash(self.events[ref])}"', self.events[ref])

    def get(self, ref: str) -> Resource | None:
        return self._resource(ref) if ref in self.events else None

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        return self._ics.read(ref, payload, window)

    def over(self, payload: bytes, before: datetime) -> bool:
        return self._ics.over(payload, before)

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        spliced = self._ics.splice(ref, self.events[ref], edit.annotation, edit.end)
        assert spliced is not None
        self.events[ref] = spliced
        return Written(self._resource(ref))

    def add(self, event: AddEvent) -> EditResult:
        raise AssertionError(event)

    def remove(self, ref: str, version: str | None) -> EditResult:
        raise AssertionError(ref)

    def try_writing(self) -> str | None:
        return None

    def probe(self) -> Probe:
        if self.down:
            raise TryLater("dav.example n'est pas joignable.")
        return Probe("Agenda", True, "sync-token", ("Écriture conditionnelle possible.",))


@pytest.fixture
def shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Shelf]:
    """The calendars by the last part of their address; the practice's YAML lies in the current folder."""
    made: dict[str, Shelf] = {}

    def shelf(maker: Any, settings: Any) -> Shelf:
        name = settings.url.rstrip("/").rpartition("/")[2]
        return made.setdefault(name, Shelf(settings.url, maker._secret))

    monkeypatch.setattr(wiring._Maker, "_dav", shelf)
    monkeypatch.delenv("ATTITRE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("attitre.yaml").write_text(YAML, encoding="utf-8")
    return made


def attitre(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def ask(*words: str) -> Any:
    return json.loads(attitre(*words).stdout)


def put(shelf: Shelf, uid: str, title: str, days: int = 3) -> None:
    start = (datetime.now(UTC) + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//", "BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}",
        "DTSTAMP:20260101T000000Z", f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(minutes=30):%Y%m%dT%H%M%SZ}", "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    shelf.events[f"{uid}.ics"] = "\r\n".join(lines).encode()


def test_a_good_configuration_passes_and_says_so(shelves: dict[str, Shelf]) -> None:
    whole = YAML.replace("calendars: [", 'hours: {mon: "9:00-12:00"}\n    calendars: [') + (
        'messages: {email: {url: "smtp://a@b.fr", sender: a@b.fr}, '
        'sms: {kind: http, url: "http://127.0.0.1/", json: {to: "{to}", text: "{text}"}}}\n'
    )
    Path("attitre.yaml").write_text(whole, encoding="utf-8")
    assert (attitre("check").exit_code, attitre("check").stdout) == (0, "La configuration est bonne.\n")


def test_a_configuration_with_remarks_is_not_called_good(shelves: dict[str, Shelf]) -> None:
    result = attitre("check")
    assert result.exit_code == 0
    assert result.stdout.endswith("La configuration peut servir ; 4 remarques, ci-dessus.\n")


def test_check_says_which_messages_wait_for_a_way_that_is_not_there(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    start = datetime.now(UTC) + timedelta(days=3)
    facts = Facts(None, "DUPONT Marie", "martin", start, 30, "Contrôle", "")
    store = Store("sqlite:///attitre.db", "cabinet")
    with store.write() as tx:
        send = Send(MessageKind.CONFIRMATION, Channel.EMAIL, "marie@exemple.fr", facts)
        messages.add(tx, 1, send, 1, due=start, now=start)
    store.close()
    assert (
        "! 1 e-mail attend, et aucun e-mail n'est configuré : il ne partira pas."
        in attitre("check", "--connect").stdout
    )


def test_l7_a_restored_backup_names_who_is_taken_as_told_though_no_event_shows_it(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    start = (datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=3)).replace(hour=9, minute=0)
    facts = Facts(None, "DUPONT Marie", "martin", start, 30, "Contrôle", "")
    store = Store("sqlite:///attitre.db", "cabinet")
    with store.write() as tx:
        send = Send(MessageKind.CONFIRMATION, Channel.SMS, "+33612345678", facts)
        messages.add(tx, 1, send, 1, due=start, now=start)
    store.close()
    done = attitre("sync", "--restored")
    assert done.exit_code == 0
    assert "1 message tenu pour déjà dit.\n" in done.stdout
    assert f"n° 1 : DUPONT Marie, {start:%d/%m/%Y} 09:00, confirmation par SMS (06 12 34 56 78)\n" in done.stderr
    assert attitre("sync", "--restored").stderr == "", "once"


def test_p1_a_bad_configuration_names_file_line_and_column(shelves: dict[str, Shelf]) -> None:
    Path("attitre.yaml").write_text(YAML + "support: [{name: Aide, phone: '12'}]\n", encoding="utf-8")
    result = attitre("check")
    assert result.exit_code == 1
    assert "attitre.yaml:13:31: support[0].phone: " in result.stdout
    assert set(ask("check", "--json")[0]) >= {"file", "line", "column", "path", "severity", "text", "hint"}


def test_check_connect_ends_with_3_where_a_calendar_is_only_unreachable(shelves: dict[str, Shelf]) -> None:
    assert attitre("check", "--connect").exit_code == 0
    shelves["martin"].down = True
    result = attitre("check", "--connect")
    assert result.exit_code == 3
    assert "✗ agenda de martin : dav.example n'est pas joignable." in result.stdout
    assert "✓ agenda de bernard" in result.stdout


def test_a_calendar_that_is_down_gives_3_and_the_other_is_done(shelves: dict[str, Shelf]) -> None:
    assert attitre("sync").exit_code == 0
    shelves["martin"].down = True
    put(shelves["bernard"], "a", "DUPONT Marie - contrôle")
    result = attitre("sync")
    assert result.exit_code == 3
    assert "Agenda « Dr Claire Martin »" in result.stderr
    assert b"attitre" in shelves["bernard"].events["a.ics"]


def test_sync_beside_another_says_so_and_ends_with_1(shelves: dict[str, Shelf]) -> None:
    from sync.store.engine import Store

    assert attitre("sync").exit_code == 0
    with Store("sqlite:///attitre.db", "cabinet").lock():
        result = attitre("sync")
    assert result.exit_code == 1
    assert "Un autre attitre travaille déjà" in result.stderr


def test_only_reads_one_dentist_and_names_the_others_where_it_is_unknown(shelves: dict[str, Shelf]) -> None:
    assert attitre("sync").exit_code == 0
    shelves["martin"].down = True
    assert attitre("sync", "--only", "bernard").exit_code == 0
    result = attitre("sync", "--only", "durand")
    assert (result.exit_code, "Dentistes : martin, bernard." in result.stderr) == (1, True)


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    put(shelves["martin"], "a", "DUPONT Marie - contrôle")
    before = dict(shelves["martin"].events)
    result = attitre("sync", "--dry-run")
    assert result.exit_code == 0
    assert "Dans « DUPONT Marie" in result.stdout
    assert shelves["martin"].events == before
    assert ask("agenda", "--json") == []
    assert "Nouvel événement" not in result.stdout  # what goes into the events needs no note beside them


def test_status_is_stale_before_the_first_pass_and_fine_after_it(shelves: dict[str, Shelf]) -> None:
    assert attitre("status").exit_code == 1
    attitre("sync")
    assert attitre("status").exit_code == 0
    state = ask("status", "--json")
    assert {row["state"] for row in state["calendars"]} == {"ok"}
    assert set(state["outbox"]) == {"pending", "retry", "failed", "uncertain", "held"}
    assert datetime.fromisoformat(state["calendars"][0]["last_success"]).utcoffset() is not None


def test_status_says_when_a_calendar_is_read_next_and_why_later_than_usual(shelves: dict[str, Shelf]) -> None:
    assert attitre("sync").exit_code == 0
    state = ask("status", "--json")["calendars"]
    moments = [datetime.fromisoformat(row["next_read"]) for row in state]
    assert all(timedelta(seconds=0) < moment - datetime.now(UTC) <= timedelta(seconds=60) for moment in moments)
    assert [row["next_read_why"] for row in state] == [None, None]
    assert "Prochain passage" not in attitre("status").stdout
    with Store("sqlite:///attitre.db", "cabinet").write() as tx:
        for row in calendars.every(tx):
            calendars.change(tx, row.calendar, doubted_at=row.last_success, doubt="le serveur ment")
    state = ask("status", "--json")["calendars"]
    assert {row["next_read_why"] for row in state} == {"agenda lu en entier"}
    assert "(agenda lu en entier)" in " ".join(attitre("status").stdout.split())


def test_c15_status_says_until_when_nothing_is_written(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    with Store("sqlite:///attitre.db", "cabinet").write() as tx:
        until = datetime.now(UTC) + timedelta(hours=1)
        keyvalue.put(tx, f"no-writes:{calendars.every(tx)[0].calendar}", until.isoformat())
    first, second = ask("status", "--json")["calendars"]
    assert {first["state"], second["state"]} == {"ok"}
    assert sorted(str(one["reason"])[:12] for one in (first, second)) == ["Les écriture", "None"]


def test_status_says_why_a_calendar_fails(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    shelves["martin"].down = True
    attitre("sync")
    rows = {row["dentist"]: row for row in ask("status", "--json")["calendars"]}
    assert (rows["martin"]["state"], rows["bernard"]["state"]) == ("failing", "ok")
    assert rows["martin"]["reason"] == "dav.example n'est pas joignable."
    assert attitre("status").exit_code == 1


def test_the_agenda_tells_bookings_from_blocks_with_their_findings(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    put(shelves["martin"], "a", "DUPONT Marie - contrôle")
    put(shelves["martin"], "b", "Formation", days=4)
    attitre("sync")
    booking, block = ask("agenda", "--json", "--dentist", "martin")
    assert (booking["kind"], booking["state"]) == ("booking", "incomplete")
    assert {"rule", "severity", "text"} == set(booking["findings"][0])
    assert (block["kind"], block["state"], block["findings"]) == ("block", "block", [])


def test_the_agenda_is_narrow_and_says_the_rest_where_it_is_asked(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    put(shelves["martin"], "a", "DUPONT Marie - contrôle")
    attitre("sync")
    said = attitre("agenda").stdout
    assert "Dr Claire Martin" in said
    assert max(map(len, said.splitlines())) < 160
    assert "Chaque remarque en entier : attitre agenda --details" in said
    whole = attitre("agenda", "--details").stdout
    assert "  ✗ « DUPONT Marie » n'est pas dans le fichier" in whole


def test_p05_the_audit_lists_whom_she_may_have_meant(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    Path("p.csv").write_text("nom;prenom;naissance;mobile\nDUPONT;Marie;12/05/1981;0612345678\n", encoding="utf-8")
    attitre("patients", "import", "p.csv", "--yes")
    put(shelves["martin"], "a", "DUPOND Marie - contrôle")
    said = attitre("audit", "--details").stdout
    assert "→ 1 : DUPONT Marie, né(e) le 12/05/1981" in said or "→ DUPONT Marie, né(e) le 12/05/1981" in said
    found = [one for case in ask("audit", "--json")["to_correct"] for one in case["findings"]]
    assert any("DUPONT Marie" in line for one in found for line in one["proposals"])


def test_the_state_names_dentists_and_calendars_shortly(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    said = attitre("status").stdout
    assert re.search(r"^Dr Claire Martin  martin +à jour", said, re.MULTILINE)
    assert "https://" not in said
    assert ask("status", "--json")["calendars"][0]["calendar"] == "https://dav.example/cabinet/martin/"


def test_the_agenda_takes_both_ways_to_write_a_date(shelves: dict[str, Shelf]) -> None:
    assert attitre("agenda", "--from", "24/11/2026", "--to", "2026-11-25").exit_code == 0
    assert attitre("agenda", "--from", "31/31/2026").exit_code == 2


def test_p43_what_is_held_shows_and_is_released_by_name(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    assert attitre("hold", "martin").exit_code == 0
    state = ask("status", "--json")
    assert [row["dentist"] for row in state["held"]] == ["martin"]
    result = attitre("release", "martin")
    assert (result.exit_code, result.stdout) == (0, "Aucune annulation n'attendait ; les prochaines partiront.\n")
    assert ask("status", "--json")["held"] == []


def test_p43_an_unknown_calendar_is_answered_with_the_valid_names(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    result = attitre("release", "durand")
    assert result.exit_code == 1
    assert "Possibilités : bernard, martin." in result.stderr


def test_the_outbox_knows_no_message_and_says_so(shelves: dict[str, Shelf]) -> None:
    assert ask("outbox", "--json") == []
    result = attitre("outbox", "retry", "12")
    assert (result.exit_code, result.stderr) == (1, "Aucun message n° 12. La liste : attitre outbox\n")


def test_an_import_previews_applies_with_yes_and_repeats_without_change(shelves: dict[str, Shelf]) -> None:
    Path("p.csv").write_text("nom;prenom;naissance;mobile\nDUPONT;Marie;12/05/1981;0612345678\n", encoding="utf-8")
    assert "rien n'est importé" in attitre("patients", "import", "p.csv").stdout
    assert "1 créé" in attitre("patients", "import", "p.csv", "--yes").stdout
    assert "0 à créer, 0 à mettre à jour, 1 sans" in attitre("patients", "import", "p.csv", "--yes").stdout


def test_an_import_of_many_lines_says_how_many_of_each_kind(shelves: dict[str, Shelf]) -> None:
    rows = [f"NOM{'ABCDEFGHIJ'[n % 10]}{'ABCDEFGHIJ'[n // 10]};Marie;01 43 00 00 {n:02}" for n in range(60)]
    Path("p.csv").write_text("\n".join(["nom;prenom;mobile;couleur", *rows]), encoding="utf-8")
    said = attitre("patients", "import", "p.csv").stderr.splitlines()
    assert len(said) == 4
    assert said[0].startswith("60 lignes : mobile : c'est un fixe (2, 3, 4, 5, 6 …)")
    assert len(attitre("patients", "import", "p.csv", "--details").stderr.splitlines()) == 62


def test_p05_an_import_that_names_one_patient_twice_never_flips_them(shelves: dict[str, Shelf]) -> None:
    lines = ("nom;prenom;naissance;mobile", "DUPONT;Marie;12/05/1981;0612345678", "DUPONT;Marie;12/05/1981;0698765432")
    Path("p.csv").write_text("\n".join(lines), encoding="utf-8")
    assert "la ligne 2 est gardée" in attitre("patients", "import", "p.csv", "--yes").stderr
    assert "1 sans changement" in attitre("patients", "import", "p.csv", "--yes").stdout
    assert ask("patients", "search", "dupont", "--json")[0]["mobile"] == "+33612345678"


def test_an_import_updates_the_patient_of_the_same_number(shelves: dict[str, Shelf]) -> None:
    Path("p.csv").write_text("nom;prenom;naissance;id\nDUPONT;Marie;12/05/1981;77\n", encoding="utf-8")
    attitre("patients", "import", "p.csv", "--yes")
    Path("p.csv").write_text("nom;prenom;naissance;id\nDURAND;Marie;12/05/1981;77\n", encoding="utf-8")
    assert "1 mis à jour" in attitre("patients", "import", "p.csv", "--yes").stdout
    assert [row["name"] for row in ask("patients", "search", "durand", "--json")] == ["DURAND Marie"]


@pytest.mark.parametrize("term", ["dupont", "Marie Dupont", "12/05/1981", "06 12 34 56 78"])
def test_p3_a_patient_is_found_by_name_birth_date_or_mobile(shelves: dict[str, Shelf], term: str) -> None:
    Path("p.csv").write_text("nom;prenom;naissance;mobile\nDUPONT;Marie;12/05/1981;0612345678\n", encoding="utf-8")
    attitre("patients", "import", "p.csv", "--yes")
    found = ask("patients", "search", *term.split(), "--json")
    assert [row["name"] for row in found] == ["DUPONT Marie"]
    assert set(found[0]) == {"id", "name", "birth_date", "mobile", "email", "dentist"}


def test_several_practices_are_too_many_for_a_command_about_one(shelves: dict[str, Shelf]) -> None:
    Path("two").mkdir()
    for name in ("lilas", "roses"):
        text = YAML.replace("practice: {", f"practice: {{key: {name}, ").replace("/cabinet/", f"/{name}/")
        Path("two", f"{name}.yaml").write_text(text, encoding="utf-8")
    assert attitre("status", "-c", "two").exit_code == 1
    assert "« --practice CLÉ »" in attitre("agenda", "-c", "two").stderr
    assert attitre("sync", "-c", "two").exit_code == 0
    assert attitre("agenda", "-c", "two", "--practice", "roses").exit_code == 0
    assert attitre("--practice", "roses", "patients", "search", "-c", "two", "dupont").exit_code in {0, 1}
    lost = attitre("agenda", "-c", "two", "--practice", "rose")
    assert (lost.exit_code, lost.stderr) == (1, "Aucun cabinet n'a la clé « rose ». Vouliez-vous dire « roses » ?\n")


def test_status_of_many_is_a_line_each_the_worst_first_and_json_has_the_totals(shelves: dict[str, Shelf]) -> None:
    Path("many").mkdir()
    for name in ("iris", "lilas", "roses"):
        text = YAML.replace("practice: {", f"practice: {{key: {name}, ")
        text = text.replace("/cabinet/martin", f"/{name}/{name}-m").replace("/cabinet/bernard", f"/{name}/{name}-b")
        Path("many", f"{name}.yaml").write_text(text, encoding="utf-8")
    assert attitre("sync", "-c", "many").exit_code == 0
    shelves["roses-m"].down = True
    Path("many", "lilas.yaml").write_text(Path("many", "lilas.yaml").read_text("utf-8") + "motfs: []\n", "utf-8")
    assert attitre("sync", "-c", "many").exit_code == 3
    result = attitre("status", "-c", "many")
    lines = [re.split("  +", line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [line[:3] for line in lines[1:4]] == [
        ["lilas", "suspendu", "0/0"], ["roses", "en panne", "1/2"], ["iris", "à jour", "2/2"]
    ]  # fmt: skip
    assert "many/lilas.yaml" in lines[1][-1]
    assert "Vouliez-vous dire « motifs » ?" in lines[1][-1]
    assert lines[2][-1] == "dav.example n'est pas joignable."
    assert lines[4][:3] == ["Total : 3", "1 à jour", "3/4"]
    data = ask("status", "-c", "many", "--json")
    assert [(one["key"], one["state"]) for one in data["practices"]] == [
        ("lilas", "suspended"), ("roses", "failing"), ("iris", "ok")
    ]  # fmt: skip
    assert data["totals"]["calendars"] == {"ok": 3, "stale": 0, "failing": 1, "held": 0}
    assert ask("status", "-c", "many", "--practice", "iris", "--json")["practice"] == "Cabinet des Lilas"
    refused = attitre("agenda", "-c", "many", "--practice", "lilas")
    assert (refused.exit_code, "motfs" in refused.stderr) == (1, True)


def test_one_file_that_is_wrong_is_refused_as_ever(shelves: dict[str, Shelf]) -> None:
    Path("attitre.yaml").write_text(YAML + "motfs: []\n", encoding="utf-8")
    for words in (["status"], ["sync"], ["run"]):
        result = attitre(*words)
        assert (result.exit_code, "La configuration est à corriger" in result.stderr) == (1, True)


def test_the_example_is_written_once_and_never_over_another(shelves: dict[str, Shelf]) -> None:
    assert attitre("init", "--example", "-o", "neuf.yaml").exit_code == 0
    result = attitre("init", "--example", "-o", "neuf.yaml")
    assert (result.exit_code, "existe déjà" in result.stderr) == (1, True)


def test_a_fault_of_ours_is_one_sentence_without_a_trace(
    shelves: dict[str, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.worker.one_pass.one_pass", lambda *_, **__: 1 / 0)
    result = attitre("sync")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.output
    assert "Traceback" in attitre("sync", "--debug").stderr
