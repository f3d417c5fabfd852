"""The HTML forms in which a description may stand beside its text, as they are read and as they are written.

    DESCRIPTION;ALTREP="data:text/html,Mobile%20%3A%2006%E2%80%A6":…    Thunderbird (RFC 5545 3.2.1, RFC 2397)
    X-ALT-DESC;FMTTYPE=text/html:<html><body>…                          Outlook
    STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html;DERIVED=TRUE:<p>…   RFC 9073 6.5

A client that knows such a form shows it instead of the text. Thunderbird 153, tried: it makes both forms anew whenever
the description was edited, turns addresses into links, drops comments and styles, and leaves lines parted by `<br>`
as they are. So our block is parted by `<br>` and marked by what people see of it.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes

from adapters.calendars.ical import block
from adapters.calendars.ical.contentlines import Line, Properties, escape, param, places, unescape
from rules.text.html_text import plain_text, shown_text

STYLED = ("X-ALT-DESC", "STYLED-DESCRIPTION")
_ALTREP = re.compile(r'(?:^|;)ALTREP="([^"]*)"', re.IGNORECASE)
_DATA = re.compile(r"data:text/html((?:;[a-z0-9-]+=[a-z0-9_:.+-]+)*),(.*)", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(r";charset=([a-z0-9_.-]+)", re.IGNORECASE)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "latin1"})
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_OCTET = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_CLOSING = re.compile(r"</([a-z][a-z0-9-]*)[^<>]*>\s*", re.IGNORECASE)
_AT_LENGTH = 20_000  # signs: of a longer text whole lines are compared, since every line is looked for in all of it
_UNRESERVED = "!*'()"  # beside those of RFC 3986: as encodeURIComponent writes it, and so Thunderbird


class Written(NamedTuple):
    """Octets of a description's HTML form, and how more of it is encoded there."""

    html: str
    places: list[int]  # of each sign, and of the end: the octet in the unfolded line
    encode: Callable[[str], str]


# --- read ------------------------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """One HTML form of a description as it stands there, our block included, and whether more can be written to it."""

    html: str
    open: bool = True


def shown(props: Properties) -> Iterator[Shown]:
    """Each HTML form of the description that can be read."""
    for prop in props.get("DESCRIPTION", ())[:1]:
        found = _ALTREP.search(prop.params) if prop.params else None
        if found and (html := _of_uri(found[1])) is not None:
            yield Shown(html)
    for prop in (*props.get("X-ALT-DESC", ()), *props.get("STYLED-DESCRIPTION", ())):
        if not _is_html(prop.params):
            continue
        if not _is_uri(prop.params, prop.value):
            yield Shown(unescape(prop.value), _is_open(prop.params, prop.value))
        elif (html := _of_uri(prop.value)) is not None:
            yield Shown(html)


def ordinary(params: str) -> bool:
    """Whether the parameters of a description hold nothing but an HTML form as Thunderbird writes it."""
    return not params or bool(_ORDINARY.fullmatch(params))


_ORDINARY = re.compile(r'ALTREP="data:text/html,[^"]*"')


def _is_html(params: str) -> bool:
    return param(params, "FMTTYPE").lower() in ("", "text/html")


def _is_open(params: str, value: str) -> bool:
    """Whether a value is UTF-8, not encoded once more, and no cut-off backslash ends it."""
    whole = (len(value) - len(value.rstrip("\\"))) % 2 == 0
    return whole and not param(params, "ENCODING") and not _STRAY.search(value)


_STRAY = re.compile("[\ud800-\udfff]")


def _is_uri(params: str, value: str) -> bool:
    return value[:5].lower() == "data:" or param(params, "VALUE").upper() == "URI"


def _of_uri(uri: str) -> str | None:
    """The HTML of a data URI; None for another kind, a foreign address, a cut-off sign."""
    found = _DATA.fullmatch(uri)
    charset = _charset(found[1]) if found else ""
    if not found or not charset or _BROKEN.search(found[2]):
        return None
    try:
        return unquote_to_bytes(found[2].encode("utf-8", "surrogateescape")).decode(charset)
    except UnicodeDecodeError:
        return None


def _charset(params: str) -> str:
    """In which the octets of a data URI are signs, UTF-8 unless it is named; empty for one that is not known here."""
    found = _CHARSET.search(params)
    name = found[1].lower() if found else "utf-8"
    return name if name in _CHARSETS else ""


class Told(NamedTuple):
    """What she wrote. `text`: the description; `apart`: lines that stand in an HTML form only; `read`: whether those
    are part of the description, or it says something else in their place, and nobody can know which is newer."""

    text: str
    apart: tuple[str, ...] = ()
    read: bool = True


def told(text: str, forms: Iterable[Shown]) -> Told:
    """One description of all its forms. Words are compared and nothing else: clients differ in bullets, in blanks and
    in where they break lines; where the words are the same, the lines are those of the HTML.

    Evolution corrects the text and leaves the HTML as it was. Of two forms the one in which words were changed since
    we wrote into both is hers.
    """
    found = Told(text)
    for form in forms:
        seen = seen_in(block.split(form.html)[0])
        before, now = block.memory(form.html), memory(text, seen)
        corrected = [a != b for a, b in ((before[:4], now[:4]), (before[4:], now[4:]))] if before else []
        if corrected == [False, True]:
            found = found._replace(text=seen)
        elif corrected != [True, False]:
            found = _joined(found, seen)
    return found


def seen_in(html: str) -> str:
    """An HTML form as she sees it. Some programs escape its line breaks twice; those are no words."""
    return shown_text(html.replace("\\n", "\n"))


def plain(text: str) -> str:
    """A description's text as lines; some clients write HTML there."""
    return plain_text(text) if "<" in text or "&" in text else text


def memory(text: str, seen: str) -> str:
    """What the text and an HTML form said when we wrote into them: four letters of each one's words."""
    return _letters(text) + _letters(seen)


def _letters(text: str) -> str:
    return b32encode(sha256(_spaced(text).encode()).digest())[:4].decode("ascii").lower()


def _joined(found: Told, seen: str) -> Told:
    more, less = _beyond(seen, found.text), _beyond(found.text, seen)
    if more and less:
        return Told(found.text, (*found.apart, *more), read=False)
    if more:
        return Told(seen, (*found.apart, *more) if found.text.strip() else found.apart, found.read)
    wrapped = not less and seen and _lines(seen) != _lines(found.text)
    return found._replace(text=seen) if wrapped else found


def _beyond(text: str, other: str) -> tuple[str, ...]:
    """The lines whose words do not stand together in the other text."""
    words, lines = _spaced(other), {" ", *_lines(other)}
    if len(text) + len(other) > _AT_LENGTH:
        words = ""
    pairs = ((line, _spaced(line)) for line in text.split("\n"))
    return tuple(line for line, said in pairs if said not in lines and said not in words)


def _spaced(text: str) -> str:
    return " ".join(("", *_WORD.findall(normalize("NFC", text).casefold()), ""))


def _lines(text: str) -> list[str]:
    return [said for line in text.split("\n") if (said := _spaced(line)) != " "]


_WORD = re.compile(r"[^\W_]+")


# --- written ---------------------------------------------------------------------------------------------------------


def written(line: Line) -> Written | None:
    """The HTML form in a content line, with its places; None where it has none that could be written to."""
    if line.name == "DESCRIPTION":
        found = _ALTREP.search(line.params)
        head = len(line.name) + 1 + len(_octets(line.params[: found.start(1)])) if found else 0
        return _in_uri(_octets(found[1]), head) if found else None
    if line.name not in STYLED or not _is_html(line.params):
        return None
    value = line.value.decode("utf-8", "surrogateescape")
    if _is_uri(line.params, value):
        return _in_uri(line.value, line.value_at)
    if not _is_open(line.params, value):
        return None
    html, at = places(line.value)
    return Written(html, [line.value_at + place for place in at], escape)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _in_uri(uri: bytes, start: int) -> Written | None:
    text = uri.decode("utf-8", "surrogateescape")
    html, found = _of_uri(text), _DATA.fullmatch(text)
    if html is None or found is None:
        return None
    charset = _charset(found[1])
    at = start + len(_octets(text[: found.start(2)]))
    octets = []
    for one in _OCTET.findall(_octets(found[2])):
        octets.append(at)
        at += len(one)
    firsts, number = [], 0
    for sign in html:
        firsts.append(octets[number])
        number += len(sign.encode(charset))
    return Written(html, [*firsts, at], lambda more: _quoted(more, charset))


def _quoted(html: str, charset: str) -> str:
    """As a data URI of that charset has it; a sign beyond it by its number."""
    return quote(html.encode(charset, "xmlcharrefreplace"), safe=_UNRESERVED)


def place(html: str) -> int:
    """Where our block goes: behind all that is hers, before the tags that close the page."""
    at = end = len(html)
    while (start := html.rfind("</", 0, end)) >= 0 and (closing := _CLOSING.fullmatch(html, start, end)):
        at = start if closing[1].lower() in ("body", "html") else at
        end = start
    return at


def ours(html: str, lines: Sequence[str], ref: str, memory: str = "") -> str:
    """Our block as it is put into this HTML."""
    return ("<br>" if html else "") + block.html(lines, ref, memory)


def takes(html: str, lines: Sequence[str], ref: str) -> bool:
    """Whether our block can stand in this HTML: it is seen there, and taken out it leaves what was before."""
    at, added = place(html), ours(html, lines, ref)
    both = html[:at] + added + html[at:]
    found = block.spans(both)
    apart = [(span.start, span.end) for span in found] == [(at, at + len(added))]
    return apart and block.split(shown_text(both))[2] == ref
