"""P3, P20: the patient is found from whatever the entry holds, and never by a silent guess."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desk import MARIE, Desk, make_desk

HOMONYM = replace(
    MARIE, birth_date=date(1990, 3, 4), mobile="+33699887766", email="m.dupont@example.org", dentist="martin"
)
PIERRE = replace(MARIE, given_name="Pierre", birth_date=date(1979, 1, 2), email="pierre@example.org")
ANNE = replace(
    MARIE, family_name="Le Goff", given_name="Anne-Laure", birth_name="D'Hervé", birth_date=date(1975, 7, 1),
    mobile="+33698765432", email="anne@example.org",
)  # fmt: skip


@pytest.mark.parametrize(
    "typed",
    [
        "DUPONT Marie – détartrage",
        "Marie DUPONT – détartrage",
        "dupont marie – détartrage",
        "Mme Dupont Marie – détartrage",
        "détartrage – DUPONT Marie",
        "06 12 34 56 78 – détartrage",
        "+33 6 12 34 56 78 – détartrage",
        "0612345678 détartrage",
        "12/05/1981 – détartrage",
        "née le 12 mai 1981 – détartrage",
        "1981-05-12 – détartrage",
        "dupont 12.05.1981 – détartrage",
        "Marie 06.12.34.56.78 – détartrage",
    ],
)
def test_p03_p20_one_clue_is_enough_where_it_is_one_persons(known: Desk, typed: str) -> None:
    event = known.books(typed)
    assert "DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert event.confirmed
    assert len(known.sms("+33612345678")) == 1


@pytest.mark.parametrize(
    "typed",
    ["LE GOFF Anne-Laure", "legoff anne laure", "Anne Laure Le Goff", "D’HERVÉ Anne-Laure",
     "LE GOFF née D'HERVE Anne-Laure"],
)  # fmt: skip
def test_p03_accents_hyphens_particles_and_birth_names_do_not_matter(tmp_path: Path, typed: str) -> None:
    desk = make_desk(tmp_path, known=[ANNE])
    event = desk.books(f"{typed} – détartrage")
    assert "LE GOFF Anne-Laure, né(e) le 01/07/1975" in event.reads
    assert event.confirmed


def test_p03_homonyms_are_listed_with_their_birth_dates_and_the_birth_date_decides(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, HOMONYM])
    event = desk.books("DUPONT Marie – détartrage")
    assert event.wrong == [
        "✗ Plusieurs patients correspondent à « DUPONT Marie ». "
        "Ajoutez la date de naissance : « Né(e) le : 12/05/1981 »."
    ]
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert "→ DUPONT Marie, né(e) le 04/03/1990" in event.reads
    assert not desk.sms()
    event.adds("Né(e) le : 04/03/1990")
    assert event.confirmed
    assert [one.to for one in desk.office.sms.sent] == ["+33699887766"]


def test_p03_homonyms_of_one_birth_date_are_told_apart_by_their_mobile(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, replace(HOMONYM, birth_date=MARIE.birth_date)])
    event = desk.books("DUPONT Marie – détartrage", "Né(e) le : 12/05/1981")
    assert "Ajoutez le mobile ou l'e-mail qui est dans le dossier." in event.wrong[0]
    assert "→ DUPONT Marie, né(e) le 12/05/1981, mobile …78" in event.reads
    assert "→ DUPONT Marie, né(e) le 12/05/1981, mobile …66" in event.reads
    event.adds("Mobile : 06 99 88 77 66")
    assert event.confirmed
    assert [one.to for one in desk.office.sms.sent] == ["+33699887766"]


def test_p03_ruling13_a_familys_mobile_lists_the_family_and_the_first_name_decides(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, PIERRE])
    event = desk.books("06 12 34 56 78 – détartrage")
    assert "Plusieurs patients correspondent à « 06 12 34 56 78 »" in event.reads
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert "→ DUPONT Pierre, né(e) le 02/01/1979" in event.reads
    assert not desk.sms()
    event.retypes(title="Pierre 06 12 34 56 78 – détartrage")
    assert event.confirmed
    assert "DUPONT Pierre" in event.reads


def test_p03_ruling13_twins_are_told_apart_by_their_first_names(tmp_path: Path) -> None:
    twin = replace(MARIE, given_name="Louise")
    desk = make_desk(tmp_path, known=[MARIE, twin])
    by_birth = desk.books("12/05/1981 – détartrage")
    assert "→ DUPONT Louise, né(e) le 12/05/1981" in by_birth.reads
    assert not by_birth.confirmed
    event = desk.books("DUPONT Louise – détartrage", "Né(e) le : 12/05/1981", at="01/12 11:00")
    assert event.confirmed
    assert "DUPONT Louise" in event.reads


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("DUPOND Marie", "« DUPOND Marie » n'est pas dans le fichier. Choisissez un patient proposé"),
        ("Marie DUPNT", "« Marie DUPNT » n'est pas dans le fichier. Choisissez un patient proposé"),
        ("dupont", "« dupont » n'est pas dans le fichier. Choisissez un patient proposé"),
        ("Marie", "« Marie » n'est pas dans le fichier. Choisissez un patient proposé"),
        ("DUPONT Mario", "« DUPONT Mario » n'est pas dans le fichier. Choisissez un patient proposé"),
    ],
)
def test_p03_a_name_that_only_resembles_is_proposed_and_never_taken(known: Desk, typed: str, said: str) -> None:
    event = known.books(f"{typed} – détartrage")
    assert said in event.reads
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert not event.confirmed
    assert not known.sms()


def test_p03_nobody_like_it_is_said_without_a_list(known: Desk) -> None:
    event = known.books("KOWALSKI Piotr – détartrage")
    assert (
        "✗ « KOWALSKI Piotr » n'est pas dans le fichier. Vérifiez le nom ou tapez « Nouveau patient »." in event.wrong
    )
    assert "→" not in event.reads.split("n'est pas dans le fichier")[1].split("✗")[0]


@pytest.mark.parametrize(
    "text",
    ["Né(e) le : 13/05/1981", "Né(e) le : 12/05/1982", "Mobile : 06 12 34 56 78\nNé(e) le : 04/03/1990"],
)
def test_p03_p29_a_birth_date_that_is_not_the_records_is_asked_about(known: Desk, text: str) -> None:
    event = known.books("DUPONT Marie – détartrage", text)
    assert "ces renseignements ne vont pas avec le même dossier" in event.wrong[0]
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert not known.sms()
    assert known.directory()[0].birth_date == MARIE.birth_date


def test_p03_the_mobile_of_one_homonym_and_the_birth_date_of_the_other_is_no_guess(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[MARIE, HOMONYM])
    event = desk.books("DUPONT Marie – détartrage", "Né(e) le : 04/03/1990\nMobile : 06 12 34 56 78")
    assert "ces renseignements ne vont pas avec le même dossier" in event.wrong[0]
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert "→ DUPONT Marie, né(e) le 04/03/1990" in event.reads
    assert not desk.sms()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Déjà venu : je crois", "« Déjà venu : je crois » : déjà venu ou non ?"),
        ("Déjà venu : oui ou non", "« Déjà venu : oui ou non » : déjà venu ou non ?"),
        ("Déjà venu : oui\nNouveau patient", "« Déjà venu : oui » et « Nouveau patient » : déjà venu ou non ?"),
        ("Déjà venu : oui\nDéjà venu : non", "« Déjà venu : oui » et « Déjà venu : non » : déjà venu ou non ?"),
    ],
)
def test_p20_an_answer_that_is_none_is_asked_again_and_creates_nobody(desk: Desk, typed: str, said: str) -> None:
    event = desk.books("DUPONT Marie – détartrage", typed)
    assert said in event.reads
    assert "n'est pas dans le fichier" in event.wrong[0]
    assert not desk.directory()


@pytest.mark.parametrize("typed", ["Déjà venu :", "Déjà venu : ?", "Déjà venu : à voir"])
def test_p20_ruling12_an_empty_answer_is_none(desk: Desk, typed: str) -> None:
    event = desk.books("DUPONT Marie – détartrage", f"{typed}\nPremière consultation")
    assert "sont tapés tous les deux" not in event.reads


def test_p20_said_to_have_come_and_unknown_is_shown_as_such(desk: Desk) -> None:
    event = desk.books("DUPONT Marie – détartrage", "Déjà venu : oui")
    assert (
        "✗ « DUPONT Marie » n'est pas dans le fichier, alors que « Déjà venu : oui » est tapé. "
        "Vérifiez le nom ou tapez « Nouveau patient »." in event.wrong
    )
    assert not desk.directory()


def test_p20_yes_and_known_is_followed_by_the_own_dentist(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage", "Déjà venu : oui")
    assert event.confirmed
    elsewhere = known.books("DUPONT Marie – couronne", "Déjà venu : oui", at="03/12 10:00", dentist="bernard")
    assert "DUPONT Marie est suivi(e) par Dr Claire Martin, pas par Dr Paul Bernard" in elsewhere.reads
