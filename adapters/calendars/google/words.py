"""French sentences about Google's calendars."""

from __future__ import annotations

from adapters.base import Refused

READ_ONLY = Refused("Cet agenda est en lecture seule.")
UNSAFE = "Cet événement ne peut pas être complété sans risque."
NOT_ALLOWED = "Google ne permet pas à ce compte d'écrire dans cet événement ou cet agenda (403)."
BLOCKED = {
    "attendees": "L'événement a des invités : y écrire pourrait leur envoyer un message.",
    "type": "Cet événement est d'une sorte que Google ne laisse pas compléter.",
    "locked": "Cet événement est verrouillé par Google.",
}
BUSY_ONLY = (
    "Cet agenda n'est partagé qu'en « disponibilité » : ses rendez-vous ne peuvent pas être lus. Dans ses paramètres "
    "Google, donnez à ce compte « Apporter des modifications aux événements »."
)
ASKED_READ_ONLY = "Lecture seule, comme demandé dans la configuration."
ROLES = {
    "reader": "Lecture seule : les remarques iront au récapitulatif, pas dans les événements.",
    "writer": "Lecture et écriture permises.",
    "writerWithoutPrivateAccess": "Lecture et écriture permises ; les événements privés restent cachés : « occupé ».",
}
LINES = (
    "Synchronisation incrémentale (syncToken) : un passage sans changement coûte une question.",
    "Versions sûres (ETag) : les écritures ne peuvent pas écraser les vôtres.",
)
