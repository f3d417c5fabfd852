"""The practices' files of a process that runs for long: each is read again only where it changed."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.load import (
    DEFAULT,
    Loaded,
    Thing,
    apart,
    certain,
    files_of,
    holders,
    is_folder,
    listed,
    load_file,
    rivals,
)

SETTLED_S = 2.0  # a file that changed more recently may still be being written
_UNREADABLE = (
    "Le dossier {} ne peut pas être lu : ses cabinets continuent comme avant. Vérifiez que son disque est là, et ses "
    "droits."
)
_EMPTY = (
    "Le dossier {} est vide tout à coup : ses cabinets continuent comme avant. Vérifiez que son disque est là ; s'ils "
    "doivent s'arrêter, redémarrez attitre."
)
Stamp = tuple[int, int]  # modified at, in nanoseconds; bytes
Known = tuple[Stamp | None, Loaded]
AtWork = Callable[[Sequence[Loaded]], Mapping[Thing, Path] | None]


def _nobody(_: Sequence[Loaded]) -> Mapping[Thing, Path]:
    return {}


def _nobody_watches(_: str) -> None:
    """See `Folder.read`."""


class Folder:
    """The files and folders of a command line. `at_work`: asked where several files claim one calendar or key, it
    says which of them is worked with, the same in every process; None where that cannot be known just now. `remark`: in
    French, which folder's practices stay as they are because its disk seems to be away; empty if none do."""

    def __init__(self, paths: Sequence[Path], environ: Mapping[str, str], at_work: AtWork = _nobody) -> None:
        self._paths, self._environ, self._at_work = tuple(paths), environ, at_work
        self._known: dict[Path, Known] = {}
        self._held: dict[Thing, Path] = {}  # the keys and calendars of the practices at work
        self._doubts = False  # who works with a calendar is to be asked again
        self._folders = set[Path]()  # those of the paths that were one at some time
        self.remark = ""

    @property
    def watched(self) -> bool:
        """Whether a folder is among them: its files are looked at again by themselves."""
        self._note_folders()
        return bool(self._folders)

    def _note_folders(self) -> None:
        self._folders.update(path for path in self._paths if is_folder(path))

    def read(self, watch: Callable[[str], None] = _nobody_watches) -> list[Loaded]:
        """All practices; every file, and the secrets that it names, are read anew. No practice leaves because a disk is
        away. `watch`: called before each file; what it raises leaves everything as it was."""
        files = self._files()
        self._known = {file: kept or self._loaded(file, _stamp(file), watch) for file, kept in files.items()}
        return self._all()

    def look(self, now: float, watch: Callable[[str], None] = _nobody_watches) -> list[Loaded] | None:
        """All practices, where a file came, went or changed, or one waits for an answer; None where none did. No
        practice leaves because a disk is away. `now`: seconds since 1970; `watch`: see `read`."""
        seen = ((file, kept[0] if kept else self._settled(file, now)) for file, kept in self._files().items())
        stamps = {file: stamp for file, stamp in seen if stamp is not None or file in self._known}
        if not self._doubts and stamps == {file: stamp for file, (stamp, _) in self._known.items()}:
            return None
        self._known = {file: self._again(file, stamp, watch) for file, stamp in stamps.items()}
        return self._all()

    def _files(self) -> dict[Path, Known | None]:
        """The files to go by, in their order; with what was read of those whose disk is away. Says so in `remark`."""
        self._note_folders()
        found: dict[Path, Known | None] = {}
        remarks = []
        for path in self._paths or (DEFAULT,):
            files, remark = self._inside(path)
            remarks.append(remark)
            for file in files:
                silent = not remark and file in self._known and _is_silent(file)
                if silent:
                    remarks.append(_UNREADABLE.format(file.parent))
                if found.get(file) is None:
                    found[file] = self._known[file] if remark or silent else None
        self.remark = " ".join(filter(None, dict.fromkeys(remarks)))
        return found

    def _inside(self, path: Path) -> tuple[Sequence[Path], str]:
        """The folder's files, or the file itself. Of a folder whose disk is away those that it had, and the remark."""
        had = [file for file in self._known if path in self._folders and file.parent == path]
        files = listed(path) if had else files_of([path])
        if files is None:
            return had, _UNREADABLE.format(path)
        if had and not files and _is_bare(path):
            return had, _EMPTY.format(path)
        return files or [path], ""

    def _all(self) -> list[Loaded]:
        """A file that is at work keeps what it has, whatever the name of one that comes. What other processes know goes
        before what this one remembers, so that they all give a calendar to the same practice."""
        files = [loaded for _, loaded in self._known.values()]
        asked = rivals(files)
        known = self._at_work(asked) if asked else {}
        key_of = {one.file: one.key for one in asked}
        mine = {one.key: one.file for one in asked if self._held.get(("key", one.key)) == one.file}
        theirs = {thing: mine.get(key_of[file], file) for thing, file in (known or {}).items()}
        held = {**self._held, **theirs}
        sure = files if known is not None else certain(files, held)
        self._doubts = sure != files  # those at work already need not be asked about
        found = apart(sure, held)
        self._held = holders(found, held)
        return found

    def _again(self, file: Path, stamp: Stamp | None, watch: Callable[[str], None]) -> Known:
        known = self._known.get(file)
        return known if known is not None and known[0] == stamp else self._loaded(file, stamp, watch)

    def _loaded(self, file: Path, stamp: Stamp | None, watch: Callable[[str], None]) -> Known:
        watch(file.name)
        return stamp, load_file(file, self._environ)

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


def _is_silent(file: Path) -> bool:
    """Whether its disk does not answer: the kernel may list a network's folder from memory."""
    try:
        file.stat()
    except OSError as error:
        return error.errno in {errno.EIO, errno.ESTALE, errno.ETIMEDOUT}
    return False


def _is_bare(folder: Path) -> bool:
    """Whether nothing at all is in it, as where its volume is not mounted; who takes the practices' files out one by
    one mostly leaves something."""
    try:
        return not any(folder.iterdir())
    except OSError:
        return True
