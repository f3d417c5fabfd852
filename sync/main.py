"""The console command's door: answers `--version` at once and loads the rest only when it is needed."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command; ends the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from adapters.version import VERSION  # a constant: the installed package's metadata take longer than Python

        print(f"attitre {VERSION}")
        return
    _command()


def _command() -> None:
    from sync.cli.startup import NO_MEMORY, loading  # imported here: `typing` comes with the package of the commands

    loading()
    try:
        from sync.cli import loaded

        loaded(sys.argv[1:])()
    except Exception as error:  # raised where no command was there yet, or where its own frame had no memory left
        if "--debug" in sys.argv or os.environ.get("ATTITRE_DEBUG"):
            raise
        sentence = NO_MEMORY if isinstance(error, MemoryError) else _sentence(error)
        os.write(2, f"{sentence}\n".encode())  # takes no memory to speak of
        sys.exit(1)


def _sentence(error: Exception) -> str:
    return f"Une erreur inattendue s'est produite ({type(error).__name__}). Détails : relancez avec --debug."


if __name__ == "__main__":  # `python -m sync.main`, where the command is not on the path
    main()
