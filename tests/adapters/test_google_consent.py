"""A person's consent, from the address that is opened to the calendars that it opens, on Google's stand-in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from adapters.base import Denied, TryLater
from adapters.calendars.google.api import GoogleAccess
from adapters.calendars.google.calendar_list import list_calendars
from adapters.calendars.google.consent import EVENTS, LIST, Consent
from demo.googlestandin import OWNER, GoogleStandIn

BACK = "http://127.0.0.1:8765/"


@pytest.fixture
def google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as made:
        made.add_calendar(OWNER, "Cabinet")
        made.add_calendar("martin@group.calendar.google.com", "Dr Martin")
        yield made


def consent(google: GoogleStandIn, kind: str = "installed") -> Consent:
    return Consent(json.dumps(google.oauth_client(kind)), BACK)


def clicked(question: Consent) -> str:
    """The address that the person's browser ends at."""
    answer = requests.get(question.url.replace("https", "http", 1), timeout=5, allow_redirects=False)
    return answer.headers["Location"]


def test_the_token_opens_the_accounts_calendars(google: GoogleStandIn) -> None:
    question = consent(google)
    token = question.token(clicked(question))
    google.share("martin@group.calendar.google.com", OWNER, "reader")
    found = list_calendars(GoogleAccess(token, endpoint=google.root))
    assert [(one.name, one.calendar_id, one.rights) for one in found] == [
        ("Cabinet", OWNER, "lecture et écriture"),
        ("Dr Martin", "martin@group.calendar.google.com", "lecture seule"),
    ]


def test_it_asks_for_events_and_the_list_and_for_nothing_else(google: GoogleStandIn) -> None:
    question = consent(google)
    clicked(question)
    (seen,) = google.asked("consent")
    assert set(seen.asked.one("scope").split()) == {EVENTS, LIST}
    assert (seen.asked.one("access_type"), seen.asked.one("prompt")) == ("offline", "consent")
    assert seen.asked.one("code_challenge_method") == "S256"


def test_a_consent_given_twice_lasts_both_times(google: GoogleStandIn) -> None:
    for _ in range(2):
        question = consent(google)
        assert "refresh_token" in json.loads(question.token(clicked(question)))


def test_no_is_an_answer(google: GoogleStandIn) -> None:
    google.consent.denies = True
    question = consent(google)
    with pytest.raises(Denied, match="a été refusé"):
        question.token(clicked(question))


def test_the_box_that_was_left_out_is_named(google: GoogleStandIn) -> None:
    google.consent.unticked = frozenset({EVENTS})
    question = consent(google)
    with pytest.raises(Denied, match="toutes les cases"):
        question.token(clicked(question))


def test_an_answer_to_another_question_is_refused(google: GoogleStandIn) -> None:
    first, second = consent(google), consent(google)
    with pytest.raises(Denied, match="recommencez"):
        second.token(clicked(first))
    assert google.asked("token") == []
    answered = clicked(first)
    first.token(answered)
    with pytest.raises(Denied, match="recommencez"):
        first.token(answered)


@pytest.mark.parametrize("answered", ["", "bonjour", "http://127.0.0.1:8765/"])
def test_what_is_no_address_is_asked_for_again(google: GoogleStandIn, answered: str) -> None:
    with pytest.raises(Denied, match="barre d'adresse"):
        consent(google).token(answered)


def test_a_busy_google_is_asked_again_later(google: GoogleStandIn) -> None:
    question = consent(google)
    answered = clicked(question)
    google.fail_next("backendError", when="token")
    with pytest.raises(TryLater):
        question.token(answered)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"web": {"client_id": "a", "client_secret": "b"}}, "Application de bureau"),
        ({"type": "service_account", "private_key": "x"}, "compte de service"),
        ({"installed": {"client_id": "a"}}, "ID client OAuth"),
        ([], "ID client OAuth"),
    ],
)
def test_a_file_of_another_sort_is_named(held: Any, words: str) -> None:
    with pytest.raises(Denied, match=words):
        Consent(json.dumps(held), BACK)


def test_an_expired_consent_says_how_to_give_it_again(google: GoogleStandIn) -> None:
    question = consent(google)
    token = question.token(clicked(question))
    google.gate.revoke(OWNER)
    with pytest.raises(Denied, match="7 jours") as caught:
        list_calendars(GoogleAccess(token, endpoint=google.root))
    assert "attitre init --google-consent" in str(caught.value)
    again = consent(google)
    assert list_calendars(GoogleAccess(again.token(clicked(again)), endpoint=google.root))
