"""What a start does about memory: garbage waits until everything is loaded; and what is said where memory is short."""

from __future__ import annotations

import gc

NO_MEMORY = "La mémoire de la machine ne suffit pas : fermez d'autres programmes, ou donnez-lui-en plus."


def loading() -> None:
    """What a start loads stays: looking through it for garbage is a tenth of the start (docs/benchmark.md B2)."""
    gc.disable()


def loaded_all() -> None:
    """The work begins: from now on garbage is collected, and what the start loaded is not looked through."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
