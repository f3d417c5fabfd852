"""Knows the labels that secretaries write, and cuts a line into labelled segments
(docs/design.md#what-she-types)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from rules.text.fold import key

_SYNONYMS = {
    "family": "nom|nom de famille|nom d usage",
    "patient": "patient|patiente|nom prenom|nom et prenom|nom prenoms|nom et prenoms|nom du patient|patient e",
    "given": "prenom|prenoms",
    "birth_name": "nom de naissance|nom de jeune fille|nom naissance",
    "birth": "ne le|nee le|ne e le|ne|nee|ne e|naissance|date de naissance|date naissance|ddn|dn|d n|date de naiss"
    "|dob|born|born on|date of birth|anniversaire",
    "mobile": "mobile|tel|telephone|portable|port|tel portable|tel mobile|telephone mobile|telephone portable"
    "|numero de mobile|numero|gsm|n de mobile|n mobile|tel port|cel|cell|sms|num|numero de telephone"
    "|n de telephone|n tel|phone",
    "email": "e mail|email|mail|courriel|mel|adresse e mail|adresse email|adresse mail|adresse electronique"
    "|couriel|mails|e mails",
    "address": "adresse|adresse postale|domicile|adr|adresse du patient|rue",
    "address_more": "code postal|cp|ville|commune|pays",
    "motif": "motif|motif du rdv|motif du rendez vous|raison|objet|motif de consultation|acte|pour|soin",
    "visit": "type|type de consultation|type de visite|visite|consultation|type de rdv",
    "first": "premiere consultation|premiere visite|premiere fois|1re visite|1ere visite|1re consultation"
    "|1ere consultation|1er rdv|premier rdv|premier rendez vous|1re fois|1ere fois",
    "follow_up": "suivi",
    "new": "nouveau patient|nouvelle patiente|nouveau|nouvelle|nouveau elle patient e|np",
    "known": "deja venu|deja venue|deja venu e|deja patient|deja patiente|patient connu|connu|deja connu"
    "|deja venus|venu|venue",
    "dentist": "dentiste|dentiste attitre|dentiste attitree|attitre|praticien|praticien attitre|praticien habituel"
    "|dentiste habituel|docteur|dr|chirurgien dentiste|praticienne|medecin",
    "preference": "sans preference|pas de preference|preference",
    "consent": "accord patient|accord du patient|accord de la patiente|accord patiente|accord|patient d accord"
    "|patiente d accord|consentement|accord du responsable",
    "ask_consent": "demander l accord|demander accord|demande d accord|demander l accord du patient"
    "|demander l accord de la patiente|demander accord patient|demande l accord",
    "rescue": "proposer d autres dates|proposer autres dates|proposer une autre date|proposer d autres creneaux"
    "|proposer d autres rdv|proposer d autres rendez vous|proposer de nouvelles dates",
    "duration": "duree|temps|duree prevue|duree du rdv",
    "guardian": "responsable|responsable legal|representant legal|tuteur|tutrice|parent|parents|mere|pere|maman|papa",
    "no_mobile": "sans mobile|pas de mobile|sans portable|pas de portable|sans telephone|sans tel|ss mobile|ss portable"
    "|ss tel|sans tel portable|sans telephone portable|pas de tel|pas de telephone|pas de tel portable",
    "no_email": "sans e mail|sans email|sans mail|pas d e mail|pas d email|pas de mail|sans courriel"
    "|sans adresse e mail|sans adresse mail|sans adresse email|ss mail|ss email|ss e mail|pas de courriel"
    "|pas d adresse mail|pas d adresse e mail|pas d adresse email",
    "email_ok": "e mail confirme|email confirme|mail confirme|courriel confirme|e mail verifie|email verifie"
    "|mail verifie",
    "mobile_ok": "mobile confirme|portable confirme|numero confirme|mobile verifie|portable verifie",
    "slot_ok": "creneau confirme|creneau voulu|creneau valide|horaire confirme|horaire voulu|heure confirmee",
    "text_ok": "texte confirme|texte verifie",
    "waiting": "liste d attente|attente|sur liste d attente|liste attente",
    "outcome": "absence|absent|absente|abs|annule|annulee|annulation|retard|arrive|arrivee|arrive e|prevenu|prevenue"
    "|prevenu e|heure d arrivee|presence|issue",
    "comment": "commentaire|commentaires|note|notes|remarque|remarques|com|comm|nb|n b|info|infos|information"
    "|informations|observation|observations|precision|precisions|p s|ps|attention|important|memo",
}
LABELS: Mapping[str, str] = {name: label for label, names in _SYNONYMS.items() for name in names.split("|")}


def _lacking(*things: str) -> str:
    """The usual ways to say that a patient has none: `pas de mail`, `n'a pas d'adresse mail`, `aucun e-mail`."""
    of = [f"{article} {thing}" for thing in things for article in ("d" if thing[0] in "aei" else "de",)]
    ways = ("pas", "n a pas", "na pas", "a pas", "ne possede pas", "n utilise pas")
    said = [f"{way} {thing}" for way in ways for thing in of]
    return "|".join([*said, *(f"{none} {thing}" for none in ("aucun", "aucune") for thing in things)])


def _unwanted(*things: str) -> str:
    """The usual ways to say that nothing of a kind is to be sent: `ne pas envoyer de SMS`, `ne veut pas de mails`."""
    ways = (
        "ne pas envoyer de|ne pas envoyer|ne pas envoyer le|ne pas lui envoyer de|n envoyez pas de|ne veut pas de"
        "|veut pas de|ne souhaite pas de|refuse les"
    )
    return "|".join(f"{way} {thing}" for thing in things for way in ways.split("|"))


# Whole lines and parts that say something without a value.
_STATEMENTS = {
    "first": "premiere consultation|premiere visite|premiere fois|1re visite|1ere visite|1re consultation"
    "|1ere consultation|1er rdv|premier rdv|1re fois|1ere fois|1 ere visite|1 ere consultation"
    "|primo consultation|premier rendez vous|1ere cs|1re cs",
    "follow_up": "suivi|controle suivi|consultation de suivi|visite de suivi|rdv de suivi|consultation suivi",
    "new": "nouveau patient|nouvelle patiente|nouveau dossier|np|nouveau elle patient e",
    "not_known": "jamais venu|jamais venue|pas encore venu|pas encore venue",
    "known": "deja venu|deja venue|deja venu e|deja patient|deja patiente|patient connu|patiente connue",
    "preference": "sans preference|pas de preference|sans dentiste attitre|pas de dentiste attitre"
    "|peu importe le dentiste|dentiste indifferent|sans preference de dentiste|sans pref"
    "|ss pref|ss preference|pas de pref|peu importe|n importe quel dentiste",
    "slot_ok": f"{_SYNONYMS['slot_ok']}|entre deux|en entre deux|entre deux patients|entre 2|hors horaires voulu"
    "|hors horaire voulu|hors horaires confirme|chevauchement voulu|chevauchement confirme|double rdv voulu",
    "ask_consent": _SYNONYMS["ask_consent"],
    "rescue": _SYNONYMS["rescue"],
    "waiting": "liste d attente|sur liste d attente|en liste d attente|attente",
    "unlisted": "sans liste|sans liste d attente|hors liste|hors liste d attente|pas de liste|pas de liste d attente",
    "email_ok": _SYNONYMS["email_ok"],
    "mobile_ok": _SYNONYMS["mobile_ok"],
    "text_ok": _SYNONYMS["text_ok"],
    "no_mobile": _SYNONYMS["no_mobile"],
    "no_email": _SYNONYMS["no_email"],
    "lacks_mobile": _lacking("mobile", "portable", "tel", "telephone", "tel portable", "telephone portable", "gsm"),
    "lacks_email": _lacking(
        "mail",
        "email",
        "e mail",
        "courriel",
        "adresse mail",
        "adresse e mail",
        "adresse email",
        "adresse electronique",
        "internet",
        "boite mail",
    )
    + "|n a pas internet|pas internet",
    "unwanted_mobile": f"{_unwanted('sms', 'textos', 'texto')}|pas de sms|sans sms|aucun sms|stop sms|sms non"
    "|pas de texto|pas de textos|texto non|textos non",
    "unwanted_email": _unwanted("mail", "mails", "email", "emails", "e mail", "e mails", "courriel", "courriels"),
    "unwanted": f"{_unwanted('message', 'messages')}|ne rien envoyer|ne rien lui envoyer"
    "|ne pas prevenir|ne pas le prevenir|ne pas la prevenir|ne pas prevenir le patient|ne pas prevenir la patiente"
    "|pas de sms ni de mail|pas de sms ni mail|ni sms ni mail|ne pas envoyer de sms ni de mail"
    "|pas de mail ni de sms|sans sms ni mail",
}
STATEMENTS: Mapping[str, str] = {name: label for label, names in _STATEMENTS.items() for name in names.split("|")}

_LONGEST = 5  # words of a label
_REFUSED = re.compile(r"\W*(?:sms|textos?)\s*[:=]\s*non\W*", re.IGNORECASE)  # a statement, and no number
_SIGN = re.compile(r"[:=]")
_WORD = re.compile(r"[^\s:=,;|]+")
_JOINT = " \t-–—;|/,·•*\\"


class Segment(Struct, frozen=True):
    """A piece of a line: `label` is a key of the vocabulary above, empty where the piece stands without one."""

    label: str
    value: str


def cut(line: str) -> list[Segment]:
    """The segments of one line, in order. After a comment's label the rest of the line is comment (P19)."""
    if (":" not in line and "=" not in line) or _REFUSED.fullmatch(line):
        return [Segment("", line)]
    cuts: list[tuple[int, int, str]] = []
    last = 0
    for sign in _SIGN.finditer(line):
        if place := _label_before(line, last, sign.start()):
            cuts.append((place[0], sign.end(), place[1]))
            last = sign.end()
            if place[1] == "comment":
                break
    edges = [start for start, _, _ in cuts] + [len(line)]
    head = line[: edges[0]].strip(_JOINT)
    pieces = [Segment("", head)] if head else []
    for number, (start, end, label) in enumerate(cuts):
        begin = start if label == "outcome" else end  # `Retard : 15 min`: the label is part of what is said
        value = line[begin : edges[number + 1]].strip(_JOINT)
        pieces.append(Segment(label, value if number + 1 == len(cuts) else value.rstrip(".")))  # a stop, then a label
    return pieces


def _label_before(line: str, last: int, sign: int) -> tuple[int, str] | None:
    """(where the longest label before this sign begins, its key)."""
    window = max(last, sign - 48)
    words = list(_WORD.finditer(line, window, sign))[-_LONGEST:]
    if words and line[words[-1].end() : sign].strip():
        return None
    for word in words:
        if label := LABELS.get(key(line[word.start() : sign])):
            return word.start(), label
    return None


_SURE = ("birth", "mobile", "email", "duration", "guardian", "dentist", "motif", "consent", "no_mobile", "no_email")
_DOUBTFUL = "pour soin acte raison objet mere pere maman papa parent parents medecin docteur dr temps num phone"
_NO_SIGN = {name: label for name, label in LABELS.items() if label in _SURE and name not in _DOUBTFUL.split()}
_NO_SIGN.update({"nom": "family", "nom de famille": "family", "prenom": "given", "nom de naissance": "birth_name"})
_FIRST_WORDS = re.compile(r"[^\W_]+")


def bare(line: str) -> Segment | None:
    """The segment of a line that begins with a label without `:`: `Né le 12/05/1981`, `Accord patient oui`."""
    words = list(_FIRST_WORDS.finditer(line[:60]))[:4]
    for count in range(len(words), 0, -1):
        label = _NO_SIGN.get(key(line[: words[count - 1].end()]))
        value = line[words[count - 1].end() :].strip(" .-–—\t")
        if label and value:
            return Segment(label, value)
    return None
