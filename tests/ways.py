"""One way to a patient: what goes wrong on it, and what arrives (law L4)."""

from datetime import timedelta

from msgspec.structs import replace

from adapters.base import OutsideError, TryLater, Uncertain
from rules.model import Channel
from sync.store import messages
from sync.store.messages import MessageRow
from tests.office import PARIS, Office

LOST = Uncertain("La réponse s'est perdue.")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Way:
    """What goes to the patient by one channel."""

    def __init__(self, office: Office, channel: Channel) -> None:
        self.office, self.channel = office, channel
        self.gateway = office.world.senders[channel]

    def loses(self, *, taken: bool = True) -> None:
        """The answer to the next message; the gateway took it, or not."""
        self.gateway.fail(LOST, taken=taken)

    def errs(self, error: OutsideError) -> None:
        self.gateway.fail(error, taken=False)

    def is_down(self) -> None:
        for _ in range(50):
            self.errs(TryLater("…"))

    def words(self) -> list[str]:
        """What arrived: kind and day of the appointment, as in `confirmation 1`."""
        kinds = [message.key.split(":")[3] for message in self.arrived()]
        texts = [message.text for message in self.arrived()]
        days = ["2 décembre" in text or "mer 2/12" in text or "02/12" in text for text in texts]
        return [f"{kind}{' 2' if there else ''}" for kind, there in zip(kinds, days, strict=True)]

    def arrived(self) -> list:
        return [message for message in self.gateway.sent if ":notice:" not in message.key]

    def rows(self) -> list[MessageRow]:
        with self.office.world.store.read() as tx:
            states = ("pending", "claimed", "sent", "failed", "uncertain", "superseded", "suppressed", "dropped")
            found = messages.with_state(tx, *states, zone=PARIS)
        return sorted((row for row in found if row.channel is self.channel), key=lambda row: row.id)

    def states(self) -> list[tuple[str, str]]:
        return [(row.kind.value, row.state) for row in self.rows()]

    def goes_on(self, hours: int = 8) -> None:
        """Passes every twenty minutes."""
        for _ in range(3 * hours):
            self.office.passes(later=timedelta(minutes=20))

    def moved(self, day: int) -> None:
        self.office.she_books("a", day=day)

    def unclear_reminder(self) -> None:
        """A visit in three days is confirmed, and the answer to its reminder lost; no further try is allowed."""
        self.office.world = replace(self.office.world, on_uncertain={})
        self.office.she_books("a", day=3)
        self.office.passes()
        self.loses(taken=False)
        self.office.passes(later=2 * DAY + HOUR + timedelta(minutes=1))
