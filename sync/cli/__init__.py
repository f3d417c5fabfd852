"""The command `attitre` (docs/design.md#the-command): `app` knows every command, `loaded` only what a command line asks
for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sync.cli.frame import app

_HOMES = {
    "rules": "about", "support": "about", "demo": "about",
    "agenda": "desk", "outbox": "desk",
    "absences": "absences",
    "slots": "slots",
    "links": "links",
    "rescue": "rescue",
    "waiting": "waiting",
    "audit": "audit", "explain": "explain",
    "digest": "digest",
    "patients": "patients",
    "init": "init", "check": "init",
    "status": "status", "release": "status", "hold": "status", "adopt": "status",
    "sync": "sync", "run": "run",
}  # fmt: skip

__all__ = ["app", "loaded"]


def loaded(words: Sequence[str]) -> Any:
    """The typer app for that command line. Only the command's own module is imported, to start fast."""
    homes = {_HOMES[words[0]]} if words and words[0] in _HOMES else dict.fromkeys(_HOMES.values())
    for home in homes:
        import_module(f"sync.cli.commands.{home}")
    return import_module("sync.cli.frame").app


def __getattr__(name: str) -> Any:
    if name == "app":
        return loaded(())
    raise AttributeError(name)
