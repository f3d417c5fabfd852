"""The README's story in the real Thunderbird: typed, answered, corrected, confirmed, moved, deleted.

Her calendar is on Xandikos, which asks for no login. It folds lines anew, so that law L1 is read off unfolded ones.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from adapters.calendars.ical import splice
from adapters.calendars.ical.contentlines import unfold
from tests.clients.thunderbird import ABSENT, PROGRAM, thunderbird
from tests.flows.conftest import until

if TYPE_CHECKING:
    from tests.flows.conftest import Practice

pytestmark = [
    pytest.mark.clients,
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason=ABSENT),
    pytest.mark.parametrize("first_day", ["xandikos"], indirect=True),
]
TYPED = """\
Nouveau patient, première consultation, sans préférence
Né(e) le : 12/05/1981
Mobile : 06 12 34 56 78
E-mail : marie.dupont@gmial.com
Adresse : 3 rue Haxo, 75020 Paris"""


def saved(practice: "Practice") -> bytes:
    """The one event of her calendar as it stands on the server; empty where there is none (any more)."""
    calendar = practice.martin.calendar
    listed = requests.request("PROPFIND", calendar, headers={"Depth": "1"}, timeout=30).text
    names = re.findall(r"([^/<>]+\.ics)<", listed)
    answer = requests.get(calendar + names[0], timeout=30) if names else None
    return answer.content if answer is not None and answer.ok else b""


def hers(payload: bytes) -> str:
    """What is hers, without the folds of the server."""
    return unfold(splice.strip(payload))


def test_c11_the_readmes_story_typed_answered_corrected_confirmed_moved_deleted(
    practice: "Practice", tmp_path: Path
) -> None:
    with thunderbird(tmp_path, practice.martin.calendar) as screen:
        screen.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, TYPED)
        until(lambda: saved(practice), 60)
        typed = saved(practice)
        assert 'DESCRIPTION;ALTREP="data:text/html,Nouveau' in unfold(typed)

        practice.sync()
        answered = saved(practice)
        assert hers(answered) == hers(typed)
        seen = screen.reads("⚠ ", "vouliez-vous dire")
        assert seen.startswith(TYPED)
        assert "vouliez-vous dire « marie.dupont@gmail.com »" in seen.replace("\xa0", " ")
        assert practice.sms() == []
        if pictures := os.environ.get("ATTITRE_PICTURES"):
            screen.picture(Path(pictures) / "thunderbird-answered.png")

        screen.corrects("gmial", "gmail")
        until(lambda: saved(practice) != answered, 60)
        corrected = saved(practice)
        practice.sync()
        assert hers(saved(practice)) == hers(corrected)
        seen = screen.reads("✓ ", "SMS")
        assert seen.startswith(TYPED.replace("gmial", "gmail"))
        assert "✗" not in seen
        assert len(practice.sms()) == 1

        confirmed = saved(practice)
        screen.moves(practice.at(11))
        until(lambda: saved(practice) != confirmed, 60)
        practice.sync()
        screen.reads("✓ ", "à 11 h")
        assert "déplacé" in practice.sms()[1]

        screen.deletes()
        until(lambda: not saved(practice), 60)
        practice.sync()
        assert "annulé" in practice.sms()[2]
        assert len(practice.sms()) == 3
