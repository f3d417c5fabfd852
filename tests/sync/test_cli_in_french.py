"""A command line that is not right is answered in French, and the help is in an order that helps."""

import re

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sync.cli import app
from sync.cli.usage import ORDER

ENGLISH = re.compile(
    r"\b(usage:|options:|commands:|error|missing|invalid|no such|try|show this|required|default|arg)\b", re.IGNORECASE
)


def attitre(line: str) -> Result:
    return CliRunner().invoke(app, line.split())


@pytest.mark.parametrize(
    ("line", "said"),
    [("agendaa", "La commande « agendaa » n'existe pas. Vouliez-vous dire « agenda » ?\nAide : "),
     ("zzz", "La commande « zzz » n'existe pas.\n"),
     ("patients impor", "La commande « impor » n'existe pas. Vouliez-vous dire « import » ?\n"),
     ("agenda --frm x", "L'option « --frm » n'existe pas. Vouliez-vous dire « --from » ?\n"),
     ("--frm", "L'option « --frm » n'existe pas.\n"),
     ("agenda --from", "L'option « --from » attend une valeur.\n"),
     ("check --connect=3", "L'option « --connect » ne prend pas de valeur.\n"),
     ("explain", "Il manque « ÉVÉNEMENT ».\n"),
     ("patients import", "Il manque « FICHIER.csv ».\n"),
     ("slots", "Il manque l'option « --motif ».\n"),
     ("outbox foo", "« retry|drop » : valeurs possibles : retry, drop.\n"),
     ("outbox retry abc", "« ID » : un nombre entier est attendu.\n"),
     ("outbox retry", "Donnez le numéro du message : attitre outbox retry 12.\n"),
     ("audit --past x", "« --past » : un nombre entier est attendu.\n"),
     ("audit --past 500", "« --past » : un nombre de 0 à 180 est attendu.\n"),
     ("agenda a b", "« a b » est de trop.\n"),
     ("absences --plot a.png", "« --plot » : « a.png » : le nom du graphique finit par .svg ou .html.\n")],
)  # fmt: skip
def test_a_wrong_line_ends_with_2_and_one_french_sentence(line: str, said: str) -> None:
    result = attitre(line)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)
    assert result.stderr.splitlines()[-1].startswith("Aide : ")
    assert not ENGLISH.search(result.stderr.replace("attitre", ""))


def test_the_help_is_french_and_begins_with_what_comes_first() -> None:
    said = attitre("--help").stdout
    assert not ENGLISH.search(said)
    listed = re.findall(r"^  (\w+)  +\S", said, re.MULTILINE)
    assert listed == [name for names in ORDER.values() for name in names]
    assert [line for line in said.splitlines() if line.endswith(" :") and line[0] != " "] == [
        "Mettre en place :", "Faire tourner :", "Regarder :", "S'aider :", "Options :",
    ]  # fmt: skip
    assert "..." not in said


@pytest.mark.parametrize("line", ["agenda", "audit", "patients", "patients show", "outbox", "init", "slots"])
def test_the_help_of_a_command_is_french(line: str) -> None:
    result = attitre(f"{line} --help")
    assert result.exit_code == 0
    assert not ENGLISH.search(result.stdout)
    assert "Montrer cette aide." in result.stdout
