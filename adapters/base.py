"""The outside, as the application sees it: protocols, values and errors. Read this file first.

    OutsideError                what the caller does next
    ├── TryLater                wait (`retry_after` seconds where the other side said so), then the same again
    ├── Denied                  ask a person: credentials or rights
    │   └── LoginRefused        … credentials: they may be given anew, so it is tried again, seldom
    ├── NotThere                suspend: the calendar or address is gone; nothing in it counts as cancelled
    ├── CursorLost              forget the cursor, ask for everything
    ├── Garbled                 keep the old state: the answer could not be understood or was not complete
    ├── Permanent               give up this message and tell the practice (senders)
    └── Uncertain               it may have been delivered; the configuration decides (senders)

No text of an error carries a name, number, address or motif (law L8).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from rules.model import AddEvent, Annotation, CalendarEvent, Channel


class OutsideError(Exception):
    """Something outside did not do what was asked. `str()` is a French sentence for a person. `slow`: it had all the
    time that it is given."""

    slow = False


DAY = 86_400.0


class TryLater(OutsideError):
    """Unreachable, overloaded, timed out. Nothing is known to have changed. `retry_after`: seconds that the other side
    asks for, a day at most, whatever it said; `capped`: it asked for more, which a person should know."""

    def __init__(self, text: str, retry_after: float | None = None, *, slow: bool = False) -> None:
        super().__init__(text)
        self.slow = slow
        self.capped = retry_after is not None and retry_after > DAY
        self.retry_after = None if retry_after is None else min(DAY, max(0.0, retry_after))


class Denied(OutsideError):
    """The other side knows us and says no (401, 403)."""


class LoginRefused(Denied):
    """Not even the login is accepted (401, invalid_grant)."""


class NotThere(OutsideError):
    """The calendar does not exist, or no longer for us."""


class CursorLost(OutsideError):
    """The server no longer knows the cursor (RFC 6578 valid-sync-token, 410, 418, 507 without progress). `broken`: it
    is not the cursor that is old, the server's way of answering to one cannot be used (Infomaniak's 418)."""

    def __init__(self, text: str, *, broken: bool = False) -> None:
        super().__init__(text)
        self.broken = broken


class Garbled(OutsideError):
    """An answer that is cut, malformed or not provably complete."""


class Permanent(OutsideError):
    """The gateway refuses this message for good."""


class NoAccess(Permanent):
    """The gateway refuses us, and with us this message for good; the next one will fare no better."""


class Uncertain(OutsideError):
    """The gateway may have taken the message: the answer was lost."""

    def __init__(self, text: str, *, slow: bool = False) -> None:
        super().__init__(text)
        self.slow = slow


# --- calendars -------------------------------------------------------------------------------------------------------


Window = tuple[datetime, datetime]


class Cursor(Struct, frozen=True):
    """A place in a calendar's history. `query` fingerprints the question behind it: another question, no cursor."""

    kind: str
    value: str
    query: str = ""


WHOLE = Cursor("etags", "")
"""Asks any calendar for its whole listing, whatever tokens it gives: what is trusted where they are not."""


class Resource(Struct, frozen=True):
    """One stored thing of a calendar. `ref` names it inside its calendar; `version` is its ETag verbatim, or None."""

    ref: str
    version: str | None
    payload: bytes


class Page(Struct, frozen=True):
    """A part of an answer to `changes`.

    `resources`: new or changed, with body. `gone`: the server itself names them as deleted. `absent`: only a complete
    listing lacks them. `owed`: named as changed, body not obtained. `cursor`: on the last page only, and only when
    everything it covers stands in the pages. `full`: this answer listed the whole calendar.
    """

    resources: tuple[Resource, ...] = ()
    gone: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    cursor: Cursor | None = None
    full: bool = False


class Reading(Struct, frozen=True):
    """What a payload says. `problem` is a rule id (`event-unreadable`, `recurrence-refused`) where it is not believed.

    `semantic` is a hash of what a human booked: title, text without our block, place, times, status, recurrence,
    transparency, attendees' identities. It is the same for every writing of the same meaning.
    `foreign_block`: our block stands in it but was made for another event (a copy); `rival`: it was made for this very
    event by another installation, whose letters these are; `blocked`: why we may not write
    into it (`attendees`, `encoding`, …), else empty. `annotation` is our part as it stands now; `sole` is True where
    the resource holds one event without recurrence. `title`: by which a person finds what cannot be read, where one
    can be made out.
    """

    events: tuple[CalendarEvent, ...]
    semantic: str
    annotation: Annotation
    problem: str = ""
    foreign_block: bool = False
    rival: str = ""
    blocked: str = ""
    sole: bool = True
    title: str = ""


class Edit(Struct, frozen=True):
    """What to change in one resource: our part, and the end (P8), or start and end together (P45). `origin` is the
    payload that the rules saw."""

    annotation: Annotation
    origin: bytes
    end: datetime | None = None
    start: datetime | None = None


class Written(Struct, frozen=True):
    """Stored. `resource.version` is None where the server gave no strong ETag; its payload is then what we sent."""

    resource: Resource


class Conflict(Struct, frozen=True):
    """Somebody was faster (412, 409), or it is gone (404): drop the edit, the next pull decides."""

    gone: bool = False


class Unknown(Struct, frozen=True):
    """The answer was lost. Re-read before anything else."""


class Refused(Struct, frozen=True):
    """This calendar or event does not take writes; `reason` is a French sentence. `whole`: the server said so of the
    calendar, as far as it can be told."""

    reason: str
    whole: bool = False


EditResult = Written | Conflict | Unknown | Refused


class Probe(Struct, frozen=True):
    """What a calendar was found to offer. `lines` are French sentences with evidence for `check --connect`."""

    name: str
    writable: bool
    cursor_kind: str
    lines: tuple[str, ...] = ()


Versions = Mapping[str, str | None]


class Known(Struct, frozen=True):
    """What the store holds of a calendar, as ref → version, read only where an answer is compared with it: `whole` with
    a listing of everything, `named` with an answer that names some refs."""

    whole: Callable[[], Versions]
    named: Callable[[Collection[str]], Versions]

    @classmethod
    def holding(cls, held: Versions) -> Known:
        """Versions that were read already."""
        return cls(lambda: held, lambda refs: {ref: held[ref] for ref in refs if ref in held})


NOTHING_KNOWN = Known.holding({})


class Calendar(Protocol):
    """One calendar of one dentist. Every method may raise TryLater, Denied, NotThere, Garbled."""

    @property
    def address(self) -> str:
        """Where it is, for people and for the store; carries no secret."""
        ...

    def changes(self, cursor: Cursor | None, known: Known) -> Iterator[Page]:
        """What happened since `cursor`; everything, where it is None.

        A resource whose version is the known one is not fetched again. The whole of what is known is asked only where
        everything was listed: what changed costs the same in a long history. Idle with a cursor: one round trip, one
        page without resources. Raises CursorLost before or between pages; what was yielded stays true.
        """
        ...

    def get(self, ref: str) -> Resource | None:
        """The resource now; None only where the server says that it is gone (404, 410)."""
        ...

    def read(self, ref: str, payload: bytes, window: Window) -> Reading:
        """What the payload says; occurrences of a repeated event inside `window` only. Pure, never raises: what
        cannot be read is a `problem`."""
        ...

    def over(self, payload: bytes, before: datetime) -> bool:
        """Whether this is certainly one event, told once, that ended before `before`, without anything of ours: then
        `read` has no problem, nothing of ours and no event later than that (docs/design.md#what-is-over). False
        proves nothing. Pure, never raises."""
        ...

    def apply(self, ref: str, version: str | None, edit: Edit) -> EditResult:
        """Write our part conditionally on `version`; where the store holds none, on the meaning that the rules saw
        (`edit.origin`). A server without strong versions: Refused. Never touches her text (law L1)."""
        ...

    def add(self, event: AddEvent) -> EditResult:
        """Create an event of ours under an address derived from its uid; the same again is the same."""
        ...

    def remove(self, ref: str, version: str | None) -> EditResult:
        """Delete conditionally on `version`."""
        ...

    def own(self, ref: str, version: str | None, event: AddEvent | None) -> EditResult:
        """Make an event of ours (see `add`) say this, or take it out (None), where it has that version still. It is
        nobody else's, so where versions are weak it is read again just before, instead of Refused."""
        ...

    def try_writing(self) -> str | None:
        """Whether conditional writes are heeded here and our signs survive, tried on a short-lived event of our own;
        asked before the first write. A French sentence why nothing may be written; empty: all is well. None: there is
        nothing to find out, or it cannot be."""
        ...

    def probe(self) -> Probe:
        """Log in and find out what it offers. Writes nothing."""
        ...


@runtime_checkable
class Offering(Protocol):
    """A calendar that says itself how often it is worth reading: a feed."""

    @property
    def offered_seconds(self) -> int | None:
        """As its last answer said; None where it says nothing."""
        ...


READ_ONLY_WHY = "Lecture seule : les retours partent au récapitulatif, pas dans les événements."


@runtime_checkable
class Restricted(Protocol):
    """A calendar that may know, without trying, that nothing may be written there."""

    @property
    def read_only_why(self) -> str:
        """A French sentence: its role, or what the configuration asks for; empty where it may be written to."""
        ...


@runtime_checkable
class Gathering(Protocol):
    """A calendar that answers for several resources in one round trip."""

    def get_all(self, refs: Sequence[str]) -> Mapping[str, Resource | None]:
        """As `Calendar.get` for each; left out are those that one answer does not settle. Raises what it raises."""
        ...


class Account(Protocol):
    """Several calendars behind one login: can ask for all of them at once."""

    def unchanged(self, cursors: Mapping[str, Cursor]) -> frozenset[str]:
        """Addresses of calendars that provably did not change since their cursor, in one round trip where possible."""
        ...


class Granted(Struct, frozen=True):
    """A push channel as the server opened it: its name for what is watched, and until when it lasts."""

    resource: str
    until: datetime


class Announcer(Protocol):
    """A calendar's server that can say, without being asked, that something changed (docs/design.md#push). A hint, no
    more."""

    def watch(self, channel: str, secret: str, address: str) -> Granted:
        """Open a channel of that id to an https address. Raises TryLater (it may be open all the same), Denied,
        NotThere, Garbled."""
        ...

    def unwatch(self, channel: str, resource: str) -> bool:
        """End it; False where this login knows of no such channel. Raises TryLater, Denied, Garbled."""
        ...


# --- senders ---------------------------------------------------------------------------------------------------------


class Attachment(Struct, frozen=True):
    """A file in an e-mail."""

    name: str
    content_type: str
    content: bytes


class Outgoing(Struct, frozen=True):
    """One message, rendered. `key` is its dedupe key: the same message again carries the same key.

    An SMS has `text` only; an e-mail also `subject`, `html` and attachments.
    """

    key: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    attachments: Sequence[Attachment] = ()


class Sender(Protocol):
    """A way out. `repeatable`: the gateway recognises a repeated key, so an unclear answer may be retried (law L4)."""

    @property
    def channel(self) -> Channel: ...

    @property
    def repeatable(self) -> bool: ...

    def send(self, message: Outgoing) -> str:
        """Deliver; returns the gateway's own reference (may be empty). Raises TryLater (certainly not taken),
        Permanent, Denied or Uncertain."""
        ...

    def probe(self) -> str:
        """Log in without sending; a French sentence that says what was found."""
        ...
