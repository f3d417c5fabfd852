"""Asking the administrator for consent to their Google calendars, with a browser on this machine or without one."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.cli.frame import Failure
from sync.cli.init import ask
from sync.cli.init.ask import say
from sync.cli.init.draft import Draft, write_private

if TYPE_CHECKING:
    from adapters.calendars.google.consent import Consent

TOKEN_FILE = "google-token.json"  # noqa: S105  a name
CONSENT_WAIT_S = 300.0  # for a person to sign in at Google
_DONE = (
    "<!doctype html><html lang=fr><meta charset=utf-8><title>attitre</title><p>C'est fait : vous pouvez fermer cette "
    "page et revenir à attitre."
)


def obtain(client_file: Path, *, browser: bool) -> str:
    """The token's file, open. Raises Failure where the file cannot be used, the errors of adapters.base where the
    consent was not given."""
    from adapters.calendars.google.consent import Consent

    try:
        content = client_file.expanduser().read_text("utf-8-sig")
    except (OSError, ValueError):
        raise Failure(f"{client_file} ne peut pas être lu.") from None
    with _listening() as (address, waiting):
        consent = Consent(content, address)
        _show(consent)
        here = browser and _has_browser() and webbrowser.open(consent.url)
        answered = waiting() if here else ""
        return consent.token(answered) if answered else _pasted(consent)


def _show(consent: Consent) -> None:
    say("\nattitre va demander à Google deux droits, et pas d'autres :")
    say("  - lire et écrire les événements de vos agendas (c'est son travail) ;")
    say("  - voir la liste de vos agendas (pour que vous puissiez choisir).")
    say(
        "Google peut prévenir que « l'application n'est pas validée » : c'est la vôtre, cliquez « Paramètres avancés »,"
    )
    say("puis « Accéder à … ». Cochez toutes les cases.\n")
    say("Ouvrez cette adresse dans un navigateur, avec le compte qui possède les agendas :\n")
    say(f"{consent.url}\n")


def _pasted(consent: Consent) -> str:
    """Without a browser here: the address at which the browser elsewhere ended, asked for until it is one."""
    from adapters.base import Denied

    say("À la fin, le navigateur arrive sur une adresse en http://127.0.0.1 … qui ne s'ouvre pas : c'est normal.")
    for tries in range(5):
        answered = ask.text("Copiez ici toute cette adresse")
        try:
            return consent.token(answered)
        except Denied as error:
            if "code=" in answered or "error=" in answered or tries == 4:
                raise
            say(f"  {error}")
    raise AssertionError


def _has_browser() -> bool:
    """Where there is no screen, Python would start a browser in this very terminal."""
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _listening() -> Iterator[tuple[str, Any]]:
    """An address on loopback, and what waits for the browser to come there (empty after `CONSENT_WAIT_S`)."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = "code=" in self.path or "error=" in self.path
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if known:
                self.wfile.write(_DONE.encode())
                came.append(self.path)

        def log_message(self, format: str, *args: Any) -> None:
            """The path holds a secret."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"

        def waiting() -> str:
            say("(La page vient de s'ouvrir dans votre navigateur ; attitre attend votre réponse.)")
            until = time.monotonic() + CONSENT_WAIT_S
            server.timeout = 1.0
            while not came and time.monotonic() < until:
                server.handle_request()
            return f"{address.rstrip('/')}{came[0]}" if came else ""

        yield address, waiting


# --- keeping it ------------------------------------------------------------------------------------------------------


def sealed(token: str, draft: Draft) -> str:
    """The token's content as it is kept; a key is made where the installation has none yet. Raises Failure."""
    import base64

    from config.sealed import KEY_FILE, Unopened, find_key, new_key, seal

    made = draft.files.get(KEY_FILE)
    try:
        key = base64.urlsafe_b64decode(made) if made else find_key(draft.folder, os.environ)
    except Unopened:
        raise Failure(f"« {KEY_FILE} » (ou la variable ATTITRE_KEY) n'est pas une clé d'attitre.") from None
    if key is None:
        draft.files[KEY_FILE] = new_key()
        key = base64.urlsafe_b64decode(draft.files[KEY_FILE])
    return seal(token, key)


def renew(client_file: Path, folder: Path, *, browser: bool, endpoint: str) -> None:
    """`attitre init --google-consent`: the token beside the YAML, new or anew. Raises Failure."""
    target = _target(folder)
    draft = Draft(folder)
    token = obtain(client_file, browser=browser)
    draft.files[target] = sealed(token, draft)
    try:
        for name, content in draft.files.items():
            write_private(folder / name, content)
    except OSError as error:
        raise Failure(f"{error.filename} ne peut pas être écrit : {error.strerror}.") from error
    say(f"\nL'accord est donné et rangé, chiffré, dans {folder / target}.")
    _seen(token, endpoint)


def _target(folder: Path) -> str:
    """Which token is given anew; a first one where there is none."""
    from config.sealed import is_sealed

    stem, _, kind = TOKEN_FILE.rpartition(".")
    there = sorted(path.name for path in folder.glob(f"{stem}*.{kind}"))
    kept = [name for name in there if is_sealed((folder / name).read_text("utf-8", "replace"))]
    if len(kept) > 1:
        say("Quel accord donner de nouveau ?")
        return kept[ask.choice("Votre choix", kept) - 1]
    if TOKEN_FILE in there and not kept:
        raise Failure(f"{folder / TOKEN_FILE} existe déjà et n'est pas d'attitre : déplacez-le d'abord.")
    return kept[0] if kept else TOKEN_FILE


def _seen(token: str, endpoint: str) -> None:
    """Which calendars it opens: another account's consent shows at once."""
    from adapters.base import OutsideError
    from adapters.calendars.google.api import GoogleAccess
    from adapters.calendars.google.calendar_list import list_calendars

    try:
        listed = list_calendars(GoogleAccess(token, endpoint=endpoint))
    except OutsideError as error:
        say(f"Ses agendas n'ont pas pu être listés : {error}")
        return
    for one in listed:
        say(f"  {one.name} ({one.calendar_id}) – {one.rights}")
