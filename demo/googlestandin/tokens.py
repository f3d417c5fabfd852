"""Who is asking: the token endpoint (service accounts, refresh tokens) and the access tokens it gives out."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from demo.googlestandin.consent import Consent
from demo.googlestandin.errors import Json, Reply, refuse

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("https://www.googleapis.com/auth/calendar", "https://www.googleapis.com/auth/calendar.events")
AUDIENCE = "https://oauth2.googleapis.com/token"  # what the client signs for, whatever its token_uri
LIFETIME = timedelta(hours=1)
SKEW = timedelta(minutes=5)


class BadGrant(Exception):
    """The token endpoint says no: OAuth's error code and a description."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status

    @property
    def reply(self) -> Reply:
        """OAuth's answer (RFC 6749 5.2)."""
        return Reply(self.status, json.dumps({"error": self.code, "error_description": self.description}).encode())


@dataclass(slots=True)
class Identity:
    """Somebody who can ask for tokens: a service account or a person who gave consent."""

    email: str
    robot: bool
    refresh_token: str = ""
    revoked: str = ""
    may_act_for: set[str] = field(default_factory=set)
    scopes: frozenset[str] = frozenset(SCOPES)


@dataclass(slots=True)
class Access:
    """An access token's meaning."""

    email: str
    expires: datetime
    scopes: frozenset[str]


class Gate:
    """Identities, keys and tokens. `skew` moves the server's idea of now against the machine's clock."""

    def __init__(self, token_uri: Callable[[], str], consent: Consent) -> None:
        self.identities: dict[str, Identity] = {}
        self.access: dict[str, Access] = {}
        self.skew = timedelta()
        self.lifetime = LIFETIME
        self._token_uri, self._consent = token_uri, consent

    def now(self) -> datetime:
        """The time tokens are judged by: the machine's, as the client signs with it, and the skew."""
        return datetime.now(UTC) + self.skew

    def known(self, email: str, *, robot: bool) -> Identity:
        """The identity, made when it is new."""
        return self.identities.setdefault(email, Identity(email, robot, "" if robot else f"1//{email}"))

    def service_account(self, email: str) -> Json:
        """A service account's key file."""
        return {
            "type": "service_account", "project_id": "practice", "private_key_id": "1", "private_key": _pem(),
            "client_email": email, "client_id": "1", "token_uri": self._token_uri(),
        }  # fmt: skip

    def authorized_user(self, email: str) -> Json:
        """A consent's file: what an installed application keeps."""
        return {
            "type": "authorized_user", "client_id": "desk", "client_secret": "desk", "token_uri": self._token_uri(),
            "refresh_token": self.identities[email].refresh_token,
        }  # fmt: skip

    def expire_access(self) -> None:
        """Every access token given so far is worthless from now on: 401."""
        self.access.clear()

    def revoke(self, email: str, description: str = "Token has been expired or revoked.") -> None:
        """No new tokens for this identity until `restore`; those given out end too."""
        self.identities[email].revoked = description
        self.access = {token: access for token, access in self.access.items() if access.email != email}

    def restore(self, email: str) -> None:
        """Consent or key again."""
        self.identities[email].revoked = ""

    def grant(self, form: Mapping[str, str]) -> Reply:
        """The token endpoint's answer."""
        refresh: Json = {}
        try:
            if form.get("grant_type") == "authorization_code":
                email, scopes, refresh = self._from_code(form)
            else:
                email, scopes = self._judged(form)
        except BadGrant as no:
            return no.reply
        token = "ya29." + secrets.token_urlsafe(24)
        self.access[token] = Access(email, self.now() + self.lifetime, scopes)
        seconds = int(self.lifetime.total_seconds())
        answer = {"access_token": token, "expires_in": seconds, "token_type": "Bearer", "scope": " ".join(scopes)}
        answer |= refresh
        return Reply(200, json.dumps(answer).encode())

    def who(self, authorization: str) -> Access:
        """The bearer of a token; 401 for none, an unknown or an expired one."""
        access = self.access.get(authorization.removeprefix("Bearer "))
        if access is None or access.expires <= self.now():
            raise refuse("authError")
        return access

    def _judged(self, form: Mapping[str, str]) -> tuple[str, frozenset[str]]:
        if form.get("grant_type") == JWT_GRANT:
            return self._from_assertion(form.get("assertion", ""))
        if form.get("grant_type") == "refresh_token":
            identity = self._from_refresh(form.get("refresh_token", ""))
            return identity.email, identity.scopes
        raise BadGrant("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")

    def _from_code(self, form: Mapping[str, str]) -> tuple[str, frozenset[str], Json]:
        """A code's grant. A new consent heals a revoked one; the refresh token comes only when asked for offline."""
        granted = self._consent.redeemed(form)
        if isinstance(granted, str):
            raise BadGrant(granted, "Malformed auth code.", 401 if granted == "invalid_client" else 400)
        identity = self.known(granted.email, robot=False)
        identity.scopes, identity.revoked = granted.scopes, ""
        return granted.email, granted.scopes, {"refresh_token": identity.refresh_token} if granted.offline else {}

    def _from_refresh(self, token: str) -> Identity:
        for identity in self.identities.values():
            if token and identity.refresh_token == token:
                return _unrevoked(identity)
        raise BadGrant("invalid_grant", "Bad Request")

    def _from_assertion(self, assertion: str) -> tuple[str, frozenset[str]]:
        claims = _verified(assertion)
        identity = self.identities.get(claims.get("iss", ""))
        if identity is None or not identity.robot:
            raise BadGrant("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (AUDIENCE, self._token_uri()):
            raise BadGrant("invalid_grant", "Invalid JWT: Failed audience check.")
        self._in_time(claims)
        scopes = frozenset(claims.get("scope", "").split())
        if not scopes:
            raise BadGrant("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return _acting(_unrevoked(identity), claims.get("sub", "")), scopes

    def _in_time(self, claims: Json) -> None:
        issued = datetime.fromtimestamp(claims.get("iat", 0), UTC)
        ends = datetime.fromtimestamp(claims.get("exp", 0), UTC)
        short = ends - issued <= timedelta(hours=1)
        if not (short and issued - SKEW <= self.now() <= ends + SKEW):
            raise BadGrant(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )


def may(access: Access, scopes: Iterable[str]) -> None:
    """403 unless the token has one of the scopes that the operation asks for."""
    if access.scopes.isdisjoint(scopes):
        raise refuse("insufficientPermissions")


def _unrevoked(identity: Identity) -> Identity:
    if identity.revoked:
        raise BadGrant("invalid_grant", identity.revoked)
    return identity


def _acting(identity: Identity, subject: str) -> str:
    if subject in ("", identity.email):
        return identity.email
    if subject not in identity.may_act_for:
        raise BadGrant(
            "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method.", 401
        )
    return subject


@cache
def _key() -> rsa.RSAPrivateKey:
    """One key for all service accounts of the process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem() -> str:
    pkcs8 = serialization.PrivateFormat.PKCS8
    return _key().private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


def _verified(assertion: str) -> Json:
    """The claims of a JWT signed RS256 with the key."""
    signed, _, signature = assertion.rpartition(".")
    try:
        header, claims = (json.loads(_unpadded(part)) for part in signed.split("."))
        _key().public_key().verify(_unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        raise BadGrant("invalid_grant", "Invalid JWT Signature.") from None
    if header.get("alg") != "RS256" or not isinstance(claims, dict):
        raise BadGrant("invalid_grant", "Invalid JWT Signature.")
    return claims


def _unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
