"""Reads a YAML file as text: every scalar stays as written, and every value has its line and column.

`06000`, `8:30`, `no` and `0612345677` are text here; the models convert them. `!env NAME` and `!file PATH` are resolved
here and marked as hidden, so that their values are never shown. Anchors and merge keys work; duplicate keys are a
problem.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct, field
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.resolver import VersionedResolver

from config.problems import Problem, Where, dotted, meant
from config.sealed import Unopened, is_sealed, opened
from rules.model import Severity

MAX_BYTES = 256 * 1024  # of a file; a longer one is no configuration
MAX_DEPTH = 24  # levels of nesting; no configuration has as many
MAX_VALUES = 20_000  # after aliases are replaced, since a few that multiply would take all memory

_STANDARD_TAG = "tag:yaml.org,2002:"
_STANDARD = {ScalarNode: f"{_STANDARD_TAG}str", SequenceNode: f"{_STANDARD_TAG}seq", MappingNode: f"{_STANDARD_TAG}map"}
_EMPTY = frozenset({"", "~", "null"})


class Spot(NamedTuple):
    """A place in the file, counted from 1."""

    line: int
    column: int


START = Spot(1, 1)


class Document(Struct):
    """The content of a file. `data`: text, None, lists and mappings. `values`, `keys`: the place of each path.

    `hidden`: paths whose value came from `!env`, `!file` or the environment and must not be shown. `faulty`: paths with
    an error. `variables`: the names in `!env`. `overrides`: path → the variable that gave its value.
    """

    file: Path
    data: dict[str, Any] = field(default_factory=dict)
    values: dict[Where, Spot] = field(default_factory=dict)
    keys: dict[Where, Spot] = field(default_factory=dict)
    hidden: set[Where] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    faulty: set[Where] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    overrides: dict[Where, str] = field(default_factory=dict)

    def value_spot(self, where: Where) -> Spot:
        """The place of the value; if the file does not have it, of the nearest value around it."""
        while where and where not in self.values:
            where = where[:-1]
        return self.values.get(where, START) if where else START

    def key_spot(self, where: Where) -> Spot:
        """The place of the key; if the file does not have it, of the nearest key around it."""
        while where and where not in self.keys and where not in self.values:
            where = where[:-1]
        return self.keys.get(where) or self.values.get(where, START) if where else START

    def secret(self, where: Where) -> bool:
        """Whether the value at that path, or one around it, came from outside the file."""
        return any(where[:length] in self.hidden for length in range(1, len(where) + 1))

    def report(self, spot: Spot, where: Where, text: str, hint: str = "", severity: Severity = Severity.ERROR) -> None:
        """Add a problem. Later checks leave out a path with an error."""
        self.problems.append(Problem(str(self.file), *spot, dotted(where), severity, text, hint))
        if severity is Severity.ERROR:
            self.faulty.add(where)


def read(file: Path, environ: Mapping[str, str]) -> Document:
    """Read a file. Never raises for bad input: `problems` says what is wrong."""
    document = Document(file)
    text = _text(document)
    root = _compose(document, text) if text is not None else None
    if root is None:
        return document
    if not isinstance(root, MappingNode):
        document.report(_spot(root), (), "des clés sont attendues (« practice: », « dentists: » …).", _EXAMPLE)
        return document
    try:
        document.data = _Reader(document, environ).mapping(root, ())
    except _TooMuch as limit:
        document.report(limit.spot, (), f"plus de {MAX_VALUES} valeurs une fois les alias (*nom) remplacés.",
                        "Retirez les alias qui se multiplient.")  # fmt: skip
    return document


_EXAMPLE = "Un exemple complet : « attitre init --example »."


def _text(document: Document) -> str | None:
    try:
        if document.file.suffix and document.file.is_fifo():  # opening it may never end; a shell's own has no suffix
            document.report(START, (), "ce n'est pas un fichier.", "Retirez-le de ce dossier.")
            return None
        raw = _bytes(document.file)
    except FileNotFoundError:
        document.report(START, (), "le fichier n'existe pas.", "Créez-le avec « attitre init ».")
    except OSError:
        document.report(START, (), "le fichier ne peut pas être lu.", "Vérifiez ses droits, et que c'est un fichier.")
    else:
        return _decoded(document, raw)
    return None


def _bytes(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)  # one more, so that a longer file is noticed


def _decoded(document: Document, raw: bytes) -> str | None:
    if len(raw) > MAX_BYTES:
        document.report(START, (), f"le fichier dépasse {MAX_BYTES // 1024} Kio : ce n'est pas une configuration.")
        return None
    try:
        text = raw.decode("utf-8-sig")  # Windows editors write a byte order mark
    except UnicodeDecodeError as error:
        spot = _end_of(raw[: error.start].decode("utf-8-sig"))
        document.report(spot, (), "le fichier n'est pas en UTF-8.", "Enregistrez-le en UTF-8 depuis l'éditeur.")
        return None
    if not text.strip():
        document.report(START, (), "le fichier est vide.", _EXAMPLE)
        return None
    return text


def _compose(document: Document, text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _TextResolver
    yaml.max_depth = MAX_DEPTH
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ruamel warns of an anchor defined twice, which YAML allows
            root: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        from config.quotes import never_closed  # loaded only if something is wrong, as the sentences are
        from config.syntax import sentence_for

        mark = error.problem_mark or error.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else START
        if opened := never_closed(text, spot.line):
            document.report(Spot(*opened), (), "guillemet ouvert et jamais fermé.", "Fermez-le sur la même ligne.")
        else:
            document.report(spot, (), *sentence_for(f"{error.context or ''} {error.problem or ''}"))
    except ReaderError as error:
        document.report(
            _end_of(text[: error.position]),
            (),
            "caractère de contrôle interdit.",
            "Effacez-le : ce n'est pas du texte.",
        )
    except (YAMLError, ValueError, AssertionError, LookupError, TypeError, AttributeError, RecursionError):
        document.report(START, (), *sentence_for(""))  # ruamel's own bugs on malformed input
    else:
        if root is None:
            document.report(START, (), "le fichier ne contient que des commentaires.", _EXAMPLE)
        return root
    return None


class _TextResolver(VersionedResolver):
    """Resolves every untagged scalar to text."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        return super().resolve(kind, value, (False, True) if kind is ScalarNode else implicit)


def _end_of(text: str) -> Spot:
    return Spot(text.count("\n") + 1, len(text) - text.rfind("\n"))


class _TooMuch(Exception):
    def __init__(self, spot: Spot) -> None:
        self.spot = spot


def is_text(value: str) -> bool:
    """Whether the value is storable text: without lone surrogates, which can be neither stored nor printed."""
    return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)


_OPENING, _CLOSING = "“”„«‘’‚‹", "“”»‘’›"


def _between_foreign_quotes(value: str) -> bool:
    """Whether the whole value is between quotes of a word processor, which YAML takes for a part of it."""
    return len(value) > 1 and value[0] in _OPENING and value[-1] in _CLOSING


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


class _Reader:
    """Converts nodes to data and notes their places."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self._open: set[int] = set()  # ids of the nodes being read: one that comes again contains itself
        self._count = 0  # values so far

    def mapping(self, node: MappingNode, where: Where) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in self._pairs(node, where):
            inside = (*where, key.value)
            self._document.keys.setdefault(inside, _spot(key))
            data[key.value] = self._value(value, inside)
        return data

    def _value(self, node: Node, where: Where) -> Any:
        self._spend(node, 1)
        # ruamel places an empty value at the next key, so it gets the place of its own key
        empty = isinstance(node, ScalarNode) and node.style is None and not node.value
        self._document.values[where] = self._document.key_spot(where) if empty else _spot(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, where)
        if id(node) in self._open or len(where) > MAX_DEPTH:
            self._document.report(_spot(node), where, "cet alias se contient lui-même.", "Retirez-le.")
            return None
        self._check_tag(node, where)
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node, where)
            return [self._value(item, (*where, index)) for index, item in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _spend(self, node: Node, values: int) -> None:
        self._count += values
        if self._count > MAX_VALUES:
            raise _TooMuch(_spot(node))

    def _pairs(self, node: MappingNode, where: Where) -> list[tuple[ScalarNode, Node]]:
        own: dict[str, tuple[ScalarNode, Node]] = {}
        merged: list[tuple[Node, Node]] = []
        self._spend(node, len(node.value))
        for key, value in node.value:
            if not (isinstance(key, ScalarNode) and is_text(key.value)):
                self._document.report(_spot(key), where, "une clé doit être un mot.", "Écrivez « mot: valeur ».")
            elif key.value == "<<" and key.style is None:  # quoted, it is an ordinary key
                merged.append((key, value))
            elif key.value in own:
                self._twice(key, own[key.value][0], where)
            else:
                own[key.value] = (key, value)
        for key, value in merged:
            for pair in self._merged(key, value, where):  # a mapping's own keys override merged ones
                own.setdefault(pair[0].value, pair)
        return list(own.values())

    def _twice(self, key: ScalarNode, first: ScalarNode, where: Where) -> None:
        line, column = _spot(first)
        text = f"clé écrite deux fois ; la première est ligne {line}, colonne {column}."
        self._document.report(_spot(key), (*where, key.value), text, "Gardez-en une seule.")
        self._document.faulty.discard((*where, key.value))  # the first one is still checked by the models

    def _merged(self, key: Node, value: Node, where: Where) -> list[tuple[ScalarNode, Node]]:
        listed: list[Node] = value.value if isinstance(value, SequenceNode) else [value]
        sources = [source for source in listed if isinstance(source, MappingNode)]
        if id(value) in self._open or len(sources) < len(listed):
            self._document.report(_spot(key), where, "« << » reprend un ensemble de clés.", "Écrivez « <<: *nom ».")
            return []
        self._open.add(id(value))
        try:
            return [pair for source in sources for pair in self._pairs(source, where)]
        finally:
            self._open.discard(id(value))

    def _scalar(self, node: ScalarNode, where: Where) -> str | None:
        tag = str(node.tag)
        if tag in ("!env", "!file"):
            self._document.hidden.add(where)
            return self._variable(node, where) if tag == "!env" else self._content(node, where)
        self._check_tag(node, where)
        if node.style is None and node.value in _EMPTY:
            return None
        if node.style is None and _between_foreign_quotes(node.value):
            hint = 'Écrivez-la sans guillemets, ou entre " droits.'
            text = "guillemets de traitement de texte autour de la valeur."
            self._document.report(_spot(node), where, text, hint)
            return None
        return self._text(node, where, str(node.value))

    def _text(self, node: Node, where: Where, value: str) -> str | None:
        if is_text(value):
            return value
        self._document.report(_spot(node), where, "caractère illisible.", "Effacez-le : ce n'est pas du texte.")
        return None

    def _check_tag(self, node: Node, where: Where) -> None:
        tag = str(node.tag)
        if tag != _STANDARD[type(node)]:
            shown = tag.replace(_STANDARD_TAG, "!!")
            self._document.report(
                _spot(node), where, f"étiquette « {shown} » inconnue.", meant(shown, ("!env", "!file"))
            )

    def _variable(self, node: ScalarNode, where: Where) -> str | None:
        name = node.value.strip()
        self._document.variables.add(name)
        if name in self._environ:
            return self._text(node, where, self._environ[name])
        hint = f"Définissez-la avant de lancer attitre : export {name}=…" if name else "Écrivez « !env NOM »."
        self._document.report(_spot(node), where, f"variable d'environnement « {name} » absente.", hint)
        return None

    def _content(self, node: ScalarNode, where: Where) -> str | None:
        path = self._document.file.parent / node.value.strip()
        try:
            text = _bytes(path).decode("utf-8-sig").rstrip("\r\n")  # editors end a password file with a newline
            return opened(text, path.parent, self._environ) if is_sealed(text) else text
        except Unopened as error:
            self._document.report(_spot(node), where, f"le fichier « {node.value} » {error}", error.hint)
        except (OSError, ValueError):
            hint = "Le chemin part du dossier de ce fichier YAML."
            self._document.report(_spot(node), where, f"le fichier « {node.value} » ne peut pas être lu.", hint)
        return None
