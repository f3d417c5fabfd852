"""The links of real messages in a phone without JavaScript, before a practice that works: what is pressed on the page
becomes the event in her calendar, and the page says so (P39, P23, P44). axe finds nothing at any stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.web.patients import LinkTo
from adapters.web.views import french
from rules.model import Patient
from tests.at_the_page import secrets
from tests.desk import LUC, MARIE, Desk, Event, make_desk, moment
from tests.pages.conftest import served, take
from tests.pages.screen import PHONE, goes, overflow, small, violations
from tests.procedure.waiting import ZOE, practice_that, titles

pytestmark = pytest.mark.clients
HELD, FREED = "15/12 10:00", "01/12 10:00"


@dataclass
class Visitor:
    """A patient with a phone, and the practice behind the page."""

    desk: Desk
    root: str
    page: Page
    looker: Page  # of the same size, with the JavaScript that axe needs
    pictures: Path

    def opens(self, to: LinkTo, whose: Patient = MARIE) -> None:
        """The newest link of that kind that came by SMS."""
        texts = reversed(self.desk.sms(whose.mobile))
        secret = next(found[-1] for text in texts if (found := secrets(text, to)))
        self.page.goto(f"{self.root}/{to}/{secret}")
        assert secret not in self.page.url

    def follows(self, words: str) -> None:
        self.page.get_by_role("link", name=words).click()

    def chooses(self, words: str, button: str = "Envoyer ma réponse") -> None:
        self.page.get_by_label(french(words)).check(force=True)
        self.page.get_by_role("button", name=button).click()

    def reads(self, *news: str, stage: str, waits: bool = False) -> None:
        """The page says so, and whoever looks finds nothing wrong with it."""
        for words in news:
            expect(self.page.get_by_role("status")).to_contain_text(french(words))
        assert self.page.locator("meta[http-equiv=refresh]").count() == waits
        self.looker.set_content(re.sub(r'<meta http-equiv="refresh"[^>]*>', "", self.page.content()))
        assert violations(self.looker) == []
        assert overflow(self.looker) <= 0
        assert small(self.looker) == []
        take(self.page, self.pictures, f"vrai-{stage}")

    def sees(self, *words: str) -> None:
        for one in words:
            expect(self.page.get_by_role("main")).to_contain_text(french(one))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, practice_that(at_once=True), [MARIE, LUC, ZOE])


@pytest.fixture
def visitor(browser: Browser, desk: Desk, pictures: Path) -> Iterator[Visitor]:
    context, looking = browser.new_context(**PHONE, java_script_enabled=False), browser.new_context(**PHONE)
    context.set_default_timeout(20_000)
    with served(desk) as root:
        yield Visitor(desk, root, context.new_page(), looking.new_page(), pictures)
    context.close()
    looking.close()


def offered(desk: Desk, *others: str) -> Event:
    """Marie's appointment of 15 December waits for an earlier one, and a time on the first became free."""
    event = desk.books("DUPONT Marie – détartrage", "Liste d'attente", at=HELD)
    for number, other in enumerate(others):
        desk.books(f"{other} – détartrage", "Liste d'attente", at=f"16/12 {10 + number}:00")
    freed = desk.books("MOREAU Luc – détartrage", at=FREED)
    desk.waits(minutes=1)
    freed.deletes()
    desk.waits(minutes=1)
    return event


def passes(desk: Desk) -> None:
    for _ in range(3):
        desk.waits(minutes=1)


# --- an offer --------------------------------------------------------------------------------------------------------


def test_p44_offered_accepted_under_way_and_theirs(visitor: Visitor) -> None:
    event = offered(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.sees("Un rendez-vous s'est libéré", "mardi 1er décembre", "mardi 15 décembre")
    visitor.reads(stage="offre")
    visitor.chooses("Oui, je prends le rendez-vous du mardi 1er décembre à 10 h")
    visitor.reads("cette page se met à jour", stage="offre-en-cours", waits=True)
    assert visitor.desk.office.event(event.uid).start == moment(HELD)
    visitor.desk.waits(seconds=5)
    visitor.reads("ce rendez-vous est à vous", stage="offre-a-vous")  # by itself, within two seconds
    assert visitor.desk.office.event(event.uid).start == moment(FREED)
    assert titles(visitor.desk) == ["DUPONT Marie – détartrage"]
    passes(visitor.desk)
    assert "RDV déplacé" in visitor.desk.sms(MARIE.mobile)[-1]
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.sees("mardi 1er décembre")
    visitor.opens(LinkTo.OFFER)
    visitor.reads("ce rendez-vous est à vous", stage="offre-a-vous-encore")


def test_p44_offered_and_refused_the_appointment_stays(visitor: Visitor) -> None:
    event = offered(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.page.get_by_role("button", name="Envoyer ma réponse").click()
    visitor.sees("Votre réponse")  # nothing chosen, nothing sent
    visitor.chooses("Non, je garde le rendez-vous que j'ai")
    visitor.reads("vous gardez votre place sur la liste", "15 décembre à 10 h reste", stage="offre-refusee")
    expect(visitor.page.get_by_role("heading", name="Votre rendez-vous actuel")).to_be_visible()
    passes(visitor.desk)
    assert visitor.desk.office.event(event.uid).start == moment(HELD)
    assert titles(visitor.desk) == ["DUPONT Marie – détartrage"]


def test_p44_offered_and_no_more_wanted(visitor: Visitor) -> None:
    offered(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.chooses("Non, et ne me proposez plus de place")
    visitor.reads("nous ne vous proposerons plus de créneau", stage="offre-plus-jamais")


def test_p44_too_late_somebody_else_was_faster(visitor: Visitor) -> None:
    event = offered(visitor.desk, "PETIT Zoé")
    visitor.opens(LinkTo.OFFER)
    visitor.sees("mardi 1er décembre")
    with visitor.page.context.new_page() as other:
        first = replace(visitor, page=other)
        first.opens(LinkTo.OFFER, ZOE)
        first.chooses("Oui, je prends le rendez-vous du mardi 1er décembre à 10 h")
        first.reads("cette page se met à jour", stage="offre-plus-rapide", waits=True)
    visitor.chooses("Oui, je prends le rendez-vous du mardi 1er décembre à 10 h")  # from the page that was still open
    visitor.reads("Ce créneau est déjà pris", "15 décembre à 10 h reste", stage="offre-deja-prise")
    passes(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.reads("Ce créneau est déjà pris", stage="offre-deja-prise-encore")
    assert visitor.desk.office.event(event.uid).start == moment(HELD)


@pytest.mark.parametrize("seen", [True, False])
def test_p44_the_practice_takes_it_back(visitor: Visitor, seen: bool) -> None:
    event = offered(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.sees("mardi 1er décembre")
    martin = visitor.desk.office.calendars["martin"]
    [ref] = [ref for ref, body in martin._held.items() if b"Propos" in body.payload]
    martin.delete(ref)
    if seen:
        passes(visitor.desk)
    visitor.chooses("Oui, je prends le rendez-vous du mardi 1er décembre à 10 h")
    if not seen:
        visitor.reads("cette page se met à jour", stage="offre-reprise-en-cours", waits=True)
        passes(visitor.desk)
    visitor.reads(
        "repris par le cabinet", "15 décembre à 10 h reste", stage=f"offre-reprise-{'lue' if seen else 'pas-lue'}"
    )
    assert visitor.desk.office.event(event.uid).start == moment(HELD)
    passes(visitor.desk)
    assert not [one for one in visitor.desk.sms(MARIE.mobile) if "déplacé" in one]


def test_p44_after_the_time_to_answer(visitor: Visitor) -> None:
    offered(visitor.desk)
    visitor.opens(LinkTo.OFFER)
    visitor.sees("mardi 1er décembre")
    visitor.desk.waits(hours=2)
    visitor.chooses("Oui, je prends le rendez-vous du mardi 1er décembre à 10 h")
    visitor.reads("Le délai de réponse est passé", stage="offre-delai-passe")


# --- another dentist -------------------------------------------------------------------------------------------------


def asked(desk: Desk) -> Event:
    return desk.books("DUPONT Marie – contrôle", "Demander l'accord", at="08/12 10:00", dentist="bernard", minutes=20)


def test_p23_asked_agreed_and_confirmed(visitor: Visitor) -> None:
    event = asked(visitor.desk)
    visitor.opens(LinkTo.AGREEMENT)
    visitor.sees("Dr Paul Bernard", "Dr Claire Martin")
    visitor.reads(stage="accord")
    assert visitor.page.get_by_role("heading", name="Votre rendez-vous actuel").count() == 0  # there is none yet
    visitor.chooses("Oui, j'accepte")
    visitor.reads("votre accord est noté", stage="accord-en-cours", waits=True)
    assert not event.confirmed
    visitor.desk.waits(seconds=5)
    visitor.reads("Merci. Vous serez reçu(e) par le Dr Paul Bernard", stage="accord-confirme")
    passes(visitor.desk)
    assert event.confirmed
    assert "Accord du patient par lien" in event.reads


def test_p23_asked_and_refused(visitor: Visitor) -> None:
    event = asked(visitor.desk)
    visitor.opens(LinkTo.AGREEMENT)
    visitor.chooses("Non, je n'accepte pas")
    visitor.reads("vous ne souhaitez pas être reçu(e) par un autre praticien", stage="accord-refuse")
    passes(visitor.desk)
    assert not event.confirmed


def test_p23_asked_and_to_be_called(visitor: Visitor) -> None:
    asked(visitor.desk)
    visitor.opens(LinkTo.AGREEMENT)
    visitor.chooses("Je préfère que le cabinet me rappelle")
    visitor.reads("le cabinet vous rappelle", stage="accord-rappel")


@pytest.mark.parametrize("then", ["drags", "deletes"])
def test_p23_the_practice_changed_it_meanwhile(visitor: Visitor, then: str) -> None:
    event = asked(visitor.desk)
    visitor.opens(LinkTo.AGREEMENT)
    visitor.sees("Dr Paul Bernard")
    event.moves(at="09/12 10:00") if then == "drags" else event.deletes()
    passes(visitor.desk)
    visitor.chooses("Oui, j'accepte")
    visitor.reads("ne se pose plus" if then == "drags" else "n'a plus lieu", stage=f"accord-{then}")


# --- an appointment --------------------------------------------------------------------------------------------------


def booked(desk: Desk) -> Event:
    event = desk.books("DUPONT Marie – détartrage", at="08/12 10:00")
    desk.waits(minutes=1)
    return event


def test_p45_seen_moved_under_way_and_there(visitor: Visitor) -> None:
    event = booked(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.sees("mardi 8 décembre")
    visitor.reads(stage="rdv")
    visitor.follows("Changer de date")
    visitor.reads(stage="rdv-dates")
    goes(visitor.page, "a.later >> nth=0")
    group = visitor.page.get_by_role("group", name="mardi 8 décembre")
    group.get_by_label(french("15 h"), exact=True).check(force=True)
    visitor.page.get_by_role("button", name="Déplacer").click()
    visitor.reads("15 h", stage="rdv-deplace-en-cours", waits=True)
    visitor.desk.waits(seconds=5)
    visitor.reads("C'est fait", "mardi 8 décembre à 15 h", stage="rdv-deplace")
    assert visitor.desk.office.event(event.uid).start == moment("08/12 15:00")


def test_p45_the_time_is_gone_before_the_worker_comes(visitor: Visitor) -> None:
    event = booked(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.follows("Changer de date")
    visitor.page.get_by_role("group", name="mardi 1er décembre").get_by_label(french("15 h"), exact=True).check(
        force=True
    )
    visitor.page.get_by_role("button", name="Déplacer").click()
    visitor.reads("15 h", stage="rdv-pris-en-cours", waits=True)
    visitor.desk.books("Réunion", at="01/12 15:00")
    visitor.reads("Ce créneau vient d'être pris", "8 décembre à 10 h ne change pas", stage="rdv-pris")
    assert visitor.desk.office.event(event.uid).start == moment("08/12 10:00")


def test_p46_cancelled_by_the_patient(visitor: Visitor) -> None:
    booked(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.follows("Annuler ce rendez-vous")
    visitor.reads(stage="rdv-annuler")
    visitor.chooses("Oui, annuler ce rendez-vous", "Valider")
    visitor.reads("annulation est en cours", stage="rdv-annule-en-cours", waits=True)
    visitor.desk.waits(seconds=5)
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Rendez-vous annulé")
    visitor.reads(stage="rdv-annule")
    assert titles(visitor.desk) == []


def test_p39_what_the_practice_does_meanwhile_is_what_the_page_says(visitor: Visitor) -> None:
    event = booked(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.follows("Annuler ce rendez-vous")
    event.moves(at="09/12 11:00")
    visitor.chooses("Oui, annuler ce rendez-vous", "Valider")
    visitor.reads("Ce rendez-vous a changé depuis que vous avez ouvert la page", stage="rdv-change")
    visitor.sees("mercredi 9 décembre")
    event.deletes()
    passes(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.reads(stage="rdv-n-a-plus-lieu")
    assert visitor.page.get_by_role("link", name="Annuler ce rendez-vous").count() == 0


def test_p24_other_dates_are_proposed_and_one_is_chosen_or_none(visitor: Visitor) -> None:
    event = booked(visitor.desk)
    visitor.desk.books("Congés", "Proposer d'autres dates", at="08/12 08:00", minutes=600)
    passes(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.reads("Dr Claire Martin", stage="rdv-conges")
    assert visitor.page.get_by_role("link", name=french("Voir d'autres dates")).count() == 1
    visitor.page.locator('input[name="debut"]').first.check(force=True)
    visitor.page.get_by_role("button", name="Déplacer").click()
    visitor.reads("en cours de déplacement", stage="rdv-conges-en-cours", waits=True)
    visitor.desk.waits(seconds=5)
    visitor.reads("C'est fait", stage="rdv-conges-deplace")
    assert visitor.desk.office.event(event.uid).start != moment("08/12 10:00")


def test_p24_none_of_the_other_dates_fits(visitor: Visitor) -> None:
    booked(visitor.desk)
    visitor.desk.books("Congés", "Proposer d'autres dates", at="08/12 08:00", minutes=600)
    passes(visitor.desk)
    visitor.opens(LinkTo.APPOINTMENT)
    visitor.follows("Aucune date proposée ne me convient")
    visitor.reads(stage="rdv-conges-refuser")
    visitor.chooses("Oui, aucune ne me convient")
    visitor.reads(stage="rdv-conges-refuse")
