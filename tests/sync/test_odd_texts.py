"""One event whose text is none stops neither its calendar nor its neighbours (law L10)."""

from datetime import timedelta

import pytest

from tests.office import COMPLETE, MORNING, Office, ics

ODD = {
    "a title in Latin-1": ("Zoé".encode(), "Zoé".encode("latin-1")),
    "a uid in Latin-1": (b"UID:a", "UID:à".encode("latin-1")),
    "half a sign": ("Zoé".encode(), b"Zo\xed\xa0\x80"),
    "a NUL": ("Zoé".encode(), b"Zo\0"),
    "a NUL in the text": (b"3 rue Verte", b"3 rue\0Verte"),
}


@pytest.mark.parametrize("what", ODD)
def test_l10_an_event_that_is_no_text_hides_no_other(office: Office, what: str) -> None:
    start = (MORNING + timedelta(days=7)).replace(hour=15)
    odd = ics("a", "LEROY Zoé – détartrage", start, 30, COMPLETE).replace(*ODD[what])
    office.calendars["martin"].put("a.ics", odd)
    office.she_books("b")
    assert office.passes().unreachable == ()
    office.passes(later=timedelta(minutes=1))
    assert "DUPONT Marie" in office.block("b")
    assert office.told("confirmation")
    assert office.calendars["martin"].calls["get"] < 20
    stands = office.calendars["martin"].get("a.ics")
    assert stands is not None
    assert odd.splitlines()[4] in stands.payload
