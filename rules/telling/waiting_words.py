"""What stands in an event of the waiting list's own calendar (P44)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rules.entry.wished_times import said
from rules.model import ANY_TIME, Annotation, Booking, Finding, Practice, Wish
from rules.telling.event_block import BLOCKS, findings_said
from rules.text.french import clock, day_and_clock, minutes, unbroken

RESERVED = "Inscrit sur la liste d'attente : rien n'est réservé."
ANEW = "Supprimez cet événement ; pour inscrire de nouveau ce patient, créez-en un autre."
NOBODY = "✗ Pour qui ? Tapez le nom du patient dans le titre : « DUPONT Marie – détartrage »."
REPEATED = "✗ Cet événement se répète : personne n'est inscrit. Retirez la répétition."

ENDS = {
    "open": "attend sa réponse",
    "wanted": "accepté, à écrire dans l'agenda",
    "flight": "accepté, en cours d'écriture",
    "done": "accepté",
    "refused": "refusé",
    "left": "refusé, ne veut plus de propositions",
    "silent": "sans réponse",
    "unread": "message non remis",
    "gone": "pris par un autre patient",
    "withdrawn": "retiré",
}
SHOWN = 3  # offers in the event, the latest


def asked(offers: Sequence[tuple[datetime, datetime, str]]) -> tuple[str, ...]:
    """What was offered when, and how it ended: (offered at, slot, state) in order, in the practice's zone."""
    return tuple(
        f"✓ Proposé le {at:%d/%m} à {clock(at)} : {day_and_clock(slot)}, {ENDS[state]}"
        for at, slot, state in offers[-SHOWN:]
    )


def nobody() -> Annotation:
    """The event names no patient."""
    return Annotation(BLOCKS, (unbroken(NOBODY),))


def repeated() -> Annotation:
    """The event is a series."""
    return Annotation(BLOCKS, (unbroken(REPEATED),))


def over(name: str, why: str) -> Annotation:
    """The patient waits no more, whatever the event says. `why`: in French."""
    ended = f"! {name} n'est plus sur la liste d'attente : {why}."
    return Annotation("", (unbroken(ended), unbroken(f"  → {ANEW}")))


def entry_block(wrong: Sequence[Finding], name: str, wish: Wish, booking: Booking, practice: Practice) -> Annotation:
    """What is missing, else that the patient waits, with what was understood."""
    if wrong:
        return Annotation(BLOCKS if practice.policy.title_mark else "", tuple(map(unbroken, findings_said(wrong))))
    asks = f"souhaite {said(wish)}" if wish != ANY_TIME else "tous les jours, toutes les heures"
    motif = f"{booking.motif}, " if booking.motif else ""
    what = f"{name} : {motif}{minutes(booking.minutes)}, {practice.name_of(booking.dentist)}, {asks}"
    return Annotation("", (unbroken(f"✓ {RESERVED}"), unbroken(what)))
