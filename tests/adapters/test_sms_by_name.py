"""What `init` writes for an SMS service by its name is what `kind: http` posts to it (facts: their documentation)."""

import json
from pathlib import Path

import pytest
import responses

from adapters.base import Outgoing
from config.load import load_all
from rules.model import Channel
from sync.cli.init.draft import quoted
from sync.cli.init.providers import PROVIDERS
from sync.wiring import senders

PRACTICE = """\
practice: {name: Les Lilas, address: 12 rue des Lilas 75020 Paris, phone: 01 43 00 00 00, email: a@lilas.example}
dentists:
  martin: {name: Dr Claire Martin, specialty: D, calendars: [{kind: caldav, url: "https://dav.example/"}]}
motifs: [{label: Contrôle, minutes: 20}]
messages:
  sms: {kind: http, url: %s, json: %s, headers: %s, sender: LILAS, idempotent: non}
"""


@pytest.mark.parametrize("provider", PROVIDERS, ids=[one.name for one in PROVIDERS])
def test_the_message_reaches_the_service_in_its_own_form(provider, tmp_path: Path) -> None:
    headers = json.dumps(dict.fromkeys(provider.headers, "k3y"))
    text = PRACTICE % (quoted(provider.url), json.dumps(provider.body), headers)
    (tmp_path / "attitre.yaml").write_text(text, encoding="utf-8")
    [loaded] = load_all([tmp_path / "attitre.yaml"], {})
    assert loaded.settings, loaded.problems
    sender = senders(loaded.settings)[Channel.SMS]
    with responses.RequestsMock() as server:
        server.add("POST", provider.url, json={"messageId": 12}, status=201)
        sender.send(Outgoing("k", "+33612345678", "RDV confirmé le mardi.", ""))
        sent = server.calls[0].request
    assert {"+33612345678", "RDV confirmé le mardi.", "LILAS"} <= set(_texts(json.loads(sent.body or "{}")))
    assert all(sent.headers[name] == b"k3y" for name in provider.headers)
    assert not sender.repeatable, "none of them is known to honour Idempotency-Key: an SMS would go twice"


def _texts(value: object) -> list[object]:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in _texts(inner)]
    return [one for inner in value for one in _texts(inner)] if isinstance(value, list) else [value]
