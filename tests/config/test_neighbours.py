"""Whether one practice may work is told from the files that have to do with it, however many others lie beside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config import neighbours
from config.load import files_of

HOME = "https://dav.example/{}/"


@pytest.fixture
def write(tmp_path: Path, small: str) -> Callable[[str, str], Path]:
    """A file with that key and calendar."""

    def written(key: str, url: str) -> Path:
        file = tmp_path / f"{key}.yaml"
        text = small.replace("practice: {", f"practice: {{key: {key}, ").replace("https://dav.example/martin/", url)
        assert url in text
        file.write_text(text)
        return file

    return written


def names(folder: Path, key: str) -> list[str]:
    """The files that are parsed for that practice."""
    return [file.stem for file in neighbours.neighbours(files_of([folder]), key, {})]


@pytest.mark.parametrize(
    "theirs",
    [
        "https://dav.example/salle-12/",
        "https://DAV.example/Salle-12",
        "https://dav.example:443/s%61lle-12/",
        "!env CALENDAR",
        '"https://dav.example/\\x73alle-12/"',
    ],
)
def test_a_file_that_may_claim_the_same_calendar_is_read_however_it_writes_that(
    tmp_path: Path, write: Callable[[str, str], Path], theirs: str
) -> None:
    write("lilas", HOME.format("salle-12"))
    write("roses", HOME.format("cabinet-4"))
    write("tilleul", theirs)
    assert names(tmp_path, "lilas") == ["lilas", "tilleul"]


def test_whoever_keeps_a_rival_from_working_is_read_too(
    tmp_path: Path, write: Callable[[str, str], Path], small: str
) -> None:
    both = write("b", HOME.format("salle-12"))
    both.write_text(
        both.read_text().replace("calendars: [", f'calendars: [{{kind: caldav, url: "{HOME.format("salle-9")}"}}, ', 1)
    )
    write("a", HOME.format("salle-9"))
    write("c", HOME.format("salle-12"))
    write("d", HOME.format("salle-1"))
    assert names(tmp_path, "c") == ["a", "b", "c"]


def test_a_key_that_no_file_has_has_no_neighbours(tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    write("lilas", HOME.format("salle-12"))
    assert names(tmp_path, "roses") == []
    assert names(tmp_path, "cabinet") == [], "a word of the file, and no key"
