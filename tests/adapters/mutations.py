"""Events as their clients write them, and what can befall them on the way. For the laws of reading and writing."""

from collections.abc import Callable

from hypothesis import strategies as st

_ZONE = (
    "BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19700329T020000\n"
    "TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
)
_PARIS = "DTSTART;TZID=Europe/Paris:20270111T100000\nDTEND;TZID=Europe/Paris:20270111T103000\n"
_ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Rappel\nTRIGGER:-PT15M\nEND:VALARM\n"
CLIENTS = {
    "thunderbird": (
        "BEGIN:VCALENDAR\nPRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN\nVERSION:2.0\n"
        + _ZONE.format(name="Europe/Paris")
        + "BEGIN:VEVENT\nCREATED:20261101T080000Z\nLAST-MODIFIED:20261101T080001Z\nDTSTAMP:20261101T080001Z\nUID:t-1\n"
        f"SUMMARY:{{title}}\nCATEGORIES:Soins,Urgent\n{_PARIS}TRANSP:OPAQUE\nX-MOZ-GENERATION:2\n"
        f"DESCRIPTION:{{text}}\n{_ALARM}END:VEVENT\nEND:VCALENDAR\n"
    ),
    "apple": (
        "BEGIN:VCALENDAR\nCALSCALE:GREGORIAN\nPRODID:-//Apple Inc.//iOS 17.0//EN\nVERSION:2.0\nBEGIN:VEVENT\n"
        f"CREATED:20261101T080000Z\nDESCRIPTION:{{text}}\n{_PARIS}DTSTAMP:20261101T080001Z\nSEQUENCE:1\n"
        'SUMMARY:{title}\nUID:A-1\nX-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="12, rue: Verte":geo:48.8,2.3\n'
        "X-APPLE-CREATOR-IDENTITY:com.apple.mobilecal\nEND:VEVENT\n"
        + _ZONE.format(name="Europe/Paris")
        + "END:VCALENDAR\n"
    ),
    "outlook": (
        "BEGIN:VCALENDAR\nPRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN\nVERSION:2.0\n"
        + _ZONE.format(name="Romance Standard Time")
        + "BEGIN:VEVENT\nCLASS:PUBLIC\nDESCRIPTION;LANGUAGE=fr:{text}\n"
        'DTEND;TZID="Romance Standard Time":20270111T103000\n'
        'DTSTART;TZID="Romance Standard Time":20270111T100000\nPRIORITY:5\nSUMMARY;LANGUAGE=fr:{title}\n'
        "TRANSP:OPAQUE\nUID:o-1\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
    "google": (
        "BEGIN:VCALENDAR\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\nVERSION:2.0\nBEGIN:VEVENT\n"
        "DTSTART:20270111T090000Z\nDTEND:20270111T093000Z\nDTSTAMP:20261101T080000Z\nUID:g1@google.com\n"
        "DESCRIPTION:{text}\nLAST-MODIFIED:20261101T080000Z\nLOCATION:\nSEQUENCE:0\nSTATUS:CONFIRMED\n"
        "SUMMARY:{title}\nTRANSP:OPAQUE\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
    "calcurse": (
        "BEGIN:VCALENDAR\nPRODID:-//calcurse//NONSGML v4.8.0//EN\nVERSION:2.0\nBEGIN:VEVENT\nUID:c-1\n"
        "DTSTART:20270111T100000\nDURATION:P0DT0H30M0S\nSUMMARY:{title}\nDESCRIPTION:{text}\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
    "a day": (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:d-1\nDTSTART;VALUE=DATE:20270111\nDTEND;VALUE=DATE:20270112\n"
        "SUMMARY:{title}\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
    "a series": (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:s-1\n{_PARIS}RRULE:FREQ=WEEKLY;COUNT=5\n"
        "EXDATE;TZID=Europe/Paris:20270118T100000\nSUMMARY:{title}\nDESCRIPTION:{text}\nEND:VEVENT\nBEGIN:VEVENT\nUID:s-1\n"
        "RECURRENCE-ID;TZID=Europe/Paris:20270125T100000\nDTSTART;TZID=Europe/Paris:20270125T110000\n"
        "DTEND;TZID=Europe/Paris:20270125T113000\nSUMMARY:{title}\nEND:VEVENT\nEND:VCALENDAR\n"
    ),
}
_WORDS = [
    "DUPONT Marie", " – ", "détartrage", "\\n", "Mobile : 06 12 34 56 78", "Né(e) le : 12/05/1981", "\\,", "\\;", "😀",
    "✓ ", "⚠ ", "<br>", "&nbsp;", "── attitre ──", "── fin ──", "réf. abcdefghijklmnop", "\\\\", "née", ":", '"', " ",
]  # fmt: skip
_words = st.lists(st.sampled_from(_WORDS), max_size=12).map("".join)


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A valid event of one of these clients."""
    template = draw(st.sampled_from(sorted(CLIENTS)))
    text = CLIENTS[template].replace("{title}", draw(_words)).replace("{text}", draw(_words))
    return text.replace("\n", "\r\n").encode()


# --- what befalls it --------------------------------------------------------------------------------------------------

Mutation = Callable[[st.DrawFn, bytes], bytes]
_LINES = (
    b"SUMMARY:deux", b"DESCRIPTION:deux", b"DTSTART:20270111T110000Z", b"DTSTART:n'importe", b"DTEND:20260101T000000Z",
    b"DURATION:-P9999999999D", b"RRULE:FREQ=SECONDLY", b"RRULE:FREQ=DAILY;INTERVAL=0", b"EXDATE:x,,20270118",
    b"RECURRENCE-ID:", b"RDATE;VALUE=PERIOD:20270111T090000Z/P1D", b"ATTENDEE:mailto:a@example.org", b"X-ALT-DESC:<p>",
    b"UID:", b"UID:autre", b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VALARM",
    b"END:VALARM", b"BEGIN:VTODO", b"END:VTODO", b"VERSION:1.0", b"BEGIN:", b"END", b":", b";", b"\t", b" ", b"",
    b'SUMMARY;X="a:b', b'DESCRIPTION;ALTREP="cid:x":z', b"SUMMARY;ENCODING=QUOTED-PRINTABLE:=C3", b"DESCRIPTION:\\",
    b"DTSTART;TZID=Mars/Olympus:20270111T100000", b"DTSTART;VALUE=DATE:20270111", b"DTSTART;TZID=:99999999T999999Z",
    b"CLASS:PRIVATE", b"STATUS:CANCELLED", b"TRANSP:TRANSPARENT", b"LAST-MODIFIED:00000000T000000Z", b"summary:bas",
    "DESCRIPTION:── attitre ──\\nx\\nréf. abcdefghijklmnop\\n── fin ──".encode(), "SUMMARY:✓ ⚠ ✓ ".encode(),
)  # fmt: skip
_BITS = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\r\n ",
    b"\\",
    b'"',
    b":",
    b";",
    b" ",
)


def _place(draw: st.DrawFn, data: bytes) -> int:
    return draw(st.integers(0, max(len(data) - 1, 0)))


def flips(draw: st.DrawFn, data: bytes) -> bytes:
    """One octet is another."""
    at = _place(draw, data)
    return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]


def puts_in(draw: st.DrawFn, data: bytes) -> bytes:
    at = _place(draw, data)
    return data[:at] + draw(st.sampled_from(_BITS)) + data[at:]


def cuts(draw: st.DrawFn, data: bytes) -> bytes:
    """A piece is lost."""
    at = _place(draw, data)
    return data[:at] + data[at + draw(st.sampled_from([1, 2, 10, 100, 10**6])) :]


def _lines(draw: st.DrawFn, data: bytes, change: Callable[[list[bytes], int], None]) -> bytes:
    lines = data.split(b"\n")
    change(lines, draw(st.integers(0, len(lines) - 1)))
    return b"\n".join(lines)


def loses_a_line(draw: st.DrawFn, data: bytes) -> bytes:
    return _lines(draw, data, lambda lines, at: lines.__delitem__(at))


def doubles_a_line(draw: st.DrawFn, data: bytes) -> bytes:
    return _lines(draw, data, lambda lines, at: lines.insert(at, lines[at]))


def moves_a_line(draw: st.DrawFn, data: bytes) -> bytes:
    to = draw(st.integers(0, 20))
    return _lines(draw, data, lambda lines, at: lines.insert(to, lines.pop(at)))


def adds_a_line(draw: st.DrawFn, data: bytes) -> bytes:
    new = draw(st.sampled_from(_LINES)) + draw(st.sampled_from([b"\r", b""]))
    return _lines(draw, data, lambda lines, at: lines.insert(at, new))


def nests(draw: st.DrawFn, data: bytes) -> bytes:
    """A component stands in another, or in itself."""
    name = draw(st.sampled_from([b"VEVENT", b"VALARM", b"VTODO", b"VCALENDAR", b"X-ANY"]))
    body = draw(st.sampled_from([b"SUMMARY:dedans\r\n", b"", data]))
    inner = b"BEGIN:" + name + b"\r\n" + body + b"END:" + name + b"\r"
    return _lines(draw, data, lambda lines, at: lines.insert(at, inner))


def refolds(draw: st.DrawFn, data: bytes) -> bytes:
    """Folded anywhere, signs and escapes cut in two; or not folded at all."""
    if draw(st.booleans()):
        return data.replace(b"\r\n ", b"")
    for at in sorted(draw(st.sets(st.integers(1, max(len(data), 2)), max_size=8)), reverse=True):
        data = data[:at] + draw(st.sampled_from([b"\r\n ", b"\n ", b"\r\n\t", b"\n\n "])) + data[at:]
    return data


def other_breaks(draw: st.DrawFn, data: bytes) -> bytes:
    old, new = draw(st.sampled_from([(b"\r\n", b"\n"), (b"\r\n", b"\r"), (b"\n", b"\r\n"), (b"\r\n", b"\n\r")]))
    return data.replace(old, new, draw(st.sampled_from([-1, 1, 5])))


def other_encoding(draw: st.DrawFn, data: bytes) -> bytes:
    name = draw(st.sampled_from(["latin-1", "cp1252", "utf-16", "utf-8-sig", "mac-roman", "utf-7"]))
    return data.decode("utf-8", "replace").encode(name, "replace")


def other_case(draw: st.DrawFn, data: bytes) -> bytes:
    return draw(st.sampled_from([bytes.lower, bytes.upper, bytes.swapcase]))(data)


def grows(draw: st.DrawFn, data: bytes) -> bytes:
    """A huge line somewhere."""
    piece = draw(st.sampled_from([b"a", b"\\n", b"<a ", b'"', b";X=1", b"\\", "é".encode(), b"\r\n ", b"&amp;"]))
    at = _place(draw, data)
    return data[:at] + piece * (20_000 // len(piece)) + data[at:]


MUTATIONS: tuple[Mutation, ...] = (
    flips, puts_in, cuts, loses_a_line, doubles_a_line, moves_a_line, adds_a_line, adds_a_line, nests, refolds,
    other_breaks, other_encoding, other_case, grows,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, sources: st.SearchStrategy[bytes]) -> bytes:
    """What is left of an event after up to four misfortunes."""
    data = draw(sources)
    for mutation in draw(st.lists(st.sampled_from(MUTATIONS), max_size=4)):
        data = mutation(draw, data)
    return data
