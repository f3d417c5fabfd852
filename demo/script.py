"""The words of the demo: what each scene shows, which line of the procedure it touches, how it ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """`text` may hold `{before}`, `{after}` (moments in words) and `{count}`. `quote` is the procedure's own line."""

    number: int
    title: str
    text: str
    quote: str
    ending: str


BANNER = "Le Cabinet des Lilas"
WELCOME = (
    "Trois dentistes, et une secrétaire qui prend les rendez-vous dans l'agenda qu'elle a toujours eu : Thunderbird, "
    "Google, un téléphone, peu importe. Elle n'ouvre jamais attitre.\n\n"
    "attitre lit ces agendas, vérifie chaque rendez-vous selon la procédure du cabinet, écrit dans l'événement même ce "
    "qu'il faut corriger, et prévient le patient quand tout est juste.\n\n"
    "Le serveur, le programme et les messages sont vrais ; rien ne sort de cette machine."
)
READY = "Le cabinet est installé : {calendars} agendas, {patients} patients au fichier, {booked} rendez-vous déjà pris."
FAREWELL = "Fin de la démonstration. Chaque patient a reçu ce qu'il fallait, rien de plus."

REFUSED = Scene(
    1,
    "Une réservation incomplète",
    "Une nouvelle patiente appelle. La secrétaire l'inscrit dans l'agenda du Dr Martin. Elle oublie le mobile et se "
    "trompe d'une lettre dans l'adresse e-mail.",
    "Toujours vérifier le téléphone mobile et l'e-mail avant de valider.",
    "Le « ⚠ » dit que rien n'est validé ; dessous, attitre écrit quoi taper. La patiente n'a rien reçu.",
)
CORRECTED = Scene(
    2,
    "Elle complète",
    "La secrétaire rappelle la patiente, corrige l'adresse et ajoute le mobile.",
    "La confirmation est envoyée automatiquement au patient par SMS et e-mail.",
    "Tout y est : « ✓ ». attitre a confirmé, une seule fois, par SMS et par e-mail.",
)
MOVED = Scene(
    3,
    "Un rendez-vous déplacé",
    "La patiente ne peut plus venir le {before}. La secrétaire fait glisser l'événement, sans rien écrire à personne.",
    "Nouvelle confirmation si le RDV est déplacé ou modifié",
    "attitre a vu le déplacement et dit à la patiente l'ancienne heure et la nouvelle.",
)
OTHER_DENTIST = Scene(
    4,
    "Le mauvais dentiste",
    "Jean Leroy est suivi par le Dr Bernard ; la secrétaire l'inscrit chez le Dr Martin. Ses coordonnées sont au "
    "fichier : son nom et le motif suffisent.",
    "Ne jamais placer un patient avec un autre dentiste que le sien sans son accord.",
    "Refusé sans accord, confirmé avec. L'accord vaut pour ce rendez-vous seul ; le commentaire reste au cabinet.",
)
AGREED = "Elle l'appelle : il est d'accord. Elle le note dans l'événement."
BACK = Scene(
    5,
    "D'un agenda à l'autre",
    "Finalement, Jean Leroy préfère le Dr Bernard, son dentiste, à la même heure. Le Dr Martin a son agenda sur un "
    "serveur CalDAV, le Dr Bernard chez Google (ici une imitation, sur cette machine). La secrétaire retire le "
    "rendez-vous de l'un et le reprend chez l'autre.",
    "Impérativement prendre le RDV avec ce praticien.",
    "Deux agendas ont changé, sur deux serveurs ; le patient, lui, n'apprend qu'une chose : une modification.",
)
NO_PREFERENCE = Scene(
    6,
    "Sans préférence",
    "Un nouveau patient n'a pas de dentiste attitré et n'en demande aucun. La secrétaire l'inscrit chez le Dr Martin.",
    "Indiquer au patient qu'il sera suivi par ce praticien.",
    "Le patient l'apprend dans sa confirmation : le Dr Martin est désormais son dentiste attitré.",
)
DURATION = Scene(
    7,
    "La durée juste",
    "Une première consultation de détartrage prend 45 minutes ; son agenda a créé un événement de 30.",
    "La durée s'ajuste automatiquement.",
    "L'événement dure maintenant 45 minutes. Une durée qu'elle choisit ensuite est la sienne.",
)
CANCELLED = Scene(
    8,
    "Une annulation",
    "Marie Dupont renonce. La secrétaire supprime l'événement du {after}.",
    "Notification envoyée et créneau libéré",
    "Le créneau est libre et la patiente prévenue ; la pièce jointe retire le rendez-vous de son propre agenda.",
)
ABSENT = Scene(
    9,
    "Un patient absent",
    "Claude Roy n'est pas venu mardi dernier : son rendez-vous était noté avant l'arrivée d'attitre. La secrétaire "
    "l'écrit dans l'événement.",
    "Absence non excusée : ne se présente pas au rendez-vous",
    "Le secrétariat le lit sur le prochain rendez-vous ; le patient, lui, ne reçoit que sa confirmation.",
)
NEXT_VISIT = "Puis Claude Roy rappelle, et elle lui donne un nouveau rendez-vous."
BLOCKED = Scene(
    10,
    "Un créneau bloqué sans motif",
    "La secrétaire réserve une heure du Dr Martin, sans dire pourquoi.",
    "Ne jamais laisser un créneau bloqué sans motif.",
    "La raison est écrite, la remarque a disparu : il ne reste que ses mots à elle.",
)
REASON = "Elle remplace le titre par une raison."
BRAKE = Scene(
    11,
    "Une catastrophe évitée",
    "Fausse manœuvre : {count} rendez-vous du Dr Petit disparaissent d'un coup. Prévenir {count} patients ?",
    "Le patient est notifié.",
    "Aucun patient n'a été prévenu à tort, et l'agenda a retrouvé ses {count} rendez-vous.",
)
HELD = "attitre n'y croit pas : il retient les annulations et pose la question dans l'agenda même."
ALERTED = "Le secrétariat reçoit aussi un e-mail."
MISTAKE = "C'était bien une erreur : elle répond « non », puis rétablit l'agenda depuis sa sauvegarde."

MOVED_BY_LINK = Scene(
    12,
    "Le patient déplace lui-même",
    "Claude Roy ne pourra pas venir. Il ouvre le lien de son SMS : la page de son rendez-vous, sans compte ni mot de "
    "passe.",
    "Bouton pour modifier ou annuler le RDV en ligne",
    "Personne n'a décroché de téléphone : l'événement a changé d'heure dans l'agenda du Dr Martin, et le patient a sa "
    "confirmation.",
)
FREE_TIMES = (
    "Il demande une autre date. La page montre les créneaux libres de son dentiste, à la durée de son motif ; il en "
    "choisit un."
)
DONE = "attitre l'écrit dans l'agenda ; alors seulement, la page le dit."
CONSENT_BY_LINK = Scene(
    13,
    "L'accord du patient, par lien",
    "Nadia Simon ne peut venir que le jeudi, où le Dr Bernard, qui la suit, ne consulte pas. La secrétaire la place "
    "chez le Dr Martin et, au lieu de téléphoner, tape « Demander l'accord ».",
    "Proposer une autre date avec son dentiste, ou un autre praticien uniquement avec son accord.",
    "L'accord vaut pour ce dentiste, ce jour et cette heure ; il est noté dans l'événement. Avant lui, rien n'était "
    "confirmé.",
)
ASKED = "La patiente ouvre le lien, et accepte."
FREED_SLOT = Scene(
    14,
    "Un créneau libéré, trois patients en attente",
    "Trois patients du Dr Martin voudraient venir plus tôt. La secrétaire tape « Liste d'attente » dans leur "
    "rendez-vous du {later}.",
    "Le créneau est libéré et proposé aux patients en liste d'attente.",
    "La première garde sa place et son rendez-vous ; le deuxième vient {days} jours plus tôt, et son ancienne heure "
    "est libre. La secrétaire a supprimé un événement, rien d'autre.",
)
FREES = "Luce Picard renonce. La secrétaire supprime son rendez-vous du {freed}."
OFFERED = (
    "attitre propose l'heure à la première de la liste. La proposition se voit dans l'agenda : la supprimer, ou noter "
    "un rendez-vous dessus, la retire."
)
REFUSES = "Nora Vidal préfère garder le sien."
SECOND = "Le deuxième de la liste reçoit la proposition, et l'accepte."
LETTER = "(et un e-mail : {subject})"
LISTED = "Ce que le cabinet sait de la liste :"
ANOTHER_HOUR = (
    "Nous sommes le {now}. attitre n'écrit à personne au sujet d'un créneau libéré avant 8 h ni après 20 h, ni le "
    "dimanche ni les jours fériés : l'horloge de la démonstration avance jusqu'au {start}."
)
PAGES = "Les pages des patients, à ouvrir dans un navigateur (« Changer de date » agit vraiment sur l'agenda) :"

INVITATION = "À vous de jouer, jusqu'à Ctrl-C. Dans Thunderbird (Nouvel agenda, Sur le réseau) ou tout client CalDAV :"
ADDRESSES = """\
  Adresse           {url}
  Utilisateur       {user}
  Mot de passe      {password}

{calendars}"""
PLAY = (
    "Prenez un rendez-vous, déplacez-le, supprimez-le : attitre répond dans l'événement en quelques secondes. Les SMS "
    "et les e-mails s'affichent ici dès qu'ils partent. (Le Google d'imitation du Dr Bernard n'a pas d'écran : lui ne "
    "se montre que dans l'histoire.)\n\n"
    "Pour un téléphone du même réseau, relancez avec DEMO_HOST=0.0.0.0 devant la commande. Ce qu'attitre sait de "
    "l'agenda, dans un autre terminal :"
)
ELSEWHERE = "  {command} agenda --from {first} --to {last} \\\n    -c {config}"
ANSWERS = "l'agenda répond"
STOPPED = "Arrêté. Tout est refermé, il ne reste rien."
MISSING = "Il manque « {name} » pour la démonstration : pip install 'attitre[demo]'"
