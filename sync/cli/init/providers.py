"""SMS services by name: what `kind: http` is to post to each, as their public documentation says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Provider:
    """`headers`: by name, what is asked for their value. None of them is known to honour `Idempotency-Key`, so that an
    SMS without an answer waits for a person (law L4)."""

    name: str
    url: str
    body: Mapping[str, Any] = field(hash=False)
    headers: Mapping[str, str] = field(hash=False)


PROVIDERS = (
    Provider(
        "Brevo",
        "https://api.brevo.com/v3/transactionalSMS/send",
        {"sender": "{sender}", "recipient": "{to}", "content": "{text}", "type": "transactional"},
        {"api-key": "Clé d'API"},
    ),
    Provider(
        "Octopush",
        "https://api.octopush.com/v1/public/sms-campaign/send",
        {
            "recipients": [{"phone_number": "{to}"}],
            "text": "{text}",
            "type": "sms_premium",
            "purpose": "alert",
            "sender": "{sender}",
        },
        {"api-login": "Adresse e-mail du compte", "api-key": "Clé d'API"},
    ),
    Provider(
        "smsmode",
        "https://rest.smsmode.com/sms/v1/messages",
        {"recipient": {"to": "{to}"}, "body": {"text": "{text}"}, "from": "{sender}"},
        {"X-Api-Key": "Clé d'API"},
    ),
)
