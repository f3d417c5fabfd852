"""A step decides by the time at which it begins: never by one from before a reading that it evaluates (law L6)."""

from datetime import timedelta

from sync.core.context import nobody_watches
from sync.store import bookings
from sync.worker.pipeline import Pass, take_all
from sync.worker.scheduler import Readers
from tests.office import PARIS, Office

MINUTE = timedelta(minutes=1)


def test_l6_g03_what_a_reading_inside_a_pass_finds_gone_is_gone_from_that_reading_on(office: Office) -> None:
    """A calendar read before it vanished must not count as read since: the event may have been dragged there."""
    office.she_books("visite")
    office.passes(later=MINUTE)
    readers = Readers(office.world, every=0, patience=60)

    def refresh() -> bool:
        office.turned += MINUTE
        readers.read_all(office.world.sources)
        office.turned += MINUTE
        office.calendars["martin"].delete("visite.ics")
        readers.read_all([source for source in office.world.sources if source.dentist == "martin"])
        return True

    take_all(Pass(office.world, lambda: None, nobody_watches, refresh=refresh))
    with office.world.store.read() as tx:
        (gone,) = bookings.vanished_since(tx, office.now - timedelta(hours=1), PARIS)
    assert gone.vanished_at == office.now
