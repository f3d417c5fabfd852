"""Decides whether an event is about a patient at all (P51, ruling 11)."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from itertools import dropwhile

from rules.details import names
from rules.entry import motifs
from rules.entry.name_words import somebody_addressed
from rules.entry.vocabulary import usual
from rules.model import CalendarEvent, Entry, Practice
from rules.model.entry import NO_EMAIL, NO_SMS
from rules.text.fold import key, tidy, words
from rules.text.given_names import GIVEN_NAMES


class Likeness(IntEnum):
    """NONE: time that is no booking; MAYBE: ask the directory; SURE: a booking, complete or not."""

    NONE = 0
    MAYBE = 1
    SURE = 2


_CONTENTLESS_WORDS = (
    "bloque bloquee bloquer block blocked bloc occupe occupee busy indispo indisponible unavailable pris prise "
    "reserve reservee rdv rv rendez vous none null titre title sans untitled no nouvel nouveau new event "
    "evenement appointment voir a non ne pas prendre dispo disponible stop creneau horaire ferme x test rien "
    "motif mettre placer donner bouger toucher de dr docteur trou garder"
)
_CONTENTLESS = frozenset(_CONTENTLESS_WORDS.split())


def contentless(title: str) -> bool:
    """An empty title, or one that gives no reason: `Bloqué`, `x`, `...`, `RDV`, `Busy`, an emoji (P51)."""
    spoken = words(tidy(title[:500]))
    return all(word in _CONTENTLESS or len(word) == 1 or word.isdigit() or not word.strip("x") for word in spoken)


def reason(title: str, practice: Practice) -> bool:
    """Whether the title has a word that practices use for time that is no booking (`Congés`, `Réunion équipe`)."""
    return not block_words(practice).isdisjoint(words(tidy(title[:500])))


def block_words(practice: Practice) -> frozenset[str]:
    """The practice's words for time that is no booking, folded."""
    return _block_words(practice.blocks)


@lru_cache(maxsize=64)
def _block_words(blocks: tuple[str, ...]) -> frozenset[str]:
    """Also without the plural's ending."""
    own = {word for block in blocks for word in words(block) if len(word) > 3}
    return usual().work | own | {word.removesuffix("s") for word in own}


def looks_like_patient(entry: Entry, event: CalendarEvent, practice: Practice) -> Likeness:
    """How sure it is that the event is a patient's appointment."""
    if entry.query is not None or entry.no_booking:
        return Likeness.NONE
    block = bool(entry.kept_for or (not entry.name_text and reason(event.title, practice))) and not person(entry)
    if has_patient_details(entry):
        name = names.split(entry.name_text)
        sure = name.certain and not reason(name.given, practice)
        # no meal has a name, a birth date and a motif: `CESOD Diner – contrôle`
        sure = sure or bool(entry.name_text and entry.birth_date and (entry.motif or entry.motifs))
        return Likeness.SURE if not block or sure else Likeness.MAYBE
    if not entry.name_text:
        if block or not (entry.motif or entry.motifs):
            return Likeness.NONE
        ended = entry.outcome is not None  # `DÉTARTRAGE LAPIN`: somebody is meant, as in `LAPIN – détartrage`
        ended = ended or _vague(event.title, practice)  # `Rendez-vous dentiste`, the motif below
        return Likeness.SURE if ended or _motif_alone(event.title, practice) else Likeness.MAYBE
    if block:
        return Likeness.MAYBE
    return Likeness.SURE if entry.motif or entry.motifs or _motif_begins(entry.comment, practice) else _bare(entry)


def _motif_begins(comment: str, practice: Practice) -> bool:
    """A short line of the description begins with a motif: `contrôle mercredi` below a name is no time kept free."""
    lines = (words(line) for line in comment.splitlines() if len(line) < _LONGEST_WISH)
    behind = ([*dropwhile(_leads_to_a_motif, spoken)] for spoken in lines)
    return any(_MOTIF_ALONE.issuperset(spoken[found.end :]) for spoken in behind
               for found in motifs.find(spoken, practice, near=False) if found.start == 0)  # fmt: skip


_BEHIND_A_MOTIF = (
    "lundi mardi mercredi jeudi vendredi samedi matin midi soir aprem apres demain semaine mois prochain prochaine"
    " cette ce le la au des que plus plutot tot vite rapidement urgent si possible svp s il vous te plait merci"
)
_MOTIF_ALONE = frozenset(_BEHIND_A_MOTIF.split())  # no `contrôle autoclave`, below somebody's name too
_LONGEST_WISH = 60  # signs of a line that may say why somebody comes
_WANTS = frozenset({"vient", "veut", "voudrait", "souhaite", "demande"})


def _leads_to_a_motif(word: str) -> bool:
    return word in _WANTS or motifs.small(word)


def _vague(title: str, practice: Practice) -> bool:
    """The title says no more than that somebody comes: `Rendez-vous dentiste`."""
    spoken = set(key(title).replace("rendez vous", "rdv").split())
    return bool(spoken) and all(motifs.vague(word, practice) for word in spoken)


def _motif_alone(title: str, practice: Practice) -> bool:
    """The title says a motif, perhaps an hour, and nothing else: who comes?"""
    spoken = key(title).split()
    named = {place for one in motifs.find(spoken, practice, near=False) for place in range(one.start, one.end)}
    rest = (word for place, word in enumerate(spoken) if place not in named)
    return bool(named) and all(motifs.small(word) or _HOUR.fullmatch(word) for word in rest)


_HOUR = re.compile(r"\d{1,2}(?:h\d{0,2})?|h|rdv")


def person(entry: Entry) -> bool:
    """Whether a whole name and a motif are beside a block's word: `DUPONT Marie – couronne (labo)` is an
    appointment."""
    if not (entry.motif or entry.motifs):
        return False
    name = names.split(entry.name_text)
    return bool(name.family and name.given) and not name.problem


def called(title: str, entry: Entry, practice: Practice) -> bool:
    """`RDV Mme Durand`, `Appeler Mme Dupont`, `Luc`: somebody who is no dentist of the practice, outside of meetings,
    meals and leave."""
    typed = key(entry.name_text)
    if any(typed in key(one.name) for one in practice.dentists):
        return False
    work = key(entry.kept_for)
    if work and work not in usual().for_patients and work not in typed.split():
        return False
    return somebody_addressed(title) or (
        " " not in tidy(title) and names.usual_given(tidy(title)) and typed not in _FEASTS
    )


_FEASTS = frozenset({"noel", "toussaint"})  # first names too


def has_patient_details(entry: Entry) -> bool:
    """Whether the entry has something that is only typed about a patient."""
    address = entry.address_text and not entry.address_beside
    typed = (entry.mobile_text, entry.email_text, entry.birth_text, address, entry.guardian, entry.consent)
    said = (
        entry.new_patient,
        entry.waiting,
        entry.no_preference,
        entry.without_mobile not in {None, NO_SMS},  # what is not to be sent is also typed beside time kept free
        entry.without_email not in {None, NO_EMAIL},
        entry.birth_name,
        entry.ask_consent is not None,
    )
    return any(typed) or any(said) or entry.known is not None or entry.first_visit is not None


def _bare(entry: Entry) -> Likeness:
    """Whether the title is a name only: two words, one of them in capitals or a usual first name; or a whole name
    behind other words (`Appel : DUPONT Marie`)."""
    if any(one.rule == "name-twice" for one in entry.findings):
        return Likeness.SURE
    name = names.split(entry.name_text)
    spoken = key(entry.name_text).split()
    if len(spoken) > 6 or any(word in _SENTENCE for word in spoken):
        return Likeness.NONE
    loud = any(word.isupper() and len(word) > 1 for word in entry.name_text.split())
    if loud and not entry.name_text.isupper() and any(map(names.usual_given, entry.name_text.split())):
        return Likeness.SURE  # capitals and a first name, whatever else
    if name.problem or not name.given:
        return Likeness.MAYBE
    return Likeness.SURE if name.certain or not GIVEN_NAMES.isdisjoint(spoken) else Likeness.MAYBE


_SENTENCE = frozenset(
    {"pour", "avec", "chez", "sur", "dans", "au", "aux", "par", "et", "ou", "pas", "the", "mon", "ma", "mes"}
)
