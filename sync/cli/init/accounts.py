"""The accounts of `attitre init`: log in to each, and offer the calendars that it really has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from sync.cli.frame import Failure
from sync.cli.init import ask, consent
from sync.cli.init.ask import say
from sync.cli.init.draft import Draft, quoted

if TYPE_CHECKING:
    from adapters.base import Probe


class Offered(Struct, frozen=True):
    """A calendar that can be picked: how it is shown, and its lines in the YAML. `feed`: read-only busy time."""

    label: str
    lines: tuple[str, ...]
    feed: bool = False


class How(Struct, frozen=True):
    """Where Google answers (empty: at Google), and whether a browser may be opened here."""

    endpoint: str = ""
    browser: bool = True


def collect(draft: Draft, how: How) -> list[Offered]:
    """Account after account, until there is at least one calendar and no other account."""
    pool: list[Offered] = []
    while True:
        say("\nOù sont les agendas ?")
        kind = ask.choice("Votre choix", [words for words, _ in _KINDS])
        found = _tried(_KINDS[kind - 1][1], draft, how)
        pool += [one for one in found if one.lines[:2] not in {known.lines[:2] for known in pool}]
        _listed(pool)
        if pool and not ask.yes("Un autre compte, ou un autre flux ?", default=False):
            return pool


def _listed(pool: list[Offered]) -> None:
    say("\nAgendas trouvés :" if pool else "\nAucun agenda pour l'instant.")
    for place, one in enumerate(pool, 1):
        say(f"  {place}. {one.label}")


def _tried(kind: Callable[[Draft, How], list[Offered]], draft: Draft, how: How) -> list[Offered]:
    """What that account has; asked again where it could not be reached, and left where the person gives up."""
    from adapters.base import OutsideError

    while True:
        try:
            return kind(draft, how)
        except (OutsideError, Failure) as error:
            say(f"  ✗ {error}")
            if not ask.yes("Essayer de nouveau ?", default=True):
                return []


# --- CalDAV ----------------------------------------------------------------------------------------------------------


def _dav(draft: Draft, how: How) -> list[Offered]:
    from sync.wiring import list_calendars

    say("\nLe compte des agendas (CalDAV). Le mot de passe sera rangé à part, jamais dans le YAML.")
    said = draft.said
    url = said["url"] = ask.text("Adresse du serveur (https://…)", said.get("url", ""), _web)
    username = said["user"] = ask.text("Identifiant (vide : sans compte)", said.get("user", ""), optional=True)
    password = ask.hidden("Mot de passe (ou $NOM d'une variable d'environnement)") if username else ""
    found = ask.once(lambda: list_calendars(_with_scheme(url), username, meant(password)))
    said.clear()
    secret = draft.secret("caldav", password) if password else ""
    login = (f"username: {quoted(username)}", *([f"password: {secret}"] if secret else ())) if username else ()
    if not found:
        say("  Ce compte n'a pas d'agenda.")
    return [
        Offered(f"{name} – {_RIGHTS[writable]}", ("kind: caldav", f"url: {quoted(address)}", *login))
        for name, address, writable in found
    ]


def _web(given: str) -> None:
    from config.addresses import web

    web(_with_scheme(given))


def _with_scheme(given: str) -> str:
    return given if "://" in given else f"https://{given}"


def meant(secret: str) -> str:
    """The secret itself, where a variable's name was typed."""
    import os

    return os.environ.get(secret[1:], secret) if secret.startswith("$") else secret


# --- Google ----------------------------------------------------------------------------------------------------------


def _robot(draft: Draft, how: How) -> list[Offered]:
    """A service account has no list of its own: each calendar is named, and tried."""
    file = Path(ask.text("\nFichier de la clé du compte de service (.json)")).expanduser()
    content = _content(file)
    email = _robots_email(content)
    say(f"\nPartagez d'abord chaque agenda avec {email} :")
    say("Google Agenda, « Paramètres » de l'agenda, « Partager avec des personnes en particulier », cette adresse,")
    say("« Apporter des modifications aux événements ». Son identifiant est plus bas, « ID de l'agenda ».")
    credentials = f"!file {draft.path(file)}"
    found: list[Offered] = []
    while identity := ask.text("ID d'un agenda (vide : fini)", check=_calendar_id, optional=True):
        found += _shared(content, identity, credentials, how)
    return found


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, ValueError):
        raise Failure(f"{file} ne peut pas être lu.") from None


def _robots_email(content: str) -> str:
    try:
        info = json.loads(content)
        return str(info["client_email"]) if info["private_key"] else ""
    except (ValueError, KeyError, TypeError):
        raise Failure("Ce fichier n'est pas la clé d'un compte de service : téléchargez-la de nouveau.") from None


def _calendar_id(given: str) -> None:
    from config.scalars import refuse

    if "@" not in given or " " in given:
        refuse("ce n'est pas l'identifiant d'un agenda.", "Il ressemble à « abc…@group.calendar.google.com ».")


def _shared(content: str, identity: str, credentials: str, how: How) -> list[Offered]:
    from adapters.base import OutsideError
    from adapters.calendars.google.api import GoogleAccess
    from adapters.calendars.google.calendar import GoogleCalendar

    access = GoogleAccess(content, endpoint=how.endpoint)
    try:
        probe = ask.once(GoogleCalendar(access, identity, zone=ZoneInfo("Europe/Paris"), secret=b"").probe)
    except OutsideError as error:
        say(f"  ✗ {error}")
        return []
    say(f"  ✓ « {probe.name} » : {probe.lines[0]}")
    return [Offered(f"{probe.name} – {_RIGHTS[probe.writable]}", _google_lines(identity, credentials, how))]


def _person(draft: Draft, how: How) -> list[Offered]:
    from adapters.calendars.google.api import GoogleAccess
    from adapters.calendars.google.calendar_list import list_calendars

    say("\nIl faut le fichier d'un « ID client OAuth » de type « Application de bureau » : docs/administration.md,")
    say("« Par l'accord d'une personne », dit où cliquer.")
    client = Path(ask.text("Fichier du client OAuth (.json)"))
    token = ask.once(lambda: consent.obtain(client, browser=how.browser))
    listed = ask.once(lambda: list_calendars(GoogleAccess(token, endpoint=how.endpoint)))
    kept = consent.sealed(token, draft)
    name = draft.free(consent.TOKEN_FILE, kept)
    draft.files[name] = kept
    return [
        Offered(f"{one.name} – {one.rights}", _google_lines(one.calendar_id, f"!file {name}", how)) for one in listed
    ]


def _google_lines(identity: str, credentials: str, how: How) -> tuple[str, ...]:
    endpoint = (f"endpoint: {quoted(how.endpoint)}",) if how.endpoint else ()
    return ("kind: google", f"calendar_id: {quoted(identity)}", f"credentials: {credentials}", *endpoint)


# --- feeds -----------------------------------------------------------------------------------------------------------


def _feed(draft: Draft, how: How) -> list[Offered]:
    from adapters.base import LoginRefused
    from config.addresses import secret_web

    say("\nUn flux .ics est seulement lu : ce qui y prend du temps compte comme occupé (agenda privé, congés, garde).")
    url = ask.hidden("Adresse du flux (secrète : elle ne s'affiche pas)")
    wrong = ask.problem(secret_web, url) if url else "Une adresse est nécessaire."
    if wrong:
        raise Failure(wrong)
    address = secret_web(meant(url)).get_secret_value()
    login: tuple[str, ...] = ()
    try:
        probe = _feed_at(address)
    except LoginRefused:
        say("  Ce flux demande un identifiant.")
        username = ask.text("Identifiant")
        password = ask.hidden("Mot de passe (ou $NOM d'une variable d'environnement)")
        probe = _feed_at(address, username, meant(password))
        secret = (f"password: {draft.secret('flux-mot-de-passe', password)}",) if password else ()
        login = (f"username: {quoted(username)}", *secret)
    say(f"  ✓ « {probe.name} » : {probe.lines[0]}")
    lines = ("kind: ics", f"url: {draft.secret('flux', url)}", *login)
    return [Offered(f"{probe.name} – flux, temps occupé", lines, feed=True)]


def _feed_at(address: str, username: str = "", password: str = "") -> Probe:
    from adapters.calendars.feed.calendar import FeedCalendar

    zone = ZoneInfo("Europe/Paris")
    return ask.once(FeedCalendar(address, username=username, password=password, zone=zone, secret=b"").probe)


_RIGHTS = {True: "lecture et écriture", False: "lecture seule"}
_KINDS: tuple[tuple[str, Callable[[Draft, How], list[Offered]]], ...] = (
    ("Un serveur d'agendas CalDAV (Nextcloud, Zimbra, Synology, iCloud …)", _dav),
    ("Google, par un compte de service (conseillé : rien n'expire)", _robot),
    ("Google, par votre propre accord (page de consentement)", _person),
    ("Un flux .ics, seulement lu (congés, agenda privé)", _feed),
)
