"""`ATTITRE_…` variables override values of the YAML. `__` separates nested keys, as in pydantic-settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from config.problems import Where, meant
from config.settings import Settings
from config.yamlfile import Document, is_text
from rules.model import Severity

PREFIX = "ATTITRE_"
OTHERS = frozenset({"ATTITRE_CONFIG", "ATTITRE_DEBUG", "ATTITRE_KEY"})
"""Variables of the command itself."""


def override(document: Document, environ: Mapping[str, str]) -> None:
    """Override the file's values by the variables'. An unreadable variable is a problem, an unknown one a warning."""
    for name, value in sorted(environ.items()):
        if name.upper().startswith(PREFIX) and name not in OTHERS | document.variables:
            _override(document, name, value)


def _override(document: Document, name: str, value: str) -> None:
    from pydantic_settings import SettingsError

    try:
        found = _source()(name, value)() if is_text(value) else None
    except SettingsError:
        found = None
    if found is None:
        where: Where = tuple(name[len(PREFIX) :].lower().split("__"))
        hint = """Une liste ou des clés s'écrivent en JSON : '["Congés"]'."""
        document.report(document.key_spot(where), where, f"la variable {name} n'est pas lisible.", hint)
        return
    if not found:
        _unknown(document, name)
        return
    for where in _leaves(found, ()):
        document.hidden.add(where)  # the environment often holds secrets, so its values are never shown
        document.overrides[where] = name
    document.data = merged(document.data, found)


def _unknown(document: Document, name: str) -> None:
    head = name[len(PREFIX) :].partition("__")[0].lower()
    hint = meant(head, Settings.model_fields, "Premiers mots possibles")
    document.report(document.key_spot(()), (), f"variable {name} sans effet.", hint, Severity.WARNING)


def merged(below: Any, above: Any) -> Any:
    """`above` over `below`: mappings are merged key by key, anything else is replaced."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {name: merged(below.get(name), value) for name, value in above.items()}


def _leaves(data: Any, where: Where) -> Iterator[Where]:
    if isinstance(data, dict) and data:
        for name, value in data.items():
            yield from _leaves(value, (*where, name))
    else:
        yield where


@lru_cache(maxsize=1)
def _source() -> Callable[[str, str], Callable[[], dict[str, Any]]]:
    """pydantic-settings' own reading of one variable. The library is loaded only if a variable is set."""
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

    class Overridden(Settings, BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")

    class OneVariable(EnvSettingsSource):
        def __init__(self, name: str, value: str) -> None:
            self._one = {name.lower(): value}
            super().__init__(Overridden)

        def _load_env_vars(self) -> Mapping[str, str | None]:
            return dict(self._one)

    return OneVariable
