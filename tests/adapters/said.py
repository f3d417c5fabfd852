"""Small calendar objects, and what is read of them: for the tests of times and versions."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from adapters.base import Reading
from adapters.calendars.ical.resource import Ics
from rules.model import Status

PARIS = ZoneInfo("Europe/Paris")


def read(*events: str, zone: ZoneInfo = PARIS, uid: str = "UID:u1") -> Reading:
    """What an object of these events says of 2027. An event: its lines, apart by blanks."""
    whole = "".join(
        "\r\n".join(("BEGIN:VEVENT", *filter(None, (uid,)), "SUMMARY:Soin", *event.split(), "END:VEVENT", ""))
        for event in events
    )
    payload = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{whole}END:VCALENDAR\r\n".encode()
    window = datetime(2027, 1, 1, tzinfo=zone), datetime(2028, 1, 1, tzinfo=zone)
    return Ics(zone, b"secret", "https://dav.example/martin/").read("a.ics", payload, window)


def shown(*events: str, zone: ZoneInfo = PARIS) -> list[str]:
    """Start and end of each on the practice's clock, without what is cancelled."""
    reading = read(*events, zone=zone)
    assert reading.problem == ""
    standing = [event for event in reading.events if event.status is not Status.CANCELLED]
    return [f"{event.start:%d/%m %H:%M}–{event.end:%d/%m %H:%M}" for event in standing]


def starts(*events: str, zone: ZoneInfo = PARIS) -> list[str]:
    return [text.partition("–")[0] for text in shown(*events, zone=zone)]


def exact(reading: Reading) -> list[tuple[str, int]]:
    """Start in UTC and the minutes until the end, as they pass."""
    return [
        (f"{event.start.astimezone(UTC):%d %H:%M}", round((event.end.timestamp() - event.start.timestamp()) / 60))
        for event in reading.events
    ]
