"""P6, P8, P15, P36 with ruling 21: several motifs are one visit where the practice allows it."""

import pytest
from msgspec.structs import replace

from tests.desk import SURGERY, Desk
from tests.typed import new

TOGETHER = replace(SURGERY, motifs_together=True)


@pytest.mark.parametrize(
    ("title", "text"),
    [("DUPONT Marie – détartrage + couronne", ""), ("DUPONT Marie – détartrage et couronne", ""),
     ("DUPONT Marie", "détartrage\ncouronne"), ("DUPONT Marie", "Motif : détartrage, couronne")],
)  # fmt: skip
def test_ruling21_several_motifs_are_one_visit_of_their_lengths(known: Desk, title: str, text: str) -> None:
    known.runs(TOGETHER)
    event = known.books(title, text)
    assert event.confirmed, event.reads
    assert event.length == 90
    assert "Détartrage + Couronne" in event.reads
    assert "Détartrage + Couronne" in known.mails()[0]


def test_ruling21_a_first_visit_takes_its_longer_time_once(desk: Desk) -> None:
    desk.runs(TOGETHER)
    assert desk.books("DUPONT Marie – détartrage + couronne", new()).length == 105


def test_ruling21_the_shortest_wait_counts(known: Desk) -> None:
    known.runs(TOGETHER)
    event = known.books("DUPONT Marie – couronne + douleur", at="04/12 10:00")
    assert "! « Couronne + Douleur » ne devrait pas attendre plus de 2 jours." in event.reads


def test_ruling21_elsewhere_it_is_asked_which(known: Desk) -> None:
    event = known.books("DUPONT Marie – détartrage + couronne")
    assert "✗ Plusieurs motifs : Détartrage et Couronne. Lequel ?" in event.reads
    assert not known.sms()
