"""Who reads the calendars: attitre, and the floor. Each knows its command, and whether its store is what is served."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bench import pending, practice, rendered
from bench.measure import Failed, run
from bench.rendered import PARIS
from bench.server import Replay
from sync.store.engine import Store

_YAML = """
practice: {{key: {key}, name: Banc, address: "12 rue Haxo, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{calendars}], hours: {hours}}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
sync: {every}
feedback: {quiet}
messages:
  email: {{url: "smtp://127.0.0.1:9", sender: Cabinet des Lilas <rdv@lilas.example>}}
  reminder_hours: {reminder_hours}
"""
OPEN = '{mon-fri: "08:00-19:30"}'
USUAL = "cabinet"  # a practice's key
USUAL_PACE = "{every_seconds: 60}", "{quiet_seconds: 3600}"  # nothing is written while anything is measured
CALENDAR_ID = "bench@group.calendar.google.com"


class Client(Protocol):
    """One program that follows calendars."""

    name: str
    place: Path

    @property
    def commands(self) -> Sequence[Sequence[str]]:
        """What one pass runs, one after the other. The first is the client's own, the rest stands behind it."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """What its processes find in their environment besides."""
        ...

    def check(self, replay: Replay) -> None:
        """Raises Failed where what it holds is not what is served."""
        ...


def attitre() -> str:
    """The command."""
    return str(Path(sys.executable).with_name("attitre"))


def configure(
    place: Path,
    calendars: Sequence[str],
    *,
    hours: str = OPEN,
    key: str = USUAL,
    now: datetime | None = None,
    reminder_hours: int = 0,
    pace: tuple[str, str] = USUAL_PACE,
) -> Path:
    """A practice with these calendars and opening hours (YAML flow mappings). Nothing listens where its mail would go:
    no pass that is measured sends any. `now`: by the practice's clock, where that is not the machine's;
    `reminder_hours`: other ones than those of `practice`. `pace`: the settings of reading and of writing (YAML)."""
    file = place / "attitre.yaml"
    before = reminder_hours or practice.reminder_hours(now or datetime.now(PARIS))
    named = {"key": key, "calendars": ", ".join(calendars), "every": pace[0], "quiet": pace[1]}
    file.write_text(_YAML.format(reminder_hours=before, hours=hours, **named))
    return file


def on_caldav(urls: Sequence[str], login: str = "") -> list[str]:
    """Calendars as the YAML names them; `login`: further settings."""
    return [f'{{kind: caldav, url: "{url}"{login}}}' for url in urls]


def on_google(replay: Replay, place: Path) -> list[str]:
    """The replayed Google calendar, with a person's consent whose tokens the replay gives out."""
    consent = {
        "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": f"{replay.root}token",
    }  # fmt: skip
    (place / "google.json").write_text(json.dumps(consent))
    return [f'{{kind: google, calendar_id: {CALENDAR_ID}, credentials: !file google.json, endpoint: "{replay.root}"}}']


class Ours:
    """attitre sync, whole, in a practice that imported its patients' file, as the README says to begin."""

    name = "attitre"
    environ: Mapping[str, str] = {}

    def __init__(self, replay: Replay, place: Path, *, google: bool = False, patients: int = practice.PATIENTS) -> None:
        self.place, self._google = place, google
        self._yaml = configure(place, on_google(replay, place) if google else on_caldav(replay.urls))
        import_patients(place, patients=patients)
        self._outbox: list[Any] = []  # as it is to stay

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        return [[attitre(), "sync", "-c", str(self._yaml)]]

    def begin(self) -> None:
        """After the first pass: from now on reminders are due and a message waits, and none of them goes while anything
        is measured."""
        with self._store() as store, store.write() as tx:
            now = datetime.now(PARIS)
            pending.put(tx, now, practice.reminder_hours(now))
            self._outbox = pending.outbox(tx)

    def check(self, replay: Replay) -> None:
        """Refs, versions and hashes are those of the calendar; nothing was told or written."""
        check_store(self.place, replay, google=self._google)
        with self._store() as store, store.read() as tx:
            told = [row for row in pending.outbox(tx) if row not in self._outbox]
        if told or replay.writes:
            raise Failed(f"attitre: messages {told}, {replay.writes} requests that write")

    @contextmanager
    def _store(self) -> Iterator[Store]:
        store = Store(f"sqlite:///{self.place / 'attitre.db'}", USUAL)
        try:
            yield store
        finally:
            store.close()


def check_store(place: Path, replay: Replay, *, google: bool = False) -> None:
    """What attitre's store there holds of events is what is served, and was judged; years that went by are not."""

    def seen(version: str, payload: bytes, raw: bytes) -> Any:
        if hashlib.sha256(payload).digest() != raw:
            raise Failed("attitre: a copy is not what its hash says")
        return google_held(version, json.loads(payload)) if google else (version, raw.hex())

    with closing(sqlite3.connect(place / "attitre.db")) as store:
        rows = store.execute(_COPIES, (f"{practice.GONE_BY}%",)).fetchall()
        held = {ref: seen(version, zlib.decompress(payload), raw) for ref, version, payload, raw in rows}
        same("attitre", held, google_items(replay) if google else dav_items(replay))
        _check_judged(store, replay, rendered.event_id if google else dav_name)


def _check_judged(store: sqlite3.Connection, replay: Replay, name: Callable[[int], str]) -> None:
    """Nothing waits to be judged, each coming booking stands, and what is to be said of each edited one is planned."""
    booked, waiting, answered = (
        {ref for (ref,) in store.execute(asked, (f"{practice.GONE_BY}%",))} for asked in (_BOOKED, _WAITING, _ANSWERED)
    )
    coming = {name(number) for number in replay.coming}
    edited = {name(number) for number in replay.coming if replay.revisions[number]}
    for wrong, what in (
        (waiting, "wait to be judged"),
        (coming ^ booked, "are bookings in the calendar or in the store alone"),
        (edited - answered, "were edited, and nothing is to be said of it"),
    ):
        if wrong:
            raise Failed(f"attitre: {len(wrong)} events {what}, as {min(wrong)}")


_COPIES = "select ref, version, payload, raw_hash from resource where state = 'present' and owed = 0 and ref not like ?"
_WAITING = "select ref from resource where (dirty_at is not null or backlog_at is not null) and ref not like ?"
_BOOKED = "select ref from booking where vanished_at is null and ref not like ?"
_ANSWERED = "select ref from edit where ref not like ?"


def import_patients(place: Path, key: str = USUAL, patients: int = practice.PATIENTS) -> None:
    """The practice there takes in its patients' file, as the README says to begin. Not measured: of one of the usual
    name and size the whole store is kept, and copied for the next."""
    kept, usual = Path(_KEPT.name) / "attitre.db", (key, patients) == (USUAL, practice.PATIENTS)
    if usual and kept.exists():
        shutil.copy(kept, place / kept.name)
        return
    file = place / "patients.csv"
    file.write_text(practice.directory(patients), encoding="utf-8")
    run([attitre(), "patients", "import", str(file), "--yes", "-c", str(place / "attitre.yaml")], None, place)
    if usual:
        shutil.copy(place / kept.name, kept)


_KEPT = tempfile.TemporaryDirectory()


class Floor:
    """The least: CalDAV or Google."""

    name = "floor"

    def __init__(self, replay: Replay, place: Path, *, google: bool = False) -> None:
        self.place, self._google = place, google
        self.environ: Mapping[str, str] = {"PYTHONPATH": str(Path(__file__).parents[1])}
        self._asked = [replay.root, CALENDAR_ID] if google else replay.urls

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        module = "bench.floorgoogle" if self._google else "bench.floor"
        return [[sys.executable, "-m", module, str(self.place / "floor.db"), *self._asked]]

    def check(self, replay: Replay) -> None:
        """Names, tags and bodies are those of the calendar."""
        store = sqlite3.connect(self.place / "floor.db")
        if self._google:
            held: dict[str, Any] = dict(store.execute("select id, etag from res").fetchall())
            wanted: dict[str, Any] = {one["id"]: one["etag"] for one in all_items(replay)}
        else:
            rows = store.execute("select href, etag, body from res").fetchall()
            held = {href.rpartition("/")[2]: (etag, digest(body.encode())) for href, etag, body in rows}
            wanted = dav_items(replay)
        store.close()
        same(self.name, held, wanted)


# --- what is served, as clients may hold it ---------------------------------------------------------------------------


def same(who: str, held: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises Failed where they differ, with how many and one example."""
    wrong = [ref for ref in {**held, **wanted} if held.get(ref) != wanted.get(ref)]
    if wrong:
        example = f"{wrong[0]}: {held.get(wrong[0])!s:.300} instead of {wanted.get(wrong[0])!s:.300}"
        raise Failed(f"{who}: {len(wrong)} of {len(wanted)} events are not what the calendar holds, as {example}")


def digest(body: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(body).hexdigest()


def dav_items(replay: Replay) -> dict[str, Any]:
    """Last segment of the address → ETag and hash."""
    return {
        dav_name(number): (practice.etag(number, revision), digest(replay.bodies[dav_name(number)]))
        for number, revision in enumerate(replay.revisions)
    }


def dav_name(number: int) -> str:
    """The last segment of that event's address."""
    return f"{number}.ics"


def all_items(replay: Replay) -> list[rendered.Json]:
    """Every item that Google lists."""
    return [item for number in range(len(replay.revisions)) for item in rendered.google(replay.entry(number))]


def google_items(replay: Replay) -> dict[str, Any]:
    """Event id → its facts, and those of its moved instance, as `google_held` gives them."""
    whole: dict[str, Any] = {}
    for item in all_items(replay):
        whole.setdefault(str(item.get("recurringEventId", item["id"])), []).append(facts(item))
    return whole


def google_held(version: str, payload: rendered.Json) -> list[Any]:
    """Of our payload: the series' facts under its version, then its exceptions'."""
    master = {**payload["master"], "etag": version.partition(" ")[0]}
    return [facts(one) for one in (master, *payload["exceptions"])]


def facts(item: rendered.Json) -> list[Any]:
    """What must be equal."""
    names = ("id", "etag", "summary", "description", "start", "end", "recurrence", "originalStartTime")
    return [item.get(name) for name in names]
