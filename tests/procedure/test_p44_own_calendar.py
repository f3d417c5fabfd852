"""The waiting list as a calendar of its own: an event for each who waits (P44)."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import What
from rules.model import Motif
from sync.cli.commands.patients import Merge, store
from tests.desk import LUC, MARIE, Desk, Event, moment
from tests.office import PARIS
from tests.procedure.waiting import LIST, OFFERING, PAUL, Phone, desk_with_list, frees, phone_of, practice_that, titles


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_with_list(tmp_path, [MARIE, LUC])


@pytest.fixture
def marie(desk: Desk) -> Phone:
    return phone_of(desk, MARIE)


def test_p44_an_event_of_the_list_says_that_nothing_is_reserved(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", "mardi matin, après 17 h", dentist=LIST)
    assert event.reads == (
        "✓ Inscrit sur la liste d'attente : rien n'est réservé.\n"
        "DUPONT Marie : Détartrage, 30 min, Dr Claire Martin, souhaite mardi matin ou après 17 h"
    )
    assert not desk.sms()


def test_p44_an_event_of_the_list_says_what_is_missing(desk: Desk) -> None:
    assert desk.books("DUPONT Marie", dentist=LIST).wrong == [
        "✗ Motif manquant : tapez « Motif : … ». Motifs : Détartrage, Douleur, Contrôle, Couronne."
    ]
    assert desk.books("à voir", dentist=LIST).wrong == [
        "✗ Pour qui ? Tapez le nom du patient dans le titre : « DUPONT Marie – détartrage »."
    ]


def test_p44_an_event_of_the_list_that_is_repeated_says_that_nobody_waits_by_it(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST, extra="RRULE:FREQ=WEEKLY;COUNT=3")
    assert event.wrong == ["✗ Cet événement se répète : personne n'est inscrit. Retirez la répétition."]
    event.extra = ""
    event.save()
    assert not event.wrong
    assert "Inscrit sur la liste d'attente" in event.reads


def test_p44_who_has_no_appointment_gets_one_and_is_told(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", "mardi matin", dentist=LIST)
    frees(desk, at="02/12 10:00")
    assert not marie.offers
    frees(desk)
    assert len(marie.offers) == 1
    assert not marie.sees().rows
    assert marie.presses(What.ACCEPT).pending
    for _ in range(3):
        desk.waits(minutes=1)
    assert titles(desk) == ["DUPONT Marie – détartrage"]
    assert titles(desk, LIST) == []
    assert "RDV confirmé le" in marie.desk.sms(MARIE.mobile)[-1]
    assert marie.sees().news == "C'est noté : ce rendez-vous est à vous."


def test_p44_the_secretary_was_faster_so_nothing_is_noted(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    marie.presses(What.ACCEPT)
    desk.books("MOREAU Luc – contrôle", at="01/12 10:00", minutes=20)
    desk.waits(minutes=1)
    assert titles(desk) == ["MOREAU Luc – contrôle"]
    assert titles(desk, LIST) == ["DUPONT Marie – détartrage"]
    assert marie.sees().news == "Ce créneau a été repris par le cabinet. Vous gardez votre place sur la liste."


def test_p44_taken_off_the_list_nobody_is_asked(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    event.deletes()
    frees(desk)
    assert not marie.offers
    assert moment("01/12 10:00") > desk.office.now


def test_p44_the_lists_event_says_what_was_offered_and_how_it_ended(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    desk.waits(minutes=1)
    assert event.reads.endswith("✓ Proposé le 24/11 à 9 h 01 : mardi 1er décembre à 10 h, attend sa réponse")
    marie.presses(What.REFUSE)
    desk.waits(minutes=1)
    assert event.reads.endswith("mardi 1er décembre à 10 h, refusé")


def test_p44_whoever_wants_no_more_is_off_the_list_whatever_stands_in_its_calendar(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    frees(desk)
    marie.presses(What.NO_MORE)
    for _ in range(2):
        desk.waits(minutes=1)
        assert event.reads.startswith(
            "! DUPONT Marie n'est plus sur la liste d'attente : ne veut plus de propositions.\n"
            "  → Supprimez cet événement ; pour inscrire de nouveau ce patient, créez-en un autre."
        )
        event.retypes("le matin")
    frees(desk, at="02/12 10:00")
    assert len(marie.offers) == 1
    event.deletes()
    desk.books("DUPONT Marie – détartrage", dentist=LIST)
    desk.waits(days=1)
    assert len(marie.offers) == 2


def test_p44_whoever_never_answers_is_off_the_list_and_its_event_says_so(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    desk.waits(days=91)  # then the patient is asked, and has a week
    desk.waits(days=8)
    desk.waits(minutes=1)
    assert "n'est plus sur la liste d'attente : n'a pas répondu à la question posée." in event.reads
    frees(desk, at="10/03/2027 10:00")
    assert len(marie.offers) == 1  # the question itself


def test_p44_put_back_by_her_it_counts_again(desk: Desk, marie: Phone) -> None:
    event = desk.books("DUPONT Marie – détartrage", dentist=LIST)
    event.deletes()
    event.save()
    assert "Inscrit sur la liste d'attente" in event.reads
    frees(desk)
    assert len(marie.offers) == 1


def test_p44_whoever_got_a_time_waits_no_more_by_the_words_that_came_with_it(desk: Desk, marie: Phone) -> None:
    desk.books("DUPONT Marie – détartrage", "Liste d'attente : mardi", dentist=LIST)
    frees(desk, at="08/12 10:00")
    marie.presses(What.ACCEPT)
    passes(desk)
    noted = desk.office.calendars["martin"]
    [body] = [body for body in noted._held.values() if b"DUPONT" in body.payload]
    text = body.payload.replace(b"\r\n ", b"").decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "N'est plus sur la liste d'attente : a accepté un créneau plus tôt." in text
    assert "Liste d'attente : mardi" in text
    desk.waits(days=1)
    frees(desk, at="01/12 10:00")
    assert len(marie.offers) == 1


# --- after a change of the practice, whatever date the event stands on ------------------------------------------------

IMPLANTS = replace(OFFERING, motifs=(*OFFERING.motifs, Motif("Implant", 30)))
PAST = ["17/11 10:00", "17/11/2024 10:00"]


@pytest.mark.parametrize("at", PAST)
def test_p44_a_new_motif_puts_whoever_waits_for_it_on_the_list(desk: Desk, marie: Phone, at: str) -> None:
    event = desk.books("DUPONT Marie – implant", at=at, dentist=LIST)
    assert event.wrong[0].startswith("✗ Motif « implant » inconnu.")
    desk.runs(IMPLANTS)
    desk.waits(minutes=1)
    assert "Inscrit sur la liste d'attente" in event.reads
    frees(desk)
    assert len(marie.offers) == 1


@pytest.mark.parametrize("at", PAST)
def test_p44_without_the_motif_nobody_is_offered_anything_for_it(desk: Desk, marie: Phone, at: str) -> None:
    desk.runs(IMPLANTS)
    event = desk.books("DUPONT Marie – implant", at=at, dentist=LIST)
    assert not event.wrong
    desk.runs(OFFERING)
    desk.waits(minutes=1)
    assert event.wrong[0].startswith("✗ Motif « implant » inconnu.")
    frees(desk)
    assert not marie.offers


def test_p44_an_import_of_patients_puts_whom_it_brings_on_the_list(desk: Desk) -> None:
    event = desk.books("ROUX Paul – détartrage", at="17/11 10:00", dentist=LIST)
    assert event.wrong
    imports(desk, Merge((PAUL,), (), 0))
    assert "Inscrit sur la liste d'attente" in event.reads
    frees(desk)
    assert len(phone_of(desk, PAUL).offers) == 1


def test_p44_an_import_of_what_was_missing_puts_its_patient_on_the_list(desk: Desk, marie: Phone) -> None:
    [known] = [one for one in desk.directory() if one.given_name == "Marie"]
    imports(desk, Merge((), (replace(known, address=None),), 0))
    event = desk.books("DUPONT Marie – détartrage", at="17/11 10:00", dentist=LIST)
    assert event.wrong[0].startswith("✗ Adresse manquante")
    imports(desk, Merge((), (known,), 0))
    assert "Inscrit sur la liste d'attente" in event.reads
    frees(desk)
    assert len(marie.offers) == 1


def imports(desk: Desk, plan: Merge) -> None:
    with desk.office.world.store.write() as tx:
        store(tx, plan, desk.office.now, PARIS)
    desk.waits(minutes=1)


# --- offers shown there only -----------------------------------------------------------------------------------------

ONLY_THERE = practice_that(shown_in_list=True)
OFFERED = "Proposé : DUPONT M. jusqu'à 9 h 31"


def offers_there(desk: Desk, *, held: bool) -> Event:
    """Marie Dupont was offered the first of December; her appointment is on the fifteenth, or there is none."""
    desk.runs(ONLY_THERE)
    where = {"dentist": "martin"} if held else {"dentist": LIST}
    event = desk.books("DUPONT Marie – détartrage", "Liste d'attente", at="15/12 10:00", **where)
    frees(desk)
    return event


def in_the_list(desk: Desk) -> str:
    """Where the offer's event stands."""
    [ref] = [ref for ref, body in desk.office.calendars[LIST]._held.items() if b"SUMMARY:Propos" in body.payload]
    return ref


def passes(desk: Desk) -> None:
    for _ in range(3):
        desk.waits(minutes=1)


@pytest.mark.parametrize("held", [True, False])
def test_p44_by_setting_an_offer_stands_in_the_lists_calendar_only(desk: Desk, marie: Phone, *, held: bool) -> None:
    event = offers_there(desk, held=held)
    assert OFFERED not in titles(desk)
    assert OFFERED in titles(desk, LIST)
    shown = desk.office.calendars[LIST].get(in_the_list(desk))
    assert shown is not None
    assert "(Dr Claire Martin)" in shown.payload.replace(b"\r\n ", b"").decode()
    marie.presses(What.ACCEPT)
    passes(desk)
    assert titles(desk) == [event.title]
    assert titles(desk, LIST) == []
    assert marie.sees().news == "C'est noté : ce rendez-vous est à vous."


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("read", [True, False])
def test_p44_deleting_it_there_withdraws_the_offer(desk: Desk, marie: Phone, *, held: bool, read: bool) -> None:
    offers_there(desk, held=held)
    desk.office.calendars[LIST].delete(in_the_list(desk))
    if read:
        desk.waits(minutes=1)
        assert marie.sees().may == (What.NO_MORE,)
    else:
        marie.presses(What.ACCEPT)
    passes(desk)
    assert "repris par le cabinet" in marie.sees().news
    assert moment("01/12 10:00") not in {desk.office.event("e1", "martin" if held else LIST).start}


def test_p44_moving_it_there_withdraws_the_offer(desk: Desk, marie: Phone) -> None:
    offers_there(desk, held=True)
    calendar, ref = desk.office.calendars[LIST], in_the_list(desk)
    body = calendar.get(ref)
    assert body is not None
    calendar.put(ref, re.sub(rb"(DT(?:START|END)[^\r]*?202612)01T", rb"\g<1>02T", body.payload))
    desk.waits(minutes=1)
    assert "repris par le cabinet" in marie.sees().news


def test_p44_booking_over_the_time_at_the_dentists_withdraws_the_offer_shown_elsewhere(
    desk: Desk, marie: Phone
) -> None:
    offers_there(desk, held=True)
    desk.books("MOREAU Luc – contrôle", at="01/12 10:00", minutes=20)
    passes(desk)
    assert "repris par le cabinet" in marie.sees().news
    assert titles(desk, LIST) == []


def test_p44_an_offer_made_before_the_setting_changed_stays_where_it_stands(desk: Desk, marie: Phone) -> None:
    offers_there(desk, held=True)
    desk.runs(practice_that(shown_in_list=False))
    desk.waits(minutes=1)
    assert OFFERED in titles(desk, LIST)
    desk.office.calendars[LIST].delete(in_the_list(desk))
    desk.waits(minutes=1)
    assert "repris par le cabinet" in marie.sees().news
