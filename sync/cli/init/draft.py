"""What `attitre init` is about to write: kept in memory until the last answer, then stored whole or not at all."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sync.cli.frame import Failure

SECRETS = "secrets"
_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(slots=True)
class Draft:
    """Files by their name in `folder`; each will be readable by its owner only."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict, repr=False)
    said: dict[str, str] = field(default_factory=dict)
    """Answers of an attempt that failed: proposed again at the next."""

    def secret(self, name: str, value: str) -> str:
        """How the YAML names that secret: a file of its own, or the variable that was typed (`$NAME`)."""
        variable = _VARIABLE.fullmatch(value)
        if variable and variable[1] in os.environ:
            return f"!env {variable[1]}"
        path = self.free(f"{SECRETS}/{name}", value)
        self.files[path] = value
        return f"!file {path}"

    def path(self, file: Path) -> str:
        """How the YAML names a file that is there already."""
        whole = file.expanduser().resolve()
        inside = whole.is_relative_to(self.folder.resolve())
        return str(whole.relative_to(self.folder.resolve()) if inside else whole)

    def free(self, path: str, value: str) -> str:
        """A name that nothing else has, here or in the folder: `secrets/caldav-2`, `google-token-2.json`."""
        number, name = 1, path
        while self.files.get(name, value) != value or (name not in self.files and (self.folder / name).exists()):
            number += 1
            stem, dot, kind = path.rpartition(".")
            name = f"{stem}-{number}.{kind}" if dot else f"{path}-{number}"
        return name

    def save(self, name: str, content: str) -> None:
        """Write everything, the file `name` last. An older one of that name is kept as `name.ancien`. Raises Failure;
        nothing half-written stays."""
        made: list[tuple[Path, Path]] = []
        try:
            for path, text in [*self.files.items(), (name, content)]:
                made.append(_prepared(self.folder / path, text))
            target = self.folder / name
            if target.exists():
                target.replace(target.with_name(f"{target.name}.ancien"))
            for temporary, final in made:
                temporary.replace(final)
        except OSError as error:
            raise Failure(f"{error.filename or name} ne peut pas être écrit : {error.strerror}.") from error
        finally:
            for temporary, _ in made:
                with suppress(OSError):
                    temporary.unlink()


def write_private(path: Path, text: str) -> None:
    """One file, readable by its owner only, whole or not at all. Raises OSError."""
    temporary, final = _prepared(path, text)
    temporary.replace(final)


def _prepared(path: Path, text: str) -> tuple[Path, Path]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    return temporary, path


def quoted(text: str) -> str:
    """A YAML scalar that is read back as that text (a JSON string is one)."""
    return json.dumps(text, ensure_ascii=False)
