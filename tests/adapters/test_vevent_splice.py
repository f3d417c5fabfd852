"""Law L1: her text is hers, byte for byte, whatever her client wrote."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.calendars.ical import block
from adapters.calendars.ical.contentlines import scan
from adapters.calendars.ical.resource import Ics
from rules.model import Annotation
from tests.corpus import FILES

PARIS = ZoneInfo("Europe/Paris")
ICS = Ics(PARIS, b"secret", "https://dav.example/martin/")
WINDOW = (datetime(2026, 10, 1, tzinfo=PARIS), datetime(2027, 12, 1, tzinfo=PARIS))
WANTED = Annotation(
    "⚠ ", ("Contrôle, 30 min ; DUPONT Marie", "✗ Mobile manquant : écrivez « 06 12 34 56 78 »", "  - lundi, 9 h")
)


def ics(*lines: str, eol: str = "\r\n") -> bytes:
    head = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        "UID:u1",
        "DTSTART:20270111T090000Z",
        "DTEND:20270111T093000Z",
    )
    return (eol.join((*head, *lines, "END:VEVENT", "END:VCALENDAR")) + eol).encode()


signs = st.sampled_from(
    ["a", "é", "⚠", " ", "\\n", "\\,", "\\;", "\\\\", ":", "<br>", "€", "😀", "<p>", "&nbsp;", "── fin ──", "✓ ", "\\N"]
)
values = st.lists(signs, max_size=60).map("".join)
params = st.sampled_from(["", ";LANGUAGE=fr", ';X-A="b:c;d"', ";LANGUAGE=fr;X-B=1"])
eols = st.sampled_from(["\r\n", "\n"])


@st.composite
def texts(draw: st.DrawFn, name: str) -> list[str]:
    """A property as a client may write it: missing, empty, lower case, with parameters, folded anywhere."""
    if draw(st.booleans()) and draw(st.booleans()):
        return []
    line = draw(st.sampled_from([name, name.lower()])) + draw(params) + ":" + draw(values)
    cuts = sorted(draw(st.sets(st.integers(1, max(len(line) - 1, 1)), max_size=4)))
    pieces = [line[start:end] for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True)]
    return ["\n ".join(pieces)]


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    lines = draw(texts("DESCRIPTION")) + draw(texts("SUMMARY")) + draw(texts("LOCATION"))
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Rappel", "TRIGGER:-PT15M", "END:VALARM"]
    lines += draw(st.sampled_from([[], alarm, ["X-APPLE-ODD;=:;;", "pas une ligne"], ["DESCRIPTION:deux"], [""]]))
    data = ics(*lines).replace(b"\r\n", b"\n").replace(b"\n", draw(eols).encode())
    return data if draw(st.booleans()) else data.removesuffix(b"\n").removesuffix(b"\r")


annotations = st.builds(
    Annotation,
    st.sampled_from(["", "⚠ ", "✓ "]),
    st.lists(st.text(st.sampled_from("aé✗ ,;\\:😀<>&"), max_size=90).map(str.strip), max_size=4).map(tuple),
)
often = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@often
@given(payloads(), annotations)
def test_taking_our_part_out_gives_back_every_byte(payload, annotation):
    spliced = ICS.splice("a.ics", payload, annotation)
    assert spliced is not None
    assert ICS.strip(spliced) == payload


FOLDED_MARK = ics("DESCRIPTION:", "SUMMARY:\r\n ✓ ")


@often
@given(payloads(), annotations, annotations)
@example(FOLDED_MARK, Annotation("", ("",)), Annotation("", ()))
@example(FOLDED_MARK, Annotation("", ()), Annotation("", ("",)))
@example(FOLDED_MARK, Annotation("⚠ ", ("a",)), Annotation("✓ ", ("a",)))
@example(FOLDED_MARK, Annotation("✓ ", ("a",)), Annotation("", ("a",)))
def test_writing_over_our_part_leaves_no_trace_of_the_first(payload, first, second):
    once = ICS.splice("a.ics", payload, first)
    assert ICS.splice("a.ics", once, second) == ICS.splice("a.ics", payload, second)
    assert ICS.strip(ICS.splice("a.ics", once, second)) == ICS.strip(once)


@often
@given(payloads())
def test_what_was_written_is_what_is_read(payload):
    before, after = ICS.read("a.ics", payload, WINDOW), ICS.read("a.ics", ICS.splice("a.ics", payload, WANTED), WINDOW)
    assert after.annotation == WANTED
    assert (after.semantic, after.events, after.foreign_block) == (before.semantic, before.events, False)


@often
@given(payloads(), annotations)
def test_c18_no_line_of_ours_is_longer_than_75_octets_or_splits_a_sign(payload, annotation):
    spliced = ICS.splice("a.ics", payload, annotation)
    longest = max(len(line) for line in payload.split(b"\n"))
    for line in spliced.split(b"\n"):
        line.decode()
        assert len(line.removesuffix(b"\r")) <= max(75, longest)


@pytest.mark.skipif(not FILES, reason="the corpus of client files is not here")
def test_c17_real_client_files_come_back_byte_for_byte():
    written = 0
    for file in FILES:
        payload = file.read_bytes()
        spliced = ICS.splice("a.ics", payload, WANTED)
        assert (spliced is None) == bool(ICS.read("a.ics", payload, WINDOW).blocked), file.name
        if spliced is not None:
            written += 1
            assert ICS.strip(spliced) == payload, file.name
            assert ICS.read("a.ics", spliced, WINDOW).annotation == WANTED, file.name
    assert written > 150


@pytest.mark.skipif(not FILES, reason="the corpus of client files is not here")
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_real_file_damaged_anywhere_is_read_and_comes_back(data):
    payload = bytearray(data.draw(st.sampled_from(FILES)).read_bytes()[:6000])
    for place in data.draw(st.lists(st.integers(0, max(len(payload) - 1, 0)), max_size=5)):
        payload[place : place + 1] = data.draw(
            st.sampled_from([b"", b"\n", b" ", b":", b'"', b"\xff", b"\\", b"\r\n "])
        )
    spliced = ICS.splice("a.ics", bytes(payload), WANTED)
    ICS.read("a.ics", bytes(payload), WINDOW)
    assert spliced is None or ICS.strip(spliced) == ICS.strip(bytes(payload))


def test_c01_only_our_lines_differ():
    payload = ics("SUMMARY:DUPONT Marie", "DESCRIPTION;LANGUAGE=fr:née le 3/4/1980", "X-APPLE-TRAVEL:1", "SEQUENCE:4")
    hers, ours = payload.decode().split("\r\n"), ICS.splice("a.ics", payload, WANTED).decode().split("\r\n")
    assert [line for line in hers if line not in ours] == ["SUMMARY:DUPONT Marie"]
    assert "SUMMARY:⚠ DUPONT Marie" in ours


def test_c19_when_nothing_is_to_be_said_the_file_is_hers_again():
    payload = ics("SUMMARY:DUPONT Marie")
    assert ICS.splice("a.ics", ICS.splice("a.ics", payload, WANTED), Annotation()) == payload


def test_d05_a_copied_event_carries_a_block_that_is_not_its_own():
    original = ICS.splice("a.ics", ics("SUMMARY:DUPONT Marie"), WANTED)
    copy = original.replace(b"UID:u1", b"UID:u2")
    assert not ICS.read("a.ics", original, WINDOW).foreign_block
    assert ICS.read("b.ics", copy, WINDOW).foreign_block
    assert not ICS.read("b.ics", ICS.splice("b.ics", copy, WANTED), WINDOW).foreign_block


def test_d03_an_alarm_dismissed_in_thunderbird_changes_no_meaning():
    before = ics("SUMMARY:DUPONT Marie", "SEQUENCE:1")
    after = ics(
        "SUMMARY:DUPONT Marie", "SEQUENCE:2", "X-MOZ-LASTACK:20270111T080000Z", "LAST-MODIFIED:20270111T080000Z"
    )
    assert ICS.read("a.ics", before, WINDOW).semantic == ICS.read("a.ics", after, WINDOW).semantic


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ATTENDEE:mailto:a@example.fr", "attendees"),
        ("ORGANIZER:mailto:a@example.fr", "attendees"),
        ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:n=E9", "encoding"),
        ("DESCRIPTION:coupé\\", "escape"),
    ],
)
def test_c12_what_cannot_be_written_safely_says_why(line, reason):
    assert ICS.read("a.ics", ics(line), WINDOW).blocked == reason
    assert ICS.splice("a.ics", ics(line), WANTED) is None


@pytest.mark.parametrize(
    "odd", [b"", b"\xff\xfe", b"\0" * 50, b"<xml/>", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"x" * 3_000_000]
)
def test_garbage_is_a_problem_and_never_an_exception(odd):
    reading = ICS.read("a.ics", odd, WINDOW)
    assert (reading.problem, reading.events, ICS.splice("a.ics", odd, WANTED)) == ("event-unreadable", (), None)
    assert ICS.strip(odd) == odd


def test_latin_1_bytes_are_read_but_not_written_into():
    payload = ics("SUMMARY:DUPONT Zoé").replace("é".encode(), b"\xe9")
    reading = ICS.read("a.ics", payload, WINDOW)
    assert reading.events[0].title.startswith("DUPONT Zo")
    assert (reading.blocked, ICS.splice("a.ics", payload, WANTED)) == ("encoding", None)


def test_p08_only_the_value_of_the_end_changes():
    end = datetime(2027, 1, 11, 11, 15, tzinfo=PARIS)
    zoned = ics("X-A:1").replace(b"DTEND:20270111T093000Z", b"DTEND;TZID=Europe/Paris:20270111T103000")
    lasting = ics("X-A:1").replace(b"DTEND:20270111T093000Z", b"DURATION:PT30M")
    assert ICS.splice("a.ics", ics("X-A:1"), Annotation(), end) == ics("X-A:1").replace(b"T093000Z", b"T101500Z")
    assert ICS.splice("a.ics", zoned, Annotation(), end) == zoned.replace(b"T103000", b"T111500")
    assert ICS.splice("a.ics", lasting, Annotation(), end) == lasting.replace(b"PT30M", b"PT75M")


ALARM = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT1H", "DESCRIPTION:Rappel", "END:VALARM")
START = datetime(2027, 2, 3, 15, 0, tzinfo=PARIS)
AN_HOUR_LATER, HALF_AN_HOUR_LATER = START + timedelta(hours=1), START + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("hers", "becomes"),
    [
        ((b"20270111T090000Z", b"20270111T093000Z"), (b"20270203T140000Z", b"20270203T143000Z")),
        (
            (b"DTSTART;TZID=Europe/Paris:20270111T100000", b"DTEND;TZID=Europe/Paris:20270111T103000"),
            (b"DTSTART;TZID=Europe/Paris:20270203T150000", b"DTEND;TZID=Europe/Paris:20270203T153000"),
        ),
        (
            (b"DTSTART;TZID=America/New_York:20270111T040000", b"DTEND:20270111T093000Z"),
            (b"DTSTART;TZID=America/New_York:20270203T090000", b"DTEND:20270203T143000Z"),
        ),
        (
            (b"DTSTART:20270111T100000", b"DTEND:20270111T103000"),
            (b"DTSTART:20270203T150000", b"DTEND:20270203T153000"),
        ),
        (
            (b"DTSTART;TZID=Europe/Paris:20270111T100000", b"DURATION:PT0H30M"),
            (b"DTSTART;TZID=Europe/Paris:20270203T150000", b"DURATION:PT0H30M"),
        ),
    ],
)
def test_p45_only_the_values_of_start_and_end_change(hers, becomes):
    plain = ics("X-A:1", *ALARM)
    start, end = (b"DTSTART:20270111T090000Z", b"DTEND:20270111T093000Z")
    if hers[0].startswith(b"DTSTART"):
        plain = plain.replace(start, hers[0]).replace(end, hers[1])
    expected = plain.replace(hers[0], becomes[0]).replace(hers[1], becomes[1])
    assert plain != expected
    assert ICS.splice("a.ics", plain, Annotation(), HALF_AN_HOUR_LATER, START) == expected
    ours = ICS.splice("a.ics", plain, WANTED)
    moved = ICS.splice("a.ics", ours, WANTED, HALF_AN_HOUR_LATER, START)
    assert ICS.strip(moved) == expected
    assert ICS.read("a.ics", moved, WINDOW).annotation == ICS.read("a.ics", ours, WINDOW).annotation


@pytest.mark.parametrize(
    "odd", [("RRULE:FREQ=WEEKLY",), ("END:VEVENT", "BEGIN:VEVENT", "UID:u2", "DTSTART:20270112T100000Z")]
)
def test_p45_what_repeats_or_is_not_alone_is_not_moved(odd):
    assert ICS.splice("a.ics", ics(*odd), Annotation(), HALF_AN_HOUR_LATER, START) is None


def test_p45_a_whole_day_is_not_moved_and_no_end_comes_before_its_start():
    day = ics("X-A:1").replace(b"DTSTART:20270111T090000Z", b"DTSTART;VALUE=DATE:20270111")
    day = day.replace(b"DTEND:20270111T093000Z", b"DTEND;VALUE=DATE:20270112")
    assert ICS.splice("a.ics", day, Annotation(), HALF_AN_HOUR_LATER, START) is None
    assert ICS.splice("a.ics", ics("X-A:1"), Annotation(), START, AN_HOUR_LATER) is None


def test_a_repeated_event_is_annotated_in_its_master_only():
    payload = ics("RRULE:FREQ=DAILY;COUNT=2", "DESCRIPTION:x", "END:VEVENT", "BEGIN:VEVENT", "UID:u1",
                  "RECURRENCE-ID:20270112T090000Z", "DTSTART:20270112T100000Z", "DESCRIPTION:y")  # fmt: skip
    lines = [line for line in scan(ICS.splice("a.ics", payload, WANTED)) if line.name == "DESCRIPTION"]
    assert [block.START in line.value.decode() for line in lines] == [True, False]


def test_the_same_block_is_read_after_a_server_folded_it_elsewhere():
    spliced = ICS.splice("a.ics", ics("SUMMARY:DUPONT", "DESCRIPTION:née"), WANTED)
    flat = spliced.replace(b"\r\n ", b"")
    refolded = flat.replace("── attitre".encode(), "── \r\n att\r\n itre".encode()).replace(b"mar", b"m\r\n ar")
    assert ICS.read("a.ics", refolded, WINDOW) == ICS.read("a.ics", spliced, WINDOW)
    assert ICS.strip(flat) == ics("SUMMARY:DUPONT", "DESCRIPTION:née")


def test_a_sign_that_a_server_cut_in_two_is_read_whole():
    cut = ics("SUMMARY:DUPONT Zoé").replace("é".encode(), b"\xc3\r\n \xa9")
    assert ICS.read("a.ics", cut, WINDOW).events[0].title == "DUPONT Zoé"
    assert ICS.strip(ICS.splice("a.ics", cut, WANTED)) == cut


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "value",
    ["a\r\n " * 200_000, "a" + "\r\n" * 300_000, "── attitre ──\\n" * 30 + "── fin ──\\n" * 30, "<a " * 200_000],
)
def test_l10_a_huge_or_odd_text_ends_and_comes_back(value):
    payload = ics(f"DESCRIPTION:{value}")
    assert ICS.read("a.ics", payload, WINDOW).events
    assert ICS.strip(ICS.splice("a.ics", payload, WANTED)) == ICS.strip(payload)


def test_a_mark_of_her_own_is_no_mark_of_ours():
    payload = ics("SUMMARY:⚠\ufe0f DUPONT Marie")
    silent = Annotation("", ("Contrôle, 30 min",))
    spliced = ICS.splice("a.ics", payload, silent)
    assert ICS.read("a.ics", spliced, WINDOW).annotation == silent
    assert ICS.strip(spliced) == payload
