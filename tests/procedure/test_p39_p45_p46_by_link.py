"""P39, P45, P46 by the patient's link: what the page shows, and what becomes of the event."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.base import TryLater
from adapters.web.patients import What
from sync.store import calendars
from tests.at_the_page import ONLINE, Patient
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.typed import TITLE

MOBILE, MAIL = MARIE.mobile, MARIE.email
CONFIRMED = "Vous en recevrez la confirmation."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont is known, and the practice has a page."""
    return make_desk(tmp_path, ONLINE, known=[MARIE])


def test_p39_the_page_shows_the_appointment_and_nothing_more(desk: Desk) -> None:
    desk.books("DUPONT Marie – contrôle", "Commentaire : très anxieuse", minutes=20)
    shown = Patient(desk).sees()
    assert shown.rows == (
        ("Date et heure", "mardi 1er décembre 2026 à 10 h (heure de Paris)"),
        ("Praticien", "Dr Claire Martin, Chirurgien-dentiste"),
        ("Patient", "Marie D."),
        ("Motif", "Consultation"),
        ("Durée", "20 min"),
        ("Adresse", "12 rue des Lilas, 75020 Paris"),
    )
    assert shown.may == (What.CANCEL, What.MOVE, What.WAIT, What.CALL, What.CORRECT, What.FEWER)
    assert shown.notes == ("Prochain message : un rappel, lundi 30 novembre à 10 h, par SMS et e-mail.",)
    assert not (shown.pending or shown.news or shown.days)


def test_p46_by_the_link_the_event_goes_and_the_slot_is_free(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    asked = marie.does(What.CANCEL)
    assert (asked.pending, marie.woken) == (True, 1)
    assert event.confirmed  # nothing happens to it before the worker comes
    desk.waits(seconds=5)
    assert desk.office.calendars["martin"].get("e1.ics") is None
    shown = marie.sees()
    assert (shown.title, shown.news, shown.pending, shown.may) == (
        "Rendez-vous annulé", f"Votre rendez-vous du mardi 1er décembre à 10 h est annulé. {CONFIRMED}", False, (),
    )  # fmt: skip
    desk.waits(minutes=5)
    assert "annulé" in desk.sms(MOBILE)[-1]
    assert len(desk.sms(MOBILE)) == 2


def test_p45_by_the_link_the_event_stands_at_the_new_time_and_that_is_told_once(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    asked = marie.moves("15 h")
    assert (asked.pending, asked.news) == (
        True,
        "Votre rendez-vous est en cours de déplacement au mardi 1er décembre à 15 h. Cela prend quelques secondes.",
    )
    assert len(desk.sms(MOBILE)) == 1
    desk.waits(seconds=5)
    there = desk.office.event(event.uid)
    assert (there.start.hour, there.end - there.start) == (15, timedelta(minutes=30))
    shown = marie.sees()
    assert shown.news == "C'est fait : votre rendez-vous est déplacé au mardi 1er décembre à 15 h."
    assert shown.rows[0][1] == "mardi 1er décembre 2026 à 15 h (heure de Paris)"
    for _ in range(3):
        desk.waits(minutes=5)
    assert [("déplacé" in text) for text in desk.sms(MOBILE)] == [False, True]
    assert event.confirmed
    assert "mardi 1er décembre à 15 h" in event.reads


def test_p45_her_own_text_and_alarm_stay_as_they_are(desk: Desk) -> None:
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT1H\r\nDESCRIPTION:Rappel\r\nEND:VALARM"
    event = desk.books(TITLE, "Commentaire : porte au fond", extra=alarm)
    Patient(desk).moves()
    desk.waits(seconds=5)
    body = desk.office.calendars["martin"].get(f"{event.uid}.ics")
    assert body is not None
    assert alarm.encode() in body.payload
    assert "Commentaire : porte au fond" in desk.office.event(event.uid).description


def test_p45_free_times_are_the_dentists_own_really_free_and_not_too_soon(desk: Desk) -> None:
    desk.books(TITLE, at="24/11 18:00")
    desk.books("Congés", at="25/11 08:30", minutes=640)
    desk.books("RÉUNION", at="26/11 08:30", minutes=240)
    first, *rest = Patient(desk).sees(What.MOVE).days
    assert first.label == "mardi 24 novembre"
    assert first.times[0].label == "14 h"  # it is nine o'clock, and four hours are the limit
    assert "18 h" not in {one.label for one in first.times}  # where it stands already
    assert [one.label for one in rest][:2] == ["jeudi 26 novembre", "vendredi 27 novembre"]
    assert rest[0].times[0].label == "14 h"
    assert not {one.label for one in rest} & {"samedi 28 novembre", "dimanche 29 novembre"}


def test_p45_ten_days_a_page(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    here, there = marie.sees(What.MOVE), marie.sees(What.MOVE, 1)
    assert (here.earlier, here.later, there.earlier, there.later) == (None, 1, 0, 2)
    assert here.days[-1].label == "jeudi 3 décembre"
    assert there.days[0].label == "vendredi 4 décembre"


def test_p45_two_patients_on_one_time_the_second_keeps_theirs(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, ONLINE, known=[MARIE, LUC])
    desk.books(TITLE)
    desk.books("MOREAU Luc – détartrage", at="02/12 10:00")
    marie, luc = Patient(desk, desk.sms(MARIE.mobile)[0]), Patient(desk, desk.sms(LUC.mobile)[0])
    wanted = luc.finds("15 h")
    assert marie.moves("15 h").pending
    late = luc.does(What.MOVE, debut=wanted)
    assert (late.pending, late.news) == (
        False,
        "Ce créneau vient d'être pris. Votre rendez-vous du mercredi 2 décembre à 10 h ne change pas.",
    )
    assert "15 h" not in {one.label for day in late.days for one in day.times if day.label == "mardi 1er décembre"}
    desk.waits(seconds=5)
    assert [desk.office.event(uid).start.day for uid in ("e1", "e2")] == [1, 2]


def test_p45_the_time_is_hers_if_she_books_it_meanwhile(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    marie.moves("15 h")
    desk.books("Réunion", at="01/12 15:00")
    shown = marie.sees()
    assert shown.news == "Ce créneau vient d'être pris. Votre rendez-vous du mardi 1er décembre à 10 h ne change pas."
    assert desk.office.event(event.uid).start.hour == 10
    desk.waits(minutes=5)
    assert len(desk.sms(MOBILE)) == 1


def test_p45_her_own_move_wins(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    marie.moves("15 h")
    event.moves(at="03/12 09:00")
    shown = marie.sees()
    assert shown.news.startswith("Le cabinet a modifié ce rendez-vous entre-temps")
    assert shown.rows[0][1] == "jeudi 3 décembre 2026 à 9 h (heure de Paris)"
    desk.waits(minutes=5)
    assert [("03/12" in text) for text in desk.sms(MOBILE)] == [False, True]


def test_p39_an_old_page_changes_nothing(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    old, wanted = marie.sees().revision, marie.finds("15 h")
    event.moves(at="03/12 09:00")
    for what, values in ((What.CANCEL, {}), (What.MOVE, {"debut": wanted})):
        shown = marie.does(what, old, **values)
        assert (shown.pending, shown.news[:26]) == (False, "Ce rendez-vous a changé de")
    desk.waits(seconds=5)
    assert desk.office.event(event.uid).start.hour == 9


def test_p39_twice_is_once(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    wanted, revision = marie.finds("15 h"), marie.sees().revision
    for _ in range(2):
        assert marie.does(What.MOVE, revision, debut=wanted).pending
    assert marie.does(What.CANCEL, revision).news.startswith("Votre rendez-vous est en cours de déplacement")
    desk.waits(seconds=5)
    desk.waits(minutes=5)
    assert len(desk.sms(MOBILE)) == 2
    assert desk.office.event("e1").start.hour == 15


@pytest.mark.parametrize("what", [What.CANCEL, What.MOVE])
def test_p39_past_the_limit_there_is_the_telephone(desk: Desk, what: What) -> None:
    desk.books(TITLE, at="24/11 12:00")
    marie = Patient(desk)
    shown = marie.sees()
    assert what not in shown.may
    assert shown.why_not[what] == "À moins de 4 h du rendez-vous, appelez le cabinet : 01 43 00 00 00."
    assert marie.does(what, debut="20261125T1000Z").news == shown.why_not[what]
    desk.waits(seconds=5)
    assert desk.office.event("e1").start.hour == 12


def test_p39_a_series_is_changed_by_the_practice(desk: Desk) -> None:
    desk.books(TITLE, extra="RRULE:FREQ=WEEKLY;COUNT=3")
    marie = Patient(desk, desk.mails(MAIL)[-1])
    shown = marie.sees()
    assert shown.may == (What.CALL, What.CORRECT, What.FEWER)
    assert "ne peut pas être changé en ligne" in shown.why_not[What.MOVE]
    assert "ne peut pas être changé en ligne" in marie.does(What.CANCEL).news


def test_l3_of_an_appointment_in_error_the_page_shows_what_was_told(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    event.moves(at="06/12 10:00")  # a Sunday
    assert event.wrong
    shown = marie.sees()
    assert shown.rows[0][1] == "mardi 1er décembre 2026 à 10 h (heure de Paris)"
    assert (shown.may, shown.news) == (
        (What.CALL,),
        "Le cabinet est en train de vérifier ce rendez-vous. En cas de doute, appelez-le.",
    )


def test_l9_looking_changes_nothing(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    store = desk.office.world.store
    before = store.file.read_bytes()  # type: ignore[union-attr]
    for part in (None, *What):
        marie.sees(part)
    assert store.file.read_bytes() == before  # type: ignore[union-attr]
    assert marie.woken == 0


def test_l6_what_is_missing_is_not_called_cancelled_before_that_is_known(desk: Desk) -> None:
    desk.runs(replace(ONLINE, policy=replace(ONLINE.policy, settle_change_seconds=180)))
    event = desk.books(TITLE)
    marie = Patient(desk)
    event.deletes()
    shown = marie.sees()
    assert (shown.title, shown.may) == ("Votre rendez-vous", (What.CALL,))
    assert shown.news == "Le cabinet est en train de vérifier ce rendez-vous. En cas de doute, appelez-le."
    assert shown.rows[0][1] == "mardi 1er décembre 2026 à 10 h (heure de Paris)"
    for _ in range(2):
        desk.waits(minutes=5)
    assert marie.sees().news == "Ce rendez-vous n'a plus lieu. Pour en reprendre un, appelez le 01 43 00 00 00."


def test_g10_while_the_calendar_is_down_the_page_says_that_it_takes_longer(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    marie.does(What.CANCEL)
    desk.office.calendars["martin"].fail_next(TryLater("Injoignable."), times=99)
    desk.waits(seconds=10)
    assert marie.sees().pending
    desk.waits(seconds=25)
    shown = marie.sees()
    assert (shown.pending, shown.news[:38]) == (False, "Cela prend plus longtemps que d'habitu")


def test_p39_a_calendar_that_takes_no_writes_leaves_the_telephone(desk: Desk) -> None:
    desk.books(TITLE)
    marie = Patient(desk)
    with desk.office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", read_only="Lecture seule.")
    shown = marie.sees()
    assert shown.may == (What.CALL, What.CORRECT, What.FEWER)
    assert "ne peut pas être changé en ligne" in shown.why_not[What.MOVE]


@pytest.mark.parametrize("typed", ["10h DUPONT Marie – détartrage", "DUPONT Marie – détartrage mardi 10h"])
def test_p45_p17_the_old_hour_in_the_title_does_not_hold_up_what_the_patient_chose(desk: Desk, typed: str) -> None:
    event = desk.books(typed)
    marie = Patient(desk)
    marie.moves("11 h")
    desk.waits(seconds=5)
    assert marie.sees().news == "C'est fait : votre rendez-vous est déplacé au mardi 1er décembre à 11 h."
    desk.waits(minutes=5)
    assert "RDV déplacé" in desk.sms(MOBILE)[-1]
    assert not event.wrong
    [outdated] = event.said("!")
    assert outdated.endswith("et le patient a choisi par lien le mardi 1er décembre à 11 h : corrigez le titre.")
    event.moves(at="02/12 15:00")  # hers again: the title may be right
    assert "« 10h » est dans le titre" in event.wrong[0]
