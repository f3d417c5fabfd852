"""The journal's entries in French. A test checks that every name given to `journal.log` is listed."""

from __future__ import annotations

WORDS = {
    "booked": "reconnu comme rendez-vous",
    "moved": "le même rendez-vous, déplacé ici",
    "vanished": "n'est plus dans l'agenda",
    "written": "retour écrit dans l'événement",
    "write-refused": "l'agenda a refusé l'écriture dans cet événement",
    "judge-failed": "n'a pas pu être vérifié, par une erreur du programme",
    "planned": "message préparé",
    "message-told": "message parti",
    "message-failed": "message non remis",
    "gateway-paused": "envois en pause : leur service ne répond pas à temps",
    "retry": "envoi à réessayer",
    "outbox-retry": "message remis en attente par une personne",
    "outbox-drop": "message classé par une personne",
    "held": "annulations de cet agenda retenues",
    "released": "annulations de cet agenda approuvées par une personne",
    "dropped": "annulations de cet agenda écartées par une personne : aucun patient n'est prévenu",
    "messages-held": "messages de cet agenda retenus",
    "messages-released": "messages de cet agenda laissés partir par une personne",
    "messages-dropped": "messages de cet agenda écartés par une personne : ils ne partent pas",
    "restored": "sauvegarde remise en place : rien n'est redit aux patients",
    "trouble": "l'agenda n'a pas pu être lu",
    "cursor-lost": "l'agenda a été relu en entier",
    "unreported": "contrôle de l'agenda : des changements que le serveur n'avait pas annoncés",
    "audit-failed": "le contrôle de l'agenda n'a pas pu être fait, il sera refait",
    "doubted": "l'agenda est désormais relu en entier à chaque passage",
    "writes-refused": "le serveur refuse les écritures dans cet agenda, les lectures continuent",
    "writes-taken-again": "le serveur accepte de nouveau les écritures dans cet agenda",
    "writes-paused": "les écritures dans cet agenda attendent, les lectures continuent",
    "adopted": "une personne a dit que l'autre installation d'attitre n'existe plus",
    "companion": "note « à corriger » de ce jour mise à jour dans l'agenda",
    "read-only": "le serveur ne respecte pas les écritures d'attitre : plus rien n'est écrit dans l'agenda",
    "writable-again": "attitre peut de nouveau écrire dans l'agenda",
    "trusted-again": "le serveur annonce de nouveau tous les changements de l'agenda",
    "push-refused": "Google n'annonce pas les changements de l'agenda, qui est lu au rythme habituel",
    "push-on": "Google annonce les changements de l'agenda",
    "push-off": "Google n'annonce plus les changements de l'agenda",
    "question-removed": "question à laquelle il a été répondu, retirée de l'agenda",
    "cancelled-by-link": "annulé par le patient avec son lien, retiré de l'agenda",
    "moved-by-link": "déplacé par le patient avec son lien, dans l'agenda",
    "link-changed": "demande faite par le lien, mais le rendez-vous avait changé : celui de l'agenda reste",
    "link-call": "demande faite par le lien, à faire dans l'agenda par le cabinet",
    "link-taken": "déplacement demandé par le lien, mais le créneau n'était plus libre : le rendez-vous n'a pas bougé",
    "agreement-asked": "accord demandé au patient par lien",
    "agreement-accepted": "accord donné par le patient, par lien",
    "agreement-refused": "accord refusé par le patient, par lien",
    "dates-asked": "autres dates proposées au patient par lien",
    "dates-refused": "autres dates refusées par le patient, par lien",
    "slot-offered": "créneau libéré proposé à ce patient de la liste d'attente",
    "slot-unanswered": "créneau proposé à ce patient, qui n'a pas répondu",
    "slot-withdrawn": "créneau proposé à ce patient, puis retiré",
    "slot-accepted": "créneau accepté par le patient, par lien",
    "slot-refused": "créneau refusé par le patient, par lien",
    "slot-closed": "le créneau libéré n'est plus proposé",
    "waiting-joined": "inscrit sur la liste d'attente par son lien",
    "waiting-asked": "demandé au patient s'il attend toujours un rendez-vous plus tôt",
    "waiting-ended": "n'est plus sur la liste d'attente",
    "clock-set": "l'horloge de l'ordinateur a sauté : les rendez-vous à venir sont revérifiés",
    "older-store": "message inconnu de la base, qui est plus ancienne que l'agenda : rien ne part avant une réponse",
    "older-store-answered": "une personne a dit ce qu'il faut dire aux patients après la remise en place de la base",
    "patient-erased": "patient effacé du fichier à sa demande",
    "patients-merged": "deux dossiers de patients réunis en un",
    "attribution-undone": "attribution du patient à ce dentiste annulée avec le rendez-vous",
}
OF_A_CALENDAR = frozenset({
    "messages-held", "messages-released", "messages-dropped",
    "held", "released", "dropped", "trouble", "cursor-lost", "unreported", "audit-failed", "doubted", "trusted-again",
    "read-only", "writable-again", "writes-paused", "writes-refused", "writes-taken-again",
    "adopted", "push-refused", "push-on", "push-off",
})  # fmt: skip
"""Entries about a whole calendar, which concern each of its events."""

KINDS = {  # of messages
    "confirmation": "confirmation", "reminder": "rappel", "modification": "modification", "cancellation": "annulation",
    "agreement": "demande d'accord", "dates": "proposition d'autres dates", "offer": "proposition d'un créneau",
    "still": "question sur la liste d'attente",
}  # fmt: skip
_CHANNELS = {"sms": "par SMS", "email": "par e-mail"}
_TROUBLES = {
    "unreachable": "injoignable", "denied": "accès refusé", "gone": "agenda introuvable",
    "garbled": "réponse incompréhensible", "rival": "une autre installation d'attitre y écrit",
}  # fmt: skip


_COUNTED = frozenset({
    "held", "released", "dropped", "messages-held", "messages-released", "messages-dropped", "restored", "unreported",
})  # fmt: skip


def in_words(event: str, detail: str = "") -> str:
    """`message parti : confirmation par SMS`. A name without words is shown as it is."""
    said = WORDS.get(event, event)
    more = _detail(event, detail)
    return f"{said} : {more}" if more else said


def _detail(event: str, detail: str) -> str:
    kind, found, channel = detail.partition(":")
    if found and kind in KINDS:
        return f"{KINDS[kind]} {_CHANNELS.get(channel, channel)}"
    if event in _COUNTED:
        return f"{detail} en tout" if detail else ""
    return f"n° {detail}" if event.startswith("outbox-") else _TROUBLES.get(detail, detail)
