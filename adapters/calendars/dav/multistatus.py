"""WebDAV requests and answers as bytes: bodies of PROPFIND and REPORT, and multistatus parsed within limits (RFC 4918).

The parser knows no entities, network or document types, and keeps only what was asked for. Control characters that some
servers let through are removed, so that one bad event does not hide the others (hard case B12). A truncated answer is
Garbled (hard case B08).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from html import escape  # for text equal to xml.sax.saxutils.escape, which imports six modules
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from adapters.base import Garbled
from adapters.http import TooLong

if TYPE_CHECKING:
    from collections.abc import Mapping

DAV, CAL, CS = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
ENTITIES = "La réponse de l'agenda contient des entités XML : refusée."
NO_CALENDAR = "Le serveur n'a pas répondu comme un agenda : l'adresse est-elle la bonne ?"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
_CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:x0*[0-8bcef]|x0*1[0-9a-f]|0*(?:[0-8]|1[124-9]|2\d|3[01]));", re.I
)
_HEADLINE = re.compile(rb"^<\?xml[^>]*\?>")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")
_ASCII_LIKE = re.compile(rb"utf-?8|(us-)?ascii|iso-8859-\d+|latin-?\d|windows-125\d", re.I)
_PROLOG = re.compile(rb"(?:\s|<\?(?:[^?]|\?(?!>))*\?>|<!--(?:[^-]|-(?!->))*-->)*")
_PIECE_BYTES = 65_536
MOST_TAGS = 2_000_000  # tags of an answer: 125,000 members of a listing
_PLAIN = re.compile(r"/(?!/)[\w./@~-]*", re.ASCII)  # a plain path: nothing to decode
_STATUS = re.compile(r"\s(\d{3})(?:\s|$)")


class Member(Struct, frozen=True):
    """One response of a multistatus. `status`: the member's own, or that of its found properties. `props`: their texts.
    `inside`: for properties with child elements, the names of these."""

    href: str
    status: int
    props: Mapping[str, str | None] = field(default_factory=dict)
    inside: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """The text of a found property; None if there is none."""
        return self.props.get(name)

    @property
    def etag(self) -> str | None:
        """The ETag; None if there is none."""
        return self.text(f"{DAV}getetag") or None

    def holds(self, name: str, child: str) -> bool:
        """Whether a found property contains that element."""
        return child in self.inside.get(name, ())


class Multistatus(Struct, frozen=True):
    """A complete, well-formed answer."""

    members: tuple[Member, ...]
    token: str | None


def propfind(*names: str) -> bytes:
    """A PROPFIND for these properties (`d:getetag`, `c:…`, `s:getctag`)."""
    return f"{_HEAD}<d:propfind {_SPACES}><d:prop>{_tags(names)}</d:prop></d:propfind>".encode()


def sync_collection(token: str) -> bytes:
    """A sync-collection REPORT (RFC 6578) for ETags only, without a limit: with one, some servers lose members."""
    return (
        f"{_HEAD}<d:sync-collection {_SPACES}><d:sync-token>{escape(token, quote=False)}</d:sync-token>"
        "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop></d:sync-collection>"
    ).encode()


def multiget(hrefs: Iterable[str]) -> bytes:
    """A calendar-multiget REPORT (RFC 4791)."""
    wanted = "".join(f"<d:href>{escape(href, quote=False)}</d:href>" for href in hrefs)
    return (
        f"{_HEAD}<c:calendar-multiget {_SPACES}><d:prop><d:getetag/><c:calendar-data/></d:prop>{wanted}"
        "</c:calendar-multiget>"
    ).encode()


def read(body: bytes) -> Multistatus:
    """Parse a multistatus. Raises Garbled for an answer that is cut off, malformed, too large, or something else (an
    HTML page)."""
    from lxml import etree

    if body.count(b"<") > MOST_TAGS:
        raise TooLong
    for mend in (bytes, _cleaned):  # most answers need no repair
        try:
            return _parsed(_data_only(mend(body)))
        except (etree.XMLSyntaxError, ValueError, LookupError):
            continue
    raise Garbled("La réponse de l'agenda est coupée ou abîmée.")


def segments(href: str) -> tuple[str, ...]:
    """The decoded segments of a path, equal for all spellings of one address."""
    if _PLAIN.fullmatch(href):
        return tuple(filter(None, href.split("/")))
    return tuple(unquote(part) for part in _path(href).split("/") if part)


def ends_in_slash(href: str) -> bool:
    """Whether its path ends in a slash and so names a collection."""
    return (href if _PLAIN.fullmatch(href) else _path(href)).endswith("/")


def _path(href: str) -> str:
    """The path of an href; empty if it is no address: that member is ignored."""
    try:
        return urlsplit(href).path
    except ValueError:
        return ""


def names_condition(body: bytes, condition: str) -> bool:
    """Whether an error body names that precondition (`valid-sync-token`, `need-privileges`)."""
    return condition.encode() in body


def _data_only(body: bytes) -> bytes:
    """The answer in an encoding that cannot hide a document type. Raises Garbled for a document type, since the parser
    would expand entities in attributes whatever its settings."""
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        body = _HEADLINE.sub(b"", body.decode("utf-16").encode())
    body = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    declared = _ENCODING.match(body)
    hidden = body[:1] != b"<" or body[1:2] == b"\0" or (declared and not _ASCII_LIKE.fullmatch(declared[1]))
    start = _PROLOG.match(body)
    if hidden or (start and body[start.end() :][:9].upper() == b"<!DOCTYPE"):
        raise Garbled(ENTITIES if b"<!ENTITY" in body else NO_CALENDAR)
    return body


def _parsed(body: bytes) -> Multistatus:
    """Parse, freeing each response after it is read, so that memory grows with what is kept only. Raises what lxml
    raises."""
    from lxml import etree

    parser = etree.XMLPullParser(
        events=("end",), tag=f"{DAV}response", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    members: list[Member] = []
    for at in range(0, len(body), _PIECE_BYTES):
        parser.feed(body[at : at + _PIECE_BYTES])
        for _, element in parser.read_events():
            around = element.getparent()
            if around is None or around.getparent() is not None:  # a `response` element inside a property
                continue
            found = _member(element)
            members += [found] if found else []
            element.clear()
            if (before := element.getprevious()) is not None and before.tag == element.tag:
                around.remove(before)
    root = parser.close()
    if root.tag != f"{DAV}multistatus":
        raise Garbled(NO_CALENDAR)
    return Multistatus(tuple(members), root.findtext(f"{DAV}sync-token"))


def _cleaned(body: bytes) -> bytes:
    text = _CONTROL.sub(b"", body)
    try:
        text.decode()
    except UnicodeDecodeError:
        text = _HEADLINE.sub(b"", text).decode("utf-8", "replace").encode()
    return text


def _member(response: Any) -> Member | None:
    href: str | None = None
    own: int | None = None
    props: dict[str, str | None] = {}
    inside: dict[str, frozenset[str]] = {}
    codes: list[int] = []
    for child in response:
        if child.tag == _HREF and href is None:
            href = child.text or ""
        elif child.tag == _CODE and own is None:
            own = _code(child.text)
        elif child.tag == _FOUND:
            codes.append(_properties(child, props, inside))
    if href is None:
        return None
    return Member(href.strip(), own or (200 if props else min(codes, default=200)), props, inside)


def _properties(propstat: Any, props: dict[str, str | None], inside: dict[str, frozenset[str]]) -> int:
    """Note the found properties in `props` and `inside`. Returns their status."""
    status = next((child.text for child in propstat if child.tag == _CODE), None)
    code = _code(status) or 200
    prop = next((child for child in propstat if child.tag == _PROP), ()) if code < 300 else ()
    for element in prop:
        if not isinstance(element.tag, str):  # a comment
            continue
        name = sys.intern(element.tag)
        props[name] = element.text
        if len(element):
            inside[name] = frozenset(sys.intern(one.tag) for one in element.iterdescendants("*"))
    return code


_HREF, _CODE, _FOUND, _PROP = f"{DAV}href", f"{DAV}status", f"{DAV}propstat", f"{DAV}prop"


@lru_cache(maxsize=64)
def _code(status: str | None) -> int | None:
    found = _STATUS.search(status or "")
    return int(found[1]) if found else None


def _tags(names: Iterable[str]) -> str:
    return "".join(f"<{name}/>" for name in names)
