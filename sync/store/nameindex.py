"""Every name of the directory in memory, so that the nearest ones are found without reading the tables again.

A record carries the number of its last change (`patient.revision`), so a change by another process costs only the
records that changed. A transaction that changed the directory itself is answered apart: it may yet be rolled back.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakSet

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, Engine, func, select, update

from sync.store import basics
from sync.store import tables as t
from sync.store.engine import Tx

AS_ONE = "="  # starts the word that is a whole name written as one; no folded word has it
_LIKE = 70
_ERASED = "directory-erased"


@dataclass(slots=True)
class Names:
    """The folded names, words in order, side by side with the records they belong to."""

    erased: str | None = None
    revision: int = -1
    place: dict[int, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def nearest(self, name: str, limit: int) -> list[int]:
        """The records whose names look most like it, likeliest first."""
        wanted = " ".join(sorted(name.split()))
        found = process.extract(wanted, self.texts, scorer=fuzz.ratio, limit=limit, score_cutoff=_LIKE)
        return [self.owners[place] for _, _, place in found]

    def put(self, patient: int, text: str) -> None:
        """That record's name now; a record that left the directory keeps its place, empty."""
        if patient in self.place:
            self.texts[self.place[patient]] = text
        elif text:
            self.place[patient] = len(self.texts)
            self.texts.append(text)
            self.owners.append(patient)

    def copy(self) -> Names:
        """One that may change alone."""
        return Names(self.erased, self.revision, dict(self.place), list(self.texts), list(self.owners))


_known: WeakKeyDictionary[Engine, dict[str, Names]] = WeakKeyDictionary()
_changing: WeakSet[Connection] = WeakSet()


def touch(tx: Tx, patient: int) -> None:
    """That record changed."""
    _changing.add(tx.connection)
    number = basics.take_numbers(tx, "directory")[0]
    c = t.patient.c
    tx.connection.execute(update(t.patient).where(c.practice == tx.practice, c.id == patient).values(revision=number))


def erased(tx: Tx) -> None:
    """Records went without a trace: whoever remembers names forgets them all."""
    _changing.add(tx.connection)
    basics.put(tx, _ERASED, secrets.token_hex(8))


def nearest(tx: Tx, name: str, limit: int) -> list[int]:
    """The records whose names look most like `name`, as they stand in this transaction."""
    return _now(tx).nearest(name, limit)


def _now(tx: Tx) -> Names:
    kept = _known.setdefault(tx.connection.engine, {})
    names = kept.get(tx.practice) or Names()
    last = basics.get(tx, _ERASED)
    if names.erased != last:
        names = Names(last)
    if tx.connection in _changing:
        names = names.copy()
    else:
        kept[tx.practice] = names
    _follow(tx, names)
    return names


def _follow(tx: Tx, names: Names) -> None:
    """Take in what changed since."""
    changed = _since(tx, names.revision)
    texts = _texts(tx, (patient for patient, _, merged in changed if not merged), everything=names.revision < 0)
    for patient, revision, merged in changed:
        names.put(patient, "" if merged else texts.get(patient, ""))
        names.revision = max(names.revision, revision)


def _since(tx: Tx, revision: int) -> list[tuple[int, int, int | None]]:
    c = t.patient.c
    query = select(c.id, c.revision, c.merged_into).where(c.practice == tx.practice, c.revision > revision)
    return [(patient, number, merged) for patient, number, merged in tx.connection.execute(query)]


def _texts(tx: Tx, patients: Iterable[int], *, everything: bool) -> dict[int, str]:
    """The words of these records' names, in order, one string each."""
    c = t.patient_name.c
    query = select(c.patient, func.aggregate_strings(c.token, " ")).where(c.practice == tx.practice).group_by(c.patient)
    wanted = list(patients)
    parts = [()] if everything else [tuple(wanted[at : at + 400]) for at in range(0, len(wanted), 400)]
    found: dict[int, str] = {}
    for part in parts:
        rows = tx.connection.execute(query.where(c.patient.in_(part)) if part else query)
        found |= {patient: _spoken(text) for patient, text in rows}
    return found


def _spoken(text: str) -> str:
    return " ".join(sorted(word for word in text.split() if not word.startswith(AS_ONE)))
