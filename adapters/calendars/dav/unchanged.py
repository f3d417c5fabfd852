"""Asks in one request which of an account's calendars have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.base import Cursor, TryLater
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import CTAG, QUERY, SYNC, DavCalendar
from adapters.calendars.dav.multistatus import DAV, Member, segments
from adapters.http import error_of

_XML = {"Content-Type": "application/xml; charset=utf-8"}


class DavAccount:
    """The calendars of one login; see `Account`. One PROPFIND on their home answers for all of them (hard case A15)."""

    def __init__(self, access: DavAccess, calendars: Sequence[DavCalendar]) -> None:
        self._access, self._calendars = access, calendars
        self._seen: dict[str, tuple[str | None, str | None]] = {}

    def unchanged(self, cursors: Mapping[str, Cursor]) -> frozenset[str]:
        """The calendars whose token or ctag equals their cursor's. Raises what an exchange raises, and TryLater."""
        homes: dict[str, list[DavCalendar]] = {}
        for calendar in self._calendars:
            cursor = cursors.get(calendar.address)
            if cursor is not None and cursor.query == QUERY and cursor.kind in {SYNC, CTAG}:
                homes.setdefault(calendar.url.rstrip("/").rpartition("/")[0] + "/", []).append(calendar)
        quiet: set[str] = set()
        for home, several in homes.items():
            if len(several) > 1:
                quiet |= self._quiet(home, several, cursors)
        return frozenset(quiet)

    def _quiet(self, home: str, several: list[DavCalendar], cursors: Mapping[str, Cursor]) -> set[str]:
        body = multistatus.propfind("d:sync-token", "s:getctag", "d:resourcetype")
        answer = self._access.http.send("PROPFIND", home, body, {**_XML, "Depth": "1"})
        if isinstance(error := error_of(answer) if answer.status >= 400 else None, TryLater):
            raise error  # busy: it should not be asked again for each calendar
        if answer.status != 207:
            return set()
        found = {segments(member.href): member for member in multistatus.read(answer.body).members}
        return {
            calendar.address
            for calendar in several
            if (member := found.get(segments(calendar.url))) and self._same(calendar, member, cursors[calendar.address])
        }

    def _same(self, calendar: DavCalendar, member: Member, cursor: Cursor) -> bool:
        """Whether token or ctag equals the cursor's. If the ctag changed and the token did not, the token hid a change
        (hard case A14)."""
        token, ctag = member.text(f"{DAV}sync-token"), member.text(f"{multistatus.CS}getctag")
        if cursor.kind == CTAG:
            return ctag == cursor.value
        before, self._seen[calendar.address] = self._seen.get(calendar.address), (token, ctag)
        if token != cursor.value:
            return False
        if before is not None and before[0] == token and before[1] != ctag:
            calendar.doubt()
            return False
        return True
