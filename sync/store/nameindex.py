"""All names of the directory in memory, so that the nearest ones are found without reading the tables.

Each record has the number of its last change (`patient.revision`), so a process reads only the records that others
changed since it last looked. What a transaction itself changes it keeps apart, because it may be rolled back; what
others changed before is read into the process's names first, so that it is read once.
"""

from __future__ import annotations

import secrets
from weakref import WeakKeyDictionary

from msgspec import Struct, field
from sqlalchemy import Engine, func, select, update

from sync.store import counters, keyvalue
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, in_parts, the, those

AS_ONE = "="  # prefix of a whole name written as one word; it occurs in no folded word
_LIKE = 70  # of 100: rapidfuzz's ratio below which names are not similar
_ERASED = "directory-erased"
_c, _n = t.patient.c, t.patient_name.c
_TOUCH = update(t.patient).where(*here(t.patient, "id"))
_SINCE = select(_c.id, _c.revision, _c.merged_into).where(*here(t.patient), _c.revision > the(_c.revision))
_TOKENS = select(_n.patient, func.aggregate_strings(_n.token, " ")).where(*here(t.patient_name)).group_by(_n.patient)
_THEIR_TOKENS = _TOKENS.where(those(_n.patient))


class Names(Struct):
    """The folded names, with their words in alphabetical order, and the records they belong to."""

    erased: str | None = None
    revision: int = -1  # of the last change that was read; -1: nobody asked yet
    wanted: bool = False  # whether somebody asked
    place: dict[int, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def nearest(self, name: str, limit: int) -> list[int]:
        """The records with the most similar names, the most similar first."""
        return [self.owners[place] for _, place in similar(name, self.texts, limit)]

    def put(self, patient: int, text: str) -> None:
        """Set the record's name. A record that left the directory keeps its place, with an empty name."""
        if patient in self.place:
            self.texts[self.place[patient]] = text
        elif text:
            self.place[patient] = len(self.texts)
            self.texts.append(text)
            self.owners.append(patient)


class Changed(Struct):
    """The names as one transaction sees them that changed some: those of the process, and over them its own."""

    below: Names
    since: int  # the last change that the process had read before this transaction's first
    revision: int  # of the last change that was read
    texts: dict[int, str] = field(default_factory=dict)

    def nearest(self, name: str, limit: int) -> list[int]:
        """See `Names.nearest`."""
        below, own = self.below, list(self.texts)
        found = [(score, below.owners[at]) for score, at in similar(name, below.texts, limit + len(own))]
        kept = [one for one in found if one[1] not in self.texts]
        kept += [(score, own[at]) for score, at in similar(name, list(self.texts.values()), len(own))]
        kept.sort(key=lambda one: (-one[0], below.place.get(one[1], len(below.texts))))
        return [patient for _, patient in kept[:limit]]

    def put(self, patient: int, text: str) -> None:
        """See `Names.put`."""
        self.texts[patient] = text

    def afresh(self) -> Changed:
        """The same before anything of it was read: a part of the transaction was rolled back."""
        return _over(self.below, self.since)


def similar(name: str, texts: list[str], limit: int) -> list[tuple[float, int]]:
    """(likeness of 100, place) of the texts most similar to the name, the most similar first."""
    from rapidfuzz import fuzz, process

    wanted = " ".join(sorted(name.split()))
    found = process.extract(wanted, texts, scorer=fuzz.ratio, limit=limit, score_cutoff=_LIKE)
    return [(score, place) for _, score, place in found]


def _over(below: Names, since: int) -> Changed:
    return Changed(below, since, since)


_known: WeakKeyDictionary[Engine, dict[str, Names]] = WeakKeyDictionary()


def before_change(tx: Tx) -> None:
    """Before the transaction's first change of a name: read what others changed, if anybody asks for names here."""
    if tx.cache.own_names is None:
        shared = _shared(tx)
        if shared.wanted and tx.cache.names is None:
            _follow(tx, shared)
        tx.cache.own_names = _over(shared, shared.revision)


def touch(tx: Tx, patient: int) -> None:
    """Note that the record changed, of which `before_change` was told."""
    before_change(tx)
    tx.cache.names, tx.cache.nobody = None, False
    tx.run(_TOUCH, the_id=patient, revision=counters.take_numbers(tx, "directory")[0])


def erased(tx: Tx) -> None:
    """Note that records were deleted: every process then reads all names again."""
    keyvalue.put(tx, _ERASED, secrets.token_hex(8))
    tx.cache.names = None
    tx.cache.own_names = _over(Names(keyvalue.get(tx, _ERASED)), -1)


def nearest(tx: Tx, name: str, limit: int) -> list[int]:
    """The records with the names most similar to `name`, as this transaction sees them."""
    return _now(tx).nearest(name, limit)


def _now(tx: Tx) -> Names | Changed:
    if tx.cache.names is None:
        names: Names | Changed = tx.cache.own_names or _shared(tx)
        (names.below if isinstance(names, Changed) else names).wanted = True
        _follow(tx, names)
        tx.cache.names = names
    now: Names | Changed = tx.cache.names
    return now


def _shared(tx: Tx) -> Names:
    """The names that all transactions of this process share."""
    kept = _known.setdefault(tx.engine, {})
    last = keyvalue.get(tx, _ERASED)
    if tx.practice not in kept or kept[tx.practice].erased != last:
        kept[tx.practice] = Names(last)
    return kept[tx.practice]


def _follow(tx: Tx, names: Names | Changed) -> None:
    """Read the records that changed since the last call."""
    changed = [(patient, number, merged) for patient, number, merged in tx.run(_SINCE, the_revision=names.revision)]
    texts = _texts(tx, [patient for patient, _, merged in changed if not merged], everything=names.revision < 0)
    for patient, revision, merged in changed:
        names.put(patient, "" if merged else texts.get(patient, ""))
        names.revision = max(names.revision, revision)


def _texts(tx: Tx, patients: list[int], *, everything: bool) -> dict[int, str]:
    """record → its words in alphabetical order."""
    if everything and patients:
        return {patient: _spoken(text) for patient, text in tx.run(_TOKENS)}
    parts = (tx.run(_THEIR_TOKENS, those_patient=part) for part in in_parts(patients))
    return {patient: _spoken(text) for part in parts for patient, text in part}


def _spoken(text: str) -> str:
    return " ".join(sorted(word for word in text.split() if not word.startswith(AS_ONE)))
