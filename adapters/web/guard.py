"""What holds for every path: headers that forbid embedding, sniffing and caching; faults answered and logged without
their text; a count of requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}


class Guard:
    """Wraps the application. A page that needs other headers sets them itself."""

    def __init__(
        self, app: ASGIApp, counted: Callable[[MutableMapping[str, Any], int], None], fault: Callable[[Exception], None]
    ) -> None:
        self._app, self._counted, self._fault = app, counted, fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                self._counted(scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception as error:  # answered with 500 already; its text may name a patient (law L8)
            self._fault(error)
