"""A patient's click in a process of its own, which dies where it is told to."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from adapters.web.patients import LinkTo, What

ROOT = Path(__file__).parents[2]
CLICK = """
import json, sys
from datetime import datetime
from pathlib import Path
from unittest.mock import patch
from sqlalchemy.engine.default import DefaultDialect
from adapters.web.patients import Act, LinkTo, What
from config.load import load
from sync.people.desk import PagesOfPatients
from sync.wiring import open_world
from tests.laws.killed import points

file, now, to, secret, what, values, die_at = sys.argv[1:]
settings, _ = load([Path(file)], {})
with open_world(settings, lambda: datetime.fromisoformat(now)) as world:
    desk = PagesOfPatients(world, lambda: None)
    seen = desk.shown(LinkTo(to), secret)
    given = {name: (value,) for name, value in json.loads(values).items()}
    _, wrap = points(int(die_at))
    with patch.object(DefaultDialect, "do_commit", wrap(DefaultDialect.do_commit)):
        desk.act(LinkTo(to), secret, Act(What(what), seen.revision, given))
"""


def secret_of(practice: Any, to: LinkTo) -> str:
    """The secret of the newest link of that kind that an SMS bore."""
    found = [one for sms in practice.sms.messages for one in re.findall(rf"/{to}/([\w-]{{22}})", sms.text)]
    assert found, practice.sms.messages
    return str(found[-1])


def clicks(practice: Any, to: LinkTo, secret: str, what: What, die_at: int = 0, **values: str) -> bool:
    """The patient presses, in a process that is killed at that point; whether it was."""
    place = [str(practice.folder / "attitre.yaml"), practice.now.isoformat(), to, secret, what, json.dumps(values)]
    done = subprocess.run(
        [sys.executable, "-c", CLICK, *place, str(die_at)],
        cwd=practice.folder,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}
    return done.returncode != 0
