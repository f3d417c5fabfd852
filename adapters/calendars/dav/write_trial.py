"""Whether a server heeds the version that a write names, and keeps our signs: tried out on an event of our own.

A server that ignores `If-Match` would let us overwrite what she saved a moment before, and nothing in its answers says
so (hard case C06); one that keeps no sign beyond ISO 8859-1 would spoil her title for good. So before the first write
into a calendar a small transparent event of ours is put into a day long past, written to under a version that it never
had, read, and taken out again.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from adapters.base import OutsideError, Window
from adapters.calendars.dav.errors import strong
from adapters.calendars.ical import block
from adapters.calendars.ical.own_event import own_event
from adapters.calendars.ical.resource import Ics, identity
from adapters.http import Answer, Http, error_of
from rules.model import AddEvent, Annotation, alike

CARELESS = (
    "Ce serveur ne tient pas compte de la version (If-Match) : y écrire pourrait effacer ce que vous venez de saisir. "
    "Rien n'est écrit dans cet agenda ; les remarques sont dans le récapitulatif."
)
MANGLES = (
    "Ce serveur abîme les textes (signes perdus ou texte coupé) : rien n'est écrit dans cet agenda ; les remarques "
    "sont dans le récapitulatif."
)
DAY = datetime(2000, 1, 1, tzinfo=UTC)
SIGNS = ("✗ « essai » : œuf, n° 1 – 2 €", "! → ✓", "Événement d'essai d'attitre, retiré aussitôt.")
_ICS = {"Content-Type": "text/calendar; charset=utf-8"}
_STALE = '"attitre-0"'
_MOMENT: Window = (DAY, DAY + timedelta(days=1))


def trial(http: Http, url: str, ics: Ics) -> str | None:
    """A French sentence why nothing may be written there; empty where all is well. None: it could not be found out
    (no event of ours is taken, or versions are weak), and each write is judged for itself. Raises what an exchange
    raises; whatever happens, the event is taken out again."""
    uid = f"attitre-essai-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    ref = f"{uid}.ics"
    token = identity(ics.secret, ics.address, ref, uid)
    text = block.join("", SIGNS, token)
    payload = own_event(AddEvent(url, uid, "⚠ attitre : essai", text, DAY, DAY + timedelta(days=1)))
    place = url + ref
    try:
        return _tried(http, place, payload, ics, ref)
    finally:
        _out(http, place)


def _tried(http: Http, place: str, payload: bytes, ics: Ics, ref: str) -> str | None:
    made = http.send("PUT", place, payload, _ICS)
    if made.status >= 300:
        _must_be_plain(made)
        return None
    there = http.send("GET", place, headers={"Accept-Encoding": "identity"})
    if there.status != 200:
        _must_be_plain(there)
        return None
    if not alike(ics.read(ref, there.body, _MOMENT).annotation, Annotation("⚠ ", SIGNS)):
        return MANGLES
    if not strong(there.headers.get("ETag")):
        return None
    again = http.send("PUT", place, payload, {**_ICS, "If-Match": _STALE})
    if again.status >= 500:
        raise error_of(again)
    return CARELESS if again.status < 300 else ""


def _must_be_plain(answer: Answer) -> None:
    """Not taken: the write itself will say why. Raises what is about the login or the pace."""
    if answer.status in {401, 429} or answer.status >= 500:
        raise error_of(answer)


def _out(http: Http, place: str) -> None:
    """Nobody else knows of it, so no version is named. Where that fails, the next trial begins with it."""
    try:
        http.send("DELETE", place)
    except OutsideError:
        return
