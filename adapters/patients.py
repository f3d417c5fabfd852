"""The directory as a CSV file: what practice software exports, and what we give back
(docs/design.md#details-people-rely-on)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.details import contact, names
from rules.model import Patient
from rules.text import french
from rules.text.fold import key, tidy

COLUMNS = (
    "nom", "prénom", "naissance", "mobile", "email", "adresse", "dentiste", "nom_naissance", "responsable", "id",
)  # fmt: skip
_NEEDED = ("nom", "prénom")
_EXPECTED = COLUMNS[:7]
_SYNONYMS = {
    "nom": "nom|nom de famille|nom d usage|nom usuel|nom patient|nom du patient|name|lastname|last name",
    "prénom": "prenom|prenoms|prenom patient|prenom du patient|firstname|first name",
    "naissance": "naissance|date de naissance|date naissance|ddn|ne le|ne e le|nee le|birthdate|birth date",
    "mobile": "mobile|portable|tel|telephone|telephone mobile|telephone portable|tel mobile|tel portable|gsm|phone"
    "|numero de telephone|numero de mobile|no mobile|n mobile",
    "email": "email|e mail|mail|courriel|adresse e mail|adresse email|adresse mail|adresse electronique",
    "adresse": "adresse|adresse postale|adresse complete|domicile|address",
    "dentiste": "dentiste|praticien|dentiste attitre|praticien habituel|praticien attitre|docteur|dr",
    "nom_naissance": "nom naissance|nom de naissance|nom de jeune fille|nom jeune fille|birth name",
    "responsable": "responsable|representant legal|responsable legal|parent|tuteur",
    "id": "id|numero|no|n|no patient|numero patient|numero de dossier|no dossier|n dossier|identifiant|reference|ref",
}
_COLUMN_OF = {name: column for column, names in _SYNONYMS.items() for name in names.split("|")}
_UNREADABLE = "La ligne est illisible : des guillemets sont mal placés ou pas refermés. Elle n'est pas importée."
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong, in French, and on which line of the file."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One patient, not yet stored, and the line on which they start."""

    line: int
    patient: Patient


@dataclass(frozen=True, slots=True)
class Import:
    """Everything that a file said: all patients that can be taken, and all problems at once."""

    rows: tuple[Row, ...]
    problems: tuple[LineProblem, ...]


# --- reading ---------------------------------------------------------------------------------------------------------


def read_csv(content: bytes, dentists: Mapping[str, str], today: date) -> Import:
    """The patients of a file. `dentists` maps keys to names.

    A detail that is not valid is left out and named; a line without family or given name is skipped and named. Never
    raises: a file that is none is one problem.
    """
    text = _text(content)
    records = _records(text)
    place, header = next(records, (1, []))
    if not header:
        return Import((), (LineProblem(place, "Le fichier est vide." if header is not None else _UNREADABLE),))
    columns, problems = _header(place, header)
    if any(needed not in columns.values() for needed in _NEEDED):
        return Import((), tuple(problems))
    rows: list[Row] = []
    for line, cells in records:
        if cells is None:
            problems.append(LineProblem(line, _UNREADABLE))
            continue
        row, found = _row(line, _named(cells, columns), dentists, today)
        rows += [row] if row else []
        problems += found
    return Import(tuple(rows), tuple(problems))


def _text(content: bytes) -> str:
    """UTF-8 or UTF-16 with their marks, UTF-8 without, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """The lines that hold something, each with the number of its first line; None where a line cannot be read: an
    unclosed quote would swallow the patients below it, so it is never passed over."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=re.sub(r'"[^"]*"', "", first).count)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if any(cell.strip() for cell in cells):
            yield line, [_unguarded(cell) for cell in cells]


def _header(line: int, cells: list[str]) -> tuple[dict[int, str], list[LineProblem]]:
    """Which column stands where; unknown, doubled and missing ones are named."""
    columns: dict[int, str] = {}
    problems: list[LineProblem] = []
    for place, cell in enumerate(cells):
        column = _COLUMN_OF.get(key(cell.replace("°", " ")))
        if column and column not in columns.values():
            columns[place] = column
        elif cell.strip():
            why = f"répète « {column} »" if column else "est inconnue"
            problems.append(LineProblem(line, f"La colonne « {tidy(cell)} » {why} : elle est ignorée."))
    problems += [LineProblem(line, _lacking(column)) for column in _EXPECTED if column not in columns.values()]
    return columns, problems


def _lacking(column: str) -> str:
    if column in _NEEDED:
        return f"La colonne « {column} » manque : rien n'est importé. Première ligne attendue : {';'.join(_EXPECTED)}."
    return f"La colonne « {column} » manque : ce renseignement ne sera pas importé."


def _named(cells: list[str], columns: Mapping[int, str]) -> dict[str, str]:
    return {columns[place]: tidy(cell) for place, cell in enumerate(cells) if place in columns}


def _row(
    line: int, cells: Mapping[str, str], dentists: Mapping[str, str], today: date
) -> tuple[Row | None, list[LineProblem]]:
    lacking = [column for column in _NEEDED if not cells.get(column)]
    if lacking:
        return None, [LineProblem(line, f"Il manque : {french.listed(lacking, 'et')}. La ligne n'est pas importée.")]
    name = names.joined(cells["nom"], cells["prénom"], cells.get("nom_naissance", ""))
    details, problems = _details(line, cells, dentists, today)
    if name.problem:
        problems.insert(0, LineProblem(line, f"« {name.text} » : {name.problem}. Importé tel quel : à vérifier."))
    patient = Patient(
        family_name=name.family or cells["nom"],
        given_name=name.given or cells["prénom"],
        birth_name=name.birth,
        guardian=cells.get("responsable") or None,
        foreign_id=cells.get("id") or None,
        **details,
    )
    return Row(line, patient), problems


def _details(
    line: int, cells: Mapping[str, str], dentists: Mapping[str, str], today: date
) -> tuple[dict[str, Any], list[LineProblem]]:
    read: dict[str, tuple[str, contact.Detail[Any]]] = {
        "naissance": ("birth_date", contact.birth_date(cells.get("naissance", ""), today)),
        "mobile": ("mobile", contact.mobile(cells.get("mobile", ""))),
        "email": ("email", contact.email(cells.get("email", ""))),
        "adresse": ("address", contact.address(cells.get("adresse", ""))),
        "dentiste": ("dentist", _dentist(cells.get("dentiste", ""), dentists)),
    }
    problems = []
    for column, (_, detail) in read.items():
        if detail.problem:
            meant = f" (vouliez-vous dire « {detail.proposal} » ?)" if detail.proposal else ""
            text = f"{column} « {cells[column]} » : {detail.problem}{meant}. Importé sans ce renseignement."
            problems.append(LineProblem(line, text))
    return {attribute: detail.value for attribute, detail in read.values()}, problems


def _dentist(text: str, dentists: Mapping[str, str]) -> contact.Detail[str]:
    """A dentist's key, from key or name (`Dr` may be left out)."""
    if not text:
        return contact.Detail(None)
    if text in dentists:
        return contact.Detail(text)
    wanted = _doctorless(text)
    found = [short for short, name in dentists.items() if wanted in {_doctorless(short), _doctorless(name)}]
    if len(found) == 1:
        return contact.Detail(found[0])
    known = french.listed(dentists.values(), "et")
    return contact.Detail(None, "plusieurs dentistes portent ce nom" if found else f"dentiste inconnu ({known})")


def _doctorless(name: str) -> str:
    return re.sub(r"^(?:dr|dre|docteur|docteure) ", "", key(name))


# --- writing ---------------------------------------------------------------------------------------------------------


def write_csv(patients: Iterable[Patient], dentists: Mapping[str, str]) -> bytes:
    """The same columns, `;`, UTF-8 with its mark so that a spreadsheet shows the accents. No cell can be a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for patient in patients:
        writer.writerow([_guarded(cell) for cell in _cells(patient, dentists)])
    return out.getvalue().encode("utf-8-sig")


def _cells(patient: Patient, dentists: Mapping[str, str]) -> tuple[str, ...]:
    return (
        patient.family_name,
        patient.given_name,
        french.numeric_day(patient.birth_date) if patient.birth_date else "",
        _readable(patient.mobile or ""),
        patient.email or "",
        patient.address or "",
        _dentist_cell(patient.dentist or "", dentists),
        patient.birth_name or "",
        patient.guardian or "",
        patient.foreign_id or "",
    )


def _dentist_cell(dentist: str, dentists: Mapping[str, str]) -> str:
    """The name, where it can be read back; else the key."""
    name = dentists.get(dentist, dentist)
    return name if _dentist(name, dentists).value == dentist else dentist


def _readable(mobile: str) -> str:
    """`06 12 34 56 78` for French numbers, as people write them; spaces also keep the zero in a spreadsheet."""
    import phonenumbers as plan

    try:
        number = plan.parse(mobile)
    except plan.NumberParseException:
        return mobile
    national = number.country_code in {33, 262, 508, 590, 594, 596}
    kind = plan.PhoneNumberFormat.NATIONAL if national else plan.PhoneNumberFormat.INTERNATIONAL
    return plan.format_number(number, kind)


def _guarded(cell: str) -> str:
    """A cell that a spreadsheet would calculate gets an apostrophe in front."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
