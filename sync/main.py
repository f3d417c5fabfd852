"""The console command's door: answers `--version` at once and loads the rest only when it is needed."""

from __future__ import annotations

import os
import sys

from sync.cli.startup import NO_MEMORY, loading


def main() -> None:
    """Run the command; ends the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"attitre {version('attitre')}")
        return
    loading()
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


if __name__ == "__main__":  # `python -m sync.main`, where the command is not on the path
    main()
