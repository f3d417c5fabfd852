"""Pages fit the terminal, from 80 to 200 columns, and break where French may break."""

import pytest

from sync.cli.page import grid, paragraph

LONG = "Déplacez le rendez-vous dans son agenda, ou, si le patient est d'accord, tapez « Accord patient : oui ». " * 3


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("columns", "most"), [("40", 80), ("80", 80), ("133", 133), ("200", 200), ("900", 200)])
def test_paragraphs_and_tables_fit(
    columns: str, most: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    paragraph(LONG)
    grid([("un", "2", LONG), ("deux", "22", "court")], ("Nom", "Nombre", "Texte"), right=[1])
    grid([("a" * 30, "b" * 40, LONG)], ("Nom", "Nombre", "Texte"))
    lines = printed(capsys)
    assert max(map(len, lines)) <= most
    assert sum(line.count("Accord") for line in lines) == 9


def test_a_line_never_breaks_beside_a_sign(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for filler in range(90):
        paragraph("x" * filler + " tapez « Accord patient : oui » ; puis « Non » ! Vraiment ?")
    for line in printed(capsys):
        assert line.strip()[0] not in "»:;!?"
        assert not line.endswith("«")
        assert "\u00a0" not in line


def test_numbers_stand_to_the_right_and_an_empty_table_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    grid([("a", "5"), ("b", "12")], ("Nom", "Nombre"), right=[1])
    grid([], ("Nom", "Nombre"))
    assert printed(capsys) == ["  Nom  Nombre", "  a         5", "  b        12"]


def test_where_nothing_is_left_for_the_last_column_it_stands_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    grid([("a" * 30, "b" * 40, "La passerelle SMS demande d'attendre (503)."), ("a", "b", "")])
    assert printed(capsys) == [
        f"  {'a' * 30}  {'b' * 40}", "      La passerelle SMS demande d'attendre (503).", f"  a{' ' * 31}b",
    ]  # fmt: skip
