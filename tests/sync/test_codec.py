"""What the store keeps of facts comes back as it was."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from rules.model import Facts
from rules.telling.planning import differs
from sync.store.codec import facts_from_json, facts_to_json

PARIS = ZoneInfo("Europe/Paris")


def at(start: datetime) -> Facts:
    return Facts(1, "DUPONT Marie", "martin", start, 30, "Détartrage", "12 rue des Lilas")


@pytest.mark.parametrize("fold", [0, 1])
def test_both_hours_of_the_october_night_come_back(fold: int) -> None:
    told = at(datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=fold))
    again = facts_from_json(facts_to_json(told), PARIS)
    assert again.start.timestamp() == told.start.timestamp()


def test_f07_new_rules_of_daylight_saving_move_no_appointment() -> None:
    """Paris as it would be if the law changed: the same wall clock, another offset."""
    changed: tzinfo = ZoneInfo("Europe/Helsinki")
    kept = facts_from_json(facts_to_json(at(datetime(2026, 12, 1, 9, 30, tzinfo=PARIS))), changed)  # type: ignore[arg-type]
    now = at(datetime(2026, 12, 1, 9, 30, tzinfo=changed))
    assert not differs(kept, now)
