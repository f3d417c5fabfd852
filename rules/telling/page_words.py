"""What a patient reads on the page of an appointment (P39): plain, short, polite; no comment, no other patient."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from rules.details import names
from rules.model import Channel, Facts, Practice
from rules.telling import spoken_names
from rules.text import french

TITLE, CANCELLED_TITLE, PAST_TITLE = "Votre rendez-vous", "Rendez-vous annulé", "Rendez-vous passé"
DAYS, MOMENTS = ("lun", "mar", "mer", "jeu", "ven", "sam"), ("matin", "apres-midi")
DETAILS = {"nom": "Nom", "mobile": "Mobile", "email": "E-mail"}
LATER = (
    "Cela prend plus longtemps que d'habitude. Votre demande est gardée : vous recevrez un message, ou le cabinet vous "
    "appellera. Vous pouvez fermer cette page."
)
CANCELLING = "Votre demande d'annulation est en cours. Cela prend quelques secondes."
OTHER_HAND = "Le cabinet a modifié ce rendez-vous entre-temps : votre demande n'a pas été appliquée. Le voici."
OLD_PAGE = "Ce rendez-vous a changé depuis que vous avez ouvert la page. Vérifiez-le, puis recommencez si besoin."
UNDER_CHECK = "Le cabinet est en train de vérifier ce rendez-vous. En cas de doute, appelez-le."
OVER = "Ce rendez-vous est passé."
CHOOSE = "Choisissez d'abord un créneau dans la liste."
MORE_DATES = "Voir d'autres dates"
CALL_NOTED = "C'est noté : le cabinet vous rappellera."
CALL_KNOWN = "Votre demande est déjà notée : le cabinet vous rappellera."
WAIT_NOTED = "C'est noté. Rien n'est réservé pour l'instant : votre rendez-vous reste à sa date."
SENT_ON = "Votre demande est transmise. Le cabinet la vérifie avant de corriger votre dossier."
AGAIN = "Changer les messages que je reçois"
NOTHING_NEW = "Il n'y avait rien à corriger."
NOT_UNDERSTOOD = "Cette demande n'a pas pu être lue. Recommencez, ou appelez le cabinet."


def rows(facts: Facts, practice: Practice) -> tuple[tuple[str, str], ...]:
    """The appointment, a (label, value) a line, what tells it from others first: when with the zone, with whom, whose
    by first name and initial; then the public motif, length and place."""
    local, dentist = spoken_names.local(facts, practice), spoken_names.dentist(facts.dentist, practice)
    told = (
        ("Date et heure", f"{french.day_and_clock(local, year=True)} ({spoken_names.zone(practice)})"),
        ("Praticien", ", ".join(word for word in (dentist.name, dentist.specialty) if word)),
        ("Patient", short_name(facts.name)),
        ("Motif", public_motif(facts, practice)),
        ("Durée", french.minutes(facts.minutes)),
        ("Adresse", facts.place or practice.address),
    )
    return tuple((label, value) for label, value in told if value)


def short_name(name: str) -> str:
    """`Marie D.`: enough for whoever the link is for, little for anybody else."""
    said = names.split(name)
    initial = f"{said.family[:1]}." if said.family else ""
    return " ".join(word for word in (said.given, initial) if word)


def public_motif(facts: Facts, practice: Practice) -> str:
    """The motif's public label, or its label."""
    motif = practice.motif(facts.motif)
    return (motif.public_label or motif.label) if motif else facts.motif or ""


def when(moment: datetime, practice: Practice) -> str:
    """`mardi 1er décembre à 10 h`."""
    return french.day_and_clock(moment.astimezone(practice.zone))


def reminder(due: datetime, channels: Collection[Channel], practice: Practice) -> str:
    """When the next message comes."""
    ways = french.listed([french.WAYS[one] for one in channels], "et")
    return f"Prochain message : un rappel, {when(due, practice)}, par {ways}."


def moving(start: datetime, practice: Practice) -> str:
    """The move is under way."""
    return f"Votre rendez-vous est en cours de déplacement au {when(start, practice)}. Cela prend quelques secondes."


def moved(practice: Practice, start: datetime, *, told: bool = False) -> str:
    """The move is done. `told`: its message has left."""
    comes = "" if told else " Vous en recevrez la confirmation."
    return f"C'est fait : votre rendez-vous est déplacé au {when(start, practice)}.{comes}"


def cancelled(facts: Facts, practice: Practice) -> str:
    """The cancellation is done."""
    return f"Votre rendez-vous du {when(facts.start, practice)} est annulé. Vous en recevrez la confirmation."


def gone(practice: Practice) -> str:
    """It was cancelled otherwise."""
    return f"Ce rendez-vous n'a plus lieu. Pour en reprendre un, appelez le {practice.phone}."


def taken(facts: Facts, practice: Practice) -> str:
    """The chosen time is somebody else's by now."""
    return f"Ce créneau vient d'être pris. Votre rendez-vous du {when(facts.start, practice)} ne change pas."


def call(practice: Practice) -> str:
    """It cannot be done here."""
    return (
        "Ce rendez-vous ne peut pas être changé en ligne, et rien n'a changé. Demandez à être rappelé(e), ou appelez "
        f"le {practice.phone}."
    )


def too_late(practice: Practice) -> str:
    """The limit of the practice has passed (`page.cancel_until_hours`)."""
    hours = practice.policy.cancel_until_hours
    return f"À moins de {hours} h du rendez-vous, appelez le cabinet : {practice.phone}."


def no_hours(practice: Practice) -> str:
    """The practice shows no times of that dentist."""
    return f"Les créneaux de ce praticien se choisissent par téléphone : {practice.phone}."


def wrong(field: str, problem: str) -> str:
    """A detail that cannot be believed (P13, P14)."""
    return f"{DETAILS[field]} : {problem}. Corrigez, ou appelez le cabinet."


def fewer(unwanted: Mapping[Channel, datetime], practice: Practice) -> str:
    """What the patient no longer receives; empty where it is everything as usual."""
    if not unwanted:
        return ""
    ways = french.listed([french.WAYS_PLURAL[one] for one in unwanted], "ni" if len(unwanted) > 1 else "et")
    since = min(unwanted.values()).astimezone(practice.zone).date()
    rest = " Le cabinet vous appellera si besoin." if len(unwanted) == len(Channel) else ""
    none = "ni " if len(unwanted) > 1 else "plus de "
    return f"Vous ne recevez {none}{ways} (depuis le {french.numeric_day(since)}).{rest}"


def fewer_noted(unwanted: Collection[Channel]) -> str:
    """The choice of messages is stored."""
    if len(unwanted) == len(Channel):
        return "C'est noté : vous ne recevrez plus de messages. Le cabinet vous appellera si besoin."
    if not unwanted:
        return "C'est noté : vous recevrez de nouveau nos messages."
    left = next(french.WAYS[one] for one in Channel if one not in unwanted)
    off = next(french.WAYS_PLURAL[one] for one in unwanted)
    return f"C'est noté : plus de {off}. Les messages importants viendront par {left}."


def day(value: date) -> str:
    """`mardi 1er décembre`."""
    return french.day(value)
