"""Inserts our annotation into an event's raw bytes and removes it again, changing no other octet (laws L1, L2).

Insertions only: the block after the last octet of DESCRIPTION, and in each HTML form of it (see `html_form`) behind
her last; the mark before the first octet of SUMMARY; if a property is missing, a new line after BEGIN:VEVENT. Removal
cuts exactly these octets: `strip(insert(x)) == x`.

    before   SUMMARY:Dupont Marie          after   SUMMARY:⚠ Dupont Marie
             DESCRIPTION:Détartrage                DESCRIPTION:Détartrage
                                                    \\n… our block, with its reference `token-flags` …

What `strip` cannot see in the result stands in the reference as flags (`Flag`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field

from adapters.calendars.ical import block, html_form
from adapters.calendars.ical.contentlines import (
    Line,
    escape,
    folded,
    folded_between,
    param,
    places,
    scan,
    unescape,
    unfold,
)
from rules.model import Annotation

NOTHING: Mapping[str, str] = {}


class Flag(StrEnum):
    """What the event had before the insertion, in one letter of our block's reference."""

    NO_DESCRIPTION = "a"  # we added the whole line
    NO_TITLE = "s"  # we added the whole line
    WARNING_MARK = "w"  # its title began with our own ⚠, typed or copied
    TICK_MARK = "v"  # its title began with our own ✓
    FOREIGN_MARK = "n"  # its title began with a mark spelt otherwise, and we added none


_MARKS: dict[str, str] = {Flag.WARNING_MARK: "⚠ ", Flag.TICK_MARK: "✓ "}
_MOST_ROUNDS = 100  # blocks in one event: copies of copies


class _Change(NamedTuple):
    """Replace the octets from `start` to before `end` by `new`."""

    start: int
    end: int
    new: bytes


class _Event(Struct):
    """The content lines of one VEVENT, without its alarms."""

    begin: Line
    lines: list[Line] = field(default_factory=list)
    inside: int = -1  # the octet of its first property
    closed: bool = False  # its END was found

    def first(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)


def blocked(payload: bytes) -> str:
    """Why our annotation cannot be written safely into this payload; empty if it can.

    `unreadable`, `encoding` (not UTF-8, NUL, quoted-printable, vCalendar 1.0), `attendees` (the server could write to
    guests), `escape` (a cut-off backslash, an open quote).
    """
    if b"\0" in payload or len(payload) > 2_000_000:
        return "encoding" if b"BEGIN:VEVENT" in payload else "unreadable"
    lines = scan(payload)
    events = list(_events(lines))
    if not events or not events[0].closed:
        return "unreadable"
    if any(line.name == "VERSION" and line.value.strip() == b"1.0" for line in lines):
        return "encoding"
    return _events_blocked(events)


def _events_blocked(events: list[_Event]) -> str:
    names = {line.name for event in events for line in event.lines}
    if names & {"ATTENDEE", "ORGANIZER"}:
        return "attendees"
    texts = [line for line in _target(events).lines if line.name in ("DESCRIPTION", "SUMMARY")]
    if any(_printable(line) or _decoded(line.value) is None for line in texts):
        return "encoding"
    return "escape" if any(_cut_off(line.value) or line.params.count('"') % 2 for line in texts) else ""


def _printable(line: Line) -> bool:
    return "QUOTED-PRINTABLE" in line.params.upper() and param(line.params, "ENCODING").upper() == "QUOTED-PRINTABLE"


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _cut_off(value: bytes) -> bool:
    return (len(value) - len(value.rstrip(b"\\"))) % 2 == 1


def remembered(payload: bytes) -> dict[str, str]:
    """What the text said, by what an HTML form says, when we last wrote into both (see `html_form.told`)."""
    if "attitre" not in unfold(payload):
        return {}
    forms = filter(None, map(html_form.written, event_lines(payload)))
    found = filter(None, (block.memory(form.html) for form in forms))
    return {memory[4:]: memory[:4] for memory in found}


def insert(payload: bytes, annotation: Annotation, token: str, remembered: Mapping[str, str] = NOTHING) -> bytes:
    """The payload with the annotation in its first master event. It must have no annotation yet, and not be blocked."""
    if not (annotation.mark or annotation.lines):
        return payload
    event = _target(list(_events(scan(payload))))
    title, text = event.first("SUMMARY"), event.first("DESCRIPTION")
    before = _mark_before(title)
    flags = "".join((
        Flag.NO_DESCRIPTION if text is None else "",
        Flag.NO_TITLE if title is None else "",
        before,
        _foreign_mark(title, annotation, before),
    ))  # fmt: skip
    ref = f"{token}-{flags}" if flags else token
    eol = event.begin.eol
    lines = [" ".join(line.splitlines()) for line in annotation.lines]
    changes = [_insert_text(event, text, lines, ref, eol), *_insert_html(event, lines, ref, eol, remembered)]
    changes += _insert_mark(event, title, annotation.mark, before, eol)
    return _applied(payload, changes)


def _insert_text(event: _Event, text: Line | None, lines: Sequence[str], ref: str, eol: bytes) -> _Change:
    ours = block.join("", lines, ref)
    if text is None:
        return _Change(event.inside, event.inside, folded(f"DESCRIPTION:{escape(ours)}", eol, 0) + eol)
    eol = text.eol or eol
    joint = "\\n" if text.value else ""
    return _Change(text.end, text.end, eol + b" " + folded(joint + escape(ours), eol))


def _insert_html(
    event: _Event, lines: Sequence[str], ref: str, eol: bytes, remembered: Mapping[str, str]
) -> Iterator[_Change]:
    """The block in each HTML form that takes it. A form that was left behind stays known as the old one."""
    text = event.first("DESCRIPTION")
    hers = html_form.plain(unescape(text.value.decode("utf-8", "surrogateescape"))) if text else ""
    for line in event.lines:
        form = html_form.written(line) if _is_shown(event, line) else None
        if form is not None and html_form.takes(form.html, lines, ref):
            at = html_form.place(form.html)
            before = line.place(form.places[at] - 1) + 1
            rest = next((end - before for start, end in line.pieces if start <= before <= end), 0)
            now = html_form.memory(hers, html_form.seen_in(form.html))
            memory = remembered.get(now[4:], now[:4]) + now[4:]
            ours = form.encode(html_form.ours(form.html, lines, ref, memory))
            yield _Change(before, before, folded_between(ours, line.eol or eol, rest))


def _is_shown(event: _Event, line: Line) -> bool:
    """Whether a client may show this line instead of the description's text: of two descriptions the first counts."""
    return line.name in html_form.STYLED or line is event.first("DESCRIPTION")


def _mark_before(title: Line | None) -> str:
    """The flag of a mark that the title has already, spelt as ours; empty if it has none."""
    if title is None:
        return ""
    return next((flag for flag, mark in _MARKS.items() if _starts(title, mark)), "")


def _foreign_mark(title: Line | None, annotation: Annotation, before: str) -> str:
    """The flag of a mark spelt otherwise than ours, if we add none; empty if the title has none."""
    if title is None or annotation.mark:
        return ""
    rest = title.value.decode("utf-8", "surrogateescape").removeprefix(_MARKS.get(before, ""))
    return Flag.FOREIGN_MARK if block.unmark(rest)[0] else ""


def _starts(title: Line, mark: str) -> bool:
    octets = mark.encode()
    if title.value == octets and len(title.pieces) > 1:
        return False  # a folded title of nothing but the mark: its removal could not tell which fold to keep
    ends = title.place(title.value_at + len(octets) - 1) + 1
    together = title.place(title.value_at) + len(octets) == ends
    before_a_fold = len(title.value) > len(octets) and title.place(title.value_at + len(octets)) != ends
    return together and not before_a_fold and title.value.startswith(octets)


def _insert_mark(event: _Event, title: Line | None, mark: str, before: str, eol: bytes) -> list[_Change]:
    if title is None:
        return [_Change(event.inside, event.inside, f"SUMMARY:{mark}".encode() + eol)] if mark else []
    at = title.place(title.value_at - 1) + 1
    start = title.place(title.value_at) if before else at
    gone = len(_MARKS[before].encode()) if before else 0
    return [_Change(start, start + gone, _mark(title, start, gone, mark, title.eol or eol))]


def _mark(title: Line, at: int, gone: int, mark: str, eol: bytes) -> bytes:
    """The mark's octets, folded if the physical line would exceed 75 octets (RFC 5545 3.1)."""
    octets = mark.encode()
    start, end = next((piece for piece in title.pieces if piece[0] <= at <= piece[1]), title.pieces[0])
    grown = end - start + (start != title.start) + len(octets) - gone
    return octets[:-1] + eol + b"  " if octets and grown > 75 and not gone else octets


def strip(payload: bytes) -> bytes:
    """The payload without our annotation; the same bytes if it has none."""
    if "attitre" not in unfold(payload):
        return payload
    for _ in range(_MOST_ROUNDS):
        changes = [change for event in _events(scan(payload)) for change in _out(event)]
        if not changes:
            break
        payload = _applied(payload, changes)
    return payload


def _out(event: _Event) -> Iterator[_Change]:
    """The changes that remove our annotation from one event. A title mark is ours only beside a block of ours."""
    flags = None
    for line in event.lines:
        gone, ref = _block_out(line)
        if gone:
            flags = ref.partition("-")[2] if flags is None else flags
            yield from _whole_line_or(line, gone, Flag.NO_DESCRIPTION in flags)
    title = event.first("SUMMARY")
    if flags is not None and title is not None:
        yield from _mark_out(title, flags)


def _block_out(line: Line) -> tuple[list[_Change], str]:
    """Our blocks in a description and in its HTML form, and the reference of the first."""
    gone: list[_Change] = []
    ref = ""
    if line.name == "DESCRIPTION" and b"attitre" in line.value:
        text, at = places(line.value)
        gone, ref = _blocks_out(line, text, [line.value_at + place for place in at])
    if (form := _html_with_block(line)) is not None:
        others, other = _blocks_out(line, form.html, form.places)
        gone, ref = [*gone, *others], ref or other
    return gone, ref


def _html_with_block(line: Line) -> html_form.Written | None:
    ours = b"attitre" in line.value if line.name in html_form.STYLED else "attitre" in line.params
    return html_form.written(line) if ours else None


def _blocks_out(line: Line, text: str, at: list[int]) -> tuple[list[_Change], str]:
    found = block.spans(text)
    ref = next((span.ref for span in found if span.ref), "")
    return [_cut(line, at[span.start], at[span.end]) for span in found], ref


def _cut(line: Line, start: int, end: int) -> _Change:
    """Octets `start` to `end` of the unfolded line, with the fold before them."""
    return _Change(line.before(start), line.place(end - 1) + 1, b"")


def _whole_line_or(line: Line, gone: list[_Change], ours: bool) -> list[_Change]:
    """Remove the whole line if we added it and it holds nothing of the user's; otherwise only our block."""
    cut = sum(end - start for start, end, _ in gone)
    folds = sum(line.pieces[index + 1][0] - line.pieces[index][1] for index in range(len(line.pieces) - 1))
    alone = line.name == "DESCRIPTION" and "ALTREP" not in line.params.upper()
    if ours and alone and len(gone) == 1 and cut >= len(line.value) + folds:
        return [_Change(line.start, line.after, b"")]
    return gone


def _mark_out(title: Line, flags: str) -> Iterator[_Change]:
    text = title.value.decode("utf-8", "surrogateescape")
    mark, rest = ("", text) if Flag.FOREIGN_MARK in flags else block.unmark(text)
    if Flag.NO_TITLE in flags and not rest:
        yield _Change(title.start, title.after, b"")
        return
    size = len(title.value) - len(rest.encode("utf-8", "surrogateescape"))
    before = next((_MARKS[flag] for flag in flags if flag in _MARKS), "")
    start = title.place(title.value_at - 1) + 1
    if before:
        start = title.place(title.value_at) if title.value else start
    end = title.place(title.value_at + size - 1) + 1 if mark else start
    if end > start or before:
        yield _Change(start, end, before.encode())


def event_lines(payload: bytes) -> list[Line]:
    """The content lines of the event that carries, or would carry, our annotation; empty if there is no event."""
    events = list(_events(scan(payload)))
    return _target(events).lines if events else []


def _events(lines: list[Line]) -> Iterator[_Event]:
    """Every VEVENT with its own lines."""
    event: _Event | None = None
    depth = 0
    for line in lines:
        if event is not None and event.inside < 0:
            event.inside = line.start
        if line.name == "BEGIN" and line.value.strip().upper() == b"VEVENT":
            if event is not None:
                yield event
            event, depth = _Event(line), 0
        elif event is not None and line.name == "END" and line.value.strip().upper() == b"VEVENT":
            event.closed = True
            yield event
            event = None
        elif event is not None and line.name in ("BEGIN", "END"):
            depth = depth + 1 if line.name == "BEGIN" else max(depth - 1, 0)
        elif event is not None and depth <= 0:
            event.lines.append(line)
    if event is not None:
        yield event


def _target(events: list[_Event]) -> _Event:
    """The master event; the first one if all are exceptions."""
    return next((event for event in events if event.first("RECURRENCE-ID") is None), events[0])


def _applied(payload: bytes, changes: list[_Change]) -> bytes:
    out, at = [], 0
    for start, end, new in sorted(changes, key=lambda change: (change.start, change.end)):
        out += [payload[at:start], new]
        at = max(at, end)
    return b"".join((*out, payload[at:]))
