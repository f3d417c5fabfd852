"""Whatever reaches us as an event: no exception, hers stays, and it is read as the full parser reads it (laws L1,
L10)."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.base import Reading
from adapters.calendars.ical.component import plain_title
from adapters.calendars.ical.component import storable as kept
from adapters.calendars.ical.resource import Ics
from rules.model import Annotation, CalendarEvent
from tests.adapters.mutations import CLIENTS, mutated, written
from tests.corpus import FILES

PARIS = ZoneInfo("Europe/Paris")
ICS = Ics(PARIS, b"secret", "https://dav.example/martin/")
WINDOW = (datetime(2026, 10, 1, tzinfo=PARIS), datetime(2027, 12, 1, tzinfo=PARIS))
WANTED = Annotation("⚠ ", ("Contrôle, 30 min ; DUPONT Marie", "✗ Mobile manquant : écrivez « 06 12 34 56 78 »"))
OTHER = Annotation("✓ ", ("Tout va bien",))
NOTHING = Annotation()
slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
real = st.sampled_from(FILES).map(lambda file: file.read_bytes()[:20_000]) if FILES else st.nothing()
anything = mutated(written())


def read(payload: bytes) -> Reading:
    return ICS.read("a.ics", payload, WINDOW)


def splice(payload: bytes, annotation: Annotation) -> bytes | None:
    return ICS.splice("a.ics", payload, annotation)


def holds(payload: bytes) -> None:
    """The laws of one resource, whatever it is."""
    started, hers, before = time.process_time(), ICS.strip(payload), read(payload)
    assert before.events or before.problem or not before.sole or b"BEGIN:VEVENT" not in payload.upper()
    assert ICS.strip(hers) == hers
    storable(before)
    assert before == read(payload)
    once = splice(payload, WANTED)
    assert (once is None) == bool(before.blocked)
    if once is None:
        assert splice(payload, NOTHING) is None
    else:
        writable(payload, hers, before, once)
    assert time.process_time() - started < 5


def storable(reading: Reading) -> None:
    """Every text can be kept by any database: one that cannot would take its whole calendar down."""
    for event in reading.events:
        for text in (event.uid, event.title, event.description, event.location, *event.categories):
            assert "\0" not in text.encode().decode()


def writable(payload: bytes, hers: bytes, before: Reading, once: bytes) -> None:
    """Annotated, read again, taken out: hers in every byte; twice is once."""
    after = read(once)
    assert ICS.strip(once) == hers
    assert splice(once, WANTED) == once
    assert splice(payload, NOTHING) == hers
    assert splice(once, NOTHING) == hers
    assert splice(splice(payload, OTHER) or b"", WANTED) == once
    assert (after.annotation, after.foreign_block, after.rival) == (WANTED, False, "")
    assert (after.semantic, after.events, after.problem) == (before.semantic, before.events, before.problem)
    assert after.blocked == ""


@slow
@given(anything)
def test_l1_l10_whatever_befell_an_event_it_is_read_and_hers_stays(payload: bytes) -> None:
    holds(payload)


@slow
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_l10_any_bytes_are_read(payload: bytes) -> None:
    holds(payload)
    holds(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20270111T090000Z\r\n" + payload + b"\r\nEND:VEVENT\r\n")


@pytest.mark.skipif(not FILES, reason="no folder of real files was given (--corpus)")
@slow
@given(mutated(real))
def test_l1_l10_whatever_befell_a_real_file_it_is_read_and_hers_stays(payload: bytes) -> None:
    holds(payload)


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_an_event_of_each_client_is_read_and_can_be_written_to(client: str) -> None:
    text = CLIENTS[client].replace("{title}", "DUPONT Marie").replace("{text}", "née Martin").replace("\n", "\r\n")
    reading = read(text.encode())
    assert (reading.problem, reading.blocked) == ("", "")
    assert {event.title for event in reading.events} == {"DUPONT Marie"}
    assert reading.events[0].start == datetime(2027, 1, 11, 0 if client == "a day" else 10, tzinfo=PARIS)
    holds(text.encode())


_HEAD, _DAY = "BEGIN:VCALENDAR\nVERSION:2.0\n", "UID:d-1\nDTSTART:20270111T090000Z\nDTEND:20270111T093000Z\n"
FOUND = {
    "an event in an event": f"{_HEAD}BEGIN:VEVENT\n{_DAY}BEGIN:VEVENT\nSUMMARY:y\nEND:VEVENT\nEND:VEVENT\n",
    "two beginnings": f"BEGIN:VEVENT\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n{_HEAD}BEGIN:VEVENT\n{_DAY}END:VEVENT\n",
    "an open quote": f'{_HEAD}BEGIN:VEVENT\nSUMMARY;X="a:b\n{_DAY}SUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n',
    "two versions": f"VERSION:1.0\n{_HEAD}BEGIN:VEVENT\n{_DAY}SUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n",
    "an end before": f"END:VEVENT\n{_HEAD}BEGIN:VEVENT\n{_DAY}SUMMARY:x\nEND:VCALENDAR\n",
    "an end of nothing": (
        f"{_HEAD}BEGIN:VEVENT\nEND\n{_DAY}END:VALARM\nBEGIN:VALARM\nDESCRIPTION:Rappel\nEND:VALARM\nEND:VEVENT\n"
    ),
    "an end with a tail": f"{_HEAD}BEGIN:VEVENT\n{_DAY}SUMMARY:x\nEND:VEVENT\x01\nEND:VCALENDAR\n",
    "a stray return": f"{_HEAD}BEGIN:VEVENT\r\n{_DAY}END:VEVENT\nBEGIN:VEVENT\n{_DAY}SUMMARY:y\nEND:VEVENT\n",
}


@pytest.mark.parametrize("what", sorted(FOUND))
def test_reader_and_writer_agree_on_what_an_odd_event_is(what: str) -> None:
    holds(FOUND[what].replace("\n", "\r\n").encode())


def test_p08_where_the_end_stands_twice_none_is_changed() -> None:
    payload = f"{_HEAD}BEGIN:VEVENT\n{_DAY}DTEND:20270111T100000Z\nEND:VEVENT\nEND:VCALENDAR\n".encode()
    assert ICS.splice("a.ics", payload, NOTHING, datetime(2027, 1, 11, 11, tzinfo=PARIS)) is None


@slow
@given(mutated(written()), st.integers(1, 600))
def test_p08_a_new_end_changes_the_end_and_nothing_else(payload: bytes, minutes: int) -> None:
    before = read(payload)
    if not before.events:
        return
    end = before.events[0].start + timedelta(minutes=minutes)
    changed = ICS.splice("a.ics", payload, NOTHING, end)
    if changed is None:
        return
    [after] = read(changed).events
    assert after.end == end
    told = (before.events[0].title, before.events[0].description, before.events[0].start)
    assert (after.title, after.description, after.start) == told


# --- held equal to the full parser -----------------------------------------------------------------------------------


def full(payload: bytes) -> tuple[str, str, datetime] | None:
    """The sole event as icalendar reads it: title, text, start. None where it refuses, loses a line, or says something
    that is no start."""
    import icalendar

    try:
        payload.decode()
        events = icalendar.Calendar.from_ical(payload).walk("VEVENT")
        moment = events[0].decoded("DTSTART")
        texts = [events[0].get(name, "") for name in ("SUMMARY", "DESCRIPTION")]
    except Exception:
        return None
    if len(events) != 1 or events[0].errors or any(isinstance(one, list) for one in (moment, *texts)):
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, datetime.min.time())
    title, text = (kept(str(text)) for text in texts)
    return plain_title(title).strip(), text.strip(), moment if moment.tzinfo else moment.replace(tzinfo=PARIS)


def seen(event: CalendarEvent) -> tuple[str, str, datetime]:
    return event.title.strip(), event.description.strip(), event.start


HARMLESS = ("loses_a_line", "doubles_a_line", "moves_a_line", "refolds", "flips")
PLAIN = st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"], include_characters=",;.:'()-"), max_size=60)


@st.composite
def plain(draw: st.DrawFn) -> bytes:
    """An event without what we read otherwise on purpose: marks, HTML, our block, Windows' names of zones, series."""
    name = draw(st.sampled_from(sorted(set(CLIENTS) - {"outlook", "a series"})))
    words = [draw(PLAIN).replace("\\", "").replace(";", "\\;").replace(",", "\\,") for _ in range(2)]
    return CLIENTS[name].replace("{title}", words[0]).replace("{text}", words[1]).replace("\n", "\r\n").encode()


def frame(payload: bytes) -> list[bytes]:
    """What opens and closes; where that is broken, each reader guesses for itself."""
    return [line.strip() for line in payload.upper().split(b"\n") if line.startswith((b"BEGIN", b"END"))]


@slow
@given(st.data(), plain())
def test_what_both_read_both_read_alike(data: st.DataObject, payload: bytes) -> None:
    from tests.adapters import mutations

    whole = frame(payload)
    for name in data.draw(st.lists(st.sampled_from(HARMLESS), max_size=3)):
        payload = getattr(mutations, name)(data.draw, payload)
    expected, events = full(payload), read(payload).events
    if expected is not None and len(events) == 1 and frame(payload) == whole:
        assert seen(events[0]) == expected, payload
