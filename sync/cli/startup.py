"""Memory and open files at the start: garbage collection waits until everything is loaded; the sentence for too little
memory."""

from __future__ import annotations

import gc
import sys

NO_MEMORY = "La mémoire de la machine ne suffit pas : fermez d'autres programmes, ou donnez-lui-en plus."

MOST_FILES = 65_536


def loading() -> None:
    """Turn garbage collection off: scanning what is loaded takes a tenth of the start (docs/benchmark.md B2)."""
    gc.disable()
    sys.unraisablehook = _left_behind


def _left_behind(found: sys.UnraisableHookArgs) -> None:
    """What memory ran out in while something was cleared away is said by the sentence alone."""
    if not issubclass(found.exc_type, MemoryError):
        sys.__unraisablehook__(found)


def may_open_many_files() -> None:
    """Many practices on SQLite take three to six open files each: as many as the system allows, instead of 1,024."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def loaded_all() -> None:
    """Turn garbage collection on, without scanning what the start loaded."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
