"""Usual first names in France, folded, from `given_names.txt`: only a hint at the order of words without capitals."""

from __future__ import annotations

from pathlib import Path


def _read() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    text = Path(__file__).with_name("given_names.txt").read_text(encoding="utf-8")
    listed, _, double = text.partition("---\n")
    single = frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())
    pairs = (line.partition(":") for line in double.splitlines())
    return single, frozenset((first, second) for first, _, others in pairs for second in others.split())


GIVEN_NAMES, TWO_WORDS = _read()
"""Single names; and (first, second) word of names in two words (`Jean Paul`)."""
