"""Motifs in the words that secretaries use for them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rules.entry.motifs import begun, find, nearest, vague
from rules.entry.vocabulary import statements
from rules.model import Motif, Practice
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
    assert nearest("contrarie", lilas, 1) == ("Contrôle",)


@pytest.mark.parametrize(
    ("typed", "labels"),
    [
        ("bilan", ("Contrôle", "Détartrage")),
        ("surfaçage", ("Détartrage", "Contrôle")),
        ("abcès", ("Douleur",)),
        ("plombage tombé", ("Douleur",)),
    ],
)
def test_p6_a_word_of_the_trade_proposes_by_its_meaning(lilas: Practice, typed: str, labels: tuple[str, ...]) -> None:
    assert nearest(typed, lilas) == labels


def test_p6_a_unique_beginning_is_the_motif(lilas: Practice) -> None:
    begins = [begun(words(typed), lilas) for typed in ("contr", "doul", "dou", "dé", "pro", "consult")]
    assert [one and one.label for one in begins] == ["Contrôle", "Douleur", "Douleur", None, None, None]


def test_p6_several_words_of_another_act_are_no_motif(lilas: Practice) -> None:
    crowns = replace(lilas, motifs=(Motif("Couronne", 60),))
    assert find(words("couronne descellée"), crowns) == ()
    assert [one.label for one in find(words("couronne 26"), crowns)] == ["Couronne"]


@pytest.mark.parametrize(("typed", "label"), [("dtx", "Détartrage"), ("ctrl", "Contrôle"), ("det", "Détartrage")])
def test_p6_abbreviations_usual_ones_and_the_practice_s_own(lilas: Practice, typed: str, label: str) -> None:
    own = replace(lilas, abbreviations=(("dtx", "détartrage"), ("np2", "nouveau patient")))
    assert [one.label for one in find(words(typed), own, near=False)] == [label]
    assert statements(own)["np2"] == statements(own)["ss pref"].replace("preference", "new")


@pytest.mark.parametrize("typed", ["", "?", "RDV", "une consultation", "à voir", "autre", "pour voir"])
def test_p33_a_vague_word_is_no_motif(lilas: Practice, typed: str) -> None:
    assert vague(typed, lilas)


def test_p33_a_reason_is_not_vague(lilas: Practice) -> None:
    assert not vague("dent cassée", lilas)
