"""The secretary's desk: she types an event, reads what came back in it, and the patient reads what was sent.

The language of `tests/procedure`. Everything under it is real but the calendars, gateways and clock, which are in
memory: the engine, the store and the rules are the worker's own. Today is Tuesday 24 November 2026, nine o'clock.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from msgspec.structs import replace

from rules.model import Annotation, Dentist, Motif, Patient, Policy, Practice
from sync.core.context import Source
from sync.store import patients
from tests.office import MORNING, PARIS, PRACTICE, Office, calendar_of, ics, make_office

_OFFER = re.compile(r"(?<=[.?]) → ")  # behind the sentence of a finding
_DAY = ((time(8, 30), time(12, 30)), (time(14, 0), time(19, 0)))
HOURS = dict.fromkeys(range(5), _DAY)  # Monday to Friday
SURGERY = replace(
    PRACTICE,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste", HOURS),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste", HOURS),
        Dentist("nguyen", "Dr Linh Nguyen", "Chirurgien-dentiste", HOURS),
    ),
    motifs=(
        Motif("Détartrage", 30, ("nettoyage",), first_visit_minutes=45),
        Motif("Douleur", 20, ("urgence", "mal de dent"), within_days=2),
        Motif("Contrôle", 20, public_label="Consultation"),
        Motif("Couronne", 60),
    ),
    blocks=("Congés", "Formation", "Réunion", "Déjeuner"),
    holidays="75",
    policy=Policy(settle_seconds=0, settle_change_seconds=0, quiet_seconds=0),
)
LUC = Patient(
    "Moreau", "Luc", birth_date=date(1975, 2, 3), mobile="+33623456789", email="luc.moreau@example.org",
    address="4 rue Haxo, 75020 Paris", dentist="martin",
)  # fmt: skip
MARIE = Patient(
    "Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", email="marie.dupont@example.org",
    address="3 rue Haxo, 75020 Paris", dentist="martin",
)  # fmt: skip
NEW = """\
Nouveau patient, sans préférence
Né(e) le : 12/05/1981
Mobile : 06 12 34 56 78
E-mail : marie.dupont@example.org
Adresse : 3 rue Haxo, 75020 Paris"""


@dataclass
class Desk:
    """The practice at work. Times are typed as `01/12 10:00`, of the year 2026 unless one is given."""

    office: Office
    typed: int = 0

    def knows(self, *people: Patient) -> None:
        """Those patients are in the directory."""
        with self.office.world.store.write() as tx:
            for one in people:
                patients.save(tx, one, self.office.now, "test")

    def runs(self, practice: Practice) -> None:
        """The administrator changed the YAML."""
        self.office.world = replace(self.office.world, practice=practice)

    def books(
        self, title: str, text: str = "", *, at: str = "01/12 10:00", minutes: int = 30, dentist: str = "martin",
        extra: str = "",
    ) -> "Event":  # fmt: skip
        """She saves a new event; a pass later it has been read. The length is what her client gives."""
        self.typed += 1
        event = Event(self, f"e{self.typed}", dentist, title, text, moment(at), minutes, extra)
        event.save()
        return event

    def keeps_days(self, title: str, first: str, last: str, *, dentist: str = "martin", extra: str = "") -> str:
        """She saves an event of whole days, `07/12` to `11/12` included, that is no appointment; returns its uid."""
        self.typed += 1
        uid, start, end = f"e{self.typed}", moment(f"{first} 00:00"), moment(f"{last} 00:00") + timedelta(days=1)
        body = ics(uid, title, start, 60, "", extra).decode()
        for name, at in (("DTSTART", start), ("DTEND", end)):
            body = re.sub(rf"{name};[^\r]*", f"{name};VALUE=DATE:{at:%Y%m%d}", body)
        self.office.calendars[dentist].put(f"{uid}.ics", body.encode())
        self.office.passes()
        return uid

    def waits(self, **span: float) -> None:
        """Time goes on by that `timedelta`, and the worker passes."""
        self.office.passes(later=timedelta(**span))

    def directory(self) -> list[Patient]:
        """Every patient known now."""
        with self.office.world.store.read() as tx:
            return list(patients.every(tx))

    def sms(self, to: str | None = None) -> list[str]:
        """The texts of the SMS sent to patients (to that number), oldest first."""
        return [one.text for one in self.office.sms.sent if to in {None, one.to}]

    def mails(self, to: str | None = None) -> list[str]:
        """Subject and text of the e-mails sent to patients, oldest first; alerts to the practice are not among them."""
        sent = (one for one in self.office.email.sent if one.to != self.office.world.practice.email)
        return [f"{one.subject}\n{one.text}" for one in sent if to in {None, one.to}]


@dataclass
class Event:
    """One event as she sees it in her calendar."""

    desk: Desk = field(repr=False)
    uid: str
    dentist: str
    title: str
    text: str
    at: datetime
    minutes: int
    extra: str = ""

    def save(self) -> "Event":
        """She presses save: what she typed stands there, without our part (a client that keeps only hers)."""
        body = ics(self.uid, self.title, self.at, self.minutes, self.text, self.extra)
        self.desk.office.calendars[self.dentist].put(self._ref, body)
        self.desk.office.passes()
        return self

    def retypes(self, text: str | None = None, *, title: str | None = None) -> "Event":
        """She changes what is written in it."""
        self.text, self.title = self.text if text is None else text, title or self.title
        return self.save()

    def adds(self, line: str) -> "Event":
        """She types one more line."""
        return self.retypes(f"{self.text}\n{line}".strip())

    def moves(self, *, at: str = "", dentist: str = "", minutes: int = 0) -> "Event":
        """She drags it elsewhere."""
        self.at, self.minutes = moment(at) if at else self.at, minutes or self.minutes
        if dentist and dentist != self.dentist:
            self.desk.office.calendars[self.dentist].delete(self._ref)
            self.dentist = dentist
        return self.save()

    def deletes(self) -> None:
        """She removes it."""
        self.desk.office.calendars[self.dentist].delete(self._ref)
        self.desk.office.passes()

    @property
    def mark(self) -> str:
        """`⚠ `, `✓ ` or nothing, before the title."""
        return self._part.mark

    @property
    def reads(self) -> str:
        """Our block in it, line by line."""
        return "\n".join(self._part.lines)

    @property
    def wrong(self) -> list[str]:
        """The lines that block (`✗`), without what they offer."""
        return [_OFFER.split(line, 1)[0] for line in self._part.lines if line.startswith("✗")]

    @property
    def length(self) -> int:
        """Minutes in her calendar now."""
        return self.desk.office.event(self.uid, self.dentist).minutes

    def said(self, *signs: str) -> list[str]:
        """The lines that begin with one of these signs (`✗`, `!`, `✓`) without what they offer, receipts aside."""
        said = [one for line in self._part.lines for one in re.split(r"  (?=✓ )", line)]
        told = [line for line in said if line.startswith(signs) and "envoyé le" not in line]
        return [_OFFER.split(line, 1)[0] for line in told]

    @property
    def proposed(self) -> list[str]:
        """What the findings offer, behind their arrows."""
        offers = [line.removeprefix("  → ") for line in self._part.lines if line.startswith("  → ")]
        beside = [told for line in self._part.lines for told in _OFFER.split(line, 1)[1:]]
        return [*offers, *(one for told in beside for one in told.split(" → "))]

    @property
    def confirmed(self) -> bool:
        """The patient's confirmation has gone, and the title says so."""
        return self.mark == "✓ "

    @property
    def _ref(self) -> str:
        return f"{self.uid}.ics"

    @property
    def _part(self) -> Annotation:
        calendar, world = self.desk.office.calendars[self.dentist], self.desk.office.world
        body = calendar.get(self._ref)
        assert body is not None, "the event is gone"
        part = calendar.read(body.ref, body.payload, world.window(self.desk.office.now)).annotation
        return Annotation(part.mark, tuple(line.replace("\N{NO-BREAK SPACE}", " ") for line in part.lines))


def moment(text: str) -> datetime:
    """`01/12 10:00` or `01/12/2027 10:00`, in Paris."""
    day, _, hour = text.partition(" ")
    full = day if day.count("/") == 2 else f"{day}/{MORNING.year}"
    return datetime.strptime(f"{full} {hour}", "%d/%m/%Y %H:%M").replace(tzinfo=PARIS)


def make_desk(folder: Path, practice: Practice = SURGERY, known: Iterable[Patient] = ()) -> Desk:
    """After an empty first pass, so that whatever she books now is new."""
    sources = [Source(calendar_of(one.key), one.key) for one in practice.dentists]
    desk = Desk(make_office(folder, practice, sources))
    desk.knows(*known)
    desk.office.passes()
    return desk
