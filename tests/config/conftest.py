"""A practice's YAML as a test writes it, and what `attitre check` says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from config import example_text
from config.load import Loaded, load_all

ENVIRON = {
    "DAV_PASSWORD": "s3cret-dav",
    "GOOGLE_CREDENTIALS": '{"type": "s3cret-google"}',
    "SMTP_PASSWORD": "s3cret-mail",
}

SMALL = """\
practice: {name: Les Lilas, address: 12 rue des Lilas 75020 Paris, phone: 01 43 00 00 00, email: a@lilas.example}
dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{kind: caldav, url: https://dav.example/martin/}]
    hours: {mon-fri: "08:30-12:30"}
motifs:
  - {label: Contrôle, minutes: 20}
messages:
  email: {url: "smtp://a@mail.example", sender: a@lilas.example}
  sms: {kind: http, url: http://127.0.0.1/sms, json: {to: "{to}", text: "{text}"}}
"""

Read = Callable[..., Loaded]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a YAML text (or bytes) as the file `attitre.yaml`."""

    def read_text(text: str | bytes, environ: Mapping[str, str] = ENVIRON) -> Loaded:
        file = tmp_path / "attitre.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_all([file], environ)[0]

    return read_text


@pytest.fixture
def said(read: Read, tmp_path: Path) -> Callable[..., list[str]]:
    """The lines that `attitre check` prints, without the folder."""

    def lines(text: str | bytes, environ: Mapping[str, str] = ENVIRON) -> list[str]:
        return [str(problem).removeprefix(f"{tmp_path}/attitre.yaml:") for problem in read(text, environ).problems]

    return lines


@pytest.fixture
def small() -> str:
    """A practice of twelve lines in which nothing is wrong."""
    return SMALL


@pytest.fixture
def full() -> str:
    """The shipped example."""
    return example_text()
