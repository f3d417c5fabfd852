"""What patients read on their pages, and what is kept of what they read (P23, P39, P44)."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from rules.model import Channel, Facts, Motif, Policy, Practice
from rules.telling import agreement_words, page_words

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)  # 10 h in Paris


@pytest.fixture
def facts() -> Facts:
    return Facts(7, "DUPONT Marie", "bernard", AT, 30, "Détartrage", "")


def test_p39_the_appointment_is_shown_by_first_name_and_initial_with_its_zone(facts: Facts, lilas: Practice) -> None:
    assert page_words.rows(facts, lilas) == (
        ("Date et heure", "mardi 1er décembre 2026 à 10 h (heure de Paris)"),
        ("Praticien", "Dr Paul Bernard, Orthodontiste"),
        ("Patient", "Marie D."),
        ("Motif", "Détartrage"),
        ("Durée", "30 min"),
        ("Adresse", "12 rue des Lilas, 75020 Paris"),
    )


def test_p37_the_motif_is_said_as_the_practice_says_it_to_patients(facts: Facts, lilas: Practice) -> None:
    discreet = replace(lilas, motifs=(Motif("Détartrage", 30, public_label="Consultation"),))
    assert page_words.public_motif(facts, discreet) == "Consultation"
    assert page_words.public_motif(replace(facts, motif="Autre chose"), discreet) == "Autre chose"
    assert page_words.public_motif(replace(facts, motif=None), discreet) == ""


@pytest.mark.parametrize(("name", "said"), [("DUPONT Marie", "Marie D."), ("DUPONT", "D."), ("", "")])
def test_l8_a_name_says_little_to_anybody_else(name: str, said: str) -> None:
    assert page_words.short_name(name) == said


def test_p45_p46_each_end_of_a_wish_says_what_is_so_and_whom_to_call(facts: Facts, lilas: Practice) -> None:
    when, phone = "mardi 1er décembre à 10 h", "01 43 00 00 00"
    assert when in page_words.moving(AT, lilas)
    assert page_words.moved(lilas, AT).startswith(f"C'est fait : votre rendez-vous est déplacé au {when}.")
    assert page_words.cancelled(facts, lilas).startswith(f"Votre rendez-vous du {when} est annulé.")
    assert page_words.taken(facts, lilas).endswith(f"Votre rendez-vous du {when} ne change pas.")
    late = replace(lilas, policy=Policy(cancel_until_hours=6))
    assert page_words.too_late(late) == f"À moins de 6 h du rendez-vous, appelez le cabinet : {phone}."
    for said in (page_words.gone(lilas), page_words.call(lilas), page_words.no_hours(lilas)):
        assert phone in said
    assert page_words.wrong("email", "un @ manque") == "E-mail : un @ manque. Corrigez, ou appelez le cabinet."
    assert page_words.day(AT.date()) == "mardi 1er décembre"


def test_p41_the_next_message_is_announced_with_its_ways(lilas: Practice) -> None:
    said = page_words.reminder(AT - timedelta(days=1), [Channel.SMS, Channel.EMAIL], lilas)
    assert said == "Prochain message : un rappel, lundi 30 novembre à 10 h, par SMS et e-mail."


def test_p34_what_a_patient_no_longer_receives_is_said_with_its_date(lilas: Practice) -> None:
    one, two = {Channel.SMS: AT}, {Channel.SMS: AT, Channel.EMAIL: AT + timedelta(days=2)}
    assert page_words.fewer({}, lilas) == ""
    assert page_words.fewer(one, lilas) == "Vous ne recevez plus de SMS (depuis le 01/12/2026)."
    assert page_words.fewer(two, lilas).endswith("(depuis le 01/12/2026). Le cabinet vous appellera si besoin.")
    assert page_words.fewer_noted([]) == "C'est noté : vous recevrez de nouveau nos messages."
    assert page_words.fewer_noted([Channel.SMS]).endswith("Les messages importants viendront par e-mail.")
    assert "plus de messages" in page_words.fewer_noted(list(Channel))


def test_p23_the_agreement_names_who_instead_of_whom_and_when(facts: Facts, lilas: Practice) -> None:
    before = replace(facts, dentist="martin")
    assert agreement_words.rows(before, lilas) == (
        ("Patient", "Marie D."), ("Votre praticien", "Dr Claire Martin (indisponible)"),
    )  # fmt: skip
    assert agreement_words.offered(facts, lilas)[:2] == (
        ("Praticien proposé", "Dr Paul Bernard, Orthodontiste"),
        ("Date et heure", "mardi 1er décembre 2026 à 10 h (heure de Paris)"),
    )
    kept = agreement_words.wording(facts, before, lilas, agrees=True)
    assert "Dr Paul Bernard" in kept
    assert "Dr Claire Martin" in kept
    assert kept.endswith("J'accepte.")
    assert agreement_words.wording(facts, before, lilas, agrees=False).endswith("Je refuse.")
    assert "mardi 1er décembre 2026 à 10 h" in agreement_words.accepted(facts, lilas)


def test_p23_every_end_of_the_question_names_the_telephone(lilas: Practice) -> None:
    ends = (agreement_words.noted, agreement_words.refused, agreement_words.called, agreement_words.closed,
            agreement_words.over)  # fmt: skip
    assert all(lilas.phone in end(lilas) for end in ends)
    assert len({end(lilas) for end in ends}) == len(ends)
