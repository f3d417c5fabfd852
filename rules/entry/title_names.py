"""Finds the name in what remains of a title, and what stands beside it (docs/design.md#what-she-types)."""

from __future__ import annotations

import re

from rules.details import names
from rules.entry import motifs, vocabulary
from rules.entry.classified import EDGES, Sheet
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
from rules.entry.unlabelled import GAP
from rules.text.fold import key, tokens


def title_part(sheet: Sheet, part: str, joint: str) -> None:
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
    said = next((n for n in (4, 3, 2, 1) if key(" ".join(spoken[:n])) in vocabulary.usual().postponed), 0)
    if _CONDITION.match(part):
        sheet.crossed = sheet.crossed or part
        return ""
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
        _leave(sheet, more)
        return
    found = name_words(part)
    work = [place for place, one in enumerate(found) if one.folded in block_words(sheet.practice)]
    others = [one for place, one in enumerate(found) if place not in work and may_name(sheet, one)]
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
        _leave(sheet, more)
        return
    sheet.kept_for = sheet.kept_for or found[work[0]].typed
    cuts = [(found[place].start, found[place].end) for place in work]
    pieces = [piece.strip(EDGES) for piece in without(part, cuts).split(GAP)]
    beside = vocabulary.usual().beside
    sheet.left.extend(piece for piece in pieces if piece and _names_nobody(piece, beside))
    pieces = [piece for piece in pieces if piece and not _names_nobody(piece, beside)]
    for piece in filter(None, (_past_vague(sheet, _past_beside(sheet, piece, beside)) for piece in pieces)):
        name, more = ("", piece) if sheet.name else _name_and_more(sheet, piece)
        sheet.name = sheet.name or name
        _leave(sheet, more)


def _leave(sheet: Sheet, more: str) -> None:
    """Leave over what stands behind a name; a condition (`ou sa femme`) puts the whole appointment in doubt."""
    if _CONDITION.match(more):
        sheet.crossed = sheet.crossed or more
    elif more:
        sheet.left.append(more)


def _names_nobody(piece: str, beside: frozenset[str]) -> bool:
    """Whether the words beside a block's word name nobody: `Réunion d'équipe`."""
    return all(word in beside or motifs.small(word) or word.isdigit() for word in key(piece).split())


def _past_beside(sheet: Sheet, piece: str, beside: frozenset[str]) -> str:
    """The piece without the words before a name that belong to the work: `plan de traitement FOURNIER`."""
    spoken = tokens(piece)
    count = next((n for n, (word, _, _) in enumerate(spoken) if word not in beside and not motifs.small(word)), 0)
    last = max((n for n in range(count) if spoken[n][0] in beside), default=-1)
    if last < 0:
        return piece
    sheet.left.append(piece[: spoken[last][2]])
    return piece[spoken[last][2] :].strip(EDGES)


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


def may_name(sheet: Sheet, word: Word) -> bool:
    """Whether a remaining word may be a name, and is no word of the reception."""
    if word.folded in _EMPTY | _PLACES | vocabulary.usual().sentence or not is_name_word(word):
        return False
    known = motifs.of_the_trade(word.folded) or motifs.find([word.folded], sheet.practice, near=False)
    return not known and word.folded not in block_words(sheet.practice)


def without(text: str, places: list[tuple[int, int]]) -> str:
    """The text with gaps in these places, which may overlap."""
    out, last = [], 0
    for start, end in sorted(places):
        if start >= last:
            out += [text[last:start], GAP]
        last = max(last, end)
    return "".join(out) + text[last:]


_ALONE_NEW = frozenset({"nouveau", "nouvelle"})
_EMPTY = frozenset(
    {"rdv", "rendez", "vous", "consultation", "consult", "patient", "patiente", "pour", "avec", "voir", "autre", "rv",
     "dentiste", "pt", "pte", "pat", "cs", "cons", "dent", "dents", "elle", "il"}
)  # fmt: skip
_PLACES = frozenset({"libre", "reserve", "reservee", "creneau", "dispo", "disponible", "plage", "urgences"})
_AND = frozenset({"+", "&", "/", "et", ","})
_CONDITION = re.compile(r"(?:si\s+pas|sauf\s+si|ou\s+\w|si\b.*\b(?:annul|vient\s+pas|d[ée]sist))", re.IGNORECASE)
