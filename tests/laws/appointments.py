"""People and appointments as the secretary means them, for the machine of law L3 to hold each confirmation against."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from msgspec import Struct

from rules.model import Patient
from tests.office import ics


class Person(Struct, frozen=True):
    """Somebody on file: known by name and birth date."""

    family: str
    given: str
    born: date
    dentist: str

    def record(self, number: int | None = None, dentist: str | None = None) -> Patient:
        mail, address = f"{self.family.lower()}@example.org", "3 rue Verte, 75011 Paris"
        return Patient(
            self.family, self.given, number, birth_date=self.born, mobile="+33612345678", email=mail, address=address,
            dentist=dentist or self.dentist,
        )  # fmt: skip


PEOPLE = (
    Person("Moreau", "Luc", date(1975, 2, 3), "martin"),
    Person("Garnier", "Jeanne", date(1990, 9, 30), "bernard"),
)
DOUBLE = Person("Morreaux", "Lucas", date(1975, 2, 3), "bernard")  # Luc again, as somebody else once typed him


class Meant(Struct, frozen=True):
    """One appointment as she means it. `agreed`: the dentist for whom the words in it were said, for this very one.
    `number`: which one it is, wherever it moves; `ask`: the words with which she has the patient asked; `listed`: it
    waits for an earlier time."""

    who: Person
    start: datetime
    uid: str
    words: str = ""
    agreed: str | None = None
    number: int = 0
    ask: str = ""
    listed: bool = False

    def text(self) -> str:
        said = [f"Accord patient : oui ({self.words})"] if self.words else []
        said += [f"Demander l'accord : {self.ask}"] if self.ask else []
        said += ["Liste d'attente"] if self.listed else []
        return "\n".join([f"Né(e) le : {self.who.born:%d/%m/%Y}", "Suivi", *said])

    def ics(self) -> bytes:
        return ics(self.uid, f"{self.who.family.upper()} {self.who.given} – contrôle", self.start, 20, self.text())


class Asked(Struct, frozen=True):
    """One link that left: which appointment it asks about, with whom, when."""

    secret: str
    number: int
    dentist: str
    start: datetime


def times(before: datetime, after: datetime) -> tuple[tuple[str, str], ...]:
    """Start and end of a copy."""
    pairs = ((before + late, after + late) for late in (timedelta(0), timedelta(minutes=20)))
    return tuple((f":{old:%Y%m%dT%H%M%S}\r\n", f":{new:%Y%m%dT%H%M%S}\r\n") for old, new in pairs)
