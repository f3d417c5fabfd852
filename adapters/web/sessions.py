"""How a patient's page knows its link after the secret left the address (P39).

The first request seals the secret into a handle of 15 minutes, kept as a cookie. A `SameSite=Strict` cookie does not
come back along a click in a mail or from browsers that refuse cookies, so until it has come back the handle also stands
in addresses and forms (`s=`); afterwards only its number does (`n=`), which means nothing without the cookie. Each link
has a cookie of its own: two appointments in two tabs stay two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping

from cryptography.fernet import Fernet, InvalidToken
from msgspec import Struct
from msgspec.structs import replace
from starlette.responses import Response

from adapters.web.patients import LinkTo, What

LIFE_S = 15 * 60  # from the last page that was shown
LONGEST_S = 2 * 60 * 60  # from the click on the link, however many pages were shown
SECRET_SIGNS = 64  # more than any link has
_SAID_SIGNS = 400  # a cookie may have 4,096 bytes
_COOKIE = "attitre_"


class Visit(Struct, frozen=True):
    """One opened link. `said`: what came of the last act, for the next page. `by_cookie`: the cookie came back."""

    to: LinkTo
    secret: str
    opened: int
    said: str = ""
    by_cookie: bool = False


class Place(Struct, frozen=True):
    """Where the pages are seen from outside: cookies are kept to it."""

    secure: bool = False
    prefix: str = ""


class Sessions:
    """Seals and opens handles. What one process sealed, another one with the same `seal` opens: a relay may choose
    either for each page."""

    def __init__(self, seal: bytes, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key, box = (hmac.digest(seal, name, "sha256") for name in (b"forms and numbers", b"handles"))
        self._box = Fernet(base64.urlsafe_b64encode(box))

    def begin(self, to: LinkTo, secret: str) -> Visit:
        """A visit that starts now, whatever the secret is."""
        return Visit(to, secret[:SECRET_SIGNS], int(self._clock()))

    def found(self, to: LinkTo, sent: Mapping[str, str], cookies: Mapping[str, str]) -> Visit | None:
        """The visit that the fields `s` or `n` and the cookies stand for; None where it is over, or none."""
        kept = self._open(to, cookies.get(_COOKIE + sent["n"], "")) if sent.get("n") else None
        if kept is not None:
            return replace(kept, by_cookie=True)
        visit = self._open(to, sent.get("s", ""))
        if visit is None:
            return None
        kept = self._open(to, cookies.get(_COOKIE + self.number(visit), ""))
        return replace(visit, by_cookie=kept is not None)

    def field(self, visit: Visit) -> tuple[str, str]:
        """What addresses and forms of the visit bear: name and value."""
        return ("n", self.number(visit)) if visit.by_cookie else ("s", self._seal(visit))

    def number(self, visit: Visit) -> str:
        """A name of the visit's link, of no use to anybody else."""
        return self._digest("number", visit.to, visit.secret)[:12]

    def token(self, visit: Visit, what: What | None) -> str:
        """What the form of one act of this visit bears, and no other."""
        return self._digest("form", visit.to, what or "", str(visit.opened), visit.secret)

    def fits(self, visit: Visit, what: What | None, token: str) -> bool:
        """Whether the form was ours."""
        return hmac.compare_digest(self.token(visit, what).encode(), token.encode())

    def keep(self, answer: Response, visit: Visit, place: Place) -> None:
        """Have the browser keep the visit for its life from now on."""
        answer.set_cookie(
            _COOKIE + self.number(visit), self._seal(visit), max_age=LIFE_S, path=f"{place.prefix}/{visit.to}/",
            secure=place.secure, httponly=True, samesite="strict",
        )  # fmt: skip

    def _seal(self, visit: Visit) -> str:
        words = json.dumps([visit.to, visit.secret, visit.opened, visit.said[:_SAID_SIGNS]], ensure_ascii=False)
        return self._box.encrypt_at_time(words.encode(), int(self._clock())).decode()

    def _open(self, to: LinkTo, text: str) -> Visit | None:
        now = int(self._clock())
        try:
            kind, secret, opened, said = json.loads(self._box.decrypt_at_time(text.encode(), LIFE_S, now))
        except InvalidToken:
            return None
        return Visit(to, secret, opened, said) if kind == to and now - opened <= LONGEST_S else None

    def _digest(self, *words: str) -> str:
        return hmac.new(self._key, "\n".join(words).encode(), hashlib.sha256).hexdigest()[:32]
