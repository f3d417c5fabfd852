"""The worker is killed at each commit and call while a freed slot is offered, accepted and written (P44, law L4).
Whatever a crash interrupts: one offer, one appointment, one message."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.calendars.memory import MemoryCalendar
from adapters.senders.memory import MemorySender
from adapters.web.patients import What
from sync.store.engine import Store
from tests.desk import LUC, MARIE, Desk, make_desk, moment
from tests.procedure.waiting import LIST, OFFERING, desk_with_list, phone_of, titles

STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 5  # of the points at which it dies


class Killed(BaseException):
    """The process is gone."""


class Kill:
    """Dies at the n-th point: before and after each commit, each write into a calendar and each message."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = -1
        write = Store.write

        @contextmanager
        def commits(store: Store, **how: Any) -> Iterator[Any]:
            self.point()
            with write(store, **how) as tx:
                yield tx
            self.point()

        patch.setattr(Store, "write", commits)
        for kind, names in ((MemoryCalendar, ("apply", "add", "own", "remove")), (MemorySender, ("send",))):
            for name in names:
                patch.setattr(kind, name, self._around(getattr(kind, name)))

    def _around(self, plain: Any) -> Any:
        def called(*given: Any) -> Any:
            self.point()
            result = plain(*given)
            self.point()
            return result

        return called

    def point(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # a reading in the background: its own end kills nobody
        self.left -= 1
        if self.left == 0:
            raise Killed


def folder(path: Path, number: int) -> Path:
    made = path / str(number)
    made.mkdir()
    return made


def calm(desk: Desk) -> None:
    for _ in range(4):
        desk.waits(minutes=1)


def lives(desk: Desk, kill: Kill, number: int) -> bool:
    """Luc's slot is freed, offered, accepted, written; the process dies once on the way. Returns whether it did."""
    event = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    desk.office.calendars["martin"].delete(f"{event.uid}.ics")
    kill.left = number
    phone, alive = phone_of(desk, MARIE), True
    for turn in range(6):
        try:
            desk.waits(minutes=1)
            if turn == 2:
                phone.presses(What.ACCEPT)
        except Killed:
            alive = False
            kill.left = -1
            if turn == 2 and phone.sees().may:  # the page did not answer: pressed again
                desk.waits(minutes=1)
                phone.presses(What.ACCEPT)
    alive = alive and kill.left > 0
    kill.left = -1
    calm(desk)
    return not alive


def one_of_each(desk: Desk, told: str) -> None:
    """One offer came, one message after it, one appointment stands, nothing of ours is left."""
    phone = phone_of(desk, MARIE)
    assert len(phone.offers) == 1
    assert [text for text in desk.sms(MARIE.mobile)[1:] if told in text] == desk.sms(MARIE.mobile)[-1:]
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert phone.sees().news == "C'est noté : ce rendez-vous est à vous."
    with desk.office.world.store.read() as tx:
        assert tx.connection.exec_driver_sql("select count(*) from slot_hold").scalar() == 0


@pytest.mark.slow
def test_p44_l4_killed_anywhere_the_appointment_moves_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill, number, died = Kill(monkeypatch), 1, True
    while died:
        desk = make_desk(folder(tmp_path, number), OFFERING, [MARIE, LUC])
        waiting = desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00")
        died = lives(desk, kill, number)
        one_of_each(desk, "RDV déplacé")
        assert desk.office.event(waiting.uid).start == moment("01/12 10:00")
        number += STEP
    assert number > 60


@pytest.mark.slow
def test_p44_l4_killed_anywhere_the_new_appointment_is_noted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill, number, died = Kill(monkeypatch), 1, True
    while died:
        desk = desk_with_list(folder(tmp_path, number), [MARIE, LUC])
        desk.books("DUPONT Marie – détartrage", dentist=LIST)
        died = lives(desk, kill, number)
        assert len(phone_of(desk, MARIE).offers) == 1
        assert titles(desk) == ["DUPONT Marie – détartrage"]
        assert titles(desk, LIST) == []
        assert len([text for text in desk.sms(MARIE.mobile) if "RDV confirmé" in text]) == 1
        number += STEP
    assert number > 60
