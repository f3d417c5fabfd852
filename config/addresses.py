"""Types of addresses: e-mail, telephone, web, mail server, store. An unreadable one is refused (P1)."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema

from config.problems import meant
from config.scalars import Text, refuse, written

_SENDER = re.compile(r"(?:(?P<name>[^<>]*)<)?(?P<address>[^<>\s]+)(?(name)>)")
# Plain values are accepted without the libraries, as loading their tables costs 60 ms of each start.
_PLAIN_EMAIL = re.compile(r"\w+([.+-]\w+)*@([a-z\d]+(-[a-z\d]+)*\.)+[a-z]{2,24}", re.IGNORECASE | re.ASCII)
_PLAIN_PHONE = re.compile(r"0[1-9]([ .]?\d{2}){4}", re.ASCII)
STORES = ("sqlite", "postgresql+psycopg")
MAIL_SCHEMES = ("smtp", "smtps")


def email(value: str) -> str:
    """The e-mail address as written. Refuses one that cannot receive mail."""
    if len(value) < 64 and _PLAIN_EMAIL.fullmatch(value):
        return value
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(value, check_deliverability=False, test_environment=True)  # accepts `.test`, for trials
    except EmailNotValidError:
        refuse("adresse e-mail illisible.", "Exemple : « secretariat@cabinet.fr ».", value)
    return value


def sender(value: str) -> str:
    """`Cabinet des Lilas <rdv@lilas.fr>`, or the address alone; as written."""
    match = _SENDER.fullmatch(value)
    if not match:
        refuse("expéditeur illisible.", "Exemple : « Cabinet des Lilas <rdv@lilas.fr> ».", value)
    email(match["address"])
    return value


def phone(value: str) -> str:
    """A French number, short ones included, or an international one; as written."""
    if _PLAIN_PHONE.fullmatch(value):
        return value
    import phonenumbers

    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not (phonenumbers.is_valid_number(number) or phonenumbers.is_valid_short_number(number)):
        refuse("numéro de téléphone illisible.", "Exemple : « 01 83 35 53 54 ».", value)
    return value


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  urlsplit checks the port only when it is read
    except ValueError:
        return None
    return parts if parts.hostname and not re.search(r"\s", value) else None


_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def web(value: str) -> str:
    """An http(s) address. A password inside is refused, as addresses are shown."""
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https"):
        refuse("adresse web illisible.", "Exemple : « https://agenda.cabinet.fr/martin/ ».")
    if parts.password:
        refuse("mot de passe dans l'adresse.", "Mettez-le dans « password: !env NOM ».")
    return value


def secret_web(value: Any) -> SecretStr:
    """An http(s) or webcal address that is a secret itself: a private feed, or a gateway with a key in its address."""
    text = re.sub(r"^webcal://", "https://", secret(value).get_secret_value())  # what calendar programs copy
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https"):
        refuse("adresse web illisible.", "Exemple : « https://sms.exemple.fr/envoi ».")
    return SecretStr(text)


def public(value: str) -> str:
    """The address of the patients' page, without a trailing slash. Each link continues it."""
    if re.search(r"[?#]", web(value)):
        refuse("« ? » ou « # » dans l'adresse : les liens des patients la prolongent.", "Arrêtez-la avant.")
    return value.rstrip("/")


def is_open(value: str) -> bool:
    """Whether what is sent to that address can be read on its way: no https, and not this machine."""
    parts = _split(value)
    return parts is not None and parts.scheme == "http" and parts.hostname not in _HERE


def mail_server(value: str) -> str:
    """`smtp://user@host:587` (STARTTLS) or `smtps://user@host:465`."""
    parts = _split(value)
    if parts is None or parts.scheme not in MAIL_SCHEMES:
        refuse("serveur de messagerie illisible.", "Exemple : « smtp://utilisateur@mail.exemple.fr:587 ».")
    if parts.password:
        refuse("mot de passe dans l'adresse.", "Mettez-le dans « password: !env NOM ».")
    return value


def listen(value: str) -> str:
    """`127.0.0.1:8080` or `[::1]:8080`."""
    parts = _split(f"//{value}")
    if parts is None or parts.port is None or parts.path:
        refuse("adresse d'écoute illisible.", "Exemple : « 127.0.0.1:8080 ».", value)
    return value


def store(value: Any) -> SecretStr:
    """The store's SQLAlchemy URL. It is a secret, since it may contain a password."""
    text = secret(value).get_secret_value()
    scheme = text.partition("://")[0]
    if scheme not in STORES or "://" not in text:
        hint = meant(scheme, STORES) if "://" in text else ""
        refuse("adresse de la base illisible.", hint or "Exemple : « sqlite:///attitre.db ».")
    return SecretStr(text)


def secret(value: Any) -> SecretStr:
    """A text that is never shown. Refuses an empty one."""
    if isinstance(value, SecretStr):
        return value
    text = written(value)
    if not text:
        refuse("valeur vide.")
    return SecretStr(text)


_SHOWN = {"type": ["string", "number"]}
_URI = WithJsonSchema({"type": "string", "format": "uri"})

Secret = Annotated[SecretStr, BeforeValidator(secret), WithJsonSchema(_SHOWN)]
Email = Annotated[Text, AfterValidator(email)]
Sender = Annotated[Text, AfterValidator(sender)]
Phone = Annotated[Text, AfterValidator(phone)]
Web = Annotated[Text, AfterValidator(web), _URI]
SecretWeb = Annotated[SecretStr, BeforeValidator(secret_web), _URI]
Public = Annotated[Text, AfterValidator(public), _URI]
MailServer = Annotated[Text, AfterValidator(mail_server), _URI]
Listen = Annotated[Text, AfterValidator(listen)]
Store = Annotated[SecretStr, BeforeValidator(store), WithJsonSchema({"type": "string"})]
