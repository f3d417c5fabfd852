"""Which of many files one practice has to do with: most of a thousand need not be parsed for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from config.load import Loaded, Thing, load_file

_HIDES = re.compile(r"(?:url|id|calendar|key):[!*]|\\")  # from the environment, by an alias, by an escape
_BETWEEN = re.compile(r"[\s\"']+")


def neighbours(files: Sequence[Path], key: str, environ: Mapping[str, str]) -> list[Path]:
    """The practice's file, those that may claim a calendar or the key of it, those that may claim one of theirs, and so
    on: whether it may work cannot be told without them. Empty where no file seems to have the key."""
    texts = {file: _text(file) for file in files}
    found: dict[Path, Loaded] = {}
    words = {_word(("key", key))}
    while more := [file for file, text in texts.items() if file not in found and _may_name(text, words)]:
        found |= {file: load_file(file, environ) for file in more}
        words |= {_word(claim.thing) for one in found.values() for claim in one.claims}
        if not any(one.key == key for one in found.values()):
            return []
    return [file for file in files if file in found]


def _may_name(text: str, words: Iterable[str]) -> bool:
    return "key:" not in text or _HIDES.search(text) is not None or any(word in text for word in words)


def _word(thing: Thing) -> str:
    """What a file that claims the thing holds, however it is written: of a calendar its path, as many have the host."""
    kind, where, *more = thing
    return _plain(f"key:{where}" if kind == "key" else next((path for path in more[1:2] if path), where))


def _text(file: Path) -> str:
    try:
        return _plain(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def _plain(text: str) -> str:
    return _BETWEEN.sub("", unquote(text).casefold())
