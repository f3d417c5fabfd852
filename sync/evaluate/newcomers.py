"""Marks for evaluation the bookings of people whom the directory did not know, once their record is made (P3, P5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from rules.model import Patient
from rules.patients.clues import name_words
from rules.text.fold import words
from sync.store import bookings, patients, resources
from sync.store.bookings import Unknown
from sync.store.engine import Tx


def wake(tx: Tx, now: datetime) -> None:
    """Mark the coming bookings of nobody that may mean a record made since this was last called in the transaction.
    Asks the store only if one was made."""
    made = patients.take_new(tx)
    if made:
        known = _known_by(made)
        resources.mark_dirty(tx, {one.place for one in bookings.of_nobody(tx, now) if known.may_mean(one)}, now)


class _Known(Struct, frozen=True):
    """By what some records are found. A first name alone finds them only where nothing else was typed, since many
    share it."""

    families: frozenset[str]
    names: frozenset[str]
    mobiles: frozenset[str]
    emails: frozenset[str]

    def may_mean(self, one: Unknown) -> bool:
        """Whether the booking may be of one of them."""
        typed = set(name_words(one.name))
        named = not typed.isdisjoint(self.families) or (bool(typed) and typed <= self.names)
        return named or one.mobile in self.mobiles or (one.email or "").lower() in self.emails


def _known_by(made: Iterable[Patient]) -> _Known:
    families = {word for one in made for name in (one.family_name, one.birth_name or "") for word in _spelt(name)}
    given = {word for one in made for word in _spelt(one.given_name)}
    return _Known(
        frozenset(families),
        frozenset(families | given),
        frozenset(one.mobile for one in made if one.mobile),
        frozenset(one.email.lower() for one in made if one.email),
    )


def _spelt(name: str) -> set[str]:
    """The words of a name, and all of them as one: `Le Goff` is typed `Legoff`."""
    spoken = words(name)
    return {*name_words(name), "".join(spoken)} - {""}
