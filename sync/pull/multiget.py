"""Fetches resources by name, up to 50 in one request (calendar-multiget, RFC 4791 7.9; a batch at Google)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.base import Calendar, Garbled, Gathering, OutsideError, Resource
from sync.core.log import described, log

BATCH = 50  # Google's advice for a batch, and a limit to the bodies in memory


def multiget(calendar: Calendar, refs: Sequence[str]) -> Iterator[tuple[str, Resource | None]]:
    """Yield (ref, body) for each ref, the body None if the server says that it is gone. Batches are fetched one after
    another, so that the caller handles one before the next is in memory. A ref with an unintelligible answer is left
    out (law L10). Raises what `Calendar.get` raises of a whole calendar."""
    for start in range(0, len(refs), BATCH):
        part = refs[start : start + BATCH]
        found = _at_once(calendar, part)
        for ref in part:
            if ref in found:
                yield ref, found[ref]
            else:
                yield from _one(calendar, ref)


def _at_once(calendar: Calendar, refs: Sequence[str]) -> Mapping[str, Resource | None]:
    if not isinstance(calendar, Gathering) or len(refs) < 2:
        return {}
    try:
        return calendar.get_all(refs)
    except Exception as error:
        if _of_all(error):
            raise
        log.warning("asked one by one", **described(error))
        return {}


def _one(calendar: Calendar, ref: str) -> Iterator[tuple[str, Resource | None]]:
    try:
        body = calendar.get(ref)
    except Exception as error:
        if _of_all(error):
            raise
        log.warning("resource not read", **described(error))
        return
    yield ref, body


def _of_all(error: Exception) -> bool:
    """Whether the error concerns the whole calendar: its server, login or address. An unintelligible answer, or a fault
    of ours, concerns the refs of the request."""
    return isinstance(error, OutsideError) and not isinstance(error, Garbled)
