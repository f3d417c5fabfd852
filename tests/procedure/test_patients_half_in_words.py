"""What she and her patients read of links, consent, rescue and the waiting list (P23, P24, P39, P44, P45)."""

from pathlib import Path

import pytest

from adapters.web.patients import LinkTo, What
from tests.at_the_page import ONLINE
from tests.at_the_page import Patient as AtThePage
from tests.desk import LUC, MARIE, Desk, Event, make_desk
from tests.procedure.waiting import LIST, desk_with_list, phone_of
from tests.typed import TITLE

ASK = "Demander l'accord"
SILENT = "demandé le 24/11 à 9 h, sans réponse"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont and Luc Moreau are followed by Dr Martin; patients have pages."""
    return make_desk(tmp_path, ONLINE, known=[MARIE, LUC])


@pytest.fixture
def listing(tmp_path: Path) -> Desk:
    """The same practice with a calendar for the waiting list."""
    return desk_with_list(tmp_path, [MARIE, LUC])


# --- another dentist -------------------------------------------------------------------------------------------------


def test_p23_what_was_asked_is_not_proposed_again(desk: Desk) -> None:
    event = desk.books(TITLE, ASK, dentist="bernard")
    assert event.wrong == [
        "✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard. Accord demandé par lien le 24/11, "
        "réponse attendue ; sinon, déplacez le rendez-vous dans son agenda, ou, si le patient est d'accord, tapez "
        "« Accord patient : oui (quand, comment) »."
    ]
    AtThePage(desk, desk.sms()[-1], LinkTo.AGREEMENT).does(What.REFUSE)
    desk.waits(minutes=1)
    [wrong] = event.wrong
    assert ASK not in wrong
    assert "réponse attendue" not in wrong


def test_p23_moved_to_a_third_dentist_it_may_be_asked_anew(desk: Desk) -> None:
    event = desk.books(TITLE, ASK, dentist="bernard")
    event.moves(dentist="nguyen")
    assert "réponse attendue" not in "".join(event.wrong)


# --- a leave ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("Congés", "ces congés"),
        ("FORMATION implanto", "cette formation"),
        ("Réunion et absence", "cette réunion"),
        ("Vacances d'hiver", "ces vacances"),
        ("Arrêt maladie", "cet arrêt"),
        ("Absente", "cette absence"),
    ],
)
def test_p24_an_absence_is_called_as_she_calls_it(desk: Desk, title: str, called: str) -> None:
    desk.books(TITLE, at="01/12 10:00")
    away = desk.books(title, at="01/12 09:00", minutes=240)
    assert away.reads.startswith(f"! 1 rendez-vous tombe sur {called} : ")
    empty = desk.books(title, "Proposer d'autres dates", at="03/12 09:00", minutes=240)
    assert f"! Aucun rendez-vous ne tombe sur {called}." in empty.reads


def test_p24_who_was_just_asked_is_not_called_silent(desk: Desk) -> None:
    desk.books(TITLE, at="01/12 10:00")
    leave = desk.books("Formation", "Proposer d'autres dates", at="01/12 09:00", minutes=240)
    assert f"mardi 1er décembre à 10 h, DUPONT Marie : {SILENT}" in leave.reads
    desk.waits(days=2)
    assert SILENT in leave.reads


def test_p24_the_settled_are_counted(desk: Desk) -> None:
    one, two = desk.books(TITLE), desk.books("MOREAU Luc – contrôle", at="01/12 11:00", minutes=20)
    leave = desk.books("Formation", "Proposer d'autres dates", at="01/12 09:00", minutes=240)
    one.moves(at="08/12 10:00")
    assert leave.reads.startswith("! 1 rendez-vous tombe sur cette formation (autres dates proposées, 1 réglé).")
    two.moves(at="08/12 11:00")
    assert leave.reads.startswith("! Plus aucun rendez-vous ne tombe sur cette formation.")


# --- the page --------------------------------------------------------------------------------------------------------

DONE = "C'est fait : votre rendez-vous est déplacé au mardi 1er décembre à 15 h."


def moved(desk: Desk) -> tuple[Event, AtThePage]:
    event = desk.books(TITLE)
    marie = AtThePage(desk)
    marie.moves("15 h")
    desk.waits(seconds=5)
    return event, marie


def test_p45_what_was_told_is_not_promised(desk: Desk) -> None:
    _, marie = moved(desk)
    desk.waits(minutes=10)
    assert marie.sees().news == DONE


def test_p39_a_later_wish_ends_the_news_of_the_move(desk: Desk) -> None:
    _, marie = moved(desk)
    desk.waits(minutes=10)
    assert "rappellera" in marie.does(What.CALL).news
    assert marie.sees().news == ""


def test_p39_what_she_changed_later_ends_the_news_of_the_move(desk: Desk) -> None:
    event, marie = moved(desk)
    desk.waits(minutes=10)
    event.at = event.at.replace(hour=15)
    event.retypes(title="DUPONT Marie – contrôle")
    assert marie.sees().news == ""


def test_p24_a_leave_over_the_new_time_is_news(desk: Desk) -> None:
    _, marie = moved(desk)
    desk.waits(minutes=10)
    desk.books("Congés", "Proposer d'autres dates", at="01/12 14:00", minutes=240)
    assert marie.sees().news.startswith("Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à 15 h")
    marie.does(What.REFUSE)
    assert marie.sees().news.startswith("C'est noté : aucune de ces dates ne vous convient.")


# --- the event -------------------------------------------------------------------------------------------------------


def test_p45_her_event_says_that_the_patient_moved_it(desk: Desk) -> None:
    event, _ = moved(desk)
    desk.waits(minutes=10)
    assert "✓ Déplacé par le patient, par lien, le 24/11 à 9 h." in event.said("✓")
    assert len(event.reads.splitlines()) <= 8
    event.moves(at="02/12 10:00")
    assert "Déplacé par le patient" not in event.reads


def freed(desk: Desk) -> None:
    event = desk.books("MOREAU Luc – détartrage", at="01/12 10:00")
    desk.waits(minutes=1)
    event.deletes()
    desk.waits(minutes=1)


ACCEPTED = "✓ Créneau de la liste d'attente, accepté par le patient, par lien, le 24/11 à 9 h 02."


def test_p44_her_event_says_that_it_came_from_the_list(listing: Desk) -> None:
    event = listing.books(TITLE, "Liste d'attente", at="08/12 10:00")
    freed(listing)
    phone_of(listing, MARIE).presses(What.ACCEPT)
    for _ in range(3):
        listing.waits(minutes=1)
    assert ACCEPTED in event.said("✓")


def test_p44_the_event_that_we_note_says_where_it_comes_from(listing: Desk) -> None:
    listing.books(TITLE, dentist=LIST)
    freed(listing)
    phone_of(listing, MARIE).presses(What.ACCEPT)
    for _ in range(3):
        listing.waits(minutes=1)
    uid = next(ref.removesuffix(".ics") for ref in refs(listing))
    assert ACCEPTED in Event(listing, uid, "martin", "", "", listing.office.now, 0).said("✓")


def refs(desk: Desk) -> list[str]:
    from adapters.base import NOTHING_KNOWN

    pages = desk.office.calendars["martin"].changes(None, NOTHING_KNOWN)
    return [body.ref for page in pages for body in page.resources]


# --- what she types herself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Proposé : DUPONT M.", "Proposé"),
        ("Proposé : DUPONT Marie", "Proposé"),
        ("Proposé à DUPONT Marie – détartrage", "Proposé à"),
        ("à proposer DUPONT Marie – détartrage", "à proposer"),
    ],
)
def test_p44_what_she_proposes_herself_is_asked_about(listing: Desk, title: str, words: str) -> None:
    event = listing.books(title)
    assert event.wrong[0] == (
        f"✗ « {words} » est tapé : le rendez-vous tient-il ? Sinon, tapez « Annulé » devant le nom ; si oui, retirez "
        f"« {words} »."
    )
    assert not listing.sms()
    event.retypes(title=TITLE)
    assert event.confirmed


# --- nothing that is asked of us stays unanswered --------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["demander l'accord svp", "Demander accord, merci", "Demander l'accord s'il vous plaît"]
)
def test_p23_a_polite_word_behind_it_changes_nothing(desk: Desk, words: str) -> None:
    event = desk.books(TITLE, words, dentist="bernard")
    assert "Accord demandé par lien" in event.wrong[0]


def test_p23_what_is_asked_in_words_of_her_own_is_said_to_be_a_comment(desk: Desk) -> None:
    event = desk.books(TITLE, "Demander accord quand elle rappelle", dentist="bernard")
    assert "✓ Gardé comme commentaire : « Demander accord quand elle rappelle »." in event.said("✓")


def test_p24_other_dates_are_not_proposed_from_an_appointment(desk: Desk) -> None:
    event = desk.books(TITLE, "Proposer d'autres dates svp")
    assert event.confirmed
    assert event.said("!")[0].endswith("pas dans le rendez-vous : rien n'est proposé ici.")


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("sur liste d'attente si désistement lundi", "lundi"), ("liste d'attente jeudi matin", "jeudi matin"),
        ("Liste d'attente : avant 9h", "avant 9 h"),
    ],
)  # fmt: skip
def test_p44_p17_times_wished_in_the_title_are_not_the_appointments(listing: Desk, words: str, wish: str) -> None:
    event = listing.books(f"DUPONT Marie – détartrage – {words}")
    assert event.confirmed
    assert event.said("✓")[-1].startswith(f"✓ Sur la liste d'attente ({wish})")


@pytest.mark.parametrize("line", ["Liste attente", "Liste d'attente", "Sur liste d'attente"])
def test_p44_the_list_is_understood_in_the_usual_spellings(listing: Desk, line: str) -> None:
    event = listing.books(TITLE, line)
    assert event.said("✓")[-1].startswith("✓ Sur la liste d'attente")


@pytest.mark.parametrize(
    "line", ["Liste d'attente à partir du 10/12", "Liste d'attente avant le 20/12", "À retirer de la liste d'attente"]
)
def test_p44_what_is_typed_of_the_list_and_not_understood_is_said(listing: Desk, line: str) -> None:
    event = listing.books(TITLE, line)
    assert f"✓ Gardé comme commentaire : « {line} »." in event.said("✓")


def test_p44_without_a_list_she_reads_that_nothing_is_offered(desk: Desk) -> None:
    event = desk.books(TITLE, "Liste d'attente")
    assert event.confirmed
    assert event.said("!") == [
        "! « Liste d'attente » : rien n'est proposé ici (waiting_list: n'est pas dans la configuration). "
        "Rappelez le patient vous-même."
    ]
