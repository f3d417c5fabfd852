"""Every trouble is said by `status`, and by `/healthz` or an alert, within two intervals; the table is what is said."""

import json

import pytest

from docs.tables import TROUBLES
from tests import troubles

FOUND = {one.trouble: one for one in troubles.every()}


def test_the_table_is_what_is_said_today() -> None:
    kept = {row["trouble"]: row for row in json.loads(TROUBLES.read_text(encoding="utf-8"))}
    said = {name: {key: getattr(one, key) for key in troubles.Said.__slots__} for name, one in FOUND.items()}
    assert said == kept, "renew it: python -m tests.troubles, then python -m docs.tables"


@pytest.mark.parametrize("name", FOUND)
def test_status_says_it_and_healthz_or_an_alert_does(name: str) -> None:
    one = FOUND[name]
    assert one.status != "« à jour »"
    assert one.healthz == 503 or one.alert or name == troubles.READ_ONLY  # that one is as it was configured
    assert (one.code == 1) == (one.healthz == 503)
