"""Questions to a person: asked again, with what is wrong, until the answer can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from sync.cli.output import say

_YES, _NO = frozenset({"o", "oui", "y", "yes"}), frozenset({"n", "non", "no"})


def text(question: str, default: str = "", check: Callable[[str], Any] | None = None, *, optional: bool = False) -> str:
    """A line of text that `check` (a type of config/) takes. `optional`: nothing is an answer too."""
    while True:
        shown = f"{question} [{default}]" if default else question
        given = str(typer.prompt(shown, default=default, show_default=False)).strip()
        if not given and not optional:
            say("  Une réponse est nécessaire (Ctrl-C : tout abandonner, rien n'est écrit).")
        elif not given or check is None or not (wrong := problem(check, given)):
            return given
        else:
            say(f"  {wrong}")


def problem(check: Callable[[str], Any], given: str) -> str:
    """What is wrong with it, in the words of `attitre check`; empty where nothing is."""
    from pydantic_core import PydanticCustomError

    try:
        check(given)
    except PydanticCustomError as error:
        told = error.context or {}
        text = str(told.get("text", "réponse refusée."))
        return f"{text[:1].upper()}{text[1:]} {told.get('hint', '')}".strip()
    return ""


def hidden(question: str) -> str:
    """A secret: not shown while it is typed."""
    return str(typer.prompt(question, default="", show_default=False, hide_input=True)).strip()


def yes(question: str, *, default: bool) -> bool:
    """Oui or non."""
    choices = "O/n" if default else "o/N"
    while True:
        given = str(typer.prompt(f"{question} [{choices}]", default="", show_default=False)).strip().casefold()
        if given in _YES | _NO | {""}:
            return default if not given else given in _YES
        say("  Répondez o (oui) ou n (non).")


def number(question: str, default: int, lowest: int, highest: int) -> int:
    """A whole number."""
    while True:
        given = text(question, str(default))
        if given.isdecimal() and lowest <= int(given) <= highest:
            return int(given)
        say(f"  Un nombre entre {lowest} et {highest} est attendu.")


def choice(question: str, choices: list[str], default: int = 1) -> int:
    """One of them, counted from 1."""
    for place, words in enumerate(choices, 1):
        say(f"  {place}. {words}")
    return number(question, default, 1, len(choices))


def several(question: str, count: int) -> list[int]:
    """One or more numbers up to `count`: « 1 » or « 1, 3 »."""
    while True:
        given = text(question).replace(",", " ").replace(";", " ").split()
        if given and all(word.isdecimal() and 1 <= int(word) <= count for word in given):
            return list(dict.fromkeys(map(int, given)))
        say(f"  Un numéro de la liste est attendu, de 1 à {count} (plusieurs : « 1, 2 »).")
