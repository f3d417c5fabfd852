"""The usual words of each act on the patients' pages. What names an appointment is made by the application."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from adapters.web.patients import LinkTo, What


class Words(Struct, frozen=True):
    """`link`: on the first page. `question`: above the choice; `yes` and `no`: the choice; `button`: what sends it."""

    link: str
    question: str
    yes: str
    button: str
    no: str = "Non, ne rien changer"
    before: str = ""


WORDS: Mapping[What, Words] = {
    What.MOVE: Words(
        "Changer de date", "Choisissez une autre date", "", "Déplacer mon rendez-vous",
        before="Votre rendez-vous actuel reste réservé tant que le nouveau n'est pas enregistré.",
    ),
    What.CANCEL: Words(
        "Annuler ce rendez-vous", "Voulez-vous annuler ce rendez-vous ?", "Oui, annuler ce rendez-vous", "Valider",
        no="Non, je garde ce rendez-vous",
    ),
    What.WAIT: Words(
        "Recevoir une proposition si une place se libère", "Quand pourriez-vous venir ?", "", "M'inscrire sur la liste",
        before="Le cabinet vous la propose alors par message. Votre rendez-vous actuel reste réservé.",
    ),
    What.CALL: Words(
        "Demander à être rappelé par le cabinet", "Voulez-vous que le cabinet vous rappelle ?",
        "Oui, rappelez-moi", "Valider", no="Non, ce n'est pas la peine",
        before="Le cabinet vous rappelle à ses heures d'ouverture.",
    ),
    What.CORRECT: Words(
        "Corriger mes coordonnées", "Ce qui doit être corrigé", "", "Envoyer au cabinet",
        before="Remplissez seulement ce qui a changé. Le cabinet vérifie votre correction avant de l'enregistrer.",
    ),
    What.FEWER: Words(
        "Choisir les messages que je reçois", "Quels messages voulez-vous recevoir ?", "", "Enregistrer",
        before="Ce choix vaut pour tous vos rendez-vous au cabinet.",
    ),
    What.ACCEPT: Words("Accepter", "Acceptez-vous ?", "Oui, j'accepte", "Envoyer ma réponse", no="Non"),
    What.REFUSE: Words(
        "Aucune date proposée ne me convient", "Refusez-vous les dates proposées ?", "Oui, aucune ne me convient",
        "Envoyer ma réponse", no="Non, pas encore",
    ),
    What.NO_MORE: Words(
        "Ne plus recevoir de propositions", "Ne plus recevoir de propositions ?", "Oui, retirez-moi de la liste",
        "Envoyer ma réponse", no="Non, je reste sur la liste",
    ),
}  # fmt: skip

ANSWERS: Mapping[What, str] = {  # where several stand under one question
    What.ACCEPT: "Oui, j'accepte",
    What.REFUSE: "Non, je n'accepte pas",
    What.NO_MORE: "Non, et ne me proposez plus de place",
    What.CALL: "Je préfère que le cabinet me rappelle",
}

ROWS: Mapping[LinkTo, str] = {  # above what stands already, where something else is the page's subject
    LinkTo.APPOINTMENT: "Votre rendez-vous actuel",
    LinkTo.AGREEMENT: "Votre suivi au cabinet",
    LinkTo.OFFER: "Votre rendez-vous actuel",
}

DAYS: Mapping[str, str] = {
    "lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi",
}  # fmt: skip
HALVES: Mapping[str, str] = {"matin": "le matin", "apres-midi": "l'après-midi"}
MESSAGES: Mapping[str, tuple[str, tuple[str, ...]]] = {  # what is read, and the channels no longer wanted
    "tous": ("des SMS et des e-mails", ()),
    "sms": ("des SMS seulement", ("email",)),
    "email": ("des e-mails seulement", ("sms",)),
    "aucun": ("aucun message : le cabinet m'appelle", ("sms", "email")),
}
