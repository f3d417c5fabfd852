"""What secretaries type of a new patient, one detail at a time."""

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "born": "Né(e) le", "mobile": "Mobile", "email": "E-mail", "address": "Adresse", "motif": "Motif",
    "dentist": "Dentiste", "known": "Déjà venu",
}  # fmt: skip
DETAILS: Mapping[str, str] = {
    "born": "12/05/1981", "mobile": "06 12 34 56 78", "email": "marie.dupont@example.org",
    "address": "3 rue Haxo, 75020 Paris",
}  # fmt: skip
TITLE = "DUPONT Marie – détartrage"


def new(first: str = "Nouveau patient, sans préférence", **details: str | None) -> str:
    """A complete entry of a new patient, with these details instead; None leaves one out."""
    typed = DETAILS | details
    return "\n".join([first, *(f"{LABELS[name]} : {value}" for name, value in typed.items() if value is not None)])


def lines(**details: str) -> str:
    """Only these details, one a line."""
    return "\n".join(f"{LABELS[name]} : {value}" for name, value in details.items())
