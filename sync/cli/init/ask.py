"""Questions to a person: asked again, with what is wrong, until the answer can be used; `<` goes back by one.

Going back plays a step anew with the answers that stand on its tape, in silence, up to the question before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import typer
from msgspec import Struct, field

from sync.cli import output

T = TypeVar("T")

BACK = frozenset({"<", "retour"})
_YES, _NO = frozenset({"o", "oui", "y", "yes"}), frozenset({"n", "non", "no"})


class Back(Exception):
    """The person wants the question before."""


class _Outcome(Struct, frozen=True):
    """What was fetched or failed between two questions."""

    value: Any = None
    error: Exception | None = None


class Tape(Struct):
    """The answers of one step, in order, and how many of them were played so far."""

    entries: list[str | _Outcome] = field(default_factory=list)
    played: int = 0

    def back(self) -> bool:
        """Forget the last answer and what came after it; False where there is none."""
        while self.entries:
            if isinstance(self.entries.pop(), str):
                return True
        return False


_tapes: list[Tape] = []


def in_steps(
    steps: Sequence[Callable[[list[Any]], Any]], begins: Callable[[int], None] = lambda number: None
) -> list[Any]:
    """The result of each step, which is given those before it. `begins` is told a step's number whenever it starts."""
    results: list[Any] = []
    tapes: list[Tape] = []
    while len(results) < len(steps):
        number = len(results)
        if len(tapes) == number:
            tapes.append(Tape())
        begins(number)
        try:
            results.append(_played(tapes[number], partial(steps[number], list(results))))
        except Back:
            _one_back(tapes, results)
    return results


def _one_back(tapes: list[Tape], results: list[Any]) -> None:
    """To the question before: in this step, else the last one of the step before."""
    if tapes[-1].back():
        return
    if len(tapes) == 1:
        output.say("  C'est la première question.")
        return
    tapes.pop()
    results.pop()
    tapes[-1].back()


def _played(tape: Tape, step: Callable[[], T]) -> T:
    tape.played = 0
    _tapes.append(tape)
    try:
        return step()
    finally:
        _tapes.remove(tape)


def say(line: str = "") -> None:
    """A line for the person; silent while answers are played anew."""
    if not (_tapes and _tapes[-1].played < len(_tapes[-1].entries)):
        output.say(line)


def once(fetch: Callable[[], T]) -> T:
    """What that gives, or the error it ends with: fetched once, not anew each time the person goes back."""
    tape = _tapes[-1] if _tapes else Tape()
    if tape.played < len(tape.entries) and isinstance(known := tape.entries[tape.played], _Outcome):
        tape.played += 1
        if known.error is not None:
            raise known.error
        return known.value  # type: ignore[no-any-return]
    try:
        outcome = _Outcome(_aside(fetch))
    except Back:
        raise
    except Exception as error:
        _kept(tape, _Outcome(error=error))
        raise
    _kept(tape, outcome)
    return outcome.value  # type: ignore[no-any-return]


def _aside(fetch: Callable[[], T]) -> T:
    """Questions inside leave nothing on the tape: they are not asked again."""
    _tapes.append(Tape())
    try:
        return fetch()
    finally:
        _tapes.pop()


def _kept(tape: Tape, entry: str | _Outcome) -> None:
    tape.entries.append(entry)
    tape.played += 1


def _typed(prompt: str, default: str = "", *, hide: bool = False) -> str:
    """The next answer of the tape, or what the person types. Raises Back."""
    tape = _tapes[-1] if _tapes else Tape()
    if tape.played < len(tape.entries) and isinstance(known := tape.entries[tape.played], str):
        tape.played += 1
        return known
    typed = typer.prompt(prompt, default=default, show_default=False, hide_input=hide, prompt_suffix=" : ")
    given = str(typed).strip()
    if given.casefold() in BACK and _tapes:
        raise Back
    _kept(tape, given)
    return given


def text(question: str, default: str = "", check: Callable[[str], Any] | None = None, *, optional: bool = False) -> str:
    """A line of text that `check` (a type of config/) takes. `optional`: nothing is an answer too."""
    while True:
        shown = f"{question} [{default}]" if default else question
        given = _typed(shown, default)
        if not given and not optional:
            _again("Une réponse est nécessaire (« < » : revenir ; Ctrl-C : tout abandonner, rien n'est écrit).")
        elif not given or check is None or not (wrong := problem(check, given)):
            return given
        else:
            _again(wrong)


def _again(wrong: str) -> None:
    """Say what is wrong with the answer just given, and forget it."""
    if _tapes and _tapes[-1].played:
        tape = _tapes[-1]
        tape.played -= 1
        del tape.entries[tape.played]
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
    return _typed(question, hide=True)


def needed(question: str) -> str:
    """A secret that cannot be left out."""
    while not (given := hidden(question)):
        _again("Une réponse est nécessaire (« < » : revenir).")
    return given


def yes(question: str, *, default: bool) -> bool:
    """Oui or non."""
    choices = "O/n" if default else "o/N"
    while True:
        given = _typed(f"{question} [{choices}]").casefold()
        if given in _YES | _NO | {""}:
            return default if not given else given in _YES
        _again("Répondez o (oui) ou n (non).")


def number(question: str, default: int, lowest: int, highest: int) -> int:
    """A whole number."""
    while True:
        given = text(question, str(default))
        if given.isdecimal() and lowest <= int(given) <= highest:
            return int(given)
        _again(f"Un nombre entre {lowest} et {highest} est attendu.")


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
        _again(f"Un numéro de la liste est attendu, de 1 à {count} (plusieurs : « 1, 2 »).")
