"""Our part of an event's text: the block and the title mark, at the level of plain text or a web client's HTML.

    her text
    ── attitre ──
    the annotation's lines
    réf. <identity>[-<flags>][.<memory>]
    ── fin ──

The reference line carries whose block it is and, as letters, how the event looked before: `a` no description, `s` no
title, `w`/`v` the title began with that mark already, `n` its mark is hers and none is ours. Nothing here knows
iCalendar or Google.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape, unescape

from msgspec import Struct
from msgspec.structs import replace

START = "── attitre ──"
END = "── fin ──"

_BREAK = re.compile(
    r"[\r\n]|</?(?:blockquote|body|br|div|h[1-6]|html|html-blob|li|ol|p|pre|table|tbody|td|tr|ul)\b[^<>\r\n]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\w+|[a-z]+);", re.IGNORECASE)
_START = re.compile(r"[─—–-]{2,} ?attitre ?[─—–-]{2,}")
_END = re.compile(r"[─—–-]{2,} ?fin ?[─—–-]{2,}")
_TYPED_AT = re.compile(rf"\s*{_END.pattern}(?=\s*[^\s<])")
_REF = re.compile(r"r[ée]f\. ?([a-z2-7]{16}(?:-[a-z]+)?)(?:\.([a-z2-7]{8}))?")
_MARK = re.compile("([⚠✓])\ufe0f?(?:[ \xa0]|$)")


class Span(Struct, frozen=True):
    """One block in a text: characters `start` to `end`, with the line break before it."""

    start: int
    end: int
    lines: tuple[str, ...]
    ref: str
    memory: str = ""


class _Line(Struct, frozen=True):
    gap: int
    start: int
    end: int
    raw: str
    seen: str


@lru_cache(maxsize=8)  # a reader asks for her part and for ours
def split(text: str) -> tuple[str, tuple[str, ...] | None, str]:
    """Her text without our blocks, the lines of ours (None without a block), and the reference (may be empty).

    Several blocks are all ours: their lines come one after the other, so that they differ from what is wanted.
    `split(join(hers, lines, ref)) == (hers, lines, ref)` for lines without markers and a text without a block.
    """
    found = spans(text)
    if not found:
        return text, None, ""
    kept, at = [], 0
    for span in found:
        kept.append(text[at : span.start])
        at = span.end
    lines = tuple(line for span in found for line in span.lines)
    return "".join((*kept, text[at:])), lines, next((span.ref for span in found if span.ref), "")


def join(hers: str, lines: Sequence[str], ref: str) -> str:
    """Her text with our block after it."""
    block = "\n".join((START, *lines, f"réf. {ref}", END))
    return f"{hers}\n{block}" if hers else block


def html(lines: Sequence[str], ref: str, memory: str = "") -> str:
    """Our block as HTML: parted by `<br>`, which every client and Thunderbird's editor leave as it is. `memory`: eight
    letters more behind the reference, for whoever reads the block again."""
    named = f"réf. {ref}.{memory}" if memory else f"réf. {ref}"
    return "<br>".join((START, *(escape(line, quote=False) for line in lines), named, END))


def memory(text: str) -> str:
    """The letters that `html` put behind the reference; empty where there are none."""
    return next((span.memory for span in spans(text) if span.memory), "")


def unmark(title: str) -> tuple[str, str]:
    """The mark (`⚠ `, `✓ ` or empty) and the title without it."""
    found = _MARK.match(title)
    return (f"{found[1]} ", title[found.end() :]) if found else ("", title)


def bare(title: str) -> str:
    """The title without any mark: one may stand twice where a client copied it."""
    mark, rest = unmark(title)
    while mark:
        mark, rest = unmark(rest)
    return rest


def spans(text: str) -> list[Span]:
    """Our blocks in a text, in order; they never overlap.

    A block runs from the last start line to its end line; what she typed at the end of that one is hers, and gets the
    block's line. Where the end line was cut, it runs to its reference line; where both are missing there is no block,
    for the rest may be hers.
    """
    if "attitre" not in text:
        return []
    lines = _lines(text)
    found: list[Span] = []
    opened, ref = -1, -1
    for index, line in enumerate(lines):
        if _START.fullmatch(line.seen):
            if opened >= 0 and ref >= 0:
                found.append(_span(lines, opened, ref, ref))
            opened, ref = index, -1
        elif opened >= 0 and _REF.fullmatch(line.seen):
            ref = index
        elif opened >= 0 and _END.fullmatch(line.seen):
            found.append(_span(lines, opened, ref, index))
            opened, ref = -1, -1
        elif opened >= 0 and ref >= 0 and (typed_at := _TYPED_AT.match(line.raw)):
            ours = _span(lines, opened, ref, index)
            found.append(replace(ours, start=lines[opened].start, end=line.start + typed_at.end()))
            opened, ref = -1, -1
    if opened >= 0 and ref >= 0:
        found.append(_span(lines, opened, ref, ref))
    return found


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    gap = start = 0
    for found in _BREAK.finditer(text):
        lines.append(_line(text, gap, start, found.start()))
        gap, start = found.start(), found.end()
    lines.append(_line(text, gap, start, len(text)))
    return lines


def _line(text: str, gap: int, start: int, end: int) -> _Line:
    raw = text[start:end]
    return _Line(gap, start, end, raw, _seen(raw).strip())


def _seen(raw: str) -> str:
    """A piece of HTML as a reader sees it."""
    if "<" in raw:
        raw = _TAG.sub("", raw)
    return unescape(raw).replace("\xa0", " ") if "&" in raw else raw.replace("\xa0", " ")


def _span(lines: list[_Line], opened: int, at: int, closed: int) -> Span:
    inside = [
        line for index, line in enumerate(lines[opened + 1 : closed + 1], opened + 1) if index not in (at, closed)
    ]
    around = lines[opened : closed + 1]
    html = any(line.start - line.gap > 1 for line in around[1:]) or any(_ENTITY.search(line.raw) for line in around)
    shown = tuple(line.seen for line in inside if line.seen) if html else tuple(line.raw.rstrip() for line in inside)
    named = _REF.fullmatch(lines[at].seen) if at >= 0 else None
    ref, remembered = (named[1], named[2] or "") if named else ("", "")
    return Span(lines[opened].gap, lines[closed].end, shown, ref, remembered)
