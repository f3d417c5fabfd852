"""Renders what a patient is to be told as a message for a sender: SMS text, or letter with calendar files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from adapters.base import Attachment, Outgoing
from adapters.senders.invite import Invited, invite, invite_all
from rules.model import Channel, MessageKind, Practice, Send
from rules.telling import patient_messages
from rules.telling.digest import Digest
from rules.telling.patient_messages import Letter

if TYPE_CHECKING:
    from jinja2 import Template


def outgoing(
    send: Send,
    key: str,
    name: str,
    sequence: int,
    practice: Practice,
    *,
    now: datetime,
    manage_url: str | None = None,
    also: Sequence[tuple[str, int]] = (),
) -> Outgoing:
    """The message, ready to be sent. `key`: its idempotency key. `name`, `sequence`: UID and sequence number of the
    appointment in the calendar file (P36). `now` becomes its DTSTAMP. `also`: the same two for each of `send.also`, in
    that order.
    """
    if send.channel is Channel.SMS:
        today = now.astimezone(practice.zone).date()
        return Outgoing(key, send.to, patient_messages.sms(send, practice, manage_url, today=today))
    letter = patient_messages.letter(send, practice, manage_url)
    return Outgoing(
        key,
        send.to,
        plain(letter),
        letter.subject,
        html(letter),
        () if send.kind.asks else _calendar_files(send, ((name, sequence), *also), practice, now),
    )


def plain(letter: Letter) -> str:
    """The letter as plain text."""
    changes = [f"{label} : {old} → {new}" for label, old, new in letter.changes]
    rows = [f"{label} : {value}" for label, value in letter.rows]
    links = [f"{link.label} : {link.url}" for link in letter.links if not link.url.startswith("tel:")]
    parts = (
        (letter.heading,) if letter.heading else (),
        (letter.greeting,),
        letter.paragraphs,
        changes,
        rows,
        links,
        letter.closing,
    )
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def html(letter: Letter) -> str:
    """The letter as HTML: readable on a phone and in dark mode, without anything loaded from other servers."""
    return _template("letter.html.j2").render(letter=letter)


def digest_page(digest: Digest) -> str:
    """The practice's daily digest as HTML, made like the letter."""
    return _template("digest.html.j2").render(digest=digest)


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("adapters.senders", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template(name)


def _calendar_files(
    send: Send, named: Sequence[tuple[str, int]], practice: Practice, now: datetime
) -> tuple[Attachment, ...]:
    """One file for each appointment of the letter; for a series, one with all visits. `named`: UIDs and sequences."""
    if patient_messages.about_series(send):
        return (_series_file(send, named, practice, now),)
    return tuple(
        _calendar_file(replace(send, facts=one), name, sequence, practice, now)
        for one, (name, sequence) in zip((send.facts, *send.also), named, strict=True)
    )


def _series_file(send: Send, named: Sequence[tuple[str, int]], practice: Practice, now: datetime) -> Attachment:
    visits = [
        Invited(one, name, sequence) for one, (name, sequence) in zip((send.facts, *send.also), named, strict=True)
    ]
    content = invite_all(visits, practice, now, cancelled=send.kind is MessageKind.CANCELLATION)
    return Attachment("rendez-vous.ics", "text/calendar; method=PUBLISH; charset=utf-8", content)


def _calendar_file(send: Send, name: str, sequence: int, practice: Practice, now: datetime) -> Attachment:
    cancelled = send.kind is MessageKind.CANCELLATION
    facts = (send.before or send.facts) if cancelled else send.facts
    content = invite(facts, practice, name, sequence, now, cancelled=cancelled)
    method = "CANCEL" if cancelled else "PUBLISH"
    return Attachment("rendez-vous.ics", f"text/calendar; method={method}; charset=utf-8", content)
