"""The console command's door: answers `--version` at once and loads the rest only when it is needed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; ends the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        print(f"attitre {version('attitre')}")
        return
    from sync.cli import loaded

    loaded(sys.argv[1:])()
