"""Google's errors: one table of kinds, each with its documented JSON shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One error as the reference shows it."""

    status: int
    domain: str
    reason: str
    message: str
    location_type: str = ""
    location: str = ""


KINDS: dict[str, Kind] = {
    "authError": Kind(401, "global", "authError", "Invalid Credentials", "header", "Authorization"),
    "userRateLimitExceeded": Kind(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"),
    "rateLimitExceeded": Kind(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
    "tooManyRequests": Kind(429, "usageLimits", "rateLimitExceeded", "Too Many Requests"),
    "quotaExceeded": Kind(403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded."),
    "accessNotConfigured": Kind(
        403, "usageLimits", "accessNotConfigured", "Google Calendar API has not been used in this project before."
    ),
    "forbiddenForNonOrganizer": Kind(
        403, "calendar", "forbiddenForNonOrganizer",
        "Shared properties can only be changed by the organizer of the event.",
    ),
    "requiredAccessLevel": Kind(
        403, "calendar", "requiredAccessLevel", "You need to have writer access to this calendar."
    ),
    "forbidden": Kind(403, "global", "forbidden", "Forbidden"),
    "insufficientPermissions": Kind(
        403, "global", "insufficientPermissions", "Request had insufficient authentication scopes."
    ),
    "notFound": Kind(404, "global", "notFound", "Not Found"),
    "duplicate": Kind(409, "global", "duplicate", "The requested identifier already exists."),
    "deleted": Kind(410, "global", "deleted", "Resource has been deleted"),
    "fullSyncRequired": Kind(
        410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.",
        "parameter", "syncToken",
    ),
    "updatedMinTooLongAgo": Kind(
        410, "calendar", "updatedMinTooLongAgo", "The requested minimum modification time lies too far in the past.",
        "parameter", "updatedMin",
    ),
    "webhookUrlNotHttps": Kind(
        400, "global", "push.webhookUrlNotHttps", "WebHook callback must be HTTPS: http://practice.example/"
    ),
    "webhookUrlUnauthorized": Kind(
        401, "global", "push.webhookUrlUnauthorized", "Unauthorized WebHook callback channel: https://practice.example/"
    ),
    "pushNotSupported": Kind(
        400, "global", "pushNotSupportedForRequestedResource",
        "Push notifications are not supported by this resource.",
    ),
    "conditionNotMet": Kind(412, "global", "conditionNotMet", "Precondition Failed", "header", "If-Match"),
    "backendError": Kind(500, "global", "backendError", "Backend Error"),
    "badGateway": Kind(502, "global", "badGateway", "Bad Gateway"),
    "unavailable": Kind(503, "global", "backendError", "The service is currently unavailable."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over the wire, before compression."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that Google answers with an error; carries the whole answer."""

    def __init__(self, kind: Kind, retry_after: str = "") -> None:
        super().__init__(kind.message)
        self.kind, self.retry_after = kind, retry_after

    @property
    def document(self) -> Json:
        """The JSON body."""
        first: Json = {"domain": self.kind.domain, "reason": self.kind.reason, "message": self.kind.message}
        if self.kind.location:
            first |= {"locationType": self.kind.location_type, "location": self.kind.location}
        return {"error": {"errors": [first], "code": self.kind.status, "message": self.kind.message}}

    @property
    def headers(self) -> dict[str, str]:
        """Extra headers of the answer."""
        return {"Retry-After": self.retry_after} if self.retry_after else {}


def refuse(kind: str) -> Refused:
    """The error named `kind` in the table."""
    return Refused(KINDS[kind])


def bad(reason: str, message: str, location: str = "", status: int = 400) -> Refused:
    """An error of the request itself."""
    place = "parameter" if location else ""
    return Refused(Kind(status, "global", reason, message, place, location))
