"""Encrypted files beside the YAML: `!file` reads them as if they were open, and says what to do where it cannot."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from config.load import load_all
from config.sealed import KEY_FILE, VARIABLE, is_sealed, new_key, opened, seal
from tests.config.conftest import SMALL

TOKEN = json.dumps({"type": "authorized_user", "refresh_token": "1//s3cret", "client_id": "a", "client_secret": "b"})
GOOGLE = SMALL.replace(
    "{kind: caldav, url: https://dav.example/martin/}",
    "{kind: google, calendar_id: martin@lilas.example, credentials: !file google-token.json}",
)


def raw(key: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(key)


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., list[str]]:
    """What `attitre check` says of a practice whose token is sealed with `key`."""

    def lines(key: str, environ: Mapping[str, str]) -> list[str]:
        (tmp_path / "google-token.json").write_text(seal(TOKEN, raw(key)))
        (tmp_path / "attitre.yaml").write_text(GOOGLE)
        (loaded,) = load_all([tmp_path / "attitre.yaml"], environ)
        if loaded.settings:
            (calendar,) = loaded.settings.dentists["martin"].calendars
            assert calendar.credentials.get_secret_value() == TOKEN
        return [str(problem) for problem in loaded.problems]

    return lines


def test_the_key_beside_the_file_opens_it(told: Callable[..., list[str]], tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / KEY_FILE).write_text(key + "\n")
    assert told(key, {}) == []


def test_the_variable_opens_it_and_counts_more_than_the_file(told: Callable[..., list[str]], tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / KEY_FILE).write_text(new_key())
    assert told(key, {VARIABLE: key}) == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "« google-token.json » est chiffré, et sa clé manque."),
        ({VARIABLE: new_key()}, "« google-token.json » est chiffré avec une autre clé, ou abîmé."),
        ({VARIABLE: "abc"}, "« google-token.json » est chiffré, et sa clé n'en est pas une."),
    ],
)
def test_what_stays_closed_says_what_to_do(
    told: Callable[..., list[str]], environ: Mapping[str, str], words: str
) -> None:
    (line,) = told(new_key(), environ)
    assert words in line
    assert "attitre init --google-consent" in line
    assert "s3cret" not in line


def test_nothing_of_the_content_shows_and_a_changed_file_stays_closed(tmp_path: Path) -> None:
    key = new_key()
    sealed = seal(TOKEN, raw(key))
    assert is_sealed(sealed)
    assert not is_sealed(TOKEN)
    assert "refresh" not in sealed
    assert seal(TOKEN, raw(key)) != sealed
    assert opened(sealed, tmp_path, {VARIABLE: key}) == TOKEN
