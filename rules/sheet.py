"""One event's text sorted: which words answer which question, what is comment, what is left over (INTERFACE 4).

Nothing is checked here; `rules.reading` makes an Entry of the sorted sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from rules import answers, labels, loose, motifs, names, outcomes
from rules.detail import LONGEST
from rules.labels import STATEMENTS, Segment
from rules.loose import GAP
from rules.model import Outcome, Practice
from rules.postal import address
from rules.text import key, tokens

_BREAK = re.compile(rf"\s+[-–—/+]+\s+|\s*[|;,()\[\]{GAP}]\s*|\s+&\s+")
_STRONG_BREAK = re.compile(r"\s+[-–—|;/]\s+")
_EDGES = " \t.,;:!-–—/|()[]*•·>\"'"
_DOCTOR = re.compile(r"\b(?:dr|docteur)\b\.?\s*([^\W\d_][\w'-]*(?:\s[A-ZÀ-Ý][\w'-]+)?)", re.IGNORECASE)
_STREET = re.compile(
    r"\d{1,4}\s*(?:bis|ter|quater|[a-d]\b)?,?\s+(?:rue|avenue|av\.?|bd|boulevard|chemin|impasse|all[ée]e|place|route|quai|cours|square)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"(?:F-?)?\d{2}\s?\d{3}\s+[^\W\d_]")
_BESIDE_DETAILS = frozenset(
    (
        "tel",
        "mobile",
        "port",
        "portable",
        "telephone",
        "mail",
        "email",
        "e",
        "ne",
        "nee",
        "le",
        "du",
        "de",
        "sms",
        "gsm",
        "courriel",
        "et",
    )
)
_SPLIT_LABELS = frozenset(
    (
        "patient",
        "family",
        "given",
        "birth",
        "mobile",
        "email",
        "duration",
        "dentist",
        "known",
        "email_ok",
        "waiting",
        "preference",
    )
)
_YES_LABELS = frozenset({"first", "follow_up", "new", "preference", "waiting", "email_ok"})


@dataclass(slots=True)
class Sheet:
    """`typed`: values by label; `loose`: details without label; `left`: words of the title that mean nothing known."""

    practice: Practice
    start: datetime
    today: date
    typed: dict[str, list[str]] = field(default_factory=dict)
    loose: dict[str, list[str]] = field(default_factory=dict)
    statements: set[str] = field(default_factory=set)
    motifs: dict[str, None] = field(default_factory=dict)
    outcome: Outcome | None = None
    name: str = ""
    left: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    urgent: bool = False

    def add(self, label: str, value: str) -> None:
        """Note a labelled value."""
        self.typed.setdefault(label, []).append(value[: LONGEST * 4])

    def text(self, *names: str) -> str:
        """The values of these labels, in order, on one line."""
        return ", ".join(value for name in names for value in self.typed.get(name, ()) if value)


# --- the title -------------------------------------------------------------------------------------------------------


def title(sheet: Sheet, text: str) -> None:
    """Sort the title: labels, outcome, details, statements and motifs are taken out, the name is what remains."""
    for segment in labels.cut(text):
        if segment.label == "comment":
            sheet.comment.append(segment.value)
        elif segment.label and not (segment.label == "new" and answers.yes(segment.value) is None):
            _labelled(sheet, segment)
        else:
            sheet.statements.update({"new"} if segment.label else ())
            _free_title(sheet, segment.value)


def _free_title(sheet: Sheet, text: str) -> None:
    said = outcomes.read(text, sheet.start, anywhere=True)
    if said:
        sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
        text = f"{said.before}{GAP}{said.after}"
    text = _take_details(sheet, text)
    text = _take_words(sheet, text)
    for part in filter(None, (part.strip(_EDGES) for part in _BREAK.split(text))):
        _title_part(sheet, part)


def _take_details(sheet: Sheet, text: str) -> str:
    """The text without its unmistakable details, which are noted."""
    taken = loose.take(text, sheet.today)
    for label, values in (("mobile", taken.mobile), ("email", taken.email), ("birth", taken.birth)):
        if values:
            sheet.loose.setdefault(label, []).extend(values)
    return taken.rest


def _take_words(sheet: Sheet, text: str) -> str:
    """The text without statements, motifs and dentist, which are noted."""
    spoken = tokens(text)
    typed = [word for word, _, _ in spoken]
    places = [(spoken[a][1], spoken[b - 1][2]) for a, b in _stated(sheet, typed)]
    for mention in motifs.find(typed, sheet.practice, near=False):
        sheet.motifs[mention.label] = None
        places.append((spoken[mention.start][1], spoken[mention.end - 1][2]))
    for found in _DOCTOR.finditer(text):
        if answers.dentist(found[1], sheet.practice).key and text[: found.start()].strip(_EDGES):
            sheet.add("dentist", found[0])
            places.append(found.span())
    return _without(text, places)


def _stated(sheet: Sheet, typed: list[str]) -> list[tuple[int, int]]:
    """Statements among the words (`nouveau patient`), noted; their places from and without."""
    places, position = [], 0
    while position < len(typed):
        length = 1
        for count in range(min(5, len(typed) - position), 0, -1) if typed[position] in _STARTS else ():
            if stated := STATEMENTS.get(" ".join(typed[position : position + count])):
                sheet.statements.add(stated)
                places.append((position, position + count))
                length = count
                break
        position += length
    return places


_STARTS = frozenset(name.partition(" ")[0] for name in STATEMENTS)


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """The text with gaps in these places, which may overlap."""
    out, last = [], 0
    for start, end in sorted(places):
        if start >= last:
            out += [text[last:start], GAP]
        last = max(last, end)
    return "".join(out) + text[last:]


def _title_part(sheet: Sheet, part: str) -> None:
    """A part of the title that nothing else claims: the name first, then what is left over."""
    part = _past_vague(sheet, part)
    if not part:
        return
    if sheet.name or not any(map(str.isalpha, part)):
        sheet.left.append(part)
        return
    sheet.name, more = _name_and_more(part)
    if more:
        sheet.left.append(more)


def _past_vague(sheet: Sheet, part: str) -> str:
    """The part without empty words around it (`RDV DUPONT Marie`), which are left over."""
    spoken = tokens(part)
    telling = [index for index, (word, _, _) in enumerate(spoken) if word not in _EMPTY]
    if not telling:
        sheet.left.append(part)
        return ""
    first, last = telling[0], telling[-1]
    begin = spoken[first][1] if first else 0
    end = len(part) if last == len(spoken) - 1 else spoken[last + 1][1]
    sheet.left.extend(filter(None, [part[:begin].strip(), part[end:].strip()]))
    return part[begin:end].strip(_EDGES)


_EMPTY = frozenset(
    {"rdv", "rendez", "vous", "consultation", "consult", "patient", "patiente", "pour", "avec", "voir", "autre", "rv"}
)


def _name_and_more(part: str) -> tuple[str, str]:
    """`DUPONT Marie blanchiment` → the name, and the small words behind it."""
    spoken = part.split(" ")
    for index, word in enumerate(spoken):
        if index >= 2 and word.islower() and not names.particle(word) and not _introduces(word):
            return " ".join(spoken[:index]), " ".join(spoken[index:])
        if _introduces(word):
            break
    return part, ""


def _introduces(word: str) -> bool:
    """A word after which another family name follows: `née MARTIN`."""
    return key(word) in {"ne", "nee", "epouse", "ep", "veuve", "vve"}


# --- the description -------------------------------------------------------------------------------------------------


def lines(sheet: Sheet, text: str) -> None:
    """Sort the description line by line; a comment runs to the next labelled line (P19)."""
    in_comment, pending = False, ""
    for raw in text.splitlines():
        line = raw.strip()
        segments = labels.cut(line)
        begins = bool(line) and bool(segments[0].label)
        if not line:
            pending = ""
            sheet.comment.extend([""] if in_comment else [])
        elif in_comment and not begins and not _ends_comment(sheet, line):
            sheet.comment.append(line)
        elif pending and not begins:
            sheet.add(pending, line)
            pending = "address" if pending == "address" else ""
        else:
            in_comment, pending = _line(sheet, line, segments)


def _ends_comment(sheet: Sheet, line: str) -> bool:
    """A whole line that states something by itself (`Nouveau patient`, `Absent`) is no part of the comment above."""
    if key(line) in STATEMENTS:
        return True
    said = outcomes.read(line, sheet.start) if len(line) < 80 else None
    return said is not None and not said.after.strip(_EDGES)


def _line(sheet: Sheet, line: str, segments: list[Segment]) -> tuple[bool, str]:
    """Sort one line; whether a comment begins, and the label that still waits for its value."""
    if not segments[0].label:
        if not _free(sheet, segments[0].value):
            if len(segments) > 1:
                sheet.comment[-1:] = [line]
            return False, "address" if _open_address(sheet) and _STREET.match(line) else ""
        segments = segments[1:]
    for segment in segments:
        if segment.label == "comment":
            sheet.comment.append(segment.value)
            return True, ""
        _labelled(sheet, segment)
    last = segments[-1] if segments else Segment("", "")
    waits = last.label == "address" and _open_address(sheet)
    return False, last.label if last.label not in _YES_LABELS and (not last.value or waits) else ""


def _open_address(sheet: Sheet) -> bool:
    """An address has begun, and its postcode and town may stand on the next line."""
    typed = sheet.text("address")
    return "address" in sheet.typed and address(typed).value is None


def _labelled(sheet: Sheet, segment: Segment) -> None:
    label, value = segment.label, segment.value
    if label == "outcome":
        _outcome(sheet, value)
    elif label in _YES_LABELS:
        _yes_label(sheet, label, value)
    elif label == "visit":
        if not _stated(sheet, [word for word, _, _ in tokens(value)]) and value:
            sheet.add("motif", value)
    elif label in _SPLIT_LABELS:
        _first_part(sheet, label, value)
    else:
        sheet.add(label, value)


def _outcome(sheet: Sheet, value: str) -> None:
    said = outcomes.read(value, sheet.start)
    if said:
        sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
    sheet.comment.extend(filter(None, [said.after.strip(_EDGES) if said else value]))


def _yes_label(sheet: Sheet, label: str, value: str) -> None:
    """`Nouveau patient : oui`; what follows another word than yes or no is read as if it stood alone."""
    said = answers.yes(value)
    if said is False:
        label = {"first": "follow_up", "follow_up": "first", "new": "known"}.get(label, "")
    sheet.statements.update({label} if label else ())
    if said is None and value:
        _free(sheet, value)


def _first_part(sheet: Sheet, label: str, value: str) -> None:
    """The value, up to a separator; parts behind it with digits still belong to it, words are read by themselves."""
    first, *others = _STRONG_BREAK.split(value)
    numeric = [part for part in others if label in {"mobile", "birth"} and any(map(str.isdigit, part))]
    sheet.add(label, " / ".join([first, *numeric]))
    for part in others:
        if part not in numeric:
            _free(sheet, part)


# --- words without a label -------------------------------------------------------------------------------------------


def _free(sheet: Sheet, text: str) -> bool:
    """Sort text without a label, part by part, up to the first that says nothing known: from there it is comment."""
    segment = labels.bare(text) if key(text) not in STATEMENTS else None
    if segment and (segment.label != "birth" or any(map(str.isdigit, segment.value))):
        _labelled(sheet, segment)
        return True
    if _STREET.match(text):
        sheet.add("address", text)
        return address(text).value is not None
    place = 0
    for found in [*_BREAK.finditer(text), None]:
        end = found.start() if found else len(text)
        if text[place:end].strip(_EDGES) and not _known_part(sheet, text[place:end].strip(_EDGES)):
            sheet.comment.append(text[place:].strip())
            return False
        place = found.end() if found else end
    return True


def _known_part(sheet: Sheet, part: str) -> bool:
    """Note what a part says; False where it says nothing known."""
    stated = STATEMENTS.get(key(part))
    if stated:
        sheet.statements.add(stated)
    return bool(stated) or _outcome_part(sheet, part) or _details_part(sheet, part) or _words_part(sheet, part)


def _outcome_part(sheet: Sheet, part: str) -> bool:
    if key(part) == "urgence" or key(part) == "urgent":
        sheet.urgent = True
    said = outcomes.read(part, sheet.start) if len(part) < 200 else None
    if not said or len(said.after.split()) > 3:
        return False
    sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
    sheet.comment.extend(filter(None, [said.after.strip(_EDGES)]))
    return True


def _details_part(sheet: Sheet, part: str) -> bool:
    """A part that is a detail and nothing else."""
    taken = loose.take(part, sheet.today)
    if taken.rest == part or any(word not in _BESIDE_DETAILS for word, _, _ in tokens(taken.rest)):
        return False
    _take_details(sheet, part)
    return True


def _words_part(sheet: Sheet, part: str) -> bool:
    """A part that is a motif, a dentist or the missing name."""
    spoken = tokens(part)
    typed = [word for word, _, _ in spoken]
    found = motifs.find(typed, sheet.practice) if len(typed) <= 12 else ()
    named = {index for mention in found for index in range(mention.start, mention.end)}
    stated = {index for a, b in _stated(sheet, typed) for index in range(a, b)} if found else set()
    if found and all(index in named | stated or motifs.small(word) for index, word in enumerate(typed)):
        sheet.motifs.update(dict.fromkeys(mention.label for mention in found))
        return True
    if _DOCTOR.fullmatch(part) and answers.dentist(part, sheet.practice).key:
        sheet.add("dentist", part)
        return True
    return not sheet.name and not sheet.typed.get("patient") and len(typed) <= 5 and _name_part(sheet, part)


def _name_part(sheet: Sheet, part: str) -> bool:
    name = names.split(part)
    if name.certain and not name.problem:
        sheet.name = part
        return True
    return False
