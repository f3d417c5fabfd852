"""RFC 5545 content lines: for reading (unfolded, fast) and for writing (with the place of every octet)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

BOM = b"\xef\xbb\xbf"
_HEAD = re.compile(rb'([A-Za-z0-9_-]+)((?:;(?:"[^"]*"|[^":])*)?):')
_QUOTED_HEAD = re.compile(r'([A-Za-z0-9_-]+)((?:;(?:"[^"]*"|[^":])*)?):')
_PARAM = re.compile(r';?([^=;"]+)=((?:"[^"]*"|[^";])*)')
_ESCAPE = re.compile(r"\\([\\;,:\"nN])")
_BLANK_FOLD = re.compile(rb"(?<!\n)\n{2,}(?=[ \t])")
_BEGIN = re.compile(r"^BEGIN:VEVENT[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_END = re.compile(r"^END:VEVENT\b", re.MULTILINE | re.IGNORECASE)


class Property(NamedTuple):
    """Parameters as they stand (without the first semicolon) and the value, still escaped."""

    params: str
    value: str


Properties = dict[str, list[Property]]

_KNOWN = frozenset({
    "UID", "DTSTART", "DTEND", "DURATION", "SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "TRANSP", "CLASS",
    "CATEGORIES", "LAST-MODIFIED", "DTSTAMP", "CREATED", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "ATTENDEE",
    "ORGANIZER", "X-ALT-DESC", "STYLED-DESCRIPTION", "EXRULE", "SEQUENCE",
})  # fmt: skip


def unfold(payload: bytes) -> str:
    """The payload as text with one content line per `\\n`; bytes that are not UTF-8 become surrogates."""
    return unfolded(payload).decode("utf-8", "surrogateescape")


def unfolded(payload: bytes) -> bytes:
    """The payload with one content line per `\\n`."""
    data = payload.removeprefix(BOM).replace(b"\r\n", b"\n")
    if b"\n " in data or b"\n\t" in data:
        data = _BLANK_FOLD.sub(b"\n", data) if b"\n\n" in data else data
        data = data.replace(b"\n ", b"").replace(b"\n\t", b"")
    return data


def events(text: str) -> Iterator[Properties]:
    """The properties of each VEVENT of an unfolded text that matter to us, without those of its alarms.

    A line that is none (no colon, no name) is read past.
    """
    at = max(text.find("\nBEGIN:VEVENT\n"), 0) if text.count("BEGIN:VEVENT") == 1 else 0
    while found := _BEGIN.search(text, at):
        ended = _END.search(text, found.end())
        at = ended.end() if ended else len(text)
        yield _properties(text[found.end() + 1 : ended.start() if ended else at])


def _properties(body: str) -> Properties:
    found: Properties = {}
    depth = 0
    for line in body.split("\n"):
        head, colon, value = line.partition(":")
        if '"' in head:
            head, value = _quoted(line)
        name, _, params = head.partition(";")
        name = name if name in _KNOWN else name.upper()
        if name in _KNOWN:
            if depth <= 0 and colon:
                found.setdefault(name, []).append(Property(params, value))
        elif name == "BEGIN" and colon:
            depth += 1
        elif name == "END" and colon:
            depth = max(depth - 1, 0)  # one too many closes nothing
    return found


def _quoted(line: str) -> tuple[str, str]:
    """A line whose parameters hold quotes, and perhaps colons within."""
    found = _QUOTED_HEAD.match(line)
    if not found:
        head, _, value = line.partition(":")
        return head, value
    return line[: found.end() - 1], line[found.end() :]


def param(params: str, name: str) -> str:
    """A parameter's value without quotes; empty where there is none."""
    if not params:
        return ""
    for key, value in _PARAM.findall(params):
        if key.upper() == name:
            return str(value).strip('"')
    return ""


def unescape(value: str) -> str:
    """A TEXT value as people read it (RFC 5545 3.3.11)."""
    if "\\" not in value:
        return value
    if "\\\\" not in value and '\\"' not in value and "\\:" not in value:
        return value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\N", "\n")
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def escape(text: str) -> str:
    """A text as a TEXT value."""
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


# --- with places, for writing ----------------------------------------------------------------------------------------


class Line(Struct):
    """One content line in a payload. `pieces`: start and end of each physical line's content, folds excluded;
    `after`: where the next physical line starts; `eol`: its line break (empty at the end of the payload)."""

    pieces: list[tuple[int, int]]
    after: int
    eol: bytes
    name: str = ""
    params: str = ""
    value: bytes = b""
    value_at: int = 0

    @property
    def start(self) -> int:
        """Where the line starts in the payload."""
        return self.pieces[0][0]

    @property
    def end(self) -> int:
        """Where its last physical line ends, before the line break."""
        return self.pieces[-1][1]

    def place(self, index: int) -> int:
        """The place in the payload of an octet of the unfolded line; for an index behind it, the end."""
        for start, end in self.pieces:
            if index < end - start:
                return start + index
            index -= end - start
        return self.end

    def before(self, index: int) -> int:
        """As `place`, but before the fold where the octet is the first of its physical line."""
        at = self.place(index)
        for (start, end), (_, ended) in zip(self.pieces[1:], self.pieces[:-1], strict=True):
            if at == start and end > start:
                return ended
        return at


def scan(payload: bytes) -> list[Line]:
    """Every content line of a payload with its places; blank lines belong to none."""
    lines: list[Line] = []
    at = len(BOM) if payload.startswith(BOM) else 0
    while at < len(payload):
        found = payload.find(b"\n", at)
        after = len(payload) if found < 0 else found + 1
        end = after if found < 0 else found
        end -= payload[at:end].endswith(b"\r") and found >= 0
        if payload[at : at + 1] in (b" ", b"\t") and lines:
            lines[-1].pieces.append((at + 1, end))
            lines[-1].after, lines[-1].eol = after, payload[end:after]
        elif end > at:
            lines.append(Line([(at, end)], after, payload[end:after]))
        at = after
    for line in lines:
        _name(line, payload)
    return lines


def _name(line: Line, payload: bytes) -> None:
    whole = b"".join(payload[start:end] for start, end in line.pieces)
    found = _HEAD.match(whole)
    if not found:
        _unclosed(line, whole)
    else:
        line.name = found[1].decode("ascii").upper()
        line.params = found[2].decode("utf-8", "surrogateescape").removeprefix(";")
        line.value, line.value_at = whole[found.end() :], found.end()


def _unclosed(line: Line, whole: bytes) -> None:
    """A quote in its parameters that nothing closes: taken as it is read, though not written to."""
    head, colon, value = whole.partition(b":")
    name, _, params = head.partition(b";")
    if colon and b'"' in params and name.isascii():
        line.name = name.decode("ascii").upper()
        line.params = params.decode("utf-8", "surrogateescape")
        line.value, line.value_at = value, len(head) + 1


_ATOM = re.compile(r"\\[nN\\;,:\"]|.", re.DOTALL)


def places(value: bytes) -> tuple[str, list[int]]:
    """A TEXT value as people read it, and for each of its signs, and its end, the octet in the raw value."""
    signs: list[str] = []
    found: list[int] = []
    at = 0
    for atom in _ATOM.findall(value.decode("utf-8", "surrogateescape")):
        escaped = len(atom) == 2
        signs.append("\n" if escaped and atom[1] in "nN" else atom[1] if escaped else atom)
        found.append(at)
        at += len(atom.encode("utf-8", "surrogateescape"))
    return "".join(signs), [*found, at]


def folded_between(text: str, eol: bytes, rest: int) -> bytes:
    """The text on physical lines of its own, the last of which goes on with `rest` octets of the user's.

    So no fold is needed behind it, which could not be told from one of hers. That line is longer than 75 octets by two
    at most, where a single sign of ours is too much for it.
    """
    signs = _SIGNS.findall(text)
    room, last = 74 - rest, len(signs)
    while last:
        room -= len(signs[last - 1].encode("utf-8", "surrogateescape"))
        if room < 0 and last < len(signs):
            break
        last -= 1
    fold = eol + b" "
    before = fold + folded("".join(signs[:last]), eol) if last else b""
    return before + fold + "".join(signs[last:]).encode("utf-8", "surrogateescape")


def folded(text: str, eol: bytes, used: int = 1) -> bytes:
    """The text cut into physical lines of at most 75 octets, no UTF-8 sequence or escape split (3.1).

    `used` octets stand on its first line already.
    """
    out = bytearray()
    for sign in _SIGNS.findall(text):
        octets = sign.encode("utf-8", "surrogateescape")
        if used + len(octets) > 75:
            out += eol + b" "
            used = 1
        out += octets
        used += len(octets)
    return bytes(out)


_SIGNS = re.compile(r"\\.|.", re.DOTALL)
