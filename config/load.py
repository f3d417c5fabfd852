"""Reads the configuration: one file, several, or a folder with a file for each practice. Never raises for bad input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from pydantic import SecretStr

from config.crosscheck import crosscheck
from config.environment import override
from config.problems import Problem, blocking
from config.settings import Settings
from config.validation import validate
from config.yamlfile import START, Document, read
from rules.model import Severity

DEFAULT = Path("attitre.yaml")
_SQLITE = "sqlite:///"


class Loaded(Struct, frozen=True):
    """One file as loaded. `settings`: None if `problems` has an error. `problems`: in the file's order."""

    file: Path
    settings: Settings | None
    problems: tuple[Problem, ...]


def load(paths: Sequence[Path], environ: Mapping[str, str]) -> tuple[Settings | None, tuple[Problem, ...]]:
    """(the settings of one practice, all problems). Several practices are a problem here."""
    loaded = load_all(paths, environ)
    problems = tuple(problem for one in loaded for problem in one.problems)
    if len(loaded) > 1:
        extra = loaded[1].file
        text = "plusieurs cabinets sont configurés, un seul est attendu ici."
        problems += (_at_start(extra, text, "Choisissez son fichier avec « -c FICHIER »."),)
        return None, problems
    return loaded[0].settings, problems


def load_all(paths: Sequence[Path], environ: Mapping[str, str]) -> list[Loaded]:
    """All practices of these files and folders (each `*.yaml` of a folder). At least one item: a missing file is a
    problem."""
    pairs = [_load(file, environ) for file in _files(paths or [DEFAULT])]
    _same_practice(pairs)
    return [_finished(document, settings) for document, settings in pairs]


def _files(paths: Sequence[Path]) -> list[Path]:
    found = dict.fromkeys(file for path in paths for file in _inside(path))
    return list(found)


def _inside(path: Path) -> Iterator[Path]:
    files = sorted(file for file in path.glob("*.y*ml") if file.suffix in (".yaml", ".yml")) if path.is_dir() else []
    yield from files or [path]


def _load(file: Path, environ: Mapping[str, str]) -> tuple[Document, Settings | None]:
    if file.is_dir():
        document = Document(file)
        document.report(START, (), "aucun fichier .yaml dans ce dossier.",
                        f"Créez-en un avec « attitre init -o {file}/attitre.yaml ».")  # fmt: skip
        return document, None
    document = read(file, environ)
    if () in document.faulty:  # the file as a whole is unreadable, so there is nothing to check
        return document, None
    override(document, environ)
    settings = validate(document)
    crosscheck(document)
    return document, _placed(settings, file) if settings else None


def _placed(settings: Settings, file: Path) -> Settings:
    """The settings with a relative SQLite path resolved from the folder of the YAML, not from the current folder."""
    name = settings.store.get_secret_value().removeprefix(_SQLITE)
    whole = settings.store.get_secret_value().startswith(_SQLITE)
    if not whole or not name or name.startswith(("/", ":memory:", "file:")):
        return settings
    return settings.model_copy(update={"store": SecretStr(f"{_SQLITE}{(file.parent / name).resolve()}")})


def _same_practice(pairs: Sequence[tuple[Document, Settings | None]]) -> None:
    """Practices that share a store need different keys, as only the key tells their rows apart."""
    seen: dict[tuple[str, str], Document] = {}
    for document, settings in pairs:
        if settings is None:
            continue
        identity = (settings.store.get_secret_value(), settings.practice.key)
        first = seen.setdefault(identity, document)
        if first is not document:
            where = ("practice", "key")
            text = f"« {settings.practice.key} » est déjà la clé de {first.file.name}, dans la même base."
            document.report(document.key_spot(where), where, text, "Donnez à chaque cabinet sa « key: ».")


def _finished(document: Document, settings: Settings | None) -> Loaded:
    problems = sorted(document.problems, key=lambda problem: (problem.line, problem.column))
    return Loaded(document.file, None if blocking(problems) else settings, tuple(problems))


def _at_start(file: Path, text: str, hint: str) -> Problem:
    return Problem(str(file), *START, "(fichier)", Severity.ERROR, text, hint)
