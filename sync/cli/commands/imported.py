"""What `patients import` says of a file's lines: each one where they are few, else how many of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.output import warn

if TYPE_CHECKING:
    from adapters.patients import LineProblem

_EACH = 10  # lines to correct that are said one by one
_LINES = 5  # line numbers shown for one kind


def say_problems(problems: Sequence[LineProblem], file: Path, *, details: bool) -> None:
    """Beside the data: `FILE:LINE: sentence` for each, or one line a kind."""
    if details or len(problems) <= _EACH:
        for problem in problems:
            warn(f"{file}:{problem.line}: {problem.text}")
        return
    kinds: dict[str, list[LineProblem]] = {}
    for problem in problems:
        kinds.setdefault(problem.kind or problem.text, []).append(problem)
    for found in sorted(kinds.values(), key=len, reverse=True):
        warn(_one(found[0], file) if len(found) == 1 else _several(found))
    warn(f"Chaque ligne : attitre patients import {file} --details")


def _one(problem: LineProblem, file: Path) -> str:
    return f"{file}:{problem.line}: {problem.text}"


def _several(found: Sequence[LineProblem]) -> str:
    """`230 lignes : mobile : c'est un fixe (12, 15, 19, 20, 31 …)`, and the first of them whole."""
    numbers = ", ".join(str(problem.line) for problem in found[:_LINES])
    more = " …" if len(found) > _LINES else ""
    return f"{len(found)} lignes : {found[0].kind} ({numbers}{more}). Par exemple : {found[0].text}"
