"""How well an entry's name and clues match a patient's record (P3, P5, S11 to S18, S60)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from rules.details import names
from rules.model import Entry, Patient
from rules.text.fold import key, remembered, words

_NEAR_FAMILY, _NEAR_GIVEN = 80, 75  # rapidfuzz ratios (0 to 100) from which a name may be a misspelling of the other


class NameMatch(IntEnum):
    """How much of a name fits; the greater, the better."""

    OTHER = 0
    NEAR = 1
    PART = 2
    FULL = 3


def name_match(entry: Entry, patient: Patient) -> NameMatch:
    """How well the typed name matches the record, or a record that was merged into it."""
    return max(_own_name(entry, one) for one in _under_all_names(patient))


def of_that_name(entry: Entry, people: Iterable[Patient]) -> list[Patient]:
    """Those whose `name_match` is FULL. Asked of everybody who shares a name, so it compares nothing else."""
    typed, together = _typed(entry), _squashed(entry.name_text)
    return [
        one
        for one in people
        if _spoken_of(one).is_whole(typed, together)
        or (one.known_as and any(_spoken_of(name).is_whole(typed, together) for name in _under_all_names(one)))
    ]


def is_named(name: str, patient: Patient) -> bool:
    """Whether the name is the whole of the record's, or of a name that it had."""
    return any(name_tokens(name) in _spoken_of(one).wholes for one in _under_all_names(patient))


def _under_all_names(patient: Patient) -> tuple[Patient, ...]:
    """The record, and as the records that were merged into it called it."""
    return (patient, *(replace(patient, family_name=family, given_name=given) for family, given in patient.known_as))


def _own_name(entry: Entry, patient: Patient) -> NameMatch:
    """How well the typed name matches the record's own. Order, accents, hyphens and particles do not count, and the
    birth name is as good as the family name."""
    if _whole(entry, patient):
        return NameMatch.FULL
    if any(_part(one, _spoken_of(patient)) for one in _typed(entry)):
        return NameMatch.PART
    return NameMatch.NEAR if _resembles(entry, patient) else NameMatch.OTHER


def _whole(entry: Entry, patient: Patient) -> bool:
    return _spoken_of(patient).is_whole(_typed(entry), _squashed(entry.name_text))


def _typed(entry: Entry) -> list[frozenset[str]]:
    typed = [name_tokens(entry.name_text)]
    return [*typed, name_tokens(f"{entry.given_name} {entry.birth_name}")] if entry.birth_name else typed


class _Spoken(Struct, frozen=True):
    """A record's name, folded: the words of each side, and all that is the whole of it."""

    family: frozenset[str]
    birth: frozenset[str]
    given: frozenset[str]
    wholes: frozenset[frozenset[str]]
    run_together: frozenset[str]

    def is_whole(self, typed: list[frozenset[str]], together: str) -> bool:
        """Whether one of the typed names is the whole of it; `together`: the name without its spaces."""
        return together in self.run_together or not self.wholes.isdisjoint(typed)


def _spoken_of(patient: Patient) -> _Spoken:
    return _spoken(patient.family_name, patient.birth_name or "", patient.given_name)


@lru_cache(maxsize=4096)  # a namesake is compared with every entry of that name
def _spoken(family_name: str, birth_name: str, given_name: str) -> _Spoken:
    family, birth, given = map(name_tokens, (family_name, birth_name, given_name))
    first = _squashed(given_name)
    sides = [_squashed(one) for one in (family_name, birth_name) if one]
    return _Spoken(
        family,
        birth,
        given,
        frozenset(given | own for own in (family, birth, family | birth) if own),
        frozenset(whole for own in sides for whole in (own + first, first + own) if whole),
    )


def _part(typed: frozenset[str], name: _Spoken) -> bool:
    if not typed:
        return False
    named = any(own and own <= typed for own in (name.family, name.birth))
    return (named and bool(name.given & typed)) or typed <= name.family | name.birth | name.given


def _resembles(entry: Entry, patient: Patient) -> bool:
    """Whether family and first name are both similar, in either order. A twin has another first name, so one similar
    name is not enough."""
    one, two = _both(entry)
    return any(_near(one, own, two, patient.given_name) for own in _families(patient)) or any(
        _near(two, own, one, patient.given_name) for own in _families(patient)
    )


def _near(family: str, own_family: str, given: str, own_given: str) -> bool:
    return _ratio(family, own_family) >= _NEAR_FAMILY and _ratio(given, own_given) >= _NEAR_GIVEN


def given_near(entry: Entry, patient: Patient) -> bool:
    """Whether one side of the typed name is the record's first name, or similar to it."""
    own, typed = name_tokens(patient.given_name), name_tokens(entry.name_text)
    return bool(own & typed) or any(_ratio(one, patient.given_name) >= _NEAR_GIVEN for one in _both(entry))


def _both(entry: Entry) -> tuple[str, str]:
    if entry.family_name or entry.given_name:
        return entry.family_name, entry.given_name
    name = names.split(entry.name_text)
    return name.family, name.given


def slip(entry: Entry, patient: Patient) -> bool:
    """Whether the entry is the record with a typing error: the birth date and one side of the name are equal, the other
    is similar. Another usual first name is no typing error, since twins differ only in it (ruling 13)."""
    if not same_birth(entry, patient):
        return False
    one, two = _both(entry)
    return any(_one_side(family, given, patient) for family, given in ((one, two), (two, one)))


def _one_side(family: str, given: str, patient: Patient) -> bool:
    alike = [_squashed(family) == _squashed(own) for own in _families(patient)]
    if any(alike):
        return _ratio(given, patient.given_name) >= _NEAR_GIVEN and not names.usual_given(given)
    same_given = _squashed(given) == _squashed(patient.given_name)
    return same_given and any(_ratio(family, own) >= _NEAR_FAMILY for own in _families(patient))


def initials(entry: Entry, patient: Patient) -> bool:
    """Whether the typed name is the family name with initials of the first name: `LEROY JP`, `Petit E.`"""
    given = "".join(word[0] for word in words(patient.given_name))
    for own in map(key, _families(patient)):
        rest = f" {key(entry.name_text)} ".replace(f" {own} ", " ", 1).replace(" ", "")
        if own and len(rest) < len(key(entry.name_text).replace(" ", "")) and rest and given.startswith(rest):
            return True
    return False


def names_family(entry: Entry, patient: Patient) -> bool:
    """Whether the typed name contains the whole family name, alone or with a first name or initials of the record."""
    typed = name_tokens(entry.name_text)
    given = name_tokens(patient.given_name)
    for own in filter(None, map(name_tokens, _families(patient))):
        if own <= typed and (typed == own or given & typed or initials(entry, patient)):
            return True
    return False


def says_no_more(entry: Entry, patient: Patient) -> bool:
    """Whether every word of the typed name is a word of the record's name: `Mme DUPONT`."""
    return name_tokens(entry.name_text) <= name_tokens(f"{patient.given_name} {' '.join(_families(patient))}")


def shares_a_word(entry: Entry, patient: Patient) -> bool:
    """Whether a word of the typed name is a word of the record's name."""
    return bool(name_tokens(entry.name_text) & name_tokens(f"{patient.given_name} {' '.join(_families(patient))}"))


def _families(patient: Patient) -> tuple[str, ...]:
    return tuple(filter(None, (patient.family_name, patient.birth_name)))


def _ratio(one: str, other: str) -> float:
    from rapidfuzz import fuzz

    return float(fuzz.ratio(_squashed(one), _squashed(other)))


@remembered
def name_tokens(text: str) -> frozenset[str]:
    """The words of a name without particles; a name of particles only keeps them."""
    spoken = words(text)
    return frozenset(word for word in spoken if not names.particle(word)) or frozenset(spoken)


@remembered
def _squashed(text: str) -> str:
    return key(text).replace(" ", "")


def same_birth(entry: Entry, patient: Patient) -> bool:
    """Whether the birth date is typed and the record's."""
    return entry.birth_date is not None and entry.birth_date == patient.birth_date


def other_birth(entry: Entry, patient: Patient) -> bool:
    """Whether both birth dates are known and differ."""
    return bool(entry.birth_date and patient.birth_date and entry.birth_date != patient.birth_date)


def same_mobile(entry: Entry, patient: Patient) -> bool:
    """Whether the mobile is typed and the record's."""
    return entry.mobile is not None and entry.mobile == patient.mobile


def same_email(entry: Entry, patient: Patient) -> bool:
    """Whether the e-mail is typed and the record's, in capitals or not."""
    return bool(entry.email and patient.email and entry.email.lower() == patient.email.lower())


def same_contact(entry: Entry, patient: Patient) -> bool:
    """Whether mobile or e-mail is the record's."""
    return same_mobile(entry, patient) or same_email(entry, patient)


def corroborated(entry: Entry, patient: Patient) -> bool:
    """Whether anything typed besides the name is the record's."""
    return same_birth(entry, patient) or same_contact(entry, patient)


NARROWING: tuple[Callable[[Entry, Patient], bool], ...] = (same_birth, same_mobile, same_email)
