"""The description in two forms, text and HTML: both are read and written, and both are hers, byte for byte (law L1)."""

import re
import time
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.calendars.ical import html_form
from adapters.calendars.ical.component import storable
from adapters.calendars.ical.contentlines import events, unfold
from rules.model import Annotation, alike
from rules.text.html_text import shown_text
from tests.adapters.test_vevent_splice import ICS, WANTED, WINDOW, annotations, eols, ics, texts

often = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PAGE = "<html><head><title>t</title><style>p {color: red}</style></head><body>{}</body>\n</html>"
_PIECES = [
    "Mobile : 06 12 34 56 78", "é", "─", "😀", " ", "\n", "<br>", "<BR/>", "<div>", "</div>", "<p class='a'>", "</p>",
    "<pre>", "</pre>", "<ul><li>", "</li></ul>", "&nbsp;", "&lt;", "&", "&#233;", "<", ">", '"', "'", ",", ";", ":",
    "\\", "%", "%41", "<!--", "-->", "<style>", "<b", "<a href='mailto:a@gmial.com'>", "</a>", "</body>", "</html>",
    "<body>", "── attitre ──", "── fin ──", "réf. abcdefghijklmnop", "<br>── attitre ──<br>a<br>── fin ──", "\t",
]  # fmt: skip
htmls = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda pieces: PAGE.replace("{}", "".join(pieces))),
    st.text(max_size=60).filter(lambda text: text.isprintable()),
)
_CHARSETS = ["", ";charset=utf-8", ";charset=UTF-8", ";charset=iso-8859-1", ";charset=us-ascii", ";charset=utf-16"]


@st.composite
def uris(draw: st.DrawFn) -> str:
    """A data URI as this client or that encodes it; at times broken, at times another kind of address."""
    html, charset = draw(htmls), draw(st.sampled_from(_CHARSETS))
    name = charset.partition("=")[2] or "utf-8"
    safe = draw(st.sampled_from(["", "!*'()", "/ :;=,<>&", "é─"]))
    uri = f"data:text/html{charset}," + quote(html.encode(name, "xmlcharrefreplace"), safe=safe.encode())
    cut = draw(st.integers(0, len(uri)))
    return draw(
        st.sampled_from([uri] * 8 + [uri[:cut], "cid:part1", "https://example.org/a", "data:text/html;base64,PGI+"])
    )


@st.composite
def forms(draw: st.DrawFn) -> list[str]:
    """The description in one to three forms, folded anywhere."""
    text = draw(texts("DESCRIPTION"))
    line = draw(st.sampled_from(['DESCRIPTION;ALTREP="{}":', 'description;LANGUAGE=fr;altrep="{}":'])).format(
        draw(uris())
    )
    found = [line + text[0].rpartition(":")[2].replace("\n ", "")] if text and draw(st.booleans()) else text
    html = draw(htmls).replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")
    styled = [
        f"X-ALT-DESC;FMTTYPE=text/html:{html}", f"X-ALT-DESC:{html}", "X-ALT-DESC;FMTTYPE=text/rtf:{\\\\rtf1}",
        f"STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html;DERIVED=TRUE:{html}",
        f"STYLED-DESCRIPTION;VALUE=URI;FMTTYPE=text/html:{draw(uris())}", f"X-ALT-DESC;FMTTYPE=text/html:{html}\\",
    ]  # fmt: skip
    found += draw(st.lists(st.sampled_from(styled), max_size=2))
    return [draw(_folded(line)) for line in draw(st.permutations(found))]


@st.composite
def _folded(draw: st.DrawFn, line: str) -> str:
    cuts = sorted(draw(st.sets(st.integers(1, max(len(line) - 1, 1)), max_size=8)))
    return "\n ".join(line[start:end] for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True))


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    data = ics(*draw(forms()), *draw(texts("SUMMARY")), "LOCATION:ici")
    return data.replace(b"\r\n", b"\n").replace(b"\n", draw(eols).encode())


@often
@given(payloads(), annotations, annotations)
def test_l1_taking_our_part_out_of_both_forms_gives_back_every_byte(payload, first, second) -> None:
    bare = ICS.strip(payload)  # a block that is ours by its marks is taken out, whoever typed it
    spliced = ICS.splice("a.ics", bare, first)
    if spliced is not None:
        assert ICS.strip(spliced) == bare
        assert ICS.splice("a.ics", spliced, second) == ICS.splice("a.ics", bare, second)


@often
@given(payloads(), annotations)
def test_never_silent_what_is_written_is_read_and_nothing_else_changes(payload, wanted) -> None:
    bare = ICS.strip(payload)
    before, spliced = ICS.read("a.ics", bare, WINDOW), ICS.splice("a.ics", bare, wanted)
    assert (spliced is None) == bool(before.blocked)
    assert before.blocked in ("", "escape")
    if spliced is None or not (wanted.mark or wanted.lines):
        return
    after = ICS.read("a.ics", spliced, WINDOW)
    assert alike(after.annotation, wanted)
    assert (after.semantic, after.events, after.foreign_block) == (before.semantic, before.events, False)


@often
@given(payloads())
def test_no_word_of_any_form_is_passed_over(payload) -> None:
    bare = ICS.strip(payload)
    [event] = ICS.read("a.ics", bare, WINDOW).events
    told = words(event.description, *event.apart)
    shown = html_form.shown(next(iter(events(unfold(bare)))))
    for one in shown:
        assert words(shown_text(storable(one.html))) <= told
    assert not event.apart or event.flags & {"text-added", "text-differs"}


def words(*texts: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", " ".join(texts).casefold()))


@often
@given(payloads(), annotations)
def test_c18_no_line_of_ours_is_too_long_or_splits_a_sign(payload, wanted) -> None:
    spliced = ICS.splice("a.ics", payload, wanted) or payload
    longest = max(len(line) for line in payload.split(b"\n"))
    for line in spliced.split(b"\n"):
        line.decode()
        assert len(line.removesuffix(b"\r")) <= max(77, longest)


# --- what she reads and what is read of it ---------------------------------------------------------------------------

SAFE = "!*'()"  # as encodeURIComponent has it
HERS = "Nouveau patient<br>E-mail : zoe@orange.fr<br>Mobile : 06 12 34 56 78"
TEXT = HERS.replace("<br>", "\\n")


def altrep(html: str, text: str = TEXT) -> bytes:
    """As Thunderbird saves it."""
    return ics("SUMMARY:LAMY Zoé", f'DESCRIPTION;ALTREP="data:text/html,{quote(html, safe=SAFE)}":{text}')


def form(payload: bytes) -> str:
    """The HTML form that stands in it."""
    [shown] = html_form.shown(next(iter(events(unfold(payload)))))
    return shown.html


def test_c11_an_entry_typed_in_thunderbird_is_answered_in_both_forms() -> None:
    written = ICS.splice("a.ics", altrep(HERS), Annotation("⚠ ", ("✗ Adresse manquante : tapez « Adresse : … »",)))
    assert written is not None
    assert b"SUMMARY:\xe2\x9a\xa0 LAMY" in written
    html = form(written)
    assert html.startswith(f"{HERS}<br>── attitre ──<br>✗ Adresse manquante : tapez « Adresse : … »<br>réf. ")
    assert html.endswith("<br>── fin ──")
    assert "\\n── attitre ──\\n✗ Adresse" in unfold(written)


@pytest.mark.parametrize(
    ("before", "after"),
    [("<html><body><p>a</p>", "</body></html>"), ("<HTML><BODY>a\\n", "</BODY >\\n</HTML>\\n"), ("<div>a</div>", "")],
)
def test_c11_outlooks_page_keeps_its_closing_tags_behind_our_block(before: str, after: str) -> None:
    written = ICS.splice("a.ics", ics(f"X-ALT-DESC;FMTTYPE=text/html:{before}{after}"), WANTED)
    assert written is not None
    html = form(written)
    assert html.startswith(before.replace("\\n", "\n") + "<br>── attitre ──<br>")
    assert html.endswith("<br>── fin ──" + after.replace("\\n", "\n"))


@pytest.mark.parametrize(
    "line",
    [
        'DESCRIPTION;ALTREP="cid:1":né',
        'DESCRIPTION;ALTREP="https://example.org/a":né',
        'DESCRIPTION;ALTREP="data:text/html;base64,PGI+":né',
        'DESCRIPTION;ALTREP="data:text/html,n%C3":né',
        "DESCRIPTION:né\r\nX-ALT-DESC;FMTTYPE=text/rtf:{\\\\rtf1}",
        "DESCRIPTION:né\r\nSTYLED-DESCRIPTION;VALUE=URI;FMTTYPE=text/html:https://example.org/a",
        "DESCRIPTION:né\r\nX-ALT-DESC;FMTTYPE=text/html:né<!-- pas fermé",
    ],
)
def test_c11_a_form_that_cannot_be_written_keeps_neither_mark_nor_block_from_the_rest(line: str) -> None:
    payload = ics("SUMMARY:DUPONT Marie", *line.split("\r\n"))
    written = ICS.splice("a.ics", payload, WANTED)
    assert written is not None
    assert "SUMMARY:⚠ DUPONT" in unfold(written) and "né\\n── attitre ──" in unfold(written)
    assert ICS.read("a.ics", written, WINDOW).annotation == WANTED
    assert ICS.strip(written) == payload


def read(*lines: str) -> tuple[str, tuple[str, ...], frozenset[str]]:
    [event] = ICS.read("a.ics", ics(*lines), WINDOW).events
    return event.description, event.apart, event.flags


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            'E-mail : <a class="moz-txt-link-abbreviated" href="mailto:a@gmial.com">a@</a>gmail.com',
            "E-mail : a@gmail.com",
        ),
        ('E-mail : <a href="mailto:a@gmial.com">a</a>@gmail.com', "E-mail : a@gmail.com"),
        ("<ul><li>Nouveau patient</li><li>06&nbsp;12 34 56 78</li></ul>", "Nouveau patient\n06 12 34 56 78"),
        ("a &lt; b &amp; c<!-- caché --><br>d", "a < b & c\nd"),
        (
            "<html><head><title>x</title></head><body>un\n mot<pre>deux\nlignes</pre></body></html>",
            "un mot\ndeux\nlignes",
        ),
    ],
)
def test_what_stands_in_the_html_only_is_read_as_it_is_seen(html: str, text: str) -> None:
    escaped = html.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")
    for lines in (
        (f'DESCRIPTION;ALTREP="data:text/html,{quote(html)}":',),
        ("DESCRIPTION:", f"X-ALT-DESC;FMTTYPE=text/html:{escaped}"),
        (f"STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:{escaped}",),
    ):
        assert read(*lines) == (text, (), frozenset())


def test_the_same_words_are_one_text_however_each_form_breaks_its_lines() -> None:
    text = "DESCRIPTION:Adresse : 3 rue\\nHaxo  75020 Paris\\n * Nouveau patient"
    assert read(text, "X-ALT-DESC:<p>Adresse : 3 rue Haxo\\, 75020 Paris</p><ul><li>Nouveau patient</li></ul>") == (
        "Adresse : 3 rue Haxo, 75020 Paris\nNouveau patient", (), frozenset(),
    )  # fmt: skip


def test_line_breaks_that_a_program_escaped_twice_are_no_words() -> None:
    assert read("DESCRIPTION:Réunion", "X-ALT-DESC:<p>Réunion</p>\\\\n\\\\n<br>\\\\n") == ("Réunion", (), frozenset())


def test_a_line_that_the_html_has_besides_is_read_and_told() -> None:
    assert read("DESCRIPTION:Nouveau patient", "X-ALT-DESC:Nouveau patient<br>06 12 34 56 78") == (
        "Nouveau patient\n06 12 34 56 78", ("06 12 34 56 78",), frozenset({"text-added"}),
    )  # fmt: skip


def test_where_the_forms_contradict_each_other_the_text_is_read_and_the_rest_told() -> None:
    payload = ("DESCRIPTION:Mobile : 06 12 34 56 79", "X-ALT-DESC:Mobile : 06 12 34 56 78")
    assert read(*payload) == ("Mobile : 06 12 34 56 79", ("Mobile : 06 12 34 56 78",), frozenset({"text-differs"}))


def test_a_block_that_one_form_lost_is_missed_and_put_back() -> None:
    written = ICS.splice("a.ics", altrep(HERS), WANTED)
    assert written is not None
    block = form(written).removeprefix(HERS)
    lost = unfold(written).replace(quote(block, safe=SAFE), "").encode()
    assert ICS.read("a.ics", lost, WINDOW).annotation != WANTED
    mended = ICS.splice("a.ics", lost, WANTED)
    assert mended is not None
    assert form(mended) == HERS + block


def corrected_beside(payload: bytes, old: str, new: str) -> bytes:
    """Evolution, iOS: the text is corrected, the HTML form stays as it was."""
    head, colon, text = unfold(payload).rpartition('":')
    return (head + colon + text.replace(old, new, 1)).encode()


def test_what_was_corrected_beside_the_html_since_our_answer_counts_for_good() -> None:
    answered = ICS.splice("a.ics", altrep(HERS), WANTED)
    assert answered is not None
    edited = corrected_beside(answered, "zoe@", "lea@")
    for payload in (edited, ICS.splice("a.ics", edited, Annotation("✓ ", ("Confirmé",)))):
        [event] = ICS.read("a.ics", payload, WINDOW).events
        assert "lea@orange.fr" in event.description
        assert (event.apart, event.flags) == ((), frozenset())
        assert HERS in form(payload)  # the old form is hers as well


def test_what_was_corrected_in_the_html_alone_since_our_answer_counts() -> None:
    answered = ICS.splice("a.ics", altrep(HERS), WANTED)
    assert answered is not None
    edited = unfold(answered).replace(quote("zoe@"), quote("lea@"), 1).encode()
    [event] = ICS.read("a.ics", edited, WINDOW).events
    assert "lea@orange.fr" in event.description
    assert "zoe" not in event.description
    assert (event.apart, event.flags) == ((), frozenset())


@pytest.mark.parametrize(
    "piece", ["</body>", "</", "&nbsp;", "<p>", "<!--", "<pre>", "<a href=mailto:", "x<br>", "\\n"]
)
def test_a_huge_form_is_read_and_written_in_the_time_that_its_length_takes(piece: str) -> None:
    payload = ics("DESCRIPTION:" + "y\\n" * 30_000, f"X-ALT-DESC:{piece * (300_000 // len(piece))}x")
    began = time.process_time()
    ICS.read("a.ics", payload, WINDOW)
    written = ICS.splice("a.ics", payload, WANTED)
    assert time.process_time() - began < 15  # about 1 s; quadratic, it would be minutes
    assert written is not None
    assert ICS.strip(written) == payload
