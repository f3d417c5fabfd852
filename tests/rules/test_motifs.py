"""Motifs in the words that secretaries use for them."""

from __future__ import annotations

import pytest

from rules.entry.motifs import find, nearest, vague
from rules.model import Practice
from rules.text.fold import words


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("détartrage", "Détartrage"),
        ("DETARTRAGES", "Détartrage"),
        ("detartage", "Détartrage"),
        ("un nettoyage", "Détartrage"),
        ("détartrage complet", "Détartrage complet"),
        ("mal aux dents", "Douleur"),
        ("urgence", "Douleur"),
        ("contrôlle", "Contrôle"),
    ],
)
def test_p6_a_motif_is_recognised_in_any_spelling(lilas: Practice, typed: str, label: str) -> None:
    assert [mention.label for mention in find(words(typed), lilas)] == [label]


@pytest.mark.parametrize("typed", ["blanchiment", "détartreuse", "controverse", "durgence", ""])
def test_p6_another_word_is_no_motif(lilas: Practice, typed: str) -> None:
    assert find(words(typed), lilas) == ()


def test_p6_two_motifs_are_both_named(lilas: Practice) -> None:
    found = find(words("détartrage + contrôle"), lilas)
    assert [mention.label for mention in found] == ["Détartrage", "Contrôle"]


def test_p6_the_nearest_motifs_come_first(lilas: Practice) -> None:
    assert nearest("contrôle de routine", lilas, 1) == ("Contrôle",)
    assert len(nearest("blanchiment", lilas)) == 3


@pytest.mark.parametrize("typed", ["", "?", "RDV", "une consultation", "à voir", "autre", "pour voir"])
def test_p33_a_vague_word_is_no_motif(lilas: Practice, typed: str) -> None:
    assert vague(typed, lilas)


def test_p33_a_reason_is_not_vague(lilas: Practice) -> None:
    assert not vague("dent cassée", lilas)
