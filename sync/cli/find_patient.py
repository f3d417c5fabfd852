"""Whom a few words mean: a patient's number, name, mobile or birth date, as typed after a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.model import Patient
    from sync.core.context import World


def find_patient(world: World, term: str) -> list[Patient]:
    """Everybody who fits every word; failing that, the names that look most like it."""
    from rules.details.contact import mobile
    from rules.patients.clues import Clues, search_term
    from rules.text.fold import fold, words
    from sync.store import patients

    number = mobile(term).value  # first: spaced figures are a number before they are a day
    asked = Clues(mobiles=(number,)) if number else search_term(term)
    with world.store.read() as tx:
        found = list(patients.candidates(tx, asked))
        found += [one for number in asked.ids if (one := patients.get(tx, number)) and one not in found]
        if not found:
            return list(patients.nearest(tx, fold(term), limit=5))
    wanted = set(asked.names)
    whole = [one for one in found if wanted <= set(words(f"{one.family_name} {one.given_name} {one.birth_name or ''}"))]
    return whole or found
