"""Memory at the start: garbage collection waits until everything is loaded; the sentence for too little memory."""

from __future__ import annotations

import gc

NO_MEMORY = "La mémoire de la machine ne suffit pas : fermez d'autres programmes, ou donnez-lui-en plus."


def loading() -> None:
    """Turn garbage collection off: scanning what is loaded takes a tenth of the start (docs/benchmark.md B2)."""
    gc.disable()


def loaded_all() -> None:
    """Turn garbage collection on, without scanning what the start loaded."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
