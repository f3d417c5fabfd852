"""Resources asked for by name, as many at once as the calendar can: one question where it would be fifty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.base import Calendar, Gathering, Resource

AT_ONCE = 50  # Google's advice for a batch; and no more bodies than that in memory


def gathered(calendar: Calendar, refs: Sequence[str]) -> Iterator[tuple[str, Resource | None]]:
    """Each of them as it is now, None where the server says that it is gone. Asked for as one goes on, so what is done
    with the first is done before the fifty-first is read. Raises what `Calendar.get` raises."""
    if not isinstance(calendar, Gathering):
        yield from ((ref, calendar.get(ref)) for ref in refs)
        return
    for start in range(0, len(refs), AT_ONCE):
        part = refs[start : start + AT_ONCE]
        found = calendar.get_all(part) if len(part) > 1 else {}
        yield from ((ref, found[ref] if ref in found else calendar.get(ref)) for ref in part)
