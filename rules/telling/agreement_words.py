"""The words of the page on which a patient agrees to another dentist, or refuses (P23). Pure."""

from __future__ import annotations

from rules.model import Facts, Practice
from rules.telling import spoken_names
from rules.telling.page_words import public_motif, short_name
from rules.telling.question_messages import UNTIL_THEN, question
from rules.text import french

TITLE = "Un autre praticien pour votre rendez-vous ?"
ACCEPTING = "Merci, votre accord est noté. Le rendez-vous vous est confirmé dans un instant."
CHANGED = "Ce rendez-vous a changé pendant que vous le regardiez. Relisez la question avant de répondre."
_AGREE, _REFUSE = "J'accepte.", "Je refuse."

__all__ = ["ACCEPTING", "CHANGED", "TITLE", "UNTIL_THEN", "question"]


def wording(facts: Facts, before: Facts, practice: Practice, *, agrees: bool) -> str:
    """What the patient read and clicked, kept with their answer."""
    return f"{question(facts, before, practice)} {_AGREE if agrees else _REFUSE}"


def accepted(facts: Facts, practice: Practice) -> str:
    """The booking is confirmed with the other dentist."""
    return f"Merci. Vous serez reçu(e) par {_who(facts, practice)} le {_when(facts, practice)}."


def noted(practice: Practice) -> str:
    """Accepted, and something else keeps the practice from confirming."""
    return (
        f"Merci, votre accord est noté. Le cabinet doit encore vérifier ce rendez-vous, et vous le confirme. "
        f"Une question ? Appelez le {practice.phone}."
    )


def refused(practice: Practice) -> str:
    """The patient wants to stay with their own dentist."""
    return (
        f"C'est noté : vous ne souhaitez pas être reçu(e) par un autre praticien. Le cabinet vous propose une autre "
        f"date ; vous pouvez aussi appeler le {practice.phone}."
    )


def called(practice: Practice) -> str:
    """The patient asked to be called."""
    return f"C'est noté : le cabinet vous rappelle. Vous pouvez aussi appeler le {practice.phone}."


def closed(practice: Practice) -> str:
    """The question is not asked any more: the practice changed the appointment, or settled it otherwise."""
    return (
        f"Cette question ne se pose plus : le cabinet a changé ce rendez-vous. Pour en savoir plus : {practice.phone}."
    )


def over(practice: Practice) -> str:
    """The appointment is past or does not take place."""
    return f"Ce rendez-vous est passé ou n'a plus lieu. Une question ? Appelez le {practice.phone}."


def rows(before: Facts, practice: Practice) -> tuple[tuple[str, str], ...]:
    """The appointment with the patient's own dentist, who is not there."""
    own = spoken_names.dentist(before.dentist, practice)
    said = (("Patient", short_name(before.name)), ("Votre praticien", f"{own.name} (indisponible)"))
    return tuple((label, value) for label, value in said if value)


def offered(facts: Facts, practice: Practice) -> tuple[tuple[str, str], ...]:
    """What is asked: who, when, how long, why, where."""
    other = spoken_names.dentist(facts.dentist, practice)
    said = (
        ("Praticien proposé", ", ".join(filter(None, (other.name, other.specialty)))),
        ("Date et heure", f"{_when(facts, practice)} ({spoken_names.zone(practice)})"),
        ("Durée", french.minutes(facts.minutes)),
        ("Motif", public_motif(facts, practice)),
        ("Adresse", facts.place or practice.address),
    )
    return tuple((label, value) for label, value in said if value)


def _who(facts: Facts, practice: Practice) -> str:
    return spoken_names.article(spoken_names.dentist(facts.dentist, practice).name)


def _when(facts: Facts, practice: Practice) -> str:
    return french.day_and_clock(spoken_names.local(facts, practice), year=True)
