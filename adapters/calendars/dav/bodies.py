"""Bodies of a CalDAV calendar by the batch (RFC 4791 7.9): what is asked for, once each, and nothing lost by one of
them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.base import OutsideError, Resource, TryLater
from adapters.calendars.dav import multistatus
from adapters.calendars.dav.multistatus import Member
from adapters.http import Answer, TooLong, error_of

_TOO_MUCH = frozenset({400, 404, 413, 414, 500, 501, 502, 504})


class Bodies:
    """Of one calendar. `report` asks it, `path` names a ref there, `ref_of` is the reverse, `get` asks for one body
    alone."""

    def __init__(
        self,
        report: Callable[[bytes], Answer],
        path: Callable[[str], str],
        ref_of: Callable[[Member], str | None],
        get: Callable[[str], Resource | None],
    ) -> None:
        self._report, self._path, self._ref, self._get = report, path, ref_of, get

    def of(self, refs: Sequence[str]) -> tuple[dict[str, Resource], tuple[str, ...]]:
        """Bodies by ref, and what the server says is gone. A batch that fails is halved, so that one poisoned or
        measureless event stays one (hard cases B05, I10)."""
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
        """What was asked for, once each, wherever the server says that it lies (hard case B07)."""
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
            return {}, ()  # owed: read again at the next pass
        return ({ref: body}, ()) if body else ({}, (ref,))
