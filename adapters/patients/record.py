"""One line of the file as a patient: names taken apart, details repaired and checked, and what is to be said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct, field

from adapters.patients import repairs
from adapters.patients.columns import FAMILY_FIRST, GIVEN_FIRST, PHONES, WHOLE
from adapters.patients.dentists import dentist
from adapters.patients.problems import LineProblem
from rules.details import contact, names
from rules.details.names import Name
from rules.model import Patient
from rules.text import french
from rules.text.fold import fold, key

_NOT_APART = "lequel est le nom ? Écrivez le nom en capitales, ou donnez-lui sa colonne. La ligne n'est pas importée."
_FILLER = "valeur de remplissage"


class File(Struct, frozen=True):
    """What holds for every line: the dentists by key, today, and whether the postcodes lost their zeros."""

    dentists: Mapping[str, str]
    today: date
    zeros_lost: bool = False


class Line(Struct):
    """One line while it is read: its cells by our columns, and what was said so far."""

    number: int
    cells: Mapping[str, str]
    problems: list[LineProblem] = field(default_factory=list)

    def cell(self, column: str) -> str:
        """Its text, empty where there is none."""
        return self.cells.get(column, "")

    def say(self, about: str, seen: str, why: str, after: str = "") -> None:
        """One remark; `about` and `why` are its kind, `seen` what stands in this line."""
        end = f" {after}" if after else ""
        self.problems.append(LineProblem(self.number, f"{about} « {seen} » : {why}.{end}", f"{about} : {why}"))


def patient(line: Line, file: File) -> Patient | None:
    """The patient, or None where the names are not there; the line's problems say why and what was left out."""
    name = _name(line)
    if name is None:
        return None
    if name.problem:
        line.say("nom", name.text, name.problem, "Importé tel quel : à vérifier.")
    return Patient(
        family_name=name.family or line.cell("nom"),
        given_name=name.given or line.cell("prénom"),
        birth_name=name.birth,
        birth_date=_birth_date(line, file),
        mobile=_mobile(line),
        email=_checked(line, "email", line.cell("email"), contact.email(line.cell("email"))),
        address=_address(line, file),
        dentist=_checked(line, "dentiste", line.cell("dentiste"), dentist(line.cell("dentiste"), file.dentists)),
        guardian=line.cell("responsable") or None,
        foreign_id=line.cell("id") or None,
    )


# --- names -----------------------------------------------------------------------------------------------------------


def _name(line: Line) -> Name | None:
    birth = line.cell("nom_naissance")
    if "prénom" in line.cells:
        lacking = [column for column in ("nom", "prénom") if not line.cell(column)]
        if lacking:
            _lacking(line, lacking)
            return None
        return names.joined(line.cell("nom"), line.cell("prénom"), birth)
    column = next((one for one in (FAMILY_FIRST, GIVEN_FIRST, WHOLE, "nom") if line.cell(one)), "")
    found = names.split(line.cell(column))
    words = found.text.split()
    if len(words) < 2:
        _lacking(line, ["prénom"] if words else ["nom", "prénom"])
        return None
    sides = (found.family, found.given) if found.certain else _sides(words, column)
    if sides is None:
        line.say("nom", line.cell(column), _NOT_APART.rstrip("."))
        return None
    return names.joined(*sides, birth or found.birth or "")


def _lacking(line: Line, columns: list[str]) -> None:
    text = f"Il manque : {french.listed(columns, 'et')}. La ligne n'est pas importée."
    line.problems.append(LineProblem(line.number, text, text))


def _sides(words: list[str], column: str) -> tuple[str, str] | None:
    """Family name and first name of two words in equal capitals: a usual first name decides, else the column's name;
    None where they disagree, or nothing decides."""
    if len(words) != 2:
        return None
    first, last = words
    told = {FAMILY_FIRST: True, "nom": True, GIVEN_FIRST: False}.get(column)
    usual = names.usual_given(first), names.usual_given(last)
    family_first = told if usual[0] == usual[1] else usual[1]
    if family_first is None or (told is not None and column != "nom" and family_first is not told):
        return None
    return (first, last) if family_first else (last, first)


# --- details ---------------------------------------------------------------------------------------------------------


def _checked(line: Line, column: str, seen: str, detail: contact.Detail[Any]) -> Any:
    """The value; what is no value and no mere « néant » is said."""
    if detail.problem:
        meant = f" (vouliez-vous dire « {detail.proposal} » ?)" if detail.proposal else ""
        line.say(column, seen, f"{detail.problem}{meant}", "Importé sans ce renseignement.")
    elif seen and detail.value is None and not contact.is_placeholder(seen):
        line.say(column, seen, _FILLER, "Importé sans ce renseignement.")
    return detail.value


def _birth_date(line: Line, file: File) -> date | None:
    seen = line.cell("naissance")
    text = repairs.day(seen)
    found: date | None = _checked(line, "naissance", seen, contact.birth_date(text, file.today))
    if found and text != seen:
        _repaired(line, "naissance", seen, text, repairs.SERIAL)
    return found


def _mobile(line: Line) -> str | None:
    """The first mobile of all columns with numbers; where there is none, what is wrong with the first number."""
    written = [(line.cell(column), repairs.number(line.cell(column))) for column in PHONES if line.cell(column)]
    read = [(seen, text, contact.mobile(text)) for seen, text in written if text is not None]
    good = [(seen, text, detail.value) for seen, text, detail in read if detail.value]
    if not good:
        _no_mobile(line, [seen for seen, text in written if text is None], [(seen, one) for seen, _, one in read])
        return None
    seen, text, value = good[0]
    if text != seen:
        _repaired(line, "mobile", seen, text, repairs.ZERO_LOST)
    if other := next((seen for seen, _, another in good if another != value), ""):
        line.say("mobile", other, "deux mobiles, celui-ci n'est pas gardé")
    return value


def _no_mobile(line: Line, shortened: list[str], read: list[tuple[str, contact.Detail[str]]]) -> None:
    if shortened:
        line.say("mobile", shortened[0], repairs.SHORTENED, "Importé sans ce renseignement.")
    elif read:
        seen, detail = next(((seen, one) for seen, one in read if one.problem), read[0])
        _checked(line, "mobile", seen, detail)


def _address(line: Line, file: File) -> str | None:
    """Street, postcode and town as one text, whether they stand in one column or in four."""
    code = line.cell("code postal")
    mended = repairs.postcode(code) if file.zeros_lost else code
    street = ", ".join(filter(None, (line.cell("complément"), line.cell("adresse"))))
    place = " ".join(part for part in (mended, line.cell("ville")) if part and not _holds(street, part))
    country = line.cell("pays") if fold(line.cell("pays")) not in {"", "france", "fr"} else ""
    seen = ", ".join(filter(None, (street, place, country)))
    found: str | None = _checked(line, "adresse", seen, contact.address(seen))
    if found and mended != code and mended in place:
        _repaired(line, "code postal", code, mended, repairs.ZERO_LOST)
    return found


def _holds(text: str, part: str) -> bool:
    return f" {key(part)} " in f" {key(text)} "


def _repaired(line: Line, column: str, seen: str, text: str, why: str) -> None:
    said = f"{column} « {seen} » est lu « {text} » : {why}."
    line.problems.append(LineProblem(line.number, said, f"{column} : {why}, la valeur est réparée"))
