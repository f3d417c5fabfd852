"""The directory of patients, searched by words of names, mobile, e-mail and birth date. Every change of a detail keeps
the old value (P4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import and_, delete, exists, insert, or_, select, union_all, update

from rules.model import Channel, Patient
from rules.text.fold import key, words
from sync.store import counters, nameindex
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.nameindex import AS_ONE
from sync.store.states import BookingState
from sync.store.tx import here, in_parts, the, those

if TYPE_CHECKING:
    from rules.patients.clues import Clues

DETAILS = (
    "family_name", "given_name", "birth_name", "birth_date", "mobile", "email", "address", "dentist", "guardian",
    "foreign_id", "guardian_mobile", "guardian_email", "guardian_since", "without_mobile", "without_mobile_since",
    "without_email", "without_email_since",
)  # fmt: skip
UNWANTED = ("no_sms_since", "no_email_since")  # what only the patient changes, by their page


_c, _b, _n = t.patient.c, t.booking.c, t.patient_name.c
_FIELDS = ("id", *DETAILS, *UNWANTED)
_RECORDS = select(*(_c[name] for name in _FIELDS)).where(*here(t.patient))
_GET = _RECORDS.add_columns(_c.merged_into).where(_c.id == the(_c.id))
# without a clause on merged_into: with it, SQLite reads every record that was not merged, of three numbers already
_AMONG = _RECORDS.add_columns(_c.merged_into).where(those(_c.id))
_EVERY = _RECORDS.where(_c.merged_into.is_(None)).order_by(_c.family_name, _c.given_name, _c.id)
_MERGED = _RECORDS.where(_c.merged_into == the(_c.merged_into))
_KNOWN_AS = select(_c.merged_into, _c.id, _c.family_name, _c.given_name).where(*here(t.patient), those(_c.merged_into))
_NAMED = select(_n.token, _n.patient).where(*here(t.patient_name), those(_n.token))
_ANSWERED_FOR = _AMONG.where(
    _c.guardian.is_not(None), or_(_c.guardian_mobile.is_not(None), _c.guardian_email.is_not(None))
)
_POINTING = ("mobile", "email", "birth_date")
_POINTED = select(_c.id, *(_c[name] for name in _POINTING)).where(*here(t.patient))
_WITH = union_all(*(_POINTED.where(those(_c[name])) for name in _POINTING))

_THEIRS = and_(_b.practice == _c.practice, _b.patient == _c.id)
_PROVISIONAL = select(_c.id, _c.provisional, _c.dentist).where(
    *here(t.patient), _c.provisional.is_not(None), _c.merged_into.is_(None)
)
_DOUBTFUL = _PROVISIONAL.where(
    or_(
        _c.dentist.is_(None),
        exists().where(_THEIRS, _b.state == BookingState.VALID, _b.dentist == _c.dentist, _b.end <= the(_b.end)),
        ~exists().where(_THEIRS, _b.id == _c.provisional, _b.vanished_at.is_(None)),
    )
)


def get(tx: Tx, patient: int) -> Patient | None:
    """The record of that number, or the record that it was merged into."""
    row = tx.run(_GET, the_id=patient).first()
    if row is None:
        return None
    *record, merged_into = row
    return get(tx, merged_into) if merged_into else _patients([record])[0]


def is_same(tx: Tx, one: int, other: int) -> bool:
    """Whether both numbers lead to one record, by whichever of two merged ones."""
    if one == other:
        return True
    found = [get(tx, number) for number in (one, other)]
    return None not in found and len({patient.id for patient in found if patient}) == 1


def candidates(tx: Tx, clues: Clues) -> tuple[Patient, ...]:
    """All patients to whom a clue points: a word of the name, a mobile, an e-mail, a birth date, a number.

    Of more than 200 who share a word, those who share the most words are returned: the patient meant is among them.
    """
    if tx.cache.nobody:
        return ()
    ids = {*clues.ids, *_pointed(tx, [clues]), *_named(tx, clues)}
    known = _known(tx, ids)
    return tuple(one for number in sorted(ids) if (one := known[number]))


def expect(tx: Tx, asked: Sequence[Clues]) -> set[int]:
    """Before many entries are evaluated: read in few queries all to whom these clues point. Returns those who are
    probably meant: a detail or two words of the name are theirs. An empty directory is not searched."""
    if not counters.ever_counted(tx, "patient"):
        tx.cache.nobody = True
        return set()
    _read_words(tx, {word for clues in asked for word in _words(clues)})
    meant = _pointed(tx, asked)
    _known(tx, meant.union(*(_named(tx, clues) for clues in asked)))
    return meant.union(*(_named(tx, clues, limit=5, at_least=2) for clues in asked))


def _known(tx: Tx, ids: set[int]) -> dict[int, Patient | None]:
    """number → record, None of one that was merged into another. Namesakes are candidates again and again, so each is
    read once in a transaction."""
    known = tx.cache.records
    for part in in_parts(sorted(ids - known.keys())):
        found = _patients(_unmerged(tx.run(_AMONG, those_id=part)))
        also = _known_as(tx, [one.id for one in found if one.id is not None])
        known |= dict.fromkeys(part)
        known |= {one.id: replace(one, known_as=also[one.id]) if one.id in also else one for one in found if one.id}
    return known


def _known_as(tx: Tx, patients: list[int]) -> dict[int | None, tuple[tuple[str, str], ...]]:
    """record → the names of records that were merged into it."""
    rows = sorted(tuple(row) for row in tx.run(_KNOWN_AS, those_merged_into=patients)) if patients else []
    return {into: tuple((row[2], row[3]) for row in rows if row[0] == into) for into in {row[0] for row in rows}}


def _pointed(tx: Tx, asked: Sequence[Clues]) -> set[int]:
    """The records with one of these details, each read once in a transaction. A union, so that each kind of detail uses
    its own index."""
    details = {detail for clues in asked for detail in _details(clues)}
    kept = tx.cache.pointed
    for part in in_parts(sorted(details - kept.keys(), key=str)):
        values = {f"those_{name}": [value for other, value in part if other == name] for name in _POINTING}
        kept.update({detail: set() for detail in part})
        for number, *has in tx.run(_WITH, **values):
            for detail in zip(_POINTING, has, strict=True):
                kept.get(detail, set()).add(number)
    return {number for detail in details for number in kept[detail]}


def _details(clues: Clues) -> Iterator[tuple[str, Any]]:
    for name, values in zip(_POINTING, (clues.mobiles, clues.emails, clues.birth_dates), strict=True):
        yield from ((name, value) for value in values)


def _named(tx: Tx, clues: Clues, limit: int = 200, at_least: int = 1) -> list[int]:
    """The records that share words of the name, `at_least` so many, most words first. Counted here: with GROUP BY,
    SQLite scans the whole index."""
    wanted = _words(clues)
    _read_words(tx, wanted)
    shared = Counter[int](patient for word in wanted for patient in tx.cache.named[word])
    found = [patient for patient, words in shared.items() if words >= at_least]
    if len(found) > limit:
        found.sort(key=lambda patient: (-shared[patient], patient))
    return found[:limit]


def _words(clues: Clues) -> set[str]:
    return {spelt for name in clues.names for spelt in (name, AS_ONE + name)}


def _read_words(tx: Tx, wanted: set[str]) -> None:
    """Read to which records these words lead, each once in a transaction."""
    kept = tx.cache.named
    for part in in_parts(sorted(wanted - kept.keys())):
        kept.update({word: [] for word in part})
        for word, patient in tx.run(_NAMED, those_token=part):
            kept[word].append(patient)


def nearest(tx: Tx, name: str, limit: int = 3) -> tuple[Patient, ...]:
    """The records with the names most similar to `name` (folded). For proposals only, never for a decision."""
    if not name:
        return ()
    found = nameindex.nearest(tx, name, limit)
    return tuple(patient for number in found if (patient := get(tx, number)) is not None)


def save(tx: Tx, patient: Patient, now: datetime, source: str, *, keep_name: bool = False) -> int:
    """Create or update a record; the history keeps the old value of each detail that changes. `keep_name`: a former
    name still finds the record. Returns the number."""
    nameindex.before_change(tx)
    values = {name: getattr(patient, name) for name in DETAILS}
    if patient.id is None:
        number = counters.take_numbers(tx, "patient")[0]
        row = {**values, "created_at": now, "changed_at": now}
        tx.connection.execute(insert(t.patient).values(practice=tx.practice, id=number, **row))
        _index_names(tx, number, patient)
        tx.cache.made.append(patient)
        return number
    before = get(tx, patient.id)
    changed = {name: value for name, value in values.items() if before is None or getattr(before, name) != value}
    if changed and before is not None:
        _keep_history(tx, before, changed, now, source)
        firm = {"provisional": None} if "dentist" in changed else {}
        values = {**changed, **firm, "changed_at": now}
        tx.connection.execute(update(t.patient).where(*_where(tx, patient.id)).values(**values))
        if keep_name and not {"family_name", "given_name"}.isdisjoint(changed):
            _keep_name(tx, before, now)
        _index_names(tx, patient.id, patient)
    return patient.id


def take_new(tx: Tx) -> list[Patient]:
    """The records made in this transaction since this was last asked."""
    made, tx.cache.made = tx.cache.made, []
    return made


def every(tx: Tx) -> tuple[Patient, ...]:
    """The whole directory, by name."""
    return tuple(_patients(tx.run(_EVERY)))


def guardians(tx: Tx, name: str, family: str) -> list[Patient]:
    """The records of that family name that name this person as who answers for them, and say how to reach them. Names
    are compared here: databases do not agree on what `É` is in lower case."""
    token = _as_token(words(family))
    _read_words(tx, {token})
    parts = in_parts(sorted(tx.cache.named[token]))
    found = _patients(_unmerged(row for part in parts for row in tx.run(_ANSWERED_FOR, those_id=part)))
    return [one for one in found if key(one.family_name) == key(family) and key(one.guardian or "") == key(name)]


class Provisional(Struct, frozen=True):
    """A patient whose dentist is provisional: only a booking without preference says so (ruling 9)."""

    patient: int
    booking: int
    dentist: str | None


def provisional(tx: Tx) -> list[Provisional]:
    """All patients with a provisional dentist."""
    return [Provisional(patient, booking, dentist) for patient, booking, dentist in tx.run(_PROVISIONAL)]


def doubtful(tx: Tx, now: datetime) -> list[Provisional]:
    """Patients with a provisional dentist that may have to be confirmed or revoked: they came, or the booking
    vanished."""
    rows = tx.run(_DOUBTFUL, the_end=now)
    return [Provisional(patient, booking, dentist) for patient, booking, dentist in rows]


def set_provisional_dentist(tx: Tx, patient: int, booking: int | None) -> None:
    """Set the booking on which the patient's provisional dentist depends; None: the dentist is confirmed."""
    tx.connection.execute(update(t.patient).where(*_where(tx, patient)).values(provisional=booking))


def set_unwanted(tx: Tx, patient: int, since: Mapping[Channel, datetime], now: datetime) -> None:
    """Store on which channels the patient wants nothing, and since when; on the others messages are welcome (P39)."""
    before = get(tx, patient)
    if before is None:
        return
    values = {"no_sms_since": since.get(Channel.SMS), "no_email_since": since.get(Channel.EMAIL)}
    changed = {name: value for name, value in values.items() if getattr(before, name) != value}
    _keep_history(tx, before, changed, now, "page du patient")
    tx.connection.execute(update(t.patient).where(*_where(tx, patient)).values(**values))
    tx.cache.records.pop(patient, None)


def _index_names(tx: Tx, number: int, patient: Patient) -> None:
    c = t.patient_name.c
    tx.connection.execute(delete(t.patient_name).where(c.practice == tx.practice, c.patient == number))
    tokens = dict.fromkeys(word for one in (patient, *merged(tx, number)) for word in _name_words(one))
    rows = [{"practice": tx.practice, "patient": number, "token": token} for token in tokens]
    if rows:
        tx.connection.execute(insert(t.patient_name), rows)
    _forget(tx, number, patient, tokens)
    nameindex.touch(tx, number)


def _forget(tx: Tx, number: int, patient: Patient, words: Iterable[str]) -> None:
    """Drop what the cache holds of the record, of what found it, and of what finds it from now on."""
    tx.cache.records.pop(number, None)
    for word in {*words, *(word for word, found in tx.cache.named.items() if number in found)}:
        tx.cache.named.pop(word, None)
    has = {(name, getattr(patient, name)) for name in _POINTING}
    for detail in has.union(detail for detail, found in tx.cache.pointed.items() if number in found):
        tx.cache.pointed.pop(detail, None)


def history(tx: Tx, patient: int) -> list[dict[str, Any]]:
    """The changes of that record, newest first: field, old, new, source, at."""
    c = t.patient_history.c
    query = select(c.field, c.old, c.new, c.source, c.at).where(c.practice == tx.practice, c.patient == patient)
    return [dict(row) for row in tx.connection.execute(query.order_by(c.id.desc())).mappings()]


def find_by_names(tx: Tx, patient: int) -> None:
    """Index the record by its own names and by those of the records merged into it."""
    record = get(tx, patient)
    if record is not None:
        _index_names(tx, patient, record)


def merged(tx: Tx, patient: int) -> list[Patient]:
    """The records that were merged into that one; their names still find it."""
    return _patients(tx.run(_MERGED, the_merged_into=patient))


def _name_words(patient: Patient) -> list[str]:
    """The words by which a name is found. A name of several words is also indexed as one word (`Le Goff`, typed
    `Legoff`)."""
    spoken = [words(part) for part in (patient.family_name, patient.given_name, patient.birth_name or "")]
    return [word for part in spoken if part for word in dict.fromkeys((*part, _as_token(part)))]


def _as_token(name: list[str]) -> str:
    """The one word under which all of that name is found."""
    return name[0] if len(name) == 1 else AS_ONE + "".join(name)


def _keep_name(tx: Tx, before: Patient, now: datetime) -> None:
    """Have the former name still find the record, as that of one merged into it: other events bear it."""
    number = counters.take_numbers(tx, "patient")[0]
    row = {"family_name": before.family_name, "given_name": before.given_name, "created_at": now, "changed_at": now}
    tx.connection.execute(insert(t.patient).values(practice=tx.practice, id=number, merged_into=before.id, **row))


def _keep_history(tx: Tx, before: Patient, changed: dict[str, Any], now: datetime, source: str) -> None:
    for name, value in changed.items():
        old = getattr(before, name)
        row = {"field": name, "old": _text(old), "new": _text(value), "source": source, "at": now}
        number = counters.take_numbers(tx, "patient_history")[0]
        statement = insert(t.patient_history).values(practice=tx.practice, id=number, patient=before.id, **row)
        tx.connection.execute(statement)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _patients(rows: Iterable[Iterable[Any]]) -> list[Patient]:
    return [Patient(**dict(zip(_FIELDS, row, strict=True))) for row in rows]


def _unmerged(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The records of those rows that were not merged into others, which each row says last."""
    return (row[:-1] for row in rows if row[-1] is None)


def _where(tx: Tx, patient: int) -> tuple[Any, ...]:
    return t.patient.c.practice == tx.practice, t.patient.c.id == patient
