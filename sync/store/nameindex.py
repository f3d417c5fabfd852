"""Every name of the directory in memory, so that the nearest ones are found without reading the tables again.

A record carries the number of its last change (`patient.revision`), so a change by another process costs only the
records that changed. A transaction that changed the directory itself is answered apart: it may yet be rolled back.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select, update

from sync.store import counters, keyvalue
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, in_parts, the, those

AS_ONE = "="  # starts the word that is a whole name written as one; no folded word has it
_LIKE = 70
_ERASED = "directory-erased"
_c, _n = t.patient.c, t.patient_name.c
_TOUCH = update(t.patient).where(*here(t.patient, "id"))
_SINCE = select(_c.id, _c.revision, _c.merged_into).where(*here(t.patient), _c.revision > the(_c.revision))
_TOKENS = select(_n.patient, func.aggregate_strings(_n.token, " ")).where(*here(t.patient_name)).group_by(_n.patient)
_THEIR_TOKENS = _TOKENS.where(those(_n.patient))


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
        from rapidfuzz import fuzz, process

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


def touch(tx: Tx, patient: int) -> None:
    """That record changed."""
    _names_of_its_own(tx)
    tx.run(_TOUCH, the_id=patient, revision=counters.take_numbers(tx, "directory")[0])


def erased(tx: Tx) -> None:
    """Records went without a trace: whoever remembers names forgets them all."""
    keyvalue.put(tx, _ERASED, secrets.token_hex(8))
    tx.cache.names = None
    tx.cache.own_names = Names(keyvalue.get(tx, _ERASED))


def nearest(tx: Tx, name: str, limit: int) -> list[int]:
    """The records whose names look most like `name`, as they stand in this transaction."""
    return _now(tx).nearest(name, limit)


def _now(tx: Tx) -> Names:
    if tx.cache.names is None:
        names = tx.cache.own_names or _shared(tx)
        _follow(tx, names)
        tx.cache.names = names
    now: Names = tx.cache.names
    return now


def _shared(tx: Tx) -> Names:
    """What every transaction on this store knows."""
    kept = _known.setdefault(tx.engine, {})
    last = keyvalue.get(tx, _ERASED)
    if tx.practice not in kept or kept[tx.practice].erased != last:
        kept[tx.practice] = Names(last)
    return kept[tx.practice]


def _names_of_its_own(tx: Tx) -> None:
    tx.cache.names, tx.cache.nobody = None, False
    if tx.cache.own_names is None:
        tx.cache.own_names = _shared(tx).copy()


def _follow(tx: Tx, names: Names) -> None:
    """Take in what changed since."""
    changed = [(patient, number, merged) for patient, number, merged in tx.run(_SINCE, the_revision=names.revision)]
    texts = _texts(tx, [patient for patient, _, merged in changed if not merged], everything=names.revision < 0)
    for patient, revision, merged in changed:
        names.put(patient, "" if merged else texts.get(patient, ""))
        names.revision = max(names.revision, revision)


def _texts(tx: Tx, patients: list[int], *, everything: bool) -> dict[int, str]:
    """The words of these records' names, in order, one string each."""
    if everything and patients:
        return {patient: _spoken(text) for patient, text in tx.run(_TOKENS)}
    parts = (tx.run(_THEIR_TOKENS, those_patient=part) for part in in_parts(patients))
    return {patient: _spoken(text) for part in parts for patient, text in part}


def _spoken(text: str) -> str:
    return " ".join(sorted(word for word in text.split() if not word.startswith(AS_ONE)))
