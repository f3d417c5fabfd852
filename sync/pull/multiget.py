"""Resources asked for by name, as many at once as the calendar can: one question where it would be fifty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapters.base import Calendar, Garbled, Gathering, OutsideError, Resource
from sync.core.log import described, log

AT_ONCE = 50  # Google's advice for a batch; and no more bodies than that in memory


def gathered(calendar: Calendar, refs: Sequence[str]) -> Iterator[tuple[str, Resource | None]]:
    """Each of them as it is now, None where the server says that it is gone. Asked for as one goes on, so what is done
    with the first is done before the fifty-first is read. Left out is what is answered in a way that nobody
    understands: that says nothing of the others (law L10). Raises what `Calendar.get` raises of a whole calendar."""
    for start in range(0, len(refs), AT_ONCE):
        part = refs[start : start + AT_ONCE]
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
    """Whether it concerns the calendar: its server, its login, its address. An answer that cannot be understood, and a
    fault of ours, concern what was asked for."""
    return isinstance(error, OutsideError) and not isinstance(error, Garbled)
