"""What a patient of the waiting list reads: an SMS or letter that offers freed time, and the page behind it (P44)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from rules.model import Facts, MessageKind, Practice, Send
from rules.telling import spoken_names
from rules.telling.spoken_names import Style
from rules.text import french
from rules.text.fold import tidy

KINDS = frozenset({MessageKind.OFFER, MessageKind.STILL})
NAME = "attitre-propose-"  # begins the UID of each event that shows an offer
NOTED = "attitre-rdv-"  # begins the UID of each appointment that we note for whoever accepted
TITLE = "Proposé : "  # begins its title
CALL = "Libre, à proposer par téléphone"  # begins the title of a list of patients to call


# --- messages --------------------------------------------------------------------------------------------------------


def sms_said(send: Send, practice: Practice, style: Style) -> str:
    """What an SMS says before its link. It fits into one with it, unless the names are very long."""
    who = spoken_names.article(spoken_names.short(send.facts.dentist, practice))
    if send.kind is MessageKind.STILL:
        wanted = "avancer votre RDV" if send.before else "un RDV"
        return f"souhaitez-vous toujours {wanted}{'' if style.shorter else f' avec {who}'} ?"
    said = f"un RDV se libère {_sms_when(send.facts, practice, style)} avec {who}."
    if send.before is None or style.shorter:
        return said
    return f"{said} Sinon, le vôtre reste {_sms_when(send.before, practice, Style(True, style.today))}."


def sms_tails(send: Send, practice: Practice, url: str | None) -> list[str]:
    """How to answer, best first."""
    if url is None:
        return [f"Tél. {practice.phone}"]
    if send.until is None:
        return [f"Répondre : {url}", url]
    return [f"Répondre avant {_until(send.until, send.facts, practice)} : {url}", f"Répondre : {url}", url]


def subject(send: Send, practice: Practice) -> str:
    """No motif: an e-mail's subject is read by others too."""
    if send.kind is MessageKind.STILL:
        return f"Attendez-vous toujours un rendez-vous{' plus tôt' if send.before else ''} ?"
    return f"Un rendez-vous se libère : {_when(send.facts, practice)}"


def paragraphs(send: Send, practice: Practice) -> tuple[str, ...]:
    """What is offered, until when, and what becomes of the present appointment."""
    who = spoken_names.article(spoken_names.dentist(send.facts.dentist, practice).name)
    if send.kind is MessageKind.STILL:
        sooner = " plus tôt" if send.before else ""
        return (
            f"Vous êtes inscrit(e) sur la liste d'attente pour un rendez-vous{sooner} avec {who}.",
            "Souhaitez-vous y rester ? Sans réponse de votre part, nous ne vous proposerons plus de créneau.",
        )
    local = send.until.astimezone(practice.zone) if send.until else None
    until = f" avant {french.clock(local)} le {french.day(local.date())}" if local else ""
    held = _when(send.before, practice) if send.before else ""
    stays = f"Si vous ne le prenez pas, votre rendez-vous du {held} reste réservé." if held else ""
    first = f"Un rendez-vous se libère le {_when(send.facts, practice)} avec {who}. Le premier qui accepte l'obtient."
    return tuple(filter(None, (first, f"Pour répondre, ouvrez le lien{until}.", stays)))


def button(send: Send) -> str:
    """The letter's link."""
    return "Répondre" if send.kind is MessageKind.STILL else "Voir et répondre"


def _sms_when(facts: Facts, practice: Practice, style: Style) -> str:
    local = spoken_names.local(facts, practice)
    return f"le {spoken_names.day(local.date(), style)} à {french.short_clock(local)}"


def _when(facts: Facts, practice: Practice) -> str:
    return french.day_and_clock(spoken_names.local(facts, practice), year=True)


def _until(until: datetime, _facts: Facts, practice: Practice) -> str:
    """`14h10`, with its day in figures: an offer may sleep over the night."""
    local = until.astimezone(practice.zone)
    return f"{french.short_clock(local)} le {local:%d/%m}"


# --- the event that shows an offer -----------------------------------------------------------------------------------


def shown_title(name: str, until: datetime) -> str:
    """`Proposé : DUPONT M. jusqu'à 14 h 10`."""
    return f"{TITLE}{initialled(name)} jusqu'à {french.clock(until)}"


def initialled(name: str) -> str:
    """`DUPONT M.` of `DUPONT Marie`."""
    family = [word for word in name.split() if word.isupper()] or name.split()[:1]
    given = [word for word in name.split() if word not in family]
    return " ".join([*family, *(f"{word[0]}." for word in given[:1])])


def shown_text(name: str, dentist: str, held: str, until: str) -> str:
    """The event's text: whose offer it is, and how to take it back."""
    stays = f"Son rendez-vous actuel : {held}.\n" if held else ""
    return (
        f"{name} est sur la liste d'attente : ce créneau ({dentist}) lui est proposé jusqu'au {until}.\n{stays}\n"
        "Rien n'est réservé. Pour le reprendre : supprimez ou déplacez cet événement, ou notez un rendez-vous à cette "
        "heure."
    )


def call_title(count: int) -> str:
    """`Libre, à proposer par téléphone : 3 patients`."""
    return f"{CALL} : {french.counted(count, 'patient', 'patients')}"


def call_text(people: Sequence[tuple[str, str]], why: str) -> str:
    """Whom to call, in the list's order, with their number."""
    lines = [f"{name} : {french.phone(number) if number else 'pas de mobile'}" for name, number in people]
    first = "\n".join(lines)
    return f"{first}\n\nCréneau libéré, {why}. Cette note n'occupe pas le créneau et disparaît quand il est pris."


_OURS = re.compile(
    r".+ est sur la liste d'attente : ce créneau \(.+\) lui est proposé jusqu'au .+\.|Son rendez-vous actuel : .+\."
    r"|Rien n'est réservé\. Pour le reprendre : .+ (?:à cette heure|ici)\."
    r"|.+ : (?:[\d +.]+|pas de mobile)|Créneau libéré, .+ quand il est pris\."
)


def is_untouched(text: str) -> bool:
    """Whether nobody added to the text of such an event, nor wrote behind a line of it."""
    return all(_OURS.fullmatch(line) for line in map(tidy, text.splitlines()) if line)


# --- the page --------------------------------------------------------------------------------------------------------

OFFERED = "Un rendez-vous s'est libéré"
STILL = "Votre inscription sur la liste d'attente"
TAKING = "Nous notons ce rendez-vous : un instant, cette page se met à jour."
TAKEN = "C'est noté : ce rendez-vous est à vous."
LEFT = "C'est noté : nous ne vous proposerons plus de créneau."
KEPT = "C'est noté : vous restez sur la liste d'attente."
KEEP = "Non, je garde le rendez-vous que j'ai"
NO_THANKS = "Non merci"
STILL_YES, STILL_NO = "Oui, j'attends toujours", "Non, ne plus me proposer de créneau"
CHANGED = "Cette proposition a changé depuis que vous avez ouvert la page : vérifiez, puis répondez."

ELSEWHERE = (
    "Votre rendez-vous ne peut pas être changé à l'instant : autre chose y est en cours. Réessayez dans une minute."
)


def take(facts: Facts, practice: Practice) -> str:
    """The button that accepts."""
    return f"Oui, je prends le rendez-vous du {french.day_and_clock(spoken_names.local(facts, practice))}"


def refused(held: str) -> str:
    """After a refusal."""
    return f"C'est noté : vous gardez votre place sur la liste.{_stays(held)}"


def gone(held: str) -> str:
    """Somebody was faster."""
    return f"Ce créneau est déjà pris.{_stays(held)} Vous gardez votre place sur la liste."


def withdrawn(held: str) -> str:
    """The practice needs the time."""
    return f"Ce créneau a été repris par le cabinet.{_stays(held)} Vous gardez votre place sur la liste."


def off_the_list(held: str) -> str:
    """The patient is not on the list any more."""
    return f"Vous n'êtes plus sur la liste d'attente.{_stays(held)}"


def late(held: str) -> str:
    """The time to answer is over."""
    return f"Le délai de réponse est passé.{_stays(held)} Vous gardez votre place sur la liste."


def _stays(held: str) -> str:
    return f" Votre rendez-vous du {held} reste réservé." if held else ""


def answer_by(until: datetime) -> str:
    """Small print of the page."""
    return f"Répondez avant {french.clock(until)} le {french.day(until.date())} : le premier qui accepte l'obtient."
