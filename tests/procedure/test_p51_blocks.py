"""P51 with ruling 11: time that is kept needs a reason; who keeps it privately, or for somebody to come, is let be."""

import pytest
from msgspec.structs import replace

from rules.model import Severity
from tests.desk import SURGERY, Desk, Event

FLAGGED = (
    "✗ Ce créneau est bloqué sans motif. Écrivez la raison dans le titre (Congés, Formation, Réunion…), "
    "ou le nom du patient."
)


def block(desk: Desk, title: str, **more: object) -> Event:
    return desk.books(title, **({"minutes": 60} | more))  # type: ignore[arg-type]


def digest(desk: Desk) -> str:
    """The newest digest that the practice received."""
    office = desk.office.world.practice.email
    return [one for one in desk.office.email.sent if one.to == office][-1].text


@pytest.mark.parametrize(
    "title",
    ["", "x", "xx", "...", "?", "-", "RDV", "rdv", "Busy", "Bloqué", "Occupé", "indispo", "Réservé", "Créneau réservé",
     "Nouvel événement", "(sans titre)", "No title", "🦷", "1"],
)  # fmt: skip
def test_p51_time_kept_without_a_reason_is_flagged_in_the_event(known: Desk, title: str) -> None:
    event = block(known, title)
    assert event.mark == "⚠ "
    assert event.reads == FLAGGED


@pytest.mark.parametrize(
    "title",
    ["Congés", "Formation laser", "Réunion équipe", "Déjeuner", "Livraison autoclave", "Dr Martin absente",
     "Rappeler le labo", "Panne fauteuil 2", "Kiné", "Férié", "Remplacement Dr Petit", "congrès ADF"],
)  # fmt: skip
def test_p51_any_real_reason_is_enough_and_nothing_is_written_there(known: Desk, title: str) -> None:
    writes = known.office.calendars["martin"].writes
    event = block(known, title)
    assert (event.mark, event.reads) == ("", "")
    assert known.office.calendars["martin"].writes == writes


def test_p51_once_it_has_a_reason_the_flag_goes(known: Desk) -> None:
    event = block(known, "Bloqué")
    event.retypes(title="Réunion")
    assert (event.mark, event.reads) == ("", "")


def test_p51_once_it_has_a_patient_it_is_an_appointment(known: Desk) -> None:
    event = block(known, "x", minutes=30)
    event.retypes(title="DUPONT Marie – détartrage")
    assert event.confirmed


def test_p51_a_reason_that_is_taken_away_is_asked_for_again(known: Desk) -> None:
    event = block(known, "Réunion")
    event.retypes(title="x")
    assert event.reads == FLAGGED


@pytest.mark.parametrize("extra", ["CLASS:PRIVATE", "CLASS:CONFIDENTIAL"])
def test_p51_private_events_are_left_alone(known: Desk, extra: str) -> None:
    event = block(known, "x", extra=extra)
    assert (event.mark, event.reads) == ("", "")
    block(known, "Bloqué", at="02/12 10:00")
    known.waits(days=1)
    assert digest(known).count("de 10 h à 11 h") == 1


@pytest.mark.parametrize("extra", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"])
def test_p51_what_keeps_no_time_is_no_block(known: Desk, extra: str) -> None:
    event = block(known, "x", extra=extra)
    assert (event.mark, event.reads) == ("", "")


def test_p51_whole_days_need_a_reason_too(known: Desk) -> None:
    uid = known.keeps_days("x", "01/12", "02/12")
    assert known.office.block(uid).startswith("⚠ ")


def test_p51_a_recurring_one_is_asked_once(known: Desk) -> None:
    event = block(known, "x", extra="RRULE:FREQ=WEEKLY;COUNT=20")
    assert event.reads == FLAGGED
    known.waits(days=1)
    said = digest(known)
    assert said.count("de 10 h à 11 h") == 1
    assert "mardi 1er décembre" in said


def test_p51_it_is_told_again_each_day_in_the_digest_and_the_event_stays_as_it_is(known: Desk) -> None:
    event = block(known, "Bloqué")
    read, writes = event.reads, known.office.calendars["martin"].writes
    told = []
    for _ in range(3):
        known.waits(days=1)
        told.append(digest(known))
    assert all("mardi 1er décembre" in one for one in told)
    assert len([one for one in known.office.email.sent if "à regarder" in one.subject]) == 3
    assert (event.reads, known.office.calendars["martin"].writes) == (read, writes)
    event.retypes(title="Réunion")
    known.waits(days=1)
    assert len([one for one in known.office.email.sent if "à regarder" in one.subject]) == 3


def test_p51_past_blocks_are_no_longer_told(known: Desk) -> None:
    block(known, "Bloqué", at="25/11 10:00")
    known.waits(hours=23)
    assert "de 10 h à 11 h" in digest(known)
    known.waits(days=2)
    assert len([one for one in known.office.email.sent if "à regarder" in one.subject]) == 1


def test_p51_the_practice_may_make_it_a_warning(known: Desk) -> None:
    softer = replace(SURGERY.policy, severities={"block-without-motif": Severity.WARNING})
    known.runs(replace(SURGERY, policy=softer))
    event = block(known, "Bloqué")
    assert (event.mark, event.reads) == ("", FLAGGED.replace("✗", "!"))


def test_p51_its_time_is_taken_all_the_same(known: Desk) -> None:
    block(known, "x")
    event = known.books("DUPONT Marie – détartrage", at="01/12 10:15")
    assert event.wrong[0].startswith("✗ Ce créneau est déjà pris : x (10 h – 11 h).")


@pytest.mark.parametrize("title", ["Bloqué", "Busy", ""])
def test_p51_the_patient_calendar_of_another_dentist_is_watched_as_well(known: Desk, title: str) -> None:
    assert block(known, title, dentist="nguyen").reads == FLAGGED
