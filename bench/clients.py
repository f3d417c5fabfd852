"""Who reads the calendars: attitre, and the floor. Each knows its command, and whether its store is what is served."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bench import practice, rendered
from bench.measure import Failed, run
from bench.rendered import PARIS
from bench.server import Replay

_YAML = """
practice: {{key: {key}, name: Banc, address: "12 rue Haxo, 75020 Paris", phone: 01 43 00 00 00, email: s@lilas.fr}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{calendars}]{dentist}}}
motifs: [{{label: Détartrage, minutes: 30}}, {{label: Contrôle, minutes: 20}}, {{label: Douleur, minutes: 20}}]
feedback: {{quiet_seconds: 3600}}
messages:
  email: {{url: "smtp://127.0.0.1:9", sender: Cabinet des Lilas <rdv@lilas.example>}}
  reminder_hours: {reminder_hours}
"""
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


def configure(place: Path, calendars: Sequence[str], dentist: str = "", key: str = "cabinet") -> Path:
    """A practice with these calendars (YAML flow mappings); `dentist`: further settings. Nothing listens where its
    mail would go: no pass that is measured sends any."""
    file = place / "attitre.yaml"
    hours = practice.reminder_hours(datetime.now(PARIS))
    file.write_text(_YAML.format(key=key, calendars=", ".join(calendars), reminder_hours=hours, dentist=dentist))
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

    def __init__(self, replay: Replay, place: Path, *, google: bool = False) -> None:
        self.place, self._google = place, google
        self._yaml = configure(place, on_google(replay, place) if google else on_caldav(replay.urls))
        _import_patients(place)

    @property
    def commands(self) -> list[list[str]]:
        """One pass."""
        return [[attitre(), "sync", "-c", str(self._yaml)]]

    def check(self, replay: Replay) -> None:
        """Refs, versions and hashes are those of the calendar; nothing was told or written."""
        rows = self._rows("select ref, version, payload, raw_hash from resource where state = 'present' and owed = 0")
        held = {ref: self._seen(version, zlib.decompress(payload), raw) for ref, version, payload, raw in rows}
        same(self.name, held, google_items(replay) if self._google else dav_items(replay))
        messages, edits = self.owed()
        if messages or replay.writes:
            raise Failed(f"attitre: {messages} messages, {edits} edits, {replay.writes} requests that write")

    def owed(self) -> tuple[int, int]:
        """Messages and edits of events in the outboxes."""
        [(messages,)], [(edits,)] = (self._rows(f"select count(*) from {name}") for name in ("message", "edit"))  # noqa: S608
        return messages, edits

    def _rows(self, sql: str) -> list[Any]:
        store = sqlite3.connect(self.place / "attitre.db")
        try:
            return store.execute(sql).fetchall()
        finally:
            store.close()

    def _seen(self, version: str, payload: bytes, raw: bytes) -> Any:
        if hashlib.sha256(payload).digest() != raw:
            raise Failed("attitre: a copy is not what its hash says")
        return google_held(version, json.loads(payload)) if self._google else (version, raw.hex())


def _import_patients(place: Path) -> None:
    file = place / "patients.csv"
    file.write_text(practice.directory(), encoding="utf-8")
    run([attitre(), "patients", "import", str(file), "--yes", "-c", str(place / "attitre.yaml")], None, place)


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
        f"{number}.ics": (practice.etag(number, revision), digest(replay.bodies[f"{number}.ics"]))
        for number, revision in enumerate(replay.revisions)
    }


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
