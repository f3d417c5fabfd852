"""Whatever stands in Google's items: no exception, nothing of hers changed, and no item hides another (laws L1,
L10)."""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.base import NOTHING_KNOWN
from adapters.calendars.google import patch
from adapters.calendars.google.calendar import GoogleCalendar
from adapters.calendars.google.payload import Events, parsed, resource, version_of
from rules.model import Annotation

PARIS = ZoneInfo("Europe/Paris")
EVENTS = Events(PARIS, b"secret", "google:martin")
WINDOW = (datetime(2026, 10, 1, tzinfo=PARIS), datetime(2027, 12, 1, tzinfo=PARIS))
WANTED = Annotation("⚠ ", ("Contrôle, 30 min ; DUPONT Marie", "✗ Mobile manquant : écrivez « 06 & < »"))
OTHER, NOTHING = Annotation("✓ ", ("Tout va bien",)), Annotation()
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

_AT = {"dateTime": "2027-01-11T10:00:00+01:00", "timeZone": "Europe/Paris"}
_TO = {"dateTime": "2027-01-11T10:30:00+01:00", "timeZone": "Europe/Paris"}
TIMED = {
    "id": "ev1", "iCalUID": "ev1@google.com", "etag": '"1"', "status": "confirmed", "eventType": "default",
    "summary": "DUPONT Marie – détartrage", "description": "Mobile : 06 12 34 56 78", "location": "Cabinet",
    "start": _AT, "end": _TO, "sequence": 0, "created": "2026-11-01T08:00:00.000Z", "transparency": "opaque",
    "updated": "2026-11-01T08:00:01.000Z", "organizer": {"email": "martin@x", "self": True}, "visibility": "default",
}  # fmt: skip
DAY = {**TIMED, "start": {"date": "2027-01-11"}, "end": {"date": "2027-01-12"}}
SERIES = {**TIMED, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE;TZID=Europe/Paris:20270118T100000"]}
MOVED = {
    **TIMED, "id": "ev1_1", "recurringEventId": "ev1",
    "originalStartTime": {**_AT, "dateTime": "2027-01-25T10:00:00+01:00"},
    "start": {**_AT, "dateTime": "2027-01-25T11:00:00+01:00"}, "end": {**_TO, "dateTime": "2027-01-25T11:30:00+01:00"},
}  # fmt: skip
STUB = {
    "id": "ev1_2", "status": "cancelled", "recurringEventId": "ev1",
    "originalStartTime": {**_AT, "dateTime": "2027-02-01T10:00:00+01:00"},
}  # fmt: skip

_texts = st.sampled_from([
    "", " ", "<p>née</p>", "<br>" * 50, "&nbsp;&amp;&#0;&#xD800;", "\ud800", "\x00", "é" * 5000, "<a " * 2000,
    "── attitre ──", "── attitre ──\nx\nréf. abcdefghijklmnop\n── fin ──", "<div>── attitre ──<br>x<br>── fin ──</div>",
    "✓ DUPONT", "⚠ ✓ ", "⚠\ufe0f x", "\r\n\r", "a\u2028b", "DUPONT Marie", "<html-blob>x</html-blob>", "null",
])  # fmt: skip
_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["date", "email", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)
_sides = st.sampled_from([
    {}, {"date": "2027-02-30"}, {"date": ""}, {"date": "99999-01-01"}, {"dateTime": "2027-01-11"}, {"dateTime": "x"},
    {"dateTime": "0001-01-01T00:00:00+14:00"}, {"dateTime": "9999-12-31T23:59:59-12:00"}, {"dateTime": None},
    {"dateTime": "2027-01-11T10:00:00"}, {**_AT, "timeZone": "Mars/Olympus"}, {**_AT, "timeZone": ""},
    {"timeZone": "UTC"},
    {"dateTime": "2027-03-28T02:30:00+01:00", "timeZone": "Europe/Paris"}, {**_AT, "timeZone": 7},
    {**_AT, "date": "2027-01-11"},
])  # fmt: skip
_rules = st.sampled_from([
    [], ["RRULE:FREQ=SECONDLY"], ["RRULE:FREQ=DAILY;INTERVAL=0"], ["EXRULE:FREQ=DAILY"], ["RDATE:x"], ["x"], [None],
    "RRULE",
    ["RRULE:FREQ=DAILY;UNTIL=20270120"], ["EXDATE;TZID=:20270118"], ["DTSTART:20270101T000000Z"], ["SUMMARY:autre"],
])  # fmt: skip
_OTHER = {"start": _sides, "end": _sides, "originalStartTime": _sides, "recurrence": _rules, "summary": _texts,
          "description": _texts}  # fmt: skip
_FIELDS = sorted(
    {*TIMED, *MOVED, "recurrence", "attendees", "locked", "endTimeUnspecified", "extendedProperties"} - {"id"}
)


@st.composite
def mutated(draw: st.DrawFn, item: dict[str, Any]) -> dict[str, Any]:
    """Fields missing, of another type, of another meaning. Its id stays: without one it is no item at all."""
    found = dict(item)
    for name in draw(st.lists(st.sampled_from(_FIELDS), max_size=4)):
        match draw(st.sampled_from(["lost", "any", "odd", "odd"])):
            case "lost":
                found.pop(name, None)
            case "any":
                found[name] = draw(_any)
            case _:
                found[name] = draw(_OTHER.get(name, _texts))
    return found


ITEM = st.sampled_from([TIMED, DAY, SERIES]).flatmap(mutated)
INSTANCES = st.lists(st.sampled_from([MOVED, STUB]).flatmap(mutated), max_size=2)


@slow
@given(ITEM, INSTANCES)
def test_l10_whatever_stands_in_an_item_it_is_kept_and_read(
    item: dict[str, Any], instances: list[dict[str, Any]]
) -> None:
    kept = resource(item, instances)
    reading = EVENTS.read("ev1", kept.payload, WINDOW)
    assert reading == EVENTS.read("ev1", kept.payload, WINDOW)
    assert reading.problem in {"", "event-unreadable", "recurrence-refused"}
    assert kept.version is None or isinstance(kept.version, str)
    assert version_of(kept.payload) == kept.version
    for event in reading.events:  # every text can be kept by any database
        for text in (event.uid, event.title, event.description, event.location, event.kind):
            assert "\0" not in text.encode().decode()


@slow
@given(
    st.fixed_dictionaries({"master": _any, "exceptions": _any}).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
    | _any.map(lambda value: json.dumps(value).encode())
    | st.text(max_size=99).map(str.encode)
)
def test_l10_any_payload_is_read(payload: bytes) -> None:
    assert EVENTS.read("ev1", payload, WINDOW).problem == "event-unreadable"
    assert version_of(payload) is None


@slow
@given(ITEM)
def test_l1_hers_comes_back_whatever_she_wrote(item: dict[str, Any]) -> None:
    payload = resource(item).payload
    before = EVENTS.read("ev1", payload, WINDOW)
    if before.blocked or before.problem:
        return
    kept = parsed(payload)[0]
    token, hers = EVENTS.token("ev1", kept), patch.without(patch.texts(kept))
    once = kept | patch.changes(kept, WANTED, token)
    assert patch.without(patch.texts(once)) == hers
    assert patch.changes(once, WANTED, token) == {}
    twice = once | patch.changes(once, OTHER, token)
    assert twice | patch.changes(twice, WANTED, token) == once
    after = EVENTS.read("ev1", resource(once).payload, WINDOW)
    assert (after.annotation, after.semantic, after.foreign_block) == (WANTED, before.semantic, False)
    assert after.events == before.events


@slow
@given(st.lists(ITEM, max_size=3), INSTANCES, st.booleans())
def test_l10_an_odd_item_hides_no_other(
    items: list[dict[str, Any]], instances: list[dict[str, Any]], whole: bool
) -> None:
    odd = [{**item, "id": f"odd{number}"} for number, item in enumerate(items)]
    fine = {**TIMED, "id": "fine"}
    calendar = answering([*odd, *instances, fine])
    since = None if whole else next(iter(answering([]).changes(None, NOTHING_KNOWN))).cursor
    found = {body.ref for page in calendar.changes(since, NOTHING_KNOWN) for body in page.resources}
    assert "fine" in found


def answering(items: list[dict[str, Any]]) -> GoogleCalendar:
    """A calendar whose every question is answered with these."""
    said = json.loads(json.dumps({"items": items, "nextSyncToken": "next"}))
    ask = SimpleNamespace(list=lambda **_: said, instances=lambda **_: said, get=lambda **_: TIMED)
    access = SimpleNamespace(events=ask, ask=lambda request: request)
    return GoogleCalendar(access, "martin", zone=PARIS, secret=b"secret")  # type: ignore[arg-type]
