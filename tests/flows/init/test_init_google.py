"""`attitre init` and Google's stand-in: a service account, and a person's consent."""

import json
import sys
from pathlib import Path

from demo.googlestandin import OWNER, GoogleStandIn
from tests.flows.init.administrator import DENTIST, ENDING, MARTIN, PRACTICE, ROBOT, Terminal, attitre, clicked, mode


def test_google_by_service_account(google: GoogleStandIn, home: Path) -> None:
    (home / "robot.json").write_text(google.credentials_json(ROBOT))
    google.share(MARTIN, ROBOT, "writer")
    terminal = Terminal(home, "init", "--google-endpoint", google.root)
    terminal.answers(*PRACTICE, ("Votre choix", "2"), ("Fichier de la clé", "absent.json"), ("nouveau ?", ""))
    terminal.answers(("Fichier de la clé", "robot.json"), ("ID d'un agenda", OWNER))
    terminal.reads("n'est pas (ou plus) partagé avec ce compte Google")
    terminal.answers(("ID d'un agenda", MARTIN), ("ID d'un agenda", ""), ("Un autre compte", ""), *DENTIST, *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert f"Partagez d'abord chaque agenda avec {ROBOT}" in terminal.screen
    assert "credentials: !file robot.json" in (home / "attitre.yaml").read_text("utf-8")
    checked = attitre(home, "check", "--connect")
    assert (checked.returncode, "« Dr Martin »" in checked.stdout) == (0, True), checked.stdout


def test_google_by_consent_without_a_browser_here(google: GoogleStandIn, home: Path) -> None:
    (home / "client.json").write_text(json.dumps(google.oauth_client()))
    terminal = Terminal(home, "init", "--no-browser", "--google-endpoint", google.root)
    terminal.answers(*PRACTICE, ("Votre choix", "3"), ("Fichier du client OAuth", "client.json"))
    screen = terminal.reads("c'est normal.")
    terminal.answers(("Copiez ici", "bonjour"))
    terminal.reads("copiez toute la barre d'adresse")
    terminal.answers(("Copiez ici", clicked(google, screen)), ("Un autre compte", ""))
    terminal.answers(*DENTIST[:2], ("Son agenda", "2"), *DENTIST[3:], *ENDING)
    assert terminal.ends() == 0, terminal.screen
    refresh = google.authorized_user(OWNER)["refresh_token"]
    for path in ("attitre.yaml", "google-token.json", "attitre.key"):
        assert mode(home / path) == 0o600
        assert refresh not in (home / path).read_text("utf-8")
    assert refresh not in terminal.screen
    assert attitre(home, "check", "--connect").returncode == 0
    assert attitre(home, "sync").returncode == 0
    state = json.loads(attitre(home, "status", "--json").stdout)
    assert [one["state"] for one in state["calendars"]] == ["ok"]


def test_an_expired_consent_is_given_again_by_a_browser_here(google: GoogleStandIn, home: Path) -> None:
    (home / "client.json").write_text(json.dumps(google.oauth_client()))
    (home / "attitre.yaml").write_text(
        "practice: {name: Lilas, address: 12 rue X 75020 Paris, phone: 01 43 00 00 00, email: a@lilas.fr}\n"
        "dentists: {martin: {name: Dr Martin, specialty: D, hours: {mon: 9:00-12:00}, calendars: [{kind: google, "
        f"calendar_id: {MARTIN}, credentials: !file google-token.json, endpoint: '{google.root}'}}]}}}}\n"
        "motifs: [{label: Contrôle, minutes: 20}]\n"
    )
    (home / "opens").write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\n"
        "urllib.request.urlopen(sys.argv[1].replace('https', 'http', 1), timeout=10).read()\n"
    )
    (home / "opens").chmod(0o700)
    browser = {"DISPLAY": ":7", "BROWSER": f"{home / 'opens'} %s &"}
    assert Terminal(home, "init", "--google-consent", "client.json", **browser).ends() == 0
    assert attitre(home, "check", "--connect").returncode == 0
    google.gate.revoke(OWNER)
    told = attitre(home, "check", "--connect")
    assert (told.returncode, "attitre init --google-consent" in told.stdout) == (1, True)
    again = Terminal(home, "init", "--google-consent", "client.json", **browser)
    assert again.ends() == 0, again.screen
    assert attitre(home, "check", "--connect").returncode == 0
    (home / "attitre.key").unlink()
    lost = attitre(home, "check")
    assert (lost.returncode, "sa clé manque" in lost.stdout) == (1, True)


def test_a_refused_consent_changes_nothing(google: GoogleStandIn, home: Path) -> None:
    (home / "client.json").write_text(json.dumps(google.oauth_client()))
    google.consent.denies = True
    terminal = Terminal(home, "init", "--no-browser", "--google-consent", "client.json")
    screen = terminal.reads("c'est normal.")
    terminal.answers(("Copiez ici", clicked(google, screen)))
    assert terminal.ends() == 1
    assert "a été refusé" in terminal.screen
    assert [path.name for path in home.iterdir()] == ["client.json"]


def test_two_accounts_by_consent_keep_a_token_each(google: GoogleStandIn, home: Path) -> None:
    (home / "client.json").write_text(json.dumps(google.oauth_client()))
    other = "bernard@gmail.com"
    google.add_calendar(other, "Dr Bernard", owner=other)
    terminal = Terminal(home, "init", "--no-browser", "--google-endpoint", google.root)
    terminal.answers(*PRACTICE)
    for person in (OWNER, other):
        google.consent.email = person
        terminal.answers(("Votre choix", "3"), ("Fichier du client OAuth", "client.json"))
        terminal.answers(("Copiez ici", clicked(google, terminal.reads("c'est normal."))))
        terminal.answers(("Un autre compte", "o" if person == OWNER else ""))
    terminal.answers(*DENTIST[:2], ("Son agenda", "1, 3"), *DENTIST[3:], *ENDING)
    assert terminal.ends() == 0, terminal.screen
    assert "3. Dr Bernard – lecture et écriture" in terminal.screen
    text = (home / "attitre.yaml").read_text("utf-8")
    assert "!file google-token.json" in text
    assert "!file google-token-2.json" in text
    assert attitre(home, "check", "--connect").returncode == 0
    before = (home / "google-token.json").read_text()
    again = Terminal(home, "init", "--no-browser", "--google-consent", "client.json", "--google-endpoint", google.root)
    again.answers(("Votre choix", "1"))
    again.answers(("Copiez ici", clicked(google, again.reads("c'est normal."))))
    assert again.ends() == 0, again.screen
    assert (home / "google-token.json").read_text() == before
    assert "Dr Bernard (bernard@gmail.com) – lecture et écriture" in again.screen
