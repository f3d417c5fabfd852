"""Runs in the peers' environment: gcal_sync follows one calendar, its store is a JSON file."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
from gcal_sync.api import GoogleCalendarService
from gcal_sync.auth import AbstractAuth
from gcal_sync.store import CalendarStore
from gcal_sync.sync import CalendarEventSyncManager


class Bearer(AbstractAuth):
    """A token that is at hand: asking for one is not measured here."""

    async def async_get_access_token(self) -> str:
        return "bench"


class FileStore(CalendarStore):
    """Read once, written when it was changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._text = file.read_text() if file.exists() else "{}"

    async def async_load(self) -> dict[str, Any]:
        return json.loads(self._text)

    async def async_save(self, data: dict[str, Any]) -> None:
        text = json.dumps(data)
        if text != self._text:
            self._file.write_text(text)
            self._text = text


async def main(root: str, calendar: str, file: str) -> None:
    """One pass."""
    async with aiohttp.ClientSession() as session:
        service = GoogleCalendarService(Bearer(session, root))
        await CalendarEventSyncManager(service, calendar, FileStore(Path(file))).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
