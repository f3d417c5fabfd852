"""Push: channels opened with `events.watch`, and the messages that a change sends to them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

import requests

from demo.googlestandin.errors import Json, bad, refuse
from demo.googlestandin.state import World

LONGEST = timedelta(days=7)  # inferred: what Google grants without a ttl


@dataclass(slots=True)
class Channel:
    """One subscription of one calendar."""

    id: str
    calendar: str
    address: str
    token: str
    expires_ms: int
    messages: int = 0

    @property
    def resource(self) -> str:
        """The opaque id of what is watched."""
        return hashlib.sha256(self.calendar.encode()).hexdigest()[:27]


class Channels:
    """The open channels. Nothing is posted unless `deliver` is called: a test decides when a hint arrives."""

    def __init__(self, world: World) -> None:
        self.open: dict[str, Channel] = {}
        self.waiting: list[tuple[str, str]] = []
        self._world = world
        world.changed.append(self._noted)

    def opened(self, calendar: str, body: Json) -> Json:
        """`events.watch`: 400 for another type, no address, or a channel id in use."""
        if body.get("type") not in ("web_hook", "webhook"):
            raise bad("invalid", "Unknown channel type.")
        if not str(body.get("address", "")).startswith(("https://", "http://127.0.0.1:")):
            raise bad("push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {body.get('address')}")
        if body.get("id") in self.open or not body.get("id"):
            raise bad("channelIdNotUnique", f"Channel id {body.get('id')} not unique")
        channel = Channel(body["id"], calendar, body["address"], body.get("token", ""), self._end(body))
        self.open[channel.id] = channel
        self.waiting.append((channel.id, "sync"))
        return self._described(channel)

    def stopped(self, body: Json) -> None:
        """`channels.stop`; 404 for a channel that is not open."""
        channel = self.open.get(body.get("id", ""))
        if channel is None or channel.resource != body.get("resourceId"):
            raise refuse("notFound")
        del self.open[channel.id]

    def deliver(self) -> list[int]:
        """Posts the messages that wait, in order; the statuses they met. Messages of closed channels are dropped."""
        with self._world.lock:
            waiting, self.waiting = self.waiting, []
            posts = [self._message(self.open[name], state) for name, state in waiting if name in self.open]
        return [requests.post(url, headers=headers, timeout=10).status_code for url, headers in posts]

    def _noted(self, calendar: str) -> None:
        for channel in self.open.values():
            live = channel.expires_ms > self._world.clock().timestamp() * 1000
            if channel.calendar == calendar and live and (channel.id, "exists") not in self.waiting:
                self.waiting.append((channel.id, "exists"))

    def _message(self, channel: Channel, state: str) -> tuple[str, dict[str, str]]:
        channel.messages += 1
        ends = self._world.clock().fromtimestamp(channel.expires_ms / 1000, tz=self._world.clock().tzinfo)
        headers = {
            "X-Goog-Channel-ID": channel.id, "X-Goog-Message-Number": str(channel.messages),
            "X-Goog-Resource-ID": channel.resource, "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": self._uri(channel), "X-Goog-Channel-Expiration": format_datetime(ends),
        }  # fmt: skip
        return channel.address, headers | ({"X-Goog-Channel-Token": channel.token} if channel.token else {})

    def _end(self, body: Json) -> int:
        asked = timedelta(seconds=int(body.get("params", {}).get("ttl", LONGEST.total_seconds())))
        latest = self._world.clock() + min(asked, LONGEST)
        return min(int(body.get("expiration", latest.timestamp() * 1000)), int(latest.timestamp() * 1000))

    def _described(self, channel: Channel) -> Json:
        return {
            "kind": "api#channel", "id": channel.id, "resourceId": channel.resource, "token": channel.token,
            "resourceUri": self._uri(channel), "expiration": str(channel.expires_ms),
        }  # fmt: skip

    @staticmethod
    def _uri(channel: Channel) -> str:
        return f"https://www.googleapis.com/calendar/v3/calendars/{channel.calendar}/events?alt=json"
