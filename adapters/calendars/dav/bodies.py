"""Fetches the bodies of a CalDAV calendar in batches (RFC 4791 7.9), each once; one that fails does not lose the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.base import OutsideError, Resource, TryLater
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.multistatus import Member
from adapters.http import Answer, TooLong, error_of

_TOO_MUCH = frozenset({400, 404, 413, 414, 500, 501, 502, 504})


class Bodies:
    """The batches of one calendar. `report` sends a REPORT, `path` gives the path of a ref, `ref_of` the ref of a
    member, `get` fetches one body."""

    def __init__(
        self,
        report: Callable[[bytes], Answer],
        path: Callable[[str], str],
        ref_of: Callable[[Member], str | None],
        get: Callable[[str], Resource | None],
    ) -> None:
        self._report, self._path, self._ref, self._get = report, path, ref_of, get

    def of(self, refs: Sequence[str]) -> tuple[dict[str, Resource], tuple[str, ...]]:
        """The bodies by ref, and the refs that the server says are gone. A batch that fails is halved until the failing
        event is alone (hard cases B05, I10)."""
        try:
            answer = self._report(multistatus.multiget([self._path(ref) for ref in refs]))
            members = multistatus.read(answer.body).members if answer.status == 207 else ()
        except (TryLater, TooLong) as error:
            if isinstance(error, TryLater) and (len(refs) == 1 or error.retry_after):
                raise
            return self._halved(refs) if len(refs) > 1 else ({}, ())
        if answer.status in _TOO_MUCH:
            return self._halved(refs) if len(refs) > 1 else self._one(refs[0])
        if answer.status != 207:
            raise error_of(answer)
        return self._found(members, frozenset(refs))

    def _found(self, members: Sequence[Member], asked: frozenset[str]) -> tuple[dict[str, Resource], tuple[str, ...]]:
        """The bodies asked for, each once, whatever host or path the server gives them (hard case B07)."""
        found: dict[str, Resource] = {}
        gone: list[str] = []
        for member in members:
            ref, data = self._ref(member), member.text(f"{multistatus.CAL}calendar-data")
            if ref is None or ref not in asked:
                continue
            if data is not None and member.status < 300:
                found.setdefault(ref, Resource(ref, member.etag, data.encode()))
            elif member.status in {404, 410}:
                gone.append(ref)
        return found, tuple(gone)

    def _halved(self, refs: Sequence[str]) -> tuple[dict[str, Resource], tuple[str, ...]]:
        middle = len(refs) // 2
        first, second = self.of(refs[:middle]), self.of(refs[middle:])
        return first[0] | second[0], first[1] + second[1]

    def _one(self, ref: str) -> tuple[dict[str, Resource], tuple[str, ...]]:
        try:
            body = self._get(ref)
        except OutsideError:
            return {}, ()  # to be fetched again at the next pass
        return ({ref: body}, ()) if body else ({}, (ref,))
