"""The title of an event sorted: the name is what remains when everything known is taken out
(docs/design.md#what-she-types)."""

from __future__ import annotations

import re

from rules.details import names
from rules.entry import labels, motifs, outcomes, yes_no
from rules.entry.classified import BREAK, DOCTOR, EDGES, Sheet, labelled, stated, take_details
from rules.entry.unlabelled import GAP
from rules.text.fold import key, tokens


def sort(sheet: Sheet, text: str) -> None:
    """Sort the title: labels, outcome, details, statements and motifs are taken out, the name is what remains."""
    for segment in labels.cut(_TAG.sub("", text)):
        if segment.label == "comment":
            sheet.comment.append(segment.value)
        elif segment.label == "outcome":
            _free_title(sheet, segment.value)
        elif segment.label and not (segment.label == "new" and yes_no.yes(segment.value) is None):
            labelled(sheet, segment)
        else:
            sheet.statements.update({"new"} if segment.label else ())
            _free_title(sheet, segment.value)


def _free_title(sheet: Sheet, text: str) -> None:
    said = sheet.said(text, anywhere=True)
    if said:
        sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
        text = f"{said.before}{GAP}{said.after}"
    text = take_details(sheet, text)
    text = _take_words(sheet, text)
    for part in filter(None, (part.strip(EDGES) for part in BREAK.split(text))):
        _title_part(sheet, part)


def _take_words(sheet: Sheet, text: str) -> str:
    """The text without statements, motifs and dentist, which are noted."""
    spoken = tokens(text)
    typed = [word for word, _, _ in spoken]
    places = [(spoken[a][1], spoken[b - 1][2]) for a, b in stated(sheet, typed)]
    for mention in motifs.find(typed, sheet.practice, near=False):
        sheet.motifs[mention.label] = None
        places.append((spoken[mention.start][1], spoken[mention.end - 1][2]))
    for found in DOCTOR.finditer(text):
        around = f"{text[: found.start()]}{text[found.end() :]}"
        if around.strip(EDGES) and yes_no.dentist(found[1], sheet.practice).key:
            sheet.add("dentist", found[0])
            places.append(found.span())
    return _without(text, places)


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
    if _AMOUNT.fullmatch(part):
        sheet.comment.append(part)
        return
    if sheet.name and " " not in sheet.name and " " not in part and names.usual_given(part):
        sheet.name = f"{sheet.name} {part}"  # `DUPONT – Marie`
        return
    if sheet.name or not any(map(str.isalpha, part)):
        sheet.left.append(part)
        return
    sheet.name, more = _name_and_more(part)
    if more:
        sheet.left.append(more)


def _past_vague(sheet: Sheet, part: str) -> str:
    """The part without empty words around it (`RDV DUPONT Marie`, `Libre DUPONT Marie`), which are left over."""
    spoken = tokens(part)
    telling = [index for index, (word, _, _) in enumerate(spoken) if word not in _EMPTY]
    people = [index for index in telling if spoken[index][0] not in _PLACES]
    telling = telling if len(people) == 1 else people  # `LIBRE Jean` is somebody
    if not telling:
        sheet.left.append(part)
        return ""
    first, last = telling[0], telling[-1]
    begin = spoken[first][1] if first else 0
    end = len(part) if last == len(spoken) - 1 else spoken[last + 1][1]
    sheet.left.extend(filter(None, [part[:begin].strip(), part[end:].strip()]))
    return part[begin:end].strip(EDGES)


_TAG = re.compile(r"^\s*\[[^\[\]]*\](?=\s*\w)")  # tells the dentists of a shared calendar apart
_AMOUNT = re.compile(r"(?:à\s*)?\d{1,3}\s?(?:ans|mois|min|mn|h)\s?(?:\d{2})?", re.IGNORECASE)  # `8 ans`, `14h30`
_EMPTY = frozenset(
    {"rdv", "rendez", "vous", "consultation", "consult", "patient", "patiente", "pour", "avec", "voir", "autre", "rv"}
)
_PLACES = frozenset({"libre", "reserve", "reservee", "creneau", "dispo", "disponible", "plage", "urgences"})


def _name_and_more(part: str) -> tuple[str, str]:
    """`DUPONT Marie blanchiment` → the name, and the small words behind it."""
    spoken, named = part.split(" "), 0
    for index, word in enumerate(spoken):
        if _introduces(word):
            break
        if named >= 2 and word.islower() and not names.particle(word) and not names.usual_given(word):
            return " ".join(spoken[:index]), " ".join(spoken[index:])
        named += not names.particle(word)
    return part, ""


def _introduces(word: str) -> bool:
    """A word after which another family name follows: `née MARTIN`."""
    return key(word) in {"ne", "nee", "epouse", "ep", "veuve", "vve"}
