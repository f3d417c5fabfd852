"""Exceptions of a series that lie apart from it, in a resource of their own (RECURRENCE-ID, RFC 5545 3.8.4.4)."""

from __future__ import annotations


def stands_alone(payload: bytes) -> bool:
    """Whether a resource holds exceptions of a series and not the series itself."""
    return b"RECURRENCE-ID" in payload and b"RRULE" not in payload and b"RDATE" not in payload
