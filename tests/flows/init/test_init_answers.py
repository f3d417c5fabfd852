"""Answers as they come to mind: hours in words, a way back, a service by name; what is written passes `check`."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from demo.server import Server
from sync.cli.init import ask, hours
from tests.flows.init.administrator import DENTIST, ENDING, PRACTICE, Terminal, account, attitre


def checked(home: Path) -> str:
    """What was written; it passes without an error."""
    found = attitre(home, "check")
    assert found.returncode == 0, found.stdout
    return (home / "attitre.yaml").read_text("utf-8")


def test_p06_a_motif_that_is_a_word_of_another_is_refused_with_a_sentence(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", ""), *DENTIST)
    terminal.answers(("liste convient", ""), ("autre motif", "Urgence"))
    terminal.reads("« Urgence » est déjà compris comme « Douleur ». Un mot ne désigne qu'un motif.")
    terminal.answers(("autre motif", "controle"), ("autre motif", ""), *ENDING[2:])
    assert "« controle » est déjà dans la liste." in terminal.screen
    assert terminal.ends() == 0, terminal.screen
    assert checked(home).count("label:") == 10


def test_a_dentist_without_letters_is_asked_again_and_the_ending_names_the_patients(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", ""), ("Nom (", "2"))
    terminal.reads("« 2 » n'est pas un nom. Exemple : « Dr Claire Martin ».")
    terminal.answers(*DENTIST, *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert "attitre patients import FICHIER.csv" in terminal.screen.rpartition("Ensuite : ")[2]
    assert "Téléphone : " in terminal.screen


def test_the_same_dentist_and_the_same_calendar_are_asked_about(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", "o"), *account(server), ("Un autre compte", ""))
    assert "3. " not in terminal.screen.rpartition("Agendas trouvés")[2]
    terminal.answers(*DENTIST[:5], ("autre dentiste", "o"), ("Nom (", "DR CLAIRE MARTIN"))
    terminal.reads("« DR CLAIRE MARTIN » est déjà inscrit(e).")
    terminal.answers(("Nom (", "Dr Paul Bernard"), ("Spécialité", ""), ("Son agenda", "1"), ("Le partager", ""))
    terminal.answers(("Son agenda", "2"), ("Mêmes horaires", ""), ("autre dentiste", ""), *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert "tag:" not in checked(home)


def test_hours_are_typed_as_they_are_said(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", ""), *DENTIST[:3])
    terminal.answers(
        ("Horaires du lundi", "9h-12h et 14h-19h"), ("Jours qui diffèrent", "mercredi fermé, samedi 9h-12h")
    )
    terminal.answers(("autre dentiste", ""), *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert 'hours: {mon-fri: "09:00-12:00 14:00-19:00", wed: "fermé", sat: "09:00-12:00"}' in checked(home)


def test_a_sign_goes_back_to_the_question_before(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(
        *PRACTICE[:2], ("Téléphone", "<"), ("Adresse (rue", "14 rue des Lilas, 75020 Paris"), *PRACTICE[2:]
    )
    terminal.answers(("Votre choix", "retour"), ("Département", "92"), *account(server), ("Un autre compte", ""))
    terminal.answers(*DENTIST[:3], ("Horaires du lundi", "<"), ("Son agenda", "2"), *DENTIST[3:])
    terminal.answers(("liste convient", "<"), ("autre dentiste", ""), *ENDING)
    assert terminal.ends() == 0, terminal.screen
    text = checked(home)
    assert ("14 rue des Lilas" in text, 'holidays: "92"' in text) == (True, True)
    assert text.count("kind: caldav") == 1
    assert [path.name for path in (home / "secrets").iterdir()] == ["caldav"]


def test_before_the_first_question_there_is_none(home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(("Nom du cabinet", "<"))
    terminal.reads("C'est la première question.")
    terminal.answers(*PRACTICE[:1])
    terminal.presses_ctrl_c()
    assert terminal.ends() == 130


@pytest.mark.parametrize(
    ("place", "answers", "written"),
    [("3", (("Émetteur", "Les Lilas"), ("Émetteur", ""), ("Clé d'API Brevo", "k3y")), "transactionalSMS"),
     ("4", (("Émetteur", ""), ("du compte Octopush", "a@b.fr"), ("Clé d'API Octopush", "k3y")), "octopush"),
     ("5", (("Émetteur", ""), ("Clé d'API smsmode", "k3y")), "smsmode")],
)  # fmt: skip
def test_an_sms_service_is_chosen_by_its_name(
    server: Server, home: Path, place: str, answers: tuple[tuple[str, str], ...], written: str
) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", ""), *DENTIST, *ENDING[:3])
    terminal.answers(("service de SMS", place), *answers)
    assert terminal.ends() == 0, terminal.screen
    text = checked(home)
    assert (written in text, 'sender: "CABLILAS"' in text, "idempotent: non" in text) == (True, True, True)
    assert ("k3y" in text, "k3y" in terminal.screen) == (False, False)


@pytest.fixture
def in_the_clear() -> Iterator[str]:
    """A server that speaks no TLS, by host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as made:
        made.RequestHandlerClass.log_message = lambda *args: None  # type: ignore[method-assign]
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{made.server_address[1]}"
        made.shutdown()


def test_a_server_in_the_clear_is_told_from_a_bad_certificate(in_the_clear: str, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, ("Votre choix", "1"), ("Adresse du serveur", in_the_clear), ("Identifiant", ""))
    terminal.reads("ne répond pas en https à ce port. Si le serveur est en clair, l'adresse est http://…")
    terminal.presses_ctrl_c()
    assert terminal.ends() == 130


# --- hours, by themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["9h-12h et 14h-19h", "9h-12h, 14h-19h", "09:00-12:00 14:00-19:00", "de 9h à 12h et de 14h à 19h", "9-12 / 14-19",
     "9h00 - 12h00 puis 14h – 19h"],
)  # fmt: skip
def test_hours_of_a_day(said: str) -> None:
    assert hours.of_day(said) == "09:00-12:00 14:00-19:00"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("mercredi fermé", {"wed": "fermé"}),
     ("mer fermé ; sam 09:00-12:00", {"wed": "fermé", "sat": "09:00-12:00"}),
     ("le mercredi et le vendredi fermés", {"wed": "fermé", "fri": "fermé"}),
     ("mardi au jeudi : 9h-12h", {"tue": "09:00-12:00", "wed": "09:00-12:00", "thu": "09:00-12:00"}),
     ("le mercredi fermé et le samedi de 9h à 12h", {"wed": "fermé", "sat": "09:00-12:00"})],
)  # fmt: skip
def test_hours_of_named_days(said: str, meant: dict[str, str]) -> None:
    assert hours.of_days(said) == meant
    assert hours.of_week(said) == {"mon-fri": hours.WEEK} | meant


@pytest.mark.parametrize("said", ["9 à", "12h-9h", "mercredi matin", "samedi", "9h-12h fermé", "quand il veut"])
def test_hours_that_cannot_be_read_are_asked_again(said: str) -> None:
    assert ask.problem(hours.of_week, said)
