"""P18: once nothing is missing the booking stands confirmed, and the patient reads so by SMS and e-mail."""

from tests.desk import NEW, Desk


def test_p18_a_complete_booking_is_confirmed_by_sms_and_email_once(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage, première consultation", NEW)
    assert event.confirmed
    assert len(desk.sms("+33612345678")) == 1
    assert len(desk.mails("marie.dupont@example.org")) == 1
    desk.waits(hours=1)
    assert len(desk.sms()) == 1


def test_p18_a_known_patient_needs_only_a_name_and_a_motif(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage")
    assert event.confirmed
    assert "mardi 1er décembre à 10h avec le Dr Martin" in known.sms()[0]
