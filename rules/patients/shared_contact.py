"""A typed mobile or e-mail of somebody else: a family's, or a typing error (P13, P14, ruling 13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from rules.findings import raised
from rules.model import Entry, Finding, Patient, Policy, Severity
from rules.patients.shown import label
from rules.text.fold import key


def shared(
    entry: Entry,
    on_file: Patient | None,
    future: Patient,
    others: Iterable[Patient],
    *,
    policy: Policy,
    given: Mapping[str, str],
) -> Iterator[Finding]:
    """Findings about a contact that a stranger has too, one with another name and another address. It is an error if it
    would replace the record's contact, as a typing error is then more likely than a family; `Mobile confirmé` confirms
    it. `given`: details that the directory has from this event."""
    rest = [one for one in others if on_file is None or one.id != on_file.id]
    for what, typed, seen, confirmed, name in (
        ("Mobile", entry.mobile, entry.mobile_text, entry.mobile_confirmed, "mobile"),
        ("E-mail", entry.email, entry.email_text, entry.email_confirmed, "email"),
    ):
        before, sought = getattr(on_file, name, None), (typed or "").lower()
        having = (one for one in rest if (getattr(one, name) or "").lower() == sought) if sought else ()
        theirs = next((one for one in having if _stranger(one, future)), None)
        if theirs is None or confirmed or (_is(before, typed) and given.get(name) != typed):
            continue
        found = raised(policy, "contact-shared", what=what, seen=seen, patient=label(theirs))
        blocks = before and not _is(before, typed) and "contact-shared" not in policy.severities
        yield from (replace(one, severity=Severity.ERROR) for one in found) if blocks else found


def _is(one: str | None, other: str | None) -> bool:
    return bool(one and other and one.lower() == other.lower())


def _stranger(one: Patient, patient: Patient) -> bool:
    """Whether the two share neither the address nor a word of their family names, guardians included."""
    names, others = _names(one), _names(patient)
    same_home = bool(one.address and patient.address and key(one.address) == key(patient.address))
    return names.isdisjoint(others) and not same_home


def _names(one: Patient) -> frozenset[str]:
    """The words of the family name, the birth name and the guardian's name."""
    return frozenset(key(f"{one.family_name} {one.birth_name or ''} {one.guardian or ''}").split())
