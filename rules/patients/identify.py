"""Identifies the patient that an entry means, without silent guesses (P3, P5, S11 to S18, S60).

Names, mobiles, e-mails and birth dates narrow each other. A similar name is only proposed, and never decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rules.findings import raised
from rules.model import Entry, Finding, Patient, Policy, Severity
from rules.patients.likeness import (
    NARROWING,
    NameMatch,
    corroborated,
    given_near,
    initials,
    name_match,
    name_tokens,
    of_that_name,
    other_birth,
    same_birth,
    same_contact,
    shares_a_word,
    slip,
)
from rules.patients.shown import label, numbered, numbered_as, told_apart, with_last_visit
from rules.text.fold import key

_RESEMBLING = 70  # ratio of whole names from which a record is worth proposing
_PROPOSED = 3  # records in one proposal

_CHOOSABLE = frozenset({"patient-unknown", "patient-ambiguous"})


class Match(Struct, frozen=True):
    """The record that is meant, or None; `nearest`: the records to choose from, the likeliest first. `renames`: the
    typed name corrects the record's."""

    patient: Patient | None = None
    nearest: tuple[Patient, ...] = ()
    findings: tuple[Finding, ...] = ()
    renames: bool = False

    def with_past(self, patient: Patient, policy: Policy) -> Match:
        """The match with the same record as read since with its visits, of which one finding says the last."""
        exists = any(one.rule == "patient-exists" for one in self.findings)
        return Match(patient, (patient,), _exists(patient, policy) if exists else self.findings, self.renames)


def identify(
    entry: Entry,
    candidates: Sequence[Patient],
    policy: Policy,
    *,
    nearest: Sequence[Patient] = (),
    linked: int | None = None,
    born_here: bool = True,
    offered: Sequence[str] = (),
    corrected: str = "",
) -> Match:
    """The one record that the entry means (P3, P5). `nearest`: similar names, for proposals only.

    `linked`: the record to which this booking already belongs; it decides between homonyms. `born_here`: that record
    was made from this entry, so `Nouveau patient` remains true. `offered`: the lines that the event last showed to
    choose from; `= 1` selects the first. `corrected`: the name that the patient of `linked` says is theirs; typed, it
    means that record, unless a record of that name exists (P39).
    """
    people = tuple(dict.fromkeys(candidates))
    case = _Case(entry, people, policy, tuple(nearest), linked, born_here, tuple(offered), corrected)
    if not key(entry.name_text):
        return case.nameless()
    return case.renamed() or case.named()


class _Case(Struct, frozen=True):
    """One entry and the records that it may mean."""

    entry: Entry
    people: tuple[Patient, ...]
    policy: Policy
    near: tuple[Patient, ...]
    linked: int | None
    born_here: bool
    offered: tuple[str, ...] = ()
    corrected: str = ""

    def named(self) -> Match:
        """The match of an entry with a name: the records of that name, narrowed by the other clues."""
        full = of_that_name(self.entry, self.people)
        best = self._narrowed([one for one in full if not other_birth(self.entry, one)])
        if len(best) > 1:
            return self._ambiguous(best)
        if best and self._sure(best[0]):
            return self._mismatch(full) if self._somebody_elses(best[0], full) else self._found(best[0])
        if self.entry.new_patient:
            return self._ambiguous(best) if best and self.entry.birth_date is None else self._new()
        partly = self._narrowed([one for one in self.people if self._partly(one)])
        if partly:
            return self._found(partly[0]) if len(partly) == 1 else self._ambiguous(partly)
        slips = {one for one in (*self.people, *self.near) if slip(self.entry, one) and self._was_offered(one)}
        if not full and len(slips) == 1:
            return self._found(slips.pop())
        return self._mismatch(full) if full else self._unknown()

    def renamed(self) -> Match | None:
        """The booking's own record, if the name typed is what its patient proposed, and no record is called so."""
        if self.linked is None or key(self.entry.name_text) != key(self.corrected):
            return None
        if self.entry.new_patient and not self.born_here:
            return None
        if of_that_name(self.entry, self.people):
            return None
        mine = (one for one in self.people if one.id == self.linked and not other_birth(self.entry, one))
        return next((Match(one, (one,), renames=True) for one in mine), None)

    def nameless(self) -> Match:
        """The match of an entry without a name: the record, if exactly one agrees with the typed mobile, e-mail and
        birth date."""
        hits = [one for one in self.people if corroborated(self.entry, one)]
        agreeing = self._narrowed([one for one in hits if not self._disagrees(one)])
        if len(agreeing) == 1:
            return self._found(agreeing[0])
        if agreeing:
            return self._ambiguous(agreeing)
        return self._mismatch(hits) if hits else Match()

    def _sure(self, patient: Patient) -> bool:
        """Whether the record is certain. With `Nouveau patient` the name alone is not enough: it may be a homonym's."""
        linked = self.linked is not None and patient.id == self.linked
        return not self.entry.new_patient or linked or corroborated(self.entry, patient)

    def _somebody_elses(self, patient: Patient, full: list[Patient]) -> bool:
        """Whether the typed mobile or e-mail belongs to a homonym instead, so that one of the clues must be wrong."""
        others = (one for one in full if one != patient and same_contact(self.entry, one))
        return not same_contact(self.entry, patient) and any(others)

    def _partly(self, patient: Patient) -> bool:
        """Whether part of the name (`Dupont`, `Marie`) and another clue fit the record. If the part has words of both
        sides, the clue must be the birth date: a father may share the phone and part of the first name."""
        if other_birth(self.entry, patient) or not corroborated(self.entry, patient):
            return False
        if name_match(self.entry, patient) is not NameMatch.PART:
            return False
        typed = name_tokens(self.entry.name_text)
        families = name_tokens(f"{patient.family_name} {patient.birth_name or ''}")
        one_side = typed <= families or typed <= name_tokens(patient.given_name)
        return same_birth(self.entry, patient) or (one_side and same_contact(self.entry, patient))

    def _disagrees(self, patient: Patient) -> bool:
        typed = self.entry.mobile
        return other_birth(self.entry, patient) or bool(typed and patient.mobile and typed != patient.mobile)

    def _narrowed(self, people: list[Patient]) -> list[Patient]:
        for same in NARROWING:
            people = [one for one in people if same(self.entry, one)] or people
        if len(people) > 1 and self.linked is not None:
            people = [one for one in people if one.id == self.linked] or people
        return people

    def _found(self, patient: Patient) -> Match:
        if not self.entry.new_patient:
            return Match(patient, (patient,))
        if self.born_here and self.linked is not None and patient.id == self.linked:
            return Match(patient, (patient,), self._duplicates(patient))
        return Match(patient, (patient,), _exists(patient, self.policy))

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
        if of_that_name(self.entry, [patient]):
            return not other_birth(self.entry, patient) or same_contact(self.entry, patient)
        return same_birth(self.entry, patient) and name_match(self.entry, patient) is not NameMatch.OTHER

    def _blocks(self, patient: Patient) -> bool:
        same = same_birth(self.entry, patient) and same_contact(self.entry, patient)
        return same and given_near(self.entry, patient)

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
        choose = f"Choisissez un patient proposé ({how})" if near else "Vérifiez le nom"
        although = ", alors que « Déjà venu : oui » est tapé" if self.entry.known else ""
        return self._asked("patient-unknown", near, seen=self._seen(), although=although, choose=choose)

    def _asked(self, rule: str, people: Sequence[Patient], **facts: object) -> Match:
        shown = tuple(people[: _PROPOSED * 2])
        chosen = self._chosen(shown) if rule in _CHOOSABLE else None
        if chosen is not None:
            return self._found(chosen)
        proposals = numbered(told_apart(shown), self.entry.choice) if rule in _CHOOSABLE else told_apart(shown)
        return Match(None, shown, raised(self.policy, rule, proposals=proposals, **facts))

    def _chosen(self, shown: Sequence[Patient]) -> Patient | None:
        """The record that `= 1` selects: the first that was shown when it was typed, or the one to which the booking
        belongs since. It must be among `shown`, so that a choice ends when the typed name changes."""
        if not self.entry.choice:
            return None
        meant = next((one for one in self.offered if one.endswith(numbered_as(self.entry.choice))), "")
        if meant:
            fitting = [one for one, said in zip(shown, told_apart(shown), strict=True) if meant.startswith(said)]
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
        if likeness >= _RESEMBLING or same_contact(self.entry, patient) or initials(self.entry, patient):
            return True
        near = name_match(self.entry, patient) is NameMatch.PART
        return near or (same_birth(self.entry, patient) and shares_a_word(self.entry, patient))

    def _clues(self, patient: Patient) -> int:
        return sum(same(self.entry, patient) for same in NARROWING)

    def _likeness(self, patient: Patient) -> float:
        from rapidfuzz import fuzz

        return float(fuzz.token_sort_ratio(key(self.entry.name_text), key(patient.name)))

    def _seen(self) -> str:
        typed = (self.entry.name_text, self.entry.birth_text, self.entry.mobile_text, self.entry.email_text)
        return next(filter(None, typed), "ces renseignements")


def _exists(patient: Patient, policy: Policy) -> tuple[Finding, ...]:
    return raised(policy, "patient-exists", seen=with_last_visit(patient))
