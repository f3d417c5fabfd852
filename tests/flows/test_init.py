"""`attitre init` as an administrator meets it: a real terminal, a real CalDAV server, Google's stand-in, a feed."""

import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from demo.googlestandin import OWNER, GoogleStandIn
from demo.server import Server, radicale
from demo.sinks import MailSink

ATTITRE = str(Path(sys.executable).with_name("attitre"))
MARTIN = "martin@group.calendar.google.com"
ROBOT = "robot@practice.iam.gserviceaccount.com"
PRACTICE = (
    ("Nom du cabinet", "Cabinet « des Lilas »"),
    ("Adresse (rue", "12 rue des Lilas, 75020 Paris"),
    ("Téléphone", "01 43 00 00 00"),
    ("E-mail (récap", "s@lilas.fr"),
    ("Département", ""),
)
ENDING = (("liste convient", ""), ("autre motif", ""), ("Serveur d'envoi", ""), ("passerelle HTTP", ""))
DENTIST = (
    ("Nom (", "Dr Claire Martin"), ("Spécialité", ""), ("Son agenda", "1"), ("Horaires du lundi", ""),
    ("Jours qui diffèrent", ""), ("autre dentiste", ""),
)  # fmt: skip
MOTIFS = (
    "Contrôle", "Détartrage", "Douleur", "Soin", "Dévitalisation", "Extraction", "Prothèse", "Implant", "Orthodontie",
    "Blanchiment",
)  # fmt: skip
FEED = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:Garde\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20261101T080000Z\r\n"
    b"DTSTART:20261202T090000Z\r\nDTEND:20261202T100000Z\r\nSUMMARY:Garde\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


class Terminal:
    """`attitre` in a terminal of its own. `screen` is everything that was shown."""

    def __init__(self, folder: Path, *words: str, **environ: str) -> None:
        ours, theirs = pty.openpty()
        hidden = {"DISPLAY", "WAYLAND_DISPLAY", "ATTITRE_KEY", "ATTITRE_CONFIG"}
        plain = {name: value for name, value in os.environ.items() if name not in hidden}
        self._process = subprocess.Popen(
            [ATTITRE, *words], cwd=folder, env=plain | {"COLUMNS": "300"} | environ, stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._screen, self.screen, self._seen = ours, "", 0

    def reads(self, words: str) -> str:
        """Wait until that stands on the screen, after what was read before."""
        until = time.monotonic() + 30
        while words not in self.screen[self._seen :]:
            assert time.monotonic() < until and self._more(), f"{words!r} never came:\n{self.screen}"
        self._seen = self.screen.index(words, self._seen) + len(words)
        return self.screen

    def answers(self, *pairs: tuple[str, str]) -> None:
        for question, answer in pairs:
            self.reads(question)
            while not self.screen.endswith(": "):
                assert self._more(), self.screen
            self._seen = len(self.screen)
            time.sleep(0.05)  # what is typed before a hidden prompt has taken the terminal is thrown away
            os.write(self._screen, answer.encode() + b"\n")

    def presses_ctrl_c(self) -> None:
        os.killpg(self._process.pid, signal.SIGINT)

    def ends(self) -> int:
        while self._more():
            pass
        return self._process.wait(30)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._screen], [], [], 30)
        try:
            piece = os.read(self._screen, 65536) if ready else b""
        except OSError:
            piece = b""
        self.screen += piece.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(piece)


def attitre(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name not in {"ATTITRE_KEY", "ATTITRE_CONFIG"}}
    return subprocess.run(
        [ATTITRE, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with radicale(tmp_path / "agendas") as made:
        for name in ("martin", "bernard"):
            body = (
                '<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>'
                f"<displayname>Dr {name.capitalize()}</displayname></prop></set></C:mkcalendar>"
            )
            url, login = f"{made.url}{made.user}/{name}/", (made.user, made.password)
            requests.request("MKCALENDAR", url, data=body.encode(), auth=login, timeout=30).raise_for_status()
        yield made


@pytest.fixture
def google() -> Iterator[GoogleStandIn]:
    with GoogleStandIn() as made:
        made.add_calendar(OWNER, "Cabinet")
        made.add_calendar(MARTIN, "Dr Martin")
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "cabinet"
    folder.mkdir()
    return folder


@pytest.fixture
def feed(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a feed; parametrized with `user:password`, of one that asks for these."""
    login = getattr(request, "param", "")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = f"Basic {b64encode(login.encode()).decode()}"
            if login and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="flux"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(FEED)))
            self.end_headers()
            self.wfile.write(FEED)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{made.server_address[1]}/private-5ecret/basic.ics"
        made.shutdown()


def account(server: Server, password: str = "") -> tuple[tuple[str, str], ...]:
    return (
        ("Votre choix", "1"), ("Adresse du serveur", server.url), ("Identifiant", server.user),
        ("Mot de passe", password or server.password),
    )  # fmt: skip


def clicked(google: GoogleStandIn, screen: str) -> str:
    """The address at which the browser ends after the person said yes."""
    (url,) = re.findall(r"^https://127\S+/o/oauth2/auth\S+$", screen, re.MULTILINE)[-1:]
    answer = requests.get(url.replace("https", "http", 1), timeout=5, allow_redirects=False)
    return answer.headers["Location"]


# --- CalDAV ----------------------------------------------------------------------------------------------------------


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
        terminal.answers(("passerelle HTTP", ""))
        assert terminal.ends() == 0, terminal.screen
        assert attitre(home, "check", "--connect").returncode == 0
    for secret in ("mauvais-1234", f": {server.password}\n", "private-5ecret"):
        assert secret not in terminal.screen
    text = (home / "attitre.yaml").read_text("utf-8")
    assert ("password: !file secrets/caldav" in text, "private-5ecret" in text) == (True, False)
    assert (home / "secrets/caldav").read_text() == server.password
    files = [home / "attitre.yaml", *(home / "secrets").iterdir()]
    assert {mode(path) for path in files} == {0o600}
    assert 'hours: {mon-fri: "8h30-12h30", wed: "fermé", sat: "09:00-12:00"}' in text


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
        ("Nom (", "Dr Paul Martin"), ("Spécialité", ""), ("Son agenda", "1"), ("Mêmes horaires", "n"),
        ("Horaires du lundi", "9-12"), ("Horaires du lundi", "9h00-12h00"), ("Jours qui diffèrent", "mercredi matin"),
        ("Jours qui diffèrent", ""), ("autre dentiste", ""),
        ("liste convient", "n"), *((f"{motif} : minutes", "0") for motif in MOTIFS[:-1]), (MOTIFS[-1], "50"),
        ("autre motif", ""), ("Serveur d'envoi", ""),
        ("passerelle HTTP", "https://sms.example/send?key=k3y-1234"), ("Authorization", "Bearer t0ken"),
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


# --- Google ----------------------------------------------------------------------------------------------------------


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
