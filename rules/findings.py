"""Every rule: its id, the point of the procedure it stands for, its severity, and the French sentence she reads.

A new check touches three places: its function, its line here, its test. The sentence says what was seen and what to
type. Placeholders in braces are filled by `find`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.model import Finding, Policy, Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_WHO_IS_MEANT = frozenset({"name", "patient"})  # fields


class Rule(Struct, frozen=True):
    """One check. `procedure` quotes the line it enforces; `fixed` rules cannot be relaxed in the YAML (P23, and
    what P23 rests on: who the patient is)."""

    id: str
    point: str
    severity: Severity
    field: str
    sentence: str
    procedure: str
    fixed: bool = False


_IDENTITY = "Nom et prénom du patient correctement saisis"
_KNOWN = "Rechercher le patient : nom, téléphone ou date de naissance"
_BIRTH = "Date de naissance JJ/MM/AAAA : permet d'identifier le patient et d'éviter les doublons"
_MOBILE = "Numéro de téléphone mobile valide"
_EMAIL = "Adresse e-mail correcte"
_ADDRESS = "Adresse postale : numéro, rue, code postal, ville"
_MOTIF = "Motif du RDV bien sélectionné"
_VISIT = "Préciser s'il s'agit d'une première consultation ou d'un suivi"
_SLOT = "Sélectionner un créneau disponible dans l'agenda du bon praticien"
_CONFLICT = "Vérifier l'absence de conflit"
_WHEN = "Date, heure et praticien confirmés"
_ASK = "« Avez-vous un dentiste attitré dans notre cabinet ? »"
_CAME = "« Êtes-vous déjà venu(e) dans notre cabinet ? »"
_OWN = "Ne jamais placer le patient avec un autre dentiste sans son accord"
_PAGE = "Lien de gestion : modifier ou annuler en ligne"
_WAITS = "Proposer le créneau aux patients en liste d'attente"
_BLOCK = "Ne jamais laisser un créneau bloqué sans motif"
_AWAY = "Praticien indisponible : proposer une autre date avec lui, ou un autre praticien avec l'accord du patient"
_WAITING = "Le créneau libéré est proposé aux patients en liste d'attente"
_UPDATE = "Patient connu : vérifier le praticien habituel et mettre à jour les coordonnées si nécessaire"
_NEW = "Nouveau patient : créer un patient et renseigner toutes les informations"

_TABLE = (
    Rule("dentist-untagged", "P2", ERROR, "dentist",
         "Pour quel dentiste ? Écrivez {tags} dans le titre de cet agenda partagé.", "Sélectionner le praticien", fixed=True),
    Rule("name-missing", "P28", ERROR, "name", "Nom et prénom manquants : tapez « DUPONT Marie » dans le titre.", _IDENTITY),
    Rule("name-suspicious", "P12", ERROR, "name", "Nom « {seen} » : {problem}. Tapez le nom et le prénom complets.", _IDENTITY),
    Rule("name-order", "P12", ERROR, "name",
         "Nom « {seen} » : quel est le prénom ? Tapez le nom de famille en capitales : « {proposal} ».", _IDENTITY),
    Rule("name-twice", "P12", ERROR, "name",
         "Nom « {seen} » : « {also} » est tapé aussi, un rendez-vous par patient. Retirez ce qui n'est pas son nom, ou créez un événement pour chacun.", _IDENTITY, fixed=True),
    Rule("title-crossed", "P46", ERROR, "outcome",
         "« {seen} » est tapé : le rendez-vous tient-il ? Sinon, tapez « Annulé » devant le nom ; si oui, retirez « {seen} ».",
         "Annuler un rendez-vous"),
    Rule("patient-unknown", "P5", ERROR, "patient",
         "« {seen} » n'est pas dans le fichier{although}. {choose} ou tapez « Nouveau patient ».", _NEW, fixed=True),
    Rule("patient-ambiguous", "P3", ERROR, "patient",
         "Plusieurs patients correspondent à « {seen} ». {ask}.", _KNOWN, fixed=True),
    Rule("patient-namesake", "P5", ERROR, "patient",
         "« Nouveau patient » est tapé, mais ce nom est déjà dans le fichier. "
         "Ajoutez la date de naissance : « Né(e) le : 12/05/1981 », ou retirez « Nouveau patient ».", _NEW, fixed=True),
    Rule("patient-mismatch", "P3", ERROR, "patient",
         "{seen} : {problem}. Vérifiez le nom et la date de naissance.", _KNOWN, fixed=True),
    Rule("patient-duplicate", "P5", WARNING, "patient",
         "Doublon possible : {seen}. Si c'est la même personne, retirez « Nouveau patient ».", _NEW),
    Rule("patient-exists", "P5", WARNING, "patient",
         "« Nouveau patient » est tapé, mais {seen} est déjà dans le fichier : son dossier est utilisé.", _NEW),
    Rule("details-updated", "P4", INFO, "patient", "Fichier {done} : {seen}.", _UPDATE),
    Rule("details-older", "P4", WARNING, "patient",
         "Le fichier a changé depuis, il compte : {seen}. Corrigez ou effacez ce qui est tapé ici.", _UPDATE),
    Rule("details-kept", "P4", WARNING, "patient", "{seen} n'est pas valable : l'ancien renseignement est conservé.", _UPDATE),
    Rule("birth-date-missing", "P29", ERROR, "birth_date",
         "Date de naissance manquante : tapez « Né(e) le : JJ/MM/AAAA ».", _BIRTH),
    Rule("birth-date-invalid", "P29", ERROR, "birth_date",
         "Date de naissance « {seen} » : {problem}. Tapez « Né(e) le : JJ/MM/AAAA ».", _BIRTH),
    Rule("mobile-missing", "P30", ERROR, "mobile",
         "Mobile manquant : tapez « Mobile : 06 … » ou « Sans mobile : oui (raison) ».", _MOBILE),
    Rule("mobile-invalid", "P13", ERROR, "mobile",
         "Mobile « {seen} » : {problem}. Tapez un numéro à 10 chiffres en 06 ou 07.", _MOBILE),
    Rule("mobile-contradiction", "P34", ERROR, "mobile",
         "« {seen} » et « {also} » se contredisent : gardez l'un des deux. Un numéro où il ne veut pas de message : "
         "tapez « Commentaire : » devant.", _MOBILE),
    Rule("detail-unclear", "P13", ERROR, "contact",
         "« {seen} » : à qui est-ce ? Au patient : tapez « Mobile : … » ou « E-mail : … » ; à quelqu'un d'autre : "
         "tapez « Commentaire : » devant.", _MOBILE),
    Rule("text-kept", "P19", INFO, "comment", "Gardé comme commentaire : « {seen} ».", "Zone commentaire"),
    Rule("contact-shared", "P13", WARNING, "contact",
         "{what} « {seen} » : c'est aussi celui de {patient}. Corrigez, ou tapez « {what} confirmé ».", _MOBILE),
    Rule("email-missing", "P31", ERROR, "email",
         "E-mail manquant : tapez « E-mail : nom@exemple.fr » ou « Sans e-mail : oui (raison) ».", _EMAIL),
    Rule("email-invalid", "P14", ERROR, "email", "E-mail « {seen} » : {problem}. Corrigez l'adresse.", _EMAIL),
    Rule("email-slip", "P14", ERROR, "email",
         "E-mail « {seen} » : vouliez-vous dire « {proposal} » ? Corrigez, ou tapez « E-mail confirmé ».", _EMAIL),
    Rule("email-contradiction", "P34", ERROR, "email",
         "« {seen} » et « {also} » se contredisent : gardez l'un des deux. Une adresse où il ne veut pas de message : "
         "tapez « Commentaire : » devant.", _EMAIL),
    Rule("address-missing", "P32", ERROR, "address",
         "Adresse manquante : tapez « Adresse : 12 rue des Lilas, 75020 Paris ».", _ADDRESS),
    Rule("address-incomplete", "P32", ERROR, "address",
         "Adresse « {seen} » : {problem}. Tapez numéro, rue, code postal et ville.", _ADDRESS),
    Rule("motif-missing", "P33", ERROR, "motif", "Motif manquant : tapez « Motif : … ». Motifs : {motifs}.", _MOTIF),
    Rule("motif-vague", "P33", ERROR, "motif",
         "« {seen} » n'est pas un motif précis. Motifs : {motifs}.", "Motif du RDV : raison précise de la consultation"),
    Rule("motif-unknown", "P6", ERROR, "motif", "Motif « {seen} » inconnu. Les plus proches : {motifs}.", _MOTIF),
    Rule("motif-ambiguous", "P6", ERROR, "motif",
         "Plusieurs motifs : {motifs}. Lequel ? Tapez « Motif : … ».", _MOTIF),
    Rule("visit-contradiction", "P7", WARNING, "visit", "{seen}. Vérifiez : première consultation ou suivi ?", _VISIT),
    Rule("known-unclear", "P20", WARNING, "known",
         "{seen} : déjà venu ou non ? Tapez « Déjà venu : oui » ou « Nouveau patient ».", _CAME),
    Rule("visit-unstated", "P7", INFO, "visit", "Compté comme {seen}.", _VISIT),
    Rule("duration-adjusted", "P8", INFO, "duration", "Durée {done} à {minutes} min pour « {motif} ».", "La durée s'ajuste automatiquement"),
    Rule("duration-differs", "P8", WARNING, "duration",
         "Durée {seen} min, {minutes} min prévues pour « {motif} » : {problem}.", "La durée s'ajuste automatiquement"),
    Rule("duration-typed", "P8", WARNING, "duration",
         "« {seen} » est tapé, mais l'événement dure {minutes} min : mettez sa fin à {end}, ou corrigez le texte.",
         "La durée s'ajuste automatiquement"),
    Rule("duration-unclear", "P8", WARNING, "duration",
         "Durée « {seen} » : pas comprise, elle ne compte pas. Tapez « Durée : 45 min ».", "La durée s'ajuste automatiquement"),
    Rule("outside-hours", "P9", ERROR, "slot", "{seen} : {dentist} ne reçoit pas à cette heure ({problem}).", _SLOT),
    Rule("on-holiday", "P9", ERROR, "slot", "{seen} est férié ({problem}).", _SLOT),
    Rule("on-leave", "P9", ERROR, "slot", "{dentist} est absent(e) : {seen}.", _SLOT),
    Rule("conflict", "P10", ERROR, "slot", "Ce créneau est déjà pris : {seen}.", _CONFLICT),
    Rule("conflict-later", "P10", WARNING, "slot", "Un rendez-vous pris ensuite est à la même heure : {seen}.", _CONFLICT),
    Rule("patient-twice", "P10", ERROR, "slot", "Ce patient a déjà un rendez-vous à cette heure : {seen}.", _CONFLICT),
    Rule("motif-twice", "P10", WARNING, "slot", "Ce patient a déjà un rendez-vous pour ce motif : {seen}.", _CONFLICT),
    Rule("urgency-late", "P11", WARNING, "slot",
         "« {motif} » ne devrait pas attendre plus de {days} jours.", "Adapter l'urgence au motif"),
    Rule("place-urgent", "P11", WARNING, "slot",
         "{seen} : cette place est gardée, et « {motif} » peut attendre.", "Adapter l'urgence au motif"),
    Rule("slot-confirmed", "P9", INFO, "slot", "Créneau confirmé noté pour {seen}.", _SLOT),
    Rule("slot-moved", "P9", WARNING, "slot",
         "« Créneau confirmé » ne vaut pas pour cette heure : {problem}. S'il est voulu, tapez « Créneau confirmé : oui ({seen}) ».",
         _SLOT),
    Rule("date-past", "P17", ERROR, "date", "{seen} est passé : vérifiez la date.", _WHEN),
    Rule("date-night", "P17", ERROR, "date", "{seen} : est-ce bien l'heure voulue ?", _WHEN),
    Rule("time-typed", "P17", ERROR, "date",
         "« {typed} » est dans le titre, et l'événement est le {seen}. Déplacez-le ou corrigez le titre ; "
         "si tout est juste, tapez « Créneau confirmé ».", _WHEN),
    Rule("time-outdated", "P45", WARNING, "date",
         "« {typed} » est dans le titre, et le patient a choisi par lien le {seen} : corrigez le titre.", _PAGE),
    Rule("date-distant", "P17", WARNING, "date", "{seen} est très loin : vérifiez l'année.", _WHEN),
    Rule("date-all-day", "P17", ERROR, "date", "L'heure manque : l'événement dure toute la journée. Donnez une heure de début.", _WHEN),
    Rule("date-length", "P17", ERROR, "date", "La durée ne va pas : {problem}. Donnez une heure de fin après le début.", _WHEN),
    Rule("zone-unknown", "P17", WARNING, "date", "Fuseau horaire inconnu : l'heure est lue comme {seen}. Vérifiez.", _WHEN),
    Rule("time-shifted", "P17", WARNING, "date", "Cette heure n'existe pas (changement d'heure) : lue comme {seen}.", _WHEN),
    Rule("dentist-unasked", "P22", ERROR, "dentist",
         "Dentiste attitré ? Tapez « Dentiste : {dentist} » ou « Sans préférence ».", _ASK),
    Rule("dentist-unknown", "P22", ERROR, "dentist", "Dentiste « {seen} » inconnu. Dentistes du cabinet : {dentists}.", _ASK),
    Rule("dentist-twice", "P22", ERROR, "dentist",
         "Deux réponses pour le dentiste : {seen}. Gardez celle du patient.", _ASK),
    Rule("dentist-contradiction", "P22", WARNING, "dentist",
         "« Dentiste : {dentist} » est tapé, mais {patient} est suivi(e) par {own} : le fichier ne change pas.", _ASK),
    Rule("dentist-other", "P23", ERROR, "dentist",
         "{patient} est suivi(e) par {own}, pas par {dentist}. {move} le rendez-vous dans son agenda{ask}, "
         "ou, si le patient est d'accord, tapez « Accord patient : oui (quand, comment) ».", _OWN, fixed=True),
    Rule("dentist-left", "P23", ERROR, "dentist",
         "{patient} était suivi(e) par {own}, qui n'est plus au cabinet. Son nouveau dentiste ? "
         "Tapez « Dentiste : {dentist} » ou « Sans préférence ».", _OWN, fixed=True),
    Rule("consent-void", "P23", ERROR, "consent", "Accord patient : {problem}. Redemandez l'accord pour {dentist}.", _OWN, fixed=True),
    Rule("consent-unclear", "P23", WARNING, "consent",
         "Accord patient « {seen} » : ce n'est pas un oui clair, il ne compte pas. "
         "Si le patient est d'accord, tapez « Accord patient : oui (quand, comment) ».", _OWN),
    Rule("consent-recorded", "P23", INFO, "consent", "Accord du patient noté pour {dentist} : {seen}.", _OWN),
    Rule("consent-by-link", "P23", INFO, "consent", "Accord du patient par lien, le {seen} : {dentist}.", _OWN),
    Rule("consent-asked", "P23", INFO, "consent", "Accord demandé au patient pour {dentist}, {seen} : pas encore de réponse.", _OWN),
    Rule("consent-refused", "P23", WARNING, "consent",
         "Refusé par le patient, par lien, le {seen}. Proposez-lui une date avec {own}.", _OWN),
    Rule("consent-first", "P23", WARNING, "consent",
         "« Demander l'accord » : corrigez d'abord le reste, la question partira ensuite.", _OWN),
    Rule("consent-again", "P23", WARNING, "consent",
         "« Demander l'accord » {problem}. Pour demander l'accord, tapez « Demander l'accord : {seen} ».", _OWN),
    Rule("consent-no-way", "P23", WARNING, "consent",
         "« Demander l'accord » : {problem}. Appelez le patient, puis tapez « Accord patient : oui (quand, comment) ».", _OWN),
    Rule("consent-needless", "P23", WARNING, "consent", "« Demander l'accord » : {problem}.", _OWN),
    Rule("dentist-earlier", "P25", WARNING, "dentist", "Sans préférence : {dentist} peut recevoir plus tôt ({seen}).",
         "Pas de préférence : proposer le dentiste disponible le plus tôt"),
    Rule("dentist-follows", "P25", INFO, "dentist", "Le patient sera suivi par {dentist}.",
         "Indiquer au patient qu'il sera suivi par ce praticien"),
    Rule("visits-disagree", "P27", WARNING, "dentist", "Dentiste attitré : {own}, mais les dernières visites étaient avec {dentist}.",
         "Suivi : même dentiste que lors des précédentes visites"),
    Rule("guardian-invalid", "P34", ERROR, "guardian", "Responsable « {seen} » : {problem}. Tapez « Responsable : Mme DUPONT Anne, 06 … ».", "Champs obligatoires pour valider le rendez-vous"),
    Rule("guardian-kept", "P34", INFO, "guardian",
         "Responsable, d'après le dossier : {seen}.", "Champs obligatoires pour valider le rendez-vous"),
    Rule("mobile-waived", "P34", INFO, "mobile", "Sans mobile, noté : {seen}.", _MOBILE),
    Rule("email-waived", "P34", INFO, "email", "Sans e-mail, noté : {seen}.", _EMAIL),
    Rule("call-asked", "P39", WARNING, "call",
         "À rappeler{problem} : demandé sur sa page le {seen}. Une fois fait, tapez « Rappelé ».", _PAGE),
    Rule("details-proposed", "P39", WARNING, "contact",
         "Demandé sur sa page le {seen} : corriger {problem}. Si c'est juste, tapez :", _PAGE),
    Rule("phone-only", "P39", WARNING, "contact",
         "À prévenir par téléphone : ni SMS ni e-mail, demandé sur sa page le {seen}.", _PAGE),
    Rule("messages-fewer", "P39", INFO, "contact", "Plus de {problem}, demandé sur sa page le {seen}.", _PAGE),
    Rule("moved-by-link", "P45", INFO, "slot", "Déplacé par le patient, par lien, le {seen}.", _PAGE),
    Rule("accepted-by-link", "P44", INFO, "slot",
         "Créneau de la liste d'attente, accepté par le patient, par lien, le {seen}.", _WAITING),
    Rule("time-wished", "P44", INFO, "slot", "Cherche un autre créneau ({seen}), dit sur sa page le {at}.", _WAITS),
    Rule("absence-excused", "P47", INFO, "attendance", "Absence excusée notée : {seen}.", "Absence excusée : prévenu au moins la veille"),
    Rule("absence-unexcused", "P48", INFO, "attendance",
         "Absence non excusée notée : {seen}. Sinon, tapez « Absent excusé ».", "Absence non excusée"),
    Rule("visit-honoured", "P48", INFO, "attendance", "Rendez-vous honoré noté : {seen}.", "Absence non excusée : plus de 10 min de retard"),
    Rule("attendance-unclear", "P48", WARNING, "attendance",
         "Présence à préciser : {seen}. Tapez « Absent excusé », « Absent non excusé », « Honoré », « Retard 15 min », "
         "« Arrivé 14:43 » ou « Prévenu le 12/03 à 18h ».", "Absence non excusée"),
    Rule("absence-early", "P47", ERROR, "attendance",
         "À préciser : {seen}. S'il n'aura pas lieu, tapez « Annulé par le patient » (créneau libéré, patient prévenu).",
         "Absence excusée : prévenu au moins la veille"),
    Rule("unexcused-before", "P48", INFO, "attendance", "Déjà {seen}.", "Absence non excusée"),
    Rule("waiting-listed", "P44", INFO, "waiting",
         "Sur la liste d'attente{seen} : ce rendez-vous reste, rien d'autre n'est réservé.", _WAITING),
    Rule("waiting-by-hand", "P44", WARNING, "waiting",
         "« Liste d'attente » : rien n'est proposé ici (waiting_list: n'est pas dans la configuration). Rappelez le patient vous-même.",
         _WAITING),
    Rule("waiting-over", "P44", INFO, "waiting", "N'est plus sur la liste d'attente : {seen}.", _WAITING),
    Rule("waiting-unlisted", "P44", INFO, "waiting",
         "Sans liste : s'il se libère, ce créneau ne sera pas proposé.", _WAITING),
    Rule("block-without-motif", "P51", ERROR, "block",
         "Ce créneau est bloqué sans motif. Écrivez la raison dans le titre ({blocks}…), ou le nom du patient.", _BLOCK),
    Rule("block-patient", "P51", ERROR, "block",
         "« {patient} » est dans le titre : est-ce son rendez-vous ? Si oui, tapez le motif ; sinon, tapez « Pas un rendez-vous ».",
         _BLOCK),
    Rule("leave-over-bookings", "P24", WARNING, "block", "{seen} : {todo}.", _AWAY),
    Rule("rescue", "P24", WARNING, "block", "{seen}.", _AWAY),
    Rule("rescue-elsewhere", "P24", WARNING, "slot",
         "« Proposer d'autres dates » se tape dans l'absence du praticien, pas dans le rendez-vous : rien n'est proposé ici.", _AWAY),
    Rule("rescue-no-way", "P24", WARNING, "block",
         "{seen} : sans page des patients (page: dans la configuration), aucun lien n'est envoyé. Appelez {whom}.", _AWAY),
    Rule("event-twice", "P10", WARNING, "event",
         "En double : le même événement est aussi dans cet agenda, {seen}. Celui-ci ne compte pas : supprimez-le.", _CONFLICT),
    Rule("text-differs", "P17", ERROR, "text",
         "Le texte existe en deux versions. Lue : celle-ci ; pas lu : « {seen} ». "
         "Corrigez-le ici, ou tapez « Texte confirmé ».", _WHEN),
    Rule("text-added", "P17", WARNING, "text",
         "Lu aussi, et invisible dans certains agendas : « {seen} ». Sinon, retapez le texte.", _WHEN),
    Rule("event-unreadable", "P17", ERROR, "event",
         "Cet événement n'a pas pu être lu ({problem}). Recréez-le dans votre agenda.", _WHEN),
    Rule("recurrence-refused", "P17", ERROR, "event",
         "La répétition n'a pas pu être lue ({problem}). Choisissez une répétition quotidienne, hebdomadaire ou mensuelle.", _WHEN),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def severity(rule: str, policy: Policy) -> Severity:
    """The severity now: the YAML's, except for fixed rules."""
    known = RULES[rule]
    return known.severity if known.fixed else policy.severities.get(rule, known.severity)


def raised(policy: Policy, rule: str, *, proposals: Iterable[str] = (), **facts: object) -> tuple[Finding, ...]:
    """The finding that this rule raises, with its sentence filled in, in a tuple; an empty one if the rule is off."""
    known, now = RULES[rule], severity(rule, policy)
    if now is Severity.OFF:
        return ()
    return (Finding(rule, now, known.sentence.format(**facts), known.field, tuple(proposals)),)


def asks_who(finding: Finding) -> bool:
    """Whether it keeps open who the patient is: the name, or the record that is meant (P3, P5, P12)."""
    return finding.severity is ERROR and finding.field in _WHO_IS_MEANT
