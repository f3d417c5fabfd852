"""Sorts the title of an event: the name is what remains when everything known is taken out
(docs/design.md#what-she-types).

Labels and details come first, then capitals and first names, and lists of words last: a word that a name needs
(`MARIAGE Louise`, `LAPIN Louise`) is never a status, a motif or a reason.
"""

from __future__ import annotations

import re
import unicodedata

from rules.details import names
from rules.entry import labels, motifs, outcomes, vocabulary, yes_no
from rules.entry.classified import BREAK, DOCTOR, EDGES, Sheet, labelled, stated, take_details
from rules.entry.is_patient import block_words
from rules.entry.name_words import (
    Word,
    addressed,
    initialled,
    introduces,
    is_name_word,
    name_words,
    needed_by_a_name,
)
from rules.entry.teeth import take_teeth
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
        _title_part(sheet, part, joint)


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
    others = [one for one in found if one.folded not in _ALSO_NAMES and _may_name(sheet, one)]
    return here is not None and needed_by_a_name(text, found, here, others)


def _may_name(sheet: Sheet, word: Word) -> bool:
    """Whether a remaining word may be a name, and is no word of the reception."""
    if word.folded in _EMPTY | _PLACES | vocabulary.usual().sentence or not is_name_word(word):
        return False
    known = motifs.find([word.folded], sheet.practice, near=False)
    return not known and word.folded not in block_words(sheet.practice)


def _take_words(sheet: Sheet, text: str) -> str:
    """The text without statements, motifs and dentist, which are noted."""
    spoken = tokens(text)
    typed = [word for word, _, _ in spoken]
    places = [(spoken[a][1], spoken[b - 1][2]) for a, b in stated(sheet, typed)]
    for mention in _motifs_beside_names(sheet, text, typed, spoken):
        sheet.motifs[mention.label] = None
        places.append((spoken[mention.start][1], spoken[mention.end - 1][2]))
    places += _doctors(sheet, text)
    return _without(text, places)


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
    others = [one for one in found if one.folded not in typed_by(mentions, typed) and _may_name(sheet, one)]
    for mention in mentions:
        here = next((place for place, one in enumerate(found) if one.start == spoken[mention.start][1]), None)
        loud = here is not None and found[here].loud and not text.isupper() and mention.end - mention.start == 1
        if not (loud and here is not None and needed_by_a_name(text, found, here, others)):
            kept.append(mention)
    return kept or mentions


def typed_by(mentions: list[motifs.Mention], typed: list[str]) -> set[str]:
    """The typed words that name these motifs."""
    return {word for mention in mentions for word in typed[mention.start : mention.end]}


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """The text with gaps in these places, which may overlap."""
    out, last = [], 0
    for start, end in sorted(places):
        if start >= last:
            out += [text[last:start], GAP]
        last = max(last, end)
    return "".join(out) + text[last:]


# --- the name --------------------------------------------------------------------------------------------------------


def _title_part(sheet: Sheet, part: str, joint: str) -> None:
    """A part of the title that nothing else claims: the name first, then what is left over."""
    if said := vocabulary.statements(sheet.practice).get(key(part)):
        sheet.statements.add(said)
        return
    part = _past_vague(sheet, _past_postponed(sheet, part))
    if not part:
        return
    if sheet.name and " " not in f"{sheet.name}{part}" and joint not in {"+", "&"} and names.usual_given(part):
        sheet.name = f"{sheet.name} {part}"  # `DUPONT – Marie`
    elif sheet.name and joint in _AND and (names.kin(part) or _lone_given(part, joint)):
        sheet.also.append(part)  # `LEROY Tom + Jade`
    elif sheet.name or not any(map(str.isalpha, part)):
        work = (one.typed for one in name_words(part) if one.folded in block_words(sheet.practice))
        sheet.kept_for = sheet.kept_for or next(work, "")
        sheet.left.append(part)
    else:
        _named(sheet, part)


def _past_postponed(sheet: Sheet, part: str) -> str:
    """The part without what says that the appointment does not stand: `à reporter`, `reporté au 15/12`, and of `à
    confirmer DUPONT Marie` the name."""
    spoken = part.split(" ")
    said = next((n for n in (1, 2) if key(" ".join(spoken[:n])) in vocabulary.usual().postponed), 0)
    if not said:
        return part
    named = any(word[:1].isupper() for word in spoken[said:]) and not sheet.name
    sheet.crossed = sheet.crossed or (" ".join(spoken[:said]) if named else part)
    return " ".join(spoken[said:]) if named else ""


def _lone_given(part: str, joint: str = "") -> bool:
    """Whether the text is a usual first name and nothing else; behind `+` and `&` in small letters too."""
    return (part[:1].isupper() or joint in {"+", "&"}) and all(map(names.usual_given, part.split(" ")))


def _named(sheet: Sheet, part: str) -> None:
    """The name in a part, without words for time that is no booking, which are noted."""
    if block_words(sheet.practice).isdisjoint(key(part).split()):
        sheet.name, more = _name_and_more(sheet, part)
        sheet.left.extend(filter(None, [more]))
        return
    found = name_words(part)
    work = [place for place, one in enumerate(found) if one.folded in block_words(sheet.practice)]
    others = [one for place, one in enumerate(found) if place not in work and _may_name(sheet, one)]
    names_own = [
        place for place in work
        if needed_by_a_name(part, found, place, others) or addressed(found, place)
        or (sheet.motifs and initialled(found, place))
    ]  # fmt: skip
    if names_own and not sheet.motifs and (part.isupper() or not found[names_own[0]].loud):
        sheet.kept_for = found[names_own[0]].typed  # `Congés Marie`: the directory decides
    work = [place for place in work if place not in names_own]
    if not work:
        sheet.name, more = _name_and_more(sheet, part)
        sheet.left.extend(filter(None, [more]))
        return
    sheet.kept_for = sheet.kept_for or found[work[0]].typed
    cuts = [(found[place].start, found[place].end) for place in work]
    pieces = [piece.strip(EDGES) for piece in _without(part, cuts).split(GAP)]
    beside = vocabulary.usual().beside
    sheet.left.extend(piece for piece in pieces if piece and _names_nobody(piece, beside))
    pieces = [piece for piece in pieces if piece and not _names_nobody(piece, beside)]
    for piece in filter(None, (_past_vague(sheet, piece) for piece in pieces)):
        name, more = ("", piece) if sheet.name else _name_and_more(sheet, piece)
        sheet.name = sheet.name or name
        sheet.left.extend(filter(None, [more]))


def _names_nobody(piece: str, beside: frozenset[str]) -> bool:
    """Whether the words beside a block's word name nobody: `Réunion d'équipe`."""
    return all(word in beside or motifs.small(word) or word.isdigit() for word in key(piece).split())


def _past_vague(sheet: Sheet, part: str) -> str:
    """The part without empty words around it (`RDV DUPONT Marie`, `Libre DUPONT Marie`), which are left over."""
    spoken = tokens(part)
    telling = [index for index, (word, _, _) in enumerate(spoken) if word not in _EMPTY]
    people = [index for index in telling if spoken[index][0] not in _PLACES]
    telling = telling if len(people) == 1 else people  # `LIBRE Jean` is somebody
    if not telling:
        sheet.left.append(part)
        return ""
    if len(telling) == len(spoken):
        return part
    first, last = telling[0], telling[-1]
    begin = spoken[first][1] if first else 0
    end = len(part) if last == len(spoken) - 1 else spoken[last + 1][1]
    if _named_by_a_vague_word(part):
        return part
    sheet.left.extend(filter(None, [part[:begin].strip(), part[end:].strip()]))
    return part[begin:end].strip(EDGES)


def _named_by_a_vague_word(part: str) -> bool:
    """Whether a vague word in capitals is a family name beside a first name: `DENT Marie`, `VOIR Jean`."""
    spoken = part.split(" ")
    return (
        len(spoken) == 2
        and spoken[0].isupper()
        and len(spoken[0]) > 3
        and _lone_given(spoken[1])
        and not part.isupper()
    )


def _name_and_more(sheet: Sheet, part: str) -> tuple[str, str]:
    """`DUPONT Marie blanchiment` → the name, and what stands behind it; `cour DUPONT Marie` begins with a motif."""
    spoken = part.split(" ")
    before = _before_capitals(spoken)
    _left_before(sheet, spoken[:before])
    spoken = spoken[before:]
    if len(spoken) > 2 and (mention := _begun(sheet, spoken)):
        sheet.motifs[mention] = None
        spoken = spoken[1:]
    if len(spoken) > 2 and key(spoken[0]) in _ALONE_NEW and any(map(names.usual_given, spoken[1:])):
        sheet.statements.add("new")
        spoken = spoken[1:]
    end = _end_of_name(sheet, spoken)
    return " ".join(spoken[:end]), " ".join(spoken[end:])


def _before_capitals(spoken: list[str]) -> int:
    """How many words in small letters stand before a whole name that begins with capitals: `reporté DUPONT Marie`."""
    loud = next((place for place, word in enumerate(spoken) if word.isupper() and len(word) > 1), 0)
    small = all(word[:1].islower() or word.isdigit() for word in spoken[:loud])
    usual = any(map(names.usual_given, spoken[:loud])) or names.particle(spoken[max(loud - 1, 0)])
    return loud if small and not usual and len(spoken) - loud >= 2 else 0


def _left_before(sheet: Sheet, spoken: list[str]) -> None:
    text = " ".join(spoken)
    if key(text) in vocabulary.usual().postponed:
        sheet.crossed = sheet.crossed or text
    elif spoken:
        sheet.left.append(text)


def _end_of_name(sheet: Sheet, spoken: list[str]) -> int:
    """How many words are the name: up to a sentence, a word in small letters behind a whole name in capitals, a motif
    that was only begun."""
    certain = any(word.isupper() and len(word) > 1 for word in spoken) and not " ".join(spoken).isupper()
    named = 0
    for index, word in enumerate(spoken):
        if introduces(spoken, index):
            return len(spoken)
        if named and _begins_sentence(word):
            return index
        small = word.islower() and not names.particle(word) and not names.usual_given(word)
        if named >= 2 and ((small and certain) or _motif_word(sheet, spoken, index, certain=certain)):
            return index
        named += not (names.particle(word) or names.form_of_address(word))
    return len(spoken)


def _motif_word(sheet: Sheet, spoken: list[str], index: int, *, certain: bool) -> bool:
    """Whether a word after a whole name is about the motif: its beginning, a dental act, or capitals (`CBCT`)."""
    again = certain and spoken[index].isupper() and not spoken[index - 1].isupper()
    again = again and any(word.isupper() and len(word) > 1 for word in spoken[: index - 1])
    return again or motifs.of_the_trade(key(spoken[index])) or bool(_begun(sheet, spoken[index:]))


def _begins_sentence(word: str) -> bool:
    """Whether a sentence begins and the name has ended: `DUPONT Marie ne vient pas`. A word in capitals may still be a
    short name, and so may `d'Hervé`."""
    if not (word.islower() or word.startswith(("qu'", "n'"))) or names.particle(word):
        return False
    return key(word).partition(" ")[0] in vocabulary.usual().sentence


def _begun(sheet: Sheet, spoken: list[str]) -> str:
    """The motif whose name the words begin; empty if there is none, or if the first one is a usual first name."""
    if names.usual_given(spoken[0]):
        return ""
    mention = motifs.begun([key(word) for word in spoken[:4]], sheet.practice)
    return mention.label if mention else ""


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
_AND = frozenset({"+", "&", "/", "et", ","})
_ALONE_NEW = frozenset({"nouveau", "nouvelle"})
_STATUS_NAMES = "lapin absent retard arrive venu present honore prevenu excuse annule"
_ALSO_NAMES = frozenset(_STATUS_NAMES.split())  # words of status that people are called too
_EMPTY = frozenset(
    {"rdv", "rendez", "vous", "consultation", "consult", "patient", "patiente", "pour", "avec", "voir", "autre", "rv",
     "dentiste", "pt", "pte", "pat", "cs", "cons", "dent", "dents", "elle", "il"}
)  # fmt: skip
_HELD_WORDS = (
    "bloque bloquee occupe occupee reserve reservee urgences appeler rappeler rappel contacter recontacter tel"
)
_HELD = frozenset(_HELD_WORDS.split())
_PLACES = frozenset({"libre", "reserve", "reservee", "creneau", "dispo", "disponible", "plage", "urgences"})
