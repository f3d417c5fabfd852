"""The command `attitre` (INTERFACE 2). Importing it costs little: each command loads what it needs when it is asked."""

from __future__ import annotations

from sync.cli import about, desk, directory, setup, state, work
from sync.cli.app import app

__all__ = ["about", "app", "desk", "directory", "setup", "state", "work"]
