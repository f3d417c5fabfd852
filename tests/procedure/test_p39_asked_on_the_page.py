"""P39: what a patient asks for on the page that changes no calendar: it stands in the event, and she decides."""

from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.web.patients import What
from sync.people.erase import erase
from sync.store import patients
from sync.store import tables as t
from sync.worker.daily_digest import todays
from tests.at_the_page import ONLINE, Patient
from tests.desk import LUC, MARIE, Desk, make_desk
from tests.office import COMPLETE
from tests.typed import TITLE

MOBILE, MAIL = MARIE.mobile, MARIE.email


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont is known, and the practice has a page."""
    return make_desk(tmp_path, ONLINE, known=[MARIE])


def test_p39_who_asks_to_be_called_stands_in_the_event_and_in_the_digest_once_a_day(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    assert marie.does(What.CALL).news == "C'est noté : le cabinet vous rappellera."
    assert marie.does(What.CALL).news == "Votre demande est déjà notée : le cabinet vous rappellera."
    desk.waits(seconds=5)
    asked = "! À rappeler au 06 12 34 56 78 : demandé sur sa page le 24/11 à 9 h. Une fois fait, tapez « Rappelé »."
    assert event.said("!") == [asked]
    assert event.confirmed
    letter = todays(desk.office.world)
    assert letter is not None
    assert "Patients à rappeler" in [section.title for section in letter.sections]
    desk.waits(minutes=5)
    event.adds("Commentaire : à rappeler")
    assert event.said("!") == [asked]
    event.adds("Rappelée le 24/11, laissé un message")
    assert event.said("!") == []
    assert todays(desk.office.world) is None
    event.retypes("")
    assert event.said("!") == []


def test_p39_what_the_patient_corrects_is_a_proposal_until_she_types_it(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    shown = marie.does(What.CORRECT, nom="DUPOND Marie", mobile="06 99 88 77 66", email=MAIL or "")
    assert shown.news == "Votre demande est transmise. Le cabinet la vérifie avant de corriger votre dossier."
    desk.waits(seconds=5)
    assert event.said("!") == ["! Demandé sur sa page le 24/11 à 9 h : corriger nom et mobile. Si c'est juste, tapez :"]
    assert event.proposed == ["Nom : DUPOND Marie", "Mobile : 06 99 88 77 66"]
    assert desk.directory()[0].mobile == MOBILE
    event.adds("Mobile : 06 99 88 77 66")
    assert desk.directory()[0].mobile == "+33699887766"
    assert event.proposed == ["Nom : DUPOND Marie"]


@pytest.mark.parametrize("name", ["DUPOND Marie", "DUVAL-LEFEVRE Marie", "SIMON Jeanne"])
def test_p39_a_corrected_name_is_the_records_once_she_types_it(desk: Desk, name: str) -> None:
    event, other = desk.books(TITLE), desk.books("DUPONT Marie – contrôle", at="03/12 10:00")
    before = len(desk.sms())
    Patient(desk, desk.sms(MOBILE)[0]).does(What.CORRECT, nom=name)
    desk.waits(seconds=5)
    event.adds(event.proposed[0])
    desk.waits(minutes=5)
    assert [(one.name, one.mobile) for one in desk.directory()] == [(name, MOBILE)]
    assert event.confirmed
    assert event.proposed == []
    assert f"nom : DUPONT Marie → {name}" in event.reads
    other.adds("Commentaire : préfère le matin")
    assert other.confirmed
    assert name in other.reads
    assert len(desk.sms()) == before


def test_p39_so_is_that_of_a_patient_whose_record_the_event_made(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, ONLINE)
    event = desk.books(TITLE, COMPLETE)
    Patient(desk).does(What.CORRECT, nom="SIMON Jeanne")
    desk.waits(seconds=5)
    event.adds(event.proposed[0])
    event.adds("Commentaire : préfère le matin")
    assert [one.name for one in desk.directory()] == ["SIMON Jeanne"]
    assert event.confirmed
    assert len(desk.sms()) == 1


def test_p39_the_former_name_is_erased_with_the_patient(desk: Desk) -> None:
    event = desk.books(TITLE)
    Patient(desk).does(What.CORRECT, nom="SIMON Jeanne")
    desk.waits(seconds=5)
    event.adds(event.proposed[0])
    world = desk.office.world
    with world.store.write() as tx:
        record = patients.get(tx, 1)
        assert record is not None
        assert record.name == "SIMON Jeanne"
        erase(world, tx, record)
        assert tx.connection.execute(select(t.patient.c.family_name)).all() == []


def test_p39_a_corrected_name_that_somebody_has_is_asked_about(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, ONLINE, known=[MARIE, LUC])
    event = desk.books(TITLE)
    Patient(desk).does(What.CORRECT, nom=LUC.name)
    desk.waits(seconds=5)
    event.adds(event.proposed[0])
    assert sorted(one.name for one in desk.directory()) == [MARIE.name, LUC.name]


@pytest.mark.parametrize(
    ("values", "news"),
    [
        ({"mobile": "01 43 00 11 22"}, "Mobile : "),
        ({"email": "marie@"}, "E-mail : "),
        ({"nom": "DUPONT Marie", "mobile": "06 12 34 56 78"}, "Il n'y avait rien à corriger."),
        ({}, "Il n'y avait rien à corriger."),
        ({"nom": "x" * 5000}, ""),
    ],
)
def test_p39_what_cannot_be_believed_is_said(desk: Desk, values: dict[str, str], news: str) -> None:
    event = desk.books(TITLE)
    assert Patient(desk).does(What.CORRECT, **values).news.startswith(news)
    desk.waits(seconds=5)
    assert event.proposed == [] or "x" * 81 not in event.proposed[0]


def test_p39_fewer_messages_the_other_channel_still_goes(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    shown = marie.does(What.FEWER, sans="sms")
    assert shown.news == "C'est noté : plus de SMS. Les messages importants viendront par e-mail."
    assert shown.notes[-1] == "Vous ne recevez plus de SMS (depuis le 24/11/2026)."
    desk.waits(seconds=5)
    assert "✓ Plus de SMS, demandé sur sa page le 24/11/2026." in event.said("✓")
    event.moves(at="02/12 11:00")
    assert (len(desk.sms(MOBILE)), len(desk.mails(MAIL))) == (1, 2)
    desk.waits(days=7, hours=3)
    assert (len(desk.sms(MOBILE)), len(desk.mails(MAIL))) == (1, 3)
    assert marie.sees().rows[0][1].startswith("mercredi 2 décembre")  # the link in the SMS still opens


def test_p39_no_messages_at_all_and_the_practice_calls(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    news = marie.does(What.FEWER, sans=("sms", "email")).news
    assert news == "C'est noté : vous ne recevrez plus de messages. Le cabinet vous appellera si besoin."
    desk.waits(seconds=5)
    assert event.said("!") == ["! À prévenir par téléphone : ni SMS ni e-mail, demandé sur sa page le 24/11/2026."]
    event.moves(at="02/12 11:00")
    event.deletes()
    desk.waits(minutes=5)
    assert (len(desk.sms(MOBILE)), len(desk.mails(MAIL))) == (1, 1)
    assert desk.office.to_practice() == ["attitre : un patient à prévenir par téléphone"]


def test_p39_messages_can_be_wanted_again(desk: Desk) -> None:
    event = desk.books(TITLE)
    marie = Patient(desk)
    marie.does(What.FEWER, sans=("sms", "email"))
    assert marie.does(What.FEWER).news == "C'est noté : vous recevrez de nouveau nos messages."
    desk.waits(seconds=5)
    event.moves(at="02/12 11:00")
    assert len(desk.sms(MOBILE)) == 2


def test_p44_no_time_suits_and_the_wish_stands_in_the_event(desk: Desk) -> None:
    event = desk.books(TITLE)
    shown = Patient(desk).does(What.WAIT, jour=("mar", "lun", "dim"), moment="matin")
    assert shown.news == "C'est noté. Rien n'est réservé pour l'instant : votre rendez-vous reste à sa date."
    desk.waits(seconds=5)
    assert "✓ Cherche un autre créneau (lundi ou mardi, le matin), dit sur sa page le 24/11 à 9 h." in event.said("✓")
