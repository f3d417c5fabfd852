"""The console command's door: answers `--version` at once and loads the rest only when it is needed."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command; ends the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"attitre {version('attitre')}")
        return
    gc.disable()  # what a start loads stays: looking through it for garbage is a tenth of the start (BENCHMARK B2)
    from sync.cli import loaded

    loaded(sys.argv[1:])()


def loaded_all() -> None:
    """The work begins: from now on garbage is collected, and what the start loaded is not looked through."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
