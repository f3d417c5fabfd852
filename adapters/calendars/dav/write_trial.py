"""Tests whether a server honours If-Match and keeps our characters, with an event of our own.

A server that ignores `If-Match` would let us overwrite what the user has just saved, and no answer would show it (hard
case C06); a server limited to ISO 8859-1 would destroy characters of the title. So before the first write to a
calendar, a small transparent event on a day long past is created, written with a wrong version, read and deleted.
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
    """A French sentence why nothing may be written; empty if all is well; None if unknown (the event was refused, or
    versions are weak): then each write is judged by itself. Raises what an exchange raises. The event is deleted in any
    case."""
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
    """The event was refused: a later write will say why. Raises errors about the login or the rate."""
    if answer.status in {401, 429} or answer.status >= 500:
        raise error_of(answer)


def _out(http: Http, place: str) -> None:
    """Delete the event, without a version, as nobody else knows of it. If this fails, the next trial does it first."""
    try:
        http.send("DELETE", place)
    except OutsideError:
        return
