"""Reads an event as an Entry: `read(event, practice, now)` (docs/design.md#what-she-types; P6, P7, P12 to P14, P19 to
P23, P28 to P34).

Pure and total: whatever stands in an event, `read` answers, and what cannot be believed is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from rules.details import email_address, names
from rules.details.contact import Detail, address, birth_date, email, is_placeholder, mobile
from rules.details.names import Name
from rules.entry import descriptions, exceptions, outcomes, titles, typed_answers, unlabelled, wished_times
from rules.entry.classified import Sheet
from rules.entry.is_patient import Likeness, contentless, looks_like_patient
from rules.entry.typed_answers import Answers
from rules.entry.visit_motif import mentioned, motif_of, one_label, unclaimed
from rules.findings import raised, severity
from rules.model import ANY_TIME, CalendarEvent, Entry, Finding, Guardian, Practice, Severity
from rules.text.fold import key, shortened, tidy
from rules.text.french import listed
from rules.text.html_text import plain_text

__all__ = ["Likeness", "Reader", "contentless", "looks_like_patient", "read"]

_TITLE_AT_MOST = 500
_TEXT_AT_MOST = 20_000  # signs of the description that are read; the rest counts as comment
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_QUERY = re.compile(r"\s*\?+\s*(?=\w)")

T = TypeVar("T")
Findings = tuple[Finding, ...]


def read(event: CalendarEvent, practice: Practice, now: datetime) -> Entry:
    """The entry that an event holds. Deterministic; never raises for any text."""
    return Reader(practice, now).read(event)


class Reader:
    """Reads one practice's entries of one day. The text of a series is read once for all its occurrences, unless it has
    an outcome, which depends on the occurrence's hour; one with a length in its title once for each length of them."""

    def __init__(self, practice: Practice, now: datetime) -> None:
        self._practice, self._today = practice, now.astimezone(practice.zone).date()
        self._known: dict[tuple[object, ...], Entry] = {}

    def read(self, event: CalendarEvent) -> Entry:
        """As `read`."""
        written = (event.title, event.description, event.location, event.categories)
        known = self._known.get(written) or self._known.get((*written, event.minutes))
        if known is not None:
            return known
        title = tidy(_CONTROL.sub(" ", event.title[:_TITLE_AT_MOST]))
        if query := _QUERY.match(title):
            return Entry(query=title[query.end() :])
        typed = _sorted(event, title, self._practice, self._today)
        entry = _entry(typed)
        if not (typed.timed or typed.warned):
            self._known[(*written, event.minutes) if typed.measured else written] = entry
        return entry


def _sorted(event: CalendarEvent, title: str, practice: Practice, today: date) -> Sheet:
    """The sheet of one event. A title without content is not searched for a name, unless it is a detail."""
    typed = Sheet(practice, event.start.astimezone(practice.zone), today, event.minutes)
    if contentless(title) and not any(map(str.isdigit, title)):
        typed.left.append(title)
    else:
        titles.sort(typed, title)
    text = plain_text(event.description[: _TEXT_AT_MOST * 4])
    descriptions.sort(typed, _CONTROL.sub(" ", "\n".join(text[:_TEXT_AT_MOST].splitlines())))
    typed.comment.extend(filter(None, [text[_TEXT_AT_MOST:]]))
    typed.place = typed.place or _place(event.location, practice)
    for category in event.categories:
        typed.statements.update({"waiting"} if key(category) in {"liste d attente", "attente"} else ())
    if not typed.motifs and "motif" not in typed.typed:
        typed.motifs.update(dict.fromkeys(mentioned(" ".join(event.categories)[:200], practice, near=False)))
    return typed


def _place(location: str, practice: Practice) -> str:
    """The event's location, if it is a whole address and not the practice's: it is the patient's. Else empty."""
    whole = address(location).value
    return "" if whole is None or key(practice.address) in key(whole) else whole


def _entry(typed: Sheet) -> Entry:
    """The entry with patient, contacts, motif and dentist, and findings about what is not believable."""
    name, born, number, mail = _name(typed), _birth(typed), _mobile(typed), _email(typed)
    home, motif, guardian, asked = _home(typed), motif_of(typed), _guardian(typed), typed_answers.read_answers(typed)
    strange = unclaimed(typed, motif)
    left = exceptions.left_over(typed, strange)
    checked = (born, number, mail, home, motif, asked, guardian)
    entry = Entry(
        name_text=name.text,
        also_named=tuple(typed.also),
        family_name=name.family,
        given_name=name.given,
        birth_name=name.birth,
        birth_date=born.value,
        birth_text=born.text,
        mobile=number.value,
        mobile_text=number.text,
        email=mail.value,
        email_text=mail.text,
        address=home.value,
        address_text=home.text,
        address_beside=bool(home.text) and "address" not in typed.typed,
        motif=one_label(motif, typed.practice),
        motifs=motif.labels,
        motif_text=motif.text,
        guardian=guardian.value,
        comment="\n".join([*typed.comment, *strange]).strip(),
        findings=_name_findings(name, typed) + sum((one.findings for one in checked), left),
    )
    return _with_answers(entry, typed, asked)


def _with_answers(entry: Entry, typed: Sheet, asked: Answers) -> Entry:
    """The entry with the typed answers and notes added."""
    said = typed.statements
    return replace(
        entry,
        email_confirmed="email_ok" in said,
        mobile_confirmed="mobile_ok" in said,
        text_confirmed="text_ok" in said,
        first_visit=asked.first_visit,
        known=asked.known,
        new_patient=asked.known is False,
        dentist=asked.dentist,
        dentist_text=asked.dentist_text,
        no_preference="preference" in said,
        consent=asked.consent,
        ask_consent=exceptions.asks_consent(typed),
        rescue=exceptions.asks_rescue(typed),
        keep_minutes=asked.minutes,
        slot_confirmed=exceptions.slot_confirmed(typed),
        without_mobile=exceptions.waived(typed, "no_mobile"),
        without_email=exceptions.waived(typed, "no_email"),
        ended=exceptions.ended(typed),
        waiting="waiting" in said,
        wish=next(filter(None, map(wished_times.read, typed.typed.get("waiting", ()))), ANY_TIME),
        unlisted="unlisted" in said,
        teeth=", ".join(dict.fromkeys(typed.teeth)),
        choice=typed.choice,
        kept_for="" if "no_booking" in said else typed.kept_for,
        no_booking="no_booking" in said,
        outcome=outcomes.concluded(typed.outcome, typed.pressed, typed.start if typed.warned else None),
    )


# --- details ---------------------------------------------------------------------------------------------------------


class _Checked(Detail[T], frozen=True):
    """A detail with the text as typed and the findings about it."""

    text: str = ""
    findings: Findings = ()


def _checked(typed: Sheet, rule: str, check: Callable[[str], Detail[T]], text: str) -> _Checked[T]:
    """One detail with its findings; a placeholder counts as nothing typed (ruling 12)."""
    if not text:
        return _Checked(None)
    detail = check(text)
    if detail.missing:
        return _Checked(None)
    seen = shortened(text)
    if detail.proposal:
        facts = raised(typed.practice.policy, "email-slip", seen=seen, proposal=detail.proposal)
    elif detail.problem:
        facts = raised(typed.practice.policy, rule, seen=seen, problem=detail.problem)
    else:
        facts = ()
    return _Checked(detail.value, detail.problem, detail.proposal, seen, facts)


def _best(typed: Sheet, label: str, rule: str, check: Callable[[str], Detail[T]], two: str) -> _Checked[T]:
    """The one believable value among the labelled and the unlabelled, else the first problem; several that differ
    are a question (`two` says which), never a guess."""
    texts = [*typed.typed.get(label, ()), *typed.loose.get(label, ())]
    checked = [_checked(typed, rule, check, text) for text in texts]
    said = [one for one in checked if one.text]
    believed = {str(one.value).lower(): one for one in said if one.value is not None}
    if len(believed) > 1:
        return _two(typed, rule, listed([one.text for one in believed.values()], "et"), two)
    return next(iter(believed.values()), said[0] if said else _Checked(None))


def _two(typed: Sheet, rule: str, seen: str, problem: str) -> _Checked[Any]:
    """The question which of two different values is right; neither is used."""
    return _Checked(None, problem, text=seen, findings=raised(typed.practice.policy, rule, seen=seen, problem=problem))


def _mobile(typed: Sheet) -> _Checked[str]:
    own = mobile(typed.practice.phone).value

    def check(text: str) -> Detail[str]:
        detail = mobile(text)
        return Detail(None, "c'est le numéro du cabinet") if own and detail.value == own else detail

    found = _best(typed, "mobile", "mobile-invalid", check, "deux numéros, un seul est attendu")
    return _unless_waived(typed, "no_mobile", "mobile-contradiction", found, "Sans mobile")


def _email(typed: Sheet) -> _Checked[str]:
    confirmed = "email_ok" in typed.statements
    blocks = severity("email-slip", typed.practice.policy) is Severity.ERROR

    def check(text: str) -> Detail[str]:
        detail = email(text)
        if detail.proposal and (confirmed or not blocks):  # a slip that does not block is believed, and shown
            return Detail(email_address.confirmed(text), "", "" if confirmed else detail.proposal)
        own = detail.value is not None and detail.value.lower() == typed.practice.email.lower()
        return Detail(None, "c'est l'adresse du cabinet") if own else detail

    found = _best(typed, "email", "email-invalid", check, "deux adresses, une seule est attendue")
    return _unless_waived(typed, "no_email", "email-contradiction", found, "Sans e-mail")


def _unless_waived(typed: Sheet, label: str, rule: str, found: _Checked[str], called: str) -> _Checked[str]:
    """Waived and given at once is a question (P34): which of the two, with the reason that is typed."""
    why = exceptions.waived(typed, label) if found.value else None
    if why is None or exceptions.unwanted(typed, label):
        return found
    also = called if why == "oui" or label.replace("no_", "lacks_") in typed.statements else f"{called} : oui ({why})"
    facts = raised(typed.practice.policy, rule, seen=found.text, also=shortened(also))
    return _Checked(None, rule, text=found.text, findings=facts)


def _birth(typed: Sheet) -> _Checked[date]:
    def check(text: str) -> Detail[date]:
        return birth_date(text, typed.today)

    return _best(typed, "birth", "birth-date-invalid", check, "deux dates différentes")


def _home(typed: Sheet) -> _Checked[str]:
    """The address: the labelled lines together, unless two of them are whole addresses; else the event's location."""
    wholes = {key(whole): whole for text in typed.typed.get("address", ()) if (whole := address(text).value)}
    if len(wholes) > 1:
        seen = shortened(listed(list(wholes.values()), "et"))
        return _two(typed, "address-incomplete", seen, "deux adresses, une seule est attendue")
    text = next(iter(wholes.values()), "") or typed.text("address", "address_more") or typed.place
    return _checked(typed, "address-incomplete", address, text)


# --- who -------------------------------------------------------------------------------------------------------------


def _name(typed: Sheet) -> Name:
    """The name: from labels, else from the title. Names of two people are a question (P12)."""
    name, title = _named(typed), names.split(typed.name)
    also = title if names.contradict(name, title) else next(filter(None, map(names.another, typed.left)), None)
    if also is not None:
        typed.also.append(also.text)
    return name


def _named(typed: Sheet) -> Name:
    maiden = typed.text("birth_name")
    family, given, patient = typed.text("family"), typed.text("given"), typed.text("patient")
    whole = names.split(patient or typed.name)
    if family and given:
        return names.joined(family, given, maiden)
    if family and not patient and " " not in family and whole.given:
        return names.joined(family, whole.given, maiden)
    if given and whole.text:
        return names.joined(whole.family if whole.given else whole.text, given, maiden)
    return _whole(typed, maiden)


def _whole(typed: Sheet, maiden: str) -> Name:
    whole = next(filter(None, (typed.text("patient"), typed.text("family", "given"), typed.name)), "")
    if is_placeholder(tidy(whole[:200])):
        return Name()
    name = names.split(unlabelled.take(whole, typed.today).rest.replace(unlabelled.GAP, " "))
    return (
        name
        if not maiden
        else Name(name.text, name.family, name.given, names.capitals(maiden), name.certain, name.problem)
    )


def _name_findings(name: Name, typed: Sheet) -> Findings:
    policy = typed.practice.policy
    crossed = raised(policy, "title-crossed", seen=typed.crossed) if typed.crossed and typed.outcome is None else ()
    if not name.text:
        return crossed
    if typed.also:
        return (*crossed, *raised(policy, "name-twice", seen=shortened(name.text), also=shortened(typed.also[0])))
    if name.problem:
        return (*crossed, *raised(policy, "name-suspicious", seen=shortened(name.text), problem=name.problem))
    proposal = f"{name.family.upper()} {name.given}"
    order = raised(policy, "name-order", seen=shortened(name.text), proposal=proposal) if name.unordered else ()
    return (*crossed, *order)


def _guardian(typed: Sheet) -> _Checked[Guardian]:
    """The guardian of `Responsable : Mme X, 06 …, mail`."""
    text = ", ".join(value for value in typed.typed.get("guardian", ()) if not is_placeholder(value))
    if not text:
        return _Checked(None)
    taken = unlabelled.take(tidy(text), typed.today)
    called = " ".join(part for part in re.split(rf"[,;|/{unlabelled.GAP}]|\s-\s", taken.rest) if key(part)).strip(
        " .,:-()"
    )
    numbers = [mobile(number) for number in taken.mobile]
    mails = [email(address_text) for address_text in taken.email]
    problem = next((detail.problem for detail in (*numbers, *mails) if detail.problem), "")
    problem = problem or ("" if any(map(str.isalpha, called)) or numbers or mails else "le nom manque")
    problem = problem or ("un numéro incomplet" if any(map(str.isdigit, called)) else "")
    guardian = Guardian(
        tidy(called),
        next((detail.value for detail in numbers if detail.value), None),
        next((detail.value for detail in mails if detail.value), None),
    )
    facts = raised(typed.practice.policy, "guardian-invalid", seen=shortened(text), problem=problem) if problem else ()
    return _Checked(guardian, text=shortened(text), findings=facts)
