"""The practices of one `run`: they come, change and go with their files; each one's trouble stays its own (law L10).

A practice whose file cannot be used is suspended: nothing is read, told or cancelled for it until the file is mended.
So is one whose store cannot be opened; that is tried again. Unchanged practices keep all that they have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from config.folder import Folder
from config.load import Loaded, calendars_of
from config.problems import why
from sync.core.calls import PoolOfOnePass
from sync.core.context import World
from sync.core.guard import kept_apart
from sync.core.log import log
from sync.outbox import store_alert
from sync.store.engine import Locked, StoreProblem, Unusable
from sync.store.engines import MOST_AT_ONCE
from sync.wiring import open_world
from sync.worker.file_locks import next_try
from sync.worker.loop import Ending, Stop, Worker
from sync.worker.member import Around, Member, Opening
from sync.worker.reading_job import in_a_thread

if TYPE_CHECKING:
    from sync.worker.runs import Runs
    from sync.worker.web_server import Listeners

LOOK_AT_FILES_EVERY_S = 30.0
LOOK_AT_SHARED_EVERY_S = 10.0  # to answer for those that could not be opened before
PORTION = 250  # practices that are made anew together: nobody works for them meanwhile
FEW = 12  # shared practices that are opened before the first round, to say what is begun


class Shared(Protocol):
    """The work for practices that other processes work for too (`sync.fleet`)."""

    @property
    def outdated(self) -> bool:
        """Whether a newer version of the program has a store of theirs."""
        ...

    def show(self, members: Sequence[Member]) -> None:
        """Work for these too from now on. Raises StoreProblem."""
        ...

    def seat(self, member: Member) -> Runs | None:
        """The practice's rounds here, once it was shown."""
        ...

    def leaves(self, members: Sequence[Member]) -> None:
        """Work no more for these practices, and close each once gateways answered its calls under way."""
        ...

    def keep(self, addresses: Set[str]) -> None:
        """Only these have a practice still: take nothing more at others, of which each ends once the calls under way
        are heard."""
        ...

    def close(self, until: float) -> None:
        """Take nothing more, and let others go on at once; return then at the latest, by the monotonic clock."""
        ...


class Crew:
    """See `sync.worker.loop.Crew`. `loaded`: what `folder` read already. Files named one by one must all be fine at the
    start; of a folder's, each may be wrong alone. `sharing`: makes what works for practices on PostgreSQL;
    `connections`: that they open there together, at most."""

    def __init__(
        self,
        folder: Folder,
        loaded: Iterable[Loaded],
        stop: Stop,
        opening: Opening = open_world,
        sharing: Callable[[Stop], Shared] | None = None,
        *,
        connections: int = MOST_AT_ONCE,
    ) -> None:
        self._folder, self._stop, self._around = folder, stop, Around(stop, opening, connections)
        self._sharing = sharing
        self._shared: Shared | None = None
        self._members: dict[str, Member] = {}
        self._suspended: dict[str, str] = {}  # key or file → why
        self._keys: dict[Path, str] = {}  # the last known key of a file
        self._remark = ""  # of the folder, the last that was said
        self._leaving = set[str]()  # those whose calls under way are still to be heard
        self._unheard: list[Member] = []  # of these, those for whom the machine had no thread yet
        self._one_left = Event()
        self._listeners: Listeners | None = None
        self._try_again = self._look_again = -inf
        self._began = False
        self._take(loaded)

    # --- who is there -------------------------------------------------------------------------------------------------

    @property
    def workers(self) -> Sequence[Worker]:
        """See loop.Crew."""
        return [member.worker for member in self._members.values() if member.worker is not None]

    @property
    def members(self) -> Sequence[Member]:
        """The practices whose files can be used."""
        return tuple(self._members.values())

    def open_all(self) -> None:
        """Before the first round: open each practice, of shared ones a few. Raises StoreProblem where files were named
        one by one."""
        shared = self._of_all()
        for member in (*self._of_this(), *shared[:FEW]):
            self._tried([member], member.open)

    def look(self) -> float:
        """See loop.Crew. The first look raises StoreProblem where files were named one by one, and Locked where
        another process holds all files."""
        with suppress(Ending):  # asked to end in the middle of a thousand files
            self._look_at_files()
        if self._stop.event.is_set():
            return inf
        self._hears_beside()
        if self._one_left.is_set():
            self._one_left.clear()
            self._try_again = -inf
        waiting = [one for one in self._of_this() if one.worker is None and one.key not in self._leaving]
        missing = [member for member in self._of_all() if self._shared is None or self._shared.seat(member) is None]
        if (waiting or missing) and time.monotonic() >= self._try_again:
            self._share(missing)
            self._begin(waiting)
            self._try_again = next_try()
        self._began = True
        self._show()
        waits = any(member.problem is not None for member in (*waiting, *missing))
        shared = time.monotonic() + LOOK_AT_SHARED_EVERY_S if self._shared is not None else inf
        unheard = next_try() if self._unheard else inf
        files = self._look_again if self._folder.watched else inf
        return min(self._try_again if waits else inf, files, shared, unheard)

    def close(self) -> None:
        """See loop.Crew. Calls under way on SQLite are left: their messages' fate is found out at the next start."""
        until = self._stop.ends_by()  # one for all that follows
        if self._listeners is not None:
            self._listeners.close()
        if self._shared is not None:
            self._shared.close(until)
            self._shared = None
        for member in self._members.values():
            member.close()
        self._members.clear()

    def _of_this(self) -> list[Member]:
        """The practices for which this process works alone."""
        return [one for one in self._members.values() if self._sharing is None or not one.shared]

    def _of_all(self) -> list[Member]:
        """The practices for which other processes work too."""
        return [one for one in self._members.values() if self._sharing is not None and one.shared]

    # --- beginning ----------------------------------------------------------------------------------------------------

    def _begin(self, waiting: Iterable[Member]) -> None:
        away: dict[str, StoreProblem] = {}  # stores that cannot be asked now: not once more for each of their practices
        for member in waiting:
            store = member.settings.store.get_secret_value()
            if store in away:
                self._says(member, away[store])
                continue
            self._tried([member], member.begin)
            if isinstance(member.problem, Unusable):
                away[store] = member.problem
        if not self._began and not self.workers and not self._of_all():
            self._refuse()

    def _share(self, missing: Sequence[Member]) -> None:
        places: dict[str, list[Member]] = {}
        for member in missing:
            places.setdefault(member.address, []).append(member)
        for there in places.values():
            if self._shared is None and self._sharing is not None:
                self._shared = self._sharing(self._stop)
            if self._shared is not None:
                self._tried(there, partial(self._shared.show, there))

    def _tried(self, members: Sequence[Member], work: Callable[[], object]) -> None:
        """A store's trouble is its practices' alone; files named one by one are refused for it at the start."""
        try:
            work()
        except StoreProblem as problem:
            if not self._began and not self._folder.watched:
                raise
            for member in members:
                self._says(member, problem)
        else:
            for member in members:
                member.resumes()

    def _says(self, member: Member, problem: StoreProblem) -> None:
        if str(problem) != str(member.problem):
            log.error("practice suspended", practice=member.key, reason=str(problem))
        member.problem = problem

    def _refuse(self) -> None:
        """A second `run` on the same files would wait for ever. Raises Locked."""
        problems = [member.problem for member in self._members.values()]
        if problems and all(isinstance(problem, Locked) for problem in problems):
            raise Locked

    # --- files --------------------------------------------------------------------------------------------------------

    def _look_at_files(self) -> None:
        now = time.monotonic()
        if self._stop.reread.is_set():
            self._stop.reread.clear()
            self._take(self._folder.read(self._stop.watch))
        elif not self._folder.watched or now < self._look_again:
            return
        elif (found := self._folder.look(time.time(), self._stop.watch)) is not None:
            self._take(found)
        if self._shared is not None:
            self._shared.keep({member.address for member in self._of_all()})
        self._says_remark()
        self._look_again = now + LOOK_AT_FILES_EVERY_S

    def _says_remark(self) -> None:
        """Once, not at every look."""
        if self._folder.remark and self._folder.remark != self._remark:
            log.error("practices kept", reason=self._folder.remark)
        self._remark = self._folder.remark

    def _take(self, loaded: Iterable[Loaded]) -> None:
        """Work for these practices from now on. One whose settings are as they were goes on untouched. Raises Ending
        where the process is asked to end: then the others are as they were."""
        found = tuple(loaded)
        wanted = {one.key: one for one in found if one.settings is not None}
        broken = {self._name(one, wanted): one for one in found if one.settings is None}
        changed = [member for key, member in self._members.items() if _is_other(member, wanted.get(key))]
        kept = {member.key for member in changed if _keeps(member, wanted.get(member.key))}
        left, remade = ([one for one in changed if (one.key in kept) is again] for again in (False, True))
        self._suspend(broken, left)
        self._let_go(left, wanted)
        for first in range(0, len(remade), PORTION):
            self._remake(remade[first : first + PORTION], wanted)
        self._come(wanted.values())

    def _remake(self, members: Sequence[Member], wanted: Mapping[str, Loaded]) -> None:
        """A portion of those that keep their calendars: the others are worked for meanwhile. Raises Ending."""
        self._stop.watch("")
        self._let_go(members, wanted)
        self._come([wanted[member.key] for member in members])
        if self._shared is not None:
            self._share([one for member in members if (one := self._members[member.key]).shared])

    def _come(self, files: Iterable[Loaded]) -> None:
        for one in files:
            self._keys[one.file] = one.key
            if one.key not in self._members and one.settings is not None:
                self._members[one.key] = Member(one.settings, self._around, one.file)
                self._try_again = -inf

    def _let_go(self, members: Sequence[Member], wanted: Mapping[str, Loaded]) -> None:
        for member in members:
            del self._members[member.key]
            log.info("practice remade" if member.key in wanted else "practice left", practice=member.key)
        if members:
            self._show()  # nobody asks those that leave
        if self._shared is not None and (shared := [member for member in members if member.shared]):
            self._shared.leaves(shared)
        for member in members:
            if self._shared is None or not member.shared:
                self._leaves(member)

    def _suspend(self, broken: Mapping[str, Loaded], left: Iterable[Member]) -> None:
        at_work = {one.key: _in_the_background(one, one.world) for one in left if one.world is not None}
        said = {name: why(one.problems) for name, one in broken.items()}
        for name, sentence in said.items():
            if self._suspended.get(name) != sentence:
                log.error("practice suspended", practice=name, reason=sentence)
            if name in at_work:
                store_alert.suspended(at_work[name], sentence)
        for name in self._suspended.keys() - said.keys():
            log.info("practice no longer suspended", practice=name)
        self._suspended = said

    def _leaves(self, member: Member) -> None:
        if member.calling:
            self._leaving.add(member.key)
            self._unheard.append(member)
            self._hears_beside()
        else:
            member.close()

    def _hears_beside(self) -> None:
        with kept_apart("practice not let go"):  # the machine has no more threads: the next look tries again
            while self._unheard:
                in_a_thread(partial(self._hears, self._unheard[0]))
                del self._unheard[0]

    def _hears(self, member: Member) -> None:
        """Close the practice once its calls under way are heard, while the others go on: who takes it up before that
        would count them as lost."""
        try:
            member.close(within=inf)
        finally:
            self._leaving.remove(member.key)
            self._one_left.set()
            self._stop.bell.ring()

    def _name(self, one: Loaded, wanted: Mapping[str, Loaded]) -> str:
        """What an unusable file's practice is called: its key, unless another file has that."""
        known = self._keys.get(one.file, one.key)
        return known if known and known not in wanted else one.file.name

    # --- the network --------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Answer at the addresses of those who are there. Nothing is loaded where none has `page:`."""
        if self._listeners is None:
            if not any(member.settings.page for member in self._members.values()):
                return
            from sync.worker.web_server import Listeners

            self._listeners = Listeners(must=not self._folder.watched)
        suspended = (*self._suspended, *(one.key for one in self._members.values() if one.problem is not None))
        outdated = self._shared is not None and self._shared.outdated
        self._listeners.show(tuple(self._members.values()), suspended, self._runs, outdated=outdated)

    def _runs(self, member: Member) -> Runs | None:
        """Who works for it here."""
        if member.worker is None and self._shared is not None and member.shared:
            return self._shared.seat(member)
        return member.worker


def _is_other(member: Member, file: Loaded | None) -> bool:
    return file is None or file.settings != member.settings


def _keeps(member: Member, file: Loaded | None) -> bool:
    """Whether the practice has the calendars that it had: of one that changes hands, nobody has it before it is let
    go."""
    settings = file.settings if file is not None else None
    return settings is not None and set(calendars_of(settings)) == set(calendars_of(member.settings))


def _in_the_background(member: Member, world: World) -> World:
    """The practice's world; nobody waits for what is called with it."""
    return member.worker.world if member.worker else replace(world, calls=PoolOfOnePass())
