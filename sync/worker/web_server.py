"""The web server of `run` (docs/design.md#what-listens): connects the paths of `adapters.web` with the practices.

Practices that share a listen address answer as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from adapters.web.listener import CannotListen, NotYet, bound, serving
from adapters.web.metrics import together
from adapters.web.office import Front, Measure, Present, Ring
from adapters.web.pages import application_of
from adapters.web.patients import Act, House, LinkTo, Shown, What
from sync.core.log import described, log
from sync.people.desk import PagesOfPatients, available, house_of, seal_of
from sync.store import links, messages, subscriptions
from sync.worker import health, push_channels
from sync.worker.failed_rounds import FAILED_TO_TELL
from sync.worker.hints import Hints, end_all
from sync.worker.last_look import AsSeen, Look, Seen
from sync.worker.runs import Runs

if TYPE_CHECKING:
    from config.settings import Settings
    from sync.worker.member import Member

_OUTBOX = ("pending", "retry", "failed", "uncertain", "held")


class Listeners:
    """The addresses at which this process answers: each is open while a practice of it is there. `must`: an address
    that cannot be had ends the process once a practice of it is at work; else, and where the machine has no thread for
    it, that is logged, and tried again."""

    def __init__(self, *, must: bool) -> None:
        self._must = must
        self._open: dict[str, tuple[Front, ExitStack]] = {}
        self._looks: dict[str, Look] = {}
        self._desks: dict[Runs, tuple[AsSeen, Hints]] = {}
        self._refused: dict[str, str] = {}
        self._outdated, self._gone = False, tuple[Measure, ...]()

    def show(
        self,
        members: Sequence[Member],
        suspended: Sequence[str],
        runs: Callable[[Member], Runs | None],
        *,
        outdated: bool = False,
    ) -> None:
        """Answer for these from now on. `runs`: who works for one, if anybody does yet; `outdated`: see Present. Raises
        CannotListen."""
        self._outdated = outdated
        places: dict[str, list[tuple[Member, Runs | None]]] = {}
        for member in members:
            if member.settings.page and member.problem is None:
                places.setdefault(member.settings.page.listen, []).append((member, runs(member)))
        self._forget_desks({found for there in places.values() for _, found in there})
        for listen in [one for one in self._open if one not in places]:
            self._close(listen)
        for listen, there in places.items():
            self._answer(listen, there, tuple(suspended))

    def close(self) -> None:
        """Answer no more."""
        for listen in list(self._open):
            self._close(listen)
        self._forget_desks(set())

    def _close(self, listen: str) -> None:
        self._open.pop(listen)[1].close()
        self._looks.pop(listen).end()

    def _answer(self, listen: str, there: Sequence[tuple[Member, Runs | None]], suspended: tuple[str, ...]) -> None:
        look = self._looks.setdefault(listen, Look(_fault))
        offices = tuple(self._office(look, member, runs) for member, runs in there if runs is not None)
        desks = tuple(one.desk for one in offices if isinstance(one.desk, DeskOfPatients))
        starting = tuple(member.key for member, runs in there if runs is None)
        now = Present(offices, desks, starting, suspended, self._outdated, self._gone)
        if listen in self._open:
            self._open[listen][0].now = now
            return
        try:
            self._open[listen] = self._opened(listen, now)
            self._refused.pop(listen, None)
        except CannotListen as problem:
            if offices and self._must and not isinstance(problem, NotYet):
                raise
            if self._refused.get(listen) != str(problem):  # a second process on this machine, until it takes over
                log.warning("not listening", reason=str(problem))
            self._refused[listen] = str(problem)

    def _office(self, look: Look, member: Member, runs: Runs) -> AsSeen:
        if runs not in self._desks:
            hints = Hints(runs)
            self._desks[runs] = AsSeen(desk_of(member.settings, runs, hints), look), hints
        return self._desks[runs][0]

    def _forget_desks(self, left: Set[Runs | None]) -> None:
        gone = [self._desks.pop(one) for one in [*self._desks] if one not in left]
        counted = (measure for office, _ in gone for measure in office.desk.of_the_process())
        self._gone = (*together((*self._gone, *counted)),)
        end_all([hints for _, hints in gone])

    def _opened(self, listen: str, now: Present) -> tuple[Front, ExitStack]:
        front = Front(now, _fault, self._looks[listen].looked)
        with ExitStack() as stack:  # an address that nobody answers at must be free
            door = stack.enter_context(bound(listen))
            stack.enter_context(serving(door, application_of(front), front.fault))
            return front, stack.pop_all()


def _fault(error: Exception) -> None:
    log.error("page failed", **described(error))


class Desk:
    """One practice, as `adapters.web.office.Office`. Its answers come from the store only, and no calendar of it is
    opened for them."""

    def __init__(self, settings: Settings, runs: Runs, hints: Hints) -> None:
        self._settings, self._runs, self._hints = settings, runs, hints
        self._mark = subscriptions.mark_of(self.key)

    @property
    def key(self) -> str:
        """See `Office.key`."""
        return self._settings.practice.key

    @property
    def address(self) -> str:
        """Where its store is."""
        return self._settings.store.get_secret_value()

    def healthy(self) -> bool:
        """See `Office.healthy`."""
        return self.look().well

    def measures(self) -> Iterable[Measure]:
        """See `Office.measures`."""
        return [*self.look().measures, *self.of_the_process()]

    def look(self) -> Seen:
        """How the practice is now, in one transaction. Raises Unavailable, Gone where it left."""
        with available(), (world := self._runs.glance).store.read() as tx:
            health.read_ahead(tx)
            found = health.all_health(world, tx, self._settings)
            # whole rounds, or a step of them
            troubled = self._runs.failed_rounds(tx) >= FAILED_TO_TELL or bool(health.wrong(tx))
            counts = messages.counts(tx)
        well = not troubled and all(one.state not in health.BAD for one in found)
        return Seen(well, (*self._of_calendars(found), *self._of_messages(counts)))

    def _of_calendars(self, found: Sequence[health.Health]) -> Iterator[Measure]:
        for state in health.STATES:
            count = sum(one.state == state for one in found)
            yield self._measure("attitre_calendars", "Calendars by state.", count, state=state)
        lags: dict[str, float] = {}
        for one in found:
            if one.lag is not None:
                lags[one.dentist] = max(one.lag, lags.get(one.dentist, 0))
        for dentist, lag in lags.items():
            meaning = "Since the last successful reading, of the dentist's calendar that waits longest."
            yield self._measure("attitre_calendar_lag_seconds", meaning, lag, worst=True, dentist=dentist)

    def _of_messages(self, counts: Mapping[str, int]) -> Iterator[Measure]:
        for state in _OUTBOX:
            yield self._measure("attitre_outbox_messages", "Messages to patients by state.", counts[state], state=state)

    def of_the_process(self) -> Iterator[Measure]:
        """What this process counts itself."""
        for result, count in self._runs.passes.items():
            yield self._measure("attitre_passes", "Passes since the start.", count, result=result, grows=True)
        meaning = "Passes that messages of push channels brought forward."
        yield self._measure("attitre_push_wakes", meaning, self._hints.wakes, grows=True)

    def _measure(
        self, name: str, meaning: str, value: float, *, grows: bool = False, worst: bool = False, **labels: str
    ) -> Measure:
        return Measure(name, meaning, value, {"practice": self.key, **labels}, grows, worst)

    def may_ring(self, channel: str) -> bool:
        """See `Office.may_ring`."""
        return subscriptions.has_mark(channel, self._mark)

    def rung(self, ring: Ring) -> bool:
        """See `Office.rung`. Only checks the channel; `Hints` passes the notification on."""
        with available(), self._runs.glance.store.read() as tx:
            ours = push_channels.known(tx, ring) is not None
        if ours:
            self._hints.give(ring)
        return ours

    def fault(self, error: Exception) -> None:
        """See `Office.fault`."""
        _fault(error)


class DeskOfPatients(Desk):
    """One practice that patients reach by the links in their messages: an `Office` and a `PatientDesk`. Its world is
    opened when somebody comes with a link that may be its."""

    @cached_property
    def seal(self) -> bytes:
        """See `PatientDesk.seal`."""
        with available():
            return seal_of(self._runs.glance.store)

    def house(self) -> House:
        """See `PatientDesk.house`."""
        page = self._settings.page
        return house_of(self._settings.practice, page.public_url if page else None)

    def may_know(self, secret: str) -> bool:
        """See `PatientDesk.may_know`."""
        return links.may_be_of(self.key, secret)

    def shown(self, to: LinkTo, secret: str, part: What | None = None, page: int = 0) -> Shown | None:
        """See `PatientDesk.shown`."""
        return self._pages().shown(to, secret, part, page)

    def act(self, to: LinkTo, secret: str, act: Act) -> Shown | None:
        """See `PatientDesk.act`."""
        return self._pages().act(to, secret, act)

    def _pages(self) -> PagesOfPatients:
        with available():
            return PagesOfPatients(self._runs.world, self._runs.wake)


def desk_of(settings: Settings, runs: Runs, hints: Hints) -> Desk:
    """The practice behind the paths; with patients' pages where its messages bear links."""
    return (DeskOfPatients if settings.page and settings.page.public_url else Desk)(settings, runs, hints)
