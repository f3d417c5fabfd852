"""Reads the answers of an entry: known patient, first visit, dentist, agreement, length (P7, P8, P20, P22, P23).

Two answers that contradict each other, and one that cannot be understood, are shown and decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from rules.details.detail import is_placeholder
from rules.entry import yes_no
from rules.entry.classified import Sheet
from rules.findings import raised
from rules.model import Consent, Finding
from rules.text.fold import key, tidy
from rules.text.french import listed

Findings = tuple[Finding, ...]
_BOTH = "« Première consultation » et « Suivi » sont tapés tous les deux"


class Answers(Struct, frozen=True):
    """The answers; None for a question without an answer, or without an understandable one."""

    known: bool | None = None
    first_visit: bool | None = None
    dentist: str | None = None
    dentist_text: str = ""
    consent: Consent | None = None
    minutes: int | None = None
    findings: Findings = ()


def read_answers(typed: Sheet) -> Answers:
    """Read the answers to all questions. `Dentiste : aucun` is noted on the sheet as no preference."""
    known, first, named = _known(typed), _first(typed), _dentist(typed)
    agreed, lasting = _consent(typed), _minutes(typed)
    every = (known, first, named, agreed, lasting)
    return Answers(
        known.known,
        first.first_visit,
        named.dentist,
        named.dentist_text,
        agreed.consent,
        lasting.minutes,
        sum((one.findings for one in every), ()),
    )


def _said(text: str) -> str:
    line = tidy(text[:200])
    return line if len(line) <= 80 else f"{line[:79]}…"


# --- question 1 ------------------------------------------------------------------------------------------------------


def _known(typed: Sheet) -> Answers:
    """Whether the patient is known: `Déjà venu : oui`, `Nouveau patient`. Both, or `je crois`, is a question (P20)."""
    found = dict(_known_said(typed))
    if not found or (len(found) == 1 and None not in found):
        return Answers(known=next(iter(found), None))
    seen = listed([f"« {words} »" for words in found.values()], "et")
    return Answers(findings=raised(typed.practice.policy, "known-unclear", seen=seen))


def _known_said(typed: Sheet) -> Iterator[tuple[bool | None, str]]:
    """Each answer with the words that gave it."""
    for value in typed.typed.get("known", ()):
        said = yes_no.yes(value)
        if said is not None or not is_placeholder(tidy(value)):
            yield said, f"Déjà venu : {_said(value)}"
    if "known" in typed.statements:
        yield True, "Déjà venu"
    if typed.statements & {"new", "not_known"}:
        yield False, "Nouveau patient" if "new" in typed.statements else "Jamais venu"


def _first(typed: Sheet) -> Answers:
    """Whether it is a first visit or a follow-up; both at once is a question (P7)."""
    first, follow_up = "first" in typed.statements, "follow_up" in typed.statements
    if first and follow_up:
        return Answers(findings=raised(typed.practice.policy, "visit-contradiction", seen=_BOTH))
    return Answers(first_visit=first if first or follow_up else None)


# --- question 2 ------------------------------------------------------------------------------------------------------


def _dentist(typed: Sheet) -> Answers:
    """The dentist of `Dentiste : Dr Martin`; `aucun` means no preference. Two answers are a question (P22)."""
    texts = [text for text in typed.typed.get("dentist", ()) if not is_placeholder(text) or key(text) in _NOBODY]
    named = [(yes_no.dentist(text, typed.practice), _said(text)) for text in texts]
    if any(one.nobody for one, _ in named):
        typed.statements.add("preference")
    named = [one for one in named if not one[0].nobody]
    unknown = next((text for one, text in named if one.key is None), "")
    if unknown:
        return _stranger(typed, unknown)
    keys = dict.fromkeys(one.key for one, _ in named)
    if len(keys) + bool(keys and "preference" in typed.statements) > 1:
        return _two_dentists(typed, [text for _, text in named])
    return Answers(dentist=next(iter(keys), None), dentist_text=named[0][1] if named else "")


_NOBODY = frozenset({"aucun", "aucune"})  # among the placeholders, but an answer to this question


def _stranger(typed: Sheet, seen: str) -> Answers:
    team = ", ".join(dentist.name for dentist in typed.practice.dentists)
    near = yes_no.nearest_dentists(seen, typed.practice)
    facts = raised(typed.practice.policy, "dentist-unknown", seen=seen, dentists=team, proposals=near)
    return Answers(dentist_text=seen, findings=facts)


def _two_dentists(typed: Sheet, texts: list[str]) -> Answers:
    """The question which of two dentists is meant; neither counts. `Sans préférence` beside a name is one too."""
    also = ["Sans préférence"] if "preference" in typed.statements else []
    typed.statements.discard("preference")
    seen = listed([f"« {text} »" for text in dict.fromkeys([*texts, *also])], "et")
    return Answers(dentist_text=texts[0], findings=raised(typed.practice.policy, "dentist-twice", seen=seen))


# --- agreement and length --------------------------------------------------------------------------------------------


def _consent(typed: Sheet) -> Answers:
    """The agreement. Only a clear yes or no is an answer, and a no beside a yes is a no (P23)."""
    texts = [tidy(value) for value in typed.typed.get("consent", ())]
    said = [(yes_no.consent(text, typed.practice), text) for text in texts]
    given = [one for one, _ in said if one]
    chosen = next((one for one in given if not one.given), given[-1] if given else None)
    unclear = [text for one, text in said if one is None and text and not is_placeholder(text)]
    if len({one.given for one in given}) > 1:
        unclear = texts
    facts = raised(typed.practice.policy, "consent-unclear", seen=listed(list(map(_said, unclear)), "et"))
    return Answers(consent=chosen, findings=facts if unclear else ())


def _minutes(typed: Sheet) -> Answers:
    """The minutes of `Durée : 45 min`; two lengths, or an unreadable one, are a question (P8)."""
    texts = [text for text in typed.typed.get("duration", ()) if not is_placeholder(tidy(text))]
    lengths = dict.fromkeys(map(yes_no.minutes, texts))
    if not lengths or (len(lengths) == 1 and None not in lengths):
        return Answers(minutes=next(iter(lengths), None))
    seen = listed(list(map(_said, texts)), "et")
    return Answers(findings=raised(typed.practice.policy, "duration-unclear", seen=seen))
