"""Problems of a configuration: their place, a sentence in French, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from rules.model import Severity

Where = tuple[str | int, ...]
"""A path inside the YAML: keys and list indices from the top."""


def dotted(where: Where) -> str:
    """`dentists.martin.calendars[0].url`; `(fichier)` for the file as a whole."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(fichier)"


class Problem(Struct, frozen=True):
    """One thing to correct. `line` and `column` count from 1. It contains no secret (law L8)."""

    file: str
    line: int
    column: int
    path: str
    severity: Severity
    text: str
    hint: str = ""

    def __str__(self) -> str:
        """`FILE:LINE:COL: path: sentence` and then the hint."""
        sentence = f"{self.file}:{self.line}:{self.column}: {self.path}: {self.text}"
        return f"{sentence} {self.hint}" if self.hint else sentence


def blocking(problems: Iterable[Problem]) -> bool:
    """Whether one of them is an error, so that the configuration cannot be used."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def why(problems: Sequence[Problem]) -> str:
    """The first problem for which a file cannot be used, and how many more there are."""
    errors = [one for one in problems if one.severity is Severity.ERROR]
    more = f" (et {len(errors) - 1} de plus : attitre check)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty if none is similar. Case does not count."""
    from rapidfuzz import fuzz, process

    choices = {choice: choice.casefold() for choice in known}
    match = process.extractOne(word.casefold(), choices, scorer=fuzz.ratio, score_cutoff=60)
    return str(match[2]) if match else ""


def meant(word: str, known: Iterable[str], what: str = "Possibilités") -> str:
    """The hint for an unknown word: the most similar known one, else all of them (at most 16)."""
    choices = list(known)
    if near := nearest(word, choices):
        return f"Vouliez-vous dire « {near} » ?"
    shown = ", ".join(choices[:16]) + (", …" if len(choices) > 16 else "")
    return f"{what} : {shown}." if choices else ""
