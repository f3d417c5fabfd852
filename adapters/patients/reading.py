"""The patients of a file. Who stands in it twice is said, and never decided by the order of the lines (P5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from adapters.patients import repairs
from adapters.patients.columns import ATTRIBUTES, Columns, header
from adapters.patients.problems import LineProblem
from adapters.patients.record import File, Line, patient
from adapters.patients.table import no_table, records, text_of
from rules.model import Patient
from rules.text import french
from rules.text.fold import key

_UNREADABLE = "La ligne est illisible : des guillemets sont mal placés ou pas refermés. Elle n'est pas importée."


class Row(Struct, frozen=True):
    """One patient, not yet stored, and the line on which they start."""

    line: int
    patient: Patient


class Import(Struct, frozen=True):
    """Everything that a file said: all patients that can be taken, and all problems at once."""

    rows: tuple[Row, ...]
    problems: tuple[LineProblem, ...]


def read_csv(content: bytes, dentists: Mapping[str, str], today: date) -> Import:
    """The patients of a file. `dentists` maps keys to names.

    A detail that is not valid is left out and named; a line without family or given name is skipped and named. Never
    raises: a file that is none is one problem.
    """
    if sentence := no_table(content):
        return Import((), (LineProblem(1, sentence),))
    lines = list(records(text_of(content)))
    place, first = lines[0] if lines else (1, [])
    if not first:
        return Import((), (LineProblem(place, "Le fichier est vide." if first is not None else _UNREADABLE),))
    columns = header(place, first)
    if not columns.usable:
        return Import((), columns.problems)
    return _read(lines[1:], columns, dentists, today)


def _read(
    lines: list[tuple[int, list[str] | None]], columns: Columns, dentists: Mapping[str, str], today: date
) -> Import:
    named = [(number, None if cells is None else columns.named(cells)) for number, cells in lines]
    codes = [cells.get("code postal", "") for _, cells in named if cells]
    file = File(dentists, today, repairs.lost_their_zero(codes))
    people, problems = People(), list(columns.problems)
    for number, cells in named:
        if cells is None:
            problems.append(LineProblem(number, _UNREADABLE, _UNREADABLE))
            continue
        line = Line(number, cells)
        found = patient(line, file)
        problems += line.problems
        problems += people.add(Row(number, found)) if found else ()
    return Import(tuple(people.rows()), tuple(problems))


class People:
    """The patients of the lines so far, each once."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._known: dict[tuple[object, ...], int] = {}

    def rows(self) -> list[Row]:
        """In the file's order."""
        return self._rows

    def add(self, row: Row) -> tuple[LineProblem, ...]:
        """Take the line's patient, or say on which line they stood already."""
        names = _names(row.patient)
        place = self._place(row.patient, names)
        if place is None:
            self._known.setdefault(names, len(self._rows))
            if row.patient.foreign_id:
                self._known[row.patient.foreign_id,] = len(self._rows)
            self._rows.append(row)
            return ()
        before = self._rows[place]
        if not _one_person(before.patient, row.patient):
            return (_unclear(row, before),)
        self._rows[place] = Row(before.line, _filled(before.patient, row.patient))
        return (_twice(row, before),)

    def _place(self, one: Patient, names: tuple[object, ...]) -> int | None:
        """Where the same number stands, else the same name and birth date, unless under another number."""
        if one.foreign_id and (one.foreign_id,) in self._known:
            return self._known[one.foreign_id,]
        place = self._known.get(names)
        other = None if place is None else self._rows[place].patient.foreign_id
        return None if other and one.foreign_id and other != one.foreign_id else place


def _names(one: Patient) -> tuple[object, ...]:
    return key(one.family_name), key(one.given_name), one.birth_date


def _one_person(before: Patient, again: Patient) -> bool:
    """A name alone makes nobody one person: a number, a birth date or a means to reach them does."""
    if again.birth_date or (again.foreign_id and again.foreign_id == before.foreign_id):
        return True
    reached = (before.mobile and before.mobile == again.mobile) or (before.email and before.email == again.email)
    says = [(getattr(before, name), getattr(again, name)) for name in ATTRIBUTES.values()]
    return bool(reached) or all(new in {None, old} for old, new in says)


def _filled(before: Patient, again: Patient) -> Patient:
    """What the first line says; where it says nothing, what the second one does."""
    told = {name: getattr(before, name) or getattr(again, name) for name in ATTRIBUTES.values()}
    return replace(before, **told)


def _twice(row: Row, before: Row) -> LineProblem:
    differing = [
        column
        for column, name in ATTRIBUTES.items()
        if (first := getattr(before.patient, name)) and (second := getattr(row.patient, name)) and first != second
    ]
    if _names(row.patient)[:2] != _names(before.patient)[:2]:
        differing.insert(0, "nom")
    kept = f" Diffère : {french.listed(differing, 'et')} ; la ligne {before.line} est gardée." if differing else ""
    kind = "Même patient deux fois" + (" : les lignes diffèrent, la première est gardée" if differing else "")
    return LineProblem(row.line, f"Même patient qu'à la ligne {before.line}.{kept}", kind)


def _unclear(row: Row, before: Row) -> LineProblem:
    why = "sans date de naissance, rien ne dit si c'est la même personne. La ligne n'est pas importée"
    return LineProblem(row.line, f"Même nom qu'à la ligne {before.line} : {why}.", f"Même nom deux fois : {why}")
