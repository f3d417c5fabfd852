"""The Google half of the replay: lists with sync tokens, pages and field masks, and single events, from memory."""

from __future__ import annotations

import json
import re
from typing import Any

from bench import rendered
from bench.practice import LEFT_OUT, MOVED, SERIES_LENGTH
from bench.state import State

Json = dict[str, Any]
_GONE = {"error": {"code": 410, "message": "Gone", "errors": [{"reason": "fullSyncRequired"}]}}
_MISSING = {"error": {"code": 404, "message": "Not Found", "errors": [{"reason": "notFound"}]}}
_TOKEN = {"access_token": "bench", "token_type": "Bearer", "expires_in": 3600}
_WORD = re.compile(r"(\w+)(\(([^()]*)\))?")


class GoogleReplay:
    """One calendar, whatever its id."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rendered: dict[tuple[str, int, int], list[bytes]] = {}

    def token(self) -> bytes:
        """The token endpoint's answer."""
        return json.dumps(_TOKEN).encode()

    def get(self, path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        """`…/events`, `…/events/ID`, `…/events/ID/instances`."""
        parts = path.partition("/events")[2].strip("/").split("/")
        fields = asked.get("fields", "")
        if parts == [""]:
            return self._listed(asked, _inner(fields))
        number = int(re.sub(r"_.*|\D", "", parts[0]) or -1)
        if not 0 <= number < len(self._state.revisions):
            return 404, json.dumps(_MISSING).encode()
        entry = self._state.entry(number)
        if len(parts) == 1:
            return 200, _masked(rendered.google(entry)[0], fields)
        weeks = [week for week in range(SERIES_LENGTH) if week not in {LEFT_OUT, MOVED}] + [MOVED]
        items = [_masked(rendered.instance(entry, week), _inner(fields)) for week in weeks]
        return 200, b'{"items":[%s]}' % b",".join(items)

    def _listed(self, asked: dict[str, str], fields: str) -> tuple[int, bytes]:
        token = asked.get("syncToken", "")
        past = int(token.removeprefix("t-")) if token else -1
        if token and past < self._state.oldest:
            return 410, json.dumps(_GONE).encode()
        size, begin = int(asked.get("maxResults", "250")), int(asked.get("pageToken", "0"))
        named = [number for number, revision in enumerate(self._state.revisions) if revision > past]
        page = named[begin : begin + size]
        more = begin + size < len(named)
        after = f'"nextPageToken":"{begin + size}"' if more else f'"nextSyncToken":"t-{self._state.revision}"'
        items = b",".join(piece for number in page for piece in self._pieces(fields, number))
        head = f'{{"kind":"calendar#events","summary":"Agenda","accessRole":"owner",{after},"items":['
        return 200, head.encode() + items + b"]}"

    def _pieces(self, fields: str, number: int) -> list[bytes]:
        key = fields, number, self._state.revisions[number]
        if key not in self._rendered:
            self._rendered[key] = [_masked(item, fields) for item in rendered.google(self._state.entry(number))]
        return self._rendered[key]


def _inner(fields: str) -> str:
    """What is asked of an item; all of it where nothing is said."""
    return fields.partition("items(")[2].removesuffix(")")


def _masked(item: Json, fields: str) -> bytes:
    """As the API's partial answers are: the fields named, and of those with brackets the ones inside."""
    wanted = {name: inner for name, _, inner in _WORD.findall(fields)}
    told = {name: _narrow(value, wanted[name]) for name, value in item.items() if name in wanted} if wanted else item
    return json.dumps(told, ensure_ascii=False).encode()


def _narrow(value: Any, inner: str) -> Any:
    if not inner or not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if name in inner.split(",")}
