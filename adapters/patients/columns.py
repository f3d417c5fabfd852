"""Which column holds what: our own names, and those that practice software and spreadsheets give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from adapters.patients.problems import LineProblem
from rules.text import french
from rules.text.fold import key, tidy

COLUMNS = (
    "nom", "prénom", "naissance", "mobile", "email", "adresse", "dentiste", "nom_naissance", "responsable", "id",
)  # fmt: skip
EXPECTED = COLUMNS[:7]
ATTRIBUTES = {
    "naissance": "birth_date", "mobile": "mobile", "email": "email", "adresse": "address", "dentiste": "dentist",
    "nom_naissance": "birth_name", "responsable": "guardian", "id": "foreign_id",
}  # fmt: skip
PHONES = ("mobile", "téléphone", "autre téléphone")
"""Columns in which a mobile may stand, likeliest first."""
FAMILY_FIRST, GIVEN_FIRST, WHOLE = "nom prénom", "prénom nom", "patient"
"""Columns that hold both names."""

_SYNONYMS = {
    "nom": "nom|nom de famille|nom d usage|nom usuel|nom patient|nom du patient|name|lastname|last name|family name",
    "prénom": "prenom|prenoms|prenom patient|prenom du patient|firstname|first name|given name",
    FAMILY_FIRST: "nom prenom|nom et prenom|nom prenoms|nom prenom patient|nom et prenom du patient",
    GIVEN_FIRST: "prenom nom|prenom et nom",
    WHOLE: "patient|nom complet|full name|patient name",
    "naissance": "naissance|date de naissance|date naissance|ddn|ne le|ne e le|nee le|birthdate|birth date"
    "|date of birth|birthday",
    "mobile": "mobile|portable|telephone mobile|telephone portable|tel mobile|tel portable|tel port|gsm|mobile phone"
    "|cell phone|numero de mobile|no mobile|n mobile|numero de portable|n portable",
    "téléphone": "tel|telephone|telephone 1|tel 1|phone|phone number|numero de telephone|n telephone|no telephone",
    "autre téléphone": "telephone 2|tel 2|telephone secondaire|secondary phone number|autre telephone|mobile 2"
    "|portable 2|telephone fixe|tel fixe|fixe|telephone domicile|tel domicile|domicile tel|home phone",
    "email": "email|e mail|mail|courriel|adresse e mail|adresse email|adresse mail|adresse electronique"
    "|email du patient|email address|mel",
    "adresse": "adresse|adresse postale|adresse complete|domicile|address|rue|voie|adresse 1|adresse ligne 1|street",
    "complément": "complement|complement d adresse|complement adresse|adresse 2|adresse ligne 2|batiment|address 2",
    "code postal": "code postal|cp|c p|codepostal|code post|zipcode|zip code|zip|postal code|postcode",
    "ville": "ville|commune|localite|city|town",
    "pays": "pays|country",
    "dentiste": "dentiste|praticien|dentiste attitre|praticien habituel|praticien attitre|docteur|dr|dentist"
    "|nom du praticien|dentiste habituel|dentiste traitant|praticien traitant|dentiste referent|praticien referent",
    "nom_naissance": "nom naissance|nom de naissance|nom de jeune fille|nom jeune fille|birth name|maiden name"
    "|nom de jeune fille ou jeune homme|nom patronymique",
    "responsable": "responsable|representant legal|responsable legal|parent|tuteur",
    "id": "id|numero|no|n|no patient|numero patient|numero de dossier|no dossier|n dossier|dossier|identifiant"
    "|reference|ref|n patient|code patient|ipp",
}  # fmt: skip
_COLUMN_OF = {name: column for column, names in _SYNONYMS.items() for name in names.split("|")}
_ASIDE = re.compile(r"\([^)]*\)")
_NO_HEADER = (
    "La première ligne du fichier doit nommer les colonnes ; aucun nom n'y est reconnu, rien n'est importé. "
    f"Première ligne attendue : {';'.join(EXPECTED)}."
)


class Columns(Struct, frozen=True):
    """`places`: which of our columns stands at which place of a line. `problems`: what is said once about the header;
    `usable`: False where nobody can be imported."""

    places: Mapping[int, str]
    problems: tuple[LineProblem, ...]
    usable: bool

    def named(self, cells: list[str]) -> dict[str, str]:
        """A line's cells by our columns' names."""
        return {self.places[place]: tidy(cell) for place, cell in enumerate(cells) if place in self.places}


def header(line: int, cells: list[str]) -> Columns:
    """The columns of a file; unknown, repeated and missing ones are said, each sort in one sentence."""
    places: dict[int, str] = {}
    unknown: list[str] = []
    repeated: list[str] = []
    for place, cell in enumerate(cells):
        column = _column(cell)
        if column and column not in places.values():
            places[place] = column
        elif cell.strip():
            (repeated if column else unknown).append(f"« {tidy(cell)} »")
    if not places:
        return Columns({}, (LineProblem(line, _NO_HEADER),), usable=False)
    found = set(places.values())
    names = {"nom", "prénom"} <= found or found & {FAMILY_FIRST, GIVEN_FIRST, WHOLE, "nom"}
    said = [
        *_ignored(unknown, "est inconnue", "sont inconnues"),
        *_ignored(repeated, "répète une autre", "en répètent d'autres"),
    ]
    said += _missing(found) if names else [_without_names(found)]
    return Columns(places, tuple(LineProblem(line, text) for text in said), usable=bool(names))


def _column(cell: str) -> str | None:
    return _COLUMN_OF.get(key(_ASIDE.sub(" ", cell.replace("°", " "))))


def _ignored(shown: list[str], one: str, several: str) -> list[str]:
    if len(shown) < 2:
        return [f"La colonne {name} {one} : elle est ignorée." for name in shown]
    return [f"Les colonnes {french.listed(shown, 'et')} {several} : elles sont ignorées."]


def _missing(found: Iterable[str]) -> list[str]:
    known = {"mobile" if column in PHONES else column for column in found}
    lacking = [f"« {column} »" for column in EXPECTED[2:] if column not in known]
    if len(lacking) < 2:
        return [f"La colonne {column} manque : ce renseignement ne sera pas importé." for column in lacking]
    return [f"Les colonnes {french.listed(lacking, 'et')} manquent : ces renseignements ne seront pas importés."]


def _without_names(found: set[str]) -> str:
    lacking = "nom" if "prénom" in found else "nom » et « prénom"
    return f"La colonne « {lacking} » manque : rien n'est importé. Première ligne attendue : {';'.join(EXPECTED)}."
