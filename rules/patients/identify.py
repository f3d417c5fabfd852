"""Identifies the patient that an entry means, without silent guesses (P3, P5, S11 to S18, S60).

Names, mobiles, e-mails and birth dates narrow each other. A similar name is only proposed, and never decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from rules.details import names
from rules.findings import raised
from rules.model import Entry, Finding, Patient, Policy, Severity
from rules.text.fold import key, words
from rules.text.french import numeric_day

_NEAR_FAMILY, _NEAR_GIVEN = 80, 75  # rapidfuzz ratios (0 to 100) from which a name may be a misspelling of the other
_RESEMBLING = 70  # ratio of whole names from which a record is worth proposing
_PROPOSED = 3  # records in one proposal
_DIALLED = re.compile(
    r"(?<![\d+])(?:(?:\+|00)33[ .\-]?|0)[1-9](?:[ .\-]?\d{2}){4}(?![\d])"
)  # a telephone number in a search, taken out first: some of its pairs of digits also read as a date
_CHOOSABLE = frozenset({"patient-unknown", "patient-ambiguous"})
_ANY_DAY = (
    date(1999, 12, 31),
    date(2099, 12, 31),
)  # "today" for reading a birth date: with one of the two, any full date of a search is plausible


@dataclass(frozen=True, slots=True)
class Clues:
    """Search terms for the directory: folded name words, E.164 mobiles, e-mails, birth dates, record numbers."""

    names: tuple[str, ...] = ()
    mobiles: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The record that is meant, or None; `nearest`: the records to choose from, the likeliest first."""

    patient: Patient | None = None
    nearest: tuple[Patient, ...] = ()
    findings: tuple[Finding, ...] = ()


def clues(entry: Entry) -> Clues:
    """The search terms that an entry contains."""
    if entry.query is not None:
        return search_term(entry.query)
    spoken = f"{entry.name_text} {entry.family_name} {entry.given_name} {entry.birth_name or ''}"
    return Clues(
        names=_searched(spoken),
        mobiles=(entry.mobile,) if entry.mobile else (),
        emails=_spellings(entry.email),
        birth_dates=(entry.birth_date,) if entry.birth_date else (),
    )


def search_term(term: str) -> Clues:
    """The clues in `attitre patients search TERM`: name words, a mobile in any notation, an e-mail, a birth date with
    four figures of the year, a record's number (P3)."""
    from rules.details.contact import birth_date, email, mobile

    dialled = _DIALLED.search(term)
    number = mobile(dialled[0] if dialled else term).value
    rest = "" if number and not dialled else _DIALLED.sub(" ", term)
    born = next(filter(None, (birth_date(rest, today).value for today in _ANY_DAY)), None)
    mail = email(term).value if "@" in term else None
    record = re.fullmatch(r"\s*#?\s*(\d{1,7})\s*", term)
    return Clues(
        names=() if mail else tuple(word for word in _searched(term) if word.isalpha()),
        mobiles=(number,) if number else (),
        emails=_spellings(mail),
        birth_dates=(born,) if born else (),
        ids=(int(record[1]),) if record else (),
    )


def label(patient: Patient) -> str:
    """`DUPONT Marie, né(e) le 12/05/1981`: how a record is shown to choose from."""
    born = f", né(e) le {numeric_day(patient.birth_date)}" if patient.birth_date else ""
    return f"{patient.name}{born}"


def _with_last_visit(patient: Patient) -> str:
    last = f", dernière visite le {numeric_day(patient.visits[0][0])}" if patient.visits else ""
    return f"{label(patient)}{last}"


def _told_apart(people: Sequence[Patient]) -> Iterator[str]:
    """The records as lines to choose from. Records that share name and birth date show the last two digits of their
    mobile."""
    spoken = Counter(map(label, people))
    for one in people:
        alike = spoken[label(one)] > 1 and one.mobile
        yield f"{_with_last_visit(one)}{f', mobile …{one.mobile[-2:]}' if alike and one.mobile else ''}"


def _number(place: int) -> str:
    return f" (= {place})"


def _numbered(shown: Iterable[str], typed: int) -> Iterator[str]:
    """Each line with what to type to choose it. `typed`: the number that the entry has already. It was chosen from an
    earlier list, so the new numbers go on after it and the old one never selects from this list."""
    return (f"{one}{_number(place)}" for place, one in enumerate(shown, typed + 1))


def identify(
    entry: Entry,
    candidates: Sequence[Patient],
    policy: Policy,
    *,
    nearest: Sequence[Patient] = (),
    linked: int | None = None,
    born_here: bool = True,
    offered: Sequence[str] = (),
) -> Match:
    """The one record that the entry means (P3, P5). `nearest`: similar names, for proposals only.

    `linked`: the record to which this booking already belongs; it decides between homonyms. `born_here`: that record
    was made from this entry, so `Nouveau patient` remains true. `offered`: the lines that the event last showed to
    choose from; `= 1` selects the first.
    """
    people = tuple(dict.fromkeys(candidates))
    case = _Case(entry, people, policy, tuple(nearest), linked, born_here, tuple(offered))
    return case.named() if key(entry.name_text) else case.nameless()


# --- how well a name matches a record --------------------------------------------------------------------------------


class _Name(IntEnum):
    OTHER = 0
    NEAR = 1
    PART = 2
    FULL = 3


def _name(entry: Entry, patient: Patient) -> _Name:
    """How well the typed name matches the record, or a record that was merged into it."""
    others = (replace(patient, family_name=family, given_name=given) for family, given in patient.known_as)
    return max(_own_name(entry, one) for one in (patient, *others))


def _own_name(entry: Entry, patient: Patient) -> _Name:
    """How well the typed name matches the record's own. Order, accents, hyphens and particles do not count, and the
    birth name is as good as the family name."""
    family, birth, given = map(_tokens, (patient.family_name, patient.birth_name or "", patient.given_name))
    wholes = [given | own for own in (family, birth, family | birth) if own]
    typed = [_tokens(entry.name_text)]
    if entry.birth_name:
        typed.append(_tokens(f"{entry.given_name} {entry.birth_name}"))
    if any(one in wholes for one in typed) or _squashed(entry.name_text) in _run_together(patient):
        return _Name.FULL
    if any(_part(one, family, birth, given) for one in typed):
        return _Name.PART
    return _Name.NEAR if _resembles(entry, patient) else _Name.OTHER


def _part(typed: frozenset[str], family: frozenset[str], birth: frozenset[str], given: frozenset[str]) -> bool:
    if not typed:
        return False
    named = any(own and own <= typed for own in (family, birth))
    return (named and bool(given & typed)) or typed <= family | birth | given


def _resembles(entry: Entry, patient: Patient) -> bool:
    """Whether family and first name are both similar, in either order. A twin has another first name, so one similar
    name is not enough."""
    one, two = _both(entry)
    return any(_near(one, own, two, patient.given_name) for own in _families(patient)) or any(
        _near(two, own, one, patient.given_name) for own in _families(patient)
    )


def _near(family: str, own_family: str, given: str, own_given: str) -> bool:
    return _ratio(family, own_family) >= _NEAR_FAMILY and _ratio(given, own_given) >= _NEAR_GIVEN


def _given_near(entry: Entry, patient: Patient) -> bool:
    """Whether one side of the typed name is the record's first name, or similar to it."""
    own, typed = _tokens(patient.given_name), _tokens(entry.name_text)
    return bool(own & typed) or any(_ratio(one, patient.given_name) >= _NEAR_GIVEN for one in _both(entry))


def _both(entry: Entry) -> tuple[str, str]:
    if entry.family_name or entry.given_name:
        return entry.family_name, entry.given_name
    name = names.split(entry.name_text)
    return name.family, name.given


def _slip(entry: Entry, patient: Patient) -> bool:
    """Whether the entry is the record with a typing error: the birth date and one side of the name are equal, the other
    is similar. Another usual first name is no typing error, since twins differ only in it (ruling 13)."""
    if not _same_birth(entry, patient):
        return False
    one, two = _both(entry)
    return any(_one_side(family, given, patient) for family, given in ((one, two), (two, one)))


def _one_side(family: str, given: str, patient: Patient) -> bool:
    alike = [_squashed(family) == _squashed(own) for own in _families(patient)]
    if any(alike):
        return _ratio(given, patient.given_name) >= _NEAR_GIVEN and not names.usual_given(given)
    same_given = _squashed(given) == _squashed(patient.given_name)
    return same_given and any(_ratio(family, own) >= _NEAR_FAMILY for own in _families(patient))


def _initials(entry: Entry, patient: Patient) -> bool:
    """Whether the typed name is the family name with initials of the first name: `LEROY JP`, `Petit E.`"""
    given = "".join(word[0] for word in words(patient.given_name))
    for own in map(key, _families(patient)):
        rest = f" {key(entry.name_text)} ".replace(f" {own} ", " ", 1).replace(" ", "")
        if own and len(rest) < len(key(entry.name_text).replace(" ", "")) and rest and given.startswith(rest):
            return True
    return False


def names_family(entry: Entry, patient: Patient) -> bool:
    """Whether the typed name contains the whole family name, alone or with a first name or initials of the record."""
    typed = _tokens(entry.name_text)
    given = _tokens(patient.given_name)
    for own in filter(None, map(_tokens, _families(patient))):
        if own <= typed and (typed == own or given & typed or _initials(entry, patient)):
            return True
    return False


def says_no_more(entry: Entry, patient: Patient) -> bool:
    """Whether every word of the typed name is a word of the record's name: `Mme DUPONT`."""
    return _tokens(entry.name_text) <= _tokens(f"{patient.given_name} {' '.join(_families(patient))}")


def _shares_a_word(entry: Entry, patient: Patient) -> bool:
    return bool(_tokens(entry.name_text) & _tokens(f"{patient.given_name} {' '.join(_families(patient))}"))


def _families(patient: Patient) -> tuple[str, ...]:
    return tuple(filter(None, (patient.family_name, patient.birth_name)))


def _ratio(one: str, other: str) -> float:
    from rapidfuzz import fuzz

    return float(fuzz.ratio(_squashed(one), _squashed(other)))


def _tokens(text: str) -> frozenset[str]:
    """The words of a name without particles; a name of particles only keeps them."""
    spoken = words(text)
    return frozenset(word for word in spoken if not names.particle(word)) or frozenset(spoken)


def _searched(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words(text[:200]) if len(word) > 1 and not names.particle(word)))


def _squashed(text: str) -> str:
    return key(text).replace(" ", "")


def _run_together(patient: Patient) -> set[str]:
    given = _squashed(patient.given_name)
    return {whole for own in map(_squashed, _families(patient)) for whole in (own + given, given + own)} - {""}


def _spellings(mail: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((mail, mail.lower()))) if mail else ()


def _same_birth(entry: Entry, patient: Patient) -> bool:
    return entry.birth_date is not None and entry.birth_date == patient.birth_date


def _other_birth(entry: Entry, patient: Patient) -> bool:
    return bool(entry.birth_date and patient.birth_date and entry.birth_date != patient.birth_date)


def _same_mobile(entry: Entry, patient: Patient) -> bool:
    return entry.mobile is not None and entry.mobile == patient.mobile


def _same_email(entry: Entry, patient: Patient) -> bool:
    return bool(entry.email and patient.email and entry.email.lower() == patient.email.lower())


def _same_contact(entry: Entry, patient: Patient) -> bool:
    return _same_mobile(entry, patient) or _same_email(entry, patient)


def _corroborated(entry: Entry, patient: Patient) -> bool:
    return _same_birth(entry, patient) or _same_contact(entry, patient)


_NARROWING: tuple[Callable[[Entry, Patient], bool], ...] = (_same_birth, _same_mobile, _same_email)


# --- deciding --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """One entry and the records that it may mean."""

    entry: Entry
    people: tuple[Patient, ...]
    policy: Policy
    near: tuple[Patient, ...]
    linked: int | None
    born_here: bool
    offered: tuple[str, ...] = ()

    def named(self) -> Match:
        """The match of an entry with a name: the records of that name, narrowed by the other clues."""
        full = [one for one in self.people if _name(self.entry, one) is _Name.FULL]
        best = self._narrowed([one for one in full if not _other_birth(self.entry, one)])
        if len(best) > 1:
            return self._ambiguous(best)
        if best and self._sure(best[0]):
            return self._mismatch(full) if self._somebody_elses(best[0], full) else self._found(best[0])
        if self.entry.new_patient:
            return self._ambiguous(best) if best and self.entry.birth_date is None else self._new()
        partly = self._narrowed([one for one in self.people if self._partly(one)])
        if partly:
            return self._found(partly[0]) if len(partly) == 1 else self._ambiguous(partly)
        slips = {one for one in (*self.people, *self.near) if _slip(self.entry, one) and self._was_offered(one)}
        if not full and len(slips) == 1:
            return self._found(slips.pop())
        return self._mismatch(full) if full else self._unknown()

    def nameless(self) -> Match:
        """The match of an entry without a name: the record, if exactly one agrees with the typed mobile, e-mail and
        birth date."""
        hits = [one for one in self.people if _corroborated(self.entry, one)]
        agreeing = self._narrowed([one for one in hits if not self._disagrees(one)])
        if len(agreeing) == 1:
            return self._found(agreeing[0])
        if agreeing:
            return self._ambiguous(agreeing)
        return self._mismatch(hits) if hits else Match()

    def _sure(self, patient: Patient) -> bool:
        """Whether the record is certain. With `Nouveau patient` the name alone is not enough: it may be a homonym's."""
        linked = self.linked is not None and patient.id == self.linked
        return not self.entry.new_patient or linked or _corroborated(self.entry, patient)

    def _somebody_elses(self, patient: Patient, full: list[Patient]) -> bool:
        """Whether the typed mobile or e-mail belongs to a homonym instead, so that one of the clues must be wrong."""
        others = (one for one in full if one != patient and _same_contact(self.entry, one))
        return not _same_contact(self.entry, patient) and any(others)

    def _partly(self, patient: Patient) -> bool:
        """Whether part of the name (`Dupont`, `Marie`) and another clue fit the record. If the part has words of both
        sides, the clue must be the birth date: a father may share the phone and part of the first name."""
        if _name(self.entry, patient) is not _Name.PART or _other_birth(self.entry, patient):
            return False
        typed = _tokens(self.entry.name_text)
        families = _tokens(f"{patient.family_name} {patient.birth_name or ''}")
        one_side = typed <= families or typed <= _tokens(patient.given_name)
        return _same_birth(self.entry, patient) or (one_side and _same_contact(self.entry, patient))

    def _disagrees(self, patient: Patient) -> bool:
        typed = self.entry.mobile
        return _other_birth(self.entry, patient) or bool(typed and patient.mobile and typed != patient.mobile)

    def _narrowed(self, people: list[Patient]) -> list[Patient]:
        for same in _NARROWING:
            people = [one for one in people if same(self.entry, one)] or people
        if len(people) > 1 and self.linked is not None:
            people = [one for one in people if one.id == self.linked] or people
        return people

    def _found(self, patient: Patient) -> Match:
        if not self.entry.new_patient:
            return Match(patient, (patient,))
        if self.born_here and self.linked is not None and patient.id == self.linked:
            return Match(patient, (patient,), self._duplicates(patient))
        return Match(patient, (patient,), raised(self.policy, "patient-exists", seen=_with_last_visit(patient)))

    def _new(self) -> Match:
        return Match(None, (), self._duplicates(None))

    def _duplicates(self, own: Patient | None) -> tuple[Finding, ...]:
        """The finding about records that may be the same person (P5). It is an error if birth date and contact are
        equal and the first names similar; twins share all but the first name, so theirs is only a warning."""
        suspects = [one for one in self.people if one != own and self._suspect(one)]
        if not suspects:
            return ()
        shown = [label(one) for one in suspects[:_PROPOSED]]
        found = raised(self.policy, "patient-duplicate", seen=" ; ".join(shown))
        blocking = "patient-duplicate" not in self.policy.severities and any(map(self._blocks, suspects))
        return tuple(replace(one, severity=Severity.ERROR) for one in found) if blocking else found

    def _suspect(self, patient: Patient) -> bool:
        name = _name(self.entry, patient)
        if name is _Name.FULL:
            return not _other_birth(self.entry, patient) or _same_contact(self.entry, patient)
        return name is not _Name.OTHER and _same_birth(self.entry, patient)

    def _blocks(self, patient: Patient) -> bool:
        same = _same_birth(self.entry, patient) and _same_contact(self.entry, patient)
        return same and _given_near(self.entry, patient)

    def _ambiguous(self, people: Sequence[Patient]) -> Match:
        """The question which record is meant, with the clue to add: the birth date, else a contact."""
        if len(people) == 1:  # a new patient of whom only the name was typed
            return self._asked("patient-namesake", people)
        ask = "Ajoutez la date de naissance : « Né(e) le : 12/05/1981 »"
        if self.entry.birth_date:
            ask = "Ajoutez le mobile ou l'e-mail qui est dans le dossier"
        return self._asked("patient-ambiguous", people, seen=self._seen(), ask=ask)

    def _mismatch(self, people: Sequence[Patient]) -> Match:
        problem = "ces renseignements ne vont pas avec le même dossier"
        return self._asked("patient-mismatch", self._ranked(people), seen=self._seen(), problem=problem)

    def _unknown(self) -> Match:
        near = self._ranked((*self.people, *self.near))
        number = self.entry.choice + 1
        how = f"tapez « = {number} », sa date de naissance ou le nom corrigé"
        choose = f"Choisissez un patient ci-dessous ({how})" if near else "Vérifiez le nom"
        although = ", alors que « Déjà venu : oui » est tapé" if self.entry.known else ""
        return self._asked("patient-unknown", near, seen=self._seen(), although=although, choose=choose)

    def _asked(self, rule: str, people: Sequence[Patient], **facts: object) -> Match:
        shown = tuple(people[: _PROPOSED * 2])
        chosen = self._chosen(shown) if rule in _CHOOSABLE else None
        if chosen is not None:
            return self._found(chosen)
        proposals = _numbered(_told_apart(shown), self.entry.choice) if rule in _CHOOSABLE else _told_apart(shown)
        return Match(None, shown, raised(self.policy, rule, proposals=proposals, **facts))

    def _chosen(self, shown: Sequence[Patient]) -> Patient | None:
        """The record that `= 1` selects: the first that was shown when it was typed, or the one to which the booking
        belongs since. It must be among `shown`, so that a choice ends when the typed name changes."""
        if not self.entry.choice:
            return None
        meant = next((one for one in self.offered if one.endswith(_number(self.entry.choice))), "")
        if meant:
            fitting = [one for one, said in zip(shown, _told_apart(shown), strict=True) if meant.startswith(said)]
        else:
            fitting = [one for one in shown if self.linked is not None and one.id == self.linked]
        return fitting[0] if len(fitting) == 1 else None

    def _was_offered(self, patient: Patient) -> bool:
        """Whether the event showed the record before its birth date was typed, or the booking belongs to it already."""
        linked = self.linked is not None and patient.id == self.linked
        return linked or any(one.startswith(label(patient)) for one in self.offered)

    def _ranked(self, people: Iterable[Patient]) -> list[Patient]:
        """The proposable records, the likeliest first: by common clues, then by similar names."""
        scored = [(self._clues(one), self._likeness(one), one) for one in dict.fromkeys(people)]
        kept = [one for one in scored if self._proposable(one[2], one[1])]
        kept.sort(key=lambda one: (-one[0], -one[1], one[2].name, one[2].id or 0))
        return [one for _, _, one in kept[:_PROPOSED]]

    def _proposable(self, patient: Patient, likeness: float) -> bool:
        """Whether the record is worth proposing: by its name or its contact. An equal birth date is enough only with a
        common word in the names."""
        if likeness >= _RESEMBLING or _same_contact(self.entry, patient) or _initials(self.entry, patient):
            return True
        near = _name(self.entry, patient) is _Name.PART
        return near or (_same_birth(self.entry, patient) and _shares_a_word(self.entry, patient))

    def _clues(self, patient: Patient) -> int:
        return sum(same(self.entry, patient) for same in _NARROWING)

    def _likeness(self, patient: Patient) -> float:
        from rapidfuzz import fuzz

        return float(fuzz.token_sort_ratio(key(self.entry.name_text), key(patient.name)))

    def _seen(self) -> str:
        typed = (self.entry.name_text, self.entry.birth_text, self.entry.mobile_text, self.entry.email_text)
        return next(filter(None, typed), "ces renseignements")
