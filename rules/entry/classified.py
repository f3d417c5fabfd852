"""Sorts an event's text: which words answer which question, which are comment, which are left over
(docs/design.md#what-she-types).

Nothing is checked here; `rules.entry.reading` makes an Entry of the sorted sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from msgspec import Struct, field

from rules.details import names
from rules.details.detail import LONGEST_CHARS
from rules.details.postal import address
from rules.details.street import BEGINS
from rules.entry import labels, motifs, outcomes, unlabelled, vocabulary, wish_behind, wished_times, yes_no
from rules.entry.labels import Segment
from rules.entry.outcomes import Said
from rules.entry.unlabelled import GAP
from rules.model import Outcome, Practice
from rules.text.fold import fold, key, tokens

BREAK = re.compile(
    rf"\s+[-–—/+]+\s+|\s*:\s+|(?:(?<=[^\W\d_]{{4}})|(?<=\d\d))\.\s+(?=(?:\d{{1,4}}\s+)?[^\W\d_])|\s*[|;,()\[\]{GAP}]\s*|\s+&\s+"
)
_STRONG_BREAK = re.compile(r"\s+[-–—|;/]\s+")
CHOICE = re.compile(r"\s*=\s*(\d{1,2})\s*")
EDGES = " \t.,;:!-–—/|()[]*•·>\"'"
DOCTOR = re.compile(r"\b(?:dr|docteur)\b\.?\s*([^\W\d_][\w'-]*(?:\s[A-ZÀ-Ý][\w'-]+)?)", re.IGNORECASE)
REFERRED = re.compile(  # who sent the patient: nobody who comes, and no dentist of hers
    r"\b(?:adress|envoy|recommand|orient|conseill)[ée]e?s?\s+par\s+(?:(?:le|la|les|son|sa|notre|mme|mr?|dr|docteur)\b\.?\s+)*"
    r"[^\W\d_][\w'’-]*(?-i:(?:\s+(?:d[eu]\s+)?[A-ZÀ-Ý][\w'’-]*)*)",
    re.IGNORECASE,
)
_BESIDE = "perso personnel tel mobile port portable telephone mail email e ne nee le du de sms gsm courriel et oui"
BESIDE_DETAILS = frozenset(_BESIDE.split())
_BEHIND_NUMBER = re.compile(r"(?<=\d{2})[\s,(–-]+[^\W\d].*$", re.DOTALL)
_ONE_PART = "patient family given birth mobile email duration dentist known waiting preference"
_SPLIT_LABELS = frozenset({*_ONE_PART.split(), "email_ok", "mobile_ok", "text_ok"})
YES_LABELS = frozenset({"first", "follow_up", "new", "preference", "waiting", "email_ok", "mobile_ok", "text_ok"})


class Sheet(Struct):
    """The sorted text of one event. Functions of `rules.entry` add to it while they read."""

    practice: Practice
    start: datetime
    today: date
    minutes: int = 0  # the event's own length
    typed: dict[str, list[str]] = field(default_factory=dict)  # values by label
    loose: dict[str, list[str]] = field(default_factory=dict)  # details without label
    statements: set[str] = field(default_factory=set)
    motifs: dict[str, None] = field(default_factory=dict)
    teeth: list[str] = field(default_factory=list)
    outcome: Outcome | None = None
    name: str = ""
    also: list[str] = field(default_factory=list)  # another person's first name, or whole name
    choice: int = 0  # which of the patients that were shown is meant
    place: str = ""  # an address in the title, else in the event's location
    left: list[str] = field(default_factory=list)  # words of the title that mean nothing known
    kept_for: str = ""  # a word of the title by which time is kept for no booking
    comment: list[str] = field(default_factory=list)
    crossed: str = ""  # a sign or word of the title by which the appointment does not stand
    urgent: bool = False
    pressed: bool = False
    warned: bool = False
    timed: bool = False  # what was read holds for this hour only
    measured: bool = False  # what was read holds for an event of this length only
    kept: list[str] = field(default_factory=list)  # words beside details that went to the comment
    unclear: list[str] = field(default_factory=list)  # a number or e-mail of which it is not said whose it is

    def said(self, text: str, *, stands: Callable[[int, int], bool] | None = None) -> Said | None:
        """The outcome at the beginning of a text, or, with `stands`, anywhere in it where `stands` accepts the place. A
        sheet with an outcome is valid for this occurrence only (`timed`), as outcomes depend on its hour."""
        said = outcomes.read(text, self.start, stands=stands)
        self.timed = self.timed or said is not None
        return said

    def add(self, label: str, value: str) -> None:
        """Note a labelled value."""
        self.typed.setdefault(label, []).append(value[: LONGEST_CHARS * 4])

    def text(self, *names: str) -> str:
        """The values of these labels, in order, on one line."""
        return ", ".join(value for name in names for value in self.typed.get(name, ()) if value)


# --- words behind a label ------------------------------------------------------------------------------------------


def labelled(sheet: Sheet, segment: Segment) -> None:
    label, value = segment.label, segment.value
    if label == "outcome":
        _outcome(sheet, value)
    elif label in YES_LABELS:
        _yes_label(sheet, label, value)
    elif label == "patient" and key(value) in _NEW_OR_KNOWN:
        sheet.statements.add(_NEW_OR_KNOWN[key(value)])
    elif label == "visit":
        if not stated(sheet, [word for word, _, _ in tokens(value)]) and value:
            sheet.add("motif", value)
    elif label in _SPLIT_LABELS:
        _first_part(sheet, label, value)
    elif label in _REASONED and (found := _BEHIND_REASON.fullmatch(value)):
        sheet.add(label, found[1])
        free(sheet, found[2])
    else:
        if label == "motif":
            stated(sheet, [word for word, _, _ in tokens(value)], _VISITS)
        sheet.add(label, value)


_NEW_OR_KNOWN = {"nouveau": "new", "nouvelle": "new", "connu": "known", "connue": "known"}  # `Patient : nouveau`
_VISITS = frozenset({"first", "follow_up"})
_REASONED = frozenset({"no_mobile", "no_email"})
_BEHIND_REASON = re.compile(r"(oui\s*\([^()]*\))\s*[;,|–-]\s*(\S.*)", re.IGNORECASE)  # `oui (refuse) ; mobile 06 …`


def _outcome(sheet: Sheet, value: str) -> None:
    said = sheet.said(value) or sheet.said(value.partition(":")[2].strip())
    sheet.warned = sheet.warned or key(value) in _WARNED
    if said:
        sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
    sheet.comment.extend(filter(None, [said.after.strip(EDGES) if said else value]))


def _yes_label(sheet: Sheet, label: str, value: str) -> None:
    """Note a label that is answered by yes or no: `Nouveau patient : oui`. Any other value is read as text without
    label."""
    if label == "waiting" and wished_times.read(value) is not None:  # `jamais le lundi` is no no
        sheet.statements.add(label)
        sheet.add(label, value)
        return
    said = yes_no.yes(value)
    if said is False:
        label = {"first": "follow_up", "follow_up": "first", "new": "known"}.get(label, "")
    sheet.statements.update({label} if label else ())
    if said is None and value and not free(sheet, value) and label == "waiting" and key(value) not in _WHENEVER:
        sheet.kept.append(value)  # `la semaine prochaine`: no wish that is kept to, so it is said


_WHENEVER = frozenset(
    {"", "si possible", "des que possible", "n importe quand", "quand vous voulez", "urgent", "svp", "merci", "asap",
     "plus tot si possible", "plus tot", "au plus tot", "toujours", "toute heure", "tous les jours"}
)  # fmt: skip


def _first_part(sheet: Sheet, label: str, value: str) -> None:
    """Note the value up to a separator. Of the parts after it, those with digits belong to a mobile or birth date; the
    others are read as text without label."""
    first, *others = _STRONG_BREAK.split(value)
    numeric = [part for part in others if label in {"mobile", "birth"} and any(map(str.isdigit, part))]
    sheet.add(label, " / ".join([first, *numeric]))
    if label == "mobile" and (beside := _BEHIND_NUMBER.search(first)):
        _keep_unknown(sheet, beside[0])
    for part in others:
        if part not in numeric:
            free(sheet, part)


def wished(sheet: Sheet, text: str) -> str:
    """The text without the waiting list and the times wished behind it, which are noted."""
    found = wish_behind.find(text) if "waiting" not in sheet.typed else None
    if found is None:
        return text
    begin, end, wish = found
    sheet.statements.add("waiting")
    sheet.add("waiting", wish)
    return f"{text[:begin]}{GAP}{text[end:]}"


# --- words without a label -----------------------------------------------------------------------------------------


def _keep_unknown(sheet: Sheet, text: str) -> None:
    """Keep with the comment, and say so, what stands behind a number that is understood: `06 … après 18h`."""
    if any(word not in BESIDE_DETAILS and len(word) > 2 for word, _, _ in tokens(text)):
        sheet.comment.append(text.strip(EDGES))
        sheet.kept.append(text.strip(EDGES))


def _keep_left(sheet: Sheet, text: str) -> None:
    """Keep with the comment what says nothing known. Where it seems to ask something of us, that is said."""
    sheet.comment.append(text)
    if _ASKS.search(fold(text)):
        sheet.kept.append(text)


_ASKS = re.compile(
    r"\bliste (?:d )?attente\b|^demander (?:l )?accord\b|^proposer (?:d )?autres? (?:dates?|creneaux?)\b"
    r"|^(?:pas de|sans|aucun|ne pas envoyer (?:de|le)) (?:rappel|message|confirmation)s?\b|^ne pas confirmer\b"
)


def free(sheet: Sheet, text: str) -> bool:
    """Sort text without a label, part by part, up to the first that says nothing known: from there it is comment."""
    text = wished(sheet, text)
    if _as_one(sheet, text):
        return True
    if BEGINS.match(text):
        sheet.add("address", text)
        return address(text).value is not None
    place = 0
    for found in [*BREAK.finditer(text), None]:
        end = found.start() if found else len(text)
        if BEGINS.match(text, place) and address(text[place:]).value:
            sheet.add("address", text[place:])
            return True
        if text[place:end].strip(EDGES) and not known_part(sheet, text[place:end].strip(EDGES)):
            _keep_left(sheet, text[place:].strip())
            return False
        place = found.end() if found else end
    return True


def _as_one(sheet: Sheet, text: str) -> bool:
    """Note a line that is one thing: a choice, a label without its colon, an outcome whose parts belong together
    (`Absente, a appelé le matin`)."""
    if choice := CHOICE.fullmatch(text):
        sheet.choice = int(choice[1])
        return True
    segment = labels.bare(text) if key(text) not in vocabulary.statements(sheet.practice) else None
    if segment and _meant(segment, sheet.practice):
        labelled(sheet, segment)
        return True
    said = sheet.said(text) if len(text) < 200 else None
    if said is None or said.after:
        return False
    sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
    return True


_BEGINS = {
    "mobile": re.compile(r"[+(\dO]"),
    "email": re.compile(r"\S*@|<"),
    "birth": re.compile(r"(?:le\s+)?\d"),
    **dict.fromkeys(("family", "given", "birth_name"), re.compile(r"[A-ZÀ-Ý][\w'’-]*(?:\s[A-ZÀ-Ý][\w'’-]*){0,3}$")),
    "guardian": re.compile(r"(?:M\.|Mr|Mme|Monsieur|Madame|l[ée]gal)\b", re.IGNORECASE),
}


def _meant(segment: Segment, practice: Practice) -> bool:
    """Whether a label without `:` is one: only if its value fits it, which is not so in `Mail envoyé`, `Tel de sa
    fille`."""
    value = segment.value
    if segment.label == "dentist":
        named = yes_no.dentist(value, practice)
        return named.nobody or named.key is not None or DOCTOR.match(value) is not None
    if segment.label == "duration":
        return yes_no.minutes(value) is not None
    if segment.label == "consent":
        return yes_no.yes(value) is not None
    begins = _BEGINS.get(segment.label)
    return begins is None or begins.match(value) is not None


def known_part(sheet: Sheet, part: str) -> bool:
    """Note what a part says; False where it says nothing known."""
    said = vocabulary.statements(sheet.practice).get(_POLITE.sub("", key(part)))
    if said:
        sheet.statements.add(said)
    return bool(said) or _outcome_part(sheet, part) or _details_part(sheet, part) or _words_part(sheet, part)


_POLITE = re.compile(r" (?:svp|s il (?:vous|te) plait|merci(?: d avance)?)$")  # behind what is asked of us
_BESIDE_A_MOTIF = re.compile(  # `vient pour un contrôle`, `contrôle svp`
    r"^(?:vient|veut|voudrait|souhaite|demande)\s+(?=(?:pour\s+)?une?\s)"
    r"|\s+(?:svp|s['’ ]il (?:vous|te) pla[iî]t|merci(?: d['’ ]avance)?|si possible)\W*$",
    re.IGNORECASE,
)
_WARNED = frozenset({"prevenu", "prevenue", "a prevenu", "prevenu oui", "prevenue oui"})


def _outcome_part(sheet: Sheet, part: str) -> bool:
    """Note an outcome. `Urgence` before it is the motif; after it, it is the reason of the absence."""
    if key(part) in {"urgence", "urgent", "urgente", "en urgence"}:
        sheet.urgent = True
        sheet.pressed = sheet.pressed or sheet.outcome is not None
    if key(part) in _WARNED:
        sheet.warned = True
        return sheet.outcome is not None
    said = sheet.said(part) if len(part) < 200 else None
    if not said or not said.believable:
        said = _said_of_the_patient(sheet, part)
    if not said:
        return False
    sheet.outcome = outcomes.merged(sheet.outcome, said.outcome)
    sheet.comment.extend(filter(None, [said.after.strip(EDGES)]))
    return True


def _said_of_the_patient(sheet: Sheet, part: str) -> Said | None:
    """The outcome in a part whose other words only name the patient: `Mme DUPONT n'est pas venue`; else None."""
    said = sheet.said(part, stands=lambda _start, _end: True) if len(part) < 80 and sheet.name else None
    beside = set(key(f"{said.before} {said.after}").split()) if said else set()
    return said if beside <= {*key(sheet.name).split(), *_OF_THE_PATIENT} else None


_BESIDE_THE_PATIENT = (
    "mme m mr mlle madame monsieur patient patiente la le elle il enfant finalement malheureusement encore ce jour au"
    " rdv aujourd hui matin"
)
_OF_THE_PATIENT = frozenset(_BESIDE_THE_PATIENT.split())


def _details_part(sheet: Sheet, part: str) -> bool:
    """Note a part that is a detail and nothing else; False for any other."""
    taken = unlabelled.take(part, sheet.today)
    if any(word not in BESIDE_DETAILS for word, _, _ in tokens(taken.rest)):
        return False
    take_details(sheet, part)
    return True


def _words_part(sheet: Sheet, part: str) -> bool:
    """Note a part that is a motif, a dentist or the missing name; False for any other."""
    part = _BESIDE_A_MOTIF.sub("", part)
    spoken = tokens(part)
    typed = [word for word, _, _ in spoken]
    found = motifs.find(typed, sheet.practice) if len(typed) <= 12 else ()
    named = {index for mention in found for index in range(mention.start, mention.end)}
    named |= {index for a, b in stated(sheet, typed) for index in range(a, b)} if found else set()
    if found and all(index in named or motifs.small(word) for index, word in enumerate(typed)):
        sheet.motifs.update(dict.fromkeys(mention.label for mention in found))
        return True
    if found and not (sheet.name or sheet.motifs) and _name_and_motif(sheet, part, spoken, found):
        return True
    if DOCTOR.fullmatch(part) and yes_no.dentist(part, sheet.practice).key:
        sheet.add("dentist", part)
        return True
    return _name_part(sheet, part) if len(typed) <= 5 else False


def _name_and_motif(
    sheet: Sheet, part: str, spoken: list[tuple[str, int, int]], found: tuple[motifs.Mention, ...]
) -> bool:
    """`BERNARD Luc détartrage` below a title that says nothing: the name, and the motif behind it."""
    name = part[: spoken[found[0].start][1]].strip(EDGES)
    behind = [word for word, _, _ in spoken[found[0].end :]]
    if (
        len(found) > 1
        or not all(motifs.small(word) or word.isdigit() for word in behind)
        or not _name_part(sheet, name)
    ):
        return False
    sheet.motifs[found[0].label] = None
    return True


def _name_part(sheet: Sheet, part: str) -> bool:
    """Note a part that is the name, if the title has none, or that repeats it; False for any other."""
    if sheet.name or "patient" in sheet.typed:
        return key(part) == key(sheet.name)
    name = names.split(part)
    plain = all(word[:1].isupper() for word in part.split()) and any(map(names.usual_given, part.split()))
    if name.problem or not (name.certain or (plain and name.given and not name.unordered)):
        return False
    sheet.name = part
    return True


def stated(sheet: Sheet, typed: list[str], only: frozenset[str] | None = None) -> list[tuple[int, int]]:
    """Statements among the words (`nouveau patient`), noted; their places from and without."""
    known, starts = vocabulary.statements(sheet.practice), vocabulary.starts(sheet.practice.abbreviations)
    places, position = [], 0
    while position < len(typed):
        length = 1
        for count in range(min(6, len(typed) - position), 0, -1) if typed[position] in starts else ():
            phrase = " ".join(typed[position : position + count])
            said = known.get(phrase) if phrase not in _ALONE else None
            if said and (only is None or said in only) and typed[max(position - 1, 0)] not in {"d", "salle"}:
                sheet.statements.add(said)
                places.append((position, position + count))
                length = count
                break
        position += length
    return places


_ALONE = frozenset({"nouveau", "nouvelle", "interne", "indifferent", "indiff", "connu"})  # a name's word beside others


def take_details(sheet: Sheet, text: str) -> str:
    """The text without its unmistakable details, which are noted."""
    taken = unlabelled.take(text, sheet.today)
    for label, values in (("mobile", taken.mobile), ("email", taken.email), ("birth", taken.birth)):
        if values:
            sheet.loose.setdefault(label, []).extend(values)
    return taken.rest


def open_address(sheet: Sheet) -> bool:
    """An address has begun, and its postcode and town may stand on the next line."""
    begun = len(sheet.typed.get("address", ()))
    return 0 < begun <= 4 and address(sheet.text("address")).value is None
