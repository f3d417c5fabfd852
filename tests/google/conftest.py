"""A Google of our own, one dentist's calendar in it, and Google's own client library to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from msgspec.structs import replace

from adapters.calendars.google.push import GooglePush
from adapters.web.listener import bound, serving
from adapters.web.pages import application
from config.load import load
from demo.googlestandin import OWNER, GoogleStandIn
from demo.googlestandin.person import Person
from sync.worker import push_channels
from sync.worker.hints import telling
from sync.worker.web_server import Desk
from tests.google.announced import YAML, Announced, Quiet
from tests.google.practice import IDS, ROBOT, Practice

MARTIN = "martin@group.calendar.google.com"
SCOPES = ("https://www.googleapis.com/auth/calendar",)


def paris(day: int, hour: int = 9, minute: int = 0, month: int = 3) -> datetime:
    """A time of 2026 on the practice's clock."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Paris"))


@dataclass
class Office:
    """The stand-in, her hand in it, and the robot's client."""

    google: GoogleStandIn
    her: Person
    api: Any
    calendar: str = MARTIN

    def list(self, **params: Any) -> dict[str, Any]:
        return self.api.events().list(**{"calendarId": self.calendar, **params}).execute()

    def get(self, event_id: str, **params: Any) -> dict[str, Any]:
        return self.api.events().get(calendarId=self.calendar, eventId=event_id, **params).execute()

    def insert(self, body: dict[str, Any], **params: Any) -> dict[str, Any]:
        return self.api.events().insert(calendarId=self.calendar, body=body, **params).execute()

    def patch(self, event_id: str, body: dict[str, Any], etag: str = "", **params: Any) -> dict[str, Any]:
        request = self.api.events().patch(calendarId=self.calendar, eventId=event_id, body=body, **params)
        if etag:
            request.headers["If-Match"] = etag
        return request.execute()

    def token(self) -> str:
        return self.list(maxResults=2500)["nextSyncToken"]

    def since(self, token: str, **params: Any) -> list[dict[str, Any]]:
        return self.list(syncToken=token, **params)["items"]

    def refused(self, call: Callable[[], Any]) -> tuple[int, str]:
        """The status and Google's reason."""
        with pytest.raises(HttpError) as caught:
            call()
        return caught.value.resp.status, caught.value.error_details[0]["reason"]

    def share(self, role: str) -> None:
        self.google.share(self.calendar, ROBOT, role)


def robot_login(google: GoogleStandIn, email: str = ROBOT, **more: Any) -> Any:
    info = google.service_account(email)
    return service_account.Credentials.from_service_account_info(info, **{"scopes": SCOPES, **more})


def person_login(google: GoogleStandIn, email: str = OWNER) -> Credentials:
    info = google.authorized_user(email)
    return Credentials(
        None, refresh_token=info["refresh_token"], token_uri=info["token_uri"], client_id=info["client_id"],
        client_secret=info["client_secret"],
    )  # fmt: skip


def client(google: GoogleStandIn, login: Any, endpoint: str = "") -> Any:
    options = {"api_endpoint": endpoint or google.url}
    return build("calendar", "v3", credentials=login, client_options=options, static_discovery=True)


@pytest.fixture
def office() -> Iterator[Office]:
    with GoogleStandIn() as google:
        google.set_now(datetime(2026, 2, 20, 8, tzinfo=UTC))
        google.add_calendar(MARTIN, "Dr Martin")
        api = client(google, robot_login(google))
        google.share(MARTIN, ROBOT, "writer")
        yield Office(google, google.person(MARTIN), api)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    """It has worked for them since before the story."""
    with GoogleStandIn() as google:
        found = Practice(google, tmp_path)
        found.passes()
        yield found


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Announced]:
    """Channels are open and have been heard: since before the story."""
    monkeypatch.setattr("sync.worker.hints.WAKE_EVERY_S", 0.05)
    with ExitStack() as stack:
        google = stack.enter_context(GoogleStandIn())
        practice = Practice(google, tmp_path)
        practice.passes()
        announcers = {f"google:{name}": GooglePush(practice.access, name) for name in IDS.values()}
        world = practice.office.world = replace(practice.office.world, announcers=announcers)
        worker = Quiet(world)
        hints = stack.enter_context(telling(worker))
        (tmp_path / "attitre.yaml").write_text(YAML)
        settings, _ = load([tmp_path / "attitre.yaml"], {})
        assert settings is not None
        door = stack.enter_context(bound("127.0.0.1:0"))
        stack.enter_context(serving(door, application([Desk(settings, worker, hints)])))
        root = f"http://127.0.0.1:{door.getsockname()[1]}"
        found = Announced(practice, worker, root, hints, worker.woken)
        really = push_channels.heard

        def noted(world: Any, rings: Any) -> None:
            really(world, rings)
            found.told_of += [ring.channel for ring in rings]

        monkeypatch.setattr(push_channels, "heard", noted)
        yield found


@pytest.fixture
def heard(announced: Announced) -> Announced:
    announced.passes()
    assert announced.delivers() == [204, 204]
    announced.passes()
    return announced
