"""P43, law L6: what the brake holds, and what was told before it."""

from pathlib import Path

from sync.evaluate import brake
from tests.desk import LUC, MARIE, Desk, make_desk


def test_p43_a_cancellation_that_was_told_is_none_of_those_that_wait(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, LUC])
    desk.books("DUPONT Marie – détartrage").deletes()
    desk.waits(minutes=5)
    assert "annulé" in desk.sms(MARIE.mobile)[-1]
    later = desk.books("MOREAU Luc – détartrage", at="02/12 10:00")
    calendar = _address(desk)
    with desk.office.world.store.write() as tx:
        brake.hold(desk.office.world, tx, calendar, desk.office.now)
    later.deletes()
    desk.waits(minutes=5)
    assert len(desk.sms(LUC.mobile)) == 1
    with desk.office.world.store.write() as tx:
        assert brake.held_count(desk.office.world, tx, calendar, desk.office.now) == 1
        assert brake.release(desk.office.world, tx, calendar, desk.office.now) == 1
    desk.waits(minutes=5)
    assert "annulé" in desk.sms(LUC.mobile)[-1]
    assert len([one for one in desk.sms(MARIE.mobile) if "annulé" in one]) == 1


def _address(desk: Desk) -> str:
    return next(source.address for source in desk.office.world.sources if source.dentist == "martin")
