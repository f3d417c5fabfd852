"""What the secretary means: patients, events and their text. The model against which the laws are judged."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from adapters.calendars.ical.resource import Ics
from rules.model import Dentist, Motif, Policy, Practice

PARIS, SECRET = ZoneInfo("Europe/Paris"), b"s" * 32
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=PARIS)
DENTISTS = ("martin", "bernard")
PRACTICE = Practice(
    key="lilas",
    name="Cabinet des Lilas",
    address="12 rue des Lilas, 75020 Paris",
    phone="01 43 00 00 00",
    email="s@lilas.example",
    zone=PARIS,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Dentiste"),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste"),
    ),
    motifs=(Motif("Détartrage", 30), Motif("Contrôle", 30)),
    policy=Policy(most_per_hour=1000),  # the machine drags faster than people; what is held has tests of its own
)


class Person(Struct, frozen=True):
    """A patient of the directory, and whose."""

    family: str
    given: str
    born: date
    mobile: str
    dentist: str

    @property
    def email(self) -> str:
        return f"{self.family.lower()}@example.org"


PEOPLE = (
    Person("DUPONT", "Marie", date(1981, 5, 12), "06 12 34 56 78", "martin"),
    Person("MOREAU", "Luc", date(1975, 2, 3), "06 23 45 67 89", "martin"),
    Person("GARNIER", "Hélène", date(1990, 9, 30), "06 34 56 78 91", "bernard"),
    Person("FABRE", "Anne", date(2012, 4, 7), "06 12 34 56 78", "martin"),  # reached on the first one's telephone
)
UNREADABLE_MOBILE = "06 12 34"


class Meant(Struct, frozen=True):
    """What she means by one event: the model that judges."""

    who: Person
    start: datetime
    mobile: str
    uid: str
    consent: bool = False
    agreed: bool = False  # the consent that is typed was given for this very booking
    comments: int = 0
    annulled: bool = False
    previous: datetime | None = None
    weeks: int = 0  # of a weekly series; 0: a single visit
    moved: tuple[int, datetime] | None = None  # one visit of the series that she dragged by itself

    @property
    def starts(self) -> tuple[datetime, ...]:
        """Of every visit."""
        found = [self.start + timedelta(weeks=week) for week in range(max(1, self.weeks))]
        if self.moved and self.moved[0] < len(found):
            found[self.moved[0]] = self.moved[1]
        return tuple(found)

    @property
    def rule(self) -> str:
        return f"RRULE:FREQ=WEEKLY;COUNT={self.weeks}\r\n" if self.weeks else ""

    def allowed(self, dentist: str) -> bool:
        """Whether the patient may be told of it there (law L3)."""
        own = self.who.dentist == dentist or self.agreed
        return own and not self.annulled and self.mobile == self.who.mobile

    @property
    def concern(self) -> tuple[object, ...]:
        """What a change of is news for the patient."""
        return self.starts, self.mobile, self.annulled, self.who.family

    def text(self) -> str:
        lines = [
            f"Né(e) le : {self.who.born:%d/%m/%Y}", f"Mobile : {self.mobile}", f"E-mail : {self.who.email}",
            "Adresse : 3 rue Verte, 75011 Paris", "Suivi", *(["Accord patient : oui"] if self.consent else []),
            *(["Annulé"] if self.annulled else []), *(["Commentaire : doux"] * min(self.comments, 1)),
            *["et patient"] * max(self.comments - 1, 0),
        ]  # fmt: skip
        return "\n".join(lines)

    def ics(self, uid: str) -> bytes:
        end = self.start + timedelta(minutes=30)
        return (
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//her client//FR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n"
            f"DTSTAMP:20261101T080000Z\r\nDTSTART:{utc(self.start)}\r\nDTEND:{utc(end)}\r\n{self.rule}"
            f"SUMMARY:{self.who.family} {self.who.given} – contrôle\r\nDESCRIPTION:{escaped(self.text())}\r\n"
            "END:VEVENT\r\nEND:VCALENDAR\r\n"
        ).encode()


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


ICS, HALF = Ics(PARIS, SECRET, "any"), timedelta(minutes=30)


def slot_at(number: int) -> datetime:
    """Six days from the third on, four hours each."""
    return MORNING + timedelta(days=3 + number // 4, hours=number % 4)


def other_uid(raw: bytes, number: int) -> bytes:
    return re.sub(rb"(?m)^UID:[^\r]*", f"UID:copy-{number}".encode(), raw)


def with_one_moved(raw: bytes, meant: Meant) -> bytes:
    """The series with the exception that a client writes when one visit of it is dragged."""
    assert meant.moved
    week, start = meant.moved
    original = f"RECURRENCE-ID:{utc(meant.start + timedelta(weeks=week))}\r\nDTSTART:"
    alone = replace(meant, start=start, weeks=0, moved=None).ics(meant.uid)
    alone = alone[alone.index(b"BEGIN:VEVENT") : alone.index(b"END:VCALENDAR")]
    alone = re.sub(rb"(?m)^UID:[^\r]*", re.search(rb"(?m)^UID:[^\r]*", raw)[0], alone)  # type: ignore[index]
    return raw.replace(b"END:VCALENDAR", alone.replace(b"DTSTART:", original.encode(), 1) + b"END:VCALENDAR")


def without_the_moved(raw: bytes) -> bytes:
    """The series as its rule says."""
    events = re.compile(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", re.DOTALL)
    return events.sub(lambda found: b"" if b"RECURRENCE-ID" in found[0] else found[0], raw)


def unfolded(raw: bytes) -> bytes:
    return raw.replace(b"\r\n ", b"")
