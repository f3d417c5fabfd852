"""Sorts the title of an event: the name is what remains when everything known is taken out
(docs/design.md#what-she-types).

Labels and details come first, then capitals and first names, and lists of words last: a word that a name needs
(`MARIAGE Louise`, `LAPIN Louise`) is never a status, a motif or a reason.
"""

from __future__ import annotations

import re
import unicodedata

from rules.entry import labels, motifs, outcomes, yes_no
from rules.entry.classified import BREAK, DOCTOR, EDGES, Sheet, labelled, stated, take_details
from rules.entry.is_patient import block_words
from rules.entry.name_words import (
    name_words,
    needed_by_a_name,
)
from rules.entry.teeth import take_teeth
from rules.entry.title_names import may_name, title_part, without
from rules.entry.unlabelled import GAP
from rules.text.fold import key, tokens


def sort(sheet: Sheet, text: str) -> None:
    """Sort the title: labels, outcome, details, statements and motifs are taken out, the name is what remains."""
    crossed = _CROSSED.match(text)
    doubt = _DOUBT.search(text)
    sheet.crossed = crossed[1] if crossed else doubt[1] if doubt else ""
    for segment in labels.cut(_TAG.sub("", _plain(text))):
        if segment.label == "comment":
            sheet.comment.append(segment.value)
        elif segment.label == "outcome":
            _free_title(sheet, segment.value)
        elif segment.label and not (segment.label == "new" and yes_no.yes(segment.value) is None):
            labelled(sheet, segment)
        else:
            sheet.statements.update({"new"} if segment.label else ())
            _free_title(sheet, segment.value)
    if sheet.kept_for and sheet.name and sheet.motifs:
        _of_a_note(sheet, text)


def _of_a_note(sheet: Sheet, text: str) -> None:
    """`devis DUPONT Marie implant`: behind a word of work the motif is the note's, until it is typed as hers. To keep
    the time for her or to call her (`RAPPELER DUPONT Marie ctrl`) is no such work."""
    first = text.find(sheet.kept_for)
    work = block_words(sheet.practice).intersection(key(text).split()) - _HELD
    if work and 0 <= first < text.find(sheet.name.split()[0]):
        sheet.comment.extend(sheet.motifs)
        sheet.motifs.clear()


def _plain(text: str) -> str:
    """The title without emoji and similar signs, which are no part of a name."""
    if text.isascii() or not _MAY_BE_DRAWN.search(text):
        return text
    drawn = {sign for sign in text if unicodedata.category(sign) in _DRAWN and sign not in "°+"}
    return "".join(" " if sign in drawn else sign for sign in text) if drawn else text


def _free_title(sheet: Sheet, text: str) -> None:
    said = sheet.said(text, stands=lambda start, end: not _in_a_name(sheet, text, start, end))
    if said:
        sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
        text = f"{said.before}{GAP}{said.after}"
    if "=" in text and (choice := _CHOICE.search(text)):
        sheet.choice, text = int(choice[1]), text[: choice.start()]
    text = take_details(sheet, _STROKE.sub(" / ", text) if "/" in text else text)
    if any(map(str.isdigit, text)):
        text = take_teeth(sheet, _AGE.sub(lambda found: _noted(sheet, found[0]), text))
    text = _take_words(sheet, text)
    for joint, part in _parts(text):
        title_part(sheet, part, joint)


def _parts(text: str) -> list[tuple[str, str]]:
    """The parts of a title, each with the sign before it."""
    found, joint, last = [], "", 0
    for sign in [*BREAK.finditer(text), None]:
        part = text[last : sign.start() if sign else len(text)].strip(EDGES)
        if part:
            found.append((joint.strip(), part))
        joint, last = (sign[0], sign.end()) if sign else ("", last)
    return found


def _noted(sheet: Sheet, text: str) -> str:
    """Keep an age or an hour beside the name with the comment; the event's own length (`45'`) is meant."""
    if _LENGTH.fullmatch(text.strip()) and yes_no.minutes(text) == sheet.minutes:
        sheet.add("duration", text.strip())
    else:
        sheet.comment.append(text.strip())
    return GAP


def _in_a_name(sheet: Sheet, text: str, start: int, end: int) -> bool:
    """Whether a word of status is part of a name: joined by a hyphen, or beside a first name without another family
    name."""
    if text[max(start - 1, 0) : start] in _HYPHENS or text[end : end + 1] in _HYPHENS:
        return True
    word = key(text[start:end])
    if word not in _ALSO_NAMES:
        return False
    found = name_words(text)
    here = next((place for place, one in enumerate(found) if one.start <= start < one.end), None)
    others = [one for one in found if one.folded not in _ALSO_NAMES and may_name(sheet, one)]
    return here is not None and needed_by_a_name(text, found, here, others)


def _take_words(sheet: Sheet, text: str) -> str:
    """The text without statements, motifs and dentist, which are noted."""
    spoken = tokens(text)
    typed = [word for word, _, _ in spoken]
    places = [(spoken[a][1], spoken[b - 1][2]) for a, b in stated(sheet, typed)]
    for mention in _motifs_beside_names(sheet, text, typed, spoken):
        sheet.motifs[mention.label] = None
        places.append((spoken[mention.start][1], spoken[mention.end - 1][2]))
    places += _doctors(sheet, text)
    return without(text, places)


def _doctors(sheet: Sheet, text: str) -> list[tuple[int, int]]:
    """The places of the practice's dentists in a title that says more than that, noted: `Dr Martin DUPONT Marie`."""
    places = []
    for found in DOCTOR.finditer(text):
        around = f"{text[: found.start()]}{text[found.end() :]}"
        for name in dict.fromkeys((found[1], found[1].split()[0])):
            if around.strip(EDGES) and yes_no.dentist(name, sheet.practice).key:
                sheet.add("dentist", f"Dr {name}")
                places.append((found.start(), found.start(1) + len(name)))
                break
    return places


def _motifs_beside_names(
    sheet: Sheet, text: str, typed: list[str], spoken: list[tuple[str, int, int]]
) -> list[motifs.Mention]:
    """The motifs of a title. Of two, one in capitals beside a lone first name is the family name: `COURONNE Marie`."""
    mentions = list(motifs.find(typed, sheet.practice, near=False))
    if len(mentions) < 2:
        return mentions
    found, kept = name_words(text), []
    others = [one for one in found if one.folded not in typed_by(mentions, typed) and may_name(sheet, one)]
    for mention in mentions:
        here = next((place for place, one in enumerate(found) if one.start == spoken[mention.start][1]), None)
        loud = here is not None and found[here].loud and not text.isupper() and mention.end - mention.start == 1
        if not (loud and here is not None and needed_by_a_name(text, found, here, others)):
            kept.append(mention)
    return kept or mentions


def typed_by(mentions: list[motifs.Mention], typed: list[str]) -> set[str]:
    """The typed words that name these motifs."""
    return {word for mention in mentions for word in typed[mention.start : mention.end]}


_MAY_BE_DRAWN = re.compile("[\u00a2-\u00af\u0300-\u036f\u2100-\uffff\U00010000-\U0010ffff]")
_TAG = re.compile(r"^\s*\[[^\[\]]*\](?=\s*\w)")  # tells the dentists of a shared calendar apart
_AGE = re.compile(  # `8 ans`, `14h30`, `14:30`; without the words before it
    r"(?<![\w/.])(?:à\s+)?\d{1,3}\s?(?:(?:ans?|mois|min|mn)(?!\w)|['’′](?![\w'’′]))|(?<![\w/.])(?:à\s+)?\d{1,2}\s?h\s?(?:\d{2})?(?!\w)"
    r"|(?<![\w/.])(?:à\s+)?\d{1,2}:[0-5]\d(?!\w)",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"\d{1,3}\s?(?:min|mn|['’′])|[1-3]\s?h\s?(?:[0-5]\d)?", re.IGNORECASE)  # `45'`, `1h30`
_DOUBT = re.compile(r"\w\s*(\?+)\s*$")
_STROKE = re.compile(r"(?<=[^\W\d_]{2})/(?=[^\W\d_]{2})")  # `Tom/Jade`, `Marie/ctrl`
_CROSSED = re.compile("\\s*([❌✖✗✘🚫⛔❎])")
_CHOICE = re.compile(r"(?<!\w)=\s*(\d{1,2})\s*$")
_DRAWN = frozenset({"So", "Sk", "Cs", "Co", "Mn", "Me"})
_HYPHENS = frozenset("-‐‑'’")
_STATUS_NAMES = "lapin absent retard arrive venu present honore prevenu excuse annule"
_ALSO_NAMES = frozenset(_STATUS_NAMES.split())  # words of status that people are called too
_HELD_WORDS = (
    "bloque bloquee occupe occupee reserve reservee urgences appeler rappeler rappel contacter recontacter tel"
)
_HELD = frozenset(_HELD_WORDS.split())
