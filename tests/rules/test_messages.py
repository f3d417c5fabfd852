"""What the patient reads, word for word."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Channel, Dentist, Facts, MessageKind, Motif, Policy, Practice, Send
from rules.telling.patient_messages import Letter, letter, maps_url, sms, tel_url
from rules.text import french
from rules.text.gsm7 import fit, segments

PARIS = ZoneInfo("Europe/Paris")
ADDRESS = "12 rue des Lilas, 75020 Paris"
LILAS = Practice(
    key="lilas",
    name="Cabinet dentaire des Lilas",
    address=ADDRESS,
    phone="01 43 00 00 00",
    email="secretariat@lilas.example",
    zone=PARIS,
    dentists=(
        Dentist("martin", "Dr Claire Martin", "Chirurgien-dentiste"),
        Dentist("bernard", "Dr Paul Bernard", "Orthodontiste"),
    ),
    motifs=(Motif("Détartrage", 30), Motif("Contrôle", 20, public_label="Consultation")),
)
TALKATIVE = replace(LILAS, policy=Policy(motif_in_sms=True))
TUESDAY = Facts(7, "DUPONT Marie", "martin", datetime(2026, 11, 24, 9, 30, tzinfo=PARIS), 30, "Détartrage", ADDRESS)
THURSDAY = replace(TUESDAY, start=datetime(2026, 12, 3, 14, 0, tzinfo=PARIS))
LINK = "https://rdv.lilas.example/r/Zm9vYmFyYmF6cXV4Zm9v"


def text_of(kind: MessageKind, facts: Facts, before: Facts | None = None, practice: Practice = LILAS) -> str:
    return sms(Send(kind, Channel.SMS, "+33612345678", facts, before), practice)


def letter_of(kind: MessageKind, facts: Facts, before: Facts | None = None, link: str | None = None) -> Letter:
    return letter(Send(kind, Channel.EMAIL, "marie@exemple.fr", facts, before), LILAS, link)


# --- SMS -------------------------------------------------------------------------------------------------------------


def test_p18_p35_the_confirmation_by_sms_says_practice_day_hour_dentist_and_phone() -> None:
    assert text_of(MessageKind.CONFIRMATION, TUESDAY) == (
        "Cabinet dentaire des Lilas : RDV confirmé le mardi 24 novembre à 9h30 avec le Dr Martin. "
        "Pour annuler : 01 43 00 00 00"
    )


def test_p41_the_reminder_by_sms() -> None:
    assert text_of(MessageKind.REMINDER, TUESDAY) == (
        "Cabinet dentaire des Lilas : rappel de votre RDV du mardi 24 novembre à 9h30 avec le Dr Martin. "
        "Pour annuler : 01 43 00 00 00"
    )


def test_p42_the_modification_by_sms_says_new_and_old() -> None:
    assert text_of(MessageKind.MODIFICATION, THURSDAY, TUESDAY) == (
        "Cabinet dentaire des Lilas : RDV déplacé au jeudi 3 décembre à 14h avec le Dr Martin "
        "(avant : mardi 24 novembre à 9h30). Pour annuler : 01 43 00 00 00"
    )


def test_p36_a_day_of_next_year_is_said_with_its_year_by_sms() -> None:
    far = replace(TUESDAY, start=datetime(2027, 12, 1, 10, 0, tzinfo=PARIS))
    send = Send(MessageKind.MODIFICATION, Channel.SMS, "+33612345678", far, TUESDAY)
    assert sms(send, LILAS, today=date(2026, 11, 20)) == (
        "Cabinet dentaire des Lilas : RDV déplacé au mercredi 1er décembre 2027 à 10h avec le Dr Martin "
        "(avant : mardi 24 novembre à 9h30). Pour annuler : 01 43 00 00 00"
    )
    assert "2027" not in sms(send, LILAS, today=date(2027, 11, 20))


def test_p42_another_dentist_at_the_same_hour_by_sms() -> None:
    assert text_of(MessageKind.MODIFICATION, replace(TUESDAY, dentist="bernard"), TUESDAY) == (
        "Cabinet dentaire des Lilas : RDV modifié : mardi 24 novembre à 9h30 avec le Dr Bernard (avant : Dr Martin). "
        "Pour annuler : 01 43 00 00 00"
    )


def test_p42_another_place_by_sms() -> None:
    elsewhere = replace(TUESDAY, place="3 place Gambetta, 75020 Paris")
    assert text_of(MessageKind.MODIFICATION, elsewhere, TUESDAY) == (
        "Cabinet dentaire des Lilas : RDV modifié : mardi 24 novembre à 9h30 avec le Dr Martin, "
        "nouvelle adresse : 3 place Gambetta, 75020 Paris. Tél. 01 43 00 00 00"
    )


def test_p43_the_cancellation_by_sms_names_what_the_patient_knew_and_how_to_rebook() -> None:
    assert text_of(MessageKind.CANCELLATION, THURSDAY, TUESDAY) == (
        "Cabinet dentaire des Lilas : votre RDV du mardi 24 novembre à 9h30 avec le Dr Martin est annulé. "
        "Pour reprendre RDV : 01 43 00 00 00"
    )


def test_p37_by_default_no_sms_carries_a_motif() -> None:
    for kind in MessageKind:
        for motif in ("Détartrage", "Contrôle"):
            text = text_of(kind, replace(TUESDAY, motif=motif), THURSDAY).lower()
            assert "tartrage" not in text and "contr" not in text and "consultation" not in text


def test_p37_where_the_practice_wants_it_the_public_label_stands_in_the_sms() -> None:
    text = text_of(MessageKind.CONFIRMATION, replace(TUESDAY, motif="Contrôle"), practice=TALKATIVE)
    assert "avec le Dr Martin pour : Consultation." in text


def test_p37_a_motif_without_public_label_stands_under_its_own() -> None:
    assert "pour : Détartrage." in text_of(MessageKind.CONFIRMATION, TUESDAY, practice=TALKATIVE)


def test_p39_the_link_is_in_the_sms_and_it_still_costs_one_message() -> None:
    text = sms(Send(MessageKind.CONFIRMATION, Channel.SMS, "+33612345678", TUESDAY), LILAS, LINK)
    assert text == (
        "Cabinet dentaire des Lilas : RDV confirmé le mardi 24 novembre à 9h30 avec le Dr Martin. "
        "Gérer : https://rdv.lilas.example/r/Zm9vYmFyYmF6cXV4Zm9v"
    )
    assert segments(text) == 1


PRACTICES = ("Cabinet dentaire des Lilas", "SELARL Cœur de Ville – Orthodontie", "Centre dentaire Saint-François")
DENTISTS = ("Dr Claire Martin", "Dr Anne-Sophie de La Rochefoucauld", "Dr Jean Nguyễn", "Mme Zoé Lefèvre")


@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("link", [None, LINK])
@pytest.mark.parametrize("name", PRACTICES)
@pytest.mark.parametrize("dentist", DENTISTS)
def test_every_sms_of_usual_names_is_one_message(kind: MessageKind, link: str | None, name: str, dentist: str) -> None:
    practice = replace(TALKATIVE, name=name, dentists=(Dentist("martin", dentist, "Chirurgien-dentiste"),))
    for month in range(1, 13):
        facts = replace(TUESDAY, start=datetime(2027, month, 24, 10, 45, tzinfo=PARIS))
        text = sms(Send(kind, Channel.SMS, "+33612345678", facts, THURSDAY), practice, link)
        assert segments(text) == 1, text


FAR_LINK = "https://rdv.cabinet-des-lilas-paris.fr/r/Zm9vYmFyYmF6cXV4Zm9vAb"  # a domain of 30 letters, a whole secret


@pytest.mark.parametrize("practice", [TALKATIVE, LILAS])
@pytest.mark.parametrize("kind", [MessageKind.CONFIRMATION, MessageKind.REMINDER, MessageKind.MODIFICATION])
@pytest.mark.parametrize("name", PRACTICES)
@pytest.mark.parametrize("dentist", DENTISTS)
def test_p39_the_longest_names_leave_room_for_the_link_in_one_message(
    practice: Practice, kind: MessageKind, name: str, dentist: str
) -> None:
    practice = replace(practice, name=name, dentists=(Dentist("martin", dentist, "Chirurgien-dentiste"),))
    for month in range(1, 13):
        facts = replace(TUESDAY, start=datetime(2027, month, 24, 10, 45, tzinfo=PARIS))
        before = replace(facts, start=datetime(2027, month, 14, 14, 15, tzinfo=PARIS))
        text = sms(Send(kind, Channel.SMS, "+33612345678", facts, before), practice, FAR_LINK)
        assert segments(text) == 1, text
        assert FAR_LINK in text
        assert f"{facts.start:24/%m}" in text or fit(french.day(facts.start.date())) in text


def test_two_dentists_of_one_name_are_told_apart() -> None:
    twins = (*LILAS.dentists, Dentist("luc", "Dr Luc Martin", "Chirurgien-dentiste"))
    text = text_of(MessageKind.CONFIRMATION, TUESDAY, practice=replace(LILAS, dentists=twins))
    assert "avec le Dr Claire Martin." in text


def test_a_dentist_who_left_does_not_stop_the_cancellation() -> None:
    assert "avec votre dentiste est annulé" in text_of(MessageKind.CANCELLATION, replace(TUESDAY, dentist="gone"))


def test_p36_hours_are_those_of_the_practice_wherever_the_worker_runs() -> None:
    facts = replace(TUESDAY, start=datetime(2026, 7, 1, 7, 30, tzinfo=UTC))
    assert "mercredi 1er juillet à 9h30" in text_of(MessageKind.CONFIRMATION, facts)


def test_p19_the_comment_is_not_even_at_hand() -> None:
    assert not {"comment", "note", "text", "description"} & {*Facts.__struct_fields__, *Send.__struct_fields__}


# --- e-mail ----------------------------------------------------------------------------------------------------------


def test_p35_p36_p37_the_letter_says_who_when_how_long_why_and_where() -> None:
    assert letter_of(MessageKind.CONFIRMATION, TUESDAY).rows == (
        ("Patient", "DUPONT Marie"),
        ("Date et heure", "mardi 24 novembre 2026 à 9 h 30 (heure de Paris)"),
        ("Durée", "30 min"),
        ("Praticien", "Dr Claire Martin, Chirurgien-dentiste"),
        ("Motif", "Détartrage"),
        ("Adresse", "12 rue des Lilas, 75020 Paris"),
        ("Téléphone", "01 43 00 00 00"),
    )


def test_p18_the_confirmation_opens_and_closes_so() -> None:
    told = letter_of(MessageKind.CONFIRMATION, TUESDAY)
    assert told.greeting == "Bonjour,"
    assert told.paragraphs == ("Votre rendez-vous est confirmé.",)
    assert told.closing == (
        "Un empêchement ? Prévenez-nous dès que possible au 01 43 00 00 00.",
        "À bientôt,",
        "Cabinet dentaire des Lilas",
    )


def test_p37_p26_a_first_visit_is_said_with_the_motif() -> None:
    rows = dict(letter_of(MessageKind.CONFIRMATION, replace(TUESDAY, first_visit=True)).rows)
    assert rows["Motif"] == "Détartrage – première consultation"


def test_p25_without_preference_the_patient_learns_who_follows_them() -> None:
    told = letter_of(MessageKind.CONFIRMATION, replace(TUESDAY, will_follow=True))
    assert "Vous serez suivi(e) par le Dr Claire Martin." in told.paragraphs


def test_p38_the_maps_link_leads_to_the_address_however_it_is_written() -> None:
    assert maps_url("3 place d'Armes & Cie #2, 97400 Saint-Denis") == (
        "https://www.google.com/maps/dir/?api=1&destination="
        "3%20place%20d%27Armes%20%26%20Cie%20%232%2C%2097400%20Saint-Denis"
    )
    assert letter_of(MessageKind.CONFIRMATION, TUESDAY).links[0].url == maps_url(ADDRESS)


@pytest.mark.parametrize("kind", list(MessageKind))
def test_a_letter_says_first_whose_it_is_and_lets_the_telephone_dial(kind: MessageKind) -> None:
    told = letter_of(kind, TUESDAY)
    assert told.heading == "Cabinet dentaire des Lilas"
    assert (told.links[-1].label, told.links[-1].url) == ("Appeler le 01 43 00 00 00", "tel:+33143000000")


@pytest.mark.parametrize(
    ("phone", "url"),
    [("01 43 00 00 00", "tel:+33143000000"), ("+33 1 43 00 00 00", "tel:+33143000000"), ("36 24", "tel:3624"),
     ("0262 41 00 00", "tel:0262410000"), ("0590 41 00 00", "tel:0590410000")],
)  # fmt: skip
def test_a_number_is_dialled_as_it_can_be(phone: str, url: str) -> None:
    assert tel_url(phone) == url


@pytest.mark.parametrize("kind", list(MessageKind))
def test_no_sms_of_ours_loses_a_letter_on_the_way(kind: MessageKind) -> None:
    said = text_of(kind, replace(THURSDAY, start=THURSDAY.start.replace(month=10)), TUESDAY)
    assert all(word not in said for word in ("empech", "etes", "recu"))


def test_p39_the_letter_carries_the_button_that_manages_the_appointment() -> None:
    first = letter_of(MessageKind.REMINDER, TUESDAY, link=LINK).links[0]
    assert (first.label, first.url) == ("Modifier ou annuler ce rendez-vous", LINK)


def test_p42_the_modification_says_what_it_replaces_and_only_what_changed() -> None:
    told = letter_of(MessageKind.MODIFICATION, replace(THURSDAY, dentist="bernard"), TUESDAY)
    assert told.paragraphs == ("Votre rendez-vous a été modifié.",)
    assert [label for label, _ in told.rows] == ["Patient", "Durée", "Motif", "Adresse", "Téléphone"]
    assert told.changes == (
        ("Date et heure", "mardi 24 novembre 2026 à 9 h 30", "jeudi 3 décembre 2026 à 14 h (heure de Paris)"),
        ("Praticien", "Dr Claire Martin, Chirurgien-dentiste", "Dr Paul Bernard, Orthodontiste"),
    )


def test_p43_the_cancellation_says_how_to_take_another() -> None:
    told = letter_of(MessageKind.CANCELLATION, THURSDAY, TUESDAY, LINK)
    assert told.paragraphs == (
        "Votre rendez-vous du mardi 24 novembre 2026 à 9 h 30 avec le Dr Claire Martin est annulé.",
        "Pour prendre un nouveau rendez-vous, appelez-nous au 01 43 00 00 00.",
    )
    assert [link.url for link in told.links] == ["tel:+33143000000"]


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (MessageKind.CONFIRMATION, "Rendez-vous confirmé : mardi 24 novembre 2026 à 9 h 30"),
        (MessageKind.REMINDER, "Rappel de votre rendez-vous : mardi 24 novembre 2026 à 9 h 30"),
        (MessageKind.MODIFICATION, "Rendez-vous modifié : mardi 24 novembre 2026 à 9 h 30"),
        (MessageKind.CANCELLATION, "Rendez-vous annulé : mardi 24 novembre 2026 à 9 h 30"),
    ],
)
def test_p37_no_subject_says_why_the_patient_comes(kind: MessageKind, subject: str) -> None:
    assert letter_of(kind, TUESDAY).subject == subject


def test_p36_overseas_the_letter_names_the_zone() -> None:
    practice = replace(LILAS, zone=ZoneInfo("Indian/Reunion"))
    told = letter(Send(MessageKind.REMINDER, Channel.EMAIL, "a@b.fr", TUESDAY), practice)
    assert dict(told.rows)["Date et heure"] == "mardi 24 novembre 2026 à 12 h 30 (heure de La Réunion)"


# --- the letters of an SMS -------------------------------------------------------------------------------------------


def test_only_what_an_sms_cannot_write_is_changed() -> None:
    assert (
        fit("Où ? À l’hôtel “Cœur” – reçu, français…\u00a0été, €")
        == 'Où ? A l\'hotel "Coeur" - recu, francais... été, €'
    )


def test_a_sign_without_likeness_is_dropped() -> None:
    assert fit("Bonjour 😀 Łukasz `ici`") == "Bonjour  Lukasz 'ici'"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("€" * 153, 3),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),
    ],
)
def test_segments_are_counted_as_operators_do(text: str, count: int) -> None:
    assert segments(text) == count


@given(st.text())
def test_what_was_fitted_fits(text: str) -> None:
    once = fit(text)
    assert fit(once) == once
    assert segments(once + "a" * max(0, 80 - len(once))) == 1 or len(once) > 80
