"""Sorts the title of an event: the name is what remains when everything known is taken out
(docs/design.md#what-she-types).

Labels and details come first, then capitals and first names, and lists of words last: a word that a name needs
(`MARIAGE Louise`, `LAPIN Louise`) is never a status, a motif or a reason.
"""

from __future__ import annotations

import re
import unicodedata

from rules.details import names, street
from rules.entry import labels, motifs, outcomes, vocabulary, yes_no
from rules.entry.classified import BREAK, DOCTOR, EDGES, REFERRED, Sheet, labelled, stated, take_details, wished
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
    if doubt:
        text = f"{text[: doubt.start(1)]}{text[doubt.end(1) :]}"
    for segment in labels.cut(_TAG.sub(_tag, _plain(text))):
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


def _tag(found: re.Match[str]) -> str:
    """Nothing in place of a tag of dentists; `[DUPONT Marie]` is a patient."""
    spoken = found[1].split()
    called = len(spoken) > 1 and any(map(names.usual_given, spoken)) and not DOCTOR.search(found[1])
    return f"{found[1]} " if called else ""


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
    text = wished(sheet, text)
    if "=" in text and (choice := _CHOICE.search(text)):
        sheet.choice, text = int(choice[1]), text[: choice.start()]
    text = REFERRED.sub(lambda found: _left(sheet, found[0]), _BORN_AS.sub(lambda found: _born_as(sheet, found), text))
    text = take_details(sheet, _whole_addresses(sheet, _STROKE.sub(" / ", text) if "/" in text else text))
    if any(map(str.isdigit, text)):
        text = _DAY.sub(lambda found: _noted(sheet, found[0]), text)
        text = _ORDINAL.sub(lambda found: _left(sheet, found[0]), text)
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


def _whole_addresses(sheet: Sheet, text: str) -> str:
    """The text without whole addresses, which are noted: a phone number does not run into the number of a house."""
    for begin, end in reversed(list(street.find(text))):
        sheet.place = text[begin:end]
        text = f"{text[:begin]}{GAP}{text[end:]}"
    return text


def _born_as(sheet: Sheet, found: re.Match[str]) -> str:
    """Note the birth name in brackets between a family name and a first name: `ROUX (née PETITJEAN) Camille`."""
    sheet.add("birth_name", found[1].strip())
    return " "


def _left(sheet: Sheet, text: str) -> str:
    """Leave over what says neither who nor what: `2e rdv`, `adressée par Dr Petit`."""
    sheet.left.append(text.strip(EDGES))
    return GAP


def _noted(sheet: Sheet, text: str) -> str:
    """Keep an age or an hour beside the name with the comment; the event's own length (`45'`) is meant."""
    length = yes_no.minutes(text) if _LENGTH.fullmatch(text.strip()) else None
    sheet.measured = sheet.measured or length is not None
    if length is not None and length == sheet.minutes:
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
    found, known = name_words(text), _motif_places(sheet, text)
    here = next((place for place, one in enumerate(found) if one.start <= start < one.end), None)
    others = [one for one in found if one.folded not in _ALSO_NAMES and may_name(sheet, one)]
    others = [one for one in others if not any(a <= one.start < b for a, b in known)]
    if here is not None and word == "lapin" and found[here].loud and not others:
        return bool(known) or not block_words(sheet.practice).isdisjoint(key(text).split())  # `DÉTARTRAGE LAPIN`
    return here is not None and needed_by_a_name(text, found, here, others)


def _motif_places(sheet: Sheet, text: str) -> list[tuple[int, int]]:
    spoken = tokens(text)
    found = motifs.find([word for word, _, _ in spoken], sheet.practice, near=False)
    return [(spoken[one.start][1], spoken[one.end - 1][2]) for one in found]


def _take_words(sheet: Sheet, text: str) -> str:
    """The text without statements, motifs and dentist, which are noted."""
    spoken = tokens(text)
    typed = [word for word, _, _ in spoken]
    places = [(spoken[a][1], spoken[b - 1][2]) for a, b in stated(sheet, typed)]
    for mention in _motifs_beside_names(sheet, text, typed, spoken):
        sheet.motifs[mention.label] = None
        begin, end = _with_its_step(sheet, text, spoken, mention)
        places.append((begin, end))
    places += _doctors(sheet, text)
    return without(text, places)


def _with_its_step(
    sheet: Sheet, text: str, spoken: list[tuple[str, int, int]], mention: motifs.Mention
) -> tuple[int, int]:
    """The place of a motif with the words around that say which step of it, or how often; those are left over."""
    behind, first, last = vocabulary.usual().behind, mention.start, mention.end
    while first and _of_a_step(spoken[first - 1][0]) and _close(text, spoken[first - 1], spoken[first]):
        first -= 1
    while last < len(spoken) and spoken[last][0] in behind and _close(text, spoken[last - 1], spoken[last]):
        last += 1
    begin, end = spoken[first][1], spoken[last - 1][2]
    around = (text[begin : spoken[mention.start][1]], text[spoken[mention.end - 1][2] : end])
    sheet.left.extend(piece.strip() for piece in around if piece.strip())
    return begin, end


def _of_a_step(word: str) -> bool:
    """`pose`, `taille`, and how many: `taille 3 couronnes`."""
    return word in vocabulary.usual().before or (word.isdigit() and len(word) == 1)


def _close(text: str, one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    """Whether nothing stands between two words but a blank or a hyphen."""
    return not text[one[2] : other[1]].strip(" -")


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
_TAG = re.compile(r"^\s*\[([^\[\]]*)\](?=\s*\w)")  # tells the dentists of a shared calendar apart
_AGE = re.compile(  # `8 ans`, `14h30`, `14:30`; without the words before it
    r"(?<![\w/.])(?:à\s+)?\d{1,3}\s?(?:(?:ans?|mois|min|mn)(?!\w)|['’′](?![\w'’′]))|(?<![\w/.])(?:à\s+)?\d{1,2}\s?h\s?(?:\d{2})?(?!\w)"
    r"|(?<![\w/.])(?:à\s+)?\d{1,2}:[0-5]\d(?!\w)",
    re.IGNORECASE,
)
_BORN_AS = re.compile(r"\s*\(\s*(?:n[ée]e|nom de naissance)\s*:?\s+((?!le\s)[^\W\d_][^()\d]*?)\s*\)\s*", re.IGNORECASE)
_ORDINAL = re.compile(  # `2e rdv`, `3ème séance`; the first one is a statement
    r"(?<!\w)(?:[2-9]\s?(?:e|[èe]me|nde?)\s+(?:rdv|rv|visite|fois|cs|consult\w*|rendez[\s-]vous)"
    r"|(?:1\s?(?:re|[èe]re|er)|[2-9]\s?(?:e|[èe]me|nde?))\s+(?:s[ée]ance|passage|partie|temps|[ée]tape|phase)"
    r"|(?:s[ée]ance|rdv)\s+(?:n[°o]\s?)?[1-9](?:\s?/\s?[1-9])?)(?!\w)",
    re.IGNORECASE,
)
_DAY = re.compile(  # `mardi 10h`, `mardi 1er décembre`: compared with the event's by `rules.checks.typed_time`
    r"(?<!\w)(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\s+"
    r"(?:(?:à\s+)?(?=\d{1,2}\s?(?:h|:\d\d))|(?:le\s+)?\d{1,2}(?:er)?(?:/\d{1,2}(?:/\d{2,4})?(?!\d)"
    r"|\s+(?:janv|f[ée]v|mars|avr|mai|juin|juil|ao[uû]t|sept|oct|nov|d[ée]c)[^\W\d_]*\.?))",
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
