"""The links in messages to patients (P39). Only a hash of each is stored; the same message again bears the same link.

A link's secret is made from the installation's secret and what the link is about: 120 bits, and two signs that say of
which practices it may be, so that a page need not ask all of a thousand: 22 signs. Older ones are 128 bits, by which
their last sign is one of four; that of the others never is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import count
from string import ascii_letters, digits
from typing import Any

from msgspec import Struct
from sqlalchemy import insert, select, update

from rules.model import Channel
from sync.store import keyvalue
from sync.store import tables as t
from sync.store.engine import Tx
from sync.store.tx import here, those

_c = t.link.c
_ANY = select(t.link).where(*here(t.link), those(_c.hash))
_GET, _ADD = select(t.link).where(*here(t.link, "hash")), insert(t.link)
_OLDER, _BITS, _TAG = 128, 120, 2
_LAST_OF_OLDER = frozenset("AQgw")
_LAST = "".join(sorted(set(f"{ascii_letters}{digits}-_") - _LAST_OF_OLDER))


class LinkKind(StrEnum):
    """What a link opens; the value is the first part of its path."""

    APPOINTMENT = "r"
    AGREEMENT = "a"
    OFFER = "o"


class LinkRow(Struct, frozen=True):
    """One link: of `patient` (0 where the directory has none), about `booking` (0 for none). `subject`: which question
    or offer."""

    kind: LinkKind
    booking: int
    patient: int
    channel: Channel
    subject: int
    made_at: datetime
    revoked_at: datetime | None


class About(Struct, frozen=True):
    """What a link is about, and for whom: the same again is the same link."""

    kind: LinkKind
    booking: int
    patient: int
    to: str
    channel: Channel
    subject: int = 0


def make(tx: Tx, about: About, now: datetime) -> str:
    """The secret of the link, stored by its hash at the first call. After it was revoked, it is another one."""
    *_, (secret, known) = _lives(tx, about)
    if not known:
        row = {"hash": _hash(secret), "kind": about.kind, "booking": about.booking, "patient": about.patient}
        tx.add(_ADD, [{**row, "channel": about.channel.value, "subject": about.subject, "made_at": now}])
    return secret


def is_about(tx: Tx, secret: str, about: About) -> bool:
    """Whether it is the secret of that link, revoked or not."""
    return any(hmac.compare_digest(secret.encode("utf-8", "replace"), one.encode()) for one, _ in _lives(tx, about))


def may_be_of(practice: str, secret: str) -> bool:
    """Whether a link of the practice may look like that; an older one may be of any."""
    return secret[-1:] in _LAST_OF_OLDER or secret[-_TAG:] == _tag_of(practice)


def _tag_of(practice: str) -> str:
    """One of 3,840 pairs of signs, which says nothing of the practice."""
    digest = hashlib.sha256(f"attitre practice {practice}".encode()).digest()
    return _signs(digest)[0] + _LAST[digest[-1] % len(_LAST)]


def _lives(tx: Tx, about: About) -> Iterator[tuple[str, bool]]:
    """(secret, whether it was made) of the link, and of each that came after a revoked one."""
    for life in count():
        digest = _digest_of(tx, about, life)
        new, older = _signs(digest[: _BITS // 8]) + _tag_of(tx.practice), _signs(digest[: _OLDER // 8])
        by_hash = {_hash(new): new, _hash(older): older}
        row = tx.run(_ANY, those_hash=list(by_hash)).mappings().first()
        yield by_hash[row["hash"]] if row else new, row is not None
        if row is None or row["revoked_at"] is None:
            return


def _digest_of(tx: Tx, about: About, life: int) -> bytes:
    whose = f"{about.booking} {about.patient} {about.channel} {about.to}"
    words = f"link {tx.practice} {about.kind} {about.subject} {life} {whose}"
    return hmac.new(keyvalue.secret(tx), words.encode(), hashlib.sha256).digest()


def _signs(some: bytes) -> str:
    return base64.urlsafe_b64encode(some).rstrip(b"=").decode()


def find(tx: Tx, kind: LinkKind, secret: str) -> LinkRow | None:
    """The link of that secret, revoked or not; None for any other text."""
    row = tx.run(_GET, the_hash=_hash(secret)).mappings().first()
    return _row(row) if row and row["kind"] == kind else None


def revoke(tx: Tx, now: datetime, *, booking: int | None = None, patient: int | None = None) -> int:
    """Revoke the links of that booking or patient; of all where neither is given. Returns how many."""
    clauses = [_c.practice == tx.practice, _c.revoked_at.is_(None)]
    clauses += [_c.booking == booking] if booking is not None else []
    clauses += [_c.patient == patient] if patient is not None else []
    return tx.connection.execute(update(t.link).where(*clauses).values(revoked_at=now)).rowcount


def _hash(secret: str) -> str:
    return hashlib.sha256(f"attitre link {secret}".encode("utf-8", "replace")).hexdigest()


def _row(row: Any) -> LinkRow:
    return LinkRow(
        LinkKind(row["kind"]), row["booking"], row["patient"], Channel(row["channel"]), row["subject"], row["made_at"],
        row["revoked_at"],
    )  # fmt: skip
