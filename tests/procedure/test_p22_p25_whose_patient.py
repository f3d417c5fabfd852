"""P20, P22 and P25 with ruling 9: whose patient this is, asked of the directory first, then of the patient."""

import pytest
from msgspec.structs import replace

from tests.desk import LUC, MARIE, NEW, Desk, Event

ASKED = "✗ Dentiste attitré ? Tapez « Dentiste : Dr Claire Martin » ou « Sans préférence »."
NOBODY_S = replace(LUC, dentist=None)
DETAILS = NEW.replace(", sans préférence", "")


def own(desk: Desk, family: str = "Dupont") -> str | None:
    """Whose patient the directory says it is."""
    [one] = [one for one in desk.directory() if one.family_name.lower() == family.lower()]
    return one.dentist


def newcomer(desk: Desk, answer: str = "Sans préférence", **more: object) -> Event:
    text = f"{DETAILS}\n{answer}"
    return desk.books("DUPONT Marie – détartrage", text, **({"minutes": 45} | more))  # type: ignore[arg-type]


# --- the questions ---------------------------------------------------------------------------------------------------


def test_p20_the_directory_answers_for_a_known_patient(known: Desk) -> None:
    event = known.books("dupont marie détartrage")
    assert event.confirmed
    assert "DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert len(known.directory()) == 1


def test_p20_already_here_but_not_on_file_is_asked_who_it_is(known: Desk) -> None:
    event = known.books("DUPOND Maria – détartrage", "Déjà venue : oui")
    assert event.wrong[0].startswith(
        "✗ « DUPOND Maria » n'est pas dans le fichier, alors que « Déjà venu : oui » est tapé."
    )
    assert event.proposed == ["DUPONT Marie, né(e) le 12/05/1981 (= 1)"]
    assert known.sms() == []


def test_p22_a_new_patient_without_an_answer_is_asked(desk: Desk) -> None:
    event = newcomer(desk, "")
    assert event.wrong == [ASKED]
    assert desk.sms() == []
    assert desk.directory() == []


def test_p22_a_known_patient_without_a_dentist_is_asked_too(desk: Desk) -> None:
    desk.knows(NOBODY_S)
    event = desk.books("MOREAU Luc – détartrage")
    assert event.wrong == [ASKED]
    event.adds("Dentiste : Dr Martin")
    assert event.confirmed
    assert own(desk, "Moreau") == "martin"


@pytest.mark.parametrize("answer", ["Dentiste : Dr Martin", "Dentiste attitré : martin", "Praticien : Claire Martin"])
def test_p22_the_dentist_that_is_typed_becomes_the_patient_s_own(desk: Desk, answer: str) -> None:
    assert newcomer(desk, answer).confirmed
    assert own(desk) == "martin"


def test_p22_a_dentist_nobody_knows_is_never_guessed(desk: Desk) -> None:
    event = newcomer(desk, "Dentiste : Dr Martinez")
    assert event.wrong[0].startswith("✗ Dentiste « Dr Martinez » inconnu.")
    assert "Dr Claire Martin" in event.wrong[0]
    assert desk.directory() == []


def test_p22_a_new_patient_s_dentist_is_another_than_the_calendar_s(desk: Desk) -> None:
    event = newcomer(desk, "Dentiste : Dr Nguyen")
    assert event.wrong[0].startswith("✗ DUPONT Marie est suivi(e) par Dr Linh Nguyen, pas par Dr Claire Martin.")
    assert event.proposed[0] == "mardi 1er décembre à 10 h, Dr Linh Nguyen"
    event.moves(dentist="nguyen")
    assert event.confirmed
    assert own(desk) == "nguyen"


def test_p22_typed_against_the_directory_it_changes_nothing(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Dentiste : Dr Bernard")
    assert event.said("!") == [
        "! « Dentiste : Dr Paul Bernard » est tapé, mais DUPONT Marie est suivi(e) par Dr Claire Martin : "
        "le fichier ne change pas."
    ]
    assert own(known) == "martin"


# --- no preference: the earliest -------------------------------------------------------------------------------------


def test_p25_an_earlier_dentist_is_named_with_the_slot(desk: Desk) -> None:
    event = newcomer(desk, at="01/12 10:00")
    assert event.said("!") == [
        "! Sans préférence : Dr Paul Bernard peut recevoir plus tôt (mardi 24 novembre à 9 h 15)."
    ]
    assert event.confirmed  # it is a warning
    assert event.proposed == []


def test_p25_the_earliest_of_all_is_told_nothing(desk: Desk) -> None:
    for key in ("bernard", "nguyen"):
        desk.keeps_days("Congés", "24/11", "31/12", dentist=key)
    assert newcomer(desk, at="01/12 10:00").said("!") == []


def test_p25_it_is_the_soonest_of_the_others_that_is_named(desk: Desk) -> None:
    desk.keeps_days("Congés", "24/11", "25/11", dentist="bernard")
    event = newcomer(desk, at="01/12 10:00")
    assert event.said("!")[0].endswith("Dr Linh Nguyen peut recevoir plus tôt (mardi 24 novembre à 9 h 15).")


def test_p25_a_dentist_who_is_free_only_later_is_not_earlier(desk: Desk) -> None:
    for key in ("bernard", "nguyen"):
        desk.keeps_days("Congés", "24/11", "30/11", dentist=key)
        desk.books("Réunion", at="01/12 08:30", minutes=90, dentist=key)
    assert newcomer(desk, at="01/12 10:00").said("!") == []


def test_p25_p26_the_earlier_slot_is_long_enough_for_a_first_visit(desk: Desk) -> None:
    for key in ("bernard", "nguyen"):
        desk.keeps_days("Congés", "25/11", "31/12", dentist=key)
        desk.books("Réunion", at="24/11 09:45", minutes=9 * 60, dentist=key)  # leaves half an hour
    assert newcomer(desk, at="01/12 10:00").said("!") == []


def test_p25_who_has_a_dentist_is_not_sent_to_another_for_being_earlier(known: Desk) -> None:
    assert known.books("DUPONT Marie – détartrage", "Sans préférence").said("!", "✗") == []


def test_p25_the_patient_is_told_who_will_follow_them(desk: Desk) -> None:
    event = newcomer(desk)
    assert "✓ Le patient sera suivi par Dr Claire Martin." in event.said("✓")
    assert "suivi" in desk.mails()[0]
    assert "Dr Claire Martin" in desk.mails()[0]


# --- provisional, then firm (ruling 9) -------------------------------------------------------------------------------


def test_p25_ruling9_confirmed_the_dentist_is_the_patient_s_own(desk: Desk) -> None:
    newcomer(desk)
    assert own(desk) == "martin"
    other = desk.books("DUPONT Marie – contrôle", at="08/12 10:00", minutes=20, dentist="bernard")
    assert other.wrong[0].startswith("✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard.")


@pytest.mark.parametrize("line", ["Annulé par le patient", "Annulé"])
def test_p25_ruling9_cancelled_before_the_first_visit_it_is_undone(desk: Desk, line: str) -> None:
    newcomer(desk).adds(line)
    desk.waits(minutes=5)
    assert own(desk) is None
    again = desk.books("DUPONT Marie – détartrage", "Sans préférence", at="08/12 10:00", minutes=45, dentist="bernard")
    assert again.confirmed
    assert own(desk) == "bernard"


def test_p25_ruling9_deleted_before_the_first_visit_it_is_undone(desk: Desk) -> None:
    newcomer(desk).deletes()
    desk.waits(minutes=5)
    desk.waits(minutes=5)
    assert own(desk) is None


def test_p25_ruling9_after_the_first_visit_it_is_firm(desk: Desk) -> None:
    event = newcomer(desk)
    desk.waits(days=8)
    assert own(desk) == "martin"
    event.deletes()
    desk.waits(minutes=5)
    desk.waits(minutes=5)
    assert own(desk) == "martin"


def test_p25_ruling9_a_missed_first_visit_makes_nothing_firm(desk: Desk) -> None:
    event = newcomer(desk, at="25/11 10:00")
    desk.waits(days=1, hours=2)
    event.adds("Absent")
    assert own(desk) == "martin"  # as the patient was told
    event.deletes()
    desk.waits(minutes=5)
    desk.waits(minutes=5)
    assert own(desk) is None


def test_p25_ruling9_moved_to_another_dentist_before_the_first_visit_asks_for_agreement(desk: Desk) -> None:
    event = newcomer(desk)
    event.moves(dentist="bernard")
    assert event.wrong[0].startswith("✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard.")
    assert own(desk) == "martin"
    assert MARIE.family_name in {one.family_name for one in desk.directory()}
