"""A small CalDAV server with state that misbehaves as real ones do; its quirks are switched on by name
(docs/hard-cases.md#seen-on-real-servers).

any-token-lists    a token it never gave is answered by a whole listing, as if it were one (DAViCal, SOGo)
lying-token        whatever the token, nothing has changed
no-sync            knows no sync-collection (sabre 1.8)
teapot             418 to every token from before a deletion (Infomaniak)
lists-itself       the collection is a member of its own listing (iCloud)
hrefs-twice        each href comes twice, its blanks not encoded (Zimbra)
leaves-out         a multiget leaves out what is missing (DAViCal, sabre 4.7)
all-or-nothing     one missing href makes the whole multiget a 404 (sabre 1.8)
first-version      every new object has the same version, also one made anew (SOGo)
deletes-anyway     a deletion whose version is an old one is carried out (SOGo)
normalises         stores other bytes than it was sent, and answers with their version (Radicale, Cyrus, SOGo)
restamps           the same version of an event has another DTSTAMP in each answer
latin1             keeps no sign beyond ISO 8859-1
shortens           keeps the first 60 octets of a text
weak               weak versions only, none in the answer to a PUT (GMX)
ignores-if-match   writes and deletes whatever version is named
ignores-if-none    overwrites what is there (SOGo, Zimbra)
moves-uids         a UID put into another calendar leaves the one in which it was (Zimbra)
refuses-writes     403 to every PUT: the calendar is shared for reading only
cuts               shows the first five members, without a word (Zoho, GMX)
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

SPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"'
PROFILES: dict[str, tuple[str, ...]] = {
    "davical": ("any-token-lists", "leaves-out"),
    "sogo": ("any-token-lists", "ignores-if-none", "first-version", "normalises", "deletes-anyway"),
    "cyrus": ("normalises",),
    "sabre1": ("no-sync", "all-or-nothing"),
    "icloud": ("lists-itself",),
    "infomaniak": ("teapot",),
    "zimbra": ("moves-uids", "ignores-if-none", "hrefs-twice"),
    "careless": ("ignores-if-match", "ignores-if-none"),
    "restamping": ("restamps",),
    "shortening": ("shortens",),
    "latin1": ("latin1",),
    "weak": ("weak",),
    "cutting": ("cuts",),
}
"""Servers by the name of the one that was seen to do it, or of what it does."""


@dataclass
class Collection:
    """One calendar: its members, and the refs that changed, in order; a token is a place in them."""

    name: str
    members: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    deleted_at: int = -1
    versions: int = 0

    def lose_log(self) -> None:
        """What changed so far is not in the log any more; tokens stay valid."""
        self.log = ["" for _ in self.log]


@dataclass
class Asked:
    """What came in, for tests that count: verb, path, headers."""

    verb: str
    path: str
    headers: dict[str, str]


@dataclass
class OddServer:
    """`home` is the calendars' collection; `collections` by path segment; `asked` every request; `moods`: what answers
    instead, for all that is asked of a calendar."""

    quirks: frozenset[str]
    home: str = ""
    collections: dict[str, Collection] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    moods: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def make(self, segment: str) -> str:
        """A new calendar; its URL."""
        self.collections[segment] = Collection(segment)
        return f"{self.home}{segment}/"

    # --- what is stored ----------------------------------------------------------------------------------------------

    def put(self, where: Collection, ref: str, body: bytes, if_match: str, if_none: str) -> tuple[int, str]:
        """The status, and the version that is answered."""
        there = where.members.get(ref)
        if if_none and there and "ignores-if-none" not in self.quirks:
            return 412, ""
        if if_match and "ignores-if-match" not in self.quirks and (there is None or if_match != self.version(there[0])):
            return 412, ""
        if "moves-uids" in self.quirks:
            self._leave_others(where, body)
        where.versions += 1
        first = there is None and "first-version" in self.quirks
        etag = '"gcs00000000"' if first else f'"{where.versions}"'
        where.members[ref] = (etag, self.kept(body))
        where.log.append(ref)
        return (204 if there else 201), "" if "weak" in self.quirks else etag

    def delete(self, where: Collection, ref: str, if_match: str) -> int:
        there = where.members.get(ref)
        if there is None:
            return 404
        careless = self.quirks & {"ignores-if-match", "deletes-anyway"}
        if if_match and if_match != self.version(there[0]) and not careless:
            return 412
        self._drop(where, ref)
        return 204

    def _drop(self, where: Collection, ref: str) -> None:
        del where.members[ref]
        where.log.append(ref)
        where.deleted_at = len(where.log)

    def _leave_others(self, where: Collection, body: bytes) -> None:
        uid = re.search(rb"UID:(\S+)", body)
        for other in self.collections.values():
            for ref, (_, held) in list(other.members.items()):
                if other is not where and uid and uid[0] + b"\r\n" in held:
                    self._drop(other, ref)

    def version(self, etag: str) -> str:
        return f"W/{etag}" if "weak" in self.quirks else etag

    def kept(self, body: bytes) -> bytes:
        """What the server makes of a body."""
        if "latin1" in self.quirks:
            body = _flat(body).decode().encode("latin-1", "replace").decode("latin-1").encode()
        if "shortens" in self.quirks:
            lines = [
                line if not line.startswith("DESCRIPTION") else line[:60] for line in _flat(body).decode().split("\r\n")
            ]
            body = "\r\n".join(lines).encode()
        return b"".join(sorted_event(_flat(body))) if "normalises" in self.quirks else body

    def shown(self, where: Collection, ref: str) -> tuple[str, bytes]:
        """Version and body as an answer carries them."""
        etag, body = where.members[ref]
        if "restamps" in self.quirks:
            stamp = datetime(2026, 11, 1) + timedelta(seconds=len(self.asked))  # later with each request
            body = re.sub(rb"DTSTAMP:\S+", f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}".encode(), body)
        return self.version(etag), body

    # --- what is answered --------------------------------------------------------------------------------------------

    def listing(self, where: Collection, path: str) -> list[str]:
        refs = list(where.members)[: 5 if "cuts" in self.quirks else None]
        return [self.member(path, ref, where) for ref in refs]

    def member(self, path: str, ref: str, where: Collection, *, data: bool = False) -> str:
        etag, body = self.shown(where, ref)
        found = f"<c:calendar-data>{escape(body.decode())}</c:calendar-data>" if data else ""
        props = f"<d:getetag>{escape(etag)}</d:getetag><d:resourcetype/>{found}"
        twice = "hrefs-twice" in self.quirks
        href = escape(path + (ref if twice else quote(ref)))
        return ok(href, props) * (2 if twice else 1)

    def sync(self, where: Collection, path: str, token: str) -> tuple[int, str]:
        if "no-sync" in self.quirks:
            return 501, ""
        place = int(token[1:]) if re.fullmatch(r"t\d+", token) else -1
        unknown = token and not 0 <= place <= len(where.log)
        if unknown and "any-token-lists" not in self.quirks:
            return 403, f"<d:error {SPACES}><d:valid-sync-token/></d:error>"
        if "teapot" in self.quirks and token and place < where.deleted_at:
            return 418, ""
        members = self.listing(where, path) if not token or unknown else self.delta(where, path, place)
        if "lists-itself" in self.quirks:
            members.append(ok(path, "<d:getetag/>"))
        return 207, multistatus(members, f"t{len(where.log)}")

    def delta(self, where: Collection, path: str, place: int) -> list[str]:
        if "lying-token" in self.quirks:
            return []
        changed = [ref for ref in dict.fromkeys(where.log[place:]) if ref]
        return [self.member(path, ref, where) if ref in where.members else gone(path + quote(ref)) for ref in changed]

    def multiget(self, where: Collection, path: str, hrefs: list[str]) -> tuple[int, str]:
        refs = [unquote(href.rstrip("/").rpartition("/")[2]) for href in hrefs]
        missing = [ref for ref in refs if ref not in where.members]
        if missing and "all-or-nothing" in self.quirks:
            return 404, ""
        found = [self.member(path, ref, where, data=True) for ref in refs if ref in where.members]
        if "leaves-out" not in self.quirks:
            found += [gone(path + quote(ref)) for ref in missing]
        return 207, multistatus(found)

    def described(self, where: Collection, path: str) -> str:
        sync = "" if "no-sync" in self.quirks else f"<d:sync-token>t{len(where.log)}</d:sync-token>"
        reports = "" if "no-sync" in self.quirks else "<d:sync-collection/>"
        return ok(
            path,
            f"<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:displayname>{escape(where.name)}"
            f"</d:displayname>{sync}<s:getctag>{len(where.log)}</s:getctag><d:supported-report-set>"
            f"<d:supported-report><d:report>{reports}</d:report></d:supported-report></d:supported-report-set>",
        )


def _flat(body: bytes) -> bytes:
    return body.replace(b"\r\n ", b"").replace(b"\r\n\t", b"")


def sorted_event(body: bytes) -> list[bytes]:
    """The event's lines in the order of the alphabet, unfolded: what a server that parses and writes makes of them."""
    head, _, rest = body.partition(b"BEGIN:VEVENT\r\n")
    inner, _, tail = rest.partition(b"END:VEVENT")
    if b"BEGIN:" in inner or not tail:
        return [body]
    lines = sorted(inner.split(b"\r\n")[:-1])
    return [head, b"BEGIN:VEVENT\r\n", *(line + b"\r\n" for line in lines), b"END:VEVENT", tail]


def ok(href: str, props: str) -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{props}</d:prop>"
        "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )


def gone(href: str) -> str:
    return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>"


def multistatus(members: list[str], token: str = "") -> str:
    closing = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return f'<?xml version="1.0"?><d:multistatus {SPACES}>{"".join(members)}{closing}</d:multistatus>'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    server: "_Server"

    def log_message(self, *_: object) -> None: ...

    def handle_any(self) -> None:
        odd = self.server.odd
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        odd.asked.append(Asked(self.command, self.path, dict(self.headers)))
        segment, _, ref = self.path.lstrip("/").partition("/")
        where = odd.collections.get(unquote(segment))
        if mood := odd.moods.get(segment):
            mood(self)
            return
        with odd.lock:
            status, headers, answer = self.answered(odd, segment, where, unquote(ref), body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = do_MKCALENDAR = handle_any  # noqa: N815

    def answered(
        self, odd: OddServer, segment: str, where: Collection | None, ref: str, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        xml = {"Content-Type": "application/xml; charset=utf-8"}
        if self.command == "MKCALENDAR":
            name = re.search(rb"<displayname>(.*?)</displayname>", body)
            odd.collections[segment] = Collection(name[1].decode() if name else segment)
            return 201, {}, b""
        if self.command == "PROPFIND" and not segment:
            several = [odd.described(one, f"/{key}/") for key, one in odd.collections.items()]
            return 207, xml, multistatus(several).encode()
        if where is None:
            return 404, {}, b""
        if ref:
            return self.on_member(odd, where, ref, body)
        if self.command == "DELETE":
            del odd.collections[segment]
            return 204, {}, b""
        status, text = self.on_collection(odd, where, f"/{segment}/", body.decode())
        return status, xml, text.encode()

    def on_member(self, odd: OddServer, where: Collection, ref: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        match, none = self.headers.get("If-Match", ""), self.headers.get("If-None-Match", "")
        if self.command == "PUT" and "refuses-writes" in odd.quirks:
            return 403, {}, b""
        if self.command == "PUT":
            status, etag = odd.put(where, ref, body, match, none)
            return status, {"ETag": etag} if etag else {}, b""
        if self.command == "DELETE":
            return odd.delete(where, ref, match), {}, b""
        if ref not in where.members:
            return 404, {}, b""
        etag, shown = odd.shown(where, ref)
        return 200, {"ETag": etag, "Content-Type": "text/calendar; charset=utf-8"}, shown

    def on_collection(self, odd: OddServer, where: Collection, path: str, body: str) -> tuple[int, str]:
        if self.command == "PROPFIND":
            members = odd.listing(where, path) if self.headers.get("Depth") == "1" else []
            return 207, multistatus([odd.described(where, path), *members])
        if "sync-collection" in body:
            token = re.search(r"<d:sync-token>(.*?)</d:sync-token>", body)
            return odd.sync(where, path, token[1] if token else "")
        return odd.multiget(where, path, re.findall(r"<d:href>(.*?)</d:href>", body))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""

    odd: OddServer


@contextmanager
def odd_server(*quirks: str) -> Iterator[OddServer]:
    """A running server with those quirks; a name of PROFILES stands for its own."""
    wanted = frozenset(name for quirk in quirks for name in PROFILES.get(quirk, (quirk,)))
    known = set(re.findall(r"^([a-z0-9-]+)  ", __doc__ or "", re.MULTILINE))
    assert wanted <= known, f"unknown quirks: {wanted - known}"
    server = _Server(("127.0.0.1", 0), _Handler)
    server.odd = OddServer(wanted, f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.odd
    finally:
        server.shutdown()
        server.server_close()
