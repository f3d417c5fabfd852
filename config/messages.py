"""Settings of the messages: mail server, SMS gateways, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from config.addresses import MailServer, Secret, SecretWeb, Sender
from config.base import Model, setting, unprinted
from config.problems import meant
from config.scalars import Flag, Several, Text, Whole, refuse
from rules.text.fold import words

PLACEHOLDERS = ("to", "text", "key", "sender")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def texts(template: Any) -> Iterator[str]:
    """All texts of a template, at any depth."""
    if isinstance(template, Mapping):
        for value in template.values():
            yield from texts(value)
    elif isinstance(template, list):
        for value in template:
            yield from texts(value)
    elif template is not None:
        yield str(template)


def template(value: Any) -> dict[str, Any]:
    """The template of what is posted to the gateway. It must contain `{to}` and `{text}`, and no unknown
    placeholder."""
    if not isinstance(value, dict):
        refuse("des clés sont attendues.", 'Exemple : {to: "{to}", text: "{text}"}.')
    names = {name for text in texts(value) for name in _PLACEHOLDER.findall(text)}
    for name in sorted(names - set(PLACEHOLDERS)):
        refuse(f"« {{{name}}} » inconnu dans ce modèle.", meant(name, PLACEHOLDERS))
    for name in ("to", "text"):
        if name not in names:
            refuse(f"« {{{name}}} » manque dans ce modèle.", 'Exemple : {to: "{to}", text: "{text}"}.')
    return value


Template = Annotated[dict[str, Any], BeforeValidator(template), WithJsonSchema({"type": "object"})]


_SENDER = re.compile(r"[A-Za-z0-9]{1,11}|\+?\d{3,15}")
_SMALL_WORDS = frozenset({"de", "des", "du", "d", "la", "le", "les", "l", "et"})
_SENDER_LONGEST = 11  # letters, by GSM 03.40


def sms_sender(value: str) -> str:
    """The sender that a telephone shows: a number, or 11 letters or digits at most, as French operators accept
    (AF2M)."""
    if not _SENDER.fullmatch(value):
        proposed = proposed_sender(value)
        hint = f"Par exemple « {proposed} »." if proposed else "Exemple : « CABLILAS »."
        refuse("un émetteur a 11 lettres ou chiffres au plus, sans espace, accent ni signe.", hint, value)
    return value


def proposed_sender(value: str) -> str:
    """A sender made from a name: `CABLILAS` for Cabinet des Lilas. The first word is shortened if all are too long."""
    said = [word for word in words(value) if word not in _SMALL_WORDS]
    whole = "".join(said)
    if len(whole) > _SENDER_LONGEST and len(said) > 1:
        whole = said[0][:3] + "".join(said[1:])
    return whole.upper()[:_SENDER_LONGEST]


SmsSender = Annotated[Text, AfterValidator(sms_sender)]


class EmailSettings(Model):
    """A mail server."""

    url: MailServer = unprinted("Serveur : « smtp://utilisateur@serveur:587 » (STARTTLS) ou « smtps://…:465 ».")
    password: Secret | None = unprinted("Mot de passe du serveur : « !env NOM ».", default=None)
    sender: Sender = setting("Expéditeur vu par les patients.")
    timeout: Several = setting("Secondes d'attente d'une réponse.", default=30)


def _one_body(sms: HttpSmsSettings) -> HttpSmsSettings:
    if (sms.body is None) == (sms.form is None):
        refuse("donnez « json: » ou « form: », l'un des deux.", 'Exemple : json: {to: "{to}", text: "{text}"}.')
    if sms.sender is None and any("{sender}" in text for text in texts(sms.body or sms.form)):
        refuse("« {sender} » est employé, mais « sender: » manque.", "Ajoutez « sender: Cabinet ».")
    return sms


class HttpSmsSettings(Model):
    """Any gateway that takes a POST of JSON or of a form."""

    kind: Literal["http"] = setting("Sorte de passerelle : toute passerelle qui reçoit du JSON ou un formulaire.")
    url: SecretWeb = unprinted("Adresse de la passerelle.")
    body: Template | None = unprinted(
        "JSON envoyé ; {to}, {text}, {key} et {sender} y sont remplacés.", alias="json", default=None
    )
    form: Template | None = unprinted("Formulaire envoyé, à la place de « json: ».", default=None)
    headers: dict[Text, Secret] = unprinted("En-têtes HTTP, par exemple Authorization.", default_factory=dict)
    sender: SmsSender | None = setting(
        "Émetteur affiché par le téléphone, si la passerelle le permet : 11 lettres ou chiffres au plus.", default=None
    )
    idempotent: Flag = setting(
        "La passerelle reconnaît l'en-tête Idempotency-Key ; sinon un SMS resté sans réponse suit « on_uncertain ».",
        default=True,
    )
    timeout: Several = setting("Secondes d'attente d'une réponse.", default=15)


class AppriseSmsSettings(Model):
    """A provider that the library apprise knows."""

    kind: Literal["apprise"] = setting("Sorte de passerelle : un service connu d'apprise.")
    url: Secret = unprinted("Adresse apprise du service, sans destinataire : « !env NOM ».")
    sender: SmsSender | None = setting("Émetteur affiché par le téléphone.", default=None)
    timeout: Several = setting("Secondes d'attente d'une réponse.", default=15)


class OvhSmsSettings(Model):
    """OVHcloud SMS."""

    kind: Literal["ovh"] = setting("Sorte de passerelle : OVHcloud.")
    service_name: Text = setting("Nom du service SMS : « sms-ab12345-1 ».")
    application_key: Secret = unprinted("Clé d'application OVHcloud.")
    application_secret: Secret = unprinted("Secret d'application OVHcloud.")
    consumer_key: Secret = unprinted("Clé de consommateur OVHcloud.")
    endpoint: Text = setting("Région de l'API.", default="ovh-eu")
    sender: SmsSender | None = setting("Émetteur enregistré chez OVHcloud.", default=None)
    timeout: Several = setting("Secondes d'attente d'une réponse.", default=15)


CheckedHttpSms = Annotated[HttpSmsSettings, AfterValidator(_one_body)]
SmsSettings = Annotated[CheckedHttpSms | AppriseSmsSettings | OvhSmsSettings, Field(discriminator="kind")]
OnUncertain = Literal["hold", "retry"]


class UncertainSettings(Model):
    """What to do when it stays unknown whether a gateway took a message (law L4)."""

    sms: OnUncertain = setting("SMS dont l'envoi reste incertain : attendre une personne, ou renvoyer.", default="hold")
    email: OnUncertain = setting(
        "E-mail dont l'envoi reste incertain : attendre une personne, ou renvoyer.", default="retry"
    )


class MessagesSettings(Model):
    """What patients receive, and when."""

    email: EmailSettings | None = setting("Envoi des e-mails.", default=None)
    sms: SmsSettings | None = setting("Envoi des SMS.", default=None)
    reminder_hours: Several = setting("Heures entre le rappel et le rendez-vous.", default=24)
    settle_seconds: Whole = setting("Temps de calme avant une confirmation ; 0 : aussitôt.", default=90)
    settle_change_seconds: Whole = setting(
        "Temps de calme avant l'annonce d'un changement ou d'une annulation.", default=180
    )
    most_per_hour: Several = setting(
        "Messages à un même destinataire au sujet d'un même patient en une heure, au-delà desquels ils sont retenus.",
        default=6,
    )
    most_per_pass: Several = setting(
        "Messages d'un même passage, rappels à part, au-delà desquels tous sont retenus.", default=60
    )
    motif_in_sms: Flag = setting("Dire le motif par SMS (donnée de santé).", default=False)
    on_uncertain: UncertainSettings = setting(
        "Quand une passerelle n'a pas répondu.", default_factory=UncertainSettings
    )
