"""The event as the secretary types it, and what is read in it (docs/design.md#what-she-types)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.entry.reading import read
from rules.model import CalendarEvent, Consent, Entry, Guardian, Practice, Severity

Typed = Callable[..., Entry]
RulesOf = Callable[[Entry], set[str]]

PARIS = ZoneInfo("Europe/Paris")
DETAILS = """Né(e) le : 12/05/1981
Mobile : 06 12 34 56 78
E-mail : marie@orange.fr
Adresse : 12 rue des Lilas, 75020 Paris"""


def test_p34_an_ordinary_entry_is_read_whole(typed: Typed) -> None:
    entry = typed("DUPONT Marie – détartrage", DETAILS)
    assert (entry.family_name, entry.given_name, entry.motif) == ("Dupont", "Marie", "Détartrage")
    assert (entry.birth_date, entry.mobile) == (date(1981, 5, 12), "+33612345678")
    assert (entry.email, entry.address) == ("marie@orange.fr", "12 rue des Lilas, 75020 Paris")
    assert entry.findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "ne le : 12/05/1981\nTEL = 06.12.34.56.78\nMail: marie@orange.fr\nADRESSE : 12 rue des Lilas\n75020 Paris",
        "DDN : 12 mai 1981\nPortable : +33 6 12 34 56 78\nCourriel : marie@orange.fr\n12 rue des Lilas\n75020 Paris",
        "Naissance 12/05/1981\nmobile 0612345678\nmarie@orange.fr\nAdresse :\n12 rue des Lilas\n75020 Paris",
        "Né le : 12/05/1981 - Mobile : 0612345678 ; Mail : marie@orange.fr | Adresse : 12 rue des Lilas, 75020 Paris",
        "12/05/1981 06 12 34 56 78\nmarie@orange.fr\n12 rue des Lilas, 75020 Paris",
        "<p>Née le&nbsp;: 12/05/1981</p><p>Mobile : 06&nbsp;12&nbsp;34&nbsp;56&nbsp;78</p>"
        '<p>E-mail : <a href="mailto:marie@orange.fr">marie@orange.fr</a></p>'
        "<p>Adresse :<br>12 rue des Lilas<br>75020 Paris</p>",
    ],
)
def test_p34_the_same_details_are_read_in_any_writing(typed: Typed, text: str) -> None:
    entry = typed("DUPONT Marie – détartrage", text)
    assert (entry.birth_date, entry.mobile, entry.email) == (date(1981, 5, 12), "+33612345678", "marie@orange.fr")
    assert entry.address == "12 rue des Lilas, 75020 Paris"
    assert (entry.motif, entry.comment) == ("Détartrage", "")


@pytest.mark.parametrize(
    "title",
    [
        "Détartrage Marie DUPONT 12/05/1981 06.12.34.56.78 marie@orange.fr",
        "DUPONT Marie / détartrage / 12/05/1981 / 06 12 34 56 78 / marie@orange.fr",
        "Mme DUPONT Marie (détartrage), née le 12/05/81, 06-12-34-56-78, marie@orange.fr",
    ],
)
def test_p30_unmistakable_details_are_found_in_the_title(typed: Typed, title: str) -> None:
    entry = typed(title)
    assert (entry.family_name, entry.given_name, entry.motif) == ("Dupont", "Marie", "Détartrage")
    assert (entry.birth_date, entry.mobile, entry.email) == (date(1981, 5, 12), "+33612345678", "marie@orange.fr")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("RDV", "Nom : DUPONT\nPrénom : Marie\nNom de naissance : MARTIN"),
        ("", "Patient : DUPONT Marie née MARTIN"),
        ("DUPONT", "Prénom : Marie\nNom de naissance : Martin"),
        ("Détartrage", "Nom et prénom : DUPONT Marie (née MARTIN)"),
    ],
)
def test_p28_a_labelled_name_is_read(typed: Typed, title: str, text: str) -> None:
    entry = typed(title, text)
    assert (entry.family_name, entry.given_name, entry.birth_name) == ("Dupont", "Marie", "Martin")


# --- what cannot be believed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Mobile : 01 43 11 22 33", "mobile-invalid"),
        ("06 12 34 56 7", "mobile-invalid"),
        ("Mobile : 01 43 00 00 00", "mobile-invalid"),
        ("E-mail : marie.orange.fr", "email-invalid"),
        ("E-mail : secretariat@lilas.example", "email-invalid"),
        ("E-mail : marie@gmial.com", "email-slip"),
        ("Adresse : 12 rue des Lilas", "address-incomplete"),
        ("Né(e) le : 31/02/1981", "birth-date-invalid"),
        ("Né(e) le : 12/05/12", "birth-date-invalid"),
        ("Dentiste : Dr Martn", "dentist-unknown"),
        ("Responsable : Mme Dupont, 01 43 11 22 33", "guardian-invalid"),
    ],
)
def test_p50_a_detail_that_cannot_be_believed_is_a_finding(
    typed: Typed, rules_of: RulesOf, text: str, rule: str
) -> None:
    assert rules_of(typed("DUPONT Marie – détartrage", text)) == {rule}


@pytest.mark.parametrize(
    "text", ["Mobile : 0600000000", "Mobile : ?", "E-mail : pas@demail.fr", "Adresse : à voir", "Né le : ?"]
)
def test_p34_a_placeholder_counts_as_nothing_typed(typed: Typed, text: str) -> None:
    entry = typed("DUPONT Marie – détartrage", text)
    assert (entry.mobile_text, entry.email_text, entry.address_text, entry.birth_text) == ("", "", "", "")
    assert entry.findings == ()


def test_p13_the_finding_says_what_was_seen_and_what_is_wrong(typed: Typed) -> None:
    (finding,) = typed("DUPONT Marie – détartrage", "Mobile : 06 12 34 56 7").findings
    assert finding.severity is Severity.ERROR
    assert finding.text.startswith("Mobile « 06 12 34 56 7 » : 9 chiffres, il en faut 10.")


def test_p13_the_valid_one_of_two_labelled_numbers_is_taken(typed: Typed) -> None:
    entry = typed("DUPONT Marie – détartrage", "Tél : 01 43 11 22 33\nPortable : 06 12 34 56 78")
    assert (entry.mobile, entry.findings) == ("+33612345678", ())


def test_p14_a_confirmed_address_is_no_slip(typed: Typed) -> None:
    entry = typed("DUPONT Marie – détartrage", "E-mail : marie@gmial.com\nE-mail confirmé")
    assert (entry.email, entry.email_confirmed, entry.findings) == ("marie@gmial.com", True, ())


def test_p12_a_suspicious_name_is_a_finding(typed: Typed, rules_of: RulesOf) -> None:
    assert rules_of(typed("J. DUPONT – détartrage")) == {"name-suspicious"}


def test_a_rule_that_is_off_says_nothing(lilas: Practice, booked: Callable[..., CalendarEvent]) -> None:
    policy = replace(lilas.policy, severities={"mobile-invalid": Severity.OFF})
    event = booked("DUPONT Marie – détartrage", "Mobile : 01 43 11 22 33")
    assert read(event, replace(lilas, policy=policy), datetime(2026, 11, 20, tzinfo=PARIS)).findings == ()


# --- the motif and the visit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT Marie – Détartrage", ""),
        ("DUPONT Marie", "Motif : detartage"),
        ("DUPONT Marie", "un nettoyage"),
        ("détartrage : DUPONT Marie", ""),
        ("DUPONT Marie – détartrage + contrôle", "Motif : détartrage"),
    ],
)
def test_p6_the_motif_is_found_wherever_it_stands(typed: Typed, title: str, text: str) -> None:
    entry = typed(title, text)
    assert (entry.motif, entry.name_text, entry.findings) == ("Détartrage", "DUPONT Marie", ())


def test_p6_a_category_names_the_motif_where_the_text_does_not(typed: Typed) -> None:
    assert typed("DUPONT Marie", categories=("Contrôle",)).motif == "Contrôle"
    assert typed("DUPONT Marie – douleur", categories=("Contrôle",)).motif == "Douleur"


def test_p6_two_motifs_are_asked_about(typed: Typed, rules_of: RulesOf) -> None:
    entry = typed("DUPONT Marie – détartrage + contrôle")
    assert (entry.motif, entry.motifs, rules_of(entry)) == (None, ("Détartrage", "Contrôle"), {"motif-ambiguous"})


@pytest.mark.parametrize(
    ("title", "text"),
    [("DUPONT Marie – blanchiment", ""), ("DUPONT Marie blanchiment", ""), ("DUPONT Marie", "Motif : blanchiment")],
)
def test_p6_an_unknown_motif_brings_the_nearest(typed: Typed, title: str, text: str) -> None:
    (finding,) = typed(title, text).findings
    assert finding.rule == "motif-unknown"
    assert finding.proposals == ("Détartrage", "Contrôle")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT Marie – RDV", ""),
        ("DUPONT Marie", "Motif : consultation"),
        ("DUPONT Marie", "Motif : ?"),
        ("DUPONT Marie", "Motif : suivi"),
    ],
)
def test_p33_a_vague_word_is_no_motif(typed: Typed, rules_of: RulesOf, title: str, text: str) -> None:
    entry = typed(title, text)
    assert (entry.motif, rules_of(entry)) == (None, {"motif-vague"})


def test_p33_no_word_at_all_is_no_finding_of_the_reading(typed: Typed) -> None:
    entry = typed("DUPONT Marie", "Motif :")
    assert (entry.motif_text, entry.findings) == ("", ())


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("Première consultation", True),
        ("1re visite", True),
        ("première fois", True),
        ("Type : première visite", True),
        ("Suivi", False),
        ("contrôle suivi", False),
        ("Première consultation : non", False),
    ],
)
def test_p7_first_visit_or_follow_up_is_read(typed: Typed, words: str, first: bool) -> None:
    assert typed("DUPONT Marie – contrôle", words).first_visit is first


def test_p26_the_first_visit_stands_in_the_motif(typed: Typed) -> None:
    entry = typed("DUPONT Marie", "Motif : Détartrage – première consultation")
    assert (entry.motif, entry.first_visit, entry.findings) == ("Détartrage", True, ())


@pytest.mark.parametrize(
    ("words", "minutes"), [("45 min", 45), ("1h", 60), ("1h30", 90), ("1 h 30", 90), ("40", 40), ("bientôt", None)]
)
def test_p8_a_length_is_kept(typed: Typed, words: str, minutes: int | None) -> None:
    assert typed("DUPONT Marie – contrôle", f"Durée : {words}").keep_minutes == minutes


# --- the two questions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "known", "new"),
    [
        ("Nouveau patient", False, True),
        ("Nouvelle patiente : oui", False, True),
        ("Déjà venu : non", False, True),
        ("Déjà venu(e) : oui", True, False),
        ("Déjà venue = ✔", True, False),
        ("Déjà venu : n", False, True),
        ("Déjà venu : je crois", None, False),
        ("Nouveau patient\nDéjà venu : oui", None, False),
        ("", None, False),
    ],
)
def test_p20_the_first_question_is_answered(typed: Typed, words: str, known: bool | None, new: bool) -> None:
    entry = typed("DUPONT Marie – contrôle", words)
    assert (entry.known, entry.new_patient) == (known, new)


@pytest.mark.parametrize(
    "words", ["Dr Martin", "Martin", "martin", "Claire MARTIN", "Dr Claire Martin", "docteur Martin (attitré)"]
)
def test_p22_the_dentist_is_named(typed: Typed, words: str) -> None:
    assert typed("DUPONT Marie – contrôle", f"Dentiste attitré : {words}").dentist == "martin"


@pytest.mark.parametrize(
    "words", ["Sans préférence", "Dentiste : aucun", "Dentiste : peu importe", "pas de préférence"]
)
def test_p25_no_preference_is_an_answer(typed: Typed, words: str) -> None:
    entry = typed("DUPONT Marie – contrôle", words)
    assert (entry.no_preference, entry.dentist, entry.findings) == (True, None, ())


def test_p22_an_unknown_dentist_is_never_guessed(typed: Typed) -> None:
    entry = typed("DUPONT Marie – contrôle", "Dentiste : Dr Martain")
    assert entry.dentist is None
    assert entry.findings[0].proposals[0] == "Dr Claire Martin"


@pytest.mark.parametrize(
    ("words", "consent"),
    [
        ("Accord patient : oui (tél. 12/05)", Consent(True, "tél. 12/05")),
        ("accord patient = OUI pour Dr Bernard", Consent(True, "pour Dr Bernard", "bernard")),
        ("Accord du patient : non", Consent(False)),
        ("Accord patient : à demander", None),
        ("Accord patient :", None),
    ],
)
def test_p23_only_a_clear_consent_counts(typed: Typed, words: str, consent: Consent | None) -> None:
    assert typed("DUPONT Marie – contrôle", words).consent == consent


# --- other answers ---------------------------------------------------------------------------------------------------


def test_p34_a_minor_has_an_adult_who_answers(typed: Typed) -> None:
    entry = typed("DUPONT Léo – contrôle", "Responsable : Mme Claire Dupont, 06 12 34 56 78, claire@orange.fr")
    assert entry.guardian == Guardian("Mme Claire Dupont", "+33612345678", "claire@orange.fr")
    assert (entry.mobile, entry.email, entry.findings) == (None, None, ())


def test_p34_a_waived_detail_keeps_its_reason(typed: Typed) -> None:
    entry = typed("DUPONT Marie – contrôle", "Sans mobile : oui (89 ans)\nSans e-mail : n'en a pas")
    assert (entry.without_mobile, entry.without_email) == ("89 ans", "n'en a pas")


@pytest.mark.parametrize("words", ["", "Sans mobile : non", "Sans mobile : ?"])
def test_p34_nothing_is_waived_without_a_word(typed: Typed, words: str) -> None:
    assert typed("DUPONT Marie – contrôle", words).without_mobile is None


def test_p44_the_waiting_list_is_a_line_or_a_category(typed: Typed) -> None:
    assert typed("DUPONT Marie – contrôle", "Liste d'attente").waiting
    assert typed("DUPONT Marie – contrôle", categories=("Liste d'attente",)).waiting
    assert not typed("DUPONT Marie – contrôle", "attend en salle d'attente").waiting


def test_p3_a_question_mark_asks(typed: Typed) -> None:
    assert typed("? dupont 1981") == Entry(query="dupont 1981")
    assert typed("?").query is None


def test_p32_a_patients_address_may_stand_in_the_place(typed: Typed) -> None:
    assert typed("DUPONT Marie", location="3 rue Foch, 69001 Lyon").address == "3 rue Foch, 69001 Lyon"
    assert typed("DUPONT Marie", location="Cabinet, 12 rue des Lilas, 75020 Paris, France").address is None


@pytest.mark.parametrize(
    "title",
    [
        "DUPONT Marie – contrôle tél 06 12 34 56 78 3 rue Foch 69001 Lyon",
        "DUPONT Marie, 3 rue Foch 69001 Lyon, contrôle, 0612345678",
    ],
)
def test_p32_a_patients_address_may_stand_in_the_title(typed: Typed, title: str) -> None:
    read = typed(title)
    assert (read.name_text, read.address, read.mobile) == ("DUPONT Marie", "3 rue Foch 69001 Lyon", "+33612345678")
    assert not read.comment


def test_p34_what_stands_behind_a_reason_is_no_part_of_it(typed: Typed) -> None:
    read = typed("DUPONT Marie – contrôle", "Sans mobile : oui (refuse) ; e-mail marie@example.org")
    assert (read.without_mobile, read.email) == ("refuse", "marie@example.org")


# --- comments --------------------------------------------------------------------------------------------------------


def test_p19_nothing_in_a_comment_counts(typed: Typed) -> None:
    text = "Commentaire : accord patient : oui, mobile : 06 11 22 33 44\nà revoir pour une douleur\nmarie@orange.fr"
    entry = typed("DUPONT Marie – détartrage", text)
    assert (entry.consent, entry.mobile, entry.email, entry.motif) == (None, None, None, "Détartrage")
    assert entry.comment == text.removeprefix("Commentaire : ")


def test_p19_a_comment_ends_at_the_next_label(typed: Typed) -> None:
    entry = typed(
        "DUPONT Marie – détartrage",
        "Note : très anxieuse\n\nprévoir du temps\nMobile : 06 12 34 56 78\nNouveau patient",
    )
    assert entry.comment == "très anxieuse\n\nprévoir du temps"
    assert (entry.mobile, entry.new_patient) == ("+33612345678", True)


@pytest.mark.parametrize(
    "line",
    [
        "Tel de sa fille 06 11 22 33 44",
        "Mail envoyé hier",
        "Dentiste précédent : Dr Durand",
        "Rappeler sa fille au 06 11 22 33 44",
        "Rappeler sa fille, mobile : 06 11 22 33 44",
        "Allergie : pénicilline",
    ],
)
def test_p19_text_that_is_not_recognised_is_comment(typed: Typed, line: str) -> None:
    entry = typed("DUPONT Marie – détartrage", f"{DETAILS}\n{line}")
    assert (entry.mobile, entry.comment) == ("+33612345678", line)


def test_p34_one_line_may_hold_everything(typed: Typed) -> None:
    line = "Nouvelle patiente, sans préférence, née le 12/05/1981, 06 12 34 56 78. 12 rue des Lilas, 75020 Paris"
    entry = typed("DUPONT Marie – détartrage", line)
    assert (entry.new_patient, entry.no_preference, entry.mobile) == (True, True, "+33612345678")
    assert (entry.birth_date, entry.address, entry.comment) == (date(1981, 5, 12), "12 rue des Lilas, 75020 Paris", "")


@pytest.mark.parametrize("title", ["Dr Martin – DUPONT Marie – détartrage", "DUPONT Marie, détartrage avec Dr Martin"])
def test_p2_the_dentist_in_a_title_is_no_patient(typed: Typed, title: str) -> None:
    entry = typed(title)
    assert (entry.dentist, entry.name_text, entry.motif, entry.comment) == ("martin", "DUPONT Marie", "Détartrage", "")


def test_p2_the_tag_of_a_shared_calendar_is_no_name(typed: Typed) -> None:
    assert typed("[martin] DUPONT Marie – détartrage").name_text == "DUPONT Marie"


def test_p11_urgent_beside_a_motif_is_no_second_motif(typed: Typed) -> None:
    assert typed("DUPONT Marie – détartrage", "Urgence").motif == "Détartrage"


def test_p19_the_rest_of_a_line_is_comment(typed: Typed) -> None:
    entry = typed("DUPONT Marie – détartrage", "06 12 34 56 78, préfère le matin")
    assert (entry.mobile, entry.comment) == ("+33612345678", "préfère le matin")
