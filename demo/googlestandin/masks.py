"""Partial answers: the `fields` parameter, checked against the schemas of the discovery document."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from demo.googlestandin.errors import Json, bad

Mask = dict[str, "Mask"]


@cache
def discovery() -> Json:
    """The calendar's discovery document, as the client library ships it."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    document: Json = json.loads((folder / "calendar.v3.json").read_text("utf-8"))
    return document


def masked(document: Json, fields: str, schema: str) -> Json:
    """Only what `fields` names; everything for an empty mask or `*`. 400 for a name that the schema does not know."""
    if not fields:
        return document
    mask, rest = _parsed(_tokens(fields))
    if rest:
        raise _unknown(fields)
    _check(mask, discovery()["schemas"][schema])
    kept: Json = _keep(document, mask)
    return kept


def _tokens(fields: str) -> list[str]:
    tokens = re.findall(r"[(),/]|[^(),/\s]+", fields)
    return list(reversed(tokens))


def _parsed(tokens: list[str]) -> tuple[Mask, list[str]]:
    """`a,b(c,d),e/f` as nested names."""
    mask: Mask = {}
    while tokens and tokens[-1] != ")":
        name = tokens.pop()
        if name in "(,/":
            raise _unknown(name)
        mask.setdefault(name, {}).update(_below(tokens))
        if tokens and tokens[-1] == ",":
            tokens.pop()
    return mask, tokens


def _below(tokens: list[str]) -> Mask:
    if tokens and tokens[-1] == "/":
        tokens.pop()
        if not tokens:
            raise _unknown("/")
        return {tokens.pop(): _below(tokens)}
    if tokens and tokens[-1] == "(":
        tokens.pop()
        inner, _ = _parsed(tokens)
        if not tokens or tokens.pop() != ")":
            raise _unknown("(")
        return inner
    return {}


def _check(mask: Mask, schema: Json) -> None:
    schema = _resolved(schema)
    for name, inner in mask.items():
        known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
        if name == "*":
            continue
        if known is None:
            raise _unknown(name)
        if inner:
            _check(inner, known)


def _resolved(schema: Json) -> Json:
    if "$ref" in schema:
        return _resolved(discovery()["schemas"][schema["$ref"]])
    return _resolved(schema["items"]) if schema.get("type") == "array" else schema


def _keep(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_keep(item, mask) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _keep(value[name], inner) for name, inner in mask.items() if name in value}


def _unknown(name: str) -> Exception:
    return bad("invalidParameter", f"Invalid field selection {name}", "fields")
