"""P51, P3: a family name of the directory typed alone is somebody's appointment, never a block with a reason."""

from tests.desk import Desk


def test_p51_p03_a_known_family_name_alone_is_an_unfinished_booking(known: Desk) -> None:
    event = known.books("Dupont")
    assert event.mark == "⚠ "
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads


def test_p51_a_name_nobody_bears_is_a_reason(known: Desk) -> None:
    event = known.books("Autolaveur")
    assert (event.mark, event.reads) == ("", "")
