"""The practice behind the patients' pages (`adapters.web.patients.PatientDesk`): finds what a link opens, and hands it
to the page of that kind. Everything comes from the store; nothing here waits for a calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from adapters.web.office import Gone, Unavailable
from adapters.web.patients import Act, House, LinkTo, Shown, What
from rules.model import Channel, Practice
from rules.patients.unwanted import unwanted
from rules.telling.patient_messages import maps_url, tel_url
from sync.core.context import World
from sync.people import agreement_page, appointment_page, offer_page
from sync.store import bookings, keyvalue, links, offers, patients, waiting_entries
from sync.store.bookings import BookingRow
from sync.store.engine import Store, StoreProblem, Tx
from sync.store.links import About, LinkKind, LinkRow
from sync.store.problems import Departed
from sync.store.waiting_entries import Standing

if TYPE_CHECKING:
    from config.settings import PracticeSettings


class Page(Protocol):
    """The page of one kind of link: a module with these two functions."""

    def shown(self, world: World, link: LinkRow, part: What | None = None, page: int = 0) -> Shown | None:
        """What the link shows now; None where it leads nowhere. Reads only (law L9)."""
        ...

    def act(self, world: World, link: LinkRow, done: Act) -> Shown | None:
        """Store what the patient wants, and show what came of it."""
        ...


PAGES: Mapping[LinkTo, Page] = {
    LinkTo.APPOINTMENT: appointment_page, LinkTo.AGREEMENT: agreement_page, LinkTo.OFFER: offer_page,
}  # fmt: skip


ALL_PAGES = "all:pages"  # what the practices of a store share for their pages; a practice's key has no colon


def seal_of(store: Store) -> bytes:
    """See `PatientDesk.seal`."""
    with available(), store.named(ALL_PAGES).write() as tx:
        return keyvalue.secret(tx)


def house_of(practice: Practice | PracticeSettings, url: str | None) -> House:
    """See `PatientDesk.house`."""
    phone, address = practice.phone, practice.address
    return House(practice.name, phone, tel_url(phone), address, maps_url(address), url or "")


class PagesOfPatients:
    """One practice, for the patients' pages. `wake` starts a round of the worker at once."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self._world, self._wake = world, wake

    @cached_property
    def seal(self) -> bytes:
        """See `PatientDesk.seal`."""
        return seal_of(self._world.store)

    def house(self) -> House:
        """See `PatientDesk.house`."""
        return house_of(self._world.practice, self._world.practice.page_url)

    def may_know(self, secret: str) -> bool:
        """See `PatientDesk.may_know`."""
        return links.may_be_of(self._world.practice.key, secret)

    def shown(self, to: LinkTo, secret: str, part: What | None = None, page: int = 0) -> Shown | None:
        """See `PatientDesk.shown`."""
        with available():
            link = self._link(to, secret)
            known = PAGES.get(to)
            return known.shown(self._world, link, part, page) if known and link else None

    def act(self, to: LinkTo, secret: str, act: Act) -> Shown | None:
        """See `PatientDesk.act`."""
        with available():
            link = self._link(to, secret)
            known = PAGES.get(to)
            found = known.act(self._world, link, act) if known and link else None
        if found is not None:
            self._wake()
        return found

    def _link(self, to: LinkTo, secret: str) -> LinkRow | None:
        with self._world.store.read() as tx:
            link = links.find(tx, LinkKind(to.value), secret)
            return link if link and link.revoked_at is None and _is_theirs(self._world, tx, link, secret) else None


def _is_theirs(world: World, tx: Tx, link: LinkRow, secret: str) -> bool:
    """Whether the link was sent to where a message about the appointment would go now: a number or address that was
    corrected since is somebody else's."""
    at = _reached_at(world, tx, link)
    if at is None:
        return False
    to = at.mobile if link.channel is Channel.SMS else at.email
    for one in [to] if to else _not_written_to(tx, link):
        about = About(link.kind, link.booking, link.patient, one, link.channel, link.subject)
        if links.is_about(tx, secret, about):
            return True
    return False


def _not_written_to(tx: Tx, link: LinkRow) -> list[str]:
    """The addresses on record of a patient who wants no messages on the link's channel: it still opens the page."""
    patient = patients.get(tx, link.patient) if link.patient else None
    if patient is None or link.channel not in unwanted(patient):
        return []
    known = {
        Channel.SMS: (patient.mobile, patient.guardian_mobile),
        Channel.EMAIL: (patient.email, patient.guardian_email),
    }
    return [one for one in known[link.channel] if one]


def _reached_at(world: World, tx: Tx, link: LinkRow) -> BookingRow | Standing | None:
    """The appointment, or the place on the waiting list, which says where its patient is reached."""
    if link.booking:
        return bookings.get(tx, link.booking, world.practice.zone)
    offer = offers.get(tx, link.subject, world.practice.zone)
    entry = waiting_entries.get(tx, offer.waiting, world.practice.zone) if offer else None
    return entry.standing if entry else None


@contextmanager
def available() -> Iterator[None]:
    """A store that cannot be asked is Unavailable to the pages; that of a practice that left, Gone."""
    try:
        yield
    except Departed as problem:
        raise Gone from problem
    except StoreProblem as problem:
        raise Unavailable from problem
