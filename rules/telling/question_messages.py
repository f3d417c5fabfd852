"""What a patient reads who is asked something: whether another dentist is agreed to (P23), to choose another date with
their own (P24). Pure wording; each question has one link, to its page."""

from __future__ import annotations

from datetime import date

from rules.model import Facts, MessageKind, Practice, Send
from rules.telling import spoken_names
from rules.telling.spoken_names import Style
from rules.text import french


def sms_wordings(send: Send, practice: Practice, url: str | None, today: date | None) -> list[tuple[str, str]]:
    """(what stands behind, text) of the SMS, best first: the last ones leave to the page whatever it says too."""
    called = f"Tél. {practice.phone}"
    tails = [f"Répondez : {url} ou {practice.phone}", f"Répondez : {url}", url] if url else [called]
    long, short = (SAID[send.kind](send, practice, Style(shorter, today)) for shorter in (False, True))
    said = [(tail, text) for tail in tails for text in (long[0], short[0])]
    return [*said, *((tail, text) for text in short[1:] for tail in tails)]


def _agreement(send: Send, practice: Practice, style: Style) -> list[str]:
    """`le Dr Martin est indisponible mar. 01/12 à 10h. Acceptez-vous le Dr Bernard ?`; the proposed time where it is
    another. Then shorter ones."""
    facts, before = send.facts, send.before or send.facts
    own, other = (spoken_names.article(spoken_names.short(one.dentist, practice)) for one in (before, facts))
    proposed = _when(facts, practice, style)
    also = "" if facts.start == before.start else f" {proposed}"
    return [
        f"{own} est indisponible {_when(before, practice, style)}. Acceptez-vous {other}{also} ?",
        f"{own} est indisponible. Acceptez-vous {other} {proposed} ?",
        f"acceptez-vous {other} {proposed} ?",
    ]


def _dates(send: Send, practice: Practice, style: Style) -> list[str]:
    own = spoken_names.article(spoken_names.short(send.facts.dentist, practice))
    when = _when(send.facts, practice, style)
    return [
        f"{own} est indisponible {when}, date de votre RDV. Choisissez une autre date.",
        f"{own} est indisponible {when}. Choisissez une autre date.",
        f"choisissez une autre date pour votre RDV, {when}.",
    ]


SAID = {MessageKind.AGREEMENT: _agreement, MessageKind.DATES: _dates}


def _when(facts: Facts, practice: Practice, style: Style) -> str:
    at = spoken_names.local(facts, practice)
    day = spoken_names.day(at.date(), style)
    return f"{'' if style.shorter else 'le '}{day} à {french.short_clock(at)}"


# --- e-mail ----------------------------------------------------------------------------------------------------------


def subject(send: Send, practice: Practice) -> str:
    """Without health data and without the dentist's name."""
    when = french.day_and_clock(spoken_names.local(send.facts, practice), year=True)
    return f"Une question sur votre rendez-vous : {when}"


def paragraphs(send: Send, practice: Practice) -> tuple[str, ...]:
    """What is asked, and what happens without an answer."""
    if send.kind is MessageKind.AGREEMENT:
        return (question(send.facts, send.before or send.facts, practice), UNTIL_THEN)
    return (dates(send.facts, practice), f"{UNTIL_MOVED} Vous pouvez aussi dire si aucune date ne vous convient.")


def dates(facts: Facts, practice: Practice) -> str:
    """The proposal of P24, in the letter and on the page."""
    own = spoken_names.article(_called(facts, practice))
    when = french.day_and_clock(spoken_names.local(facts, practice), year=True)
    return (
        f"{own[:1].upper()}{own[1:]} est indisponible le {when}, date de votre rendez-vous. Choisissez une autre date "
        "avec ce praticien."
    )


def dates_refused(practice: Practice) -> str:
    """None of the dates suits."""
    return (
        "C'est noté : aucune de ces dates ne vous convient. Le cabinet vous rappelle ; vous pouvez aussi appeler le "
        f"{practice.phone}."
    )


def button(send: Send) -> str:
    """The label of the link."""
    return "Répondre à la question" if send.kind is MessageKind.AGREEMENT else "Choisir une autre date"


def question(facts: Facts, before: Facts, practice: Practice) -> str:
    """The question of P23 in full: who is away, who is proposed, when. The page shows it too, and it is what is kept
    with the answer."""
    own, other = (spoken_names.article(_called(one, practice)) for one in (before, facts))
    when = french.day_and_clock(spoken_names.local(facts, practice), year=True)
    past = french.day_and_clock(spoken_names.local(before, practice), year=True)
    away = f"{own[:1].upper()}{own[1:]} est indisponible {_LE}{past}."
    if facts.start == before.start:
        return f"{away} Acceptez-vous d'être reçu(e) par {other} à cette date ?"
    return f"{away} Acceptez-vous d'être reçu(e) par {other} {_LE}{when} ?"


UNTIL_MOVED = "Votre rendez-vous n'est déplacé que si vous choisissez une date."
UNTIL_THEN = "Sans votre accord, ce rendez-vous n'est pas confirmé avec un autre praticien."
_LE = "le "


def _called(facts: Facts, practice: Practice) -> str:
    return spoken_names.dentist(facts.dentist, practice).name
