"""Words that stand in our own files are those of Babel, whose French is too large to load for them at each start."""

from datetime import date

import pytest
from babel import Locale
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from rules.details.postal import foreign
from rules.text import french

DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))


@given(DAYS, st.booleans())
def test_a_day_is_said_as_babel_says_it(value: date, year: bool) -> None:
    said = format_date(value, "EEEE d MMMM y" if year else "EEEE d MMMM", locale="fr")
    assert french.day(value, year=year) == (said.replace(" 1 ", " 1er ") if value.day == 1 else said)


@pytest.mark.parametrize("code", [code for code in Locale("fr").territories if len(code) == 2 and code != "FR"])
def test_p32_what_stands_last_is_abroad_for_any_country(code: str) -> None:
    assert foreign(f"Main Street 12, {Locale('fr').territories[code]}")
