"""What `status` writes on a terminal, however narrow."""

import re
import sys
from typing import Any

import pytest

from sync.cli.commands import overview, status

WHY = "Le serveur d'agendas ne répond pas (connexion refusée). Les patients sont prévenus dès qu'il répond de nouveau."
ADDRESS = "https://apidata.example/caldav/v2/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@group.calendar.example/"


def practice(key: str, state: str, reason: str | None, **box: int) -> dict[str, Any]:
    row = {
        "dentist": "martin", "name": "Dr Martin", "calendar": ADDRESS, "state": state, "lag_seconds": 9000,
        "bookings": 120, "to_complete": 3, "reason": reason, "remarks": [], "read_only": None, "last_success": None,
        "next_read": None, "next_read_why": None,
    }  # fmt: skip
    empty = overview.suspended(key, key, "")
    box = empty["outbox"] | box
    return overview.with_state(empty | {"calendars": [row], "outbox": box, "troubles": []}, key)


@pytest.fixture(params=[80, 120])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> int:
    assert capsys  # it has replaced the output by now
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    return int(request.param)


def lines(capsys: pytest.CaptureFixture[str], columns: int) -> list[str]:
    found = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, found)) <= columns
    return found


def test_of_many_practices_each_state_is_whole_and_each_reason_has_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    bad, waiting = practice("cabinet-des-lilas", "failing", WHY), practice("roses", "ok", None, pending=3, retry=12)
    overview.show([overview.suspended("Iris", "cabinet-dentaire-iris-20", WHY), bad, waiting])
    found = lines(capsys, columns)
    text = " ".join(" ".join(found).split())
    for word in ("suspendu", "en panne", "à jour", WHY, "3 en attente, 12 à réessayer"):
        assert word in text
    assert len(found) <= 16


def test_of_one_practice_each_reason_has_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    status._show(practice("lilas", "failing", WHY))
    found = lines(capsys, columns)
    text = " ".join(" ".join(found).split())
    assert "en panne" in text
    assert WHY in text
    assert len(found) <= 9
