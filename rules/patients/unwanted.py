"""The messages that a patient wants no more, as they said on their page (P39)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rules.model import Channel, Patient


def unwanted(patient: Patient | None) -> Mapping[Channel, datetime]:
    """The channels on which the patient wants nothing, and since when."""
    if patient is None:
        return {}
    since = {Channel.SMS: patient.no_sms_since, Channel.EMAIL: patient.no_email_since}
    return {channel: at for channel, at in since.items() if at is not None}
