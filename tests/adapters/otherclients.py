"""Another client of a calendar on a CalDAV server, and of one in memory."""

from typing import Any
from urllib.parse import quote

import pytest
import requests

from adapters.calendars.memory import MemoryCalendar


class OtherClient:
    """Plain requests, unconditional, as careless clients are."""

    def __init__(self, url: str, login: tuple[str, str] | None, *, ours: bool = False) -> None:
        self.url, self.ours, self._session = url, ours, requests.Session()
        self._session.auth, self._session.trust_env = login, False

    def put(self, ref: str, payload: bytes) -> None:
        self._do("PUT", ref, data=payload, headers={"Content-Type": "text/calendar; charset=utf-8"})

    def put_all(self, payload: bytes) -> None:
        """The whole calendar at once, where the server can."""
        self._do("PUT", "", data=payload, headers={"Content-Type": "text/calendar; charset=utf-8"})

    def delete(self, ref: str) -> None:
        assert ref, "an empty name is the calendar itself"
        self._do("DELETE", ref)

    def delete_calendar(self) -> None:
        """The whole calendar. Skips the test where it is not ours."""
        if not self.ours:
            pytest.skip("a calendar that is not ours is not deleted")
        self._do("DELETE", "")

    def get(self, ref: str) -> bytes:
        return self._do("GET", ref).content

    def _do(self, verb: str, ref: str, **more: Any) -> requests.Response:
        answer = self._session.request(verb, self.url + quote(ref), timeout=30, **more)
        answer.raise_for_status()
        return answer


class OtherClientOfMemory:
    """The same on a calendar in memory."""

    def __init__(self, calendar: MemoryCalendar) -> None:
        self.put, self.delete, self._held = calendar.put, calendar.delete, calendar._held

    def get(self, ref: str) -> bytes:
        return self._held[ref].payload
