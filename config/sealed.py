"""Encrypted files beside the YAML, as `attitre init` writes them (AES-GCM), and their key.

The key is the variable `ATTITRE_KEY`, or the file `attitre.key` in the folder of the sealed file.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "ATTITRE_KEY"
KEY_FILE = "attitre.key"
_MARK = "attitre-sealed"
_BOUND = b"attitre sealed file 1"  # associated data: a ciphertext of another purpose or version does not open
_BYTES = 32  # AES-256


class Unopened(Exception):
    """A sealed file cannot be opened. The text says why and `hint` what to do, both in French."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.hint = hint


def is_sealed(text: str) -> bool:
    """Whether the text is the content of a sealed file."""
    return text.lstrip().startswith(f'{{"{_MARK}"')


def seal(text: str, key: bytes) -> str:
    """The content of a sealed file that contains the text. `key`: 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(12)  # AES-GCM takes 96 bits, and a nonce must never come twice under one key
    data = nonce + AESGCM(key).encrypt(nonce, text.encode(), _BOUND)
    return json.dumps({_MARK: 1, "data": base64.b64encode(data).decode()}) + "\n"


def opened(text: str, folder: Path, environ: Mapping[str, str]) -> str:
    """The text in a sealed file. `folder`: where the key file is looked for. Raises Unopened."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = find_key(folder, environ)
    if key is None:
        hint = f"Remettez « {KEY_FILE} » à côté de lui (ou la variable {VARIABLE}). {_AGAIN}"
        raise Unopened("est chiffré, et sa clé manque.", hint)
    try:
        data = base64.b64decode(json.loads(text)["data"])
        return AESGCM(key).decrypt(data[:12], data[12:], _BOUND).decode()
    except InvalidTag:
        raise Unopened("est chiffré avec une autre clé, ou abîmé.", f"Remettez la clé d'origine. {_AGAIN}") from None
    except (ValueError, KeyError, TypeError):
        raise Unopened("est abîmé.", _AGAIN) from None


def find_key(folder: Path, environ: Mapping[str, str]) -> bytes | None:
    """The installation's key, from the variable or else the file; None if there is neither. Raises Unopened for an
    invalid key."""
    given = environ.get(VARIABLE)
    if given is None:
        try:
            given = (folder / KEY_FILE).read_text("ascii", "replace")
        except OSError:
            return None
    try:
        key = base64.urlsafe_b64decode(given.strip().encode())
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise Unopened("est chiffré, et sa clé n'en est pas une.", f"Remettez la clé d'origine. {_AGAIN}")
    return key


def new_key() -> str:
    """A new random key, encoded as in the file or the variable."""
    return base64.urlsafe_b64encode(os.urandom(_BYTES)).decode()


_AGAIN = "Perdue ? Donnez l'autorisation de nouveau : attitre init --google-consent FICHIER."
