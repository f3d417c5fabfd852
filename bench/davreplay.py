"""The CalDAV half of the replay: every member is rendered once, answers are put together from the pieces."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.sax.saxutils import escape

from bench import practice
from bench.state import State

_OPEN = '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
_FOUND = "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
UNKNOWN = b'<?xml version="1.0"?><d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'
_HREF = re.compile(r"href>/home/\d+/([^<]+)</")
_TOKEN = re.compile(r"sync-token>([^<]*)</")
_COLLECTION = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"


class DavReplay:
    """/home/0/, /home/1/… and their members."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._whole: dict[tuple[int, int], str] = {}

    def propfind(self, path: str, depth: str) -> bytes:
        """Of the home: its calendars with their tokens; of a calendar: what it is, and its members with their tags."""
        parts = [part for part in path.split("/") if part]
        if len(parts) < 2:
            own = [self._calendar(number) for number in range(self._state.calendars)]
            home = f"<d:response><d:href>{path}</d:href><d:propstat><d:prop>{_HOME}</d:prop>{_FOUND}"
            return self._answer([home, *(own if depth == "1" else [])])
        number = int(parts[1])
        listed = [self._tagged(one, kind=True) for one in self._state.members(number)] if depth == "1" else []
        return self._answer([self._calendar(number), *listed])

    def report(self, path: str, body: str) -> bytes | None:
        """A sync-collection or a calendar-multiget; None where the token is not known."""
        calendar = int(path.split("/")[2])
        if "sync-collection" in body:
            found = _TOKEN.search(body)
            return self._since(found[1].strip() if found else "", calendar)
        return self._answer([self._whole_of(unquote(name)) for name in _HREF.findall(body)])

    def _since(self, token: str, calendar: int) -> bytes | None:
        past = int(token.rpartition("/")[2]) if token else -1
        if token and past < self._state.oldest:
            return None
        named = [one for one in self._state.members(calendar) if self._state.revisions[one] > past]
        token_line = f"<d:sync-token>{self._token()}</d:sync-token>"
        return self._answer([*map(self._tagged, named), token_line])

    def _calendar(self, number: int) -> str:
        token = f"<d:sync-token>{self._token()}</d:sync-token>"
        return f"<d:response><d:href>/home/{number}/</d:href><d:propstat><d:prop>{_COLLECTION}{token}</d:prop>{_FOUND}"

    def _token(self) -> str:
        return f"http://bench/{self._state.revision}"

    def _tagged(self, number: int, *, kind: bool = False) -> str:
        known = "<d:resourcetype/><d:getcontenttype>text/calendar</d:getcontenttype>" if kind else ""
        return f"{self._named(number)}{known}</d:prop>{_FOUND}"

    def _named(self, number: int) -> str:
        tag = escape(practice.etag(number, self._state.revisions[number]))
        home = number // max(1, self._state.events)
        return f"<d:response><d:href>/home/{home}/{number}.ics</d:href><d:propstat><d:prop><d:getetag>{tag}</d:getetag>"

    def _whole_of(self, name: str) -> str:
        number = int(name.removesuffix(".ics"))
        key = number, self._state.revisions[number]
        if key not in self._whole:
            data = escape(self._state.bodies[name].decode()).replace("\r", "&#13;")
            self._whole[key] = f"{self._named(number)}<c:calendar-data>{data}</c:calendar-data></d:prop>{_FOUND}"
        return self._whole[key]

    @staticmethod
    def _answer(members: list[str]) -> bytes:
        return f"{_OPEN}{''.join(members)}</d:multistatus>".encode()


_HOME = (
    "<d:resourcetype><d:collection/></d:resourcetype><d:current-user-principal><d:href>/home/</d:href>"
    "</d:current-user-principal><c:calendar-home-set><d:href>/home/</d:href></c:calendar-home-set>"
)
