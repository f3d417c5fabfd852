"""Every behaviour of the stand-in that a test shows says where it is known from."""

from __future__ import annotations

import ast
from pathlib import Path

SAYS = ("Documented", "Inferred", "Of the stand-in")


def test_each_behaviour_says_where_it_is_known_from() -> None:
    """Of the stand-in: a test file read as text."""
    files = sorted(Path(__file__).parent.glob("test_standin*.py"))
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    tests = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    silent = [
        test.name
        for test in tests
        if test.name.startswith("test_") and not (ast.get_docstring(test) or "").startswith(SAYS)
    ]
    assert len(files) >= 4
    assert silent == []
