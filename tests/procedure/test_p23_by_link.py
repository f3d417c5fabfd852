"""P23, P24 and P49 by link: « Demander l'accord », the patient's click, and what both lead to."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import Act, LinkTo, What
from rules.model import Channel
from rules.text.gsm7 import segments
from sync.people import agreement_page
from sync.report import lookup
from sync.report.explain import explain
from sync.store import agreements
from tests.at_the_page import Patient as AtThePage
from tests.desk import MARIE, SURGERY, Desk, Event, make_desk
from tests.office import PARIS
from tests.procedure.by_link import clicks, link, link_in, page

LINKED = replace(SURGERY, page_url="https://rdv.lilas.example")
ASK = "Demander l'accord"
TITLE = "DUPONT Marie – détartrage"
WAITING = "✓ Accord demandé au patient pour Dr Paul Bernard, mardi 1er décembre à 10 h : pas encore de réponse."
AGREED = "✓ Accord du patient par lien, le 24/11 à 9 h : Dr Paul Bernard."
REFUSED = "! Refusé par le patient, par lien, le 24/11 à 9 h. Proposez-lui une date avec Dr Claire Martin."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont is followed by Dr Martin; patients have pages."""
    return make_desk(tmp_path, LINKED, [MARIE])


def asked(desk: Desk, text: str = ASK, **more: object) -> Event:
    return desk.books(TITLE, text, **({"dentist": "bernard"} | more))  # type: ignore[arg-type]


def test_p23_p45_who_agreed_and_moves_it_by_the_link_agreed_to_that_time_too(desk: Desk) -> None:
    event = asked(desk)
    AtThePage(desk, desk.sms()[-1], LinkTo.AGREEMENT).does(What.ACCEPT)
    desk.waits(minutes=1)
    AtThePage(desk).moves("15 h")
    desk.waits(minutes=1)
    assert event.wrong == []
    assert "✓ Accord du patient par lien, le 24/11 à 9 h 01 : Dr Paul Bernard." in event.said("✓")
    assert desk.office.event(event.uid, "bernard").start.hour == 15
    assert "déplacé" in desk.sms()[-1]
    event.moves(at="02/12 15:00")  # but her own move asks for another one
    assert event.wrong


# --- asked -----------------------------------------------------------------------------------------------------------


def test_p23_the_patient_is_asked_by_sms_and_e_mail_and_nothing_is_confirmed(desk: Desk) -> None:
    event = asked(desk)
    [sms], [mail] = desk.sms(), desk.mails()
    assert sms.startswith(
        "Cabinet des Lilas : le Dr Martin est indisponible mar. 01/12 à 10h. Acceptez-vous le Dr Bernard ? Répondez : "
    )
    assert segments(sms) == 1
    assert mail.startswith("Une question sur votre rendez-vous : mardi 1er décembre 2026 à 10 h\n")
    assert "Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à 10 h." in mail
    assert "Acceptez-vous d'être reçu(e) par le Dr Paul Bernard à cette date ?" in mail
    assert link_in(mail) != link_in(sms)
    assert event.mark == "⚠ "
    assert WAITING in event.said("✓")
    assert "SMS de demande d'accord envoyé le 24/11 à 9 h" in event.reads
    assert len(event.reads.splitlines()) <= 8


TYPED = (
    "demander l'accord",
    "DEMANDER L’ACCORD",
    "Demander accord",
    "demande d'accord",
    "Demander l'accord :",
    "Demander l'accord : oui (Sylvie)",
)


@pytest.mark.parametrize("words", TYPED)
def test_p23_it_is_recognised_however_she_types_it(desk: Desk, words: str) -> None:
    asked(desk, words)
    assert len(desk.sms()) == 1


def test_p23_in_the_title_too(desk: Desk) -> None:
    desk.books(f"{TITLE} – demander l'accord", dentist="bernard")
    assert "Acceptez-vous" in desk.sms()[0]


def test_p23_nobody_is_asked_twice(desk: Desk) -> None:
    event = asked(desk)
    event.adds("Commentaire : rappelé")
    event.retypes("")
    event.retypes(ASK)
    desk.waits(days=1)
    assert len(desk.sms()) == len(desk.mails()) == 1
    assert WAITING in event.said("✓")


def test_p23_first_the_rest_is_put_right(desk: Desk) -> None:
    event = asked(desk, at="01/12 20:00")
    assert desk.sms() == []
    assert "! « Demander l'accord » : corrigez d'abord le reste, la question partira ensuite." in event.said("!")
    event.moves(at="01/12 10:00")
    assert "Acceptez-vous" in desk.sms()[0]


def test_p23_the_own_dentist_needs_no_agreement(desk: Desk) -> None:
    event = asked(desk, dentist="martin")
    assert event.confirmed
    assert "! « Demander l'accord » : Dr Claire Martin est le dentiste du patient, rien n'est demandé." in event.reads


def test_p24_with_the_absent_dentist_she_learns_where_to_put_it_first(desk: Desk) -> None:
    desk.keeps_days("Congés", "30/11", "04/12")
    event = asked(desk, dentist="martin")
    assert (
        "« Demander l'accord » : déplacez d'abord le rendez-vous dans l'agenda du dentiste à proposer." in event.reads
    )
    event.moves(dentist="nguyen")
    assert "Acceptez-vous le Dr Nguyen" in desk.sms()[0]


@pytest.mark.parametrize(
    ("text", "practice", "problem"),
    [
        (ASK, SURGERY, "sans page des patients (page: dans la configuration), aucun lien n'est envoyé"),
        (f"{ASK}\nSans mobile : oui (n'en a pas)\nSans e-mail : oui (n'en a pas)", LINKED, "ni mobile ni e-mail"),
    ],
)
def test_p23_where_nobody_can_be_asked_by_link_she_is_told_to_call(
    desk: Desk, text: str, practice: object, problem: str
) -> None:
    desk.runs(practice)  # type: ignore[arg-type]
    event = asked(desk, text)
    assert desk.sms() == desk.mails() == []
    call = "Appelez le patient, puis tapez « Accord patient : oui (quand, comment) »"
    assert f"! « Demander l'accord » : {problem}. {call}." in event.reads


def test_p23_an_hour_before_nobody_is_asked(desk: Desk) -> None:
    event = asked(desk, at="24/11 09:30")
    assert "le rendez-vous est trop proche" in event.reads
    assert desk.sms() == []


def test_p23_she_may_take_it_back_before_it_goes_and_after(desk: Desk) -> None:
    desk.runs(replace(LINKED, policy=replace(LINKED.policy, settle_seconds=90)))
    event = asked(desk)
    event.retypes("")
    desk.waits(minutes=3)
    assert desk.sms() == []
    event.retypes(ASK)
    desk.waits(minutes=3)
    assert len(desk.sms()) == 1
    event.retypes("")
    assert page(desk).may == ()
    assert "ne se pose plus" in page(desk).news


def test_p23_what_did_not_leave_follows_its_event(desk: Desk) -> None:
    desk.runs(replace(LINKED, policy=replace(LINKED.policy, settle_seconds=90)))
    event = asked(desk)
    event.moves(at="02/12 11:00")
    desk.waits(minutes=3)
    assert ["mer. 02/12 à 11h" in one for one in desk.sms()] == [True]


# --- answered --------------------------------------------------------------------------------------------------------


def test_p23_p49_the_click_is_the_agreement_and_the_confirmation_follows(desk: Desk) -> None:
    event = asked(desk)
    seen = page(desk)
    assert seen.may == (What.ACCEPT, What.REFUSE, What.CALL)
    assert ("Praticien proposé", "Dr Paul Bernard, Orthodontiste") in seen.offered
    assert ("Date et heure", "mardi 1er décembre 2026 à 10 h (heure de Paris)") in seen.offered
    assert seen.rows == (("Patient", "Marie D."), ("Votre praticien", "Dr Claire Martin (indisponible)"))
    after = clicks(desk, What.ACCEPT)
    assert after.pending
    assert "votre accord est noté" in after.news
    assert event.confirmed
    assert AGREED in event.reads
    assert event.said("✗", "!") == []
    assert "RDV confirmé le mardi 1er décembre à 10h avec le Dr Bernard." in desk.sms()[1]
    assert page(desk).news == "Merci. Vous serez reçu(e) par le Dr Paul Bernard le mardi 1er décembre 2026 à 10 h."
    assert [one.dentist for one in desk.directory()] == ["martin"]


def test_p23_the_words_that_were_read_are_kept_with_the_answer(desk: Desk) -> None:
    asked(desk)
    clicks(desk, What.ACCEPT)
    with desk.office.world.store.read() as tx:
        row = agreements.get(tx, link(desk, desk.sms()[0]).subject, PARIS)
    assert row is not None
    assert row.wording == (
        "Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à 10 h. "
        "Acceptez-vous d'être reçu(e) par le Dr Paul Bernard à cette date ? J'accepte."
    )
    assert (row.dentist, f"{row.start:%d/%m %H:%M}", row.answer) == ("bernard", "01/12 10:00", "accepted")


def test_p23_refused_it_stays_an_error_and_she_reads_what_to_do(desk: Desk) -> None:
    event = asked(desk)
    after = clicks(desk, What.REFUSE)
    assert "vous ne souhaitez pas être reçu(e) par un autre praticien" in after.news
    assert event.mark == "⚠ "
    assert REFUSED in event.reads
    assert len(desk.sms()) == 1
    event.moves(dentist="martin")
    assert event.confirmed


def test_p23_the_first_answer_counts_however_often_and_whatever_is_clicked_then(desk: Desk) -> None:
    event = asked(desk)
    first = page(desk)
    by_mail = link(desk, desk.mails()[0])
    clicks(desk, What.REFUSE, seen=first)
    for what in (What.REFUSE, What.ACCEPT, What.CALL):
        assert "vous ne souhaitez pas" in clicks(desk, what, seen=first).news
        assert "vous ne souhaitez pas" in clicks(desk, what, by_mail, seen=first).news
    assert REFUSED in event.reads
    assert len(desk.sms()) == 1


def test_p23_asked_to_be_called_the_question_stays_open(desk: Desk) -> None:
    event = asked(desk)
    assert "le cabinet vous rappelle" in clicks(desk, What.CALL).news
    assert page(desk).may == (What.ACCEPT, What.REFUSE)
    clicks(desk, What.ACCEPT)
    assert event.confirmed


def test_l9_looking_answers_nothing(desk: Desk) -> None:
    event = asked(desk)
    for _ in range(5):
        page(desk)
        page(desk, link(desk, desk.mails()[0]))
    desk.waits(minutes=5)
    assert event.mark == "⚠ "
    assert len(desk.sms()) == 1


# --- void ------------------------------------------------------------------------------------------------------------


def test_p23_at_another_hour_the_agreement_is_void_and_asked_again_only_when_she_asks(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    event.moves(at="02/12 11:00")
    assert event.mark == "⚠ "
    again = "Demander l'accord : Dr Paul Bernard, mercredi 2 décembre à 11 h"
    assert (
        "! « Demander l'accord » a été tapé pour Dr Paul Bernard, mardi 1er décembre à 10 h. "
        f"Pour demander l'accord, tapez « {again} »." in event.reads
    )
    assert len(desk.sms()) == 2
    event.retypes(again)
    assert "indisponible mer. 02/12 à 11h. Acceptez-vous le Dr Bernard ?" in desk.sms()[2]
    clicks(desk, What.ACCEPT)
    assert event.confirmed
    assert "déplacé au mer. 02/12 à 11h avec le Dr Bernard (avant : mar. 01/12 à 10h)" in desk.sms()[3]


def test_p23_dragged_back_to_the_hour_agreed_to_it_counts(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    event.moves(at="02/12 11:00")
    event.moves(at="01/12 10:00")
    assert event.confirmed
    assert len(desk.sms()) == 2


def test_p23_with_a_third_dentist_it_is_void(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    event.moves(dentist="nguyen")
    assert event.mark == "⚠ "
    assert "a été tapé pour Dr Paul Bernard" in event.reads
    assert len(desk.sms()) == 2
    event.retypes(f"{ASK} : Dr Linh Nguyen")
    assert "Acceptez-vous le Dr Nguyen" in desk.sms()[2]


def test_p23_of_another_patient_it_says_nothing(tmp_path: Path) -> None:
    paul = replace(MARIE, given_name="Paul", mobile="+33699887766", email="paul@example.org")
    desk = make_desk(tmp_path, LINKED, [MARIE, paul])
    event = asked(desk)
    mine = link(desk)
    clicks(desk, What.ACCEPT)
    event.retypes(title="DUPONT Paul – détartrage")
    assert event.mark == "⚠ "
    assert not [one for one in desk.sms(paul.mobile) if "confirmé" in one]
    assert agreement_page.shown(desk.office.world, mine) is None


def test_p23_she_moved_it_while_the_page_was_open_hers_stands(desk: Desk) -> None:
    event = asked(desk)
    seen, mine = page(desk), link(desk)
    event.moves(at="02/12 11:00")
    after = clicks(desk, What.ACCEPT, mine, seen=seen)
    assert "ne se pose plus" in after.news
    assert event.mark == "⚠ "
    assert not [one for one in desk.sms() if "confirmé" in one]


def test_p23_moved_before_the_worker_saw_it_the_click_agrees_to_what_was_shown(desk: Desk) -> None:
    event = asked(desk)
    seen, mine = page(desk), link(desk)
    agreement_page.act(desk.office.world, mine, Act(What.ACCEPT, seen.revision))
    event.moves(at="02/12 11:00")
    assert event.mark == "⚠ "
    assert not [one for one in desk.sms() if "confirmé" in one]


def test_p23_an_old_tab_is_shown_what_is_asked_now(desk: Desk) -> None:
    event = asked(desk)
    seen = page(desk)
    event.retypes(title="DUPONT Marie – contrôle")
    after = clicks(desk, What.ACCEPT, seen=seen)
    assert "a changé pendant que vous le regardiez" in after.news
    assert event.mark == "⚠ "
    clicks(desk, What.ACCEPT)
    assert event.confirmed


@pytest.mark.parametrize("typed", ["Accord patient : non (tél.)", "Accord patient : oui (tél.)"])
def test_p23_what_she_typed_meanwhile_counts_before_the_click(desk: Desk, typed: str) -> None:
    event = asked(desk)
    seen = page(desk)
    event.adds(typed)
    after = clicks(desk, What.REFUSE if "oui" in typed else What.ACCEPT, seen=seen)
    assert "ne se pose plus" in after.news
    assert event.confirmed is ("oui" in typed)


def test_p23_her_no_after_the_click_wins(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    event.adds("Accord patient : non (rappelé)")
    assert event.mark == "⚠ "
    assert AGREED not in event.reads


@pytest.mark.parametrize("later", ["deleted", "past"])
def test_p23_deleted_or_past_the_page_says_so(desk: Desk, later: str) -> None:
    event = asked(desk)
    seen, mine = page(desk), link(desk)
    if later == "deleted":
        event.deletes()
    else:
        desk.waits(days=8)
    after = clicks(desk, What.ACCEPT, mine, seen=seen)
    assert "est passé ou n'a plus lieu" in after.news
    assert after.may == ()
    assert not [one for one in desk.sms() if "confirmé" in one]


def test_p23_ruling10_a_copy_asks_nobody_and_has_no_agreement(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    calendar = desk.office.calendars["bernard"]
    body = calendar.get(f"{event.uid}.ics")
    assert body is not None
    copy = body.payload.replace(b"UID:e1", b"UID:copy").replace(b"20261201T", b"20261208T")
    calendar.put("copy.ics", copy)
    desk.waits(minutes=1)
    other = Event(desk, "copy", "bernard", "", "", event.at, 30)
    assert other.mark == "⚠ "
    assert "« Demander l'accord » vient d'un événement copié" in other.reads
    desk.waits(minutes=5)
    assert len(desk.sms()) == 2


def test_p23_for_a_new_patient_with_a_dentist_too(desk: Desk) -> None:
    details = (
        "Né(e) le : 02/02/1990\nMobile : 06 99 88 77 66\nE-mail : paul@example.org\nAdresse : 3 rue Haxo, 75020 Paris"
    )
    event = desk.books(
        "LEROY Paul – détartrage",
        f"Nouveau patient\nDentiste : Dr Martin\n{details}\n{ASK}",
        dentist="bernard",
        minutes=45,
    )
    assert "Acceptez-vous le Dr Bernard" in desk.sms("+33699887766")[0]
    assert len(desk.directory()) == 1
    clicks(desk, What.ACCEPT)
    assert event.confirmed
    assert [one.dentist for one in desk.directory()] == ["martin", "martin"]


def test_p23_one_channel_is_enough(desk: Desk) -> None:
    asked(desk, f"{ASK}\nSans mobile : oui (n'en a pas)")
    assert desk.sms() == []
    event = clicks(desk, What.ACCEPT, link(desk, desk.mails()[0]))
    assert event.pending
    assert "confirmé" in desk.mails()[1]
    assert {one.channel for one in [link(desk, desk.mails()[0])]} == {Channel.EMAIL}


def test_p23_explain_tells_what_was_asked_read_and_answered(desk: Desk) -> None:
    event = asked(desk)
    clicks(desk, What.ACCEPT)
    world = desk.office.world
    with world.store.read() as tx:
        [target] = lookup.find(world, tx, event.uid)
        told = [one.text for one in explain(world, tx, target).story]
    assert "accord demandé au patient par lien" in told
    assert "accord donné par le patient, par lien" in told
    assert (
        "accordé par lien ; le patient avait lu : « Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à "
        "10 h. Acceptez-vous d'être reçu(e) par le Dr Paul Bernard à cette date ? J'accepte. »" in told
    )
