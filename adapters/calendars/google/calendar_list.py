"""The calendars of a Google account, with name and role, to choose from."""

from __future__ import annotations

from msgspec import Struct

from adapters.calendars.google.api import ApiError, GoogleAccess


class Listed(Struct, frozen=True):
    """One calendar of the account's list. `role`: Google's word."""

    name: str
    calendar_id: str
    role: str

    @property
    def rights(self) -> str:
        """The role in French."""
        return _ROLES.get(self.role, self.role)


def list_calendars(access: GoogleAccess) -> tuple[Listed, ...]:
    """The account's list, its own calendar first. Empty for a service account that was given no calendar. Raises the
    errors of adapters.base."""
    found: list[Listed] = []
    page = None
    while True:
        request = access.calendar_list.list(
            pageToken=page, fields="nextPageToken,items(id,summary,summaryOverride,accessRole,primary)"
        )
        try:
            answer = access.ask(request)
        except ApiError as error:
            raise error.outside() from None
        for item in answer.get("items", []):
            name = str(item.get("summaryOverride") or item.get("summary") or item["id"])
            listed = Listed(name, str(item["id"]), str(item.get("accessRole", "")))
            found.insert(0, listed) if item.get("primary") else found.append(listed)
        page = answer.get("nextPageToken")
        if not page:
            return tuple(found)


_ROLES = {
    "owner": "lecture et écriture",
    "writer": "lecture et écriture",
    "writerWithoutPrivateAccess": "lecture et écriture, privés cachés",
    "reader": "lecture seule",
    "freeBusyReader": "disponibilité seulement : ne convient pas",
}
