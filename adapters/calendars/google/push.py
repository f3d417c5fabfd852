"""Google's push channels, opened with `events.watch` and closed with `channels.stop`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.base import Denied, Garbled, Granted, OutsideError
from adapters.calendars.google.api import ApiError, GoogleAccess


class GooglePush:
    """The push channels of one calendar. We choose the id and the secret of a channel."""

    def __init__(self, access: GoogleAccess, calendar_id: str) -> None:
        self._access, self._id = access, calendar_id

    def watch(self, channel: str, secret: str, address: str) -> Granted:
        """See `Announcer.watch`. Google decides how long the channel lasts."""
        body = {"id": channel, "type": "web_hook", "address": address, "token": secret}
        try:
            answer = self._access.ask(self._access.events.watch(calendarId=self._id, body=body))
        except ApiError as error:
            raise _refused(error) from None
        return _granted(answer)

    def unwatch(self, channel: str, resource: str) -> bool:
        """See `Announcer.unwatch`."""
        body = {"id": channel, "resourceId": resource}
        try:
            self._access.ask(self._access.channels.stop(body=body))
        except ApiError as error:
            if error.status in {404, 410}:
                return False
            raise error.outside() from None
        return True


def _granted(answer: dict[str, Any]) -> Granted:
    try:
        return Granted(str(answer["resourceId"]), datetime.fromtimestamp(int(answer["expiration"]) / 1000, UTC))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Garbled("Google a répondu à la demande d'annonces sans dire ce qu'il accorde.") from None


def _refused(error: ApiError) -> OutsideError:
    """The error of a refused channel. Google answers 400, 401 or 403 if it refuses the address; such a 401 says nothing
    about the login."""
    if any(reason.startswith("push.webhookUrl") for reason in error.reasons):
        return Denied(_ADDRESS)
    if "pushNotSupportedForRequestedResource" in error.reasons:
        return Denied(_NO_PUSH)
    return error.outside()


_ADDRESS = (
    "Google n'accepte pas l'adresse « page.public_url » pour ses annonces : il la faut en https, joignable d'Internet, "
    "avec un certificat reconnu."
)
_NO_PUSH = "Google n'annonce pas les changements de cet agenda."
