"""WebDAV questions and answers as bytes: bodies of PROPFIND and REPORT, and multistatus read with limits (RFC 4918).

No entities, no network, no document type: an answer is data. Control characters that some servers let through are
dropped so that one bad event does not hide the others (B12); a cut answer is Garbled (B08).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from adapters.base import Garbled

if TYPE_CHECKING:
    from collections.abc import Mapping

DAV, CAL, CS = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
NO_CALENDAR = "Le serveur n'a pas répondu comme un agenda : l'adresse est-elle la bonne ?"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
_CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*[0-8bcef]|x0*1[0-9a-f]|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.I
)
_PLAIN = re.compile(r"/(?!/)[\w./@~-]*", re.ASCII)  # a path alone, with nothing to decode in it
_STATUS = re.compile(r"\s(\d{3})(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Member:
    """One response of a multistatus. `status` is the member's own, or that of its found properties."""

    href: str
    status: int
    props: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """The text of a property that was found."""
        element = self.props.get(name)
        return element.text if element is not None else None

    def holds(self, name: str, child: str) -> bool:
        """Whether a found property has that child anywhere in it."""
        element = self.props.get(name)
        return element is not None and element.find(f".//{child}") is not None


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A whole, well-formed answer."""

    members: tuple[Member, ...]
    token: str | None


def propfind(*names: str) -> bytes:
    """A PROPFIND for those properties (`d:getetag`, `c:…`, `s:getctag`)."""
    return f"{_HEAD}<d:propfind {_SPACES}><d:prop>{_tags(names)}</d:prop></d:propfind>".encode()


def sync_collection(token: str) -> bytes:
    """A sync-collection REPORT (RFC 6578), ETags only, never with a limit: servers lose members by it."""
    return (
        f"{_HEAD}<d:sync-collection {_SPACES}><d:sync-token>{escape(token)}</d:sync-token>"
        "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
    ).encode()


def multiget(hrefs: Iterable[str]) -> bytes:
    """A calendar-multiget REPORT (RFC 4791)."""
    wanted = "".join(f"<d:href>{escape(href)}</d:href>" for href in hrefs)
    return (
        f"{_HEAD}<c:calendar-multiget {_SPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop>{wanted}"
        "</c:calendar-multiget>"
    ).encode()


def read(body: bytes) -> Multistatus:
    """A multistatus. Raises Garbled for what is cut, malformed, or something else (an HTML page)."""
    root = _root(body)
    if root.tag != f"{DAV}multistatus":
        raise Garbled(NO_CALENDAR)
    members = tuple(_member(element) for element in root.iterchildren(f"{DAV}response"))
    return Multistatus(tuple(m for m in members if m), root.findtext(f"{DAV}sync-token"))


def segments(href: str) -> tuple[str, ...]:
    """The decoded parts of a path: equal for every way of writing the same address."""
    if _PLAIN.fullmatch(href):
        return tuple(filter(None, href.split("/")))
    return tuple(unquote(part) for part in urlsplit(href).path.split("/") if part)


def ends_in_slash(href: str) -> bool:
    """Whether its path does: it names a collection."""
    return (href if _PLAIN.fullmatch(href) else urlsplit(href).path).endswith("/")


def names_condition(body: bytes, condition: str) -> bool:
    """Whether an error body names that precondition (`valid-sync-token`, `need-privileges`)."""
    return condition.encode() in body


def _root(body: bytes) -> Any:
    from lxml import etree

    if b"<!DOCTYPE" in body[:2000] and b"<!ENTITY" in body:
        raise Garbled("La réponse de l'agenda contient des entités XML : refusée.")
    for mend in (bytes, _cleaned):  # most answers need no mending
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            return etree.fromstring(mend(body), parser)
        except (etree.XMLSyntaxError, ValueError):
            continue
    raise Garbled("La réponse de l'agenda est coupée ou abîmée.")


def _cleaned(body: bytes) -> bytes:
    text = _CONTROL.sub(b"", body)
    try:
        text.decode()
    except UnicodeDecodeError:
        text = re.sub(rb"^<\?xml[^>]*\?>", b"", text).decode("utf-8", "replace").encode()
    return text


def _member(response: Any) -> Member | None:
    href: str | None = None
    own: int | None = None
    props: dict[str, Any] = {}
    codes: list[int] = []
    for child in response:
        if child.tag == _HREF and href is None:
            href = child.text or ""
        elif child.tag == _CODE and own is None:
            own = _code(child.text)
        elif child.tag == _FOUND:
            codes.append(_properties(child, props))
    if href is None:
        return None
    return Member(href.strip(), own or (200 if props else min(codes, default=200)), props)


def _properties(propstat: Any, props: dict[str, Any]) -> int:
    """The status of these properties; where they were found, they are noted."""
    status = next((child.text for child in propstat if child.tag == _CODE), None)
    code = _code(status) or 200
    prop = next((child for child in propstat if child.tag == _PROP), ()) if code < 300 else ()
    props.update((element.tag, element) for element in prop)
    return code


_HREF, _CODE, _FOUND, _PROP = f"{DAV}href", f"{DAV}status", f"{DAV}propstat", f"{DAV}prop"


@lru_cache(maxsize=64)
def _code(status: str | None) -> int | None:
    found = _STATUS.search(status or "")
    return int(found[1]) if found else None


def _tags(names: Iterable[str]) -> str:
    return "".join(f"<{name}/>" for name in names)
