"""The ways to patients, as `attitre init` asks for them: mail server and SMS gateway, each tried at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from msgspec import Struct

from sync.cli.init import ask
from sync.cli.init.ask import say
from sync.cli.init.draft import Draft, quoted

if TYPE_CHECKING:
    from sync.cli.init.providers import Provider


class Way(Struct, frozen=True):
    """One way as lines of the YAML; empty where it is left for later."""

    lines: tuple[str, ...] = ()


def email(draft: Draft, practice: str, address: str) -> Way:
    """The mail server, logged in to; nothing is sent."""
    from config.addresses import mail_server, sender

    say("\n— Les e-mails aux patients —")
    while True:
        given = ask.text("Serveur d'envoi (« smtp.exemple.fr » ; vide : plus tard)", "",
                         lambda typed: mail_server(_smtp(typed, "")), optional=True)  # fmt: skip
        if not given:
            return Way()
        user = ask.text("Identifiant (« - » : sans)", address).removeprefix("-")
        password = ask.hidden("Mot de passe (ou $NOM d'une variable d'environnement)") if user else ""
        shown = ask.text("Expéditeur vu par les patients", f"{_plain(practice)} <{address}>", sender)
        url = _smtp(given, user)
        if not _works(url, shown, password) and ask.yes("Corriger ?", default=True):
            continue
        lines = [f"    url: {quoted(url)}", f"    sender: {quoted(shown)}"]
        lines += [f"    password: {draft.secret('smtp', password)}"] if password else []
        return Way(("  email:", *lines))


def _plain(name: str) -> str:
    """A name that needs no quotes before an address."""
    return " ".join("".join(sign for sign in name if sign not in '<>",;:@()[]\\«»').split()) or "Cabinet"


def _smtp(given: str, user: str) -> str:
    """`mail.example`, `mail.example:465` or the whole address, with the user in it."""
    whole = given if "://" in given else f"{'smtps' if given.endswith(':465') else 'smtp'}://{given}"
    parts = urlsplit(whole)
    host = parts.netloc.rpartition("@")[2]
    if ":" not in host:
        host += ":465" if parts.scheme == "smtps" else ":587"
    return f"{parts.scheme}://{quote(user, safe='') + '@' if user else ''}{host}"


def _works(url: str, sender: str, password: str) -> bool:
    from adapters.base import OutsideError
    from adapters.senders.mail import MailSender
    from sync.cli.init.accounts import meant

    try:
        said = ask.once(MailSender(url, sender, meant(password) or None).probe)
    except OutsideError as error:
        say(f"  ✗ {error}")
        return False
    say(f"  ✓ {said}")
    return True


def sms(draft: Draft, practice: str) -> Way:
    """A service by name, or any gateway that takes JSON; nothing is sent."""
    from sync.cli.init.providers import PROVIDERS

    say("\n— Les SMS aux patients —")
    kinds = ["Plus tard", "Une passerelle HTTP (adresse et format à vous)", *(one.name for one in PROVIDERS)]
    chosen = ask.choice("Votre service de SMS", kinds)
    if chosen == 1:
        return Way()
    return _gateway(draft) if chosen == 2 else _provider(draft, PROVIDERS[chosen - 3], practice)


def _gateway(draft: Draft) -> Way:
    from config.addresses import secret_web
    from sync.cli.init.accounts import meant

    question = "Adresse de la passerelle HTTP (ou $NOM si elle contient une clé)"
    given = ask.text(question, "", lambda typed: secret_web(meant(typed)))
    key = ask.hidden("En-tête « Authorization » qu'elle demande (vide : aucun ; ou $NOM)")
    hides = given.startswith("$") or urlsplit(given).query
    shown = draft.secret("sms-url", given) if hides else quoted(given)
    lines = ["    kind: http", f"    url: {shown}",
             '    json: {to: "{to}", text: "{text}", ref: "{key}"}   # selon la passerelle']  # fmt: skip
    lines += [f"    headers: {{Authorization: {draft.secret('sms', key)}}}"] if key else []
    say("  Son format est à vérifier sous « json: » ; puis : attitre check --send-test 06…")
    return Way(("  sms:", *lines))


def _provider(draft: Draft, provider: Provider, practice: str) -> Way:
    from config.messages import proposed_sender, sms_sender

    shown = ask.text("Émetteur affiché (11 lettres ou chiffres au plus)", proposed_sender(practice), sms_sender)
    headers = [
        f"{name}: {draft.secret(f'sms-{name.lower()}', ask.needed(f'{what} {provider.name} (ou $NOM)'))}"
        for name, what in provider.headers.items()
    ]
    lines = (
        "    kind: http",
        f"    url: {provider.url}   # {provider.name}, d'après sa documentation publique",
        f"    json: {json.dumps(provider.body, ensure_ascii=False)}",
        f"    headers: {{{', '.join(headers)}}}",
        f"    sender: {quoted(shown)}",
        "    idempotent: non                     # un SMS resté sans réponse attend une personne",
    )
    say("  À essayer ensuite : attitre check --send-test 06…")
    return Way(("  sms:", *lines))


def lines(mail: Way, text: Way) -> list[str]:
    """The YAML's `messages:`."""
    if not (mail.lines or text.lines):
        return ["# messages:                             # e-mail et SMS : plus tard, voir l'exemple complet", ""]
    return ["messages:", *mail.lines, *text.lines, ""]
