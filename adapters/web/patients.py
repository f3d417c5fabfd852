"""What the patients' pages need of the application: one protocol and its values (P39, P23, P44).

A page is shown from `Shown` and nothing else; what a patient does on it comes back as an `Act`. All words that depend
on the appointment are made by the application, in French. Secrets of links pass through and are never kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field


class LinkTo(StrEnum):
    """What a link opens: the first part of its path."""

    APPOINTMENT = "r"
    AGREEMENT = "a"
    OFFER = "o"


class What(StrEnum):
    """What a patient can do on a page; the value is the last part of the path and the value of the form."""

    CANCEL = "annuler"
    MOVE = "deplacer"  # values: `debut`, one of `Choice.value`
    WAIT = "attente"  # joins the waiting list; values: `jour` (lun … sam) and `moment` (matin, apres-midi), any number
    CALL = "rappel"  # asks to be called
    CORRECT = "coordonnees"  # values: `nom`, `mobile`, `email`: what should stand there
    FEWER = "messages"  # values: `sans`, any of sms and email: messages not wanted; none: all of them again
    ACCEPT = "accepter"  # the other dentist, or the offered time
    REFUSE = "refuser"
    NO_MORE = "ne-plus-proposer"  # leaves the waiting list


class House(Struct, frozen=True):
    """The practice as a patient sees it. `url`: the root of its pages (`page.public_url`), by which a cookie is kept to
    https; without it, the address that the request names."""

    name: str
    phone: str
    phone_url: str
    address: str
    maps_url: str
    url: str = ""


class Choice(Struct, frozen=True):
    """A time to choose: what the form sends, and what is read (`9 h 30`)."""

    value: str
    label: str


class Day(Struct, frozen=True):
    """A day with free times: `lundi 24 novembre`."""

    label: str
    times: tuple[Choice, ...]


class Shown(Struct, frozen=True):
    """One page as it is now.

    `news`: what came of the last act, or what a patient should know first. `rows`: (label, value) of the appointment,
    the weightiest first: the pages of acts show three of them. `offered`: the same of what is offered or asked (another
    dentist, a freed slot). `may`: what can be done, in the order of the page; `why_not`: why something cannot, with
    what to do instead. `revision`: what was shown; an act bears it. `pending`: the last act is being carried out, so
    the page asks again by itself. `days`: free times of this page of them (on the first page: times to choose at once);
    `earlier`, `later`: numbers of the pages before and after. `notes`: small print. `labels`: instead of the usual
    words of an act, where they should name the appointment (`Oui, je prends le mardi 24 à 9 h 30`).
    """

    title: str
    news: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    offered: tuple[tuple[str, str], ...] = ()
    may: tuple[What, ...] = ()
    why_not: Mapping[What, str] = field(default_factory=dict)
    revision: str = ""
    pending: bool = False
    days: tuple[Day, ...] = ()
    earlier: int | None = None
    later: int | None = None
    notes: tuple[str, ...] = ()
    labels: Mapping[What, str] = field(default_factory=dict)


class Act(Struct, frozen=True):
    """What a patient did, as it was typed: nothing of it is trusted."""

    what: What
    revision: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class PatientDesk(Protocol):
    """One practice behind the patients' pages. Every method may be called from any thread, several times at once."""

    @property
    def seal(self) -> bytes:
        """What handles of visits are sealed with: the same in every process that answers for the practice. Raises
        Unavailable."""
        ...

    def house(self) -> House:
        """Who to call."""
        ...

    def may_know(self, secret: str) -> bool:
        """Whether the link may be of this practice, by its looks alone. Asks nobody."""
        ...

    def shown(self, to: LinkTo, secret: str, part: What | None = None, page: int = 0) -> Shown | None:
        """What the link shows now; None for a link that is unknown, malformed, expired or revoked. `part`: the page of
        one act (its free times, its form). Reads only (law L9). Raises Unavailable."""
        ...

    def act(self, to: LinkTo, secret: str, act: Act) -> Shown | None:
        """Store what the patient wants, once however often it comes, and show what came of it. Raises Unavailable."""
        ...
