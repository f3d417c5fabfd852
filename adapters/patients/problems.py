"""What an import has to say about a line of the file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong, or was repaired, in French, and on which line of the file.

    `kind`: the same sentence without the line's own values, by which many are counted as one; empty where it is said
    once for the whole file.
    """

    line: int
    text: str
    kind: str = field(default="", compare=False)
