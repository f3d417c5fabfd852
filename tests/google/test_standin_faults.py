"""The stand-in's logins, faults, batches and push messages. Documented or Inferred, each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from demo.googlestandin import OWNER, GoogleStandIn
from demo.googlestandin.faults import later_page, writes
from tests.google.conftest import MARTIN, Office, client, paris, person_login, robot_login
from tests.google.practice import ROBOT

READ_ONLY = ("https://www.googleapis.com/auth/calendar.readonly",)


# --- logins


def test_a_robot_and_a_person_get_tokens(office: Office) -> None:
    """Documented: JWT grant signed RS256; refresh grant."""
    assert office.list()["items"] == []
    person = client(office.google, person_login(office.google))
    assert person.events().list(calendarId=MARTIN).execute()["accessRole"] == "owner"
    grants = [seen.asked.body["grant_type"].rpartition(":")[2] for seen in office.google.asked("token")]
    assert grants == ["jwt-bearer", "refresh_token"]


@pytest.mark.parametrize("off", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_wrong_clock_gets_no_token(office: Office, off: timedelta) -> None:
    """Documented: iat and exp are checked. Inferred: five minutes of tolerance, the words of the refusal."""
    office.google.gate.skew = off
    with pytest.raises(RefreshError, match=r"invalid_grant.*iat and exp"):
        office.list()
    office.google.gate.skew = off / 40
    assert office.list()["items"] == []


def test_a_key_that_is_not_the_accounts_gets_no_token(office: Office) -> None:
    """Documented: invalid_grant; inferred: the words."""
    with GoogleStandIn() as other:
        assert other.service_account(ROBOT)["private_key"] == office.google.service_account(ROBOT)["private_key"]
    stranger = robot_login(office.google)
    office.google.gate.identities.pop(ROBOT)
    with pytest.raises(RefreshError, match=r"invalid_grant.*account not found"):
        client(office.google, stranger).events().list(calendarId=MARTIN).execute()
    forged = "e30.e30.AAAA"
    answer = _grant(office, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": forged})
    assert (answer.status_code, answer.json()["error_description"]) == (400, "Invalid JWT Signature.")


def test_a_revoked_consent_needs_a_new_one(office: Office) -> None:
    """Documented: invalid_grant for an expired or revoked refresh token; a valid one works again."""
    person = client(office.google, person_login(office.google))
    person.events().list(calendarId=MARTIN).execute()
    office.google.gate.revoke(OWNER)
    with pytest.raises(RefreshError, match=r"invalid_grant.*expired or revoked"):
        person.events().list(calendarId=MARTIN).execute()
    office.google.gate.restore(OWNER)
    assert person.events().list(calendarId=MARTIN).execute()["items"] == []
    assert _grant(office, {"grant_type": "refresh_token", "refresh_token": "1//x"}).json()["error"] == "invalid_grant"


def test_an_expired_access_token_is_401_and_one_refresh_heals_it(office: Office) -> None:
    """Documented."""
    office.list()
    office.google.gate.expire_access()
    assert office.list()["items"] == []
    assert [(seen.operation, seen.status) for seen in office.google.log] == [
        ("token", 200), ("events.list", 200), ("events.list", 401), ("token", 200), ("events.list", 200),
    ]  # fmt: skip
    answer = requests.get(f"{office.google.url}calendars/{MARTIN}/events", timeout=5)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["location"]) == (401, "Authorization")


def test_access_tokens_end_by_themselves(office: Office) -> None:
    """Documented: after expires_in seconds."""
    token = _grant(office, {"grant_type": "refresh_token", "refresh_token": f"1//{OWNER}"}).json()
    assert token["expires_in"] == 3600
    login = {"Authorization": f"Bearer {token['access_token']}"}
    url = f"{office.google.url}calendars/{MARTIN}"
    assert requests.get(url, headers=login, timeout=5).status_code == 200
    office.google.gate.skew = timedelta(minutes=61)
    assert requests.get(url, headers=login, timeout=5).status_code == 401


def test_a_read_only_scope_reads_only(office: Office) -> None:
    """Documented: scopes."""
    reader = client(office.google, robot_login(office.google, scopes=READ_ONLY))
    event = office.her.books("Dupont", paris(2))
    assert len(reader.events().list(calendarId=MARTIN).execute()["items"]) == 1
    patch = reader.events().patch(calendarId=MARTIN, eventId=event.id, body={"summary": "x"})
    assert office.refused(patch.execute) == (403, "insufficientPermissions")


def test_a_robot_acts_for_somebody_only_when_allowed(office: Office) -> None:
    """Documented: domain-wide delegation; unauthorized_client without it."""
    api = client(office.google, robot_login(office.google, subject=OWNER))
    with pytest.raises(RefreshError, match="unauthorized_client"):
        api.events().list(calendarId=MARTIN).execute()
    office.google.gate.identities[ROBOT].may_act_for.add(OWNER)
    assert api.events().list(calendarId=MARTIN).execute()["accessRole"] == "owner"


# --- faults


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("rateLimitExceeded", 403, "rateLimitExceeded"), ("userRateLimitExceeded", 403, "userRateLimitExceeded"),
        ("quotaExceeded", 403, "quotaExceeded"), ("tooManyRequests", 429, "rateLimitExceeded"),
        ("accessNotConfigured", 403, "accessNotConfigured"), ("backendError", 500, "backendError"),
        ("unavailable", 503, "backendError"), ("fullSyncRequired", 410, "fullSyncRequired"),
        ("notFound", 404, "notFound"), ("forbidden", 403, "forbidden"),
        ("forbiddenForNonOrganizer", 403, "forbiddenForNonOrganizer"),
    ],
)  # fmt: skip
def test_a_planned_error_comes_once_in_googles_words(office: Office, kind: str, status: int, reason: str) -> None:
    """Documented: codes, domains and reasons of the error guide; inferred: 429's and 503's reasons."""
    office.google.fail_next(kind)
    assert office.refused(office.list) == (status, reason)
    assert office.list()["items"] == []


def test_faults_choose_their_requests(office: Office) -> None:
    """Of the stand-in: by operation, by a function, after some, with Retry-After; a typing error is told at once."""
    event = office.her.books("Dupont", paris(2))
    office.google.fail_next("quotaExceeded", 2, writes, retry_after="120")
    assert office.list()["items"]
    with pytest.raises(HttpError) as caught:
        office.patch(event.id, {"summary": "x"})
    assert caught.value.resp["retry-after"] == "120"
    assert office.refused(lambda: office.patch(event.id, {"summary": "x"})) == (403, "quotaExceeded")
    office.google.fail_next("backendError", when="events.list", after=1)
    assert office.list()["items"]
    assert office.get(event.id)["summary"] == "Dupont"
    assert office.refused(office.list) == (500, "backendError")
    with pytest.raises(ValueError, match="no such fault"):
        office.google.fail_next("brokenHeart")


def test_a_token_can_expire_on_the_second_page(office: Office) -> None:
    """Documented: 410 can meet any request with a sync token."""
    token = office.token()
    for n in range(3):
        office.her.books(f"Patient {n}", paris(2))
    office.google.fail_next("fullSyncRequired", when=later_page)
    page = office.list(syncToken=token, maxResults=2)["nextPageToken"]
    second = office.refused(lambda: office.list(syncToken=token, maxResults=2, pageToken=page))
    assert second == (410, "fullSyncRequired")


def test_a_lost_answer_has_changed_the_event(office: Office) -> None:
    """Inferred: as any server whose connection breaks after the work."""
    event = office.her.books("Dupont", paris(2))
    login = {"Authorization": f"Bearer {_token(office)}"}
    url = f"{office.google.url}calendars/{MARTIN}/events/{event.id}"
    for fault, title in (("noAnswer", "Dupont"), ("lostAnswer", "Durand")):
        office.google.fail_next(fault)
        with pytest.raises(requests.ConnectionError):
            requests.patch(url, json={"summary": "Durand"}, headers=login, timeout=5)
        assert office.her.sees(event).title == title
        assert office.google.log[-1].status == 0


def test_cut_and_foreign_answers(office: Office) -> None:
    """Inferred: a body that ends early; a proxy's page instead of JSON."""
    office.her.books("Dupont", paris(2))
    login = {"Authorization": f"Bearer {_token(office)}"}
    url = f"{office.google.url}calendars/{MARTIN}/events"
    office.google.fail_next("cutAnswer")
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(url, headers=login, timeout=5)
    office.google.fail_next("htmlPage")
    answer = requests.get(url, headers=login, timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_the_token_endpoint_can_fail_too(office: Office) -> None:
    """Documented: 503 there is worth retrying; google-auth does so by itself."""
    office.google.fail_next("unavailable", when="token")
    assert office.list()["items"] == []
    assert [seen.status for seen in office.google.asked("token")] == [503, 200]


def test_answers_are_compressed_for_those_who_ask(office: Office) -> None:
    """Documented: gzip."""
    login = {"Authorization": f"Bearer {_token(office)}", "Accept-Encoding": "gzip"}
    url = f"{office.google.url}calendars/{MARTIN}/events"
    assert requests.get(url, headers=login, timeout=5).headers["Content-Encoding"] == "gzip"
    plain = requests.get(url, headers=login | {"Accept-Encoding": "identity"}, timeout=5)
    assert "Content-Encoding" not in plain.headers


def test_a_very_long_question_is_understood(office: Office) -> None:
    """Documented by the client library: over 2048 characters it posts the query with a method override."""
    event = office.insert(_timed() | {"extendedProperties": {"private": {"attitre": "1"}}})
    long = ["attitre=1"] * 150
    assert [one["id"] for one in office.list(privateExtendedProperty=long)["items"]] == [event["id"]]
    (seen,) = office.google.asked("events.list")
    assert (seen.asked.method, seen.asked.headers["x-http-method-override"]) == ("GET", "GET")


def test_latency_is_felt(office: Office) -> None:
    """Of the stand-in."""
    office.google.faults.latency = 0.05
    before = datetime.now(UTC)
    office.list()
    assert datetime.now(UTC) - before >= timedelta(seconds=0.1)  # token and list


def test_the_log_keeps_no_login(office: Office) -> None:
    """Of the stand-in: what was asked can be asserted, secrets are not there."""
    office.list(maxResults=7)
    (seen,) = office.google.asked("events.list")
    assert (seen.status, seen.asked.one("maxResults"), seen.asked.who) == (200, "7", ROBOT)
    assert "authorization" not in seen.asked.headers
    assert "assertion" not in office.google.asked("token")[0].asked.body


def test_what_the_stand_in_has_not_it_says(office: Office) -> None:
    """Of the stand-in: an operation it lacks is 501, never an empty success."""
    request = office.api.events().quickAdd(calendarId=MARTIN, text="Dupont demain")
    assert office.refused(request.execute) == (501, "notImplemented")


# --- batches and push


def test_a_batch_answers_each_part_by_itself(office: Office) -> None:
    """Documented: one request, an answer per part; faults and conditions meet parts singly."""
    events = [office.her.books(f"Patient {n}", paris(2, 8, n)) for n in range(3)]
    office.google.fail_next("rateLimitExceeded", when=lambda asked: asked.inner, after=2)
    seen: dict[str, Any] = {}
    batch = BatchHttpRequest(
        callback=lambda name, answer, error: seen.update({name: error.resp.status if error else answer["summary"]}),
        batch_uri=office.google.batch_url,
    )
    for number, event in enumerate(events):
        request = office.api.events().patch(calendarId=MARTIN, eventId=event.id, body={"summary": f"n° {number}"})
        request.headers["If-Match"] = event.etag if number else '"stale"'
        batch.add(request, request_id=str(number))
    batch.execute(http=office.api._http)
    assert seen == {"0": 412, "1": "n° 1", "2": 403}
    assert [office.her.sees(event).title for event in events] == ["Patient 0", "n° 1", "Patient 2"]
    assert len(office.google.asked("batch")) == 1


def test_a_channel_says_that_something_changed_and_no_more(office: Office, bell: Bell) -> None:
    """Documented: a sync message first, then `exists` with the channel's token and no body; stop ends it."""
    body = {"id": "channel-1", "type": "web_hook", "address": bell.url, "token": "secret", "params": {"ttl": "600"}}
    watch = office.api.events().watch(calendarId=MARTIN, body=body)
    channel = watch.execute()
    assert int(channel["expiration"]) == int(datetime(2026, 2, 20, 8, 10, tzinfo=UTC).timestamp() * 1000)
    assert office.refused(watch.execute) == (400, "channelIdNotUnique")
    office.her.books("Dupont", paris(2))
    office.her.books("Durand", paris(3))
    assert office.google.channels.deliver() == [200, 200]
    assert [ring["X-Goog-Resource-State"] for ring in bell.rings] == ["sync", "exists"]
    last = bell.rings[-1]
    assert (last["X-Goog-Channel-Token"], last["X-Goog-Message-Number"]) == ("secret", "2")
    assert last["X-Goog-Resource-ID"] == channel["resourceId"]
    office.api.channels().stop(body={"id": "channel-1", "resourceId": channel["resourceId"]}).execute()
    office.her.books("Petit", paris(4))
    assert office.google.channels.deliver() == []


def test_a_channel_needs_https(office: Office) -> None:
    """Documented; loopback is let through for tests."""
    body = {"id": "channel-1", "type": "web_hook", "address": "http://practice.example/hook"}
    watch = office.api.events().watch(calendarId=MARTIN, body=body)
    assert office.refused(watch.execute) == (400, "push.webhookUrlNotHttps")


class Bell:
    """Receives push messages."""

    def __init__(self) -> None:
        rings = self.rings = []

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                rings.append(dict(self.headers.items()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    thread = threading.Thread(target=bell.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield bell
    bell.server.shutdown()
    bell.server.server_close()
    thread.join()


def _timed() -> dict[str, Any]:
    return {"start": {"dateTime": paris(2).isoformat()}, "end": {"dateTime": paris(2, 10).isoformat()}}


def _grant(office: Office, form: dict[str, str]) -> requests.Response:
    return requests.post(office.google.token_uri, data=form, timeout=5)


def _token(office: Office) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": office.google.authorized_user(OWNER)["refresh_token"]}
    return str(_grant(office, form).json()["access_token"])
