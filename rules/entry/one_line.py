"""A line whose details stand in any order, with or without labels, separated by anything.

A detail is believed where its clause says nothing else, or its own label stands before it. Whose it is decides: a
daughter's number is comment, a mother's the guardian's, and one beside words that nobody understands is asked about.
What remains is kept with the comment, and said to be kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.details.mobile import mobile
from rules.details.street import BEGINS
from rules.entry import unlabelled, vocabulary, yes_no
from rules.entry.classified import DOCTOR, EDGES, REFERRED, Sheet, stated
from rules.entry.labels import LABELS, Segment
from rules.entry.unlabelled import Span
from rules.text.fold import tokens

Known = Callable[[Sheet, str], bool]  # notes what a part without details says, or answers False

_LONGEST = 1000  # signs of a line; a longer one is prose
_CLAUSE = re.compile(r"\s*[,;|\n•]\s*|\s+[-–—/+&]+\s+|(?<=[^\W\d_]{3})\.\s+|(?<=\d\d)\.\s+(?=[^\W\d_])")
_FILLER_WORDS = (
    "le la les l du de d des au aux a et ou un une ce c est sont sur par son sa ses mon ma oui ok vers donc puis"
    " joignable contact coordonnees coord patient patiente pt pte perso personnel personnelle principal principale"
    " habite demeurant demeure domicilie domiciliee domicile elle lui il egalement aussi merci bien"
)
_FILLER = frozenset(_FILLER_WORDS.split())
_SMALL_WORDS = "le la les l du de d des a et un une son sa"
_SMALL = frozenset(_SMALL_WORDS.split())
_NEWS_WORDS = (
    "nouveau nouvelle nouvel nvo nv nx nvx nvlle nvelle nvel nlle nve nouv"
    " new change changement changements demenage demenagement modif"
    " modifie modifiee modification maj mise jour actualise actualisee desormais maintenant dorenavant remplace"
    " corrige corrigee correction"
)
_NEWS = frozenset(_NEWS_WORDS.split())
_OLD_WORDS = "ancien ancienne anciens avant plus perime perimee supprimer efface effacer"
_OLD = frozenset(_OLD_WORDS.split())
_OTHERS_WORDS = (
    "fille fils enfant enfants mari femme epoux epouse conjoint conjointe compagnon compagne concubin concubine"
    " ami amie copain copine voisin voisine soeur frere cousin cousine tante oncle neveu niece belle beau collegue"
    " employeur travail bureau boulot infirmier infirmiere taxi ambulance ambulancier vsl aide auxiliaire medecin"
    " docteur dr pharmacie pharmacien labo laboratoire cabinet foyer ecole ehpad curateur curatrice secretaire"
    " assistante assistant mamie papi papy grand m mr mme mlle monsieur madame"
)
_OTHERS = frozenset(_OTHERS_WORDS.split())
_PARENTS_WORDS = "maman papa mere pere parent parents tuteur tutrice"
_PARENTS = frozenset(_PARENTS_WORDS.split())
_LANDLINE = frozenset({"fixe", "fax"})
_PEOPLE = frozenset({"patient", "patiente", "pat", "pt", "pte", "client", "cliente", "dossier", "fiche", "elle"})
_NAMES = frozenset({"mobile", "email", "birth", "address"})  # labels whose value may be followed by other details
_LABEL_WORDS = frozenset(word for name, label in LABELS.items() if label in _NAMES for word in name.split())
_MAY_GO_ON = _NAMES | {"patient", "family", "given", "motif", "dentist", "known", "visit"}


class _Clause(Struct, frozen=True):
    """The text between two separators: its details, and its other words with their places in the line."""

    text: str
    begin: int
    found: tuple[Span, ...]
    words: tuple[tuple[str, int, int], ...]

    def has(self, words: frozenset[str]) -> bool:
        """Whether one of its words is among these."""
        return any(word in words for word, _, _ in self.words)


def sort(sheet: Sheet, line: str, known: Known) -> bool:
    """Sort a line that holds a detail or only statements; False, with nothing noted, for any other."""
    if len(line) <= _LONGEST and " par " in line and (sent := REFERRED.search(line)):
        sheet.comment.append(sent[0])
        line = f"{line[: sent.start()].rstrip()}, {line[sent.end() :].lstrip(' ,.;')}".strip(" ,")
        if not line:
            return True
    found = unlabelled.spans(line, sheet.today) if len(line) <= _LONGEST else ()
    if not found:
        return _states(sheet, line) or _dentist(sheet, line) or _states_some(sheet, line, known)
    left: list[str] = []
    for clause in _clauses(line, found):
        if not _clause(sheet, clause, _nothing if left else known):
            left.append(clause.text.strip(EDGES))
    sheet.comment.extend([line] if len(left) > 1 and _all(left, line) else left)
    return True


def _states_some(sheet: Sheet, line: str, known: Known) -> bool:
    """`Nouveau patient adressé par Dr Petit, sans préférence`: what is stated counts, and the rest is comment."""
    if len(line) > _SHORT or any(word in _RELATIVES for word, _, _ in tokens(line)):
        return False  # `sa femme, nouvelle patiente, viendra`
    clauses = [one for one in (part.strip(EDGES) for part in _CLAUSE.split(line)) if one]
    probe = replace(sheet, statements=set())
    stating = [one for one in clauses if _states(probe, one)]
    begun = _begun(sheet, clauses[0]) if clauses and clauses[0] not in stating else ""
    if not (stating or begun) or not probe.statements <= _ANSWERS:
        return False
    left: list[str] = []
    others = [one for one in clauses if one not in stating]
    for clause in [begun, *others[1:]] if begun else others:
        if left or not (_dentist(sheet, clause) or known(sheet, clause)):
            left.append(clause)
    sheet.statements.update(probe.statements | ({"new"} if begun else set()))
    sheet.comment.extend(left)
    return True


def _begun(sheet: Sheet, clause: str) -> str:
    """What follows `Nouveau patient` at the beginning of a clause; empty where it does not begin so."""
    spoken = tokens(clause)
    phrases = vocabulary.statements(sheet.practice)
    for count in (3, 2):
        if count < len(spoken) and phrases.get(" ".join(word for word, _, _ in spoken[:count])) == "new":
            return clause[spoken[count - 1][2] :].strip(EDGES)
    return ""


_SHORT = 160  # signs of a line of answers; a longer one is prose
_RELATIVES = _OTHERS - {"dr", "docteur", "medecin"}
_ANSWERS = frozenset({"new", "not_known", "known", "preference"})


def is_news(words: Sequence[str]) -> bool:
    """Whether the words before a label only say that its value is new (`a changé de`, `nouveau`), or of what kind it
    is."""
    return bool(words) and all(word in _NEWS | _SMALL | _LABEL_WORDS for word in words)


def apart(sheet: Sheet, segment: Segment) -> tuple[Segment, str]:
    """A labelled segment up to the first detail of another kind, and the text from there: `ddn : 12/05/81 tel 06 …`."""
    if segment.label not in _MAY_GO_ON or len(segment.value) > _LONGEST or not _goes_on(segment):
        return segment, ""
    others = [one.start for one in unlabelled.spans(segment.value, sheet.today) if one.label != segment.label]
    ends = [one.end() for one in _CLAUSE.finditer(segment.value) if segment.label == "address"]
    others += [end for end in ends if _states(replace(sheet, statements=set()), segment.value[end:])]
    cut = min(others, default=0)
    head = segment.value[:cut].strip(f"{EDGES} ")
    return (replace(segment, value=head), segment.value[cut:]) if head else (segment, "")


def _goes_on(segment: Segment) -> bool:
    """Whether the value may hold another detail at all: most hold one, and need no search."""
    value = segment.value
    if segment.label == "email":
        return len(value.split()) > 1
    if segment.label in {"mobile", "birth"}:
        return len(value) > _ONE_DETAIL
    return "@" in value or _MORE.search(value) is not None


_ONE_DETAIL = 18  # signs of a mobile or a date at most
_MORE = re.compile(r"\b0\d|\+|\b33|\b(?:ddn|n[ée]e?|ss|sans|pas|np|nouve|peu)\b|\d[./-]\d", re.IGNORECASE)


def _nothing(_sheet: Sheet, _part: str) -> bool:
    return False


def _all(left: Sequence[str], line: str) -> bool:
    return sum(map(len, left)) >= len(line) - 3 * len(left)


def _clauses(text: str, found: Sequence[Span]) -> Iterator[_Clause]:
    """The clauses of a line; a separator inside a detail (`3 rue Haxo, 75020 Paris`) separates nothing."""
    cuts = [one.span() for one in _CLAUSE.finditer(text) if not _inside(one.span(), found)]
    begins, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    for begin, end in zip(begins, ends, strict=True):
        own = tuple(span for span in found if begin <= span.start < end)
        spoken = ((word, begin + start, begin + stop) for word, start, stop in tokens(text[begin:end]))
        free = tuple(one for one in spoken if not any(span.start <= one[1] < span.end for span in own))
        if own or free:
            yield _Clause(text[begin:end], begin, own, free)


def _inside(place: tuple[int, int], found: Sequence[Span]) -> bool:
    return any(span.start < place[1] and place[0] < span.end for span in found)


def _clause(sheet: Sheet, clause: _Clause, known: Known) -> bool:
    """Note one clause; False where it is left over, or a part of it."""
    if not clause.found:
        return _without_details(sheet, clause.text.strip(EDGES), known)
    if _with_another(sheet, clause):
        return True
    clause, dentist = _without_dentist(sheet, clause)
    if clause.has(_OTHERS) or clause.has(_OLD):
        sheet.kept.append(clause.text.strip(EDGES))
        return False
    unknown = _unknown(sheet, clause, known)
    for span in clause.found:
        if _landline(clause, span):
            continue
        if not unknown or span.named or span.label == "address" or _wished(clause, unknown):
            _note(sheet, span)
        elif span.label == "email" or (span.label == "mobile" and mobile(span.text).value):
            sheet.unclear.append(clause.text.strip(EDGES))
    if unknown:
        sheet.kept.append(unknown)
    elif dentist:
        sheet.add("dentist", dentist)
    return not unknown


def _wished(clause: _Clause, unknown: str) -> bool:
    """Whether the unknown words stand behind the details and say when the patient can come: `… dispo le mardi`."""
    return clause.text.rstrip(EDGES).endswith(unknown) and unknown.split(" ", maxsplit=1)[0].lower() in _WISHES


_WISHES = frozenset({"dispo", "disponible", "dispos", "plutôt", "plutot", "préfère", "prefere"})


def _without_details(sheet: Sheet, text: str, known: Known) -> bool:
    if BEGINS.match(text):
        sheet.add("address", text)
        return True
    return known(sheet, text) or _states(sheet, text) or _dentist(sheet, text)


def _without_dentist(sheet: Sheet, clause: _Clause) -> tuple[_Clause, str]:
    """The clause without a dentist of the practice, who is nobody else to be reached, and that dentist as typed."""
    found = DOCTOR.search(clause.text)
    name = _of_the_practice(sheet, found)
    if not found or not name:
        return clause, ""
    begin = clause.begin + found.start()
    words = tuple(one for one in clause.words if not begin <= one[1] < begin + len(name))
    return replace(clause, words=words), name


def _of_the_practice(sheet: Sheet, found: re.Match[str] | None) -> str:
    """The dentist of the practice in what `DOCTOR` found, as typed; empty for any other."""
    written = (found[0], found[0].rpartition(" ")[0]) if found else ()  # `Dr Martin né(e)`: a word too many
    return next((one for one in written if yes_no.dentist(one, sheet.practice).key), "")


def _with_another(sheet: Sheet, clause: _Clause) -> bool:
    """A parent's number or e-mail, or an address with the name at its door: `chez M. Petit 14 bd Voltaire …`."""
    kinds = {span.label for span in clause.found}
    if clause.has(_PARENTS) and kinds & {"mobile", "email"}:
        sheet.add("guardian", _parent(clause))
        return True
    if clause.words and clause.words[0][0] == "chez" and kinds == {"address"}:
        sheet.add("address", clause.text[: clause.found[-1].end - clause.begin].strip(EDGES))
        return True
    return False


def _parent(clause: _Clause) -> str:
    """Who answers for the patient, and their number or e-mail: `tel maman (Julie) 06 …` → `maman Julie, 06 …`."""
    called = [
        clause.text[begin - clause.begin : end - clause.begin]
        for word, begin, end in clause.words
        if word not in _FILLER | _LABEL_WORDS
    ]
    return ", ".join([" ".join(called), *(span.text for span in clause.found)])


def _landline(clause: _Clause, span: Span) -> bool:
    """Whether the number is typed as a landline: `fixe 01 …`."""
    before = max((one.end for one in clause.found if one.end <= span.start), default=clause.begin)
    return any(word in _LANDLINE and before <= place < span.start for word, place, _ in clause.words)


def _note(sheet: Sheet, span: Span) -> None:
    if span.label == "address":
        sheet.add("address", span.text)
    else:
        sheet.loose.setdefault(span.label, []).append(span.text)


def _unknown(sheet: Sheet, clause: _Clause, known: Known) -> str:
    """The words of a clause, beside its details, that say nothing known, as typed in one piece; empty where none."""
    spoken = [word for word, _, _ in clause.words]
    news = [word in _NEWS and after not in _PEOPLE for word, after in zip(spoken, [*spoken[1:], ""], strict=False)]
    places = stated(sheet, ["" if new else word for word, new in zip(spoken, news, strict=True)])
    said = {index for begin, end in places for index in range(begin, end)}
    skip = _FILLER | _NEWS | _LABEL_WORDS | _LANDLINE
    aged = [after in {"ans", "an"} and word.isdigit() for word, after in zip(spoken, [*spoken[1:], ""], strict=False)]
    said |= {index + more for index, age in enumerate(aged) if age for more in (0, 1)}
    left = [one for index, one in enumerate(clause.words) if index not in said and one[0] not in skip]
    if not left:
        return ""
    begin, end = left[0][1], left[-1][2]
    piece = clause.text[begin - clause.begin : end - clause.begin]
    if BEGINS.match(piece):
        sheet.add("address", piece)  # without its postcode: asked about
        return ""
    whole = not any(begin <= span.start < end for span in clause.found)
    return "" if whole and known(sheet, piece) else piece


_WITH_WORDS = (
    "veut voir avec suivi suivie par patient patiente de du d prefere souhaite demande dentiste attitre attitree"
    " habituel habituelle toujours chez le la dr dre docteur etre voudrait aimerait rester ok svp si possible"
    " preference"
)
_WITH = frozenset(_WITH_WORDS.split())


def _dentist(sheet: Sheet, text: str) -> bool:
    """Note a dentist of the practice and statements beside (`patient du Dr Bernard`, `NP avec Dr Martin`); False if
    other words are left."""
    found = DOCTOR.search(text) if len(text) <= 80 else None
    name = _of_the_practice(sheet, found)
    if not found or not name:
        return False
    around = [word for word, _, _ in tokens(f"{text[: found.start()]} {text[found.start() + len(name) :]}")]
    rest = [word for word in around if word not in _WITH]
    if rest and not (_states(sheet, " ".join(around)) or _states(sheet, " ".join(rest))):
        return False
    sheet.add("dentist", name)
    return True


def _states(sheet: Sheet, text: str) -> bool:
    """Whether the text has only statements (`np sans préférence`) and small words."""
    spoken = [word for word, _, _ in tokens(text[:200])]
    if not spoken or len(spoken) > 12:
        return False
    before = set(sheet.statements)
    said = {index for begin, end in stated(sheet, spoken) for index in range(begin, end)}
    if not said or any(index not in said and word not in _SMALL for index, word in enumerate(spoken)):
        sheet.statements.clear()
        sheet.statements.update(before)
        return False
    return True
