"""The practices' files of a process that runs for long: each is read again only where it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.load import Loaded, Thing, apart, certain, files_of, holders, listed, load_file, rivals

SETTLED_S = 2.0  # a file that changed more recently may still be being written
Stamp = tuple[int, int]  # modified at, in nanoseconds; bytes
AtWork = Callable[[Sequence[Loaded]], Mapping[Thing, str] | None]


def _nobody(_: Sequence[Loaded]) -> Mapping[Thing, str]:
    return {}


class Folder:
    """The files and folders of a command line. `at_work`: asked where several practices claim one calendar, it says
    which of them works with it, the same in every process; None where that cannot be known just now."""

    def __init__(self, paths: Sequence[Path], environ: Mapping[str, str], at_work: AtWork = _nobody) -> None:
        self._paths, self._environ, self._at_work = tuple(paths), environ, at_work
        self._known: dict[Path, tuple[Stamp | None, Loaded]] = {}
        self._held: dict[Thing, Path] = {}  # the keys and calendars of the practices at work
        self._doubts = False  # who works with a calendar is to be asked again

    @property
    def watched(self) -> bool:
        """Whether a folder is among them: its files are looked at again by themselves."""
        return any(path.is_dir() for path in self._paths)

    def read(self) -> list[Loaded]:
        """All practices; every file, and the secrets that it names, are read anew."""
        stamps = {file: _stamp(file) for file in files_of(self._paths)}
        self._known = {file: (stamp, load_file(file, self._environ)) for file, stamp in stamps.items()}
        return self._all()

    def look(self, now: float) -> list[Loaded] | None:
        """All practices, where a file came, went or changed, or one waits for an answer; None where none did, or a
        folder cannot be listed just now: no practice leaves for that. `now`: seconds since 1970."""
        if any(path.is_dir() and listed(path) is None for path in self._paths):
            return None
        seen = ((file, self._settled(file, now)) for file in files_of(self._paths))
        stamps = {file: stamp for file, stamp in seen if stamp is not None or file in self._known}
        if not self._doubts and stamps == {file: stamp for file, (stamp, _) in self._known.items()}:
            return None
        self._known = {file: self._again(file, stamp) for file, stamp in stamps.items()}
        return self._all()

    def _all(self) -> list[Loaded]:
        """A file that is at work keeps what it has, whatever the name of one that comes. What other processes know goes
        before what this one remembers, so that they all give a calendar to the same practice."""
        files = [loaded for _, loaded in self._known.values()]
        asked = rivals(files)
        known = self._at_work(asked) if asked else {}
        files_of_key = {one.key: one.file for one in reversed(asked)}
        files_of_key |= {one.key: one.file for one in asked if self._held.get(("key", one.key)) == one.file}
        theirs = {thing: files_of_key[key] for thing, key in (known or {}).items()}
        held = {**self._held, **theirs}
        sure = files if known is not None else certain(files, held)
        self._doubts = sure != files  # those at work already need not be asked about
        found = apart(sure, held)
        self._held = holders(found, held)
        return found

    def _again(self, file: Path, stamp: Stamp | None) -> tuple[Stamp | None, Loaded]:
        known = self._known.get(file)
        return known if known is not None and known[0] == stamp else (stamp, load_file(file, self._environ))

    def _settled(self, file: Path, now: float) -> Stamp | None:
        """The file's stamp; the known one, or none, while it may still be being written."""
        stamp, known = _stamp(file), self._known.get(file, (None, None))[0]
        fresh = stamp is not None and stamp != known and 0 <= now - stamp[0] / 1e9 < SETTLED_S
        return known if fresh else stamp


def _stamp(file: Path) -> Stamp | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
