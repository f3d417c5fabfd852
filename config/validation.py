"""Validates a document: gives typed settings, or turns each error of pydantic into a Problem in French with its
place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.problems import Where, meant
from config.settings import Settings
from config.yamlfile import Document

_Words = tuple[str, str]


def validate(document: Document) -> Settings | None:
    """The typed settings, or None if something is wrong; the document's problems then say what."""
    try:
        return Settings.model_validate(document.data)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(document, details)
    return None


def _report(document: Document, error: ErrorDetails) -> None:
    where = place(document.data, error["loc"])
    if error["type"] == "union_tag_invalid":
        where = (*where, "kind")  # pydantic names the whole calendar; the wrong word is that of `kind`
    if any(where[:length] in document.faulty for length in range(len(where) + 1)):
        return  # this place, or one around it, has a problem already
    text, hint = _words(error)
    seen = _seen(document, where, error)
    if seen:
        text = f"« {seen} » : {text}"
    if variable := _variable(document, where, error["type"]):
        text = f"{text[:-1]} (variable {variable})."
    about_key = (  # then the problem is at the key, as there is no value or the key itself is wrong
        error["type"] in ("missing", "extra_forbidden") or "[key]" in error["loc"] or where not in document.values
    )
    around = where[:-1] if error["type"] == "missing" else where
    spot = document.key_spot(around) if about_key else document.value_spot(where)
    document.report(spot, where, text, hint)


def _variable(document: Document, where: Where, kind: str) -> str:
    """The environment variable that gave this value, or a part of it if its type is wrong; else empty."""
    for path, name in document.overrides.items():
        if where[: len(path)] == path or (kind.endswith("_type") and path[: len(where)] == where):
            return name
    return ""


def place(data: Any, loc: tuple[str | int, ...]) -> Where:
    """The path inside the YAML. It is pydantic's without the kinds of unions and without `[key]`."""
    where: list[str | int] = []
    for part in loc:
        if part == "[key]" or (isinstance(data, dict) and data.get("kind") == part):
            continue
        where.append(part)
        data = _inside(data, part)
    return tuple(where)


def _inside(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


def _seen(document: Document, where: Where, error: ErrorDetails) -> str:
    """The value as written; empty if it is a secret, or if showing it does not help."""
    if document.secret(where):
        return ""
    if error["type"] == "attitre":
        return str(error["ctx"]["seen"])
    if error["type"] == "union_tag_invalid":
        return str(error["ctx"]["tag"])
    shown = isinstance(error["input"], str) and error["type"] in _QUOTED
    return str(error["input"]) if shown else ""


# --- sentences -------------------------------------------------------------------------------------------------------

_QUOTED = frozenset({
    "int_parsing", "int_parsing_size", "int_from_float", "literal_error", "greater_than_equal", "less_than_equal",
    "string_pattern_mismatch",
})  # fmt: skip


def _words(error: ErrorDetails) -> _Words:
    if error["type"] == "attitre":
        return str(error["ctx"]["text"]), str(error["ctx"]["hint"])
    if error["input"] is None and error["type"] not in ("missing", "extra_forbidden"):
        return "valeur manquante.", "Donnez une valeur, ou retirez la clé."
    words = _SENTENCES.get(error["type"])
    return words(error, error.get("ctx", {})) if words else ("valeur refusée.", "")


def _missing(error: ErrorDetails, _: Mapping[str, Any]) -> _Words:
    return "clé obligatoire absente.", f"Ajoutez « {error['loc'][-1]}: … »."


def _unknown(error: ErrorDetails, _: Mapping[str, Any]) -> _Words:
    from config.french_keys import ours  # loaded only if something is wrong

    word, known = str(error["loc"][-1]), known_keys(error["loc"])
    if in_french := ours(word, known):
        return "clé inconnue.", f"Vouliez-vous dire « {in_french} » ?"
    return "clé inconnue.", meant(word, known, "Clés possibles")


def _literal(error: ErrorDetails, context: Mapping[str, Any]) -> _Words:
    known = _quoted(context["expected"])
    return "valeur inconnue.", meant(str(error["input"]), known)


def _tag_missing(error: ErrorDetails, _: Mapping[str, Any]) -> _Words:
    return "« kind » manque.", f"Ajoutez « kind: » : {', '.join(_kinds(error['loc']))}."


def _tag_unknown(error: ErrorDetails, context: Mapping[str, Any]) -> _Words:
    return "sorte inconnue.", meant(str(context["tag"]), _quoted(context["expected_tags"]))


def _quoted(listing: str) -> list[str]:
    """The words in pydantic's listing `'a', 'b' or 'c'`."""
    return listing.split("'")[1::2]


def _fixed(text: str, hint: str = "") -> Callable[[ErrorDetails, Mapping[str, Any]], _Words]:
    return lambda _error, _context: (text, hint)


_NUMBER = _fixed("un nombre entier est attendu.", "Exemple : « 30 ».")
_KEYS = _fixed("des clés sont attendues ici.", "Écrivez « clé: valeur » sur les lignes suivantes, décalées.")

_SENTENCES: dict[str, Callable[[ErrorDetails, Mapping[str, Any]], _Words]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _literal,
    "union_tag_not_found": _tag_missing,
    "union_tag_invalid": _tag_unknown,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_type": _NUMBER,
    "int_from_float": _NUMBER,
    "finite_number": _NUMBER,
    "string_type": _fixed("un texte est attendu."),
    "string_too_short": _fixed("valeur vide.", "Donnez une valeur, ou retirez la clé."),
    "string_pattern_mismatch": _fixed("clé illisible.", "Lettres minuscules sans accent, chiffres, « - » et « _ »."),
    "string_unicode": _fixed("texte illisible."),
    "list_type": _fixed("une liste est attendue.", "Exemple : « [un, deux] »."),
    "too_short": _fixed("il en faut au moins un."),
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "greater_than_equal": lambda _, context: (f"au moins {context['ge']}.", ""),
    "less_than_equal": lambda _, context: (f"au plus {context['le']}.", ""),
}


# --- what the models know --------------------------------------------------------------------------------------------


def known_keys(loc: tuple[str | int, ...]) -> list[str]:
    """The keys of the model around that place."""
    kinds: list[Any] = [Settings]
    for part in loc[:-1]:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return [field.alias or name for kind in kinds if _is_model(kind) for name, field in kind.model_fields.items()]


def _kinds(loc: tuple[str | int, ...]) -> list[str]:
    kinds: list[Any] = [Settings]
    for part in loc:
        kinds = [inner for kind in kinds for inner in _step(kind, part)]
    return [tag for kind in kinds if _is_model(kind) for tag in _tags(kind)]


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    if _is_model(kind):
        if part in _tags(kind):
            yield kind
        for name, field in kind.model_fields.items():
            if part in (name, field.alias):
                yield from _alternatives(field.annotation)
    elif get_origin(kind) in (list, dict):
        yield from _alternatives(get_args(kind)[-1])


def _alternatives(kind: Any) -> Iterator[Any]:
    """The classes and containers inside Annotated, Optional and unions."""
    if _is_model(kind) or get_origin(kind) in (list, dict):
        yield kind
    else:
        for inner in get_args(kind):
            yield from _alternatives(inner)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def _tags(kind: type[BaseModel]) -> tuple[str, ...]:
    field = kind.model_fields.get("kind")
    return get_args(field.annotation) if field else ()
