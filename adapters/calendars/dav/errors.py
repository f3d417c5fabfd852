"""What the statuses of a CalDAV server mean for a sync token and for a write."""

from __future__ import annotations

from adapters.base import Conflict, CursorLost, EditResult, Garbled, OutsideError, Refused, Unknown
from adapters.calendars.dav import multistatus
from adapters.http import Answer, error_of

_LOST = frozenset({400, 409, 410, 412, 418, 500})


def strong(etag: str | None) -> bool:
    """Whether a write can be made conditional on that ETag."""
    return bool(etag) and not str(etag).startswith("W/") and etag != "*"  # If-Match: * is no condition


def no_sync(answer: Answer) -> bool:
    """Whether the server does not know this report (RFC 3253 3.6; older servers say 501)."""
    return answer.status == 501 or (
        answer.status == 403 and multistatus.names_condition(answer.body, "supported-report")
    )


def lost(answer: Answer) -> OutsideError:
    """The error for a failed sync query: the token is invalid, rights are missing, or the server is busy (hard case
    A16)."""
    if no_sync(answer):
        return CursorLost("Le serveur ne synchronise plus par repère.")
    if answer.status == 403 and not multistatus.names_condition(answer.body, "valid-sync-token"):
        return error_of(answer)
    if answer.status in _LOST or answer.status == 403:
        return CursorLost("Le repère de synchronisation n'est plus connu du serveur.", broken=answer.status == 418)
    return error_of(answer) if answer.status >= 400 else Garbled(multistatus.NO_CALENDAR)


def failure(answer: Answer) -> EditResult:
    """The result of a refused write. Raises errors about the login or the rate."""
    if answer.status in {409, 412, 423, 428}:
        return Conflict()
    if answer.status in {404, 410}:
        return Conflict(gone=True)
    if answer.status in {401, 429}:
        raise error_of(answer)
    if answer.status >= 500 and answer.status not in {501, 507}:
        return Unknown()
    whole = answer.status in _NOBODY and not any(word in answer.body for word in _THIS_ONE)
    return Refused(f"Le serveur refuse l'écriture dans cet agenda ({answer.status}).", whole)


_NOBODY = frozenset(
    {403, 405, 501, 507}
)  # the whole calendar refuses, unless the answer names a precondition on this body (RFC 4791 5.3.2.1)
_THIS_ONE = (b"valid-calendar", b"supported-calendar", b"no-uid-conflict", b"max-", b"min-date-time")
