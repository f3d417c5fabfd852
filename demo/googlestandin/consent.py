"""A person's consent: the authorization endpoint, which answers as the person would, and its codes."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from demo.googlestandin.errors import Json, Reply

PATH = "/o/oauth2/auth"
CLIENT, CLIENT_SECRET = "desk", "desk"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code stands for."""

    email: str
    scopes: frozenset[str]
    redirect: str
    challenge: str
    offline: bool


class Consent:
    """Who sits before the consent page, and what that person does: `denies`, or leaves boxes `unticked`."""

    def __init__(self, email: str) -> None:
        self.email = email
        self.denies = False
        self.unticked: frozenset[str] = frozenset()
        self._codes: dict[str, Granted] = {}
        self._given: set[str] = set()

    def page(self, query: Mapping[str, str]) -> Reply:
        """The redirect that follows the person's answer; a page of Google's where the request itself is wrong."""
        if query.get("client_id") != CLIENT:
            return Reply(401, b"Error 401: invalid_client", {"Content-Type": "text/html"})
        redirect = urlsplit(query.get("redirect_uri", ""))
        if redirect.scheme != "http" or redirect.hostname not in _LOOPBACK:
            return Reply(400, b"Error 400: redirect_uri_mismatch", {"Content-Type": "text/html"})
        if query.get("response_type") != "code" or not query.get("scope"):
            return Reply(400, b"Error 400: invalid_request", {"Content-Type": "text/html"})
        told = {"error": "access_denied"} if self.denies else self._code(query)
        state = {"state": query["state"]} if "state" in query else {}
        return Reply(302, b"", {"Location": f"{query['redirect_uri']}?{urlencode(state | told)}"})

    def _code(self, query: Mapping[str, str]) -> dict[str, str]:
        code = "4/" + secrets.token_urlsafe(24)
        scopes = frozenset(query["scope"].split()) - self.unticked
        offline = query.get("access_type") == "offline" and (
            query.get("prompt") == "consent" or self.email not in self._given
        )
        self._given.add(self.email)
        challenge = query.get("code_challenge", "")
        self._codes[code] = Granted(self.email, scopes, query["redirect_uri"], challenge, offline)
        return {"code": code, "scope": " ".join(sorted(scopes))}

    def redeemed(self, form: Mapping[str, str]) -> Granted | str:
        """What the code grants, once; else OAuth's error code."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            return "invalid_client"
        granted = self._codes.pop(form.get("code", ""), None)
        if granted is None or granted.redirect != form.get("redirect_uri"):
            return "invalid_grant" if granted is None else "redirect_uri_mismatch"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if granted.challenge and base64.urlsafe_b64encode(digest).decode().rstrip("=") != granted.challenge:
            return "invalid_grant"
        return granted


def client_file(root: str, kind: str) -> Json:
    """The file that Google's console offers for an OAuth client (`installed` or `web`). Client libraries refuse an
    address of consent that is not https, so that one is; whoever opens it here takes the `s` away."""
    page = f"{root}{PATH}".replace("http://", "https://", 1)
    return {
        kind: {
            "client_id": CLIENT, "project_id": "practice", "auth_uri": page, "token_uri": f"{root}/token",
            "client_secret": CLIENT_SECRET, "redirect_uris": ["http://localhost"],
        }
    }  # fmt: skip
