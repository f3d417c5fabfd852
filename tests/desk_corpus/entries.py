"""The entries of the corpus, read from its files; README.md beside says what each key means."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from rules.model import Patient
from tests.desk_corpus.practice import FOLDER, person

NO_TABLES = frozenset({"directory"})
SILENT = frozenset({"block", "reserved"})
ENDED = frozenset({"honoured", "excused", "unexcused", "undecided"})
ANSWERS = SILENT | ENDED | {"confirmed", "remarked", "asked", "unexplained", "cancelled", "query"}


@dataclass(frozen=True)
class DeskEntry:
    """One entry; the keys of its table."""

    file: str
    meant: str
    right: str
    title: str = ""
    text: str = ""
    place: str = ""
    client: str = "plain"
    dentist: str = "martin"
    at: str = "01/12 10:00"
    minutes: int = 30
    booked: str = ""
    booked_text: str = ""
    knows: tuple[Patient, ...] = ()
    together: bool = False
    patient: str = ""
    motifs: tuple[str, ...] = ()
    about: tuple[str, ...] | None = None
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)
    yet: str = ""

    @property
    def name(self) -> str:
        """What pytest calls it."""
        return f"{self.file}: {self.title or self.text}"[:70].replace("\n", " ").replace("::", ":")


def entries() -> list[DeskEntry]:
    """Every entry of every file, in order."""
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        if file.stem not in NO_TABLES:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))["entry"]
            found += [_entry(file.stem, table) for table in tables]
    return found


def _entry(file: str, table: dict[str, Any]) -> DeskEntry:
    """An unknown key is a TypeError: no expectation may be passed over for a slip."""
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    values["text"] = values.get("text", "").strip("\n")
    values["knows"] = tuple(map(person, table.get("knows", ())))
    entry = DeskEntry(file, **values)
    assert entry.right in ANSWERS, f"{entry.name}: « {entry.right} »"
    return entry
