"""The practice of the desk corpus: two dentists, the usual motifs, the directory of `directory.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from rules.details import names
from rules.model import Dentist, Motif, Patient, Practice
from tests.desk import HOURS, SURGERY

FOLDER = Path(__file__).parent
PRACTICE: Practice = replace(
    SURGERY,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste", HOURS),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste", HOURS),
    ),
    motifs=(
        Motif("Détartrage", 30, ("nettoyage",)),
        Motif("Contrôle", 20, public_label="Consultation"),
        Motif("Douleur", 20, ("urgence", "mal de dent"), within_days=30),
        Motif("Soin de carie", 40, ("composite",)),
        Motif("Dévitalisation", 60),
        Motif("Extraction", 45),
        Motif("Couronne", 60),
        Motif("Implant", 60),
        Motif("Orthodontie", 20, ("bagues",)),
        Motif("Blanchiment", 60),
        Motif("Prothèse", 40, ("appareil", "dentier")),
        Motif("Radio panoramique", 15),
    ),
    abbreviations=(("dtx", "détartrage"),),
)


def person(values: Mapping[str, Any]) -> Patient:
    """A record of the directory, as its table in TOML says; followed by Dr Martin where it says nothing."""
    name = names.split(values["name"])
    details = {key: value for key, value in values.items() if key != "name"}
    return Patient(name.family, name.given, **{"dentist": "martin", **details})


def people() -> tuple[Patient, ...]:
    """Everybody in the directory."""
    table = tomllib.loads((FOLDER / "directory.toml").read_text(encoding="utf-8"))
    return tuple(map(person, table["patient"]))
