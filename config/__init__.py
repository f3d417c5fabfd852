"""The configuration: YAML in, typed settings and French problems out. Import what you need from its modules:

`config.load` reads files, `config.practice` gives the rules their values, `config.problems` says what is wrong.
"""

from __future__ import annotations


def example_text(name: str = "full") -> str:
    """The commented example in French: `full`, or `minimal`."""
    from importlib.resources import files

    return files("config").joinpath("examples", f"{name}.yaml").read_text(encoding="utf-8")
