"""What a patient asks of the practice on the page without a change in the calendar: to be called, other times, details
to correct, fewer messages (P39, P44). Each is shown in the event (`rules.checks.by_link`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from adapters.web.patients import Act
from rules.details import contact, names
from rules.model import Channel, Patient
from rules.patients.unwanted import unwanted
from rules.telling import page_words as words
from rules.text.fold import tidy
from sync.core.context import World
from sync.people.page_state import State
from sync.store import bookings, offers, patients, resources, waiting_entries, wishes
from sync.store.engine import Tx
from sync.store.offers import OfferKind
from sync.store.wishes import WishKind

_LONGEST = {"nom": 80, "mobile": 40, "email": 120}  # signs of a detail that are read


def call(world: World, state: State, _done: Act) -> str:
    """Ask to be called, once a day at most."""
    now = world.now()
    with world.store.write() as tx:
        known = wishes.open_of(tx, state.row.id, WishKind.CALL)
        if known is not None and known.at.astimezone(world.practice.zone).date() == now.date():
            return words.CALL_KNOWN
        _keep(tx, state, WishKind.CALL, {}, now)
    return words.CALL_NOTED


def wait(world: World, state: State, done: Act) -> str:
    """Ask for an earlier or other time; no day and no moment: any."""
    detail = {
        "days": [one for one in words.DAYS if one in done.values.get("jour", ())],
        "moments": [one for one in words.MOMENTS if one in done.values.get("moment", ())],
    }
    now = world.now()
    with world.store.write() as tx:
        known = wishes.open_of(tx, state.row.id, WishKind.WAIT)
        if known is None or known.detail != detail or _is_in_question(world, tx, state.row.id):
            _keep(tx, state, WishKind.WAIT, detail, now)
    return words.WAIT_NOTED


def _is_in_question(world: World, tx: Tx, booking: int) -> bool:
    """Whether the place on the list rests, or its patient is being asked whether they still wait."""
    entry = waiting_entries.of_booking(tx, booking, world.practice.zone)
    if entry is None or entry.state is not waiting_entries.OPEN:
        return entry is not None
    made = offers.of_entry(tx, entry.id, world.practice.zone)
    return any(one.kind is OfferKind.STILL and one.state is offers.OPEN for one in made)


def correct(world: World, state: State, done: Act) -> str:
    """Propose details to the practice; the directory changes only by what she types."""
    typed = {name: said for name in _LONGEST if (said := _typed(done, name))}
    detail: dict[str, str] = {}
    for name, said in typed.items():
        value, problem = _read(name, said)
        if problem:
            return words.wrong(name, problem)
        if value and value != _on_file(state.patient, name):
            detail[name] = value
    if not detail:
        return words.NOTHING_NEW
    now = world.now()
    with world.store.write() as tx:
        known = wishes.open_of(tx, state.row.id, WishKind.CORRECT)
        if known is None or known.detail != detail:
            _keep(tx, state, WishKind.CORRECT, detail, now)
    return words.SENT_ON


def fewer(world: World, state: State, done: Act) -> str:
    """Which messages are no longer wanted, of all appointments of the patient; none: all are wanted again."""
    if state.patient is None or state.patient.id is None:
        return words.call(world.practice)
    chosen = frozenset(one for one in Channel if one.value in done.values.get("sans", ()))
    before, now = unwanted(state.patient), world.now()
    if chosen != before.keys():
        with world.store.write() as tx:
            patients.set_unwanted(tx, state.patient.id, {one: before.get(one, now) for one in chosen}, now)
            theirs = bookings.of_patient(tx, state.patient.id, world.practice.zone)
            resources.mark_dirty(tx, {(one.calendar, one.ref) for one in theirs if one.end > now}, now)
    return words.fewer_noted(chosen)


def _keep(tx: Tx, state: State, kind: WishKind, detail: Mapping[str, object], now: datetime) -> None:
    wishes.add(tx, (state.row.id, state.row.patient or 0), kind, now, detail)
    resources.mark_dirty(tx, [(state.row.calendar, state.row.ref)], now)


def _typed(done: Act, name: str) -> str:
    """What was typed, without what no name or address has."""
    said = tidy(next(iter(done.values.get(name, ())), ""))[: _LONGEST[name]]
    return "".join(sign for sign in said if sign.isprintable())


def _read(name: str, said: str) -> tuple[str, str]:
    """(the value, what is wrong with it)."""
    if name == "nom":
        found = names.split(said)
        return found.text, found.problem
    detail = contact.mobile(said) if name == "mobile" else contact.email(said)
    return detail.value or "", detail.problem


def _on_file(patient: Patient | None, name: str) -> str | None:
    if patient is None:
        return None
    return {"nom": patient.name, "mobile": patient.mobile, "email": patient.email}[name]
