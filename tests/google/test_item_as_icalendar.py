"""An item of Google is read as the iCalendar event of the same meaning: the same occurrences, the same hash."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.google.payload import Events, parsed, resource
from tests.google.as_icalendar import read
from tests.google.test_items_fuzz import DAY, MOVED, SERIES, STUB, TIMED, WINDOW

PARIS = ZoneInfo("Europe/Paris")
EVENTS = Events(PARIS, b"secret", "google:martin")
_ZONES = ["Europe/Paris", "UTC", "America/New_York", "Asia/Kathmandu", "Mars/Olympus", ""]
_OFFSETS = ["+01:00", "Z", "+02:00", "-05:00", ".250+01:00", ""]
_CLOCKS = [
    "2027-01-11T10:00:00", "2027-01-11T10:30:00", "2027-03-28T02:30:00", "2026-10-25T01:30:00", "2026-10-25T02:30:00",
    "2027-10-31T02:59:59", "2027-01-11T23:45:00",
]  # fmt: skip
SIDE = st.builds(
    lambda clock, offset, zone: {"dateTime": clock + offset, **({"timeZone": zone} if zone else {})},
    st.sampled_from(_CLOCKS), st.sampled_from(_OFFSETS), st.sampled_from(_ZONES),
) | st.sampled_from(["2027-01-11", "2027-01-12", "2026-10-25"]).map(lambda day: {"date": day})  # fmt: skip
_LINES = st.lists(
    st.sampled_from([
        "RRULE:FREQ=WEEKLY;COUNT=5", "RRULE:FREQ=DAILY;UNTIL=20270120T100000Z",
        "RDATE;TZID=Europe/Paris:20270112T090000",
        "EXDATE;TZID=Europe/Paris:20270118T100000", "EXDATE;VALUE=DATE:20270118", "EXRULE:FREQ=WEEKLY;COUNT=2",
        "RDATE:x",
        "RDATE;VALUE=PERIOD:20270113T090000Z/PT1H", "RRULE:FREQ=SECONDLY",
    ]),
    max_size=3,
)  # fmt: skip
_PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"email": st.sampled_from(["a@x.fr", "B@x.fr ", ""])},
        optional={"self": st.booleans(), "responseStatus": st.sampled_from(["declined", "accepted"])},
    ),
    max_size=3,
)
_SIDES = dict.fromkeys(("start", "end", "originalStartTime"), SIDE)
_ODD = {
    **_SIDES, "recurrence": _LINES, "attendees": _PEOPLE, "endTimeUnspecified": st.booleans(),
    "organizer": st.sampled_from([{}, {"email": "o@x.fr"}, {"email": "o@x.fr", "self": True}]),
    "status": st.sampled_from(["confirmed", "tentative", "cancelled", "", "else"]),
    "visibility": st.sampled_from(["default", "private", "confidential", "public"]),
    "transparency": st.sampled_from(["opaque", "transparent"]),
    "eventType": st.sampled_from(["default", "outOfOffice", "focusTime", ""]),
    "updated": st.sampled_from(["2026-11-01T08:00:01.999Z", "2026-11-01T08:00:01+02:00", ""]),
    "summary": st.sampled_from(["DUPONT Marie", "✓ DUPONT\nMarie", "a\\nb;c,\\,", "\x00\ud800", ""]),
    "description": st.sampled_from([
        "Mobile : 06", "<p>née</p><br>x", "a\\n\\\\b", "x\n── attitre ──\ny\n── fin ──", "\r\n", "",
    ]),
    "location": st.sampled_from(["Cabinet, 3", ""]),
}  # fmt: skip


@st.composite
def meant(draw: st.DrawFn, items: list[dict[str, Any]]) -> dict[str, Any]:
    """An item in which some fields are missing or others that Google may send."""
    item = dict(draw(st.sampled_from(items)))
    for name in draw(st.lists(st.sampled_from(sorted(_ODD)), max_size=5)):
        item[name] = draw(_ODD[name])
    for name in draw(st.lists(st.sampled_from(sorted(set(item) - {"id", "start"})), max_size=2)):
        item.pop(name, None)
    return item


@given(meant([TIMED, DAY, SERIES, MOVED]), st.lists(meant([MOVED, STUB]), max_size=3))
def test_an_item_reads_as_the_icalendar_event_of_the_same_meaning(
    item: dict[str, Any], instances: list[dict[str, Any]]
) -> None:
    payload = resource(item, instances).payload
    reading = EVENTS.read("ev1", payload, WINDOW)
    try:
        expanded, semantic = read(*parsed(payload), WINDOW, PARIS)
    except Exception:
        assert reading.problem == "event-unreadable"
        return
    assert (reading.events, reading.problem, reading.semantic) == (expanded.events, expanded.problem, semantic)
