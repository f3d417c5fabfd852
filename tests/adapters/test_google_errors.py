"""What Google says no with, and what a person is told: one error of ours and one French sentence for each answer."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
import responses

from adapters.base import NOTHING_KNOWN, Cursor, CursorLost, Denied, Garbled, LoginRefused, NotThere, TryLater
from adapters.calendars.google.api import BASE, GoogleAccess
from adapters.calendars.google.calendar import KIND, QUERY, GoogleCalendar
from demo.googlestandin import OWNER, GoogleStandIn
from rules.model import AddEvent
from tests.adapters.ongoogle import ROBOT

ZONE, ID = ZoneInfo("Europe/Paris"), "martin@lilas.example"
TOKENS = "https://tokens.example/token"
CONSENT = json.dumps({
    "type": "authorized_user", "client_id": "c", "client_secret": "s3cret-c", "refresh_token": "s3cret-r",
    "token_uri": TOKENS,
})  # fmt: skip
EVENTS = f"{BASE}calendars/martin%40lilas.example/events"
SENTENCE = re.compile(r"[A-ZÀÉ].+\.", re.DOTALL)


def calendar(credentials: str = CONSENT, **more: Any) -> GoogleCalendar:
    return GoogleCalendar(GoogleAccess(credentials, **more), ID, zone=ZONE, secret=b"s" * 32)


def error(status: int, reason: str, **headers: str) -> dict[str, Any]:
    told = {"code": status, "message": "x", "errors": [{"reason": reason, "domain": "x"}]}
    return {"status": status, "headers": headers, "json": {"error": told}}


@pytest.fixture
def google():
    """The API and its token endpoint, answered by hand."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKENS, json={"access_token": "ya29.x", "expires_in": 3600})
        yield mock


# --- the API's errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(403, "rateLimitExceeded"), TryLater, "attendre"),
        (error(403, "userRateLimitExceeded"), TryLater, "attendre"),
        (error(429, "rateLimitExceeded"), TryLater, "attendre"),
        (error(500, "backendError"), TryLater, "attendre"),
        (error(503, "backendError"), TryLater, "attendre"),
        (error(403, "quotaExceeded"), TryLater, "limite"),
        (error(401, "authError"), LoginRefused, "credentials"),
        (error(403, "accessNotConfigured"), Denied, "Activer"),
        (error(403, "insufficientPermissions"), Denied, "calendar.events"),
        (error(403, "forbidden"), Denied, "partagez"),
        (error(403, "requiredAccessLevel"), Denied, "partagez"),
        (error(404, "notFound"), NotThere, "calendar_id"),
        (error(400, "badRequest"), Garbled, "400"),
        ({"status": 200, "body": "<html>portail captif</html>"}, Garbled, "autre chose"),
        ({"status": 200, "body": "{"}, Garbled, "autre chose"),
    ],
)
def test_each_answer_is_one_error_and_one_sentence(google, answer, kind, words):
    google.get(EVENTS, **answer)
    with pytest.raises(kind) as caught:
        list(calendar().changes(None, NOTHING_KNOWN))
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert SENTENCE.fullmatch(str(caught.value))
    assert ID not in str(caught.value)


def test_googles_newer_errors_are_understood_too(google):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    google.get(EVENTS, status=403, json={"error": {"code": 403, "status": "PERMISSION_DENIED", "details": details}})
    with pytest.raises(Denied, match="Activer"):
        list(calendar().changes(None, NOTHING_KNOWN))


@pytest.mark.parametrize(
    "answer", [error(410, "fullSyncRequired"), error(410, "updatedMinTooLongAgo"), error(400, "invalid")]
)
def test_a08_a_token_that_google_does_not_take_is_lost(google, answer):

    google.get(EVENTS, **answer)
    with pytest.raises(CursorLost):
        list(calendar().changes(Cursor(KIND, "CPDA", QUERY), NOTHING_KNOWN))


def test_a05_a_full_pass_that_is_refused_again_ends(google):
    google.get(EVENTS, **error(410, "fullSyncRequired"))
    with pytest.raises(CursorLost):
        list(calendar().changes(None, NOTHING_KNOWN))
    assert len(google.calls) == 2


@pytest.mark.parametrize(("said", "wait"), [("120", 120), ("1", 30), ("in an hour", 3600)])
def test_i03_what_google_asks_to_wait_is_kept(google, said, wait):
    hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    google.get(EVENTS, **error(429, "rateLimitExceeded", **{"Retry-After": hour if said == "in an hour" else said}))
    with pytest.raises(TryLater) as caught:
        list(calendar().changes(None, NOTHING_KNOWN))
    assert caught.value.retry_after == pytest.approx(wait, abs=20)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(requests.exceptions.ConnectTimeout(), TryLater), (requests.exceptions.ConnectionError(), TryLater),
     (requests.exceptions.SSLError(), Denied)],
)  # fmt: skip
def test_a_network_that_fails_says_so(google, fault, kind):
    google.get(EVENTS, body=fault)
    with pytest.raises(kind, match=r"googleapis\.com"):
        list(calendar().changes(None, NOTHING_KNOWN))


def test_a16_a_busy_server_is_asked_once(google):
    google.get(EVENTS, **error(503, "backendError"))
    with pytest.raises(TryLater):
        list(calendar().changes(None, NOTHING_KNOWN))
    assert len([call for call in google.calls if call.request.url.startswith(BASE)]) == 1


def test_b14_an_empty_page_with_more_to_come_is_followed(google):
    event = {
        "id": "a1",
        "etag": '"1"',
        "status": "confirmed",
        "start": {"date": "2026-12-02"},
        "end": {"date": "2026-12-03"},
    }
    google.get(EVENTS, json={"accessRole": "writer", "items": [], "nextPageToken": "p2"})
    google.get(EVENTS, json={"accessRole": "writer", "items": [event], "nextSyncToken": "s1"})
    pages = list(calendar().changes(None, NOTHING_KNOWN))
    assert [len(page.resources) for page in pages] == [0, 1]
    assert [page.cursor and page.cursor.value for page in pages] == [None, "s1"]


def test_b02_pages_that_do_not_advance_are_not_followed_for_ever(google):
    google.get(EVENTS, json={"accessRole": "writer", "items": [], "nextPageToken": "p2"})
    with pytest.raises(Garbled):
        list(calendar().changes(None, NOTHING_KNOWN))


def test_a_calendar_that_cannot_be_read_as_one_event_says_so_and_stays(google, window):
    reading = calendar().read("x", b'{"master": {"id": "x"}}', window)
    assert (reading.problem, reading.events) == ("event-unreadable", ())


@pytest.mark.parametrize("body", ["<html>portail captif</html>", "[]", '{"expires_in": "soon"}'])
def test_a_portal_instead_of_a_token_is_no_login(body):
    with responses.RequestsMock() as mock:
        mock.post(TOKENS, body=body)
        with pytest.raises((Garbled, Denied)) as caught:
            calendar().probe()
    assert SENTENCE.fullmatch(str(caught.value))


# --- where requests go -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint", ["https://relay.example/g", "https://relay.example/g/", "https://relay.example/g/calendar/v3/",
                 "https://relay.example/g/calendar/v3"],
)  # fmt: skip
def test_an_endpoint_replaces_the_root_with_or_without_the_path(google, endpoint):
    google.get(
        "https://relay.example/g/calendar/v3/calendars/martin%40lilas.example/events",
        json={"accessRole": "writer", "items": [], "nextSyncToken": "s1"},
    )
    list(calendar(endpoint=endpoint).changes(None, NOTHING_KNOWN))
    assert google.calls[0].request.url == TOKENS


def test_i04_a_token_never_follows_to_another_host(google):
    google.get(EVENTS, status=302, headers={"Location": "https://elsewhere.example/"})
    google.get("https://elsewhere.example/", json={"accessRole": "writer", "items": [], "nextSyncToken": "s1"})
    list(calendar().changes(None, NOTHING_KNOWN))
    assert "Authorization" in google.calls[1].request.headers
    assert "Authorization" not in google.calls[2].request.headers


# --- logging in ------------------------------------------------------------------------------------------------------


@pytest.fixture
def house():
    """A calendar on the stand-in, shared with the robot and with the person who gave her consent."""
    with GoogleStandIn() as google:
        google.add_calendar(ID, "Dr Martin")
        google.service_account(ROBOT)
        google.share(ID, ROBOT, "writer")
        yield google


def on(house: GoogleStandIn, who: str = ROBOT, **more: Any) -> GoogleCalendar:
    return calendar(house.credentials_json(who, robot=who == ROBOT), endpoint=house.root, **more)


@pytest.mark.parametrize("who", [ROBOT, OWNER])
def test_a_service_account_and_a_consent_log_in_at_their_files_token_uri(house, who):
    assert on(house, who).probe().name == "Dr Martin"
    assert len(house.asked("token")) == 1


def test_i01_an_expired_token_is_renewed_once_for_all_who_were_refused(house):
    one = on(house)
    one.probe()
    house.gate.expire_access()
    with ThreadPoolExecutor(8) as pool:
        assert {probe.name for probe in pool.map(lambda _: one.probe(), range(8))} == {"Dr Martin"}
    assert len(house.asked("token")) == 2


def test_a_login_that_stays_refused_is_denied_after_one_new_token(house):
    house.fail_next("authError", times=5, when="events")
    with pytest.raises(Denied, match="credentials"):
        on(house).probe()
    assert (len(house.asked("token")), len(house.asked("events.list"))) == (2, 2)


def test_i02_a_withdrawn_consent_names_the_seven_days_and_recovers_without_restart(house):
    one = on(house, OWNER)
    one.probe()
    house.gate.revoke(OWNER)
    for _ in range(2):
        with pytest.raises(Denied, match=r"7 jours .*« Test ».*« Production »"):
            one.probe()
    house.gate.restore(OWNER)
    assert one.probe().name == "Dr Martin"


def test_a_deleted_service_account_asks_for_a_new_key(house):
    house.gate.revoke(ROBOT, "Invalid grant: account not found")
    with pytest.raises(Denied, match="Créez une nouvelle clé"):
        on(house).probe()


@pytest.mark.parametrize("off", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_wrong_clock_is_called_a_wrong_clock(house, off):
    house.gate.skew = off
    with pytest.raises(Denied, match="horloge"):
        on(house).probe()


def test_acting_for_somebody_needs_the_delegation(house):
    with pytest.raises(Denied, match="« subject: »"):
        on(house, subject=OWNER).probe()
    house.gate.identities[ROBOT].may_act_for.add(OWNER)
    assert on(house, subject=OWNER).probe().writable


@pytest.mark.parametrize("fault", ["unavailable", "tooManyRequests", "noAnswer"])
def test_a_token_endpoint_that_fails_is_for_later_and_no_write_was_made(house, fault):
    house.fail_next(fault, when="token", retry_after="60" if fault == "unavailable" else "")
    day = datetime(2026, 12, 2, tzinfo=ZONE)
    with pytest.raises(TryLater) as caught:
        on(house).add(AddEvent("x", "attitre-avis-1", "Avis", "", day, day + timedelta(days=1)))
    assert caught.value.retry_after == (60 if fault == "unavailable" else None)
    assert house.asked("events") == []


@pytest.mark.parametrize(
    ("given", "words"),
    [("{}", "téléchargez-les"), ('{"installed": {"client_id": "x"}}', "client secret"), ("[]", "téléchargez-les"),
     ('{"private_key": "x", "client_email": "x", "token_uri": "x"}', "téléchargez-les"),
     ('{"refresh_token": "x"}', "téléchargez-les")],
)  # fmt: skip
def test_a_file_that_is_no_login_says_which_one_it_is(given, words):
    with pytest.raises(Denied, match=words):
        calendar(given).probe()


def test_no_secret_is_in_what_a_person_or_a_log_could_see(house, caplog):
    caplog.set_level("DEBUG")
    one = on(house, OWNER)
    one.probe()
    secret = house.gate.identities[OWNER].refresh_token
    assert secret not in caplog.text
    assert secret not in repr(one) + repr(vars(one)["_access"])


@pytest.mark.parametrize("body", ["[" * 100_000, '{"items": [' + "[]," * 1_500_000 + "[]]}", "{" * 2_000_001])
def test_i10_an_answer_of_nothing_but_brackets_is_no_answer(google, body):
    google.get(EVENTS, body=body, content_type="application/json")
    with pytest.raises(Garbled):
        list(calendar().changes(None, NOTHING_KNOWN))


@pytest.mark.parametrize("status", [307, 308])
def test_i04_the_key_to_an_account_goes_to_no_other_server(status):
    with responses.RequestsMock() as mock:
        mock.post(TOKENS, status=status, headers={"Location": "https://evil.example/token"})
        with pytest.raises(Garbled, match="redirige vers un autre serveur"):
            list(calendar().changes(None, NOTHING_KNOWN))
        assert len(mock.calls) == 1
