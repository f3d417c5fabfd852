"""Calendars as configured: CalDAV, Google, read-only ICS feed."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from config.addresses import Secret, SecretWeb, Web
from config.base import Model, setting, unprinted
from config.scalars import Flag, Text, refuse

_TAG = "Ce qui désigne, dans un agenda partagé, les événements de ce dentiste : « [tag] » dans le titre ou catégorie."


class CalDavSettings(Model):
    """`url` is the calendar's own address, or the server's with `calendar` naming one of its calendars."""

    kind: Literal["caldav"] = setting("Sorte d'agenda.")
    url: Web = unprinted("Adresse de l'agenda lui-même, ou du serveur si « calendar: » donne son nom.")
    calendar: Text | None = setting("Nom de l'agenda sur le serveur, si « url: » est celle du serveur.", default=None)
    username: Text | None = setting("Identifiant du compte.", default=None)
    password: Secret | None = unprinted("Mot de passe : « !env NOM » ou « !file CHEMIN ».", default=None)
    token: Secret | None = unprinted("Jeton (Bearer), à la place du mot de passe.", default=None)
    auth: Literal["auto", "basic", "digest", "bearer"] = setting("Façon de s'identifier.", default="auto")
    read_only: Flag = setting("Ne jamais écrire dans cet agenda.", default=False)
    tag: Text | None = setting(_TAG, default=None)


def _login(calendar: CalDavSettings) -> CalDavSettings:
    if calendar.password and not (calendar.username or "@" in calendar.url):
        refuse("« password: » est donné, mais « username: » manque.", "Ajoutez « username: … ».")
    if calendar.auth == "bearer" and not calendar.token:
        refuse("« auth: bearer » demande « token: ».", "Ajoutez « token: !env NOM ».")
    return calendar


def _google_file(value: SecretStr) -> SecretStr:
    try:
        content = json.loads(value.get_secret_value())
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        refuse(
            "ces identifiants Google ne sont pas du JSON.", "Donnez le fichier : « !file /run/secrets/google.json »."
        )
    if {"installed", "web"} & content.keys():
        refuse("ce fichier Google est celui d'une application, pas un accès.", "Donnez la clé d'un compte de service.")
    return value


def _own_id(value: str) -> str:
    if value.casefold() == "primary":  # it means the calendar of whoever is logged in
        refuse("« primary » n'est pas un identifiant : il change avec le compte.", "Donnez l'adresse de l'agenda.")
    return value


class GoogleSettings(Model):
    """`credentials` is the content of a service account's key file, or of a person's consent (`authorized_user`)."""

    kind: Literal["google"] = setting("Sorte d'agenda.")
    calendar_id: Annotated[Text, AfterValidator(_own_id)] = setting(
        "Identifiant de l'agenda, dans ses paramètres Google."
    )
    credentials: Annotated[Secret, AfterValidator(_google_file)] = unprinted(
        "Clé du compte de service, ou autorisation d'une personne (« authorized_user ») : « !file CHEMIN »."
    )
    subject: Text | None = setting(
        "Adresse au nom de laquelle le compte de service agit (délégation Google Workspace).", default=None
    )
    endpoint: Web | None = unprinted("Adresse qui remplace celle de l'API Google (relais, essais).", default=None)
    read_only: Flag = setting("Ne jamais écrire dans cet agenda.", default=False)
    tag: Text | None = setting(_TAG, default=None)


class IcsSettings(Model):
    """A feed that is only read."""

    kind: Literal["ics"] = setting("Sorte d'agenda : flux en lecture seule.")
    url: SecretWeb = unprinted("Adresse du flux .ics (souvent secrète : « !env NOM »).")
    username: Text | None = setting("Identifiant, si le flux en demande un.", default=None)
    password: Secret | None = unprinted("Mot de passe, si le flux en demande un.", default=None)
    tag: Text | None = setting(_TAG, default=None)


CheckedCalDav = Annotated[CalDavSettings, AfterValidator(_login)]
CalendarSettings = Annotated[CheckedCalDav | GoogleSettings | IcsSettings, Field(discriminator="kind")]
