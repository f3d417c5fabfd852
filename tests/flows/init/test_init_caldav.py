"""`attitre init` as an administrator meets it: a real terminal, a real CalDAV server, a feed."""

import re
from pathlib import Path

import pytest

from demo.server import Server
from demo.sinks import MailSink
from tests.flows.init.administrator import DENTIST, ENDING, MOTIFS, PRACTICE, Terminal, account, attitre, mode


def test_two_dentists_on_a_caldav_server(server: Server, home: Path, feed: str) -> None:
    with MailSink() as mail:
        terminal = Terminal(home, "init")
        terminal.answers(*PRACTICE, *account(server, "mauvais-1234"))
        terminal.reads("a refusé l'identifiant ou le mot de passe")
        terminal.answers(("nouveau ?", "o"), ("Adresse du serveur", ""), ("Identifiant", ""), account(server)[3])
        shown = terminal.reads("Dr Martin – lecture et écriture")
        terminal.answers(("Un autre compte", "o"), ("Votre choix", "4"), ("Adresse du flux", feed))
        terminal.reads("Garde – flux, temps occupé")
        first = re.findall(r"^  (\d)\. Dr Martin", shown, re.MULTILINE)[-1]
        second = "2" if first == "1" else "1"
        terminal.answers(
            ("Un autre compte", ""),
            ("Nom (", "Dr Claire Martin"), ("Spécialité", ""), ("Son agenda", "9"), ("Son agenda", f"{first}, 3"),
            ("Horaires du lundi", "8h30-12h30"), ("Jours qui diffèrent", "mer fermé ; sam 09:00-12:00"),
            ("autre dentiste", "o"),
            ("Nom (", "Dr Paul Martin"), ("Spécialité", "Orthodontiste"), ("Son agenda", "3"), ("Son agenda", second),
            ("Mêmes horaires", ""), ("autre dentiste", ""),
            *ENDING[:1], ("autre motif", "Greffe"), ("Durée", "90"), ("autre motif", ""),
            ("Serveur d'envoi", f"smtp://127.0.0.1:{mail.port}"), ("Identifiant", "-"), ("Expéditeur", ""),
        )  # fmt: skip
        terminal.answers(("service de SMS", ""))
        assert terminal.ends() == 0, terminal.screen
        assert attitre(home, "check", "--connect").returncode == 0
    for secret in ("mauvais-1234", f": {server.password}\n", "private-5ecret"):
        assert secret not in terminal.screen
    text = (home / "attitre.yaml").read_text("utf-8")
    assert ("password: !file secrets/caldav" in text, "private-5ecret" in text) == (True, False)
    assert (home / "secrets/caldav").read_text() == server.password
    files = [home / "attitre.yaml", *(home / "secrets").iterdir()]
    assert {mode(path) for path in files} == {0o600}
    assert 'hours: {mon-fri: "08:30-12:30", wed: "fermé", sat: "09:00-12:00"}' in text


@pytest.mark.parametrize("feed", ["garde:s3same"], indirect=True)
def test_a_feed_that_asks_for_a_login_gets_one(server: Server, home: Path, feed: str) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server))
    terminal.reads("Dr Martin – lecture et écriture")
    terminal.answers(("Un autre compte", "o"), ("Votre choix", "4"), ("Adresse du flux", feed))
    terminal.reads("Ce flux demande un identifiant")
    terminal.answers(("Identifiant", "garde"), ("Mot de passe", "faux"))
    terminal.reads("a refusé l'identifiant ou le mot de passe")
    terminal.answers(
        ("nouveau ?", "o"), ("Adresse du flux", feed), ("Identifiant", "garde"), ("Mot de passe", "s3same")
    )
    terminal.reads("Garde – flux, temps occupé")
    terminal.answers(("Un autre compte", ""), *DENTIST[:2], ("Son agenda", "1, 3"), *DENTIST[3:], *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert "s3same" not in terminal.screen
    text = (home / "attitre.yaml").read_text("utf-8")
    assert "username: garde" in text.replace('"', "")
    assert "password: !file secrets/flux-mot-de-passe" in text
    assert (home / "secrets/flux-mot-de-passe").read_text() == "s3same"
    assert attitre(home, "check", "--connect").returncode == 0


def test_the_password_may_stay_in_a_variable_and_the_server_closed(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init", DAV_PASSWORD=server.password)
    terminal.answers(*PRACTICE, *account(server, "$DAV_PASSWORD"))
    terminal.reads("Dr Martin – lecture et écriture")
    terminal.answers(("Un autre compte", ""), *DENTIST, *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert "password: !env DAV_PASSWORD" in (home / "attitre.yaml").read_text("utf-8")
    assert [path.name for path in home.iterdir()] == ["attitre.yaml"]


def test_a_calendar_that_two_dentists_share_and_an_sms_gateway_with_a_key(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server), ("Un autre compte", ""), *DENTIST[:5], ("autre dentiste", "o"))
    terminal.answers(
        ("Nom (", "Dr Paul Martin"), ("Spécialité", ""), ("Son agenda", "1"), ("Le partager", "o"),
        ("Mêmes horaires", "n"), ("Horaires du lundi", "9 à"),
        ("Horaires du lundi", "9h00-12h00"), ("Jours qui diffèrent", "mercredi matin"),
        ("Jours qui diffèrent", ""), ("autre dentiste", ""),
        ("liste convient", "n"), *((f"{motif} : minutes", "0") for motif in MOTIFS[:-1]), (MOTIFS[-1], "50"),
        ("autre motif", ""), ("Serveur d'envoi", ""),
        ("service de SMS", "2"), ("passerelle HTTP (ou", "https://sms.example/send?key=k3y-1234"),
        ("Authorization", "Bearer t0ken"),
    )  # fmt: skip
    assert terminal.ends() == 0, terminal.screen
    text = (home / "attitre.yaml").read_text("utf-8")
    assert re.findall(r"^  (\S+):$|tag: (\S+)", text, re.MULTILINE)[:4] == [
        ("martin", ""), ("", "martin"), ("paul-martin", ""), ("", "paul-martin"),
    ]  # fmt: skip
    assert "avec [martin], [paul-martin]" in terminal.screen
    assert [line for line in text.splitlines() if "label:" in line] == ['  - {label: "Blanchiment", minutes: 50}']
    for secret in ("k3y-1234", "t0ken"):
        assert secret not in text
    assert "t0ken" not in terminal.screen
    assert attitre(home, "check").returncode == 0


def test_a_wrong_answer_is_asked_again_with_what_is_wrong(home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE[:2], ("Téléphone", "12"), ("Téléphone", "01 43 00 00 00"), ("E-mail", "lilas"))
    terminal.reads("Adresse e-mail illisible. Exemple : « secretariat@cabinet.fr ».")
    assert "Numéro de téléphone illisible. Exemple : « 01 83 35 53 54 »." in terminal.screen
    terminal.presses_ctrl_c()
    assert terminal.ends() == 130


def test_ctrl_c_leaves_nothing(server: Server, home: Path) -> None:
    terminal = Terminal(home, "init")
    terminal.answers(*PRACTICE, *account(server))
    terminal.answers(("Un autre compte", ""), *DENTIST)
    terminal.reads("liste convient")
    terminal.presses_ctrl_c()
    assert terminal.ends() == 130
    assert "Interrompu : rien n'est écrit." in terminal.screen
    assert list(home.iterdir()) == []


def test_nothing_is_asked_where_nothing_could_be_written(home: Path) -> None:
    told = attitre(home, "init", "-o", "absent/attitre.yaml")
    assert (told.returncode, "Le dossier absent n'existe pas" in told.stderr) == (1, True)
    assert "Nom du cabinet" not in told.stdout


def test_an_existing_file_is_replaced_only_when_asked_and_then_kept(server: Server, home: Path) -> None:
    (home / "attitre.yaml").write_text("à moi")
    terminal = Terminal(home, "init")
    terminal.answers(("existe déjà", ""))
    assert terminal.ends() == 1
    terminal = Terminal(home, "init")
    terminal.answers(("existe déjà", "oui"), *PRACTICE, *account(server), ("Un autre compte", ""), *DENTIST, *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert (home / "attitre.yaml.ancien").read_text() == "à moi"
    assert attitre(home, "check").returncode == 0
