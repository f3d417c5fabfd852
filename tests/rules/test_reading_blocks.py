"""Patients, blocks with a reason, and blocks without (P51, ruling 11)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rules.entry.is_patient import Likeness, contentless
from rules.model import Entry

Judged = Callable[..., Likeness]


@pytest.mark.parametrize(
    "title",
    [
        "",
        "x",
        "XX",
        "...",
        "?",
        "RDV",
        "Bloqué",
        "Occupé",
        "Busy",
        "indispo",
        "😀",
        "Créneau réservé",
        "Nouvel événement",
    ],
)
def test_p51_a_title_without_content_gives_no_reason(title: str) -> None:
    assert contentless(title)


@pytest.mark.parametrize("title", ["Congés", "Livraison autoclave", "DUPONT Marie", "Détartrage"])
def test_p51_a_real_word_is_a_reason(title: str) -> None:
    assert not contentless(title)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "x",
        "RDV",
        "Bloqué",
        "Congés",
        "Réunion équipe",
        "Formation laser",
        "Formation laser – détartrage",
        "Appeler le labo",
        "Déjeuner",
        "Férié",
        "Congés Dr MARTIN",
        "? dupont",
    ],
)
def test_p51_no_patient_is_seen_in_a_block(likeness: Judged, title: str) -> None:
    assert likeness(title) is Likeness.NONE


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT Marie", ""),
        ("marie dupont", ""),
        ("dupont – contrôle", ""),
        ("dupont", "Nouveau patient"),
        ("RDV", "Mobile : 06 12 34 56 78"),
        ("", "Nom : DUPONT\nPrénom : Marie\nNé le : 12/05/1981"),
        ("CONGE Marie – contrôle", "Mobile : 06 12 34 56 78"),
        ("CESOD Diner – contrôle", "Né(e) le : 16/08/1965\nMobile : 06 12 34 56 78"),
        ("Repos Jean contrôle", "né le 16/08/1965"),
    ],
)
def test_p28_a_patient_is_seen(likeness: Judged, title: str, text: str) -> None:
    assert likeness(title, text) is Likeness.SURE


@pytest.mark.parametrize(
    "title",
    [
        "DUPONT Marie – détartrage (labo)",
        "DUPONT Marie – détartrage, rappeler la veille",
        "DUPONT Marie détartrage devis",
        "DUPONT Marie – contrôle après les travaux",
        "DUPONT Marie – douleur (réservé urgence)",
        "marie dupont détartrage labo",
    ],
)
def test_p51_a_block_s_word_beside_a_name_and_a_motif_makes_no_block(likeness: Judged, title: str) -> None:
    assert likeness(title) is Likeness.SURE


@pytest.mark.parametrize(
    "title",
    [
        "Formation détartrage",
        "Congés Dr MARTIN – contrôle",
    ],
)
def test_p51_without_a_name_of_its_own_it_stays_one(likeness: Judged, title: str) -> None:
    assert likeness(title) is Likeness.NONE


@pytest.mark.parametrize(
    "title",
    [
        "Rappeler DUPONT Marie",
        "Réunion DUPONT Marie",
        "Réunion contrôle qualité",
        "Livraison DENTSPLY – détartrage",
        "Déjeuner avec Marie Dupont",
        "Congés Marie",
    ],
)
def test_p51_ruling22_beside_a_block_s_word_the_directory_is_asked(likeness: Judged, title: str) -> None:
    assert likeness(title) is Likeness.MAYBE


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("DUPONT", ""),
        ("Mr MARTIN", ""),
        ("Réunion fournisseur", "Tél : 06 12 34 56 78"),
        ("Maintenance autoclave – contrôle du 12/03/2019", ""),
    ],
)
def test_p3_the_directory_is_asked_in_doubt(likeness: Judged, title: str, text: str) -> None:
    assert likeness(title, text) is Likeness.MAYBE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("contrôle mercredi svp", Likeness.SURE),
        ("veut un détartrage rapidement", Likeness.SURE),
        ("contrôler la livraison de mercredi", Likeness.MAYBE),
        ("de passage, voir s'il faut un contrôle", Likeness.MAYBE),
        ("contrôle autoclave", Likeness.MAYBE),
        ("pas de SMS", Likeness.MAYBE),
    ],
)
def test_p33_a_motif_with_which_a_line_begins_makes_a_patient_of_a_name(
    likeness: Judged, text: str, found: Likeness
) -> None:
    assert likeness("Moreau", text) is found


@pytest.mark.parametrize(
    ("title", "name", "kept_for"),
    [
        ("Réunion équipe", "", "Réunion"),
        ("rappeler DUPONT Marie pour devis", "DUPONT Marie", "rappeler"),
        ("DUPONT Marie – devis", "DUPONT Marie", "devis"),
        ("MARIAGE Louise – détartrage", "MARIAGE Louise", ""),
        ("Congés Marie", "Congés Marie", "Congés"),
        ("HOLIDAY Billie – contrôle", "HOLIDAY Billie", ""),
    ],
)
def test_p51_a_word_that_a_name_needs_is_no_reason(
    typed: Callable[..., Entry], title: str, name: str, kept_for: str
) -> None:
    entry = typed(title)
    assert (entry.name_text, entry.kept_for) == (name, kept_for)
