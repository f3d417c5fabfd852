"""A person's consent on the stand-in, as Google documents it for installed applications, or as far as is known."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow

from demo.googlestandin import OWNER
from tests.google.conftest import MARTIN, Office, client

EVENTS = "https://www.googleapis.com/auth/calendar.events"
LIST = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
BACK = "http://127.0.0.1:8765/"


def flow(office: Office) -> Flow:
    return Flow.from_client_config(office.google.oauth_client(), [EVENTS, LIST], redirect_uri=BACK)


def asked(office: Office, what: Flow, **more: str) -> dict[str, list[str]]:
    """Where the person's browser is sent to: the redirect's query."""
    url, _ = what.authorization_url(**more)
    answer = requests.get(url.replace("https", "http", 1), timeout=5, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(BACK)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def redeem(office: Office, what: Flow, code: str, **more: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code", "code": code, "client_id": "desk", "client_secret": "desk",
        "redirect_uri": BACK, "code_verifier": what.code_verifier or "",
    }  # fmt: skip
    return requests.post(office.google.token_uri, data=form | more, timeout=5)


def person(office: Office, token: dict[str, Any]) -> Any:
    return client(office.google, Credentials(token["access_token"]))


def test_consent_gives_a_code_and_the_code_a_refresh_token(office: Office) -> None:
    """Documented: code and state in the redirect; access_type=offline brings a refresh token."""
    what = flow(office)
    said = asked(office, what, state="abc")
    assert said["state"] == ["abc"]
    token = redeem(office, what, said["code"][0]).json()
    assert (token["token_type"], set(token["scope"].split())) == ("Bearer", {EVENTS, LIST})
    assert token["refresh_token"]
    assert [one["id"] for one in person(office, token).calendarList().list().execute()["items"]] == [MARTIN]


def test_a_code_is_good_once_and_only_with_its_verifier(office: Office) -> None:
    """Documented: PKCE; a code that was used is invalid_grant."""
    what = flow(office)
    code = asked(office, what)["code"][0]
    assert redeem(office, what, code, code_verifier="x" * 50).json()["error"] == "invalid_grant"
    code = asked(office, what)["code"][0]
    assert redeem(office, what, code).status_code == 200
    assert redeem(office, what, code).json()["error"] == "invalid_grant"


def test_the_redirect_of_the_exchange_is_that_of_the_question(office: Office) -> None:
    """Documented: redirect_uri_mismatch."""
    what = flow(office)
    code = asked(office, what)["code"][0]
    assert redeem(office, what, code, redirect_uri="http://127.0.0.1:1/").json()["error"] == "redirect_uri_mismatch"


def test_a_person_may_say_no(office: Office) -> None:
    """Documented: error=access_denied in the redirect."""
    office.google.consent.denies = True
    assert asked(office, flow(office))["error"] == ["access_denied"]


def test_a_person_may_leave_a_box_unticked(office: Office) -> None:
    """Documented: granular permissions; what was not granted is 403."""
    office.google.consent.unticked = frozenset({LIST})
    what = flow(office)
    token = redeem(office, what, asked(office, what)["code"][0]).json()
    assert token["scope"] == EVENTS
    assert office.refused(person(office, token).calendarList().list().execute) == (403, "insufficientPermissions")
    assert person(office, token).events().list(calendarId=MARTIN).execute()["items"] == []


@pytest.mark.parametrize(("more", "given"), [({}, False), ({"prompt": "consent"}, True)])
def test_a_second_consent_brings_a_refresh_token_only_when_asked_anew(
    office: Office, more: dict[str, str], given: bool
) -> None:
    """Documented: only the first authorization returns a refresh token, unless prompt=consent."""
    first, second = flow(office), flow(office)
    redeem(office, first, asked(office, first)["code"][0])
    token = redeem(office, second, asked(office, second, **more)["code"][0]).json()
    assert ("refresh_token" in token) is given


def test_a_new_consent_heals_an_expired_one(office: Office) -> None:
    """Inferred."""
    office.google.gate.known(OWNER, robot=False)
    office.google.gate.revoke(OWNER)
    what = flow(office)
    token = redeem(office, what, asked(office, what, prompt="consent")["code"][0]).json()
    assert token["refresh_token"]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example/"}, 400, "redirect_uri_mismatch"),
    ],
)
def test_a_wrong_question_is_a_page_and_no_redirect(
    office: Office, change: dict[str, str], status: int, words: str
) -> None:
    """Documented: Google shows the error itself; inferred: the status."""
    query = {"client_id": "desk", "redirect_uri": BACK, "response_type": "code", "scope": EVENTS} | change
    answer = requests.get(f"{office.google.root}/o/oauth2/auth", params=query, timeout=5, allow_redirects=False)
    assert (answer.status_code, words in answer.text) == (status, True)
