"""Finds out what a CalDAV calendar offers, with French sentences as evidence (`attitre check --connect`)."""

from __future__ import annotations

from adapters.base import Garbled, NotThere, Probe
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.multistatus import CAL, CS, DAV, Member
from adapters.http import Http, error_of

_ASKED = (
    "d:resourcetype", "d:displayname", "d:current-user-privilege-set", "d:supported-report-set", "d:sync-token",
    "s:getctag", "d:getetag",
)  # fmt: skip


def probe(http: Http, url: str, name: str | None, *, read_only: bool) -> Probe:
    """Two requests: the properties of the collection, and whether its members have strong ETags."""
    own = collection(http, url)
    writable = not read_only and _may_write(own)
    kind = "sync" if own.holds(f"{DAV}supported-report-set", f"{DAV}sync-collection") else _slow(own)
    strong = _strong_etags(http, url)
    title = own.text(f"{DAV}displayname") or name or url.rstrip("/").rpartition("/")[2]
    lines = (_ACCESS[(writable, read_only)], _KINDS[kind], _ETAGS[strong])
    return Probe(title, writable, kind, lines)


def writable(http: Http, url: str) -> bool:
    """Whether the account may write there, as far as the server says. Raises as `collection`."""
    return _may_write(collection(http, url))


def collection(http: Http, url: str) -> Member:
    """The calendar's properties. Raises NotThere, or Garbled if the address is not a calendar's."""
    headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": "0"}
    answer = http.send("PROPFIND", url, multistatus.propfind(*_ASKED), headers)
    if answer.status != 207:
        raise error_of(answer) if answer.status >= 400 else Garbled(_NO_CALENDAR)
    members = multistatus.read(answer.body).members
    if members and members[0].status in {404, 410}:  # Xandikos says 404 inside a 207
        raise NotThere("L'agenda n'existe pas (ou plus) à cette adresse.")
    if not members or not members[0].holds(f"{DAV}resourcetype", f"{CAL}calendar"):
        raise Garbled(_NO_CALENDAR)
    return members[0]


def _may_write(own: Member) -> bool:
    """Whether the privileges allow writing. True if the server lists none: a refused write will show it."""
    if f"{DAV}current-user-privilege-set" not in own.props:
        return True
    rights = ("write", "all", "write-content", "bind")
    return any(own.holds(f"{DAV}current-user-privilege-set", f"{DAV}{right}") for right in rights)


def _slow(own: Member) -> str:
    return "ctag" if own.text(f"{CS}getctag") else "etags"


def _strong_etags(http: Http, url: str) -> bool | None:
    """Whether all members have strong ETags; None for an empty calendar."""
    headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": "1"}
    answer = http.send("PROPFIND", url, multistatus.propfind("d:getetag", "d:resourcetype"), headers, read=180.0)
    if answer.status != 207:
        return None
    members = [
        m for m in multistatus.read(answer.body).members if not m.holds(f"{DAV}resourcetype", f"{DAV}collection")
    ]
    etags = [m.text(f"{DAV}getetag") for m in members]
    return all(etag and not etag.startswith("W/") for etag in etags) if etags else None


_NO_CALENDAR = "Cette adresse n'est pas celle d'un agenda. Donnez l'adresse de l'agenda, ou son nom avec « calendar: »."
_ACCESS = {
    (True, False): "Lecture et écriture permises.",
    (False, False): "Lecture seule : les remarques iront au récapitulatif, pas dans les événements.",
    (False, True): "Lecture seule, comme demandé dans la configuration.",
}
_KINDS = {
    "sync": "Synchronisation incrémentale (sync-collection) : un passage sans changement coûte une question.",
    "ctag": "Sans synchronisation incrémentale : l'étiquette de l'agenda (ctag) dit s'il a changé.",
    "etags": "Ni synchronisation incrémentale ni ctag : chaque passage relit la liste.",
}
_ETAGS = {
    True: "Versions sûres (ETag) annoncées. Avant la première écriture, un événement d'essai aussitôt retiré vérifie "
    "que le serveur les respecte.",
    False: "Sans version sûre (ETag) : rien ne sera écrit dans les événements.",
    None: "Agenda vide : la sûreté des écritures se verra au premier événement.",
}
