"""The console command's door: answers `--version` at once and loads the rest only when it is needed."""

from __future__ import annotations

import gc
import os
import sys

NO_MEMORY = "La mémoire de la machine ne suffit pas : fermez d'autres programmes, ou donnez-lui-en plus."


def main() -> None:
    """Run the command; ends the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"attitre {version('attitre')}")
        return
    gc.disable()  # what a start loads stays: looking through it for garbage is a tenth of the start (BENCHMARK B2)
    try:
        from sync.cli import loaded

        loaded(sys.argv[1:])()
    except Exception as error:  # raised where no command was there yet, or where its own frame had no memory left
        if "--debug" in sys.argv or os.environ.get("ATTITRE_DEBUG"):
            raise
        os.write(2, f"{_sentence(error)}\n".encode())  # takes no memory to speak of
        sys.exit(1)


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    return f"Une erreur inattendue s'est produite ({type(error).__name__}). Détails : relancez avec --debug."


def loaded_all() -> None:
    """The work begins: from now on garbage is collected, and what the start loaded is not looked through."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


if __name__ == "__main__":  # `python -m sync.main`, where the command is not on the path
    main()
