"""The ids of our own events at Google: our uid in the allowed alphabet, reversibly."""

from __future__ import annotations

import base64
import binascii

_OURS = "attitre0"


def own_id(uid: str) -> str:
    """The event id for our event `uid`, always the same (base32hex, RFC 4648 7)."""
    return _OURS + base64.b32hexencode(uid.encode()).decode("ascii").rstrip("=").lower()


def own_uid(event_id: str) -> str:
    """The uid of one of our events; empty for any other id."""
    coded = event_id.removeprefix(_OURS)
    if coded == event_id:
        return ""
    try:
        uid = base64.b32hexdecode(coded.upper() + "=" * (-len(coded) % 8)).decode()
    except (ValueError, binascii.Error):
        return ""
    return uid if own_id(uid) == event_id else ""
