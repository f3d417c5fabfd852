"""P20 to P22, P34: the mandatory questions, the mandatory fields, and who answers for a minor."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import MARIE, SURGERY, Desk, make_desk
from tests.typed import TITLE, new

NO_ANSWER = "✗ Dentiste attitré ? Tapez « Dentiste : Dr Claire Martin » ou « Sans préférence »."
TEAM = "Dentistes du cabinet : Dr Claire Martin, Dr Paul Bernard, Dr Linh Nguyen."


# --- P22 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["Nouveau patient", "Nouveau patient\nDentiste :", "Nouveau patient\nDentiste : ?"])
def test_p22_neither_a_dentist_nor_no_preference_is_asked(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(typed))
    assert event.wrong == [NO_ANSWER]
    assert not desk.sms()


@pytest.mark.parametrize(
    "typed", ["Dentiste : Dr Martin", "Dentiste : martin", "Praticien = Dr Claire Martin", "Attitré : le Dr Martin"]
)
def test_p22_the_dentist_is_named_in_the_entry_and_kept_in_the_record(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(f"Nouveau patient\n{typed}"))
    assert event.confirmed
    assert desk.directory()[0].dentist == "martin"


@pytest.mark.parametrize(
    "typed", ["Sans préférence", "Pas de préférence", "Dentiste : aucun", "Peu importe le dentiste"]
)
def test_p22_p25_no_preference_is_an_answer(desk: Desk, typed: str) -> None:
    event = desk.books(TITLE, new(f"Nouveau patient\n{typed}"))
    assert "✓ Le patient sera suivi par Dr Claire Martin." in event.reads
    assert desk.directory()[0].dentist == "martin"


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Dentiste : Dr Marin", f"✗ Dentiste « Dr Marin » inconnu. {TEAM}"),
        ("Dentiste : Dr M", f"✗ Dentiste « Dr M » inconnu. {TEAM}"),
        ("Dentiste : Dr Leroy", f"✗ Dentiste « Dr Leroy » inconnu. {TEAM}"),
        (
            "Dentiste : Dr Martin\nDentiste : Dr Bernard",
            "✗ Deux réponses pour le dentiste : « Dr Martin » et « Dr Bernard ». Gardez celle du patient.",
        ),
        (
            "Dentiste : Dr Martin\nSans préférence",
            "✗ Deux réponses pour le dentiste : « Dr Martin » et « Sans préférence ». Gardez celle du patient.",
        ),
    ],
)
def test_p22_a_dentist_is_never_guessed(desk: Desk, typed: str, line: str) -> None:
    event = desk.books(TITLE, new(f"Nouveau patient\n{typed}"))
    assert event.wrong == [line]
    assert not desk.directory()
    assert not desk.sms()


def test_p22_p20_of_a_known_patient_the_directory_answers(known: Desk) -> None:
    assert known.books(TITLE).confirmed


def test_p22_a_dentist_typed_against_the_directory_is_shown_and_changes_nothing(known: Desk) -> None:
    event = known.books(TITLE, "Dentiste : Dr Bernard")
    assert (
        "! « Dentiste : Dr Paul Bernard » est tapé, mais DUPONT Marie est suivi(e) par Dr Claire Martin : "
        "le fichier ne change pas." in event.reads
    )
    assert known.directory()[0].dentist == "martin"


def test_p22_whom_nobody_follows_yet_is_asked_of_a_known_patient_too(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[replace(MARIE, dentist=None)])
    event = desk.books(TITLE)
    assert event.wrong == [NO_ANSWER]
    event.adds("Dentiste : Dr Martin")
    assert event.confirmed
    assert desk.directory()[0].dentist == "martin"


# --- P34 --------------------------------------------------------------------------------------------------------------

FIELDS = [
    ({"born": None}, "birth_date", "✗ Date de naissance manquante : tapez « Né(e) le : JJ/MM/AAAA »."),
    ({"mobile": None}, "mobile", "✗ Mobile manquant : tapez « Mobile : 06 … » ou « Sans mobile : oui (raison) »."),
    ({"email": None}, "email",
     "✗ E-mail manquant : tapez « E-mail : nom@exemple.fr » ou « Sans e-mail : oui (raison) »."),
    ({"address": None}, "address", "✗ Adresse manquante : tapez « Adresse : 12 rue des Lilas, 75020 Paris »."),
]  # fmt: skip


@pytest.mark.parametrize(("without", "_field", "line"), FIELDS)
def test_p34_each_missing_field_is_an_error_that_names_it(
    desk: Desk, without: dict[str, None], _field: str, line: str
) -> None:
    event = desk.books(TITLE, new(**without))
    assert event.wrong == [line]
    assert event.mark == "⚠ "
    assert not desk.sms()
    assert not desk.mails()
    assert not desk.directory()


def test_p34_all_six_are_mandatory_where_nothing_is_said(desk: Desk) -> None:
    event = desk.books("Mme – RDV", "Nouveau patient, sans préférence")
    missing = next(line for line in event.wrong if line.startswith("✗ Manquent : "))
    assert missing.startswith(
        "✗ Manquent : date de naissance, mobile, e-mail, adresse. Tapez « Né(e) le : JJ/MM/AAAA »"
    )
    assert len(event.wrong) == 3
    assert len(event.reads.splitlines()) <= 5


@pytest.mark.parametrize(("without", "field", "line"), FIELDS)
def test_p34_the_yaml_may_relax_a_field(tmp_path: Path, without: dict[str, None], field: str, line: str) -> None:
    policy = replace(SURGERY.policy, mandatory=SURGERY.policy.mandatory - {field})
    desk = make_desk(tmp_path, replace(SURGERY, policy=policy))
    event = desk.books(TITLE, new(**without))
    assert line not in event.reads
    assert event.confirmed


def test_p34_a_relaxed_field_that_is_typed_wrongly_is_still_said(tmp_path: Path) -> None:
    policy = replace(SURGERY.policy, mandatory=SURGERY.policy.mandatory - {"mobile"})
    desk = make_desk(tmp_path, replace(SURGERY, policy=policy))
    assert desk.books(TITLE, new(mobile="06 12")).wrong


CHILD = {"born": "12/05/2015", "mobile": None, "email": None}


def test_p34_a_minor_is_reached_through_the_parent(desk: Desk) -> None:
    event = desk.books(
        "PETIT Léo – contrôle",
        new(**CHILD) + "\nResponsable : Mme PETIT Anne, 06 98 76 54 32, anne@example.org",
        minutes=20,
    )
    assert event.confirmed, event.reads
    assert [one.to for one in desk.office.sms.sent] == ["+33698765432"]
    assert len(desk.mails("anne@example.org")) == 1
    assert desk.directory()[0].guardian == "Mme PETIT Anne"


def test_p34_a_child_without_a_mobile_is_still_reached_through_the_parent(desk: Desk) -> None:
    text = new(**CHILD) + "\nSans mobile : oui (enfant)\nResponsable : Mme PETIT Anne, 06 98 76 54 32, anne@example.org"
    event = desk.books("PETIT Léo – contrôle", text, minutes=20)
    assert event.confirmed, event.reads
    assert [one.to for one in desk.office.sms.sent] == ["+33698765432"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("Mme PETIT Anne, 01 43 00 11 22", "c'est un fixe"),
        ("Mme PETIT Anne, 06 98 76", "un numéro incomplet"),
        ("Mme PETIT Anne, anne@gmial.com", "faute de frappe dans le domaine ?"),
    ],
)
def test_p34_a_parents_number_or_address_is_checked_too(desk: Desk, typed: str, problem: str) -> None:
    event = desk.books("PETIT Léo – contrôle", new(**CHILD) + f"\nResponsable : {typed}", minutes=20)
    assert any(one.startswith(f"✗ Responsable « {typed} » : {problem}") for one in event.wrong), event.reads
    assert not desk.sms()


def test_p34_a_parent_without_number_does_not_replace_the_mobile(desk: Desk) -> None:
    event = desk.books("PETIT Léo – contrôle", new(**CHILD) + "\nResponsable : Mme PETIT Anne", minutes=20)
    assert [line.partition(" :")[0] for line in event.wrong] == ["✗ Mobile manquant", "✗ E-mail manquant"]


def test_p34_an_adult_is_not_reached_through_a_parent(desk: Desk) -> None:
    event = desk.books(TITLE, new(mobile=None) + "\nResponsable : Mme DUPONT Anne, 06 98 76 54 32")
    assert event.wrong == ["✗ Mobile manquant : tapez « Mobile : 06 … » ou « Sans mobile : oui (raison) »."]


# --- agreement and length ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["Accord patient : oui (tél.)\nAccord patient : non", "Accord patient : à confirmer", "Accord patient : je crois"],
)  # fmt: skip
def test_p23_an_agreement_that_is_none_is_shown_and_does_not_count(known: Desk, typed: str) -> None:
    event = known.books(TITLE, typed, dentist="bernard")
    assert "ce n'est pas un oui clair, il ne compte pas." in event.reads
    assert "✗ DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard." in event.reads
    assert not known.sms()


@pytest.mark.parametrize(
    ("typed", "seen"), [("Durée : longue", "longue"), ("Durée : 45 min\nDurée : 60 min", "45 min et 60 min")]
)
def test_p08_a_length_that_cannot_be_read_is_shown(known: Desk, typed: str, seen: str) -> None:
    event = known.books(TITLE, typed)
    assert f"! Durée « {seen} » : pas comprise, elle ne compte pas. Tapez « Durée : 45 min »." in event.reads
