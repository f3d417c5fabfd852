"""The ways to patients, as `attitre init` asks for them: mail server and SMS gateway, each tried at once."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from sync.cli.init import ask
from sync.cli.init.draft import Draft, quoted
from sync.cli.output import say


@dataclass(frozen=True, slots=True)
class Way:
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
        said = MailSender(url, sender, meant(password) or None).probe()
    except OutsideError as error:
        say(f"  ✗ {error}")
        return False
    say(f"  ✓ {said}")
    return True


def sms(draft: Draft) -> Way:
    """A gateway that takes JSON; nothing is sent."""
    from config.addresses import secret_web
    from sync.cli.init.accounts import meant

    say("\n— Les SMS aux patients —")
    question = "Adresse de la passerelle HTTP (ou $NOM si elle contient une clé ; vide : plus tard)"
    given = ask.text(question, "", lambda typed: secret_web(meant(typed)), optional=True)
    if not given:
        return Way()
    key = ask.hidden("En-tête « Authorization » qu'elle demande (vide : aucun ; ou $NOM)")
    hides = given.startswith("$") or urlsplit(given).query
    shown = draft.secret("sms-url", given) if hides else quoted(given)
    lines = ["    kind: http", f"    url: {shown}",
             '    json: {to: "{to}", text: "{text}", ref: "{key}"}   # selon la passerelle']  # fmt: skip
    lines += [f"    headers: {{Authorization: {draft.secret('sms', key)}}}"] if key else []
    say("  Son format est à vérifier sous « json: » ; puis : attitre check --send-test 06…")
    return Way(("  sms:", *lines))


def lines(mail: Way, text: Way) -> list[str]:
    """The YAML's `messages:`."""
    if not (mail.lines or text.lines):
        return ["# messages:                             # e-mail et SMS : plus tard, voir l'exemple complet", ""]
    return ["messages:", *mail.lines, *text.lines, ""]
