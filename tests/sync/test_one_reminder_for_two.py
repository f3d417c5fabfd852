"""Two appointments of one phone on one day: one reminder that names both (P41, ruling 6)."""

from datetime import timedelta

from tests.sync.conftest import COMPLETE, MORNING, Office, ics

LUC = COMPLETE.replace("12/05/1981", "03/02/2012")


def books(office: Office, uid: str, name: str, hour: int, text: str) -> None:
    start = (MORNING + timedelta(days=3)).replace(hour=hour)
    office.calendars["martin"].put(f"{uid}.ics", ics(uid, f"{name} – détartrage", start, 30, text))


def reminders(office: Office) -> list[str]:
    return [message.text for message in office.sms.sent if "rappel" in message.text.lower()]


def test_p41_ruling6_one_reminder_names_both(office: Office) -> None:
    books(office, "a", "DUPONT Marie", 10, COMPLETE)
    books(office, "b", "DUPONT Luc", 11, LUC)
    office.passes()
    for _ in range(6):
        office.passes(later=timedelta(hours=9))
    assert len(reminders(office)) == 1, [m.text for m in office.sms.sent]
    assert all(word in reminders(office)[0] for word in ("10h", "11h"))
    assert office.told("reminder") == ["sent", "sent"]


def test_p41_ruling6_one_cancelled_meanwhile_is_not_named(office: Office) -> None:
    books(office, "a", "DUPONT Marie", 10, COMPLETE)
    books(office, "b", "DUPONT Luc", 11, LUC)
    office.passes()
    office.calendars["martin"].delete("b.ics")
    for _ in range(6):
        office.passes(later=timedelta(hours=9))
    assert len(reminders(office)) == 1, [m.text for m in office.sms.sent]
    assert "11h" not in reminders(office)[0]
