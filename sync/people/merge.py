"""Merges two records of one person, when a person asks for it; never by itself (P5, S60)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Patient
from rules.patients.unwanted import unwanted
from sync.evaluate.own_dentist import reconsider
from sync.store import bookings, joining, journal, patients
from sync.store.engine import Tx


class Merger(Struct, frozen=True):
    """What a merge would do. `kept` is the record afterwards; the number of `given_up` leads to it. `bookings`: how
    many appointments change their record. `conflict`: a French sentence if they look like two people, else empty."""

    kept: Patient
    given_up: Patient
    bookings: int
    conflict: str = ""


def preview(tx: Tx, first: Patient, second: Patient, zone: ZoneInfo) -> Merger:
    """What the merge would do: the first record is kept, the second fills in what the first lacks."""
    assert first.id is not None and second.id is not None
    every = (*patients.DETAILS, *patients.UNWANTED)
    lacking = {name: getattr(second, name) for name in every if getattr(first, name) is None}
    return Merger(replace(first, **lacking), second, len(bookings.of_patient(tx, second.id, zone)), _two(first, second))


def merge(tx: Tx, merger: Merger, now: datetime, zone: ZoneInfo) -> None:
    """Move bookings, history and names to the record that is kept, and mark its coming bookings for evaluation."""
    kept, gone = merger.kept.id, merger.given_up.id
    assert kept is not None and gone is not None and kept != gone
    hanging = {one.patient: one.booking for one in patients.provisional(tx)}
    joining.hand_over(tx, gone, kept, zone)
    before = patients.get(tx, kept)
    joining.lead_to(tx, gone, kept, now)
    patients.save(tx, merger.kept, now, source=f"fusion {gone}")
    patients.set_unwanted(tx, kept, unwanted(merger.kept), now)
    patients.find_by_names(tx, kept)
    if before is not None and before.dentist is None and gone in hanging:
        patients.set_provisional_dentist(tx, kept, hanging[gone])
    reconsider(tx, kept, now, zone)
    journal.log(tx, now, "patients-merged", detail=f"{gone} → {kept}")


def _two(first: Patient, second: Patient) -> str:
    """Why they look like two people, in French; empty if they do not."""
    born = (first.birth_date, second.birth_date)
    if all(born) and born[0] != born[1]:
        return "Les dates de naissance diffèrent : ce sont sans doute deux personnes."
    numbers = (first.foreign_id, second.foreign_id)
    if all(numbers) and numbers[0] != numbers[1]:
        return "Le logiciel du cabinet leur donne deux numéros : ce sont sans doute deux personnes."
    return ""
