"""The waiting list's desk: a practice that offers freed times, its patients, and what they answer by their links."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from adapters.base import NOTHING_KNOWN
from adapters.web.patients import Act, LinkTo, Shown, What
from rules.model import Patient, Practice, Waiting
from sync.core.context import Source
from sync.people.desk import PagesOfPatients
from sync.store.calendars import WAITING_LIST
from tests.desk import LUC, MARIE, SURGERY, Desk
from tests.office import calendar_of, make_office

OFFERING = replace(SURGERY, waiting=Waiting(), page_url="https://rdv.lilas.example")
ZOE = Patient(
    "Petit", "Zoé", birth_date=MARIE.birth_date, mobile="+33645678901", email="zoe.petit@example.org",
    address="5 rue Haxo, 75020 Paris", dentist="martin",
)  # fmt: skip
PAUL = Patient(
    "Roux", "Paul", birth_date=LUC.birth_date, mobile="+33656789012", email="paul.roux@example.org",
    address="6 rue Haxo, 75020 Paris", dentist="martin",
)  # fmt: skip
_LINK = re.compile(r"/o/([\w-]{22})")


@dataclass
class Phone:
    """A patient's telephone: the offers that came, and what is pressed on their pages."""

    desk: Desk
    number: str

    @property
    def offers(self) -> list[str]:
        """The SMS with a link to an offer."""
        return [text for text in self.desk.sms(self.number) if _LINK.search(text)]

    def sees(self, which: int = -1) -> Shown:
        """The page behind the link of that offer."""
        found = self._pages.shown(LinkTo.OFFER, self._secret(which))
        assert found is not None
        return found

    def presses(self, what: What, which: int = -1) -> Shown:
        """What is read after pressing; the worker has not passed yet."""
        found = self._pages.act(LinkTo.OFFER, self._secret(which), Act(what, self.sees(which).revision))
        assert found is not None
        return found

    def _secret(self, which: int) -> str:
        found = _LINK.search(self.offers[which])
        assert found
        return found[1]

    @property
    def _pages(self) -> PagesOfPatients:
        return PagesOfPatients(self.desk.office.world, lambda: None)


def phone_of(desk: Desk, patient: Patient) -> Phone:
    """That patient's telephone."""
    assert patient.mobile
    return Phone(desk, patient.mobile)


def titles(desk: Desk, dentist: str = "martin") -> list[str]:
    """The titles of all events in that dentist's calendar, soonest first, without our marks."""
    calendar, window = desk.office.calendars[dentist], desk.office.world.window(desk.office.now)
    found = [
        event
        for page in calendar.changes(None, NOTHING_KNOWN)
        for body in page.resources
        for event in calendar.read(body.ref, body.payload, window).events
    ]
    return [event.title for event in sorted(found, key=lambda one: (one.start, one.title))]


def practice_that(**values: object) -> Practice:
    """The practice with another way to offer."""
    return replace(OFFERING, waiting=replace(Waiting(), **values))  # type: ignore[arg-type]


def frees(desk: Desk, at: str = "01/12 10:00", minutes: int = 30, text: str = "") -> None:
    """Luc's appointment is deleted, and time goes on until that is sure."""
    event = desk.books("MOREAU Luc – détartrage", text, at=at, minutes=minutes)
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)


LIST = "attente"


def desk_with_list(folder: Path, known: Iterable[Patient]) -> Desk:
    """The practice has a calendar for the list besides: she books there with `dentist=LIST`."""
    sources = [Source(calendar_of(one.key), one.key) for one in OFFERING.dentists]
    desk = Desk(make_office(folder, OFFERING, [*sources, Source(calendar_of(LIST), WAITING_LIST)]))
    desk.knows(*known)
    desk.office.passes()
    return desk
