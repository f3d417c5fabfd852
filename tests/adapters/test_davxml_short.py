"""A plain path is taken apart without a parser of addresses, and into the same parts."""

from urllib.parse import unquote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.calendars.dav.multistatus import ends_in_slash, segments

SIGNS = st.sampled_from(["/", "//", "a", "B.ics", "%20", "%2F", "?", "#", ";", " ", "é", "@", "~", "https://", ":"])


@example(["/", "home", "/", "0", "/"])
@example(["//", "host", "/", "x"])
@given(st.lists(SIGNS, max_size=9))
def test_the_parts_of_an_address_are_those_of_its_path(pieces: list[str]) -> None:
    href = "".join(pieces)
    assert segments(href) == tuple(unquote(part) for part in urlsplit(href).path.split("/") if part)
    assert ends_in_slash(href) == urlsplit(href).path.endswith("/")
