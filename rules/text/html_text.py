"""Descriptions that a client wrote as HTML, as the lines that she saw."""

from __future__ import annotations

import re
from html import unescape

# A tag never spans another `<`, so that cutting is linear whatever the text.
_TAG = re.compile(r"(<[^<>]*>)")
_HTML = re.compile(
    r"</?(?:a|b|blockquote|body|br|div|em|font|h[1-6]|head|html|html-blob|i|li|meta|ol|p|pre|s|span|strong|style|table"
    r"|tbody|td|th|tr|u|ul)(?=[\s/>])[^<>]*>|<!doctype"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{1,7}(?:acute|grave|circ|cedil|uml));",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"<(?:html|body|!doctype)\b", re.IGNORECASE)
_NAME = re.compile(r"<(/?)([a-z][a-z0-9-]*|!--\[if|!\[endif)", re.IGNORECASE)
_MAILTO = re.compile(r"""href\s*=\s*["']?mailto:([^"'?>\s]+)""", re.IGNORECASE)
_LINE_TAGS = "blockquote br div h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody tr ul"
_LINES = frozenset(_LINE_TAGS.split())
_CELLS = frozenset({"td", "th"})
_HIDDEN = frozenset({"head", "style", "script", "title", "!--[if"})
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def plain_text(text: str) -> str:
    """Google's and Outlook's HTML as plain lines, entities resolved; any other text comes back unchanged."""
    if not _HTML.search(text):
        return text
    if _DOCUMENT.search(text):
        text = " ".join(text.split())
    seen = unescape("".join(_visible(_TAG.split(text)))).replace("\xa0", " ")
    return _tidy(seen)


def shown_text(html: str) -> str:
    """What a reader of this HTML sees: never where a link leads, which an editor keeps when its text is corrected."""
    kept = _PREFORMATTED.split(_COMMENT.sub("", html))
    one_line = (" ".join(_SPACE.split(piece)) if at % 2 == 0 else piece for at, piece in enumerate(kept))
    seen = unescape("".join(_visible(_TAG.split("".join(one_line)), links=False, edge=_EDGE)))
    pieces = (piece.strip(" ") for piece in seen.replace("\xa0", " ").split(_EDGE))
    return _tidy("\n".join(piece.removesuffix("\n") for piece in pieces if piece))


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PREFORMATTED = re.compile(r"(<pre\b.*?(?:</pre>|\Z))", re.DOTALL | re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\v]+")
_EDGE = "\v"  # of a paragraph, a line of a list: where several meet, a new line begins, and none is empty


def _tidy(seen: str) -> str:
    lines = "\n".join(" ".join(line.split()) for line in seen.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def _visible(pieces: list[str], *, links: bool = True, edge: str = "\n") -> list[str]:
    """The text pieces, with tags turned into line breaks or nothing. Every second piece is a tag."""
    out: list[str] = []
    hidden, address, anchor = "", "", 0
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            out.append("" if hidden else piece)
            continue
        closing, name = _tag(piece)
        hidden = _hidden(hidden, closing, name)
        if links and name == "a" and not closing:
            address, anchor = _mailto(piece), len(out)
        elif name == "a" and address:
            corrected = "@" in "".join(out[anchor:]) or pieces[index + 1].startswith("@")
            out.append("" if corrected else f" {address}")
            address = ""
        out.append("\n" if name == "br" else edge if name in _LINES else " " if name in _CELLS else "")
    return out


def _tag(piece: str) -> tuple[bool, str]:
    found = _NAME.match(piece)
    return (bool(found[1]), found[2].lower()) if found else (False, "")


def _hidden(now: str, closing: bool, name: str) -> str:
    """The tag whose content is not shown, after this tag."""
    if now:
        return "" if (closing and name == now) or name == "![endif" else now
    return name if name in _HIDDEN and not closing else ""


def _mailto(piece: str) -> str:
    found = _MAILTO.search(piece)
    return found[1] if found else ""
