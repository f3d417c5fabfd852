"""The daily digest and questions in the calendar, as the practice sees them: real servers, a real process."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.flows.conftest import Practice

DAY = timedelta(days=1)


def digests(practice: "Practice") -> "list[EmailMessage]":
    return [mail for mail in practice.mail.to(practice.office) if "à regarder" in str(mail["Subject"])]


def said(mail: "EmailMessage", kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_p51_a_slot_blocked_without_motif_is_in_each_day_s_digest_until_it_has_one(practice: "Practice") -> None:
    block = practice.martin.books("Bloqué", practice.at(10), 60)
    practice.sync()
    assert digests(practice) == []
    seven = practice.at(7, 1) - 3 * DAY
    practice.sync(when=seven)
    practice.sync(when=seven + timedelta(minutes=5))
    assert len(digests(practice)) == 1
    assert "de 10 h à 11 h (1 h), Dr Claire Martin" in said(digests(practice)[0])
    assert "Temps de consultation perdu" in said(digests(practice)[0], "html")
    practice.sync(when=seven + DAY)
    assert len(digests(practice)) == 2
    practice.martin.writes(practice.martin.sees(block), "Bloqué", "Formation")
    practice.sync(when=seven + DAY + timedelta(hours=1))
    practice.sync(when=seven + 2 * DAY)
    assert len(digests(practice)) == 2


def test_p51_the_digest_is_late_the_same_day_and_names_what_to_correct(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 30, "Nouveau patient\nSans préférence")
    practice.sync()
    practice.sync(when=practice.at(16) - 3 * DAY)
    (mail,) = digests(practice)
    assert "à 9 h 30, Dr Claire Martin : DUPONT Marie" in said(mail)
    assert "mobile" in said(mail).casefold()
    assert "ASSISTANCE\n- Support Doctolib" in said(mail)
    assert "DUPONT" not in str(mail["Subject"])
    assert all("DUPONT" not in log for log in practice.output)


@pytest.mark.parametrize("first_day", ["radicale", "xandikos"], indirect=True)
def test_p03_a_question_is_answered_in_its_event_and_gone_the_next_day(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("? durand 1968", practice.at(12), 15)
    practice.sync()
    seen = practice.martin.sees(event)
    assert "DURAND Hélène, né(e) le 03/07/1968 ; Dr Claire Martin" in seen.block
    assert seen.title == "? durand 1968"
    practice.sync(when=practice.at(8) - 3 * DAY)
    assert not practice.martin.still_there(event)
    practice.sync(when=practice.at(9) - 3 * DAY)
    assert (practice.sms(), digests(practice)) == ([], [])


def test_p03_p24_free_slots_and_a_question_that_became_a_booking(practice: "Practice") -> None:
    practice.knows()
    event = practice.martin.books("? leroy détartrage", practice.at(12), 30)
    practice.sync()
    block = practice.martin.sees(event).block
    assert "Prochains créneaux libres, Détartrage (30 min)" in block
    assert "Dr Claire Martin (seulement avec l'accord du patient)" in block
    practice.martin.writes(practice.martin.sees(event), "? leroy détartrage", "LEROY Jean – détartrage")
    practice.sync()
    practice.sync(when=practice.at(8) - 3 * DAY)
    assert practice.martin.still_there(event)
    assert "LEROY Jean" in practice.martin.sees(event).block


def test_p41_two_of_a_family_on_one_day_get_one_reminder_that_names_both(practice: "Practice") -> None:
    practice.martin.books("DUPONT Marie – détartrage", practice.at(9, 30), 45, practice.new)
    luc = practice.new.replace("12/05/1981", "03/02/1983")
    practice.bernard.books("DUPONT Luc – détartrage", practice.at(11), 45, luc)
    practice.sync()
    assert len(practice.sms()) == 2
    practice.sync(when=practice.at(9, 31) - DAY)
    practice.sync(when=practice.at(11, 1) - DAY)
    (reminder,) = practice.sms()[2:]
    assert "DUPONT Marie à 9h30 avec le Dr Martin et DUPONT Luc à 11h avec le Dr Bernard" in reminder
    assert [subject for subject in practice.subjects() if "Rappel" in subject][1:] == []
