"""One event under two names on a real server: moved by MOVE, or saved again under a second name where that is taken."""

from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from tests.flows.conftest import Practice

WHO = ("cabinet", "lilas")


def saved_as(url: str, body: str) -> bool:
    """Whether the server takes the UID a second time (RFC 4791 5.3.2.1 lets it refuse)."""
    put = {"Content-Type": "text/calendar; charset=utf-8"}
    answer = requests.put(url, body.encode(), headers=put, auth=WHO, timeout=30)
    assert answer.ok or answer.status_code in {403, 409, 412}
    return answer.ok


def test_an_event_that_the_server_renames_stays_one_appointment(practice: "Practice") -> None:
    event = practice.martin.sees(practice.confirmed())
    renamed = practice.martin.calendar + "renamed.ics"
    old = event.url
    requests.request("MOVE", old, headers={"Destination": renamed}, auth=WHO, timeout=30).raise_for_status()
    for _ in range(3):
        practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)


def test_an_event_under_two_names_stays_one_appointment(practice: "Practice") -> None:
    event = practice.martin.sees(practice.confirmed())
    twice = saved_as(practice.martin.calendar + "second.ics", event.raw)
    practice.sync()
    practice.sync()
    assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
    if twice:
        practice.martin.deletes(event)
        practice.sync()
        practice.sync()
        assert (len(practice.sms()), len(practice.subjects())) == (1, 1)
