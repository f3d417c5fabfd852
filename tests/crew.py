"""Practices in memory as `attitre run` works for them: files in a folder, worlds of a test's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.folder import Folder
from config.settings import Settings
from sync.core.context import World
from sync.store.engine import Store
from sync.worker.crew import Crew
from sync.worker.loop import Stop

YAML = """\
practice: {{key: {key}, name: Cabinet {key}, address: "12 rue des Lilas, 75020 Paris", phone: 01 43 00 00 00,
  email: secretariat@lilas.example}}
dentists:
  martin: {{name: Dr Claire Martin, specialty: Dentiste, calendars: [{{kind: caldav, url: "https://dav.example/{key}/"}}]}}
motifs: [{{label: Détartrage, minutes: 30}}]
store: sqlite:///{key}.db
sync: {{every_seconds: {every}}}
"""


def write(folder: Path, key: str, every: int = 60, more: str = "") -> Path:
    """The file of that practice."""
    file = folder / f"{key}.yaml"
    file.write_text(YAML.format(key=key, every=every) + more, encoding="utf-8")
    return file


def crew_of(folder: Path, worlds: Sequence[World], stop: Stop, *, every: int = 60, watched: bool = False) -> Crew:
    """The crew of these practices, each with a file. `watched`: named by their folder, not one by one."""
    folder.mkdir(exist_ok=True)
    files = [write(folder, world.practice.key, every) for world in worlds]
    by_key = {world.practice.key: world for world in worlds}

    @contextmanager
    def opening(settings: Settings, *, store: Store) -> Iterator[World]:
        yield by_key[settings.practice.key]
        store.close()

    found = Folder([folder] if watched else files, {})
    return Crew(found, found.read(), stop, opening)
