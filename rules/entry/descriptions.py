"""Sorts the description of an event line by line; comments stay as they are (docs/design.md#what-she-types, P19)."""

from __future__ import annotations

import re

from rules.details.street import BEGINS
from rules.entry import labels, one_line, unlabelled, vocabulary
from rules.entry.classified import CHOICE, EDGES, YES_LABELS, Sheet, free, known_part, labelled, open_address
from rules.entry.labels import STATEMENTS, Segment
from rules.text.fold import key, words


def sort(sheet: Sheet, text: str) -> None:
    """Sort the description line by line; a comment runs to the next labelled line (P19)."""
    text = unlabelled.plain_signs(text)
    in_comment, pending = False, ""
    for raw in text.splitlines():
        line = raw.strip()
        segments = labels.cut(line)
        begins = bool(line) and bool(segments[0].label)
        if not line:
            pending = ""
            sheet.comment.extend([""] if in_comment else [])
        elif in_comment and not begins and not _says(sheet, line):
            sheet.comment.append(line)
        elif pending and not begins and not _says(sheet, line):
            sheet.add(pending, line)
            pending = "address" if pending == "address" and open_address(sheet) else ""
        else:
            in_comment, pending = _line(sheet, line, segments)


def _says(sheet: Sheet, line: str) -> bool:
    """Whether a line is a statement by itself (`Nouveau patient`, `Absent`), so that it belongs to no label or comment
    above."""
    if key(line) in STATEMENTS or CHOICE.fullmatch(line):
        return True
    said = sheet.said(line) if len(line) < 80 else None
    return said is not None and not said.after.strip(EDGES)


def _line(sheet: Sheet, line: str, segments: list[Segment]) -> tuple[bool, str]:
    """Sort one line; whether a comment begins, and the label that still waits for its value."""
    if not segments[0].label:
        before = len(sheet.comment)
        if _postponed(words(line)):
            sheet.crossed = sheet.crossed or line
            return False, ""
        if _BOOKED_AGAIN.search(line):
            sheet.crossed = sheet.crossed or line
            return False, ""
        if len(segments) == 1 and one_line.sort(sheet, line, known_part):
            return False, ""
        news = len(segments) > 1 and one_line.is_news(words(segments[0].value))
        sorted_ = not news and len(segments) > 1 and one_line.sort(sheet, segments[0].value, known_part)
        if not (news or sorted_) and not free(sheet, segments[0].value) and not _ended(line, segments[0].value):
            if len(segments) > 1:
                sheet.comment[before:] = [line]
            return False, "address" if open_address(sheet) and BEGINS.match(line) else ""
        segments = segments[1:]
    for segment in segments:
        if segment.label == "comment":
            sheet.comment.append(segment.value)
            return True, ""
        head, more = one_line.apart(sheet, segment)
        labelled(sheet, head)
        if more and not one_line.sort(sheet, more, known_part):
            sheet.comment.append(more)
    last = segments[-1] if segments else Segment("", "")
    waits = last.label == "address" and open_address(sheet)
    return False, last.label if last.label not in YES_LABELS and (not last.value or waits) else ""


def _postponed(spoken: list[str]) -> bool:
    """Whether a line says that the appointment does not stand: `à confirmer`, `à confirmer par tél`."""
    known = vocabulary.usual().postponed
    ends = (count for count in range(1, min(len(spoken), 5) + 1) if " ".join(spoken[:count]) in known)
    return any(count == len(spoken) or (spoken[count] in _GOES_ON and len(spoken) < count + 6) for count in ends)


_GOES_ON = frozenset(
    ["par", "avec", "au", "avant", "demain", "sms", "mail", "tel", "svp", "lundi", "jeudi", "la", "le", "rappeler"]
)
_BOOKED_AGAIN = re.compile(  # called off and booked again: which of the two is this event?
    r"\b(?:annul|d[ée]command)\w*\b.*\b(?:reprogramm|replac|recas|repris|report)[ée]e?s?\b(?!\s+(?:au|le|du|pour|en|à)\b)",
    re.IGNORECASE,
)


def _ended(line: str, head: str) -> bool:
    """The words before the first label are closed by a stop: `Patiente de Mme X. Mobile : 06 …`.

    Otherwise the label belongs to their sentence (`sa fille, mobile : 06 …`), and all of it is comment.
    """
    rest = line[line.find(head) + len(head) :].lstrip()
    return head.endswith((".", "!", "?")) or rest.startswith(("-", "–", "—", ";", "|", "/"))
