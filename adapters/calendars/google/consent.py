"""A person's consent for their own Google calendars: the address to open, and the token in exchange for the answer.

Google's library makes the address (with PKCE); the exchange goes over our session. The sentence of an error says what
to click.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from adapters.base import Denied, Garbled, TryLater
from adapters.calendars.google.auth import TOKEN_URI
from adapters.http import Http

EVENTS = "https://www.googleapis.com/auth/calendar.events"
LIST = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
SCOPES = (EVENTS, LIST)
"""Read and write events; see which calendars there are. Nothing else."""


class Consent:
    """One request for consent. `client_file`: the content of the practice's own OAuth client. Raises Denied if it is
    not a desktop application's."""

    def __init__(self, client_file: str, redirect: str) -> None:
        from google_auth_oauthlib.flow import Flow

        client = _client(client_file)
        self._client, self._redirect, self._http = client, redirect, Http()
        self._flow = Flow.from_client_config({"installed": client}, SCOPES, redirect_uri=redirect)
        # prompt=consent: otherwise Google gives a refresh token only at the first consent
        url, state = self._flow.authorization_url(access_type="offline", prompt="consent")
        self.url, self._state = str(url), str(state)

    def token(self, answered: str) -> str:
        """The content of the consent file, from the address to which the browser was sent back. Raises Denied,
        TryLater, Garbled."""
        query = {name: values[-1] for name, values in parse_qs(urlsplit(answered.strip()).query).items()}
        if query.get("error"):
            raise Denied(_SAID_NO if query["error"] == "access_denied" else _REFUSED)
        if not query.get("code"):
            raise Denied(_NO_CODE)
        if query.get("state") != self._state:
            raise Denied(_OLD)
        return self._file(self._exchanged(query["code"]))

    def _exchanged(self, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect,
            "client_id": self._client["client_id"], "client_secret": self._client["client_secret"],
            "code_verifier": self._flow.code_verifier or "",
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._http.send("POST", self._token_uri, urlencode(form).encode(), headers)
        if answer.status in {408, 429} or answer.status >= 500:
            raise TryLater("Google ne délivre pas d'accès pour l'instant : recommencez dans quelques minutes.")
        try:
            said = json.loads(answer.body)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Garbled("Google a répondu autre chose que des données.")
        if answer.status != 200:
            raise Denied(_WRONG_CLIENT if said.get("error") in {"invalid_client", "unauthorized_client"} else _OLD)
        return said

    def _file(self, said: dict[str, Any]) -> str:
        """The content to be stored: the client and the refresh token."""
        if EVENTS not in str(said.get("scope", EVENTS)).split():
            raise Denied(_UNTICKED)
        if not said.get("refresh_token"):
            raise Denied(_NOT_LASTING)
        kept = {
            "type": "authorized_user", "client_id": self._client["client_id"],
            "client_secret": self._client["client_secret"], "token_uri": self._token_uri,
            "refresh_token": said["refresh_token"],
        }  # fmt: skip
        return json.dumps(kept)

    @property
    def _token_uri(self) -> str:
        return str(self._client.get("token_uri") or TOKEN_URI)


def _client(client_file: str) -> dict[str, Any]:
    """The desktop client in the file."""
    try:
        held = json.loads(client_file)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise Denied(_NO_CLIENT)
    client = held.get("installed")
    if isinstance(client, dict) and all(client.get(name) for name in ("client_id", "client_secret", "auth_uri")):
        return client
    raise Denied(_WEB if "web" in held else _ROBOT if "private_key" in held else _NO_CLIENT)


_NO_CLIENT = (
    "Ce fichier n'est pas celui d'un identifiant client OAuth : console Google Cloud, « API et services », "
    "« Identifiants », « Créer des identifiants », « ID client OAuth », « Application de bureau », puis « Télécharger "
    "le fichier JSON »."
)
_WEB = (
    "Ce fichier est celui d'une application « Web » : créez un « ID client OAuth » du type « Application de bureau » "
    "et donnez son fichier."
)
_ROBOT = "Ce fichier est la clé d'un compte de service : il n'a pas besoin d'accord, choisissez « compte de service »."
_SAID_NO = "L'accord a été refusé dans la page de Google : rien n'est changé. Recommencez, et cliquez « Continuer »."
_REFUSED = (
    "Google n'a pas donné l'accord : l'écran de consentement est-il publié, ou cette adresse parmi ses « utilisateurs "
    "tests » ?"
)
_NO_CODE = "Ce n'est pas l'adresse attendue : copiez toute la barre d'adresse, qui commence par http://127.0.0.1."
_OLD = "Cette réponse ne vaut pas (ou plus) pour la question posée : recommencez, avec la nouvelle adresse."
_WRONG_CLIENT = (
    "Google ne connaît pas ce client OAuth : téléchargez de nouveau son fichier dans la console Google Cloud."
)
_UNTICKED = (
    "La case « Afficher et modifier les événements » n'a pas été cochée dans la page de Google : recommencez, en "
    "cochant toutes les cases."
)
_NOT_LASTING = "Google n'a donné qu'un accès d'une heure : recommencez."
